"""Revocation lists: Bitstring Status List 1.0, one for each issuer and year."""

from __future__ import annotations

import base64
import gzip
import io
import json
import secrets
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ..accounts.models import Centre
from ..kernel.errors import Conflict, NotFound
from ..kernel.i18n import _
from . import keys, proofs
from .contexts import CREDENTIALS_V2
from .credential import Issuer
from .keys import Sealer
from .models import Certificate, StatusList

#: Bits of a list; the least the standard allows, so that a list hides who is looked up (section 6.1).
LENGTH = 131_072
#: Certificates of an issuer in a year. A quarter of the places stays free, so that a free one is found at random.
MOST = LENGTH * 3 // 4
#: A list is signed anew after a day, and trusted for a week.
FRESH, TRUSTED = timedelta(days=1), timedelta(days=7)
#: Standings that set the bit. A suspension is told by us only (DESIGN 3.5).
SET = ("revoked", "replaced")
#: Bytes that a foreign list may unpack to: 16 times ours.
_MOST = LENGTH // 8 * 16


def encode(indexes: Iterable[int]) -> str:
    """Return a list with these bits set: gzip, base64url without padding, multibase prefix ``u``. Bit 0 is
    leftmost.

    Raises ValueError for an index outside the list.
    """
    bits = bytearray(LENGTH // 8)
    for index in indexes:
        if not 0 <= index < LENGTH:
            raise ValueError(f"index {index} is outside the list")
        bits[index // 8] |= 0x80 >> index % 8
    return "u" + base64.urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).rstrip(b"=").decode("ascii")


def decode(encoded: str) -> bytes:
    """Return the bits of a list.

    Raises ValueError when it is no list, shorter than 131,072 bits, or far too long.
    """
    if not encoded.startswith("u"):
        raise ValueError("a status list starts with u (multibase base64url)")
    text = encoded[1:]
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as unpacked:
            bits = unpacked.read(_MOST + 1)
    except (OSError, EOFError, zlib.error) as error:  # binascii.Error is a ValueError already
        raise ValueError("a status list is gzip") from error
    if not LENGTH // 8 <= len(bits) <= _MOST:
        raise ValueError("the status list has a wrong length")
    return bits


def is_set(bits: bytes, index: int) -> bool:
    """Tell whether a bit is set. Raises ValueError for an index outside the list."""
    if not 0 <= index < len(bits) * 8:
        raise ValueError(f"index {index} is outside the list")
    return bool(bits[index // 8] & (0x80 >> index % 8))


def list_url(base_url: str, issuer: str, year: int) -> str:
    return f"{base_url}/status/{issuer}/{year}"


def take_place(session: Session, issuer: str, did: str, year: int) -> tuple[StatusList, int]:
    """Return the list of an issuer and year, made when needed, and a random free place in it.

    Raises Conflict.
    """
    found = session.scalar(select(StatusList).where(StatusList.issuer == issuer, StatusList.year == year))
    if found is None:
        found = StatusList(issuer=issuer, did=did, year=year)
        session.add(found)
        session.flush()
    here = Certificate.status_list_id == found.id
    if (session.scalar(select(func.count()).where(here)) or 0) >= MOST:
        raise Conflict(
            _("This centre has issued %(most)s certificates this year: its revocation list is full. Let another "
              "centre issue until the new year.", most=MOST)
        )  # fmt: skip
    while True:
        index = secrets.randbelow(LENGTH)
        taken = select(Certificate.id).where(here, Certificate.status_index == index)
        if session.scalar(taken) is None:
            return found, index


def credential(
    issuer: Issuer, url: str, indexes: Iterable[int], *, at: datetime, until: datetime | None = None
) -> dict[str, Any]:
    """Return a BitstringStatusListCredential without proofs; ``until`` is a week later unless said."""
    return {
        "@context": [CREDENTIALS_V2],
        "id": url,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer.did,
        "validFrom": proofs.written(at),
        "validUntil": proofs.written(until or at + TRUSTED),
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encode(indexes),
        },
    }


def signed_list(
    session: Session, issuer: str, year: int, *, keyring: Sealer, base_url: str, at: datetime
) -> str:
    """Return the signed list of an issuer and year as JSON text, made anew when it is old.

    Raises NotFound.
    """
    found = session.scalar(select(StatusList).where(StatusList.issuer == issuer, StatusList.year == year))
    if found is None:
        raise NotFound(_("There is no such list."))
    if found.signed and found.signed_at and at - FRESH < found.signed_at <= at:
        return found.signed
    centre = session.scalar(select(Centre).where(Centre.slug == issuer))
    if centre is None:
        raise NotFound(_("There is no such list."))
    # the centre first, then its list, then its log: whoever holds several holds them in this order
    key = keys.signing_key(session, centre, keyring=keyring, base_url=base_url, at=at, for_lists=True)
    found = session.scalars(
        select(StatusList).where(StatusList.id == found.id)
        .with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one()  # fmt: skip
    if found.signed and found.signed_at and at - FRESH < found.signed_at <= at:
        return found.signed  # by another one, while we waited
    indexes = session.scalars(
        select(Certificate.status_index).where(
            Certificate.status_list_id == found.id, Certificate.standing.in_(SET)
        )
    ).all()
    document = credential(
        keys.issuer_of(centre, base_url), list_url(base_url, issuer, year), sorted(indexes), at=at
    )
    made = proofs.with_proofs(document, seed=keys.open_seed(key, keyring), method=key.method, at=at)
    found.signed = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    found.signed_at = at
    session.flush()
    return found.signed


def forget_signed(session: Session, list_id: int) -> None:
    """Let a list be signed anew at its next reading.

    Written even where nothing is signed: so whoever signs the list right now is waited for, and what was signed
    without the bit that is being set does not stay.
    """
    session.execute(update(StatusList).where(StatusList.id == list_id).values(signed=None))


def find_fresh(session: Session, issuer: str, year: int, at: datetime) -> str | None:
    """Return the signed list when it need not be signed anew: a read without a write."""
    found = session.scalar(select(StatusList).where(StatusList.issuer == issuer, StatusList.year == year))
    if found is None or not found.signed or not found.signed_at:
        return None
    return found.signed if at - FRESH < found.signed_at <= at else None
