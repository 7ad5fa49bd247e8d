"""The certificate on paper (PDF/A-3a and PDF/UA-1, the signed file attached) and as a badge picture.

Needs the extra ``pdf`` (typst). Fonts are shipped, so that a file is the same on every machine.
"""

from __future__ import annotations

import importlib.util
import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from ..kernel import i18n, qr
from ..kernel.errors import Conflict, NotFound
from ..kernel.i18n import _
from ..kernel.languages import direction
from . import codes, presenting, rosette
from .facts import Facts, read_facts
from .models import Certificate
from .rules import pick
from .signed_files import get_json

FOLDER = Path(__file__).parent
FONTS = FOLDER / "fonts"
#: The first family that has a letter draws it. Only those that a file can use are named to typst: PDF/UA
#: refuses a missing one.
_FAMILIES = (
    "Noto Sans", "Noto Naskh Arabic", "Noto Sans Hebrew", "Noto Sans Georgian", "Noto Sans Armenian",
    "Noto Sans Ethiopic", "Noto Sans Devanagari", "Noto Sans Bengali", "Noto Sans Gurmukhi",
    "Noto Sans Gujarati", "Noto Sans Tamil", "Noto Sans Telugu", "Noto Sans Kannada", "Noto Sans Malayalam",
    "Noto Sans Sinhala", "Noto Sans Thai", "Noto Sans Lao", "Noto Sans Khmer", "Noto Sans Myanmar",
)  # fmt: skip
#: What the offices of a destination read (``i18n.OFFICE_LANGUAGES``); others get English.
_OFFICES = {
    "AT": "de", "CZ": "cs", "DE": "de", "HU": "hu", "IT": "it", "NL": "nl", "PT": "pt", "SK": "sk",
}  # fmt: skip


def is_available() -> bool:
    """Tell whether the extra is installed."""
    return importlib.util.find_spec("typst") is not None


def make(certificate: Certificate, *, address: str, scanned: str) -> bytes:
    """Return the PDF: first page in the language of the destination's offices, second in the learner's.

    A language without a catalogue is written in English. ``address`` is the check of the code alone: printed,
    and as the small code for CVs; ``scanned`` stands in the large QR code. Raises NotFound when the extra is
    not installed, or after an erasure; Conflict when no font has a letter of the name.
    """
    signed = get_json(certificate)
    facts = read_facts(json.loads(signed))
    office = _written(_OFFICES.get(facts.country or "", "en"))
    own = _written(certificate.person.language if certificate.person is not None else i18n.language())
    data = {
        **_shared(certificate, facts),
        "pages": [
            _page(certificate, facts, address, tag, other) for tag, other in ((office, own), (own, office))
        ],
        "is_one_language": office == own,
    }
    inputs = {
        "data": json.dumps(data), "credential": signed,
        "rosette": _picture(str(rosette.svg(certificate.digest, "")), rosette.ACCENTS[certificate.kind]),
        "qr": _picture(str(qr.svg(scanned, "")), "#000000"),
        "share": _picture(str(qr.svg(address, "")), "#000000"),
    }  # fmt: skip
    return _compile(
        "certificate.typ", inputs, format="pdf", pdf_standards=["a-3a", "ua-1"],
        timestamp=int(certificate.issued.timestamp()),
    )  # fmt: skip


def draw_badge(certificate: Certificate) -> bytes:
    """Return a PNG of 1000 x 1280 pixels: rosette, course, level, issuer, code, the line. No name.

    Raises as ``make``.
    """
    facts = read_facts(json.loads(get_json(certificate)))
    own = certificate.person.language if certificate.person is not None else i18n.language()
    second = pick(certificate.titles, own)
    with i18n.in_language(_written(_OFFICES.get(facts.country or "", "en"))):
        data = {
            **_shared(certificate, facts), "lang": i18n.language(),
            "kind": _("Certificate"), "level": facts.level, "skills": None,
            "second": second if second != facts.title else None, "second_dir": direction(own),
            "demo": _("Demo: proves nothing.") if certificate.demo else None,
            "issued": presenting.day(certificate.issued),
        }  # fmt: skip
    figure = _picture(str(rosette.svg(certificate.digest, "")), rosette.ACCENTS[certificate.kind])
    return _compile("badge.typ", {"data": json.dumps(data), "rosette": figure}, format="png", ppi=144.0)


