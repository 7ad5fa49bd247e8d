"""Quality gates: what a course that is sound in its shape can still do wrong to its learners. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from .document import Course
from .parts import ItemBase, Part
from .words import Words

Loc = tuple[Any, ...]
Problem = tuple[Any, Loc, str]

#: Words in one sentence. Guides for easy reading ask for one thought a sentence, 15 words on average
#: (Inclusion Europe, "Information for all", 2009); this is where even a careful list of things becomes too long.
LONGEST_SENTENCE = 28
#: More than this share of one answer among many true-or-false items teaches to tick it.
LOPSIDED, ENOUGH = 0.75, 12

_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n+")
_MARK = re.compile(r"\[([^\[\]]+)\]\{[a-zA-Z-]+\}")


def gates(course: Course, items: Sequence[tuple[Loc, ItemBase]]) -> Iterator[Problem]:
    """Yield (level, place, sentence). ``items``: every item with its place."""
    if course.source_language == "en":
        yield from _long_sentences(course)
    for loc, item in items:
        yield from _same_options(loc, item)
        yield from _answer_in_question(loc, item)
    yield from _lopsided(items)


def _long_sentences(course: Course) -> Iterator[Problem]:
    for loc, words in texts_of(course, ()):
        for sentence in _SENTENCE.split(_MARK.sub(r"\1", words.text)) if words.is_source else ():
            count = len(sentence.split())
            if count > LONGEST_SENTENCE:
                yield (
                    "warning", loc,
                    f"A sentence of {count} words is hard to read; make two of it: '{sentence[:40]}...'.",
                )  # fmt: skip


def texts_of(value: Any, loc: Loc) -> Iterator[tuple[Loc, Words]]:
    """Yield every text with its place."""
    if isinstance(value, Words):
        yield loc, value
    elif isinstance(value, Part):
        for name in type(value).model_fields:
            yield from texts_of(getattr(value, name), (*loc, name))
    elif isinstance(value, tuple):
        for n, part in enumerate(value):
            yield from texts_of(part, (*loc, n))


def _plain(text: str) -> str:
    """Return a text as learners tell two of them apart: no case, no punctuation at the ends, one kind of space."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).strip(" .!?…")


def _same_options(loc: Loc, item: ItemBase) -> Iterator[Problem]:
    for place, options in _option_lists(item):
        seen: dict[str, str] = {}
        for option in options:
            text = getattr(option, "text", None)
            if not isinstance(text, Words):
                continue
            plain = _plain(text.text)
            if plain in seen:
                yield (
                    "error", (*loc, *place),
                    f"The options '{seen[plain]}' and '{option.id}' read the same; only one of them can be right.",
                )  # fmt: skip
            seen.setdefault(plain, option.id)


def _option_lists(item: ItemBase) -> Iterator[tuple[Loc, Sequence[Any]]]:
    for name in ("options", "choices"):
        if getattr(item, name, None):
            yield (name,), getattr(item, name)
    for name in ("gaps", "steps", "fields"):
        for n, part in enumerate(getattr(item, name, None) or ()):
            for inner in ("options", "choices"):
                if isinstance(part, Part) and getattr(part, inner, None):
                    yield (name, n, inner), getattr(part, inner)


def _answer_in_question(loc: Loc, item: ItemBase) -> Iterator[Problem]:
    """Find a typed answer that stands in the question: whoever copies it is right.

    Gaps are left out: the text around a gap may well repeat its word.
    """
    shown = " ".join(
        _MARK.sub(r"\1", words.text) for words in (item.prompt, item.stimulus) if words is not None
    ).casefold()
    for answer in getattr(item, "answers", None) or ():
        if len(answer) > 3 and re.search(rf"(?<!\w){re.escape(answer.casefold())}(?!\w)", shown):
            yield "warning", loc, f"The answer '{answer}' stands in the question."
            return


def _lopsided(items: Sequence[tuple[Loc, ItemBase]]) -> Iterator[Problem]:
    found = [(loc, str(getattr(item, "answer", None)).lower()) for loc, item in items if item.type == "truth"]
    for answer, count in Counter(answer for _loc, answer in found).items():
        if len(found) >= ENOUGH and count > LOPSIDED * len(found):
            loc = next(loc for loc, given in found if given == answer)
            yield (
                "warning", loc,
                f"{count} of {len(found)} true-or-false items have the answer '{answer}'; write others too.",
            )  # fmt: skip
