"""People, centres, roles, sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..kernel.clock import now
from ..kernel.db import Base

Role = Literal["learner", "teacher", "examiner", "manager", "officer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)


class Centre(Base):
    """A centre issues certificates under its own name and keys, and its staff see only its people."""

    __tablename__ = "lms_centre"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    slug: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str | None] = mapped_column(String(2))
    is_default: Mapped[bool] = mapped_column(default=False)
    #: An office of a destination country: its officers check certificates; it teaches nobody and issues nothing.
    is_office: Mapped[bool] = mapped_column(default=False, server_default=false())
    created: Mapped[datetime] = mapped_column(default=now)


class Person(Base):
    """Somebody who learns or works here. Nothing in this row names a learner."""

    __tablename__ = "lms_person"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    #: The only name statements know (DESIGN 3.2): random, version 4, never shown.
    actor: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("lms_centre.id"), index=True)
    language: Mapped[str] = mapped_column(String(20), default="en")
    destination: Mapped[str | None] = mapped_column(String(2))
    route: Mapped[str | None] = mapped_column(String(20))
    #: Staff only.
    login: Mapped[str | None] = mapped_column(String(80), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    #: Learners: HMAC-SHA-256 of the 8-character code, hex; the code itself is not kept.
    code_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    #: A host application's id of this person, when we are mounted.
    host_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    suspended: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(default=now)
    seen: Mapped[datetime | None]

    centre: Mapped[Centre | None] = relationship()
    grants: Mapped[list[Grant]] = relationship(back_populates="person", cascade="all, delete-orphan")
    identity: Mapped[Identity | None] = relationship(back_populates="person", cascade="all, delete-orphan")

    @property
    def is_suspended(self) -> bool:
        return self.suspended is not None

    def roles_at(self, centre_id: int | None) -> frozenset[str]:
        """Return the roles this person has at a centre; a grant without a centre counts everywhere."""
        return frozenset(g.role for g in self.grants if g.centre_id is None or g.centre_id == centre_id)

    def has_role(self, *roles: str) -> bool:
        return any(g.role in roles for g in self.grants)


class Identity(Base):
    """Who a person is on paper: asked when a certificate is issued, kept apart, erased first."""

    __tablename__ = "lms_identity"

    person_id: Mapped[int] = mapped_column(ForeignKey("lms_person.id", ondelete="CASCADE"), primary_key=True)
    #: As in the passport, Latin letters.
    passport_name: Mapped[str | None] = mapped_column(String(200))
    #: As she writes it herself.
    own_name: Mapped[str | None] = mapped_column(String(200))
    year_of_birth: Mapped[int | None]
    #: The centre whose staff saw a document with this name, and when.
    checked_centre_id: Mapped[int | None] = mapped_column(ForeignKey("lms_centre.id"))
    checked: Mapped[datetime | None]

    person: Mapped[Person] = relationship(back_populates="identity")


class Grant(Base):
    """A role of a person, at one centre or (centre_id NULL) in the whole installation."""

    __tablename__ = "lms_grant"
    __table_args__ = (UniqueConstraint("person_id", "centre_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("lms_person.id", ondelete="CASCADE"), index=True)
    centre_id: Mapped[int | None] = mapped_column(ForeignKey("lms_centre.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))

    person: Mapped[Person] = relationship(back_populates="grants")
    centre: Mapped[Centre | None] = relationship()


class SignIn(Base):
    """One signed-in device. The cookie holds a random token; here is only its SHA-256."""

    __tablename__ = "lms_sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("lms_person.id", ondelete="CASCADE"), index=True)
    created: Mapped[datetime] = mapped_column(default=now)
    seen: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime]
