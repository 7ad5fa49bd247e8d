"""Read what a stranger hands in: bytes or text to one plain JSON document, or a refusal. No network, no
signature.

Every limit is here (CERTIFICATES 3.4 and 6.1): size, depth, number of values, duplicate members, JSON-LD
keywords and full addresses as member names, contexts that are not pinned.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import pictures
from .contexts import CREDENTIALS_V2
from .errors import NotRead

Document = dict[str, Any]
#: Bytes of a whole upload, levels of nesting, values in it. A certificate of ours has 5 KB, 8 levels, 200
#: values.
MOST_BYTES, MOST_LEVELS, MOST_VALUES = 200_000, 20, 5_000
#: Bytes of an upload: a PDF with a certificate attached, a photo of a QR code.
MOST_UPLOAD = 12_000_000
#: Streams of a PDF that are looked into, and pictures in it that are searched for a QR code.
MOST_STREAMS, MOST_PICTURES = 500, 2

# an end that is missing ends with the text: else every quote after it would be tried as a beginning
_STRING = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\\?\Z)', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_JWT = re.compile(r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$")
#: JWT claims that repeat a member of the credential (VC-JOSE-COSE; Open Badges 3.0, 8.2.4.1).
CLAIMS = frozenset({"iss", "jti", "nbf", "sub", "exp", "iat"})


@dataclass(frozen=True, slots=True)
class Presented:
    """What was handed in: a credential, and for a JWT what its one signature covers."""

    document: Document
    header: Document | None = None
    claims: Document | None = None
    signed: bytes = b""
    signature: bytes = b""


def unwrap(data: bytes | str) -> bytes | str:
    """Take what is signed out of a PDF or a picture: an attached or baked credential, else the text of a QR
    code in it. Anything else comes back as it is.

    Raises NotRead, CouldNotCheck.
    """
    if isinstance(data, str):
        return data
    if len(data) > MOST_UPLOAD:
        raise NotRead("too-big")
    if data.startswith(b"%PDF-"):
        return _from_pdf(data)
    if pictures.is_picture(data):
        baked = pictures.find_baked(data, MOST_BYTES)
        return baked if baked is not None else _best(pictures.read_qr(data), "no-qr")
    return data


def _best(texts: list[str], reason: str) -> str:
    """Return the text of a QR code to check: one with signed data before a plain address."""
    if not texts:
        raise NotRead(reason)
    return max(texts, key=lambda text: ("#HS1:" in text or text.startswith("HS1:"), "/verify/" in text))


def read(data: bytes | str) -> Presented:
    """Read a credential (JSON), a VC-JWT, or an SVG with one baked in; of PDF and PNG see ``unwrap``.

    Raises NotRead, CouldNotCheck.
    """
    text = _text(unwrap(data))
    if text.startswith("<"):
        text = _baked(text)
    if _JWT.match(text):
        return _read_jwt(text)
    document = parse(text)
    check_terms(document)
    return Presented(document)


def _text(data: bytes | str) -> str:
    # measured before it is decoded; a character has at most four bytes
    if len(data) > MOST_BYTES:
        raise NotRead("too-big")
    if isinstance(data, bytes):
        try:
            data = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise NotRead("not-text") from error
    text = data.strip().removeprefix("\ufeff")
    if not text:
        raise NotRead("empty")
    return text


def _from_pdf(data: bytes) -> bytes | str:
    """Return the credential attached to a PDF, else the text of the QR code on a scanned page.

    No PDF is parsed: its streams are unpacked one by one, with a limit; scanners store a page as one JPEG.
    """
    end, scanned = 0, []
    for _number in range(MOST_STREAMS):
        start = data.find(b"stream", end)
        end = data.find(b"endstream", start + 6)
        if start < 0 or end < 0:
            break
        packed = data[start + 6 : end].lstrip(b"\r\n")
        end += len(b"endstream")
        if packed.startswith(pictures.JPEG):
            scanned.append(packed)
            continue
        try:
            # the first bytes tell; only a stream that begins like JSON is unpacked further
            if zlib.decompressobj().decompress(packed, 16).lstrip().startswith(b"{"):
                found = zlib.decompressobj().decompress(packed, MOST_BYTES + 1)
                if b'"@context"' in found:
                    return found
        except zlib.error:
            continue  # a stream that is packed in another way: a font, a picture
    largest = sorted(scanned, key=len, reverse=True)[:MOST_PICTURES]
    return _best([text for picture in largest for text in _codes_on(picture)], "no-attachment")


def _codes_on(picture: bytes) -> list[str]:
    try:
        return pictures.read_qr(picture)
    except NotRead:
        return []


def _baked(text: str) -> str:
    """Return the credential in a baked SVG (Open Badges 3.0, 5.3.2.2).

    Searched as text: no XML is ever parsed.
    """
    start = text.find("<openbadges:credential")
    opened = text.find(">", start)
    closed = text.find("</openbadges:credential>", opened)
    if start < 0 or opened < 0 or closed < 0:
        raise NotRead("not-json")
    attribute = re.search(r'\bverify\s*=\s*"([^"]*)"', text[start:opened])
    if attribute:
        return _text(attribute[1])
    return _text(text[opened + 1 : closed].strip().removeprefix("<![CDATA[").removesuffix("]]>"))


def parse(text: str) -> Document:
    """Parse JSON within the limits; an object is expected. Raises NotRead."""
    depth = deepest = 0
    for match in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if match[0] in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > MOST_LEVELS:
        raise NotRead("too-deep")
    try:
        value = json.loads(text, object_pairs_hook=members_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise NotRead("not-json") from error
    if not isinstance(value, dict):
        raise NotRead("not-json")
    if sum(1 for _value in _values(value)) > MOST_VALUES:
        raise NotRead("too-many")
    return value


def members_once(pairs: list[tuple[str, Any]]) -> Document:
    """Make an object of its members. Raises ValueError when one stands twice: readers would differ on it."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _values(value: Any) -> Iterator[Any]:
    """Yield every value, iteratively: the depth is limited, the recursion still need not be tried."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        yield found
        if isinstance(found, dict):
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def check_terms(document: Document) -> None:
    """Refuse a document whose JSON could say something else than its RDF (CERTIFICATES 3.4). Raises NotRead.

    Members are plain terms; the context is a list of addresses that starts with VCDM 2.0. A context inside is
    allowed in proofs and endorsements only, where the standards put one.
    """
    named = document.get("@context")
    if not isinstance(named, list) or not named or named[0] != CREDENTIALS_V2:
        raise NotRead("context")
    _check_terms(document, may_have_context=True)


def _check_terms(value: Any, *, may_have_context: bool) -> None:
    if isinstance(value, list):
        for inner in value:
            _check_terms(inner, may_have_context=may_have_context)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name == "@context":
                if not may_have_context or not _are_addresses(inner):
                    raise NotRead("context")
            elif not name or "@" in name or ":" in name:
                raise NotRead("term")
            else:
                _check_terms(inner, may_have_context=name in ("proof", "endorsement"))


def _are_addresses(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 10 and all(isinstance(entry, str) for entry in value)


def contexts_in(document: Document, find: Callable[[str], Document]) -> dict[str, Document]:
    """Return the documents of every context named anywhere in a document, by address.

    Raises what ``find`` does.
    """
    named: dict[str, Document] = {}
    for value in _values(document):
        if isinstance(value, dict):
            for address in value.get("@context", ()):
                named[address] = find(address)
    return named


# --- JWT ---------------------------------------------------------------------------------------


def _read_jwt(text: str) -> Presented:
    head, body, tail = text.split(".")
    header, claims = (parse(_text(_base64url(part))) for part in (head, body))
    document = {name: value for name, value in claims.items() if name not in CLAIMS}
    check_terms(document)
    if "proof" in document:
        raise NotRead("term")
    return Presented(document, header, claims, f"{head}.{body}".encode("ascii"), _base64url(tail))


def _base64url(text: str) -> bytes:
    """Decode base64url; only the one canonical spelling, so that no character can be changed unnoticed."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise NotRead("not-json") from error
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != text:
        raise NotRead("not-json")
    return raw
