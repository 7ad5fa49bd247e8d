"""Read whom to believe from files: for a computer without a database and without a network.

A trust list or the bundle of the verifier: ``issuers`` with their dated keys, and ``statusLists`` as signed
documents. Whoever names the file on the command line decides to believe it; its own signature shows that nobody
changed it since, and by whose key it was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ..kernel.errors import Invalid
from . import keys, signing
from .asking import age
from .errors import VerificationError
from .facts import instant
from .file_signatures import Demand, Signer, check_signature
from .reading import Document
from .standing import SKEW
from .trust import KnownIssuer, TrustedKey, TrustStore, VouchedList
from .verdict import sentence

LIST, BUNDLE = "HeadstartTrustList", "HeadstartVerifierBundle"
TYPES = (LIST, BUNDLE)
_WORDS = {LIST: "trust list", BUNDLE: "verifier's bundle"}
#: A bundle with ten full revocation lists has 200 kB.
MOST_BYTES = 50_000_000


_DATES = ("made", "issued", "created", "updated", "validFrom", "dated")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TrustFiles:
    """What was read: the store, which lists it comes from, and what the person should know about them."""

    store: TrustStore
    lists: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]


@dataclass(slots=True)
class _File:
    """One file, read and checked by itself."""

    name: str
    made: datetime
    issuers: dict[str, KnownIssuer] = field(default_factory=dict)
    keys: dict[str, TrustedKey] = field(default_factory=dict)
    signer: Signer | None = None
    status: dict[str, Document] = field(default_factory=dict)
    vouched: dict[str, VouchedList] = field(default_factory=dict)
    suspended: set[tuple[str, int, int]] = field(default_factory=set)


def read_trust(files: Iterable[Path], at: datetime, demand: Demand | None = None) -> TrustFiles:
    """Read trust lists and bundles; of each issuer the newest file tells. Raises Invalid with the name of the file.

    The order of the files does not count. A key that one of them calls compromised is, from the earliest time said.
    """
    demand = demand or Demand()
    for key in demand.publisher_keys:
        try:
            keys.fingerprint(key)
        except ValueError as error:
            raise Invalid("The publisher's key is no Multikey. It starts with z6Mk.") from error
    lists: list[dict[str, Any]] = []
    warnings: list[str] = []
    read: list[_File] = []
    for file in files:
        found = _read(file)
        one = _File(file.name, _made(found, file.name, at))
        for issuer, known in _keys(found, file.name):
            one.issuers[issuer.did] = issuer
            if known is not None:
                one.keys[known.method] = known
        one.signer = check_signature(found, one.name, one.keys, demand)
        if one.signer is None:
            warnings.append(
                f"{file.name}: its signature could not be checked. You believe it because you named it."
            )
        warnings += _check_age(found, file.name, at)
        for listed in _status_lists(found):
            _keep_newer(one.status, listed)
        if found["type"] == BUNDLE:
            one.vouched, one.suspended = _vouched(found, file.name)
        read.append(one)
        lists.append(_list(found, file.name, at))
    store = _merge(read)
    if not demand.names_keys:
        warnings += _say_signers(read)
    return TrustFiles(store, tuple(lists), (*warnings, *_say_missing(read)))


def _merge(read: list[_File]) -> TrustStore:
    """Put the files together so that no older one undoes what a newer one says."""
    known: dict[str, TrustedKey] = {}
    issuers: dict[str, KnownIssuer] = {}
    status: dict[str, Document] = {}
    vouched: dict[str, VouchedList] = {}
    suspended: set[tuple[str, int, int]] = set()
    compromised: dict[tuple[Any, ...], datetime] = {}
    for one in sorted(read, key=lambda file: file.made):
        known = {method: key for method, key in known.items() if key.issuer.did not in one.issuers} | one.keys
        issuers |= one.issuers
        for listed in one.status.values():
            _keep_newer(status, listed)
        for url, held in one.vouched.items():
            if url not in vouched or held.made >= vouched[url].made:
                vouched[url] = held
        told = {held.issuer for held in one.vouched.values()}
        suspended = {place for place in suspended if place[0] not in told} | one.suspended
        for key in one.keys.values():
            if key.compromised_from is not None:
                for name in ((key.method,), (key.alg, key.public)):
                    compromised[name] = min(key.compromised_from, compromised.get(name, key.compromised_from))
    for method, key in known.items():
        said = [compromised[name] for name in ((method,), (key.alg, key.public)) if name in compromised]
        if said:
            known[method] = replace(key, compromised_from=min(said))
    for one in read:
        if one.signer is None:
            continue
        since = compromised.get(("EdDSA", signing.from_multikey(one.signer.public)))
        if since is not None and one.signer.created >= since:
            raise Invalid(f"{one.name}: {sentence('key-compromised')} Get it again.", "key-compromised")
    for url, listed in status.items():
        if url in vouched and _start(listed) > vouched[url].made:
            del vouched[url]
    return TrustStore(
        known, find_list=status.get, vouched=vouched, suspended=frozenset(suspended), issuers=issuers
    )


def _keep_newer(status: dict[str, Document], listed: Document) -> None:
    name = listed.get("id")
    if isinstance(name, str) and (name not in status or _start(listed) >= _start(status[name])):
        status[name] = listed


def _start(listed: Document) -> datetime:
    try:
        return instant(listed.get("validFrom")) or _NEVER
    except VerificationError:
        return _NEVER


def _say_signers(read: list[_File]) -> Iterator[str]:
    """Say once of each key that signed a file whose it is, so that somebody can compare it."""
    said = set()
    for one in read:
        if one.signer is not None and one.signer.public not in said:
            said.add(one.signer.public)
            issuer = one.signer.issuer
            who = f"{issuer.name} ({issuer.did})" if issuer is not None else "an unknown key"
            yield (
                f"{one.name} is signed by {who}, fingerprint {keys.fingerprint(one.signer.public)}. "
                "Compare it with the publisher once, then give it with --fingerprint."
            )


def _say_missing(read: list[_File]) -> Iterator[str]:
    """Name the files that only say where revocation lists are: nothing can be valid with them alone."""
    held = {url for one in read for url in (*one.status, *one.vouched)}
    for one in read:
        named = {url for issuer in one.issuers.values() for url in issuer.status_lists}
        if not one.status and not one.vouched and (not held or named - held):
            yield (
                f"{one.name} holds no revocation lists, so certificates could not be checked with it alone. "
                "Take the bundle.json of the verifier."
            )


def _vouched(found: Document, name: str) -> tuple[dict[str, VouchedList], set[tuple[str, int, int]]]:
    """Return the revocation lists of a bundle by their address, and the places that are suspended.

    They tell for as long as the bundle says that it is not stale, and no longer than each of them.
    """
    try:
        made = _instant(found["made"])
        if made is None:
            raise ValueError("a bundle says when it was made")
        stale = made + timedelta(days=int(found["staleAfterDays"]))
        lists = {}
        for url, one in found["statusLists"].items():
            start, until = _instant(one["validFrom"]) or made, _instant(one["validUntil"])
            lists[url] = VouchedList(
                str(one["issuer"]), one["year"], str(one["statusPurpose"]), str(one["encodedList"]), start,
                stale if until is None else min(until, stale),
            )  # fmt: skip
        return lists, {(one["issuer"], one["year"], one["index"]) for one in found["suspended"]}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Invalid(f"{name} is not written as a verifier's bundle should be.") from error


def _read(file: Path) -> Document:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise Invalid(f"{file.name} is too large to be a trust list.")
        found = json.loads(file.read_bytes())
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{file.name} is not JSON. A trust list is a file that an issuer publishes.") from error
    if not isinstance(found, dict) or found.get("type") not in TYPES:
        raise Invalid(f"{file.name} is no trust list: its type is not {' or '.join(TYPES)}.")
    return found


def _keys(found: Document, name: str) -> Iterator[tuple[KnownIssuer, TrustedKey | None]]:
    issuers = found.get("issuers")
    if not isinstance(issuers, list):
        raise Invalid(f"{name} names no issuers.")
    for number, one in enumerate(issuers, 1):
        try:
            demo = bool(one.get("demo", str(one["did"]).startswith("did:web:localhost")))
            lists = one.get("statusLists") or ()
            issuer = KnownIssuer(
                str(one["did"]), str(one["name"]), one.get("country"), demo=demo, listed=_instant(found.get("made")),
                listed_until=_listed_until(found, one),
                status_lists=tuple(url for url in lists if isinstance(url, str)) if isinstance(lists, list) else (),
            )  # fmt: skip
            yield issuer, None
            for key in one["keys"]:
                yield issuer, _key(issuer, key)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(f"{name}: issuer {number} is not written as it should be.") from error


def _listed_until(found: Document, issuer: Any) -> datetime | None:
    """Return until when a file may be asked about an issuer: a trust list until its next one is due, a bundle until
    the list ends that names an issuer of others.
    """
    ends = [_instant(issuer.get("listedUntil"))]
    if found["type"] == LIST:
        ends.append(_instant(found.get("nextUpdate") or found.get("validUntil")))
    return min((end for end in ends if end is not None), default=None)


def _key(issuer: KnownIssuer, found: Any) -> TrustedKey | None:
    """Return a key; None for a kind that this verifier does not know."""
    text, jwk = found.get("publicKeyMultibase"), found.get("publicKeyJwk")
    method = str(found["method"])
    alg: signing.Algorithm = "EdDSA"
    if isinstance(text, str) and text.startswith("z6Mk"):
        public = signing.from_multikey(text)
    elif isinstance(jwk, dict):
        alg, public = signing.from_jwk(jwk)
    else:
        return None
    if method.split("#")[0] != issuer.did:
        raise ValueError("a key belongs to the issuer that lists it")
    return TrustedKey(
        method, public, issuer, _instant(found.get("from")), _instant(found.get("until")),
        _instant(found.get("compromisedFrom")), alg,
    )  # fmt: skip


def _instant(value: Any) -> datetime | None:
    try:
        return instant(value)
    except Exception as error:
        raise ValueError("a date cannot be read") from error


def _status_lists(found: Document) -> Iterator[Document]:
    """Yield the signed revocation lists, wherever the file keeps them: at its top or with each issuer."""
    places = [found, *(one for one in found["issuers"] if isinstance(one, dict))]
    for place in places:
        given = place.get("statusLists") or []
        for one in given.values() if isinstance(given, dict) else given if isinstance(given, list) else []:
            if isinstance(one, str) and one.lstrip().startswith("{"):
                one = _parsed(one)
            if isinstance(one, dict):
                inner = one.get("credential", one)
                inner = _parsed(inner) if isinstance(inner, str) else inner
                if isinstance(inner, dict):
                    yield inner


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _made(found: Document, name: str, at: datetime) -> datetime:
    """Return when a file was made, the earliest time of all when it does not say. Raises Invalid for a bundle that
    nothing may be checked with any more, and for one of the future.
    """
    try:
        made = _instant(_dated(found))
        if found["type"] == BUNDLE and made is None:
            raise ValueError("a bundle says when it was made")
        if (
            made is not None
            and found["type"] == BUNDLE
            and at >= made + timedelta(days=int(found["refuseAfterDays"]))
        ):
            raise Invalid(f"{name}: {sentence('bundle-refused')} Get it again.", "bundle-refused")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Invalid(f"{name} is not written as a {_WORDS[found['type']]} should be.") from error
    if made is not None and made > at + SKEW:
        raise Invalid(f"{name} was made at {made:%Y-%m-%d %H:%M} UTC: that is in the future.")
    return made or _NEVER


def _check_age(found: Document, name: str, at: datetime) -> Iterator[str]:
    until = found.get("nextUpdate") or found.get("validUntil")
    try:
        end = instant(until)
    except VerificationError:
        end = None
    if end is not None and end < at:
        yield f"{name} is old: a new one was due on {end.date().isoformat()}."


def _dated(found: Document) -> str | None:
    return next((found[name] for name in _DATES if isinstance(found.get(name), str)), None)


def _list(found: Document, name: str, at: datetime) -> dict[str, Any]:
    dated = _dated(found)
    until = found.get("nextUpdate") or found.get("validUntil")
    return {
        "kind": "trust-list", "id": str(found.get("id", name))[:200], "version": found.get("version"),
        "dated": dated, "until": until if isinstance(until, str) else None, "age": age(dated, at),
    }  # fmt: skip
