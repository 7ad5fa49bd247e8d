"""Fetch what an accepted trust list names: https, small, soon, no other address than the one that was asked for."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import requests

from ..kernel.errors import Invalid

#: Bytes of an answer; seconds to connect, between two pieces, and for the whole answer.
MOST_BYTES, CONNECT, PIECE, WHOLE = 5_000_000, 10, 15, 60


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Send no user name: without this, one would be taken from a file of the operator."""
    return request


def get(url: str) -> bytes:
    """Return what an https address holds. Redirects are refused. Raises Invalid with what went wrong."""
    if urlsplit(url).scheme != "https":
        raise Invalid("only https addresses are fetched")
    begin = time.monotonic()
    try:
        with requests.get(
            url, stream=True, allow_redirects=False, timeout=(CONNECT, PIECE), auth=_nobody
        ) as answer:  # fmt: skip
            if answer.status_code != 200:
                is_elsewhere = 300 <= answer.status_code < 400
                raise Invalid(
                    "it sends us to another address, which is refused" if is_elsewhere
                    else f"it answers {answer.status_code}"
                )  # fmt: skip
            found = bytearray()
            for piece in answer.iter_content(65_536):
                found += piece
                if len(found) > MOST_BYTES:
                    raise Invalid("it is too big")
                if time.monotonic() - begin > WHOLE:
                    raise Invalid("it takes too long")
            return bytes(found)
    except requests.RequestException as error:
        raise Invalid(f"it cannot be reached ({type(error).__name__})") from error
