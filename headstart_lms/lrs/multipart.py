"""multipart/mixed with attachments (RFC 2046 5.1; 1.0.3 Communication 1.5.2; 2.0 4.1.3). Pure."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .validator import BadRequest

_CLAUSE: Final = "1.0.3 Communication 1.5.2; 2.0 4.1.3; RFC 2046"
_BOUNDARY: Final = re.compile(r";\s*boundary=(?:\"([^\"]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_MAX_PARTS: Final = 1_000
_HASHES: Final = {56: hashlib.sha224, 64: hashlib.sha256, 96: hashlib.sha384, 128: hashlib.sha512}


@dataclass(frozen=True, slots=True)
class Part:
    #: names in lower case
    headers: Mapping[str, str]
    content: bytes

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


def split_parts(content_type: str, body: bytes) -> list[Part]:
    """Return the parts of a multipart body. Raises BadRequest when it is not well formed."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise BadRequest(f"A multipart request names its boundary in Content-Type ({_CLAUSE}).")
    delimiter = b"--" + (found[1] or found[2]).encode("utf-8")
    lines = b"\r\n" + body
    pieces = lines.split(b"\r\n" + delimiter, _MAX_PARTS + 2)
    if len(pieces) < 2:
        raise BadRequest(f"The boundary does not stand in the body ({_CLAUSE}).")
    if not pieces[-1].startswith(b"--"):
        raise BadRequest(f"The body does not end with the closing boundary ({_CLAUSE}).")
    if len(pieces) > _MAX_PARTS + 1:
        raise BadRequest(f"At most {_MAX_PARTS} parts in one request.")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    rest = piece.lstrip(b" \t")
    if not rest.startswith(b"\r\n"):
        raise BadRequest(f"After a boundary the line must end ({_CLAUSE}).")
    head, found, content = rest[2:].partition(b"\r\n\r\n")
    if rest.startswith(b"\r\n\r\n"):
        head, found, content = b"", b"\r\n", rest[4:]
    if not found:
        raise BadRequest(f"A part has headers, an empty line, and content ({_CLAUSE}).")
    headers = {}
    for line in head.decode("utf-8", "replace").split("\r\n") if head else ():
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest(f"A header of a part has no colon ({_CLAUSE}).")
        headers[name.strip().lower()] = value.strip()
    return Part(headers, content)


def read_attachments(parts: Iterable[Part], statements: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Return SHA-2 (lower case) -> bytes for the parts after the first.

    Raises BadRequest when a part has no hash, a wrong one, one that no statement names, or is not binary
    (1.0.3 Communication 1.5.2.s1.b4, Data 2.4.11).
    """
    wanted = {a["sha2"].lower() for statement in statements for a in attachments_of(statement)}
    found: dict[str, bytes] = {}
    for part in parts:
        sha2 = part.headers.get("x-experience-api-hash", "").lower()
        if part.headers.get("content-transfer-encoding", "").lower() != "binary":
            raise BadRequest(f"An attachment part needs Content-Transfer-Encoding: binary ({_CLAUSE}).")
        if not sha2:
            raise BadRequest(f"An attachment part needs X-Experience-API-Hash ({_CLAUSE}).")
        if sha2 not in wanted:
            raise BadRequest(f"No attachment of the statements has the hash {sha2[:128]} ({_CLAUSE}).")
        if _HASHES[len(sha2)](part.content).hexdigest() != sha2:
            raise BadRequest(f"The content of the part does not have the hash {sha2} ({_CLAUSE}).")
        found[sha2] = part.content
    return found


def check_complete(statements: Sequence[Mapping[str, Any]], found: Mapping[str, bytes]) -> None:
    """Raise BadRequest for an attachment that has neither content here nor a fileUrl (1.0.3 Data 2.4.11)."""
    for index, statement in enumerate(statements):
        for attachment in attachments_of(statement):
            content = found.get(attachment["sha2"].lower())
            if content is None and "fileUrl" not in attachment:
                raise BadRequest(
                    f"Statement {index} has an attachment with neither fileUrl nor content ({_CLAUSE})."
                )


def attachments_of(statement: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the attachments of a statement and of its SubStatement."""
    found = list(statement.get("attachments", ()))
    if statement["object"].get("objectType") == "SubStatement":
        found += attachments_of(statement["object"])
    return found


def join_parts(
    body: bytes, statements: Iterable[Mapping[str, Any]], contents: Mapping[str, bytes]
) -> tuple[bytes, str]:
    """Return a multipart answer (JSON first, each attachment once) and its Content-Type."""
    boundary = secrets.token_hex(20)
    line = b"--" + boundary.encode() + b"\r\n"
    pieces = [line, b"Content-Type: application/json\r\n\r\n", body, b"\r\n"]
    told: set[str] = set()
    for statement in statements:
        for attachment in attachments_of(statement):
            sha2 = attachment["sha2"].lower()
            if sha2 in told or sha2 not in contents:
                continue
            told.add(sha2)
            kind = re.sub(r"[\x00-\x1f\x7f]", "", attachment["contentType"])
            head = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\n"
            head += f"X-Experience-API-Hash: {sha2}"
            pieces += [line, head.encode(), b"\r\n\r\n", contents[sha2], b"\r\n"]
    pieces.append(b"--" + boundary.encode() + b"--\r\n")
    return b"".join(pieces), f'multipart/mixed; boundary="{boundary}"'
