"""Whom we believe: keys by their address, issuers by their DID, our own register.

Never what a document says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kernel.settings import find_installation
from . import contexts, proofs, signing, trust_list
from .models import Certificate, IssuerKey, Publisher, StoredList

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
    """An Ed25519 key and the time it may sign in. Its issuer is the controller."""

    method: str
    public: bytes
    issuer: KnownIssuer
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    compromised_from: datetime | None = None

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


def _no_record(digest: str) -> Record | None:
    return None


def _no_list(url: str) -> Document | None:
    return None


def _not_known(document: Document) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Everything a verification may rely on. None of it is fetched while verifying.

    ``find_record`` takes the digest of a credential, hex, or its first 16 bytes; ``find_list`` the address of
    another issuer's revocation list and returns the signed list as it was last stored; ``find_context``
    raises LookupError.
    """

    keys: Mapping[str, TrustedKey]
    find_record: Callable[[str], Record | None] = _no_record
    find_list: Callable[[str], Document | None] = _no_list
    find_context: Callable[[str], Document] = contexts.context
    issuers: Mapping[str, KnownIssuer] = field(default_factory=dict)
    #: Tells whether a document is, with its proofs and to the last character, what we handed out ourselves.
    is_as_issued: Callable[[Document], bool] = _not_known

    def issuer(self, did: str) -> KnownIssuer | None:
        return self.issuers.get(did) or next(
            (k.issuer for k in self.keys.values() if k.issuer.did == did), None
        )


def trust_store(session: Session) -> TrustStore:
    """Return the trust store of this installation.

    The keys and the register of its own centres, and the issuers of the trust lists that were accepted.
    """
    keys = {}
    for row in session.scalars(select(IssuerKey)):
        issuer = KnownIssuer(row.did, row.issuer_name, row.country, is_own=True, demo=row.demo)
        keys[row.method] = TrustedKey(
            row.method, signing.from_multikey(row.public), issuer, row.valid_from, row.valid_until,
            row.compromised_from,
        )  # fmt: skip

    own = {key.issuer.did for key in keys.values()}
    installation = find_installation(session)
    for publisher, found, _document, accepted in trust_list.accepted_issuers(
        session, installation is not None and installation.is_demo
    ):
        for listed in found.issuers:
            if listed.did in accepted and listed.did not in own:
                _add_listed(keys, listed, publisher)

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

    def is_as_issued(document: Document) -> bool:
        query = select(Certificate.payload).where(Certificate.digest == proofs.digest(document))
        payload = session.scalar(query)
        return payload is not None and json.loads(payload) == document

    return TrustStore(keys, find_record, find_list, is_as_issued=is_as_issued)


def _add_listed(keys: dict[str, TrustedKey], issuer: trust_list.ListedIssuer, publisher: Publisher) -> None:
    """Add an issuer of an accepted list. Who was listed first stays; a key that anybody calls compromised is."""
    known = KnownIssuer(
        issuer.did, issuer.name, issuer.country, demo=issuer.demo, listed_by=publisher.name, listed=publisher.made,
        listed_until=publisher.next_update, status_lists=issuer.statusLists,
    )  # fmt: skip
    for key in issuer.keys:
        earlier = keys.get(key.method)
        if earlier is None:
            keys[key.method] = TrustedKey(
                key.method, signing.from_multikey(key.publicKeyMultibase), known, key.start, key.until,
                key.compromisedFrom,
            )  # fmt: skip
        elif key.compromisedFrom is not None and not earlier.is_compromised_at(key.compromisedFrom):
            keys[key.method] = replace(earlier, compromised_from=key.compromisedFrom)


def record_of(certificate: Certificate) -> Record:
    return Record(
        certificate.code, certificate.standing, certificate.standing_since, certificate.reason,
        certificate.replaced_by,
    )  # fmt: skip
