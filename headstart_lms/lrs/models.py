"""Tables of the record store (docs/lrs.md, "Storage").

``lms_posting`` is one inverted index for every filter. It has no foreign keys: it is the hottest table,
and both ends are only ever written by ``services`` and ``erasure``. ``seq`` numbers are never used twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.clock import now
from ..kernel.db import Base

#: 64 bits on PostgreSQL; on SQLite INTEGER, so that it is the row id itself.
Big = BigInteger().with_variant(Integer(), "sqlite")


class Tenant(Base):
    """Whose statements are whose. Nothing of one tenant is seen by a credential of another."""

    __tablename__ = "lms_tenant"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(unique=True)


class Head(Base):
    """One row: the last ``seq`` and ``stored`` given out.

    Written behind the lock (head.lock) that makes the order of ``seq`` the order of commits; so whoever
    reads on from what she has seen misses nothing.
    """

    __tablename__ = "lms_statement_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Big)
    stored: Mapped[int] = mapped_column(Big)
    #: How many targets statements are sent on to: told with the numbers, so that nobody needs to ask.
    targets: Mapped[int] = mapped_column(default=0)


class Statement(Base):
    """One statement. ``payload`` is the exact JSON given back, with id, stored, authority, version."""

    __tablename__ = "lms_statement"
    #: In monthly partitions both hold within one of them; over all of them the lock of ``Head`` stands for it.
    __table_args__ = (
        UniqueConstraint("id", "tenant_id", info={"in_each_partition": True}),
        UniqueConstraint("stored", info={"in_each_partition": True}),
        # few are voided: whoever looks for them must not pass over all the others
        Index(
            "ix_lms_statement_voided", "seq",
            sqlite_where=text("voided IS 1"), postgresql_where=text("voided IS true"),
        ),
    )  # fmt: skip

    seq: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    id: Mapped[UUID]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("lms_tenant.id"))
    #: Microseconds since 1970, UTC; grows with ``seq``, never equal.
    stored: Mapped[int] = mapped_column(Big)
    voided: Mapped[bool] = mapped_column(default=False)
    #: Written by this installation itself: the only statements progress counts.
    own: Mapped[bool] = mapped_column(default=False)
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class Term(Base):
    """A verb, agent, activity, registration or authority that statements are found by."""

    __tablename__ = "lms_term"
    __table_args__ = (UniqueConstraint("hash", "tenant_id"),)

    id: Mapped[int] = mapped_column(Big, primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("lms_tenant.id"))
    #: First 16 bytes of the SHA-256 of kind and value.
    hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    kind: Mapped[int] = mapped_column(SmallInteger)
    value: Mapped[str] = mapped_column(Text)
    #: JSON. Activity: the definition, merged. Agent: the names it was seen with.
    canonical: Mapped[bytes | None] = mapped_column(LargeBinary)


class Posting(Base):
    """Statement ``seq`` is found by ``term_id``; ``roles`` is a bit mask, see ``terms``."""

    __tablename__ = "lms_posting"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 (SQLAlchemy's own form)

    term_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    roles: Mapped[int] = mapped_column(SmallInteger)


class StatementRef(Base):
    """Statement ``seq`` has a StatementRef to ``target_id``, which may not have arrived yet."""

    __tablename__ = "lms_statement_ref"
    __table_args__ = (Index("ix_lms_statement_ref_target_id", "target_id", "tenant_id"),)

    seq: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    target_id: Mapped[UUID]
    tenant_id: Mapped[int] = mapped_column(ForeignKey("lms_tenant.id"))
    voiding: Mapped[bool]


class Attachment(Base):
    """The bytes of an attachment, once, by their SHA-2 (hex; 56 to 128 characters)."""

    __tablename__ = "lms_attachment"

    sha2: Mapped[str] = mapped_column(String(128), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class StatementAttachment(Base):
    __tablename__ = "lms_statement_attachment"
    __table_args__ = (Index("ix_lms_statement_attachment_sha2", "sha2"),)

    seq: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    sha2: Mapped[str] = mapped_column(String(128), primary_key=True)


class Document(Base):
    """A state, agent profile or activity profile document.

    The keys are never NULL, because a unique constraint does not compare NULLs: 0 stands for "no term",
    the nil UUID for "no registration".
    """

    __tablename__ = "lms_document"
    __table_args__ = (UniqueConstraint("kind", "activity_term", "agent_term", "registration", "doc_hash"),)

    id: Mapped[int] = mapped_column(Big, primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    activity_term: Mapped[int] = mapped_column(Big)
    agent_term: Mapped[int] = mapped_column(Big, index=True)
    registration: Mapped[UUID]
    #: First 16 bytes of the SHA-256 of ``doc_id``: ids may be longer than an index allows.
    doc_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    doc_id: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    #: Hex, the ETag.
    sha1: Mapped[str] = mapped_column(String(40))
    #: Microseconds since 1970, UTC.
    updated: Mapped[int] = mapped_column(Big)


class Credential(Base):
    """A key and secret of a client. Only the SHA-256 of the (random, 32-byte) secret is kept."""

    __tablename__ = "lms_credential"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    secret_sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    name: Mapped[str] = mapped_column(String(120))
    #: Words of ``credentials.SCOPES``.
    scopes: Mapped[list[str]] = mapped_column(JSON)
    #: None: reads every tenant, writes into the installation's own.
    tenant: Mapped[UUID | None]
    #: The agent put as authority on what this client stores.
    authority: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime | None]
    revoked: Mapped[datetime | None]
    #: Certificates it may check in a day; None: HEADSTART_VERIFY_QUOTA.
    quota: Mapped[int | None]
    #: To the hour: one write an hour, not one a request.
    last_used: Mapped[datetime | None]
    #: Requests a minute; 0 none are refused, None as many as HEADSTART_XAPI_RATE says.
    rate: Mapped[int | None]


class Launch(Base):
    """Content opened for one person: what its short-lived token may do (cmi5 8.1, 8.2; docs/lrs.md).

    ``fetch_sha256`` and ``token_sha256`` are of random secrets; neither secret is kept.
    """

    __tablename__ = "lms_launch"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    credential_id: Mapped[int] = mapped_column(ForeignKey("lms_credential.id"), index=True)
    tenant: Mapped[UUID]
    registration: Mapped[UUID]
    #: The IRI of the activity that was opened.
    activity: Mapped[str] = mapped_column(Text)
    #: The person, as the account statements name her by.
    account_home: Mapped[str] = mapped_column(Text)
    account_name: Mapped[str] = mapped_column(String(200), index=True)
    fetch_sha256: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    #: None until the content fetched its token, which it can do once.
    token_sha256: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    created: Mapped[datetime] = mapped_column(default=now)
    expires: Mapped[datetime] = mapped_column(index=True)
    fetched: Mapped[datetime | None]
    #: From then on nothing is taken.
    ended: Mapped[datetime | None]


class Launched(Base):
    """Statement ``seq`` was stored by launched content about the very activity that was opened.

    It stays when the launch is cleaned away: progress counts such statements (DESIGN 3.3).
    """

    __tablename__ = "lms_launched"

    seq: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)


class Refusal(Base):
    """How often a client was refused in an hour, and why the last time; nothing of what it sent (``refusals``)."""

    __tablename__ = "lms_refusal"

    #: Row id of the credential; 0 stands for whoever showed none that is known.
    client: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: Whole hours since 1970, UTC.
    hour: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    count: Mapped[int]
    last: Mapped[datetime]
    sentence: Mapped[str] = mapped_column(String(300))


class ForwardTarget(Base):
    """Another LRS that statements are sent on to."""

    __tablename__ = "lms_forward_target"

    id: Mapped[int] = mapped_column(primary_key=True)
    uuid: Mapped[UUID] = mapped_column(default=uuid4, unique=True)
    name: Mapped[str] = mapped_column(String(120), unique=True)
    endpoint: Mapped[str] = mapped_column(Text)
    username: Mapped[str] = mapped_column(Text)
    #: The password and the key of the pseudonyms, sealed by the installation's key.
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    #: Verb IRIs to send; empty sends all.
    verbs: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Only what this installation wrote itself: what came from elsewhere is not sent round in a loop.
    own_only: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[datetime] = mapped_column(default=now)
    sent: Mapped[int] = mapped_column(Big, default=0)
    last_sent: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)


class ForwardOutbox(Base):
    """A statement that a target has not taken yet; written in the statement's own transaction."""

    __tablename__ = "lms_forward_outbox"
    __table_args__ = (Index("ix_lms_forward_outbox_target_id", "target_id", "refused", "due", "seq"),)

    target_id: Mapped[int] = mapped_column(
        ForeignKey("lms_forward_target.id", ondelete="CASCADE"), primary_key=True
    )
    seq: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    attempts: Mapped[int] = mapped_column(default=0)
    due: Mapped[datetime] = mapped_column(default=now)
    #: True when the target refused this very statement: kept, shown, sent again only on command.
    refused: Mapped[bool] = mapped_column(default=False)
    error: Mapped[str | None] = mapped_column(Text)


class Tombstone(Base):
    """The id of an erased statement, so that a replay does not bring it back."""

    __tablename__ = "lms_tombstone"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("lms_tenant.id"), primary_key=True)
    erased: Mapped[datetime] = mapped_column(default=now)