def _compile(template: str, inputs: dict[str, str], **how: Any) -> bytes:
    if not is_available():
        raise NotFound(_("PDF files are not made here. Open the certificate and print the page."))
    import typst  # an extra: only those who want PDF need it

    for with_machine in (False, True):  # the machine's own fonts only for letters that ours do not have
        fonts, families = _fonts(with_machine)
        data = {**json.loads(inputs["data"]), "fonts": families}
        try:
            return bytes(
                typst.compile(
                    FOLDER / template, root=FOLDER, font_paths=fonts,
                    sys_inputs={**inputs, "data": json.dumps(data)}, **how,
                )
            )  # fmt: skip
        except typst.TypstError as error:
            if "font" not in str(error):
                raise
    raise Conflict(_("A letter of the name has no font here. Open the certificate and print the page."))


@cache
def _fonts(with_machine: bool) -> tuple[Any, list[str]]:
    """Return the fonts a file may use, read once, and their families in order."""
    import typst  # see _compile()

    fonts = typst.Fonts(
        include_system_fonts=with_machine, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    there = [str(family) for family in fonts.families()]
    ours = [family for family in _FAMILIES if family in there]
    others = [family for family in there if family not in ours and " CJK SC" in family or "DejaVu" in family]
    return fonts, [*ours, *others]


def _written(language: str) -> str:
    """Return a language that texts can be written in: itself when it has a catalogue, else English."""
    return language if i18n.has_catalogue(language) else "en"


def _picture(svg: str, colour: str) -> str:
    """Make an inline SVG one that stands alone."""
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace("currentColor", colour)


def _shared(certificate: Certificate, facts: Facts) -> dict[str, object]:
    own_name = facts.own_name if facts.own_name != facts.passport_name else None
    return {
        "accent": rosette.ACCENTS[certificate.kind],
        "title": facts.title,
        "passport_name": facts.passport_name,
        "own_name": own_name,
        "own_dir": _direction_of(own_name or ""),
        "issuer": certificate.issuer_name,
        "code": codes.show(certificate.code),
        "outcomes": facts.outcomes,
    }


def _direction_of(text: str) -> str:
    """Return the direction of a text's first letter (UAX 9, P2)."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return "rtl" if next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L" else "ltr"


def _page(
    certificate: Certificate, facts: Facts, address: str, language: str, other: str
) -> dict[str, object]:
    """Return what one page says, in its language; ``other`` is that of the other page."""
    second = pick(certificate.titles, other if language != other else language)
    verifier = address.rsplit("/", 1)[0]
    with i18n.in_language(other):
        other_kind = _("Certificate")
    with i18n.in_language(language):
        rows, _more = presenting.on_paper(facts)
        return {
            "lang": language.split("-")[0],
            "dir": direction(language),
            "demo": _("Demo: proves nothing.") if certificate.demo else None,
            "kind": " · ".join(dict.fromkeys([_("Certificate"), other_kind])),
            "title": pick(certificate.titles, language),
            "second": second if second != pick(certificate.titles, language) else None,
            "second_dir": direction(other),
            "reached": _("What was reached"),
            "rows": [
                {"label": row.label, "value": row.value, "code": row.is_code} for row in rows if not row.parts
            ],
            "can": _("What the person can do"),
            "issued": presenting.day(certificate.issued),
            "check": _("Check at %(address)s", address=f"\u2066{verifier}\u2069"),
            "check_address": verifier,
            "rosette_label": _("Rosette of this certificate"),
            "qr_label": _("QR code: opens the page that checks this certificate"),
            "holder": _("For the holder"),
            "share": _("For your CV"),
            "share_hint": _("This code shows course, level, issuer and dates. It does not show your name."),
            "share_label": _("QR code for a CV: opens the check of the code"),
            "address": address,
        }
