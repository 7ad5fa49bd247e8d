"""The trail of checks, and bulk checks that wait for their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import JSON, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..accounts.models import Centre, Person
from ..kernel.clock import now
from ..kernel.db import Base
from .models import Certificate

#: What was handed in, and by which door.
Form = Literal["code", "code-year", "file", "qr", "none"]
Channel = Literal["page", "many", "api"]
#: What the answer showed: nothing of it, what a code alone may show, every signed fact (DESIGN 3.5).
Shown = Literal["nothing", "public", "signed"]


class Check(Base):
    """One check by an office. Rows are added, never changed: each is bound to the one before it by ``mark``.

    Whom it is about and who asked stand outside the chain, which holds only a salted digest of them: so an
    erasure can cut the link (salt and id go) and the chain still fits. No name, no file, no year of birth.
    """

    __tablename__ = "lms_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    #: Place in the chain, from 1, without gaps.
    number: Mapped[int] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    #: The name of the office, or of the program that asked, as it was then.
    office: Mapped[str] = mapped_column(String(200))
    centre_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_centre.id", ondelete="SET NULL"), index=True
    )
    #: The key of a program; NULL when it was a person.
    client: Mapped[str | None] = mapped_column(String(64), index=True)
    officer_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )
    officer_salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    officer_mark: Mapped[str | None] = mapped_column(String(64))
    #: One of ours; else the digest of the credential or of the file, or the code that nothing was found for.
    certificate_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_certificate.id", ondelete="SET NULL"), index=True
    )
    digest: Mapped[str | None] = mapped_column(String(64))
    asked: Mapped[str | None] = mapped_column(String(12), index=True)
    subject_salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    subject_mark: Mapped[str | None] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(10))
    form: Mapped[str] = mapped_column(String(10))
    shown: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(30))
    #: {question: [said, reason]}
    answers: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    #: The registers and lists that were asked, with their dates.
    lists: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    #: A row that answers "is it the same name?" names the check it is about.
    follows: Mapped[UUID | None] = mapped_column(index=True)
    matches: Mapped[bool | None]
    #: HMAC-SHA-256, hex, over the mark before and this row, with a key that is not in the database.
    mark: Mapped[str] = mapped_column(String(64))

    officer: Mapped[Person | None] = relationship()
    certificate: Mapped[Certificate | None] = relationship()


class CheckHead(Base):
    """The last row of the trail: without it the newest rows could be cut off unseen. One row."""

    __tablename__ = "lms_check_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(default=0)
    mark: Mapped[str] = mapped_column(String(64), default="")


class CheckBatch(Base):
    """Many checks at once; deleted after a day."""

    __tablename__ = "lms_check_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    centre_id: Mapped[int] = mapped_column(ForeignKey("lms_centre.id", ondelete="CASCADE"), index=True)
    officer_id: Mapped[int] = mapped_column(ForeignKey("lms_person.id", ondelete="CASCADE"), index=True)
    created: Mapped[datetime] = mapped_column(default=now)
    #: False while the upload is still being taken in.
    is_complete: Mapped[bool] = mapped_column(default=False)

    centre: Mapped[Centre] = relationship()
    officer: Mapped[Person] = relationship()


class CheckItem(Base):
    """One row or file of a batch: what was handed in until it is checked, then what came out. Both sealed."""

    __tablename__ = "lms_check_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("lms_check_batch.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    is_done: Mapped[bool] = mapped_column(default=False)
    #: ``valid`` and so on, once it is done: to count without opening.
    state: Mapped[str | None] = mapped_column(String(20))
    #: Under the installation's key.
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
