"""The words a course teaches: what a misspelt answer must not turn into."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...courses.document import Course, Entry
from ...courses.parts import DialogueBlock, GrammarBlock, ScenarioBlock, TextBlock
from ...courses.words import Words
from ...kernel.languages import MARKED
from ..marking_text import fold, words_of


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All words a learner of the course can know, folded (case, quotes), and which of them are nouns.

    ``language`` is the taught language, None for courses that teach none.
    """

    language: str | None = None
    words: frozenset[str] = frozenset()
    nouns: frozenset[str] = frozenset()

    def knows(self, word: str) -> bool:
        """Tell whether this is a word of the course, in any case of letters."""
        return fold(word, self.language) in self.words

    def is_noun(self, word: str) -> bool:
        return fold(word, self.language) in self.nouns

    @classmethod
    def from_words(cls, language: str | None, words: Iterable[str], nouns: Iterable[str] = ()) -> Lexicon:
        """Make a lexicon of words and of all words inside longer texts."""
        noun_words = _words(nouns, language)
        return cls(language, _words(words, language) | noun_words, noun_words)

    @classmethod
    def from_course(cls, course: Course) -> Lexicon:
        """Collect entries, examples and all that is said in the taught language; no items (wrong options)."""
        if course.taught is None:
            return cls()
        language = course.taught.language
        texts: list[str] = []
        nouns: list[str] = []
        for entry in course.entries:
            texts += texts_of(entry)
            if entry.kind == "noun":
                nouns += [form for form in (entry.word, entry.plural) if form and form != "-"]
        for unit in course.units:
            for block in unit.blocks:
                match block:
                    case DialogueBlock():
                        texts += _said(language, *(turn.text for turn in block.turns))
                    case GrammarBlock():
                        texts += _said(language, block.text, *(example.text for example in block.examples))
                    case TextBlock() | ScenarioBlock():
                        texts += _said(language, block.text)
                    case _:
                        pass
        return cls.from_words(language, texts, nouns)


def _words(texts: Iterable[str], language: str | None) -> frozenset[str]:
    return frozenset(fold(word, language) for text in texts for word in words_of(text))


def texts_of(entry: Entry) -> list[str]:
    """Return what of an entry is in the taught language: its forms and its example."""
    texts = [entry.word, entry.headword, *entry.forms]
    if entry.plural and entry.plural != "-":
        texts.append(entry.plural)
    if entry.example:
        texts.append(entry.example.text)
    return texts


def _said(language: str, *texts: Words) -> list[str]:
    """Return what of the texts is in ``language``: whole texts, or the marked words inside others."""
    said: list[str] = []
    for words in texts:
        if not words.is_source and words.lang == language:
            said.append(words.text)
        else:
            said += [text for text, lang in MARKED.findall(words.text) if lang == language]
    return said
