"""What learners reported, as a queue for those who can mend it; never who reported it. No Flask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses.models import Course
from ..kernel.clock import now
from ..kernel.errors import Invalid, NotFound
from ..kernel.i18n import _
from ..learning.models import REPORT_STATES, Report
from ..learning.reports import MOST_CHARACTERS, TEXT_KEPT
from .drafts import LEADERS
from .models import Draft

#: Rows of one page.
SIZE = 50


@dataclass(frozen=True)
class Row:
    """One report as authors see it: a place, what is wrong, the day."""

    id: UUID
    course: str
    unit_id: str
    part_id: str
    version: str
    language: str
    kind: str
    text: str | None
    day: date
    state: str
    note: str
    settled: date | None
    #: How many open reports there are about the same place.
    same: int = 1


def _of_draft(draft: Draft) -> ColumnElement[bool]:
    return (Course.uuid == draft.course_uuid) & (Report.centre_id == draft.centre_id)


def _of_leader(person: Person) -> ColumnElement[bool]:
    """Say which reports a person leads: of her centres, on courses that nobody writes there."""
    written = (
        select(Draft.id)
        .where(Draft.course_uuid == Course.uuid, Draft.centre_id == Report.centre_id, Draft.removed.is_(None))
        .exists()
    )
    centres = [grant.centre_id for grant in person.grants if grant.role in LEADERS]
    return ~written if None in centres else ~written & Report.centre_id.in_(centres)


def count_of_draft(session: Session, draft: Draft) -> tuple[int, int]:
    """Return how many reports are (open, settled)."""
    return _count(session, _of_draft(draft))


def count_of_leader(session: Session, person: Person) -> tuple[int, int]:
    return _count(session, _of_leader(person))


def _count(session: Session, where: ColumnElement[bool]) -> tuple[int, int]:
    query = (
        select(Report.state, func.count())
        .join(Course, Course.id == Report.course_id)
        .where(where)
        .group_by(Report.state)
    )
    found: Counter[str] = Counter()
    for state, count in session.execute(query):
        found[state] = count
    return found["open"], found.total() - found["open"]


def list_of_draft(session: Session, draft: Draft, *, is_open: bool, page: int = 1) -> list[Row]:
    """Return the reports on the course of a draft by learners of its centre."""
    return _list(session, _of_draft(draft), is_open, page)


def list_of_leader(session: Session, person: Person, *, is_open: bool, page: int = 1) -> list[Row]:
    """Return the reports at a person's centres on courses that have no draft there."""
    return _list(session, _of_leader(person), is_open, page)


def _list(session: Session, where: ColumnElement[bool], is_open: bool, page: int) -> list[Row]:
    query = (
        select(Report, Course.slug)
        .join(Course, Course.id == Report.course_id)
        .where(where, (Report.state == "open") if is_open else (Report.state != "open"))
    )
    # the oldest that waits first; of those that are settled the newest
    query = query.order_by(*((Report.created, Report.id) if is_open else (Report.settled.desc(), Report.id)))
    rows = session.execute(query.offset((page - 1) * SIZE).limit(SIZE)).all()
    same = _open_by_place(session, where) if is_open else Counter[tuple[str, str]]()
    return [_row(report, slug, same[slug, report.part_id]) for report, slug in rows]


def _open_by_place(session: Session, where: ColumnElement[bool]) -> Counter[tuple[str, str]]:
    query = (
        select(Course.slug, Report.part_id, func.count())
        .join(Course, Course.id == Report.course_id)
        .where(where, Report.state == "open")
        .group_by(Course.slug, Report.part_id)
    )
    return Counter({(slug, part): count for slug, part, count in session.execute(query)})


def _row(report: Report, slug: str, same: int) -> Row:
    is_kept = report.created > now() - TEXT_KEPT  # also when the job that deletes it is late
    return Row(
        report.id, slug, report.unit_id, report.part_id, report.version, report.language, report.kind,
        report.text if is_kept else None, report.created.date(), report.state, report.note,
        report.settled.date() if report.settled else None, same,
    )  # fmt: skip


def settle_of_draft(
    session: Session, draft: Draft, person: Person, report_id: UUID, state: str, note: str, *, all_same: bool
) -> int:
    """Say what became of a report on a draft's course; return how many were settled. Raises NotFound, Invalid."""
    _check(state, note)
    return _settle(session, _of_draft(draft), person, report_id, state, note, all_same)


def settle_of_leader(
    session: Session, person: Person, report_id: UUID, state: str, note: str, *, all_same: bool
) -> int:
    return _settle(session, _of_leader(person), person, report_id, state, note, all_same)


def _check(state: str, note: str) -> str:
    """Return the note as it is kept. Raises Invalid."""
    said = " ".join(note.split())
    if state not in REPORT_STATES:
        raise Invalid(_("Choose what became of it."))
    if len(said) > MOST_CHARACTERS:
        raise Invalid(_("Write at most %(count)d characters.", count=MOST_CHARACTERS))
    return said


def _settle(
    session: Session, where: ColumnElement[bool], person: Person, report_id: UUID, state: str, note: str,
    all_same: bool,
) -> int:  # fmt: skip
    query = select(Report).join(Course, Course.id == Report.course_id).where(where)
    report = session.scalar(query.where(Report.id == report_id))
    if report is None:
        raise NotFound(_("There is no such report."))
    said = _check(state, note)
    found: Sequence[Report] = [report]
    if all_same and report.state == "open" and state != "open":
        same = query.where(
            Report.course_id == report.course_id, Report.part_id == report.part_id, Report.state == "open"
        )
        found = session.scalars(same).all()
    for one in found:
        one.state, one.note = state, said
        one.settled = None if state == "open" else now()
        one.settled_by = None if state == "open" else person.id
        one.read = None
    session.flush()
    return len(found)
