"""Awards, certificates, the keys of issuers, their status lists.

A certificate outlives the course and the account (DESIGN 3.5): what it needs in order to be checked stands in
its own row, and nothing that is deleted elsewhere takes it along.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID, uuid4

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship, validates

from ..accounts.models import Person
from ..cohorts.models import Cohort
from ..kernel.clock import now
from ..kernel.db import Base

#: What the issuer says of a certificate; being expired or not yet valid follows from its dates.
Standing = Literal["good", "suspended", "revoked", "replaced"]
#: Why a certificate was revoked or suspended, as a class that may be shown to everybody.
Reason = Literal["error", "fraud", "holder", "name-changed", "under-review", "key", "other"]
REASONS: tuple[Reason, ...] = get_args(Reason)


class Award(Base):
    """A person has reached what a course certifies.

    The certificate is issued from it, later and separately.
    """

    __tablename__ = "lms_award"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    #: The enrolment's registration: one award for each. Not a foreign key, an award outlives the enrolment.
    registration: Mapped[UUID] = mapped_column(unique=True)
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )
    #: The centre whose course group it was, or the person's; None: the default centre issues.
    centre_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_centre.id", ondelete="SET NULL"), index=True
    )
    course_uuid: Mapped[UUID] = mapped_column(index=True)
    #: ``rules.AwardFacts`` as JSON.
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    awarded: Mapped[datetime] = mapped_column(default=now)

    person: Mapped[Person | None] = relationship()
    certificates: Mapped[list[Certificate]] = relationship(
        back_populates="award", order_by="Certificate.id", passive_deletes=True
    )

    @property
    def certificate(self) -> Certificate | None:
        """The newest certificate made from this award, whatever its standing."""
        return self.certificates[-1] if self.certificates else None


class Certificate(Base):
    """One signed snapshot.

    After an erasure ``payload``, ``award_id`` and ``person_id`` are NULL, the rest stays.
    """

    __tablename__ = "lms_certificate"
    __table_args__ = (UniqueConstraint("status_list_id", "status_index"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Twelve Crockford characters, without hyphens.
    code: Mapped[str] = mapped_column(String(12), unique=True)
    award_id: Mapped[int | None] = mapped_column(ForeignKey("lms_award.id", ondelete="SET NULL"), index=True)
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_person.id", ondelete="SET NULL"), index=True
    )
    centre_id: Mapped[int | None] = mapped_column(
        ForeignKey("lms_centre.id", ondelete="SET NULL"), index=True
    )
    issuer: Mapped[str] = mapped_column(String(40), index=True)
    issuer_did: Mapped[str] = mapped_column(String(400))
    issuer_name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(20))
    course_uuid: Mapped[UUID] = mapped_column(index=True)
    course_slug: Mapped[str] = mapped_column(String(40))
    course_version: Mapped[str] = mapped_column(String(20))
    #: {language: title}
    titles: Mapped[dict[str, str]] = mapped_column(JSON)
    #: CEFR, of language courses only.
    level: Mapped[str | None] = mapped_column(String(10))
    issued: Mapped[datetime] = mapped_column(default=now)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False)
    status_list_id: Mapped[int] = mapped_column(ForeignKey("lms_status_list.id"))
    status_index: Mapped[int]
    standing: Mapped[str] = mapped_column(String(20), default="good")
    standing_since: Mapped[datetime] = mapped_column(default=now)
    reason: Mapped[str | None] = mapped_column(String(20))
    #: The code of the certificate that took this one's place.
    replaced_by: Mapped[str | None] = mapped_column(String(12))
    #: SHA-256, hex, of the RFC 8785 form of the credential without its proofs.
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    #: The key that signed it: ``IssuerKey.kid``; NULL for one that was erased before this was kept.
    signed_with: Mapped[str | None] = mapped_column(String(20))
    #: The signed credential as it was handed out, JSON text.
    payload: Mapped[str | None] = deferred(mapped_column(Text))
    #: What the QR code of the paper holds, signed with the same key; erased with the payload.
    token: Mapped[str | None] = deferred(mapped_column(Text))
    erased: Mapped[datetime | None]

    award: Mapped[Award | None] = relationship(back_populates="certificates")
    person: Mapped[Person | None] = relationship()
    status_list: Mapped[StatusList] = relationship(back_populates="certificates")


class IssuerKey(Base):
    """An Ed25519 key of an issuer and the time it signs in; kept for ever, for old papers."""

    __tablename__ = "lms_issuer_key"
    __table_args__ = (UniqueConstraint("did", "kid"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(String(40), index=True)
    issuer_name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str | None] = mapped_column(String(2))
    did: Mapped[str] = mapped_column(String(400))
    #: The fragment of the key's id: ``2026q4``, and ``2026q4-2`` for a second one in the same quarter.
    kid: Mapped[str] = mapped_column(String(20))
    #: Multikey: multibase base58btc of 0xed01 and the 32 bytes.
    public: Mapped[str] = mapped_column(String(60))
    #: The private seed under the installation's key; NULL once destroyed.
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    #: Signatures made from here on prove nothing.
    compromised_from: Mapped[datetime | None]
    demo: Mapped[bool] = mapped_column(default=False)
    #: Keys for tokens beside this one, dated as it is: {"RS256": {"public", "sealed"}}, DER in base64.
    token_keys: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, default=dict, server_default="{}")

    @validates("sealed")
    def _destroy_all(self, _name: str, value: bytes | None) -> bytes | None:
        """Destroy the keys for tokens together with the seed."""
        if value is None and self.token_keys:
            self.token_keys = {alg: {"public": pair["public"]} for alg, pair in self.token_keys.items()}
        return value

    @property
    def method(self) -> str:
        """The DID URL that proofs name as their verification method."""
        return f"{self.did}#{self.kid}"

    @property
    def is_usable(self) -> bool:
        """Whether it can still sign, in its time."""
        return self.sealed is not None and self.compromised_from is None


class StatusList(Base):
    """The revocation list of one issuer and year (Bitstring Status List 1.0), and its last signed form."""

    __tablename__ = "lms_status_list"
    __table_args__ = (UniqueConstraint("issuer", "year"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(String(40))
    did: Mapped[str] = mapped_column(String(400))
    year: Mapped[int]
    #: The signed list credential, JSON text; NULL when it has to be signed anew.
    signed: Mapped[str | None] = mapped_column(Text)
    signed_at: Mapped[datetime | None]

    certificates: Mapped[list[Certificate]] = relationship(back_populates="status_list")


class Log(Base):
    """The end of an issuer's log of acts: one row for each issuer, held while an act is written."""

    __tablename__ = "lms_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    did: Mapped[str] = mapped_column(String(400), unique=True)
    issuer: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(default=0)
    #: SHA-256, hex, of the last entry; of nothing: 64 zeros.
    head: Mapped[str] = mapped_column(String(64))


