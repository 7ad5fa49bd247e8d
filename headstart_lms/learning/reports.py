"""Learners say that something is wrong, and hear what became of it. No Flask."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..accounts.services import get_default_centre
from ..assessments import services as assessments
from ..assessments.models import Sitting
from ..cohorts.models import Enrolment
from ..courses.library import Book
from ..courses.models import Course
from ..courses.parts import Block, ItemBase
from ..courses.words import Words
from ..kernel.clock import now
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from ..kernel.jobs import enqueue
from ..kernel.limits import hit
from . import pages
from .models import REPORT_KINDS, Report

#: Her own words are deleted after this long; that something was wrong stays.
TEXT_KEPT = timedelta(days=180)
FORGET = "learning.forget-report-texts"
MOST_A_DAY = 20
MOST_CHARACTERS = 500
#: An answer of the authors is shown so long, or until she has read it.
NEWS_KEPT = timedelta(days=30)

#: What looks like an address or a number to reach somebody at.
_CONTACTS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,200}\.[\w-]{1,60}|\+?\d(?:[\s().\-/]{0,2}\d){6,}")


@dataclass(frozen=True)
class Place:
    """What a report is about, as the learner saw it."""

    unit_id: str
    part: Block | ItemBase
    title: Words
    step: int = 1
    sitting: Sitting | None = None


def place_in_unit(book: Book, part_id: str) -> Place:
    """Return a block or an item of a unit. Raises NotFound."""
    for name in book.unit_order:
        unit = book.units[name]
        for number, screen in enumerate(pages.screens(unit), 1):
            for block in screen.blocks:
                if block.id == part_id:
                    return Place(name, block, unit.title, number)
            for item in screen.items:
                if item.id == part_id:
                    return Place(name, item, unit.title, number)
    raise NotFound(_("This is not in the course any more."))


def place_in_test(book: Book, sitting: Sitting, item_id: str) -> Place:
    """Return a question of a sitting that is over. Raises NotFound: before the end nothing is told of a test."""
    item = book.bank.get(item_id)
    if sitting.finished is None or item is None or item_id not in assessments.drawn_items(sitting):
        raise NotFound(_("There is no such question."))
    return Place("", item, book.blueprints[sitting.blueprint_id].title, sitting=sitting)


def send(
    session: Session, person: Person, enrolment: Enrolment, book: Book, place: Place, *,
    report_id: UUID, kind: str, text: str,
) -> Report:  # fmt: skip
    """Keep what a learner says of a place; the same id again is the same report.

    Raises Invalid, Conflict for an id with other content, TooMany over MOST_A_DAY a day.
    """
    said = " ".join(text.split())
    if kind not in REPORT_KINDS:
        raise Invalid(_("Choose what is wrong."), "kind")
    if len(said) > MOST_CHARACTERS:
        raise Invalid(_("Write at most %(count)d characters.", count=MOST_CHARACTERS), "text")
    known = session.get(Report, report_id)
    if known is not None:
        if (known.person_id, known.part_id) != (person.id, place.part.id):
            raise Conflict(_("This form was sent already. Load the page again."))
        return known
    hit(session, f"report {person.id}", MOST_A_DAY, 24 * 3600)
    said = without_contacts(said)
    at = now()
    report = Report(
        id=report_id, course_id=enrolment.course_id, centre_id=_centre_of(session, person, enrolment),
        person_id=person.id, unit_id=place.unit_id, part_id=place.part.id, edition=book.course.edition,
        correction=book.course.correction, language=book.language, kind=kind, text=said or None, created=at,
    )  # fmt: skip
    session.add(report)
    session.flush()
    if said:
        due = at + TEXT_KEPT
        enqueue(session, FORGET, {}, not_before=due, key=f"{FORGET}:{due:%Y-%m-%d}")
    return report


def without_contacts(text: str) -> str:
    """Take out what reaches a person: addresses of e-mail and numbers as long as those of phones."""
    return _CONTACTS.sub("[…]", text)


def _centre_of(session: Session, person: Person, enrolment: Enrolment) -> int:
    if enrolment.cohort is not None:
        return enrolment.cohort.centre_id
    return person.centre_id if person.centre_id is not None else get_default_centre(session).id


def news_for(session: Session, person_id: int, course_id: int) -> list[Report]:
    """Return what became of her reports on a course, as long as she has not read it."""
    query = (
        select(Report)
        .where(
            Report.person_id == person_id, Report.course_id == course_id, Report.state != "open",
            Report.read.is_(None), Report.settled > now() - NEWS_KEPT,
        )
        .order_by(Report.settled)
    )  # fmt: skip
    return list(session.scalars(query))


def mark_read(session: Session, person: Person, slug: str, shown: datetime) -> None:
    """Say that she has read the answers that were given until a moment: those the page showed."""
    course = select(Course.id).where(Course.slug == slug).scalar_subquery()
    session.execute(
        update(Report)
        .where(
            Report.person_id == person.id, Report.course_id == course, Report.state != "open",
            Report.read.is_(None), Report.settled <= shown,
        )
        .values(read=now())
    )  # fmt: skip


def forget_texts(session: Session) -> None:
    """Delete the words of reports that are older than TEXT_KEPT."""
    session.execute(
        update(Report).where(Report.created <= now() - TEXT_KEPT, Report.text.is_not(None)).values(text=None)
    )


# --- privacy -------------------------------------------------------------------------------------------


def export(session: Session, person: Person) -> list[dict[str, Any]]:
    """Return what a person reported, and what she was answered."""
    query = (
        select(Report, Course.slug)
        .join(Course, Course.id == Report.course_id)
        .where(Report.person_id == person.id)
        .order_by(Report.created)
    )
    return [
        {
            "id": str(report.id), "course": slug, "version": report.version, "unit": report.unit_id or None,
            "part": report.part_id, "kind": report.kind, "text": report.text, "at": report.created.isoformat(),
            "state": report.state, "answer": report.note or None,
        }
        for report, slug in session.execute(query)
    ]  # fmt: skip


def erase(session: Session, person: Person) -> None:
    """Delete a person's words and name from her reports; that something was wrong stays."""
    session.execute(update(Report).where(Report.person_id == person.id).values(person_id=None, text=None))
    session.execute(update(Report).where(Report.settled_by == person.id).values(settled_by=None))
