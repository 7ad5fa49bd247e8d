"""Quality gates of teaching: are words used, aims practised and tested, texts readable, keys spread? Pure.

They look over the whole course, where ``gates`` looks at one text or one item.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from .document import Course, Entry
from .gates import Loc, Problem, texts_of
from .parts import DialogueBlock, GrammarBlock, ItemBase, ItemsBlock, ScenarioBlock, TextBlock, Unit

#: An entry is met in so many items, and in one dialogue or text beside them.
ITEMS_OF_AN_ENTRY = 2
#: Years of English school that texts of a unit may ask for (Flesch-Kincaid grade level, 1975). A2 readers of
#: plain texts manage about the sixth; names of offices and laws raise the figure without making a text hard.
HARDEST = 8.0
ENOUGH_WORDS = 120
#: A unit has room for so many questions in its minutes; fewer practise little.
ITEMS_OF_A_UNIT = (5, 22)
#: Single choices whose right option stands most often at one place: the share, and from how many on it says something.
AT_ONE_PLACE, ENOUGH_CHOICES = 0.6, 20

#: Letters by which a word is looked up before texts are searched; no stem of ``finder`` is shorter.
_HEAD = 3

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_MARK = re.compile(r"\[([^\[\]]+)\]\{[a-zA-Z-]+\}")


def teaching(course: Course, items: Sequence[tuple[Loc, ItemBase]]) -> Iterator[Problem]:
    """Yield (level, place, sentence). ``items``: every item with its place."""
    if course.kind == "language":
        yield from _unused_entries(course, [item for _loc, item in items])
    yield from _untested_outcomes(course)
    if course.source_language == "en":
        yield from _hard_units(course)
    yield from _sizes(course)
    yield from _places_of_keys(items)
    yield from _minimal_pairs(course, items)


# --- words ------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Return a text as words with one space between, lower-case, without marks."""
    text = _MARK.sub(r"\1", unicodedata.normalize("NFC", text)).casefold().replace("’", "'")
    return " ".join(re.findall(r"\w+", text))


#: Endings that inflection changes, by language: what is cut before a word is looked for.
_ENDINGS = {"it": ("are", "ere", "ire", "rsi", "a", "e", "i", "o"), "de": ("en", "n", "e", "er")}


def finder(entry: Entry, language: str) -> Callable[[str], bool]:
    """Return what tells whether a plain text uses an entry: in one of its forms, or with another ending."""
    patterns = []
    for form in (entry.word, entry.plural, *entry.forms):
        if not form or form == "-":
            continue
        words = _plain(form).split()
        if len(words) == 1 and len(words[0]) > 4 and form is entry.word:
            cut = max((e for e in _ENDINGS.get(language, ()) if words[0].endswith(e)), key=len, default="")
            stem = words[0].removesuffix(cut)
            patterns.append(re.escape(stem if len(stem) > 2 else words[0]) + r"\w{0,5}")
        else:
            patterns.append(r"\s".join(re.escape(word) for word in words))
    pattern = re.compile(r"\b(?:" + "|".join(patterns) + r")\b")
    return lambda text: pattern.search(text) is not None


def _unused_entries(course: Course, items: Iterable[ItemBase]) -> Iterator[Problem]:
    language = course.taught.language if course.taught else ""
    asked = [
        _plain(" ".join(words.text for _loc, words in texts_of(item, ())) + " " + _typed(item))
        for item in items
    ]
    told = _plain(" ".join(_told(course)))
    # a course has a million pairs of word and question: only texts with a word that begins alike are searched
    begins: dict[str, set[int]] = {}
    for number, text in enumerate(asked):
        for word in text.split():
            begins.setdefault(word[:_HEAD], set()).add(number)
    for n, entry in enumerate(course.entries):
        uses = finder(entry, language)
        forms = [_plain(form) for form in (entry.word, entry.plural, *entry.forms) if form]
        near = {number for form in forms for number in begins.get(form.split(" ")[0][:_HEAD], ())}
        count = sum(uses(asked[number]) for number in near)
        if count < ITEMS_OF_AN_ENTRY:
            yield (
                "warning", ("entries", n),
                f"'{entry.word}' is used in {count} of the {ITEMS_OF_AN_ENTRY} questions a word needs. "
                "Ask for it once more, or write its other forms under 'forms'.",
            )  # fmt: skip
        if not uses(told):
            yield (
                "warning",
                ("entries", n),
                f"'{entry.word}' stands in no dialogue and no text. Use it in one.",
            )


def _typed(item: ItemBase) -> str:
    """Return the answers that are typed: they are plain strings, no ``Words``."""
    found = list(getattr(item, "answers", None) or ())
    for part in (*(getattr(item, "gaps", None) or ()), *(getattr(item, "fields", None) or ())):
        found += getattr(part, "answers", None) or ()
    return " ".join(found)


