"""Check a certificate that somebody hands in. Raises inside; pages and commands get a Verdict.

What is decided and shown is read from the signed data only, after its signature was found to fit.
"""

from __future__ import annotations

from datetime import datetime

from . import proofs
from .documents import authenticate
from .errors import NotRead, VerificationError
from .facts import read_facts
from .reading import Document, read, unwrap
from .standing import check_listed, check_standing, check_time, find_own_record
from .tokens import find_token, verify_token
from .trust import TrustStore
from .verdict import Verdict, VerdictBuilder

__all__ = ["verify"]


def verify(data: bytes | str, *, trust: TrustStore, at: datetime) -> Verdict:
    """Check a certificate at an instant: JSON, VC-JWT, baked SVG or PNG, PDF with the file attached, text of a
    QR code, a photo or a scan of one.

    Never raises for what was handed in. Uses ``trust`` and nothing else: no network, no other table.
    """
    try:
        data = unwrap(data)
    except VerificationError as error:
        return VerdictBuilder(at).refuse(error)
    token = find_token(data)
    if token is not None:
        return verify_token(token, trust=trust, at=at)
    return verify_document(data, trust=trust, at=at)


def verify_document(data: bytes | str, *, trust: TrustStore, at: datetime) -> Verdict:
    """Check a document at an instant. Never raises for what it holds."""
    made = VerdictBuilder(at)
    try:
        presented = read(data)
        issuer = authenticate(presented, trust)
        made.know(issuer)
        document = presented.document
        made.digest = _digest(document)
        record = find_own_record(issuer, made.digest, trust)
        made.facts = facts = read_facts(document)
        made.answer("genuine", "yes", "signature-fits")
    except VerificationError as error:
        return made.refuse(error)
    made.record = record
    with made.noting():
        check_listed(issuer, at)
    with made.noting():
        check_standing(document, record, trust, at)
    with made.noting():
        check_time(facts.valid_from, facts.valid_until, at)
    return made.done()


def _digest(document: Document) -> str:
    try:
        return proofs.digest(document)
    except ValueError as error:
        raise NotRead("not-json") from error
