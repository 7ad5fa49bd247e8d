"""Trust lists of others: accepted, renewed, removed; and copies of the revocation lists that they name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, undefer

from ..kernel.errors import Conflict, Invalid, LMSError, NotFound
from ..kernel.settings import find_installation
from . import believed, keys, proofs, status, trust_list
from .documents import authenticate, issuer_id
from .errors import VerificationError
from .facts import instant
from .models import Publisher, StoredList
from .reading import read
from .trust import trust_store
from .trust_list import Document, TrustList

#: Fetches an address and returns what it holds. Raises LMSError.
Fetch = Callable[[str], bytes]
#: What a place in a list can say (Bitstring Status List 1.0, 2.2) and a verdict can tell.
PURPOSES = ("revocation", "suspension")


class NotCompared(Invalid):
    """Nobody has said yet that the publisher's key is the right one."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What accepting a list did: ``is_new``: its publisher was not known before."""

    publisher: Publisher
    is_new: bool
    is_changed: bool


def signing_key_of(found: TrustList) -> str | None:
    """Return the Multikey that a list names for its own signature; nothing is checked."""
    key = found.keys_of(found.publisher.did).get(str(found.proof.get("verificationMethod")))
    return None if key is None else key.publicKeyMultibase


def accept(
    session: Session, data: bytes | str, *, at: datetime, url: str | None = None, publisher_key: str | None = None,
    fingerprint: str | None = None, only: Sequence[str] | None = None, is_all: bool = False,
) -> Accepted:  # fmt: skip
    """Check a trust list and keep it in place of the publisher's earlier one.

    The first one needs the publisher's key (Multikey) or its fingerprint, which an operator compared on another
    channel; with it, a publisher whose keys were all lost can be pinned anew. Later ones are signed with one that the
    list before named. Raises NotCompared, Invalid, and Conflict for an older version.
    """
    document, found = trust_list.read(data)
    known = find_publisher(session, found.publisher.did, lock=True)
    before = None if known is None else trust_list.read(_document_of(session, known))[1]
    _check_not_ours(session, found)
    if publisher_key is not None or fingerprint is not None:
        pinned = _pin(found, publisher_key, fingerprint)
        public = {str(found.proof.get("verificationMethod")): pinned}
    elif known is None or before is None:
        raise NotCompared("Nobody has compared the key of this publisher yet.", "not-compared")
    else:
        pinned, public = known.pinned, _signers(found, known, before)
    _check_signed(document, found, public, before)
    if found.made > at + trust_list.SKEW:
        raise Invalid(f"This list was made at {found.made:%Y-%m-%d %H:%M} UTC: that is in the future.")
    _check_chosen(found, only)
    text = data.decode("utf-8") if isinstance(data, bytes) else data
    digest = hashlib.sha256(text.encode()).hexdigest()
    is_changed = known is None or digest != known.digest
    if known is not None and before is not None and is_changed:
        _check_newer(found, known)
        _check_logs(found, before)
    row = known or Publisher(did=found.publisher.did)
    row.name, row.pinned, row.digest, row.document = found.publisher.name, pinned, digest, text
    row.version, row.made, row.next_update = found.version, found.made, found.nextUpdate
    row.accepted, row.url = at, url or row.url
    if only or is_all:
        row.only = list(only) if only else None
    session.add(row)
    session.flush()
    _forget_lists(session, row)
    return Accepted(row, known is None, is_changed)


def _signers(found: TrustList, known: Publisher, before: TrustList) -> dict[str, str]:
    """Return the keys that may sign the next list: those that the last one names for its publisher.

    One that names none, because its publisher issues nothing, is followed by lists with the key that was compared.
    """
    named = {
        method: key.publicKeyMultibase for method, key in before.keys_of(known.did).items()
        if key.publicKeyMultibase is not None
    }  # fmt: skip
    return named or {str(found.proof.get("verificationMethod")): known.pinned}


def _check_signed(
    document: Document, found: TrustList, public: dict[str, str], before: TrustList | None
) -> None:
    """Check who signed, by what this list and the one before say of the key."""
    listed = [*found.listed_keys, *(before.listed_keys if before is not None else ())]
    try:
        trust_list.check_signature(document, found, listed, public)
    except Invalid as error:
        if error.code != "key-compromised" or before is None:
            raise
        raise Invalid(
            f"{error.message} Call the publisher. “headstart trust remove” forgets the list before.",
            error.code,
        ) from error


