"""Marking of typed answers (DOMAIN 4.2): two scores, meaning and form, and a remark for each small slip.

An answer is compared word by word. What never counts is gone before (marking_text.plain). Then each word is
the same, or a named equivalent (accent, keyboard, one letter), or wrong. A form that is another word of the
course is never an equivalent: schon is not schön. Pure: no clock, no chance, no state.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .marking_diff import Difference, diff, distance, likeness
from .marking_text import (
    base_language,
    capitals_count,
    fold,
    is_keyboard_form,
    plain,
    without_accents,
    words_of,
)

#: What a slip leaves of the form score; several are multiplied. The meaning score stays 1, except for
#: word-order, where the words are right but the sentence may say something else (meaning 0.5).
FORM = {
    "capital": 0.9, "keyboard": 0.9, "accent": 0.8, "spacing": 0.8, "typo": 0.7,
    "article-missing": 0.6, "article-extra": 0.6, "article-wrong": 0.6, "word-order": 0.5,
}  # fmt: skip
WORD_ORDER_MEANING = 0.5

#: A shorter word with one other letter is mostly another word.
TYPO_LENGTH = 5

#: Share of equal letters below which a letter-by-letter comparison helps nobody.
LIKENESS = 0.5

ARTICLES: dict[str, frozenset[str]] = {
    "it": frozenset("il lo la l' i gli le un uno una un'".split()),
    "de": frozenset("der die das den dem des ein eine einen einem einer eines".split()),
    "fr": frozenset("le la l' les un une des".split()),
    "es": frozenset("el la los las un una unos unas".split()),
    "pt": frozenset("o a os as um uma uns umas".split()),
    "nl": frozenset("de het een".split()),
    "en": frozenset("the a an".split()),
    "hu": frozenset("a az egy".split()),
}


class Words(Protocol):
    """What marking must know about the course's vocabulary (items.lexicon.Lexicon)."""

    def knows(self, word: str) -> bool: ...
    def is_noun(self, word: str) -> bool: ...


class _NoWords:
    def knows(self, word: str) -> bool:
        return False

    def is_noun(self, word: str) -> bool:
        return False


NO_WORDS = _NoWords()


@dataclass(frozen=True, slots=True)
class Mark:
    """Meaning and form, 0 to 1; codes of what was noticed; the accepted answer that comes closest."""

    meaning: float
    form: float
    remarks: tuple[str, ...] = ()
    expected: str = ""
    difference: tuple[Difference, ...] = ()


def mark(
    given: str, answers: Sequence[str], *, language: str | None, words: Words = NO_WORDS, typos: bool = True
) -> Mark:
    """Mark a typed answer against all accepted ones and return the best mark.

    ``typos=False`` accepts no other letter at all: for names and numbers.
    """
    best: tuple[tuple[float, ...], Mark] | None = None
    for answer in answers:
        result = _compare(plain(given), plain(answer), language, words, typos)
        if result.meaning == result.form == 1:
            return replace(result, expected=answer)
        difference = diff(plain(answer), plain(given))
        shown = difference if likeness(difference) >= LIKENESS else ()
        result = replace(result, expected=answer, difference=shown)
        rank = (result.meaning, result.form, likeness(difference))
        if best is None or rank > best[0]:
            best = rank, result
    return best[1] if best else Mark(0.0, 0.0)


def word_share(given: str, expected: str, language: str | None) -> float:
    """Return the share of words that stand in both texts in the same order, 0 to 1 (for dictation)."""
    a = [fold(word, language) for word in words_of(expected)]
    b = [fold(word, language) for word in words_of(given)]
    previous = [0] * (len(b) + 1)
    for x in a:
        row = [0]
        for j, y in enumerate(b, 1):
            row.append(previous[j - 1] + 1 if x == y else max(previous[j], row[j - 1]))
        previous = row
    return previous[-1] / max(len(a), len(b), 1)


def _compare(given: str, expected: str, language: str | None, words: Words, typos: bool) -> Mark:
    typed, right = words_of(given), words_of(expected)
    if not typed:
        return Mark(0.0, 0.0)
    codes = _slips(typed, right, language, words, typos)
    if codes is None:
        codes = _spacing(typed, right, language, words) or _article(typed, right, language, words, typos)
    if codes is not None:
        return _accepted(codes)
    folded = sorted(fold(word, language) for word in typed)
    if len(typed) > 1 and folded == sorted(fold(word, language) for word in right):
        return Mark(WORD_ORDER_MEANING, FORM["word-order"], ("word-order",))
    return Mark(0.0, 0.0, _why_wrong(typed, right, language, words))


def _accepted(codes: Sequence[str]) -> Mark:
    form = 1.0
    for code in codes:
        form *= FORM[code]
    return Mark(1.0, form, tuple(dict.fromkeys(codes)))


