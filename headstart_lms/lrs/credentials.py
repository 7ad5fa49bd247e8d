"""Keys and secrets of programs that read or write statements, and how much they may ask."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.errors import Invalid, NotFound, TooMany
from ..kernel.rates import Buckets
from . import terms as t
from .models import Credential

#: What a credential may be allowed; ``all`` is everything but ``launch``, ``all/read`` is reading everything.
SCOPES: Final = (
    "statements/write", "statements/read", "statements/read/mine", "state", "profile", "define",
    "all/read", "all", "launch", "certificates/verify",
)  # fmt: skip
DEFAULT_SCOPES: Final = ("statements/write", "statements/read", "state", "profile", "define")
_USED_STEP: Final = timedelta(hours=1)
MAX_RATE: Final = 1_000_000
_rates: Final = Buckets()

_credential: Table = Credential.__table__  # type: ignore[assignment]
_FIND = select(_credential).where(_credential.c.key == bindparam("key"))


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a token of launched content is for: one person, one registration, one activity."""

    launch: UUID
    registration: UUID
    activity: str
    #: ``terms.agent_value`` of the person.
    agent: str


@dataclass(frozen=True, slots=True)
class Client:
    """Who makes a request: what it may do, whose data it sees, what stands as authority on what it stores."""

    id: int
    key: str
    scopes: frozenset[str]
    tenant: UUID | None
    authority: Mapping[str, Any]
    last_used: datetime | None
    name: str = ""
    #: Certificates it may check in a day; None: what the installation's setting says.
    quota: int | None = None
    #: Requests a minute: None as many as the setting says, 0 without a limit.
    rate: int | None = None
    #: Set when the request comes with the token of a launch: it reaches no further than that.
    bounds: Bounds | None = None

    def can(self, scope: str) -> bool:
        """Tell whether this client has a scope, or one that holds it.

        ``all`` is about statements: what moves progress or checks certificates is given by name.
        """
        if scope in self.scopes or ("all" in self.scopes and scope not in ("launch", "certificates/verify")):
            return True
        return scope.endswith("/read") and "all/read" in self.scopes

    @property
    def mine(self) -> str | None:
        """The authority (canonical JSON) reading is limited to; None when it is not limited."""
        return None if self.can("statements/read") else t.canonical_json(dict(self.authority)).decode()

    @property
    def is_used_lately(self) -> bool:
        return self.last_used is not None and now() - self.last_used < _USED_STEP


def client_add(
    session: Session,
    name: str,
    *,
    iri_base: str,
    tenant: UUID | None = None,
    scopes: Iterable[str] = DEFAULT_SCOPES,
    expires: datetime | None = None,
    quota: int | None = None,
    rate: int | None = None,
) -> dict[str, str]:
    """Make a credential; return its ``key`` and ``secret``. The secret is shown here and never again.

    ``tenant`` None reads every tenant and writes into the installation's own. ``rate`` is in requests a
    minute. Raises Invalid for an unknown scope, an empty name or an impossible rate.
    """
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise Invalid(f"There is no scope {', '.join(unknown) or 'given'}. Known: {', '.join(SCOPES)}.")
    if not name.strip() or len(name) > 120:
        raise Invalid("Give the client a name of 1 to 120 characters.")
    key, secret = secrets.token_hex(16), secrets.token_urlsafe(32)
    session.add(
        Credential(
            key=key, secret_sha256=_digest(secret), name=name.strip(), scopes=wanted, tenant=tenant,
            expires=expires, quota=quota, rate=_rate(rate),
            authority={"objectType": "Agent", "account": {"homePage": iri_base, "name": f"client:{key}"}},
        )
    )  # fmt: skip
    session.flush()
    return {"key": key, "secret": secret}


def client_rotate(session: Session, key: str) -> dict[str, str]:
    """Give a client a new secret; the old one ends at once. Raises NotFound."""
    row = _get(session, key)
    secret = secrets.token_urlsafe(32)
    row.secret_sha256 = _digest(secret)
    return {"key": key, "secret": secret}


def client_limit(session: Session, key: str, rate: int | None) -> None:
    """Set how many requests a minute a client may send: 0 any number, None as the setting says.

    Raises NotFound, Invalid.
    """
    _get(session, key).rate = _rate(rate)


def _rate(rate: int | None) -> int | None:
    if rate is not None and not 0 <= rate <= MAX_RATE:
        raise Invalid(f"A rate is 0 to {MAX_RATE} requests a minute; 0 is no limit.")
    return rate


def client_revoke(session: Session, key: str) -> None:
    """End a client's access. What it stored stays. Raises NotFound."""
    row = _get(session, key)
    row.revoked = row.revoked or now()


def client_list(session: Session) -> list[dict[str, Any]]:
    """Return what may be shown of all credentials, in the order made."""
    rows = session.scalars(select(Credential).order_by(Credential.id))
    return [
        {"key": row.key, "name": row.name, "scopes": row.scopes, "tenant": row.tenant and str(row.tenant),
         "rate": row.rate, "quota": row.quota, "authority": row.authority, "created": row.created,
         "expires": row.expires, "revoked": row.revoked, "last_used": row.last_used}
        for row in rows
    ]  # fmt: skip


def authority_of(session: Session, key: str) -> str | None:
    """Return the authority (canonical JSON) of what a client stores; None when there is no such client."""
    found = session.scalar(select(Credential.authority).where(Credential.key == key))
    return None if found is None else t.canonical_json(found).decode()


def find_client(session: Session, key: str, secret: str) -> Client | None:
    """Return who has this key and secret; None when nobody has, or not any more.

    The secret is 32 random bytes, so one SHA-256 is enough (a slow hash would cost 160 ms a request).
    """
    row = session.execute(_FIND, {"key": key}).first()
    right = hmac.compare_digest(bytes(row.secret_sha256) if row else bytes(32), _digest(secret))
    if row is None or not right or row.revoked is not None or (row.expires and row.expires <= now()):
        return None
    return Client(
        row.id, row.key, frozenset(row.scopes), row.tenant, row.authority, row.last_used, row.name, row.quota,
        row.rate,
    )  # fmt: skip


def get_client(session: Session, key: str) -> Client:
    """Return a client by its key, for a command of this installation. Raises NotFound, Invalid when it has ended."""
    row = _get(session, key)
    if row.revoked is not None or (row.expires and row.expires <= now()):
        raise Invalid(f"The access of the client {key} has ended.")
    return Client(
        row.id, row.key, frozenset(row.scopes), row.tenant, row.authority, row.last_used, row.name,
        row.quota, row.rate,
    )  # fmt: skip


def count_request(client: Client, default: int) -> None:
    """Count one request of a client, in the memory of this process. Raises TooMany over its rate.

    ``default`` is the rate of clients that have none of their own, requests a minute; 0 is no limit.
    """
    rate = default if client.rate is None else client.rate
    if rate == 0:
        return
    wait = _rates.take(client.key if client.bounds is None else client.bounds.launch.hex, rate)
    if wait:
        raise TooMany(f"This key may send {rate} requests a minute. Wait {wait} s, then go on.", wait)


def note_use(session: Session, client: Client) -> None:
    """Write down that a client was here."""
    row = session.get(Credential, client.id)
    if row is not None:
        row.last_used = now()


def _get(session: Session, key: str) -> Credential:
    row = session.scalar(select(Credential).where(Credential.key == key))
    if row is None:
        raise NotFound(f"There is no client with the key {key}.")
    return row


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
