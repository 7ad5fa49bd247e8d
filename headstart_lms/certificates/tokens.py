"""The signed text in the QR code of the paper: a CWT (RFC 8392) in COSE_Sign1 (RFC 9052), Ed25519.

It holds what a desk needs to check a person's paper, so the paper verifies by its own signature even when the
person was erased here. It stands in the fragment of the printed address, which browsers keep to themselves; a
script of our page hands it in. Written in the QR alphabet without space and %, two bytes as three characters.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import cbor, keys, signing
from .documents import check_key_time
from .errors import Altered, NotRead, UnknownIssuer, VerificationError
from .facts import Facts, read_facts
from .keys import Sealer
from .models import Certificate, IssuerKey
from .standing import check_listed, check_place, check_record, check_time, find_own_record
from .trust import TrustedKey, TrustStore
from .verdict import Verdict, VerdictBuilder

PREFIX = "HS1:"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ$*+-./:"
_VALUE = {character: value for value, character in enumerate(ALPHABET)}
#: Characters of a token that is looked at; ours have about 450.
MOST = 2_000

# COSE header parameters and CWT claims (IANA registries); ours is one private claim with a map.
_ALG, _KID, _EDDSA = 1, 4, -8
_ISS, _EXP, _NBF, _OURS = 1, 4, 5, -70_001
# Members of our claim. Never renumber: papers were printed with them.
_NAME, _CODE, _COURSE, _LEVEL, _MODE, _STATUS, _OWN, _YEAR, _SCORE, _DIGEST, _CHECKED, _HOURS, _KIND = range(
    1, 14
)
_MODES = {"none": 0, "supervised": 1, "practice": 3}
_KINDS = ("language", "workplace", "rights", "orientation")
_COSE_SIGN1 = b"\xd2"  # tag 18


def to_text(data: bytes) -> str:
    """Write bytes in the alphabet: two bytes as three characters, a last one as two, lowest digit first."""
    written = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        number = int.from_bytes(pair, "big")
        for _digit in range(len(pair) + 1):
            number, digit = divmod(number, len(ALPHABET))
            written.append(ALPHABET[digit])
    return "".join(written)


def to_bytes(text: str) -> bytes:
    """Read what ``to_text`` wrote. Raises ValueError for anything else."""
    found = bytearray()
    for start in range(0, len(text), 3):
        part = text[start : start + 3]
        number = 0
        for character in reversed(part):
            if character not in _VALUE:
                raise ValueError(f"{character!r} is not in the alphabet")
            number = number * len(ALPHABET) + _VALUE[character]
        if len(part) < 2 or number >= 1 << 8 * (len(part) - 1):
            raise ValueError("the text was not written by us")
        found += number.to_bytes(len(part) - 1, "big")
    return bytes(found)


def key_id(public: bytes) -> bytes:
    return hashlib.sha256(public).digest()[:8]


# --- make ----------------------------------------------------------------------------------------


def make_token(session: Session, certificate: Certificate, *, keyring: Sealer) -> str | None:
    """Return the token that was signed when the certificate was issued; None after an erasure.

    For one from before tokens were kept it is signed now, and None when its key was destroyed.
    """
    if certificate.payload is None:
        return None
    if certificate.token is not None:
        return certificate.token
    payload = json.loads(certificate.payload)
    kid = payload["proof"][0]["verificationMethod"].split("#")[1]
    key = session.scalar(
        select(IssuerKey).where(IssuerKey.did == certificate.issuer_did, IssuerKey.kid == kid)
    )
    if key is None or key.sealed is None:
        return None
    return sign_token(certificate, payload, key, keys.open_seed(key, keyring))


def sign_token(certificate: Certificate, payload: dict[str, Any], key: IssuerKey, seed: bytes) -> str:
    """Return the token of a certificate; Ed25519 makes the same one each time."""
    protected = cbor.encode({_ALG: _EDDSA, _KID: key_id(signing.from_multikey(key.public))})
    claims = cbor.encode(_claims(certificate, read_facts(payload)))
    signature = signing.sign(seed, _to_be_signed(protected, claims))
    return PREFIX + to_text(_COSE_SIGN1 + cbor.encode([protected, {}, claims, signature]))


def _claims(certificate: Certificate, facts: Facts) -> dict[int, Any]:
    ours: dict[int, Any] = {
        _NAME: facts.passport_name, _CODE: certificate.code, _COURSE: f"{facts.course} {facts.version}",
        _LEVEL: facts.level, _MODE: _MODES.get(facts.assessment or ""), _YEAR: facts.year_of_birth,
        _STATUS: [certificate.issued.year, certificate.status_index], _OWN: facts.own_name,
        _SCORE: int(facts.score) if facts.score else None, _DIGEST: bytes.fromhex(certificate.digest)[:16],
        _CHECKED: 1 if facts.is_name_checked else 0, _HOURS: facts.hours,
        _KIND: _KINDS.index(certificate.kind),
    }  # fmt: skip
    if facts.own_name == facts.passport_name:
        ours[_OWN] = None
    claims: dict[int, Any] = {_ISS: certificate.issuer, _NBF: int(facts.valid_from.timestamp())}
    if facts.valid_until is not None:
        claims[_EXP] = int(facts.valid_until.timestamp())
    return {**claims, _OURS: {name: value for name, value in ours.items() if value is not None}}


def _to_be_signed(protected: bytes, claims: bytes) -> bytes:
    return cbor.encode(["Signature1", protected, b"", claims])


# --- check ---------------------------------------------------------------------------------------


def find_token(data: bytes | str) -> str | None:
    """Return the token in a text: alone, or in the fragment of a scanned address.

    None: it is something else.
    """
    if len(data) > MOST + 300:
        return None
    text = data.decode("ascii", "replace") if isinstance(data, bytes) else data
    text = text.strip()
    if text.startswith(PREFIX):
        return text
    _address, mark, fragment = text.partition("#" + PREFIX)
    return PREFIX + fragment if mark and text.startswith(("http://", "https://")) else None


def verify_token(token: str, *, trust: TrustStore, at: datetime) -> Verdict:
    """Check a token at an instant. Never raises for what it holds."""
    made = VerdictBuilder(at)
    try:
        protected, payload, signature = _open(token)
        key = _key_of(protected, trust)
        if not signing.is_signature(key.public, signature, _to_be_signed(protected, payload)):
            raise Altered("signature")
        made.digest, facts, code, place = _read_claims(payload, key)
        check_key_time(key, facts.valid_from)
        made.know(key.issuer)
        record = find_own_record(key.issuer, made.digest, trust)
        if record is not None and record.code != code:
            raise Altered("claims")
        made.facts = facts
        made.answer("genuine", "yes", "signature-fits")
    except VerificationError as error:
        return made.refuse(error)
    made.record = record
    with made.noting():
        check_listed(key.issuer, at)
    with made.noting():
        if record is None:
            check_place(key.issuer, *place, trust, at)
        else:
            check_record(record)
    with made.noting():
        check_time(facts.valid_from, facts.valid_until, at)
    return made.done()


def _open(token: str) -> tuple[bytes, bytes, bytes]:
    try:
        data = to_bytes(token.removeprefix(PREFIX))
        parts = cbor.decode(data.removeprefix(_COSE_SIGN1))
    except (ValueError, TypeError) as error:
        raise NotRead("token") from error
    if not (isinstance(parts, list) and len(parts) == 4 and parts[1] == {}):
        raise NotRead("token")
    protected, _unprotected, payload, signature = parts
    if not all(isinstance(part, bytes) for part in (protected, payload, signature)):
        raise NotRead("token")
    return protected, payload, signature


def _key_of(protected: bytes, trust: TrustStore) -> TrustedKey:
    """Return the trusted key that the header names: EdDSA and a key id, nothing else."""
    try:
        header = cbor.decode(protected)
    except (ValueError, TypeError) as error:
        raise NotRead("token") from error
    if not isinstance(header, dict) or set(header) != {_ALG, _KID} or header[_ALG] != _EDDSA:
        raise NotRead("token")
    for key in trust.keys.values():
        if key.alg == "EdDSA" and key_id(key.public) == header[_KID]:
            return key
    raise UnknownIssuer("issuer-unknown")


def _read_claims(payload: bytes, key: TrustedKey) -> tuple[str, Facts, str, tuple[str, int, int]]:
    """Return (digest, first 16 bytes in hex; facts; code; issuer, year and place in its list) of signed claims.

    Raises Altered when they are not ours.
    """
    try:
        claims = cbor.decode(payload)
        ours = claims[_OURS]
        if key.issuer.did.rsplit(":", 1)[-1] != claims[_ISS]:
            raise Altered("issuer-differs")
        course, version = ours[_COURSE].split(" ")
        score = ours.get(_SCORE)
        facts = Facts(
            title=course, course=course, version=version,
            valid_from=datetime.fromtimestamp(claims[_NBF], UTC),
            valid_until=datetime.fromtimestamp(claims[_EXP], UTC) if _EXP in claims else None,
            passport_name=ours[_NAME], own_name=ours.get(_OWN), year_of_birth=ours.get(_YEAR),
            is_name_checked=ours.get(_CHECKED) == 1,
            kind=_KINDS[ours[_KIND]], level=ours.get(_LEVEL), hours=ours.get(_HOURS),
            assessment={number: mode for mode, number in _MODES.items()}.get(ours.get(_MODE, -1)),
            score=None if score is None else str(score),
        )  # fmt: skip
        year, index = ours[_STATUS]
        if not all(isinstance(number, int) and not isinstance(number, bool) for number in (year, index)):
            raise ValueError("a place in a list is two numbers")
        return ours[_DIGEST].hex(), facts, ours[_CODE], (claims[_ISS], year, index)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, OSError) as error:
        raise Altered("claims") from error
