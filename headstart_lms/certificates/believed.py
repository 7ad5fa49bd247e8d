"""Issuers of others that are believed here: what the accepted trust lists say together.

One place for it, so that a check with the network and the bundle for those without say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from . import keys, proofs, signing, trust_list
from .models import Publisher
from .trust_list import Document, ListedIssuer, ListedKey, TrustList


def known_issuers(session: Session, base_url: str) -> list[Document]:
    """Return every issuer that is believed here, in the shape of the list: our own, and those we accepted.

    Those of others say by ``listedBy`` whose list names them, and by ``listedUntil`` how long it is good.
    """
    own = trust_list.own_issuers(session, base_url)
    dids = {issuer["did"] for issuer in own}
    return own + [
        _shown(one) for one in believed_issuers(session, keys.is_demo(base_url)) if one.did not in dids
    ]


@dataclass(frozen=True, slots=True)
class BelievedKey:
    """A key of others. ``compromised_from``: the earliest day that any accepted list gives."""

    listed: ListedKey
    compromised_from: datetime | None


@dataclass(frozen=True, slots=True)
class Believed:
    """An issuer of others, as the first accepted list has it that names it."""

    publisher: Publisher
    issuer: ListedIssuer
    keys: tuple[BelievedKey, ...]

    @property
    def did(self) -> str:
        return self.issuer.did


def believed_issuers(session: Session, is_demo: bool) -> list[Believed]:
    """Return the issuers of the accepted lists, each as the list accepted first has it.

    The other lists give no key and take none away: a publisher could sign for the issuers of another. They are heard
    when they say that a key is in wrong hands; the same key under another name is the same key.
    """
    first: dict[str, tuple[Publisher, ListedIssuer]] = {}
    lost: dict[str, list[ListedKey]] = {}
    for publisher, found, accepted in accepted_issuers(session, is_demo):
        for issuer in found.issuers:
            if issuer.did in accepted:
                first.setdefault(issuer.did, (publisher, issuer))
                reported = [key for key in issuer.keys if key.compromisedFrom is not None]
                if reported:
                    lost.setdefault(issuer.did, []).extend(reported)
    return [
        Believed(publisher, issuer, _believed_keys(issuer, lost.get(did, ())))
        for did, (publisher, issuer) in first.items()
    ]


def _believed_keys(issuer: ListedIssuer, lost: Sequence[ListedKey]) -> tuple[BelievedKey, ...]:
    found: dict[str, BelievedKey] = {}
    for key in issuer.keys:
        found.setdefault(key.method, BelievedKey(key, None))
    if not lost:
        return tuple(found.values())
    since: dict[str | tuple[str, bytes], datetime] = {}
    for report in lost:
        if report.compromisedFrom is not None:
            for name in (report.method, report.public):
                since[name] = min(report.compromisedFrom, since.get(name, report.compromisedFrom))
    return tuple(
        replace(one, compromised_from=min(
            (since[name] for name in (one.listed.method, one.listed.public) if name in since), default=None))
        for one in found.values()
    )  # fmt: skip


def _shown(one: Believed) -> Document:
    """Write an issuer of others as we write our own: what reads it need not know how others write."""
    issuer = one.issuer
    log = None if issuer.log is None else {**issuer.log.model_dump(), "at": proofs.written(issuer.log.at)}
    return {
        "did": issuer.did, "name": issuer.name, "country": issuer.country, "url": issuer.url,
        "demo": issuer.demo, "keys": [_shown_key(key) for key in one.keys],
        "statusLists": list(issuer.statusLists), "log": log,
        "listedBy": one.publisher.name, "listedUntil": proofs.written(one.publisher.next_update),
    }  # fmt: skip


def _shown_key(key: BelievedKey) -> Document:
    listed, lost = key.listed, key.compromised_from
    public: Document = (
        {"publicKeyJwk": signing.to_jwk(listed.public[1])} if listed.publicKeyMultibase is None
        else {"publicKeyMultibase": listed.publicKeyMultibase}
    )  # fmt: skip
    return {
        "method": listed.method, **public, "from": proofs.written(listed.start),
        "until": proofs.written(listed.until), "compromisedFrom": None if lost is None else proofs.written(lost),
    }  # fmt: skip


def accepted_issuers(session: Session, is_demo: bool) -> list[tuple[Publisher, TrustList, frozenset[str]]]:
    """Return each publisher with his list and the DIDs on it that are believed here, first accepted first.

    A demo's issuer is never believed by an installation that is none.
    """
    made = []
    for publisher in session.scalars(select(Publisher).order_by(Publisher.id)):
        found = _stored(session, publisher)
        chosen = frozenset(
            issuer.did for issuer in found.issuers
            if (is_demo or not issuer.demo) and (publisher.only is None or issuer.did in publisher.only)
        )  # fmt: skip
        made.append((publisher, found, chosen))
    return made


#: Lists that were read before, by their digest: reading one of 5,000 issuers takes longer than a check.
_read: dict[str, TrustList] = {}


def _stored(session: Session, publisher: Publisher) -> TrustList:
    known = _read.get(publisher.digest)
    if known is None:
        text = session.scalars(
            select(Publisher).where(Publisher.id == publisher.id).options(undefer(Publisher.document))
        ).one().document  # fmt: skip
        if len(_read) >= 16:
            _read.clear()
        known = _read[publisher.digest] = trust_list.read(text)[1]
    return known
