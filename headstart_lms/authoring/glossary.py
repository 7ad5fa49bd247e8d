"""Words that are translated the same way everywhere: bundled tables by language pair, shown beside a text."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..paths import bundled_courses

MOST_ROWS = 5000
COLUMNS = ("term", "local", "translation", "note")


@dataclass(frozen=True)
class Term:
    """A term of the source language, what it is called in the country, its translation."""

    term: str
    local: str
    translation: str
    note: str


def folder() -> Path:
    """Return the folder of the bundled tables."""
    return bundled_courses() / "glossaries"


def glossary(folder: Path, source: str, language: str) -> tuple[Term, ...]:
    """Return the terms of ``<source>-<language>.tsv``; none when there is no such table or it is no table."""
    file = folder / f"{source}-{language}.tsv"
    try:
        return _read(file, file.stat().st_mtime_ns)
    except (OSError, ValueError, csv.Error):
        return ()


@lru_cache(maxsize=32)
def _read(file: Path, changed: int) -> tuple[Term, ...]:
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
        found = []
        for row in rows:
            term, local, translation, note = ((row.get(name) or "").strip() for name in COLUMNS)
            if term and (local or translation):
                found.append(Term(term, local, translation, note))
            if len(found) >= MOST_ROWS:
                break
    return tuple(found)


def terms_in(text: str, terms: Iterable[Term]) -> list[Term]:
    """Return the terms that stand in a text, the longer ones first; a plural with s counts."""
    low = text.casefold()
    found = [
        one
        for one in terms
        if one.term.casefold() in low
        and re.search(rf"(?<!\w){re.escape(one.term.casefold())}(?:s|es)?(?!\w)", low)
    ]
    return sorted(found, key=lambda one: -len(one.term))
