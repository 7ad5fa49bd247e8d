"""Where a learner is in a course, read in one query: the lesson page is the hottest of all."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from ..cohorts.models import Enrolment
from ..courses.models import Course, Edition
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from ..progress.models import ProgressRow
from ..progress.rules import NOTHING, Progress


@dataclass(frozen=True, slots=True)
class Place:
    """An open enrolment: its course in the newest correction of its edition, and its progress."""

    enrolment_id: int
    registration: UUID
    language: str
    digest: str
    progress: Progress


_course, _enrolment = Course.__table__.c, Enrolment.__table__.c
_edition, _progress = Edition.__table__.c, ProgressRow.__table__.c
_newest = (
    select(_edition.digest)
    .where(_edition.course_id == _enrolment.course_id, _edition.edition == _enrolment.edition)
    .order_by(_edition.correction.desc())
    .limit(1)
    .correlate(Enrolment.__table__)
    .scalar_subquery()
)
_PLACE = (
    select(
        _enrolment.id, _enrolment.registration, _enrolment.language, _newest.label("digest"), _progress.state
    )
    .join_from(Enrolment.__table__, Course.__table__, _course.id == _enrolment.course_id)
    .outerjoin(ProgressRow.__table__, _progress.enrolment_id == _enrolment.id)
    .where(
        _enrolment.person_id == bindparam("person"),
        _course.slug == bindparam("slug"),
        _enrolment.closed.is_(None),
    )
)


def find_place(session: Session, person_id: int, slug: str) -> Place | None:
    row = session.execute(_PLACE, {"person": person_id, "slug": slug}).first()
    if row is None:
        return None
    progress = NOTHING if row.state is None else Progress.load(row.state)
    return Place(row.id, row.registration, row.language, row.digest, progress)


def get_place(session: Session, person_id: int, slug: str) -> Place:
    place = find_place(session, person_id, slug)
    if place is None:
        raise NotFound(_("You have not started this course yet. Open the course and choose Start."))
    return place