def _check_newer(found: TrustList, known: Publisher) -> None:
    if found.version < known.version:
        raise Conflict(
            f"Version {found.version} is older than {known.version}, which is here already.", "rolled-back"
        )
    if found.version == known.version:
        raise Conflict(
            f"There are two different lists with version {found.version}. Ask the publisher.", "two-lists"
        )
    if found.made < known.made:
        raise Conflict(
            f"Version {found.version} was made earlier than version {known.version}, which is here already.",
            "rolled-back",
        )


def _check_logs(found: TrustList, before: TrustList) -> None:
    """Raise Conflict when an issuer's log lost entries: acts that were told to others may not be taken away."""
    logs = {issuer.did: issuer.log for issuer in found.issuers}
    for issuer in before.issuers:
        old = issuer.log
        if old is None or issuer.did not in logs:
            continue
        new = logs[issuer.did]
        if new is None or new.size < old.size or (new.size == old.size and new.head != old.head):
            raise Conflict(
                f"The log of {issuer.did} had {old.size} entries, and some of them are missing or changed in this "
                "list. Ask the publisher. “headstart trust remove” forgets the list before.", "log-went-back",
            )  # fmt: skip


def _pin(found: TrustList, publisher_key: str | None, fingerprint: str | None) -> str:
    named = signing_key_of(found)
    if publisher_key is not None:
        try:
            keys.fingerprint(publisher_key)
        except ValueError as error:
            raise Invalid("The publisher's key is no Multikey. It starts with z6Mk.") from error
        if named is not None and named != publisher_key:
            raise Invalid("This list is signed with another key than the one you gave.", "publisher-key")
        return publisher_key
    if named is None:
        raise Invalid("This list does not name the key it is signed with. Give it with --publisher-key.")
    if not keys.is_same_fingerprint(str(fingerprint), keys.fingerprint(named)):
        raise Invalid(
            "The fingerprint is another one. Do not accept this list; call the publisher.", "fingerprint"
        )
    return named


def _document_of(session: Session, known: Publisher) -> str:
    query = select(Publisher).where(Publisher.id == known.id).options(undefer(Publisher.document))
    return session.scalars(query).one().document


def _check_not_ours(session: Session, found: TrustList) -> None:
    installation = find_installation(session)
    if installation is not None and found.publisher.did in {
        issuer["did"] for issuer in trust_list.own_issuers(session, installation.base_url)
    }:
        raise Invalid("This is the list of this installation itself. Its issuers are known here already.")


def _check_chosen(found: TrustList, only: Sequence[str] | None) -> None:
    listed = {issuer.did for issuer in found.issuers}
    for did in only or ():
        if did not in listed:
            raise NotFound(f"{did} is not on this list.")


def find_publisher(session: Session, did: str, *, lock: bool = False) -> Publisher | None:
    query = select(Publisher).where(Publisher.did == did)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def list_publishers(session: Session) -> Sequence[Publisher]:
    return session.scalars(select(Publisher).order_by(Publisher.id)).all()


def remove(session: Session, did: str) -> None:
    """Believe a publisher's issuers no more, and delete the copies of their lists. Raises NotFound."""
    found = find_publisher(session, did, lock=True)
    if found is None:
        raise NotFound(f"There is no list of {did}. “headstart trust list” shows them.")
    session.delete(found)
    session.flush()


# --- revocation lists of others --------------------------------------------------------------------------------------


def wanted_lists(session: Session) -> list[tuple[Publisher, str, str]]:
    """Return (publisher, DID, address) of every revocation list that the accepted lists name for accepted issuers."""
    installation = find_installation(session)
    is_demo = installation is not None and installation.is_demo
    return [
        (publisher, issuer.did, url)
        for publisher, found, accepted in believed.accepted_issuers(session, is_demo)
        for issuer in found.issuers if issuer.did in accepted
        for url in issuer.statusLists
    ]  # fmt: skip


