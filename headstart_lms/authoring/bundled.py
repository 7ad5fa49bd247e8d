"""The pictures of the courses we ship, to be found by what they show and used in another course. No Flask."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import polib

from ..courses.source import BrokenFile, read_yaml
from ..courses.words import LANGUAGE
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from ..paths import bundled_courses
from .forms.context import plain, rows_of, text_at

#: Pictures of one page of results.
SIZE = 48


@dataclass(frozen=True)
class Shipped:
    """A picture of a course we ship; ``alt`` as its course says it, ``shown`` in the language of the page."""

    course: str
    id: str
    file: str
    alt: str
    shown: str
    licence: str
    source: str

    @property
    def path(self) -> Path:
        return bundled_courses() / self.course / "media" / self.file


@lru_cache(maxsize=16)
def shipped(language: str) -> tuple[Shipped, ...]:
    """Return all of them, by what they show; the same drawing once."""
    found: dict[tuple[str, int], Shipped] = {}
    for folder in sorted(bundled_courses().iterdir()):
        file = folder / "media.yaml"
        if not file.is_file():
            continue
        try:
            rows: Any = {"media": read_yaml(file, "media.yaml").data}
        except BrokenFile:
            continue
        translated = _translated(folder, language)
        for row in rows_of(rows, "media"):
            name = text_at(row, "file")
            if row.get("kind") != "picture" or not (folder / "media" / name).is_file():
                continue
            alt = plain(row.get("alt"))
            one = Shipped(
                folder.name, row["id"], name, alt, translated.get(row["id"], alt), text_at(row, "licence"),
                text_at(row, "source"),
            )  # fmt: skip
            found.setdefault((alt.casefold(), one.path.stat().st_size), one)
    return tuple(sorted(found.values(), key=lambda one: one.shown.casefold()))


def _translated(folder: Path, language: str) -> dict[str, str]:
    file = folder / "translations" / f"{language}.po"
    if not LANGUAGE.match(language) or not file.is_file():
        return {}
    found = {}
    for entry in polib.pofile(str(file), encoding="utf-8"):
        context = re.fullmatch(r"media/([a-z0-9-]+)/alt", entry.msgctxt or "")
        if context and entry.msgstr and not entry.fuzzy:
            found[context[1]] = entry.msgstr
    return found


def search(language: str, asked: str) -> list[Shipped]:
    """Return the pictures whose words have all that is asked, in the language of the page or of their course."""
    words = _plain(asked).split()
    return [
        one for one in shipped(language)
        if all(word in _plain(f"{one.shown} {one.alt} {one.id}") for word in words)
    ]  # fmt: skip


def _plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


def find(course: str, row_id: str) -> Shipped:
    """Return one of them. Raises NotFound for every other name."""
    for one in shipped("en"):
        if (one.course, one.id) == (course, row_id):
            return one
    raise NotFound(_("This picture or sound is not here."))


def alt_in(one: Shipped, language: str) -> str:
    """Return what a picture shows in a language; "" when nobody has translated it: its author is asked then."""
    if language == "en":
        return one.alt
    found = next((s for s in shipped(language) if (s.course, s.id) == (one.course, one.id)), one)
    return found.shown if found.shown != one.alt else ""
