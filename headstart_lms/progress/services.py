"""Keep the cached progress of an enrolment in step with its statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..cohorts.models import Enrolment
from ..courses.document import Course
from ..courses.library import Library, digest_of
from ..kernel.clock import now, today
from ..lrs.launches import launched_statements_of
from ..lrs.services import statements_of
from ..xapi import read
from . import rules
from .models import ProgressRow
from .rules import NOTHING, Progress, Standing, fold

__all__ = ["ProgressRow", "get_progress", "get_standing", "rebuild", "refresh", "standing"]

Statement = Mapping[str, Any]


def get_progress(session: Session, enrolment_id: int) -> Progress:
    state = session.scalar(select(ProgressRow.state).where(ProgressRow.enrolment_id == enrolment_id))
    return NOTHING if state is None else Progress.load(state)


def standing(course: Course, progress: Progress) -> Standing:
    """Say what progress means for a course today: items about facts that are over are not asked for."""
    return rules.standing(course, progress, course.paused(today()))


def get_standing(session: Session, enrolment_id: int, course: Course) -> Standing:
    return standing(course, get_progress(session, enrolment_id))


def refresh(
    session: Session, enrolment: Enrolment, course: Course, statements: Iterable[Statement], iri_base: str
) -> Standing:
    """Merge new statements of ours into the cache; return where the learner stands now.

    Merging only the new ones gives what folding all of them would: the fold is a union of maxima.
    """
    row = session.get(ProgressRow, enrolment.id)
    before = NOTHING if row is None else Progress.load(row.state)
    progress = fold(_acts(statements, iri_base, course.uuid), before)
    return _write(session, enrolment.id, row, progress, course)


def _acts(statements: Iterable[Statement], iri_base: str, course_uuid: UUID) -> Iterable[read.Act]:
    for statement in statements:
        act = read.act(statement, iri_base)
        if act is not None and act.course_uuid == course_uuid:
            yield act


def _launched_acts(
    session: Session, enrolment: Enrolment, iri_base: str, course_uuid: UUID
) -> Iterable[read.Act]:
    """Yield what content told that was opened for this registration and activity (DESIGN 3.3)."""
    for statement in launched_statements_of(session, registration=enrolment.registration):
        act = read.launched_act(statement, iri_base, enrolment.person.actor)
        if act is not None and act.course_uuid == course_uuid:
            yield act


def _write(
    session: Session, enrolment_id: int, row: ProgressRow | None, progress: Progress, course: Course
) -> Standing:
    where = standing(course, progress)
    if row is None:
        row = ProgressRow(enrolment_id=enrolment_id, state={})
        session.add(row)
    row.state = progress.dump()
    row.units_done, row.units_total, row.is_complete = where.units_done, len(where.order), where.is_complete
    row.updated = now()
    session.flush()
    return where


@dataclass(frozen=True)
class Difference:
    """An enrolment whose cached progress is not what its statements say."""

    registration: UUID
    cached: dict[str, Any]
    folded: dict[str, Any]


def open_registrations(session: Session) -> Sequence[UUID]:
    return session.scalars(
        select(Enrolment.registration).where(Enrolment.closed.is_(None)).order_by(Enrolment.id)
    ).all()


def rebuild(
    session: Session, library: Library, iri_base: str, *, write: bool, registration: UUID | None = None
) -> tuple[int, list[Difference]]:
    """Fold the statements of every open enrolment anew; return how many were looked at and what differs.

    Closed enrolments keep their result: their statements may be purged (DESIGN 3.3). To write, call it with one
    ``registration`` in each transaction: it holds back the answers of every enrolment that it looks at.
    """
    query = select(Enrolment).where(Enrolment.closed.is_(None))
    if write:
        query = query.with_for_update()
    if registration is not None:
        query = query.where(Enrolment.registration == registration)
    differences: list[Difference] = []
    count = 0
    for enrolment in session.scalars(query):
        count += 1
        digest = digest_of(session, enrolment.course_id, enrolment.edition)
        course = library.book(session, digest, enrolment.language).course
        acts = _acts(statements_of(session, registration=enrolment.registration), iri_base, course.uuid)
        progress = fold(_launched_acts(session, enrolment, iri_base, course.uuid), fold(acts))
        row = session.get(ProgressRow, enrolment.id)
        cached = NOTHING.dump() if row is None else row.state
        if cached != progress.dump():
            differences.append(Difference(enrolment.registration, cached, progress.dump()))
        if write:
            _write(session, enrolment.id, row, progress, course)
    return count, differences
