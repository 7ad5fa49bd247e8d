"""What all item types share: tokens, forms, grades, solutions, and the class they derive from.

An item type is one pydantic class with four members (DESIGN 5): its fields, ``form``, ``read`` + ``grade``,
and ``interaction``. Nothing here knows Flask, a database or a request.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

from babel.support import LazyProxy
from pydantic_core import PydanticCustomError

from ...courses.parts import ItemBase
from ...courses.words import Words
from ...kernel.errors import Invalid
from ...kernel.i18n import _, _l
from ...kernel.languages import MARKED, direction
from ..marking_diff import Difference
from .lexicon import Lexicon as Lexicon
from .tokens import Tokens as Tokens
from .tokens import unknown_answer as unknown_answer

#: Raw form fields as the request has them: every field with all its values.
Values = Mapping[str, Sequence[str]]
#: What an item type made of them: JSON-ready, with authored ids.
Response = Mapping[str, Any]

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TEMPLATES = "headstart/assessments/items"


# --- forms -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """One option as the page shows it. ``label`` is a word of the interface, ``text`` one of the course."""

    value: str
    letter: str = ""
    text: Words | None = None
    label: str | None = None
    picture: str | None = None
    audio: str | None = None
    #: x, y, width, height in per cent of the picture (hotspot).
    box: tuple[float, float, float, float] | None = None

    @property
    def plain(self) -> str:
        """The text without marks, for places that hold no markup (``<option>``)."""
        return self.label or (unmarked(self.text) if self.text else "")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form: a group of radios or checkboxes, a select, a text field or a hidden value."""

    name: str
    kind: Literal["radio", "checkbox", "select", "text", "hidden"]
    choices: tuple[Choice, ...] = ()
    label: Words | None = None
    picture: str | None = None
    audio: str | None = None
    #: Language of what is written or chosen; None when the page's own.
    lang: str | None = None
    dir: str = "auto"
    inputmode: str = "text"
    maxlength: int = 500
    value: str = ""
    #: Counts from 1; for the accessible name of a gap.
    number: int = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text with gaps: either words or a field."""

    text: Words | None = None
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """Everything the page shows of an item before the answer, and nothing more."""

    item_id: str
    type: str
    template: str
    prompt: Words | None = None
    stimulus: tuple[Words, ...] = ()
    picture: str | None = None
    audio: str | None = None
    fields: tuple[Field, ...] = ()
    #: Lines of a text with gaps; their fields stand in ``fields`` too.
    lines: tuple[tuple[Segment, ...], ...] = ()
    #: truth, can-do: the statement to judge; scenario: the situation of this step.
    statement: tuple[Words, ...] = ()
    #: scenario: what the last choice led to.
    consequence: tuple[Words, ...] = ()
    #: A word for the page: the kind of parts (order), ...
    detail: str = ""
    #: number: the unit that stands behind the field.
    unit: Words | None = None


# --- grades ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remark:
    """A named thing the marking noticed; ``params`` says where (``part``).

    An item type with a remark of its own gives the finished ``sentence`` in ``params``.
    """

    code: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The remark for the learner, in the language of the interface."""
        return (
            self.params.get("sentence")
            or {
                "capital": _("Look at the capital letters."),
                "accent": _("Look at the accents."),
                "keyboard": _("This is how you write it without the special letters. Good to know both."),
                "typo": _("One letter is different."),
                "article-missing": _("The article is missing."),
                "article-extra": _("There is no article here."),
                "article-wrong": _("The article is a different one."),
                "spacing": _("Look at the spaces between the words."),
                "word-order": _("The words are right. Their order is different."),
                "another-word": _("This is another word."),
                "ending": _("Look at the end of the word."),
                "year": _("Write the year with four digits."),
            }[self.code]
        )


@dataclass(frozen=True, slots=True)
class Grade:
    """How good an answer is.

    ``score`` (meaning) and ``form_score`` (spelling) are 0 to 1; ``score`` is None for items that are not
    marked, ``form_score`` for items without typed text. ``parts`` tells for each part whether it is right.
    """

    score: float | None
    form_score: float | None = None
    remarks: tuple[Remark, ...] = ()
    parts: Mapping[str, bool] = field(default_factory=dict)
    #: Letter by letter: {part id or "response": difference between the expected and the given text}.
    differences: Mapping[str, tuple[Difference, ...]] = field(default_factory=dict)
    #: Why an option that was chosen is not right, what a choice led to.
    notes: tuple[Words, ...] = ()

    @property
    def is_right(self) -> bool:
        """True when nothing is missing in meaning."""
        return self.score is not None and self.score >= 1


