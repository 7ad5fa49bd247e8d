"""Opaque names and a keyed order for what a form shows."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import TypeVar

from ...kernel.errors import Invalid
from ...kernel.i18n import _

T = TypeVar("T")

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def unknown_answer() -> Invalid:
    return Invalid(_("This answer does not belong to this question. Load the page again, then answer."))


class Tokens:
    """Opaque names for option ids and a keyed order, so that neither values nor order show the key.

    ``key`` is secret and belongs to the installation; ``seed`` to one enrolment or sitting. The same key and
    seed always give the same names and the same order, so a page that is sent again means the same.
    """

    def __init__(self, key: bytes, seed: str) -> None:
        self._key = key
        self.seed = seed

    def _mac(self, *parts: str) -> bytes:
        message = b"".join(len(p.encode()).to_bytes(4) + p.encode() for p in (self.seed, *parts))
        return hmac.digest(self._key, message, hashlib.sha256)

    def token(self, item_id: str, part: str) -> str:
        """Return six lower-case letters and digits that stand for ``part`` of this item."""
        number = int.from_bytes(self._mac("token", item_id, part)[:16])
        token = ""
        for _unused in range(6):
            number, digit = divmod(number, len(_ALPHABET))
            token += _ALPHABET[digit]
        return token

    def resolve(self, item_id: str, token: str, candidates: Iterable[str]) -> str:
        """Return the candidate that ``token`` stands for; raise Invalid when there is none."""
        for candidate in candidates:
            if hmac.compare_digest(self.token(item_id, candidate).encode(), token.encode()):
                return candidate
        raise unknown_answer()

    def shuffled(self, item_id: str, sequence: Iterable[T], what: str = "") -> list[T]:
        """Return the sequence in its keyed order; ``what`` tells several orders inside one item apart."""
        values = list(sequence)
        places = sorted(range(len(values)), key=lambda place: self._mac("order", item_id, what, str(place)))
        return [values[place] for place in places]
