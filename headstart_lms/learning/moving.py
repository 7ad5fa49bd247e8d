"""Moving from one edition of a course to a newer one: an act of its own, in which evidence follows equal ids."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..assessments.models import Sitting
from ..certificates.models import Award
from ..cohorts.models import Enrolment
from ..courses.library import digest_of
from ..courses.models import Course
from ..kernel.clock import now
from ..kernel.errors import Conflict
from ..kernel.i18n import _
from ..progress import services as progress
from ..progress.rules import Standing
from .services import House, complete_award


@dataclass(frozen=True)
class Move:
    """What moving an enrolment means: where the learner stands before and after."""

    registration: UUID
    edition: int
    to: int
    before: Standing
    after: Standing


def newest_edition(session: Session, house: House, course: Course) -> int:
    """Return the edition that new learners get."""
    return house.library.source(session, course.current_digest).edition


def preview(session: Session, house: House, enrolment: Enrolment, to: int) -> Move:
    """Return what moving to an edition would mean; changes nothing. Raises NotFound when it is not published."""
    done = progress.get_progress(session, enrolment.id)
    digest = digest_of(session, enrolment.course_id, to)
    return Move(
        enrolment.registration, enrolment.edition, to,
        progress.standing(house.book_of(session, enrolment).course, done),
        progress.standing(house.library.book(session, digest, enrolment.language).course, done),
    )  # fmt: skip


def move(session: Session, house: House, enrolment: Enrolment, to: int, *, dry_run: bool = False) -> Move:
    """Put a locked enrolment on another edition; what was done stays where the ids are the same.

    Raises NotFound (no such edition), Conflict (an older one, a test is open, the award is written already: it
    names the edition it was earned in).
    """
    if to == enrolment.edition:
        return preview(session, house, enrolment, to)
    if to < enrolment.edition:
        raise Conflict(_("You have a newer edition of this course already."))
    if is_awarded(session, enrolment):
        raise Conflict(_("You have finished this course. It stays as it was."))
    if session.scalar(
        select(Sitting.id).where(Sitting.enrolment_id == enrolment.id, Sitting.finished.is_(None)).limit(1)
    ):
        raise Conflict(_("A test is open. Finish it first."))
    planned = preview(session, house, enrolment, to)
    if dry_run:
        return planned
    enrolment.edition = to
    if enrolment.last_unit not in planned.after.units:
        enrolment.last_unit = None
    session.flush()
    complete_award(session, house, enrolment, at=now())
    return planned


def is_awarded(session: Session, enrolment: Enrolment) -> bool:
    found = session.scalar(select(Award.id).where(Award.registration == enrolment.registration))
    return found is not None


def open_enrolments(session: Session, course: Course, below: int) -> list[int]:
    """Return the row ids of the open enrolments of a course on an older edition."""
    return list(
        session.scalars(
            select(Enrolment.id)
            .where(Enrolment.course_id == course.id, Enrolment.closed.is_(None), Enrolment.edition < below)
            .order_by(Enrolment.id)
        )
    )
