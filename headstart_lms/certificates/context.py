"""What the pages of certificates share: blueprint, limits of tries, headers."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, make_response, request

from ..kernel import limits
from ..kernel.db import transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _

bp = Blueprint("certificates", __name__)

#: Checks by one address in ten minutes; tries of a year by one address in an hour, and for one code in a day: there
#: are about fifty years to try.
CHECKS, YEARS, YEARS_OF_CODE = 120, 20, 20
DAY = 86_400


def read_year(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if len(text) != 4 or not text.isdecimal():  # digits of any script, but no ² or ①
        raise Invalid(_("Write the year of birth with four numbers, for example 1990."), "year")
    return int(text)


def count(what: str, most: int, seconds: int, who: str | None = None) -> None:
    """Count a try of this address (kept as a keyed hash, for as long as the window lasts)."""
    bucket = current_app.extensions["headstart"].keyring.mac(
        "certificates.limits", what.encode(), (who or request.remote_addr or "").encode()
    )
    with transaction() as current:
        limits.hit(current, bucket.hex(), most, seconds)


def count_check() -> None:
    """Count a check of this address, in memory: a code cannot be guessed, so a flood is all there is to stop."""
    state = current_app.extensions["headstart"]
    who = state.keyring.mac("certificates.limits", b"check", (request.remote_addr or "").encode())
    wait = state.checks.take(who.hex(), CHECKS, 600)
    if wait:
        raise limits.too_many(wait)


def count_years(code: str) -> None:
    count("year", YEARS, 3600)
    count("year-of-code", YEARS_OF_CODE, DAY, who=code)


def installation() -> Any:
    return current_app.extensions["headstart"].installation


def demo(certificate_is_demo: bool = False) -> dict[str, bool]:
    return {"is_demo": certificate_is_demo or installation().is_demo}


def private(body: str | bytes) -> Response:
    return sealed(make_response(body))


def sealed(response: Response) -> Response:
    """Mark a page that may name a person: kept nowhere, found by no search engine, told to no other site.

    ``same-origin`` and not ``no-referrer``: that would make older browsers post our forms with ``Origin:
    null``.
    """
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
