"""The bank of a course: its items by file, how often each was drawn. No Flask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..assessments.models import Sitting
from ..cohorts.models import Enrolment
from ..courses.models import Course
from .content import Content
from .forms import title_of
from .forms.context import ids_in, plain, rows_of, text_at

#: So many of the newest sittings are counted.
MOST = 5000


@dataclass(frozen=True)
class Exposure:
    """In how many of the last sittings at a centre each item was drawn."""

    sittings: int
    drawn: Mapping[str, int]


def exposure(session: Session, course_uuid: UUID, centre_id: int) -> Exposure:
    """Count over the newest sittings of a centre's learners, on every edition: an id keeps its meaning.

    What is drawn at other centres is theirs to see.
    """
    query = (
        select(Sitting.drawn)
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .join(Course, Course.id == Enrolment.course_id)
        .join(Person, Person.id == Enrolment.person_id)
        .where(Course.uuid == course_uuid, Person.centre_id == centre_id)
        .order_by(Sitting.started.desc())
        .limit(MOST)
    )
    drawn: Counter[str] = Counter()
    count = 0
    for sections in session.scalars(query):
        count += 1
        drawn.update({item for items in sections.values() for item in items})
    return Exposure(count, drawn)


@dataclass(frozen=True)
class BankRow:
    id: str
    path: str
    kind: str
    title: str
    tags: tuple[str, ...]
    topic: str
    difficulty: str
    #: The tests that can draw it: (blueprint, section) titles.
    draws: tuple[str, ...]


def bank_rows(found: Content) -> list[BankRow]:
    """Return the items of the bank with the tests that can draw each."""
    sections = [
        (f"{plain(blueprint.get('title'))}: {plain(section.get('title'))}", frozenset(ids_in(draw, "tags")))
        for blueprint in rows_of(found.data, "blueprints")
        for section in rows_of(blueprint, "sections")
        for draw in _draws(section)
    ]
    rows = []
    for path, item in zip(found.homes.get("bank", ()), found.data.get("bank", ()), strict=True):
        if not isinstance(item, dict) or not isinstance(item.get("id"), str):
            continue
        tags = tuple(ids_in(item, "tags"))
        draws = tuple(dict.fromkeys(name for name, wanted in sections if wanted and wanted <= set(tags)))
        rows.append(
            BankRow(
                item["id"], path, text_at(item, "type"), title_of(item), tags, text_at(item, "topic"),
                str(item.get("difficulty", 1)), draws,
            )
        )  # fmt: skip
    return rows


def _draws(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    draws = section.get("draw")
    return [draw for draw in draws if isinstance(draw, dict)] if isinstance(draws, list) else []
