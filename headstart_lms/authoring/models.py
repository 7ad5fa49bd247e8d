"""Drafts: a course folder in the database, a file a text under its SHA-256, with an append-only history."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from ..accounts.models import Centre, Person
from ..kernel.clock import now
from ..kernel.db import Base

MemberRole = Literal["author", "reviewer", "translator"]
MEMBER_ROLES: tuple[MemberRole, ...] = get_args(MemberRole)
What = Literal["new", "edit", "autosave", "import", "restore", "copy", "translate", "media"]


class Draft(Base):
    """A course that is being written. It belongs to a centre; ``head`` is the number of its last revision."""

    __tablename__ = "lms_draft"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    centre_id: Mapped[int] = mapped_column(ForeignKey("lms_centre.id"), index=True)
    #: What course.yaml says, for lists and look-ups; renewed with every save.
    course_uuid: Mapped[UUID] = mapped_column(index=True)
    slug: Mapped[str] = mapped_column(String(40), index=True)
    title: Mapped[str] = mapped_column(String(300))
    kind: Mapped[str] = mapped_column(String(20))
    created: Mapped[datetime] = mapped_column(default=now)
    changed: Mapped[datetime] = mapped_column(default=now)
    head: Mapped[int] = mapped_column(default=0)
    #: Put away by its people; it can be taken out again.
    removed: Mapped[datetime | None]
    #: When this revision is to be published, as which version, and who asked for it.
    due: Mapped[datetime | None]
    due_revision: Mapped[int | None]
    due_version: Mapped[str | None] = mapped_column(String(20))
    due_by: Mapped[int | None] = mapped_column(ForeignKey("lms_person.id", ondelete="SET NULL"))

    centre: Mapped[Centre] = relationship()
    members: Mapped[list[Member]] = relationship(back_populates="draft", order_by="Member.id")


class Member(Base):
    """A person and what she does in a draft."""

    __tablename__ = "lms_draft_member"
    __table_args__ = (UniqueConstraint("draft_id", "person_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("lms_draft.id", ondelete="CASCADE"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("lms_person.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(12))

    draft: Mapped[Draft] = relationship(back_populates="members")
    person: Mapped[Person] = relationship()


class DraftText(Base):
    """The content of a file, once under its SHA-256 (hex)."""

    __tablename__ = "lms_draft_text"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: When it was written last; what nothing refers to is kept for a day, for forms that are open.
    written: Mapped[datetime] = mapped_column(default=now, index=True)
    #: Deflated.
    body: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))


class DraftFile(Base):
    """A file of a draft as it is now. Media: the bytes lie in the storage under the same digest."""

    __tablename__ = "lms_draft_file"

    draft_id: Mapped[int] = mapped_column(ForeignKey("lms_draft.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(String(160), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))


class Revision(Base):
    """One step of the history: who changed what when. Nothing in it changes later, but that a save joins it.

    An autosave joins the last revision for ten minutes; ``began`` is when that one was made.
    """

    __tablename__ = "lms_draft_revision"
    __table_args__ = (UniqueConstraint("draft_id", "n"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("lms_draft.id", ondelete="CASCADE"), index=True)
    n: Mapped[int]
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )
    began: Mapped[datetime] = mapped_column(default=now)
    at: Mapped[datetime] = mapped_column(default=now)
    what: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(500), default="")

    person: Mapped[Person | None] = relationship()
    changes: Mapped[list[Change]] = relationship(back_populates="revision", order_by="Change.path")


class Change(Base):
    """What a revision did to one file: the digest before (NULL: there was none) and after (NULL: deleted)."""

    __tablename__ = "lms_draft_change"

    revision_id: Mapped[int] = mapped_column(
        ForeignKey("lms_draft_revision.id", ondelete="CASCADE"), primary_key=True
    )
    path: Mapped[str] = mapped_column(String(160), primary_key=True)
    before: Mapped[str | None] = mapped_column(String(64))
    after: Mapped[str | None] = mapped_column(String(64))

    revision: Mapped[Revision] = relationship(back_populates="changes")


class Mark(Base):
    """What was said of a revision: ``signed`` off, ``published``, ``opened``, ``refused``, text ``kept``."""

    __tablename__ = "lms_draft_mark"

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("lms_draft.id", ondelete="CASCADE"), index=True)
    n: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )
    at: Mapped[datetime] = mapped_column(default=now)
    #: published, refused: the version; opened: the address; kept: the path of the file.
    name: Mapped[str] = mapped_column(String(160), default="")
    #: published: the digest of the document; kept: the digest of the text that was not taken.
    digest: Mapped[str | None] = mapped_column(String(64))
    #: published, opened: the UUID of the course.
    note: Mapped[str] = mapped_column(Text, default="")

    person: Mapped[Person | None] = relationship()
