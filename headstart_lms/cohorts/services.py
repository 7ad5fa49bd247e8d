"""Enrol people, form groups."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..accounts.models import Centre, Person
from ..courses.models import Course, Edition
from ..kernel.errors import Invalid, NotFound
from ..kernel.i18n import _
from .models import Cohort, Enrolment


def find_enrolment(
    session: Session, person: Person, course: Course, *, lock: bool = False
) -> Enrolment | None:
    """Return the open enrolment of a person in a course; ``lock``: as in get_enrolment_for."""
    query = select(Enrolment).where(
        Enrolment.person_id == person.id, Enrolment.course_id == course.id, Enrolment.closed.is_(None)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def get_enrolment_for(session: Session, person: Person, course: Course, *, lock: bool = False) -> Enrolment:
    """Return the open enrolment; ``lock`` holds back everything else of this learner until the commit.

    With it, two answers sent at once are served one after the other on PostgreSQL as on SQLite. It is the first
    row lock a transaction takes, so that no two wait for each other.
    """
    enrolment = find_enrolment(session, person, course, lock=lock)
    if enrolment is None:
        raise NotFound(_("You have not started this course yet. Open the course and choose Start."))
    return enrolment


def enrol(
    session: Session, person: Person, course: Course, *, language: str, cohort: Cohort | None = None
) -> tuple[Enrolment, bool]:
    """Return the open enrolment, made when there is none; the flag tells whether it is new.

    A new one takes the newest edition. Two taps at once make one: the unique index decides.
    """
    found = find_enrolment(session, person, course)
    if found is not None:
        if cohort is not None and found.cohort_id is None:
            found.cohort_id = cohort.id
        return found, False
    edition = session.scalar(select(Edition.edition).where(Edition.digest == course.current_digest))
    if edition is None:
        raise NotFound(_("There is no such course."))
    made = Enrolment(
        person_id=person.id, course_id=course.id, edition=edition, language=language,
        cohort_id=None if cohort is None else cohort.id,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        found = find_enrolment(session, person, course)
        if found is None:
            raise
        return found, False
    return made, True


def make_cohort(
    session: Session, *, centre: Centre, course: Course, title: str, teacher: Person | None = None
) -> Cohort:
    title = " ".join(title.split())
    if not 2 <= len(title) <= 120:
        raise Invalid(_("Give the group a name of 2 to 120 characters."))
    cohort = Cohort(
        centre_id=centre.id, course_id=course.id, title=title, teacher_id=teacher.id if teacher else None
    )
    session.add(cohort)
    session.flush()
    return cohort


def list_cohorts_for(session: Session, person: Person) -> Sequence[Cohort]:
    """Return the groups a member of staff may see: a teacher her own, a manager those of the centre, an admin all."""
    own = [g.centre_id for g in person.grants if g.role == "manager"]
    admin = [g.centre_id for g in person.grants if g.role == "admin"]
    query = select(Cohort).order_by(Cohort.created.desc())
    if None not in admin:
        query = query.where(Cohort.centre_id.in_([*own, *admin]) | _taught_by(person))
    return session.scalars(query).all()


def _taught_by(person: Person) -> ColumnElement[bool]:
    centres = [g.centre_id for g in person.grants if g.role == "teacher"]
    return (Cohort.teacher_id == person.id) & Cohort.centre_id.in_(centres)


def get_cohort_for(session: Session, person: Person, uuid: UUID) -> Cohort:
    """Return a group she may see; everybody else gets the answer of a group that does not exist."""
    cohort = session.scalar(select(Cohort).where(Cohort.uuid == uuid))
    if cohort is not None:
        roles = person.roles_at(cohort.centre_id)
        if roles & {"manager", "admin"} or ("teacher" in roles and cohort.teacher_id == person.id):
            return cohort
    raise NotFound(_("There is no such group."))


def count_enrolments(session: Session) -> dict[int, int]:
    """Return how many learners each group has, by the group's row id; groups without any are not in it."""
    query = select(Enrolment.cohort_id, func.count()).where(Enrolment.cohort_id.is_not(None))
    rows = session.execute(query.group_by(Enrolment.cohort_id))
    return {cohort_id: count for cohort_id, count in rows if cohort_id is not None}


def list_enrolments_of(session: Session, person: Person) -> Sequence[Enrolment]:
    return session.scalars(
        select(Enrolment).where(Enrolment.person_id == person.id).order_by(Enrolment.started.desc())
    ).all()