def is_at_home(did: str, url: str) -> bool:
    """Tell whether an address lies on the host that a did:web names, over https: nothing else is fetched for it."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return False
    if not did.startswith("did:web:"):
        return True
    return unquote(did.split(":")[2]).lower() == parts.netloc.lower()


def keep_list(
    session: Session, publisher_id: int, did: str, url: str, data: bytes, at: datetime
) -> StoredList:
    """Check the signed revocation list of an issuer and keep it in place of the copy before.

    Raises Invalid when it is not signed by this issuer, not the list of this address, not in its time, older than
    the copy, or no list that a verifier can read.
    """
    try:
        presented = read(data)
        signer = authenticate(presented, trust_store(session))
        document = presented.document
        if signer.did != did or issuer_id(document) != did:
            raise Invalid("it is not signed by this issuer")
        made, until = instant(document.get("validFrom")), instant(document.get("validUntil"))
    except VerificationError as error:
        raise Invalid(f"its signature was not accepted ({error.reason})") from error
    if document.get("id") != url or "BitstringStatusListCredential" not in document.get("type", ()):
        raise Invalid("it is not the list of this address")
    if made is None or until is None or made > at + trust_list.SKEW or until <= at:
        raise Invalid("it is not in its time")
    if until - made > trust_list.LONGEST:
        raise Invalid(f"it says that it is good for longer than {trust_list.LONGEST.days} days")
    _check_readable(document)
    kept = session.scalar(
        select(StoredList).where(StoredList.publisher_id == publisher_id, StoredList.url == url)
    )
    if kept is None:
        kept = StoredList(publisher_id=publisher_id, url=url)
        session.add(kept)
    elif made < kept.made:
        raise Invalid("it is older than the copy that is here")
    kept.did, kept.made, kept.fetched, kept.document = did, made, at, json.dumps(document)
    session.flush()
    return kept


def _check_readable(document: Document) -> None:
    subject = document.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("statusPurpose") not in PURPOSES:
        raise Invalid("it is not of a kind that is read here")
    try:
        status.decode(str(subject.get("encodedList")))
    except ValueError as error:
        raise Invalid(f"it cannot be read: {error}") from error


def _forget_lists(session: Session, publisher: Publisher) -> None:
    """Delete copies of lists that the publisher's list names no more."""
    named = [url for other, _did, url in wanted_lists(session) if other.id == publisher.id]
    session.execute(
        delete(StoredList).where(StoredList.publisher_id == publisher.id, StoredList.url.not_in(named))
    )


def stored_lists(session: Session) -> dict[str, Document]:
    """Return the copies of others' revocation lists by their address, the newest of each."""
    found: dict[str, Document] = {}
    for url, text in session.execute(select(StoredList.url, StoredList.document).order_by(StoredList.made)):
        found[url] = json.loads(text)
    return found


# --- describe --------------------------------------------------------------------------------------------------------


def describe(session: Session, publisher: Publisher, at: datetime) -> dict[str, Any]:
    """Return what an operator wants to know of an accepted list; ``state`` is ``current`` or ``expired``."""
    installation = find_installation(session)
    is_demo = installation is not None and installation.is_demo
    found, accepted = next(
        (trust, chosen) for row, trust, chosen in believed.accepted_issuers(session, is_demo)
        if row.id == publisher.id
    )  # fmt: skip
    copies = {row.url: row for row in session.scalars(
        select(StoredList).where(StoredList.publisher_id == publisher.id))}  # fmt: skip
    return {
        "publisher": publisher.did, "name": publisher.name, "version": publisher.version,
        "made": proofs.written(publisher.made), "next_update": proofs.written(publisher.next_update),
        "state": "expired" if at >= publisher.next_update else "current",
        "fingerprint": keys.fingerprint(publisher.pinned), "url": publisher.url,
        "issuers": [
            {
                "did": issuer.did, "name": issuer.name, "country": issuer.country, "demo": issuer.demo,
                "accepted": issuer.did in accepted, "keys": len(issuer.keys),
                "lists": [
                    {"url": url, "made": proofs.written(copies[url].made) if url in copies else None}
                    for url in issuer.statusLists
                ],
            }
            for issuer in found.issuers
        ],
    }  # fmt: skip


# --- refresh ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was fetched: ``problem`` is None when it is here now."""

    url: str
    what: str
    problem: str | None = None


def fetch_or_problem(fetch: Fetch, url: str) -> tuple[bytes | None, str | None]:
    try:
        return fetch(url), None
    except LMSError as error:
        return None, error.message
