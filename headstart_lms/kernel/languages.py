"""Languages in texts: their direction, and the mark of words in another language."""

from __future__ import annotations

import re

#: ``[words]{it}`` inside a text: words of another language, kept in every translation.
MARKED = re.compile(r"\[([^\[\]]+)\]\{([a-z]{2,3}(?:-[A-Za-z]+)*)\}")

_RTL = frozenset({"ar", "fa", "he", "ps", "ur", "ckb", "dv", "yi", "sd", "ug"})


def direction(language: str) -> str:
    """Return ``rtl`` or ``ltr`` for a BCP 47 tag."""
    return "rtl" if language.split("-")[0] in _RTL and "Latn" not in language else "ltr"
