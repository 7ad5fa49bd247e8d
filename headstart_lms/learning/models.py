"""What learners say of a course."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Centre
from ..courses.models import Course
from ..kernel.clock import now
from ..kernel.db import Base

#: What is wrong: the language, the answer that counts as right, the sound or picture, something else.
ReportKind = Literal["language", "answer", "media", "other"]
REPORT_KINDS: tuple[ReportKind, ...] = get_args(ReportKind)
#: What became of it: nobody looked yet, it was mended, it is right as it stands.
ReportState = Literal["open", "changed", "right"]
REPORT_STATES: tuple[ReportState, ...] = get_args(ReportState)


class Report(Base):
    """One "something is wrong here": a place of a course in one version. The authors never learn from whom."""

    __tablename__ = "lms_report"
    __table_args__ = (Index("ix_lms_report_queue", "course_id", "centre_id", "state"),)

    #: Made by the form, so that two taps are one report.
    id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("lms_course.id"))
    #: The learner's centre, whose authors read it.
    centre_id: Mapped[int] = mapped_column(ForeignKey("lms_centre.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )
    #: "" for a question of a test.
    unit_id: Mapped[str] = mapped_column(String(40))
    #: The id of a block or an item.
    part_id: Mapped[str] = mapped_column(String(40))
    edition: Mapped[int]
    correction: Mapped[int]
    #: The language the page was read in.
    language: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(10))
    #: Her own words, for at most TEXT_KEPT (learning.reports).
    text: Mapped[str | None] = mapped_column(String(500))
    created: Mapped[datetime] = mapped_column(default=now, index=True)
    state: Mapped[str] = mapped_column(String(10), default="open")
    #: What the authors answer.
    note: Mapped[str] = mapped_column(String(500), default="")
    settled: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )
    #: When she said that she has read the answer.
    read: Mapped[datetime | None]

    course: Mapped[Course] = relationship()
    centre: Mapped[Centre] = relationship()

    @property
    def version(self) -> str:
        return f"{self.edition}.{self.correction}"
