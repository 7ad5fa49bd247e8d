"""Enrolments and cohorts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Centre, Person
from ..courses.models import Course
from ..kernel.clock import now
from ..kernel.db import Base


class Cohort(Base):
    """A group that a teacher of a centre takes through one course."""

    __tablename__ = "lms_cohort"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    centre_id: Mapped[int] = mapped_column(ForeignKey("lms_centre.id"), index=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("lms_course.id"), index=True)
    teacher_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )
    title: Mapped[str] = mapped_column(String(120))
    created: Mapped[datetime] = mapped_column(default=now)

    centre: Mapped[Centre] = relationship()
    course: Mapped[Course] = relationship()
    teacher: Mapped[Person | None] = relationship()


class Enrolment(Base):
    """A person in a course. ``registration`` is the xAPI registration; it stays over retakes and editions."""

    __tablename__ = "lms_enrolment"
    __table_args__ = (
        # one open enrolment per person and course; two taps on "Start" make one
        Index(
            "uq_lms_enrolment_open", "person_id", "course_id", unique=True,
            sqlite_where=text("closed IS NULL"), postgresql_where=text("closed IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    registration: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("lms_person.id", ondelete="CASCADE"), index=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("lms_course.id"), index=True)
    cohort_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_cohort.id", ondelete="SET NULL"), index=True
    )
    edition: Mapped[int]
    language: Mapped[str] = mapped_column(String(20))
    started: Mapped[datetime] = mapped_column(default=now)
    closed: Mapped[datetime | None]
    #: Where she was last: a unit id.
    last_unit: Mapped[str | None] = mapped_column(String(40))

    person: Mapped[Person] = relationship()
    course: Mapped[Course] = relationship()
    cohort: Mapped[Cohort | None] = relationship()

    @property
    def centre_id(self) -> int | None:
        """The centre whose learner this is: that of the group, else the person's."""
        return self.person.centre_id if self.cohort is None else self.cohort.centre_id
