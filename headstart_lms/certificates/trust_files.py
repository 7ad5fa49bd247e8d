"""Read whom to believe from files: for a computer without a database and without a network.

A trust list or the bundle of the verifier: ``issuers`` with their dated keys, and ``statusLists`` as signed
documents. Whoever names the file on the command line decides to believe it; its own signature, when a key in
it fits, shows that it was not damaged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..kernel.errors import Invalid
from . import proofs, signing
from .asking import age
from .facts import instant
from .reading import Document
from .trust import KnownIssuer, TrustedKey, TrustStore, VouchedList

LIST, BUNDLE = "HeadstartTrustList", "HeadstartVerifierBundle"
TYPES = (LIST, BUNDLE)
#: A bundle with ten full revocation lists has 200 kB.
MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class TrustFiles:
    """What was read: the store, which lists it comes from, and what the person should know about them."""

    store: TrustStore
    lists: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]


def read_trust(files: Iterable[Path], at: datetime) -> TrustFiles:
    """Read trust lists and bundles. Raises Invalid with the name of the file."""
    keys: dict[str, TrustedKey] = {}
    issuers: dict[str, KnownIssuer] = {}
    status: dict[str, Document] = {}
    vouched: dict[str, VouchedList] = {}
    suspended: set[tuple[str, int, int]] = set()
    lists: list[dict[str, Any]] = []
    warnings: list[str] = []
    for file in files:
        found = _read(file)
        here: dict[str, TrustedKey] = {}
        for issuer, key in _keys(found, file.name):
            issuers[issuer.did] = issuer
            if key is not None:
                here[key.method] = key
        warnings += _check(found, here, file.name, at)
        for one in _status_lists(found):
            if isinstance(one.get("id"), str):
                status[one["id"]] = one
        if found["type"] == BUNDLE:
            held, stopped = _vouched(found, file.name)
            vouched |= held
            suspended |= stopped
        keys |= here
        lists.append(_list(found, file.name, at))
    store = TrustStore(
        keys, find_list=status.get, vouched=vouched, suspended=frozenset(suspended), issuers=issuers
    )
    return TrustFiles(store, tuple(lists), tuple(warnings))


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
                str(one["did"]), str(one["name"]), one.get("country"), demo=demo,
                status_lists=tuple(url for url in lists if isinstance(url, str)) if isinstance(lists, list) else (),
            )  # fmt: skip
            yield issuer, None
            for key in one["keys"]:
                yield issuer, _key(issuer, key)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid(f"{name}: issuer {number} is not written as it should be.") from error


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


def _check(found: Document, keys: dict[str, TrustedKey], name: str, at: datetime) -> Iterator[str]:
    """Check the file's own signature where its key is at hand, and its age. Raises Invalid when it was changed."""
    given = found.get("proof")
    listed = given if isinstance(given, list) else [given] if isinstance(given, dict) else []
    fitting = 0
    for proof in (one for one in listed if isinstance(one, dict)):
        key = keys.get(str(proof.get("verificationMethod")))
        if key is None or proof.get("cryptosuite") != proofs.JCS:
            continue
        options = {member: value for member, value in proof.items() if member != "proofValue"}
        try:
            data = proofs.jcs_hash(proofs.without_proof(found), options)
            fits = signing.is_signature(key.public, proofs.signature_of(proof), data)
        except ValueError:
            fits = False
        if not fits:
            raise Invalid(f"{name} was changed: its signature does not fit. Get it again.")
        fitting += 1
    if not fitting:
        yield f"{name}: its signature could not be checked. You believe it because you named it."
    until = found.get("nextUpdate") or found.get("validUntil")
    try:
        end = instant(until)
    except Exception:
        end = None
    if end is not None and end < at:
        yield f"{name} is old: a new one was due on {end.date().isoformat()}."


def _list(found: Document, name: str, at: datetime) -> dict[str, Any]:
    dated = next(
        (
            found[n]
            for n in ("issued", "created", "updated", "validFrom", "dated")
            if isinstance(found.get(n), str)
        ),
        None,
    )
    until = found.get("nextUpdate") or found.get("validUntil")
    return {
        "kind": "trust-list", "id": str(found.get("id", name))[:200], "version": found.get("version"),
        "dated": dated, "until": until if isinstance(until, str) else None, "age": age(dated, at),
    }  # fmt: skip
