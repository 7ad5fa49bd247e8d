"""Check by code: what our register says, and for code + year of birth everything that was signed."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import codes, signing
from .documents import check_key_time
from .errors import VerificationError
from .facts import read_facts
from .models import Certificate, IssuerKey
from .reading import unwrap
from .rules import pick
from .services import find_certificate, read_payload
from .standing import check_record, check_time
from .status import SET
from .tokens import find_token
from .trust import KnownIssuer, TrustedKey, TrustStore, record_of, trust_store
from .verdict import Answer, Verdict, VerdictBuilder
from .verify import verify


@dataclass(frozen=True, slots=True)
class Found:
    """A verdict and, when the code is known, the row it is about.

    Without ``verdict.facts``: public facts only.
    """

    verdict: Verdict
    certificate: Certificate | None


def by_code(session: Session, code: str, at: datetime) -> Found:
    """Check a code alone. Raises codes.CodeError for a text that is no code."""
    certificate = find_certificate(session, code)
    if certificate is None:
        return Found(_unknown("no-such-code", at), None)
    made = VerdictBuilder(at)
    made.issuer = KnownIssuer(
        certificate.issuer_did, certificate.issuer_name, is_own=True, demo=certificate.demo
    )
    try:
        _check_key(session, certificate)
    except VerificationError as error:
        return Found(made.refuse(error), certificate)
    made.record, made.digest = record_of(certificate), certificate.digest
    made.answer("genuine", "yes", "register-only")
    made.answer("issuer", "yes", "issuer-known")
    with made.noting():
        check_record(made.record)
    with made.noting():
        check_time(certificate.valid_from, certificate.valid_until, at)
    return Found(made.done(), certificate)


def _check_key(session: Session, certificate: Certificate) -> None:
    """Raise for a certificate whose key was compromised when it signed: what documents with it are told, too.

    One that was taken back does not count anyway, and its answer says which certificate took its place. Of one
    that was erased before its key was written down, every key of that time counts.
    """
    if certificate.standing in SET:
        return
    query = select(IssuerKey).where(IssuerKey.did == certificate.issuer_did)
    if certificate.signed_with is not None:
        query = query.where(IssuerKey.kid == certificate.signed_with)
    else:
        query = query.where(
            IssuerKey.valid_from <= certificate.issued, IssuerKey.valid_until > certificate.issued
        )
    for row in session.scalars(query):
        issuer = KnownIssuer(row.did, row.issuer_name, is_own=True)
        key = TrustedKey(
            row.method, signing.from_multikey(row.public), issuer, row.valid_from, row.valid_until,
            row.compromised_from,
        )  # fmt: skip
        check_key_time(key, certificate.issued)


def by_code_and_year(
    session: Session, code: str, year: int | None, at: datetime, trust: TrustStore | None = None
) -> Found:
    """Check a code with the year of birth. A wrong year, an erased holder and an unknown code look the same.

    Raises codes.CodeError for a text that is no code.
    """
    certificate = find_certificate(session, code)
    if certificate is None or not is_year_of(certificate, year):
        return Found(_unknown("no-such-pair", at), None)
    verdict = verify(certificate.payload or "", trust=trust or trust_store(session), at=at)
    return Found(verdict, certificate)


def is_year_of(certificate: Certificate, year: int | None) -> bool:
    """Tell whether this is the year of birth in the signed data; never after an erasure."""
    payload = read_payload(certificate)
    if payload is None or year is None:
        return False
    signed = read_facts(payload).year_of_birth
    return hmac.compare_digest(str(signed).encode(), str(year).encode())


def by_document(session: Session, data: bytes | str, at: datetime, trust: TrustStore | None = None) -> Found:
    """Check signed data, or the picture of a code. The row is found by the digest of what was signed, when it
    is one of ours.
    """
    try:
        data = unwrap(data)
    except VerificationError as error:
        return Found(VerdictBuilder(at).refuse(error), None)
    if isinstance(data, str) and (code := code_in(data)):
        return by_code(session, code, at)
    verdict = verify(data, trust=trust or trust_store(session), at=at)
    certificate = None
    if verdict.record is not None:
        certificate = find_certificate(session, verdict.record.code)
    if certificate is not None and verdict.facts is not None and verdict.facts.title == verdict.facts.course:
        # a QR code is too small for the title: it names the course, and the register knows its title
        title = pick(certificate.titles, "en")
        verdict = replace(verdict, facts=replace(verdict.facts, title=title))
    return Found(verdict, certificate)


def code_in(text: str) -> str:
    """Return the code in an address of a verifier without signed data, or a text that is a code; else ""."""
    if find_token(text) is not None:
        return ""
    last = text.split("#")[0].split("?")[0].rstrip("/").rsplit("/", 1)[-1] if "://" in text else text
    return last if len(last) <= 40 and codes.is_code(last) else ""


def _unknown(reason: str, at: datetime) -> Verdict:
    answers = (
        Answer("genuine", "no", reason),
        *(Answer(name, "unknown", "not-checked") for name in ("issuer", "time", "standing")),
    )
    return Verdict("unknown", answers, at, reason=reason)
