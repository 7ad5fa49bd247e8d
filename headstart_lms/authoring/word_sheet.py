"""Vocabulary pasted from a spreadsheet: which column is what, and the entries it makes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..assessments.marking import ARTICLES
from ..kernel.i18n import _
from .forms.context import headword, plain
from .lines import Problem
from .sheets import Row, columns_of, read_rows

Data = dict[str, Any]

#: Columns, and how people call them.
COLUMNS: dict[str, tuple[str, ...]] = {
    "word": (
        "words",
        "term",
        "headword",
        "entry",
        "wort",
        "parola",
        "mot",
        "palabra",
        "palavra",
        "szó",
        "slovo",
    ),
    "article": ("artikel", "articolo", "artigo"),
    "gender": ("genus", "genere", "m f"),
    "plural": ("plurale", "mehrzahl", "meervoud"),
    "gloss": ("meaning", "translation", "english", "explanation"),
    "example": ("sentence", "example sentence", "beispiel", "esempio"),
    "example_gloss": ("example gloss", "example meaning", "example translation", "meaning of the example"),
    "kind": ("type", "part of speech", "pos", "word class"),
    "hint": ("note", "remark"),
}
KINDS = ("noun", "verb", "adjective", "adverb", "number", "phrase", "other")
GENDERS = {
    "m": "m",
    "f": "f",
    "mf": "mf",
    "m/f": "mf",
    "masculine": "m",
    "feminine": "f",
    "masc": "m",
    "fem": "f",
}
#: Without a head: what columns of a list of words mostly are.
_ORDERS = {
    1: ("word",), 2: ("word", "gloss"), 3: ("word", "gloss", "example"),
    4: ("word", "gloss", "example", "example_gloss"),
}  # fmt: skip
MAX_WORD = 200


@dataclass(frozen=True)
class Sheet:
    """A pasted table: its rows without the head, and the column of each name."""

    rows: tuple[Row, ...]
    columns: Mapping[str, int]
    #: False when the columns were guessed.
    has_head: bool
    width: int
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Word:
    """One row as an entry, without an id; ``twin`` is the id of an entry that reads the same."""

    line: int
    data: Data
    twin: str = ""


def read_sheet(text: str, taught: str | None, chosen: Mapping[int, str] | None = None) -> Sheet:
    """Read a table. ``chosen`` says what each column is (place -> name, "" for none), over head and guess."""
    rows, problems = read_rows(text)
    head = columns_of(rows[0], COLUMNS) if rows else None
    body = rows[1:] if head is not None else rows
    width = max((len(row.cells) for row in rows), default=0)
    columns = head if head is not None else _guessed(body, width, taught)
    if chosen:
        columns = {}
        for place, name in sorted(chosen.items()):
            if name in COLUMNS and place < width:
                columns.setdefault(name, place)
    if body and "word" not in columns:
        problems.append(Problem(rows[0].line, 0, _("Say which column has the words.")))
    return Sheet(tuple(body), columns, head is not None, width, tuple(problems))


def _guessed(rows: Sequence[Row], width: int, taught: str | None) -> dict[str, int]:
    articles = _articles(taught)
    found: dict[str, int] = {}
    for place in range(width):
        cells = [row.at(place).casefold() for row in rows if row.at(place)]
        if not cells:
            continue
        if "gender" not in found and all(cell in GENDERS for cell in cells):
            found["gender"] = place
        elif "article" not in found and all(cell in articles for cell in cells):
            found["article"] = place
        elif "kind" not in found and all(cell in KINDS for cell in cells):
            found["kind"] = place
    rest = [place for place in range(width) if place not in found.values()]
    names = _ORDERS.get(len(rest), ("word", "plural", "gloss", "example", "example_gloss", "hint"))
    return found | dict(zip(names, rest, strict=False))


def _articles(taught: str | None) -> frozenset[str]:
    return ARTICLES.get((taught or "").split("-")[0], frozenset())


def read_words(
    sheet: Sheet, taught: str | None, existing: Sequence[Mapping[str, Any]]
) -> tuple[list[Word], list[Problem]]:
    """Return the entries of a table; a row that reads as an entry that is there already names its twin."""
    found: list[Word] = []
    problems = list(sheet.problems)
    twins = {key: str(row["id"]) for row in existing for key in [_key(headword(row))] if row.get("id")}
    seen: dict[str, int] = {}
    if "word" not in sheet.columns:
        return found, problems
    for row in sheet.rows:
        data, wrong = _entry(row, sheet.columns, taught)
        if wrong:
            problems += wrong
            continue
        key = _key(headword(data))
        if key in seen:
            message = _(
                "“%(word)s” stands twice, first in line %(line)s. Keep one.",
                word=headword(data),
                line=seen[key],
            )
            problems.append(Problem(row.line, sheet.columns["word"] + 1, message))
            continue
        seen[key] = row.line
        found.append(Word(row.line, data, twins.get(key, "")))
    return found, problems


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.casefold().split()))


def _entry(row: Row, columns: Mapping[str, int], taught: str | None) -> tuple[Data, list[Problem]]:
    problems: list[Problem] = []

    def cell(name: str) -> str:
        return row.at(columns.get(name))

    def wrong(name: str, message: str) -> None:
        problems.append(Problem(row.line, columns.get(name, -1) + 1, message))

    word, article = _split(cell("word"), cell("article"), taught)
    gender = GENDERS.get(cell("gender").casefold(), "")
    kind = cell("kind").casefold()
    if not word:
        wrong("word", _("The word is missing."))
    if len(word) > MAX_WORD:
        wrong("word", _("This is too long for a word."))
    if not cell("gloss"):
        wrong("gloss", _("Write what it means."))
    if cell("gender") and not gender:
        wrong("gender", _("Write m, f or mf, or leave it empty."))
    if kind and kind not in KINDS:
        wrong("kind", _("Write one of: %(kinds)s. Or leave it empty.", kinds=", ".join(KINDS)))
    if cell("example_gloss") and not cell("example"):
        wrong("example", _("There is a meaning for an example, but no example."))
    if cell("example") and not cell("example_gloss"):
        wrong("example_gloss", _("Write what the example means, or leave the example out."))
    data: Data = {"kind": kind or _kind(word, article, gender, cell("gloss"))}
    data["word"] = word
    data |= {"article": article} if article else {}
    data |= {"gender": gender} if gender else {}
    data |= {"plural": cell("plural")} if cell("plural") else {}
    data["gloss"] = cell("gloss")
    if cell("example"):
        data["example"] = {"text": cell("example"), "gloss": cell("example_gloss")}
    data |= {"hint": cell("hint")} if cell("hint") else {}
    return data, problems


def _split(word: str, article: str, taught: str | None) -> tuple[str, str]:
    """Take the article off a word that was written with it: ``la farmacia``, ``l'acqua``."""
    if article:
        return word, article
    articles = _articles(taught)
    first, _space, rest = word.partition(" ")
    if rest and " " not in rest and first.casefold() in articles:
        return rest, first
    for mark in ("'", "\u2019"):
        first, found, rest = word.partition(mark)
        if found and rest and " " not in rest and first.casefold() + "'" in articles:
            return rest, first + mark
    return word, ""