@dataclass(frozen=True, slots=True)
class SolutionLine:
    """One right thing: what it belongs to (``label``) and what is right there."""

    texts: tuple[Words, ...] = ()
    label: Words | None = None
    label_picture: str | None = None
    label_audio: str | None = None
    #: A word of the interface instead of course text ("True").
    word: str | None = None
    pictures: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Solution:
    """What the learner sees as right, after the answer."""

    lines: tuple[SolutionLine, ...] = ()
    #: True when the lines are to be read in this order (order, scenario).
    is_ordered: bool = False


# --- the class of all item types ----------------------------------------------------------------


class ItemType(ItemBase):
    """An item that can be shown, read, graded and explained."""

    template: ClassVar[str]

    @abstractmethod
    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        """Return what the page shows. ``so_far`` is an incomplete response (branching items only)."""

    @abstractmethod
    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        """Return the response with authored ids; raise Invalid with one clear sentence."""

    @abstractmethod
    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        """Return how good the response is. Pure: the same response always gives the same grade."""

    @abstractmethod
    def solution(self) -> Solution:
        """Return what to show as right after the answer."""

    def xapi_response(self, response: Response) -> str | None:
        """Return ``result.response`` by xAPI 1.0.3 Data 2.4.4.1; None where it would be free text."""
        return None

    def _form(self, **parts: Any) -> Form:
        """Return a form with what all items have in common."""
        return Form(
            item_id=self.id,
            type=self.type,
            template=f"{TEMPLATES}/{self.template}.html",
            prompt=self.prompt,
            stimulus=split_lines(self.stimulus),
            picture=self.picture,
            audio=self.audio,
            **parts,
        )


class OneOfPart(Protocol):
    """A part of a OneOf: an option, a place."""

    @property
    def id(self) -> str: ...
    @property
    def right(self) -> bool: ...
    @property
    def why(self) -> Words | None: ...


class OneOf(ItemType):
    """An item whose answer is one of several parts, exactly one of which is right: radios."""

    interaction: ClassVar[str] = "choice"
    #: What is said to whoever sends the form without choosing.
    missing: ClassVar[LazyProxy] = _l("Choose an answer first.")

    @property
    @abstractmethod
    def parts(self) -> Sequence[OneOfPart]:
        """Return what may be chosen."""

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, ["response"])
        value = read_one(values, "response", str(self.missing))
        return {"choice": tokens.resolve(self.id, value, (part.id for part in self.parts))}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        chosen = next(part for part in self.parts if part.id == response["choice"])
        return Grade(
            score=1.0 if chosen.right else 0.0,
            parts={chosen.id: chosen.right},
            notes=(chosen.why,) if chosen.why else (),
        )

    def xapi_response(self, response: Response) -> str | None:
        return str(response["choice"])


# --- helpers for reading and checking ------------------------------------------------------------


def read_one(values: Values, name: str, missing: str) -> str:
    """Return the only value of a field; raise Invalid with ``missing`` when empty, or when it came twice."""
    given = [value for value in values.get(name, ()) if value.strip()]
    if not given:
        raise Invalid(missing)
    if len(given) > 1:
        raise Invalid(_("Only one answer is possible here. Choose one."))
    return given[0]


def refuse_others(values: Values, names: Iterable[str]) -> None:
    """Raise Invalid when an answer field came that this item does not have."""
    allowed = set(names)
    if any((n == "response" or n.startswith("response-")) and n not in allowed for n in values):
        raise unknown_answer()


def letters(choices: Iterable[Choice]) -> tuple[Choice, ...]:
    """Give choices their letters A, B, C in the order shown."""
    return tuple(
        Choice(c.value, LETTERS[i], c.text, c.label, c.picture, c.audio, c.box) for i, c in enumerate(choices)
    )


def split_lines(words: Words | None) -> tuple[Words, ...]:
    """Return one Words for each line that is not empty."""
    if words is None:
        return ()
    lines = (line.strip() for line in words.text.splitlines())
    return tuple(Words(line, words.lang, words.translated) for line in lines if line)


def unmarked(words: Words) -> str:
    """Return the text without the marks of other languages."""
    return MARKED.sub(r"\1", words.text)


def own_language(words: Words | None) -> str | None:
    """Return the language of words that are never translated; None for texts of the source language."""
    return None if words is None or words.is_source else words.lang


def input_direction(language: str | None) -> str:
    """Return ``dir`` of a field: the language's own; ``auto`` when no language is known."""
    return direction(language) if language else "auto"


def check_unique(ids: Iterable[str], what: str) -> None:
    """Raise a located error when two parts have one id."""
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise PydanticCustomError(
                "ids", "The id '{name}' stands twice among the {what}.", {"name": name, "what": what}
            )
        seen.add(name)


def check_one_right(rights: Sequence[bool], what: str) -> None:
    """Raise a located error unless exactly one is right."""
    if sum(rights) != 1:
        raise PydanticCustomError(
            "one_right",
            "Exactly one of the {what} is marked 'right: true'; here {count} are.",
            {"what": what, "count": sum(rights)},
        )
