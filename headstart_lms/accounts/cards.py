"""The card with a learner's code."""

from __future__ import annotations

from markupsafe import Markup

from ..kernel import qr
from ..kernel.i18n import _


def code_picture(base_url: str, code: str) -> Markup:
    """Draw the code as a link to the sign-in page; the code is in the fragment, which no server log holds."""
    return qr.svg(f"{base_url}/sign-in#{code}", _("Your code as a picture for a camera"))


def card_text() -> str:
    """Return what a printed card tells the learner, in the language of the page."""
    return _("With this code you learn on any phone. It is like a key: do not give it to other people.")
