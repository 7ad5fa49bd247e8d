"""Try an item as a learner: the real form, the real marking, nothing recorded. No Flask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ..assessments.items.base import Grade, ItemType, Tokens, own_language
from ..assessments.items.dictation import Dictation
from ..assessments.items.form import FormItem
from ..assessments.items.gap_type import GapType
from ..assessments.items.lexicon import Lexicon, texts_of
from ..assessments.items.number import Number
from ..assessments.items.short import Short
from ..assessments.items.typed import read_text
from ..assessments.marking import mark
from ..courses.check import ItemTypes, sentence
from ..courses.document import Entry
from ..courses.texts import in_source_language
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from ..kernel.languages import MARKED
from .forms.context import parts_of, plain, rows_of, text_at

#: More lines than this are no trial.
MAX_CANDIDATES = 60


@dataclass(frozen=True)
class Unfinished:
    """An item that cannot be shown yet, and what is missing, in sentences."""

    problems: tuple[str, ...]


def item_of(data: Mapping[str, Any], item_types: ItemTypes, language: str) -> ItemType | Unfinished:
    """Return an item as its learners get it, in the language it was written in."""
    kind = item_types.get(str(data.get("type")))
    if kind is None:
        return Unfinished((_("There is no such kind of question."),))
    try:
        item = kind.model_validate(dict(data), context={"item_types": item_types})
    except ValidationError as error:
        return Unfinished(tuple(dict.fromkeys(sentence(problem) for problem in error.errors())))
    if not isinstance(item, ItemType):
        return Unfinished((_("This kind of question cannot be tried here."),))
    return in_source_language(item, language)


def lexicon_of(data: Mapping[str, Any]) -> Lexicon:
    """Return the words of a course that is being written (items.lexicon.Lexicon.from_course)."""
    taught = text_at(data.get("taught"), "language")
    if not taught:
        return Lexicon()
    texts: list[str] = []
    nouns: list[str] = []
    for row in rows_of(data, "entries"):
        try:
            entry = Entry.model_validate(row)
        except ValidationError:
            continue
        texts += texts_of(entry)
        if entry.kind == "noun":
            nouns += [form for form in (entry.word, entry.plural) if form and form != "-"]
    for _unit, _place, part in parts_of(data):
        said = [
            part.get("text"),
            *(row.get("text") for name in ("turns", "examples") for row in rows_of(part, name)),
        ]
        if part.get("type") in ("dialogue", "grammar", "text", "scenario") and "options" not in part:
            texts += [plain(text) for text in said if isinstance(text, dict) and taught in text]
            texts += [found for text in said if isinstance(text, str) for found in _marked(text, taught)]
    return Lexicon.from_words(taught, texts, nouns)


def _marked(text: str, language: str) -> list[str]:
    return [words for words, lang in MARKED.findall(text) if lang == language]


@dataclass(frozen=True)
class Trial:
    """What an answer would be worth."""

    response: Mapping[str, Any]
    grade: Grade
    #: {part: the accepted answer that comes closest}, of typed answers.
    nearest: Mapping[str, str]


def try_answer(
    item: ItemType, values: Mapping[str, Sequence[str]], tokens: Tokens, lexicon: Lexicon
) -> Trial | Mapping[str, Any]:
    """Mark an answer. A branching item that goes on returns its response so far. Raises Invalid, as for learners."""
    response = item.read(values, tokens)
    if response.get("complete") is False:
        return response
    return Trial(response, item.grade(response, lexicon), nearest(item, response, lexicon))


def nearest(item: ItemType, response: Mapping[str, Any], lexicon: Lexicon) -> dict[str, str]:
    """Return which accepted answer each typed text was held against."""
    found: dict[str, str] = {}
    if isinstance(item, Short | Dictation):
        found["response"] = mark(
            response["text"], item.answers, language=item.language, words=lexicon
        ).expected
    elif isinstance(item, GapType):
        language = own_language(item.text)
        for gap in item.gaps:
            found[gap.id] = mark(
                response["texts"][gap.id], gap.answers, language=language, words=lexicon
            ).expected
    elif isinstance(item, FormItem):
        for field in item.fields:
            found[field.id] = field.mark(response["texts"][field.id], lexicon).expected
    return {part: text for part, text in found.items() if text}


@dataclass(frozen=True)
class Accepted:
    """One line of "what is accepted": a text, its marks, and what a learner is told."""

    text: str
    meaning: float
    form: float | None
    remarks: tuple[str, ...]
    nearest: str = ""
    problem: str = ""


def typed_parts(item: ItemType) -> list[tuple[str, str]]:
    """Return (part, name) of what is typed in an item; empty when nothing is."""
    if isinstance(item, Short | Dictation | Number):
        return [("response", "")]
    if isinstance(item, GapType):
        return [(gap.id, _("Gap %(number)s", number=n)) for n, gap in enumerate(item.gaps, 1)]
    if isinstance(item, FormItem):
        return [(field.id, field.label.text) for field in item.fields]
    return []


def accepted(
    item: ItemType, part: str, candidates: Iterable[str], lexicon: Lexicon, tokens: Tokens
) -> list[Accepted]:
    """Mark candidate answers for one part, everything else being right."""
    found: list[Accepted] = []
    for text in list(dict.fromkeys(candidates))[:MAX_CANDIDATES]:
        try:
            typed = read_text({"response": [text]}, "response", _("Write an answer first."))
            response = item.read(_with_right(item, part, typed), tokens)
        except Invalid as error:
            found.append(Accepted(text, 0.0, None, (), problem=error.message))
            continue
        grade = item.grade(response, lexicon)
        meaning, form = _of_part(grade, part, item)
        remarks = tuple(
            dict.fromkeys(
                r.sentence for r in grade.remarks if r.params.get("part", part) in (part, "response")
            )
        )
        found.append(Accepted(text, meaning, form, remarks, nearest(item, response, lexicon).get(part, "")))
    return found


def _with_right(item: ItemType, part: str, typed: str) -> dict[str, list[str]]:
    if isinstance(item, GapType):
        return {f"response-{gap.id}": [typed if gap.id == part else gap.answers[0]] for gap in item.gaps}
    if isinstance(item, FormItem):
        return {
            f"response-{field.id}": [typed if field.id == part else field.answers[0]] for field in item.fields
        }
    return {"response": [typed]}


def _of_part(grade: Grade, part: str, item: ItemType) -> tuple[float, float | None]:
    """Return the two scores of one part: the others are right, so what is lost was lost here."""
    count = len(typed_parts(item))

    def share(score: float) -> float:
        return round(max(0.0, 1 - (1 - score) * count), 4)

    return share(grade.score or 0.0), None if grade.form_score is None else share(grade.form_score)
