"""The ``more`` link: the whole question and how far it was answered, signed; nothing is kept here."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from .validator import BadRequest

#: Signs bytes with the installation's key.
Mac = Callable[[bytes], bytes]
_LENGTH: Final = 16


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a walk goes on: the parameters it began with, the last seq given, the seq it is frozen at."""

    args: Mapping[str, str]
    after: int
    upper: int


def write_cursor(cursor: Cursor, mac: Mac) -> str:
    """Return a cursor as text for a URL. It never expires."""
    body = json.dumps([dict(cursor.args), cursor.after, cursor.upper], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(mac(body)[:_LENGTH] + body).decode().rstrip("=")


def read_cursor(text: str, mac: Mac) -> Cursor:
    """Return the cursor that was written. Raises BadRequest when it was not written here."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadRequest("This “more” link is damaged. Begin again with the first query.") from error
    signature, body = data[:_LENGTH], data[_LENGTH:]
    if not hmac.compare_digest(signature, mac(body)[:_LENGTH]):
        raise BadRequest("This “more” link is damaged. Begin again with the first query.")
    args, after, upper = json.loads(body)
    return Cursor(args, after, upper)
