"""Whom we believe: keys by their address, issuers by their DID, our own register.

Never what a document says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kernel.settings import find_installation
from . import believed, contexts, keys, signing
from .models import Certificate, IssuerKey, StoredList
from .signing import Algorithm

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KnownIssuer:
    """An issuer as our own list has it; ``is_own``: one of this installation, so we keep its register.

    One of others stands in the trust list of ``listed_by``, of the instant ``listed``, good until ``listed_until``.
    """

    did: str
    name: str
    country: str | None = None
    is_own: bool = False
    demo: bool = False
    listed_by: str | None = None
    listed: datetime | None = None
    listed_until: datetime | None = None
    #: The addresses of its revocation lists.
    status_lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key, its one algorithm and the time it may sign in. Its issuer is the controller.

    ``public``: 32 bytes of an Ed25519 key; of RSA and P-256, which sign tokens only, SubjectPublicKeyInfo.
    """

    method: str
    public: bytes
    issuer: KnownIssuer
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    compromised_from: datetime | None = None
    alg: Algorithm = "EdDSA"

    def may_sign_at(self, at: datetime) -> bool:
        return not (
            (self.valid_from is not None and at < self.valid_from)
            or (self.valid_until is not None and at >= self.valid_until)
        )

    def is_compromised_at(self, at: datetime) -> bool:
        return self.compromised_from is not None and at >= self.compromised_from


@dataclass(frozen=True, slots=True)
class Record:
    """What our register says of a certificate we issued."""

    code: str
    standing: str
    since: datetime
    reason: str | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True)
class VouchedList:
    """A revocation list out of a verifier's bundle, whose signature covers it: it has none of its own."""

    issuer: str
    year: int | None
    purpose: str
    encoded: str
    made: datetime
    until: datetime | None


def _no_record(digest: str) -> Record | None:
    return None


def _not_issued(digest: str) -> Document | None:
    return None


def _no_list(url: str) -> Document | None:
    return None


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Everything a verification may rely on. None of it is fetched while verifying.

    ``find_record`` takes the digest of a credential, hex, or its first 16 bytes; ``find_list`` the address of
    another issuer's revocation list and returns the signed list as it was last stored; ``find_issued`` takes
    a digest and returns the signed credential as we handed it out; ``find_context`` raises LookupError.
    """

    keys: Mapping[str, TrustedKey]
    find_record: Callable[[str], Record | None] = _no_record
    find_list: Callable[[str], Document | None] = _no_list
    find_issued: Callable[[str], Document | None] = _not_issued
    #: Places in lists by their address, vouched for by the signed bundle they came in; and (issuer, year, place)
    #: of what is suspended, which only the issuer's own installation can tell.
    vouched: Mapping[str, VouchedList] = field(default_factory=dict)
    suspended: frozenset[tuple[str, int, int]] = frozenset()
    find_context: Callable[[str], Document] = contexts.context
    issuers: Mapping[str, KnownIssuer] = field(default_factory=dict)

    def issuer(self, did: str) -> KnownIssuer | None:
        return self.issuers.get(did) or next(
            (k.issuer for k in self.keys.values() if k.issuer.did == did), None
        )


def trust_store(session: Session) -> TrustStore:
    """Return the trust store of this installation.

    The keys and the register of its own centres, and the issuers of the trust lists that were accepted.
    """
    known: dict[str, TrustedKey] = {}
    for row in session.scalars(select(IssuerKey)):
        issuer = KnownIssuer(row.did, row.issuer_name, row.country, is_own=True, demo=row.demo)
        main: tuple[str, Algorithm, bytes] = (row.method, "EdDSA", signing.from_multikey(row.public))
        for method, alg, public in (main, *keys.token_keys_of(row)):
            known[method] = TrustedKey(
                method, public, issuer, row.valid_from, row.valid_until, row.compromised_from, alg
            )

    own = {key.issuer.did for key in known.values()}
    installation = find_installation(session)
    is_demo = installation is not None and installation.is_demo
    for other in believed.believed_issuers(session, is_demo):
        if other.did not in own:
            known |= _keys_of(other)

    def find_list(url: str) -> Document | None:
        text = session.scalar(
            select(StoredList.document).where(StoredList.url == url).order_by(StoredList.made.desc()).limit(1)
        )
        return None if text is None else dict(json.loads(text))

    def find_record(digest: str) -> Record | None:
        # "g" comes after the last hex digit: all digests that begin like this one, by the index
        certificate = session.scalar(
            select(Certificate).where(Certificate.digest >= digest, Certificate.digest < digest + "g")
        )
        return None if certificate is None else record_of(certificate)

    def find_issued(digest: str) -> Document | None:
        payload = session.scalar(select(Certificate.payload).where(Certificate.digest == digest))
        return None if payload is None else dict(json.loads(payload))

    return TrustStore(known, find_record, find_list, find_issued)


def _keys_of(other: believed.Believed) -> dict[str, TrustedKey]:
    """Return the keys of an issuer of others. They carry its DID, so no other issuer's key is among them."""
    issuer, publisher = other.issuer, other.publisher
    known = KnownIssuer(
        issuer.did, issuer.name, issuer.country, demo=issuer.demo, listed_by=publisher.name, listed=publisher.made,
        listed_until=publisher.next_update, status_lists=issuer.statusLists,
    )  # fmt: skip
    found = {}
    for key in other.keys:
        listed, (alg, public) = key.listed, key.listed.public
        found[listed.method] = TrustedKey(
            listed.method, public, known, listed.start, listed.until, key.compromised_from, alg
        )
    return found


def record_of(certificate: Certificate) -> Record:
    return Record(
        certificate.code, certificate.standing, certificate.standing_since, certificate.reason,
        certificate.replaced_by,
    )  # fmt: skip
