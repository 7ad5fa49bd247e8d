"""Does the issuer still stand by a certificate, and is it in its time?"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from . import proofs, status
from .documents import authenticate, issuer_id
from .errors import (
    Altered,
    Expired,
    ListOld,
    NotInRegister,
    NotYetValid,
    Replaced,
    Revoked,
    StandingNotKnown,
    Suspended,
    VerificationError,
)
from .facts import instant
from .reading import Document, read
from .trust import KnownIssuer, Record, TrustStore, VouchedList

#: Clocks of issuers and verifiers differ.
SKEW = timedelta(minutes=5)


def find_own_record(issuer: KnownIssuer, digest: str, trust: TrustStore) -> Record | None:
    """Return our record of a certificate of ours. A signature on one that we never issued is a forgery."""
    if not issuer.is_own:
        return None
    record = trust.find_record(digest)
    if record is None:
        raise NotInRegister("not-in-register")
    return record


def check_listed(issuer: KnownIssuer, at: datetime) -> None:
    """Raise when the trust list that names the issuer is past its time."""
    if issuer.listed_until is not None and at >= issuer.listed_until:
        raise ListOld("trust-list-old", issuer.listed)


def check_time(valid_from: datetime, valid_until: datetime | None, at: datetime) -> None:
    if at + SKEW < valid_from:
        raise NotYetValid("not-yet")
    if valid_until is not None and at >= valid_until:
        raise Expired("expired")


def check_record(record: Record) -> None:
    """Raise what our register says against a certificate."""
    if record.standing == "good":
        return
    kinds: dict[str, type[VerificationError]] = {
        "revoked": Revoked, "replaced": Replaced, "suspended": Suspended,
    }  # fmt: skip
    raise kinds[record.standing](record.standing)


def check_standing(document: Document, record: Record | None, trust: TrustStore, at: datetime) -> None:
    """Check that the issuer still stands by it: our register, else its stored list."""
    if record is not None:
        check_record(record)
        return
    entry = document.get("credentialStatus")
    if entry is None:
        return  # this issuer does not revoke
    if not isinstance(entry, dict) or entry.get("type") != "BitstringStatusListEntry":
        raise StandingNotKnown("list-kind")
    url, index, purpose = (
        entry.get(name) for name in ("statusListCredential", "statusListIndex", "statusPurpose")
    )
    if isinstance(index, int) and not isinstance(index, bool):
        index = str(index)  # the standard wants a string; some issuers write a number
    if not isinstance(url, str) or not isinstance(index, str) or not (index.isascii() and index.isdigit()):
        raise StandingNotKnown("list-kind")
    _check_place(url, int(index[:9]), issuer_id(document), purpose, trust, at)


def check_place(
    issuer: KnownIssuer, slug: str, year: int, index: int, trust: TrustStore, at: datetime
) -> None:
    """Check the place that a QR code names, in the list of this issuer and year that its trust list names."""
    end = f"/status/{slug}/{year}"
    url = next((url for url in issuer.status_lists if url.endswith(end)), None)
    if url is None:
        raise StandingNotKnown("list-missing")
    _check_place(url, index, issuer.did, "revocation", trust, at)


def _check_place(url: str, index: int, issuer: str, purpose: Any, trust: TrustStore, at: datetime) -> None:
    vouched = trust.vouched.get(url)
    if vouched is not None:
        _check_vouched(vouched, issuer, purpose, index, trust, at)
        return
    listed = trust.find_list(url)
    if listed is None:
        raise StandingNotKnown("list-missing")
    _check_list(listed, issuer, purpose, index, trust, at)


def _check_list(
    listed: Document, issuer: str, purpose: Any, index: int, trust: TrustStore, at: datetime
) -> None:
    """Read one bit of a signed list.

    It must be signed by the issuer itself, for the same purpose, and be fresh.
    """
    try:
        presented = read(proofs.jcs(listed))
        signer = authenticate(presented, trust)
        start, until = _span(listed)
        check_time(start, None, at)
        bits = _bits(listed, purpose)
        is_set = status.is_set(bits, index)
    except (VerificationError, ValueError) as error:
        raise StandingNotKnown("list-not-usable") from error
    if signer.did != issuer:
        raise StandingNotKnown("list-not-usable")
    _tell(is_set, purpose, start, until, at)


def _check_vouched(
    listed: VouchedList, issuer: str, purpose: Any, index: int, trust: TrustStore, at: datetime
) -> None:
    """Read one bit of a list that a signed bundle holds."""
    try:
        if (listed.issuer, listed.purpose) != (issuer, purpose):
            raise ValueError("the list is of somebody else, or for something else")
        is_set = status.is_set(status.decode(listed.encoded), index)
    except ValueError as error:
        raise StandingNotKnown("list-not-usable") from error
    _tell(is_set, purpose, listed.made, listed.until, at)
    if listed.year is not None and (issuer, listed.year, index) in trust.suspended:
        raise Suspended("suspended")


def _tell(is_set: bool, purpose: Any, made: datetime, until: datetime | None, at: datetime) -> None:
    """Raise what a bit says. What was taken back stays taken back, however old the list."""
    is_old = until is not None and at >= until
    if is_old and not (is_set and purpose == "revocation"):
        raise StandingNotKnown("list-old", made)
    if is_set:
        raise Suspended("suspended") if purpose == "suspension" else Revoked("revoked")


def _span(document: Document) -> tuple[datetime, datetime | None]:
    start = instant(document.get("validFrom"))
    if start is None:
        raise Altered("date")
    return start, instant(document.get("validUntil"))


def _bits(listed: Document, purpose: Any) -> bytes:
    subject = listed.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("statusPurpose") != purpose:
        raise ValueError("the list has another purpose")
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str):
        raise ValueError("the list is empty")
    return status.decode(encoded)
