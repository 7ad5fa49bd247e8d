"""The bank of a course: its items by file, how often each was drawn. No Flask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..assessments.models import Sitting
from ..cohorts.models import Enrolment
from .content import Content
from .forms import title_of
from .forms.context import ids_in, plain, rows_of, text_at
from .item_numbers import of_centre
from .models import Draft

#: So many of the newest sittings are counted.
MOST = 5000
#: Fewer sittings say nothing about how often a question is drawn.
ENOUGH_SITTINGS = 30


@dataclass(frozen=True)
class Exposure:
    """In how many of the last sittings each item was drawn."""

    sittings: int
    drawn: Mapping[str, int]

    @property
    def is_enough(self) -> bool:
        return self.sittings >= ENOUGH_SITTINGS


def exposure(session: Session, draft: Draft, blueprint_id: str | None = None) -> Exposure:
    """Count over the newest sittings of the centre's own learners, of one test or of all, on every edition."""
    query = (
        select(Sitting.drawn)
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .where(of_centre(draft.course_uuid, draft.centre_id))
        .where(*((Sitting.blueprint_id == blueprint_id,) if blueprint_id else ()))
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