def _slips(
    typed: Sequence[str], right: Sequence[str], language: str | None, words: Words, typos: bool
) -> list[str] | None:
    """Compare word by word; return the codes of the slips, or None when a word is wrong.

    One answer may have several accents missing, but only one other letter.
    """
    if len(typed) != len(right):
        return None
    codes: list[str] = []
    for place, (given, expected) in enumerate(zip(typed, right, strict=True)):
        if fold(given, language) == fold(expected, language):
            # a capital at the beginning of a sentence is not the spelling of the word
            is_free = place == 0 and len(right) > 1
            if capitals_count(language) and given != expected and not (is_free and given[1:] == expected[1:]):
                codes.append("capital")
            continue
        code = _slip(given, expected, language, words)
        if code is None or (code == "typo" and (not typos or "typo" in codes)):
            return None
        codes.append(code)
    return codes


def _slip(given: str, expected: str, language: str | None, words: Words) -> str | None:
    """Name the slip that leads from an expected word to the given one; None when it is another word."""
    if words.knows(given):
        return None
    a, b = fold(given, language), fold(expected, language)
    if is_keyboard_form(a, b, language):
        return "keyboard"
    # perche' and e' are how keyboards without accents write perché and è
    bare = a[:-1] if a.endswith("'") and without_accents(b[-1]) != b[-1] else a
    if without_accents(bare) == without_accents(b):
        return "accent"
    return "typo" if _is_typo(a, b) and not _is_ending(a, b) else None


def _is_typo(given: str, expected: str) -> bool:
    # scripts without spaces have whole sentences as one "word", and one sign is mostly one word
    is_letters = all(c.isalpha() and ord(c) < 0x2E80 or c in "'-" for c in given + expected)
    is_near = len(expected) >= TYPO_LENGTH and abs(len(given) - len(expected)) <= 1
    return is_letters and is_near and distance(given, expected) == 1


def _is_ending(given: str, expected: str) -> bool:
    """Tell whether the one difference is the last letter: that is grammar (chiamo, chiama), no typo."""
    shared = 0
    while shared < min(len(given), len(expected)) and given[shared] == expected[shared]:
        shared += 1
    return max(len(given), len(expected)) - shared <= 1


def _article(
    typed: Sequence[str], right: Sequence[str], language: str | None, words: Words, typos: bool
) -> list[str] | None:
    """Accept a missing, additional or different article where the words around it are right."""
    articles = ARTICLES.get(base_language(language), frozenset())

    def rest(sequence: Sequence[str]) -> list[str]:
        return [w for i, w in enumerate(sequence) if not is_article(sequence, i)]

    def is_article(sequence: Sequence[str], i: int) -> bool:
        # the same word before a verb is a pronoun: "la vedo", "die kommt"
        following = sequence[i + 1] if i + 1 < len(sequence) else None
        is_before_noun = following is not None and (words.is_noun(following) or not words.knows(following))
        return fold(sequence[i], language) in articles and is_before_noun

    typed_rest, right_rest = rest(typed), rest(right)
    if not right_rest or (len(typed_rest), len(right_rest)) == (len(typed), len(right)):
        return None
    codes = _slips(typed_rest, right_rest, language, words, typos)
    if codes is None:
        return None
    if len(typed) == len(right):
        return [*codes, "article-wrong"]
    return [*codes, "article-missing" if len(typed) < len(right) else "article-extra"]


def _spacing(
    typed: Sequence[str], right: Sequence[str], language: str | None, words: Words
) -> list[str] | None:
    """Accept the right letters with other spaces, hyphens or apostrophes, unless that makes other words."""

    def joined(sequence: Sequence[str]) -> str:
        return re.sub(r"['\s-]", "", fold("".join(sequence), language))

    known = {fold(word, language) for word in right}
    others = [word for word in typed if fold(word, language) not in known]
    if joined(typed) and joined(typed) == joined(right) and not any(words.knows(word) for word in others):
        return ["spacing"]
    return None


def _why_wrong(
    typed: Sequence[str], right: Sequence[str], language: str | None, words: Words
) -> tuple[str, ...]:
    """Name why a near answer is not accepted, when exactly one word is in the way."""
    if len(typed) != len(right):
        return ()
    pairs = [(fold(g, language), fold(e, language)) for g, e in zip(typed, right, strict=True)]
    others = [(g, e) for g, e in pairs if g != e]
    if len(others) != 1:
        return ()
    given, expected = others[0]
    if _is_typo(given, expected) and _is_ending(given, expected):
        return ("ending",)
    is_near = _is_typo(given, expected) or without_accents(given) == without_accents(expected)
    if is_near and words.knows(given):
        return ("another-word",)
    return ()
