"""Signed statements: is the signature a good one (1.0.3 Data 2.6; 2.0 4.2.6; RFC 7515)? Pure.

The JWS must be well formed, of an allowed algorithm, and say the same as the statement. When its header brings
an X.509 certificate (``x5c``), the signature must be of the certificate's key; whether that certificate is to be
trusted is for the reader to judge, so the bytes are kept as they came. No address in the header is followed.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ..kernel.crypto import verify_with_certificate
from ..xapi.vocabulary import SIGNATURE
from . import terms as t
from .validator import BadRequest, parse_json

_CLAUSE: Final = "1.0.3 Data 2.6; 2.0 4.2.6"
_ALGORITHMS: Final = ("RS256", "RS384", "RS512")
_BASE64URL: Final = re.compile(rb"[A-Za-z0-9_-]+")


def check_signatures(statements: Sequence[Mapping[str, Any]], contents: Mapping[str, bytes]) -> None:
    """Raise BadRequest when a signature among the attachments is not a good one for its statement."""
    for statement in statements:
        for attachment in statement.get("attachments", ()):
            if attachment["usageType"] != SIGNATURE:
                continue
            if attachment["contentType"].split(";")[0].strip() != "application/octet-stream":
                raise BadRequest(f"A signature has the content type application/octet-stream ({_CLAUSE}).")
            content = contents.get(attachment["sha2"].lower())
            if content is not None:
                _check(statement, content)


def _check(statement: Mapping[str, Any], jws: bytes) -> None:
    parts = jws.strip().split(b".", 3)
    if len(parts) != 3:
        raise BadRequest(f"A signature is a JWS in compact form: three parts ({_CLAUSE}; RFC 7515).")
    head, payload, _ = (_decode(part) for part in parts)
    header = parse_json(head, what="The header of the JWS")
    if not isinstance(header, dict) or header.get("alg") not in _ALGORITHMS:
        raise BadRequest(f"A signature is made with one of {', '.join(_ALGORITHMS)} ({_CLAUSE}).")
    signed = parse_json(payload, what="The payload of the JWS")
    if not isinstance(signed, dict) or not _is_same(statement, signed):
        raise BadRequest(f"What is signed is not what the statement says ({_CLAUSE}).")
    if "x5c" in header:
        _verify(header, *jws.strip().rsplit(b".", 1))


def _verify(header: Mapping[str, Any], signed: bytes, signature: bytes) -> None:
    """Check the signature with the first certificate of ``x5c`` (RFC 7515 4.1.6)."""
    chain = header["x5c"]
    if type(chain) is not list or not chain or any(type(one) is not str for one in chain):
        raise BadRequest(f"“x5c” is a list of certificates in base64 ({_CLAUSE}; RFC 7515 4.1.6).")
    try:
        leaf = base64.b64decode(chain[0], validate=True)  # binascii.Error is a ValueError
        verify_with_certificate(header["alg"], leaf, signed, _decode(signature))
    except ValueError as error:
        said = "“x5c” is not base64" if isinstance(error, binascii.Error) else str(error)
        raise BadRequest(f"The signature does not hold: {said} ({_CLAUSE}; RFC 7515 4.1.6).") from error


def _decode(part: bytes) -> bytes:
    if _BASE64URL.fullmatch(part) is None:
        raise BadRequest(f"A part of the JWS is not base64url ({_CLAUSE}; RFC 7515 2).")
    try:
        return base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error as error:
        raise BadRequest(f"A part of the JWS is not base64url ({_CLAUSE}; RFC 7515 2).") from error


def _is_same(statement: Mapping[str, Any], signed: Mapping[str, Any]) -> bool:
    """Compare as the store compares a statement sent again, without the signature itself."""

    def plain(value: Mapping[str, Any]) -> dict[str, Any]:
        copy = json.loads(json.dumps(value))
        rest = [a for a in copy.pop("attachments", []) if a.get("usageType") != SIGNATURE]
        if rest:
            copy["attachments"] = rest
        return dict(copy)

    return t.is_same_statement(plain(statement), plain(signed))