def _kind(word: str, article: str, gender: str, gloss: str) -> str:
    if article or gender:
        return "noun"
    if re.match(r"to [a-z]", gloss):
        return "verb"
    return "phrase" if " " in word or word[-1:] in ".!?" else "other"


def id_of(word: str, taken: Collection[str]) -> str:
    """Return an id for an entry: the word in plain letters; a number where that is taken or has none."""
    letters = unicodedata.normalize("NFKD", word.casefold().replace("ß", "ss"))
    stem = re.sub(r"[^a-z0-9]+", "-", "".join(c for c in letters if not unicodedata.combining(c))).strip("-")[
        :36
    ]
    stem = stem.strip("-") if stem[:1].isalpha() else "w"
    if stem not in taken and stem != "w":
        return stem
    number = 2 if stem != "w" else 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def joined(rows: Sequence[Any], words: Sequence[Word], taken: Collection[str], *, update: bool) -> list[Any]:
    """Return the rows of a file with new words at the end; a word with a twin here changes it when ``update``."""
    found = [
        _updated(row, words) if update and isinstance(row, dict) else row for row in rows
    ]  # fmt: skip
    used = set(taken)
    for word in words:
        if word.twin:
            continue
        name = id_of(word.data["word"], used)
        used.add(name)
        found.append({"id": name, **word.data})
    return found


def _updated(row: Data, words: Sequence[Word]) -> Data:
    """Take from a pasted row what it says; what it does not say stays."""
    word = next((word for word in words if word.twin and word.twin == row.get("id")), None)
    if word is None:
        return row
    new = {**row, **{key: value for key, value in word.data.items() if key not in ("kind", "gloss")}}
    if plain(row.get("gloss")) != word.data["gloss"]:
        new["gloss"] = word.data["gloss"]
    return new
