"""Courses and their published editions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from ..kernel.clock import now
from ..kernel.db import Base


class Course(Base):
    __tablename__ = "lms_course"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(unique=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    destination: Mapped[str] = mapped_column(String(2), index=True)
    created: Mapped[datetime] = mapped_column(default=now)
    #: The digest of what new enrolments get and the catalogue shows.
    current_digest: Mapped[str] = mapped_column(String(64))

    editions: Mapped[list[Edition]] = relationship(back_populates="course", order_by="Edition.id")


class Edition(Base):
    """One published state of a course: edition.correction, and the document under its SHA-256 (hex)."""

    __tablename__ = "lms_edition"
    __table_args__ = (UniqueConstraint("course_id", "edition", "correction"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("lms_course.id"), index=True)
    edition: Mapped[int]
    correction: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    published: Mapped[datetime] = mapped_column(default=now)
    #: Canonical JSON (RFC 8785), deflated: {"course": ..., "translations": {lang: {msgctxt: text}}}.
    document: Mapped[bytes] = deferred(mapped_column(LargeBinary))

    course: Mapped[Course] = relationship(back_populates="editions")

    @property
    def version(self) -> str:
        return f"{self.edition}.{self.correction}"