def _told(course: Course) -> Iterator[str]:
    for unit in course.units:
        for block in unit.blocks:
            if isinstance(block, DialogueBlock | TextBlock | GrammarBlock | ScenarioBlock):
                yield from (words.text for _loc, words in texts_of(block, ()))
            elif isinstance(
                block, ItemsBlock
            ):  # a message to read is a text, also when a question follows it
                for item in block.items:
                    if item.stimulus is not None and len(item.stimulus.text.split()) >= 8:
                        yield item.stimulus.text


def _minimal_pairs(course: Course, items: Sequence[tuple[Loc, ItemBase]]) -> Iterator[Problem]:
    """Find a typed answer that takes another word of the course, with another accent, for a right one."""
    words = {entry.word.casefold(): entry for entry in course.entries}
    for loc, item in items:
        answers = [answer.casefold() for answer in getattr(item, "answers", None) or ()]
        for one in answers:
            for other in answers:
                if one < other and one in words and other in words and _bare(one) == _bare(other):
                    yield (
                        "error", loc,
                        f"'{one}' and '{other}' are two words of this course; only one of them can be right here.",
                    )  # fmt: skip


def _bare(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


# --- aims -------------------------------------------------------------------------------------------


def _untested_outcomes(course: Course) -> Iterator[Problem]:
    """Find an aim that no question asks about: none in the units that teach it, none of its topic in the bank."""
    in_bank = {item.topic for item in course.bank} | {o for item in course.bank for o in item.outcomes}
    for n, outcome in enumerate(course.outcomes):
        units = [unit for unit in course.units if outcome.id in unit.outcomes]
        if units and not any(unit.marked_ids for unit in units):
            yield "warning", ("outcomes", n), f"No unit practises the outcome '{outcome.id}'."
        if course.bank and outcome.id not in in_bank and not in_bank & set(outcome.topics):
            yield (
                "warning", ("outcomes", n),
                f"No item of the bank tests the outcome '{outcome.id}': none names it, or one of its topics.",
            )  # fmt: skip


# --- texts ------------------------------------------------------------------------------------------


def grade_level(text: str) -> float:
    """Return the Flesch-Kincaid grade level of an English text: 0.39 words/sentence + 11.8 syllables/word - 15.59."""
    words = _WORD.findall(text)
    sentences = max(1, len([s for s in re.split(r"[.!?:;]+(?:\s|$)|\n+", text) if _WORD.search(s)]))
    if not words:
        return 0.0
    syllables = sum(
        max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word.casefold())))) for word in words
    )
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def _hard_units(course: Course) -> Iterator[Problem]:
    for n, unit in enumerate(course.units):
        text = "\n".join(_source_of(unit))
        if len(_WORD.findall(text)) >= ENOUGH_WORDS and (level := grade_level(text)) > HARDEST:
            yield (
                "warning", ("units", n),
                f"The English of this unit asks for {level:.0f} years of school (Flesch-Kincaid); "
                "shorter sentences and shorter words help.",
            )  # fmt: skip


def _source_of(unit: Unit) -> Iterator[str]:
    """Yield the running texts in the source language, without the words of another language in them."""
    for block in unit.blocks:
        if isinstance(block, TextBlock | GrammarBlock | ScenarioBlock) and block.text.is_source:
            yield from (
                _MARK.sub(" ", line.lstrip("#-*0123456789. ")) for line in block.text.text.splitlines()
            )


def _sizes(course: Course) -> Iterator[Problem]:
    low, high = ITEMS_OF_A_UNIT
    for n, unit in enumerate(course.units):
        count = len(unit.marked_ids)
        if count and not low <= count <= high and len(course.units) > 3:
            yield (
                "warning", ("units", n),
                f"{count} marked questions in one unit; between {low} and {high} practise enough and end in time.",
            )  # fmt: skip


# --- keys -------------------------------------------------------------------------------------------


def _places_of_keys(items: Sequence[tuple[Loc, ItemBase]]) -> Iterator[Problem]:
    """Warn when the right option is mostly written at one place: pages mix them, printed sheets do not."""
    found = [
        (loc, next((n for n, option in enumerate(item.options) if option.right), 0))  # type: ignore[attr-defined]
        for loc, item in items
        if item.type == "single"
    ]
    for place, count in Counter(place for _loc, place in found).items():
        if len(found) >= ENOUGH_CHOICES and count > AT_ONE_PLACE * len(found):
            loc = next(loc for loc, here in found if here == place)
            yield (
                "warning", loc,
                f"In {count} of {len(found)} single choices the right option is number {place + 1}; spread it.",
            )  # fmt: skip