class LogEntry(Base):
    """One act of an issuer, chained to the one before. Never changed, never deleted; names nobody."""

    __tablename__ = "lms_log_entry"
    __table_args__ = (UniqueConstraint("log_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    log_id: Mapped[int] = mapped_column(ForeignKey("lms_log.id"))
    #: From 1, without gaps.
    sequence: Mapped[int]
    at: Mapped[datetime]
    #: ``log.ACTS``
    act: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(12))
    #: Of the credential: ``Certificate.digest``.
    digest: Mapped[str] = mapped_column(String(64), index=True)
    year: Mapped[int]
    place: Mapped[int]
    #: SHA-256, hex, of the head before and this entry.
    head: Mapped[str] = mapped_column(String(64))
    #: The issuer's proof over the head, JSON text; NULL where nobody signed right then.
    proof: Mapped[str | None] = deferred(mapped_column(Text))


class PublishedList(Base):
    """Our own trust list as it is published: one row."""

    __tablename__ = "lms_published_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    made: Mapped[datetime]
    #: SHA-256, hex, of the issuers without their logs, and with them: whether it is out of date.
    content: Mapped[str] = mapped_column(String(64))
    content_with_logs: Mapped[str] = mapped_column(String(64))
    signed: Mapped[str] = mapped_column(Text)


class Publisher(Base):
    """Somebody whose trust list we accepted, with the newest list."""

    __tablename__ = "lms_publisher"

    id: Mapped[int] = mapped_column(primary_key=True)
    did: Mapped[str] = mapped_column(String(400), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    #: The Multikey that an operator compared with the publisher.
    pinned: Mapped[str] = mapped_column(String(60))
    #: Where newer lists are fetched from; NULL for a list that came as a file.
    url: Mapped[str | None] = mapped_column(String(500))
    version: Mapped[int] = mapped_column(BigInteger)
    made: Mapped[datetime]
    next_update: Mapped[datetime]
    #: The DIDs of the list that we accept; NULL: all of them.
    only: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    #: SHA-256, hex, of the list.
    digest: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = deferred(mapped_column(Text, nullable=False))
    accepted: Mapped[datetime] = mapped_column(default=now)

    lists: Mapped[list[StoredList]] = relationship(back_populates="publisher", cascade="all, delete-orphan")


class StoredList(Base):
    """A copy of another issuer's signed revocation list."""

    __tablename__ = "lms_stored_list"
    __table_args__ = (UniqueConstraint("publisher_id", "url"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    publisher_id: Mapped[int] = mapped_column(ForeignKey("lms_publisher.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(500), index=True)
    did: Mapped[str] = mapped_column(String(400))
    #: When its issuer made it, and when we fetched it.
    made: Mapped[datetime]
    fetched: Mapped[datetime]
    document: Mapped[str] = mapped_column(Text)

    publisher: Mapped[Publisher] = relationship(back_populates="lists")


class Batch(Base):
    """The certificates of a group, issued and drawn by a job; its papers lie sealed in the instance folder."""

    __tablename__ = "lms_batch"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    cohort_id: Mapped[int] = mapped_column(ForeignKey("lms_cohort.id", ondelete="CASCADE"), index=True)
    #: ``issuing``, ``drawing``, ``done``, ``gone``
    state: Mapped[str] = mapped_column(String(20), default="issuing")
    total: Mapped[int] = mapped_column(default=0)
    issued: Mapped[int] = mapped_column(default=0)
    drawn: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    #: Part of the key of its papers: without it nobody can open them any more.
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    created: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime]

    cohort: Mapped[Cohort] = relationship()
