"""Attempts at units, sittings of tests, answers, reviews of words. Answers and reviews are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..cohorts.models import Enrolment
from ..kernel.clock import now
from ..kernel.db import Base


class Attempt(Base):
    """One pass through the items of a unit; pins the version it is answered on."""

    __tablename__ = "lms_attempt"

    id: Mapped[UUID] = mapped_column(default=uuid4, primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("lms_enrolment.id", ondelete="CASCADE"), index=True)
    unit_id: Mapped[str] = mapped_column(String(40))
    edition: Mapped[int]
    correction: Mapped[int]
    started: Mapped[datetime] = mapped_column(default=now)

    enrolment: Mapped[Enrolment] = relationship()


class Sitting(Base):
    """One sitting of a test: the items drawn for it, its clock, its result."""

    __tablename__ = "lms_sitting"
    __table_args__ = (
        # two sittings of one test cannot be open at once, however fast the taps are
        Index(
            "uq_lms_sitting_open", "enrolment_id", "blueprint_id", unique=True,
            sqlite_where=text("finished IS NULL"), postgresql_where=text("finished IS NULL"),
        ),
        Index("uq_lms_sitting_number", "enrolment_id", "blueprint_id", "number", unique=True),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(default=uuid4, primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("lms_enrolment.id", ondelete="CASCADE"), index=True)
    blueprint_id: Mapped[str] = mapped_column(String(40))
    edition: Mapped[int]
    correction: Mapped[int]
    #: 1 for the first sitting of this test in the enrolment.
    number: Mapped[int]
    seed: Mapped[str] = mapped_column(String(32))
    #: {section id: [item ids]} in the order shown.
    drawn: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    #: {item id: how often its sound was played}
    plays: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    started: Mapped[datetime] = mapped_column(default=now)
    deadline: Mapped[datetime]
    finished: Mapped[datetime | None]
    #: 0 to 1, set when finished.
    score: Mapped[float | None]
    passed: Mapped[bool | None]
    #: {section id: 0 to 1}, set when finished.
    sections: Mapped[dict[str, float] | None] = mapped_column(JSON)

    enrolment: Mapped[Enrolment] = relationship()


class Answer(Base):
    """One answer. ``id`` is made by the client: same id and same content again is the same answer (DESIGN 3.4)."""

    __tablename__ = "lms_answer"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("lms_attempt.id", ondelete="CASCADE"), index=True
    )
    sitting_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("lms_sitting.id", ondelete="CASCADE"), index=True
    )
    item_id: Mapped[str] = mapped_column(String(40))
    #: What the item type read from the form; authored ids, never tokens.
    response: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: 0 to 1; None for items that are not marked.
    score: Mapped[float | None]
    created: Mapped[datetime] = mapped_column(default=now)


class Regrade(Base):
    """A finished sitting that was marked again, because what counted as right in a question was wrong.

    The sitting has the new result; here stands what it was before.
    """

    __tablename__ = "lms_regrade"

    id: Mapped[int] = mapped_column(primary_key=True)
    sitting_id: Mapped[UUID] = mapped_column(ForeignKey("lms_sitting.id", ondelete="CASCADE"), index=True)
    #: The same for all sittings that one press marked again.
    run: Mapped[UUID] = mapped_column(index=True)
    #: {item id, as drawn: 0 to 1}, what the questions that were marked again are worth, of all runs so far.
    questions: Mapped[dict[str, float]] = mapped_column(JSON)
    score: Mapped[float]
    passed: Mapped[bool]
    at: Mapped[datetime] = mapped_column(default=now)
    #: Who asked for it.
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )

    sitting: Mapped[Sitting] = relationship()


class Review(Base):
    """One look at a word, and how well it was known. When a word comes again follows from these rows alone.

    ``id`` is made by the client, so logs of two devices merge by taking every row once.
    """

    __tablename__ = "lms_review"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("lms_enrolment.id", ondelete="CASCADE"), index=True)
    entry_id: Mapped[str] = mapped_column(String(40))
    #: 1 again, 2 hard, 3 good, 4 easy (FSRS).
    rating: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime] = mapped_column(default=now)
