"""The certificate as PDF/A-3a and PDF/UA-1, the signed file attached. Needs the extra ``pdf`` (typst)."""

from __future__ import annotations

import importlib.util
import json
from functools import cache
from pathlib import Path

from ..kernel import i18n, qr
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from ..kernel.languages import direction
from . import codes, presenting, rosette
from .facts import Facts, read_facts
from .models import Certificate
from .rules import pick
from .signed_files import get_json

TEMPLATE = Path(__file__).parent / "certificate.typ"
_ACCENTS = {"language": "#0B6E6E", "workplace": "#7A3E6D", "rights": "#3D4FA3", "orientation": "#47617A"}
#: Fonts for every script that names may have; the first that has a letter draws it. Those that a machine
#: lacks are left out, see ``_fonts``.
_FONTS = (
    "Noto Sans", "Noto Naskh Arabic", "Noto Sans Arabic", "Noto Sans Hebrew", "Noto Sans Georgian",
    "Noto Sans Armenian", "Noto Sans Ethiopic", "Noto Sans Devanagari", "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Sinhala", "Noto Sans Thai", "Noto Sans Myanmar", "Noto Sans Khmer", "Noto Sans CJK SC",
    "DejaVu Sans", "Libertinus Serif",
)  # fmt: skip


def is_available() -> bool:
    """Tell whether the extra is installed."""
    return importlib.util.find_spec("typst") is not None


def make(certificate: Certificate, *, address: str, scanned: str) -> bytes:
    """Return the PDF: in English, which the office reads, with the title in the learner's language beside it.

    ``address`` is printed, ``scanned`` stands in the QR code. The learner has the page in her own language.
    Raises NotFound when the extra is not installed, or after an erasure.
    """
    if not is_available():
        raise NotFound(_("PDF files are not made here. Open the certificate and print the page."))
    import typst  # an extra: only those who want PDF need it

    signed = get_json(certificate)
    facts = read_facts(json.loads(signed))
    second, own_word = pick(certificate.titles, i18n.language()), _("Certificate")
    with i18n.in_language("en"):
        content = _content(certificate, facts, address, second, own_word)
    return bytes(
        typst.compile(
            TEMPLATE, root=TEMPLATE.parent, format="pdf", pdf_standards=["a-3a", "ua-1"],
            timestamp=int(certificate.issued.timestamp()),
            sys_inputs={
                "data": json.dumps(content),
                "credential": signed,
                "rosette": _picture(str(rosette.svg(certificate.digest, "")), _ACCENTS[certificate.kind]),
                "qr": _picture(str(qr.svg(scanned, "")), "#000000"),
            },
        )
    )  # fmt: skip


def _picture(svg: str, colour: str) -> str:
    """Make an inline SVG one that stands alone."""
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace("currentColor", colour)


def _content(
    certificate: Certificate, facts: Facts, address: str, second: str, own_word: str
) -> dict[str, object]:
    language = i18n.language()
    rows, outcomes = presenting.on_paper(facts)
    return {
        "lang": language.split("-")[0],
        "dir": direction(language),
        "fonts": [font for font in _FONTS if font in _installed()],
        "accent": _ACCENTS[certificate.kind],
        "demo": _("Demo: proves nothing.") if certificate.demo else None,
        "kind": " · ".join(dict.fromkeys([_("Certificate"), own_word])),
        "title": facts.title,
        "second": second if second != facts.title else None,
        "passport_name": facts.passport_name,
        "own_name": facts.own_name if facts.own_name != facts.passport_name else None,
        "reached": _("What was reached"),
        "rows": [
            {"label": row.label, "value": row.value, "parts": row.parts, "code": row.is_code} for row in rows
        ],
        "outcomes": outcomes,
        "can": _("What the person can do"),
        "issuer": certificate.issuer_name,
        "issued": presenting.day(certificate.issued),
        "code": codes.show(certificate.code),
        "check": _("Check at %(address)s", address="\u2066" + address.rsplit("/", 1)[0] + "\u2069"),
        "rosette_label": _("Rosette of this certificate"),
        "qr_label": _("QR code: opens the page that checks this certificate"),
    }


@cache
def _installed() -> frozenset[str]:
    """Return the font families of this machine: typst warns of, and PDF/UA refuses, what is missing."""
    import typst  # see make()

    return frozenset(str(family) for family in typst.Fonts().families())
