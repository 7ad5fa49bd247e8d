"""What a verifier without a network knows: issuers, keys, what was taken back, courses, texts; signed and dated.

Whoever has it can check certificates until it is too old. Nothing in it is about a person: what was taken back
are places in lists, drawn by chance.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from . import believed, contexts, imported, keys, offline_words, proofs, status
from .errors import VerificationError
from .facts import instant
from .imported import PURPOSES
from .keys import Sealer
from .models import Award, Certificate, IssuerKey, StatusList

_log = logging.getLogger("headstart.certificates")

TYPE, FORMAT = "HeadstartVerifierBundle", 1
#: Days after which nothing counts as "not taken back" any more, and after which nothing is checked at all.
STALE_AFTER, REFUSE_AFTER = 7, 30
#: Keys of the publisher that sign: the present one, and earlier ones, which say that it is still the same publisher.
MOST_PROOFS = 3


def build(session: Session, *, keyring: Sealer, base_url: str, at: datetime) -> dict[str, Any]:
    """Return the signed bundle of this installation, made at an instant. May make the publisher's key.

    The default centre publishes. Raises NotFound when there is none.
    """
    at = at.replace(microsecond=0)
    centre = keys.issuing_centre(session, None)
    signing_key = keys.signing_key(session, centre, keyring=keyring, base_url=base_url, at=at)
    document = {
        "type": TYPE,
        "format": FORMAT,
        "version": int(at.timestamp()),
        "made": proofs.written(at),
        "staleAfterDays": STALE_AFTER,
        "refuseAfterDays": REFUSE_AFTER,
        "publisher": {
            "did": signing_key.did, "name": centre.name, "url": base_url,
            "bundle": f"{base_url}/verifier/bundle.json",
        },
        "issuers": believed.known_issuers(session, base_url),
        "statusLists": _lists_of_others(session) | _status_lists(session, base_url, at),
        "suspended": _suspended(session),
        "courses": _courses(session),
        "contexts": sorted(contexts.PINNED),
        "languages": offline_words.languages(),
        "texts": offline_words.texts(),
    }  # fmt: skip
    return sign(document, [signing_key, *_earlier(session, signing_key)], keyring=keyring, at=at)


def sign(
    document: dict[str, Any], by: Sequence[IssuerKey], *, keyring: Sealer, at: datetime
) -> dict[str, Any]:
    """Return a document with an eddsa-jcs-2022 proof of every key; it names no context, for it is no credential."""
    made = [
        proofs.sign(document, seed=keys.open_seed(key, keyring), method=key.method, at=at, suite=proofs.JCS)
        for key in by
    ]
    return {**document, "proof": made}


def text(bundle: dict[str, Any]) -> str:
    """Write a bundle as JSON, the same bytes every time."""
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def publisher_keys(bundle: dict[str, Any]) -> list[str]:
    """Return the publisher's keys that a page pins: Multikeys that are not known to be in other hands."""
    did = bundle["publisher"]["did"]
    return [
        key["publicKeyMultibase"]
        for issuer in bundle["issuers"]
        if issuer["did"] == did
        for key in issuer["keys"]
        if key["compromisedFrom"] is None and "publicKeyMultibase" in key
    ]


def _earlier(session: Session, present: IssuerKey) -> list[IssuerKey]:
    found = session.scalars(
        select(IssuerKey)
        .where(
            IssuerKey.did == present.did, IssuerKey.id != present.id, IssuerKey.sealed.is_not(None),
            IssuerKey.compromised_from.is_(None), IssuerKey.valid_from <= present.valid_from,
        )
        .order_by(IssuerKey.valid_from.desc())
        .limit(MOST_PROOFS - 1)
    )  # fmt: skip
    return list(found)


def _status_lists(session: Session, base_url: str, at: datetime) -> dict[str, dict[str, Any]]:
    """Return the lists of our own centres as they are now: the bundle's signature covers them."""
    found = {}
    for one in session.scalars(select(StatusList).order_by(StatusList.issuer, StatusList.year)):
        indexes = session.scalars(
            select(Certificate.status_index).where(
                Certificate.status_list_id == one.id, Certificate.standing.in_(status.SET)
            )
        )
        found[status.list_url(base_url, one.issuer, one.year)] = {
            "issuer": one.did,
            "year": one.year,
            "statusPurpose": "revocation",
            "encodedList": status.encode(sorted(indexes)),
            "validFrom": proofs.written(at),
            "validUntil": proofs.written(at + timedelta(days=REFUSE_AFTER)),
        }
    return found


def _lists_of_others(session: Session) -> dict[str, dict[str, Any]]:
    """Return our copies of the lists of accepted issuers; each was checked when it was fetched.

    One that cannot be written here is left out: its certificates could not be checked, all others can.
    """
    found = {}
    for url, document in imported.stored_lists(session).items():
        try:
            found[url] = _list_of_others(url, document)
        except (KeyError, TypeError, ValueError, OverflowError, VerificationError):
            _log.warning(
                "the copy of the revocation list %s is left out of the bundle: it cannot be read", url
            )
    return found


def _list_of_others(url: str, document: dict[str, Any]) -> dict[str, Any]:
    subject, year, issuer = document["credentialSubject"], url.rsplit("/", 1)[-1], document["issuer"]
    start, until = instant(document["validFrom"]), instant(document["validUntil"])
    encoded = subject["encodedList"]
    if (
        start is None
        or until is None
        or not isinstance(encoded, str)
        or subject["statusPurpose"] not in PURPOSES
    ):
        raise ValueError("no list that a verifier reads")
    return {
        "issuer": issuer if isinstance(issuer, str) else issuer["id"],
        "year": int(year) if len(year) == 4 and year.isascii() and year.isdigit() else None,
        "statusPurpose": subject["statusPurpose"],
        "encodedList": encoded,
        "validFrom": proofs.written(start),
        "validUntil": proofs.written(until),
    }


def _suspended(session: Session) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Certificate.issuer_did, StatusList.year, Certificate.status_index)
        .join(StatusList, Certificate.status_list_id == StatusList.id)
        .where(Certificate.standing == "suspended")
        .order_by(Certificate.issuer_did, StatusList.year, Certificate.status_index)
    )
    return [{"issuer": did, "year": year, "index": index} for did, year, index in rows]


def _courses(session: Session) -> dict[str, dict[str, Any]]:
    """Return what is known of every course that certificates or awards name; a QR code holds only its slug."""
    found: dict[str, dict[str, Any]] = {}
    for slug, kind, titles, level in session.execute(
        select(Certificate.course_slug, Certificate.kind, Certificate.titles, Certificate.level)
        .where(Certificate.id.in_(_newest(Certificate, Certificate.course_slug)))
        .order_by(Certificate.course_slug)
    ):
        found[slug] = {"titles": titles, "kind": kind, "country": None, "language": None, "level": level}
    for facts in session.scalars(select(Award.facts).where(Award.id.in_(_newest(Award, Award.course_uuid)))):
        found[facts["slug"]] = {
            "titles": facts["titles"], "kind": facts["kind"], "country": facts["country"],
            "language": facts.get("language"), "level": facts.get("level"),
        }  # fmt: skip
    return dict(sorted(found.items()))


def _newest(model: Any, column: Any) -> Any:
    return select(func.max(model.id)).group_by(column)
