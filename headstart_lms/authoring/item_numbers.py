"""How the questions of a published course were answered by the learners of a draft's centre. No Flask."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..assessments.statistics import FirstTries, first_tries_in_tests, first_tries_in_units
from ..cohorts.models import Cohort, Enrolment
from ..courses.models import Course
from .models import Draft


def is_published(session: Session, draft: Draft) -> bool:
    return session.scalar(select(Course.id).where(Course.uuid == draft.course_uuid)) is not None


def numbers_in_tests(session: Session, draft: Draft) -> Mapping[str, FirstTries]:
    """Return {bank item: first tries}, on every edition: an id keeps its meaning and its key."""
    return first_tries_in_tests(session, of_centre(draft.course_uuid, draft.centre_id))


def numbers_in_units(session: Session, draft: Draft) -> Mapping[str, FirstTries]:
    return first_tries_in_units(session, of_centre(draft.course_uuid, draft.centre_id))


def of_centre(course_uuid: UUID, centre_id: int) -> ColumnElement[bool]:
    """Choose the enrolments of a centre's own learners in a course: in its groups, or who came to it alone."""
    people = select(Person.id).where(Person.centre_id == centre_id)
    groups = select(Cohort.id).where(Cohort.centre_id == centre_id)
    return (
        Enrolment.course_id == select(Course.id).where(Course.uuid == course_uuid).scalar_subquery()
    ) & or_(Enrolment.cohort_id.in_(groups), Enrolment.cohort_id.is_(None) & Enrolment.person_id.in_(people))
