"""Filling in a form from a text: names, dates, numbers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

from ...courses.parts import Id, Part
from ...courses.words import Words
from ...kernel.i18n import _
from ..marking import Mark, mark
from ..marking_values import numbers, phone_digits, same_date, same_number
from .base import (
    Field,
    Form,
    Grade,
    ItemType,
    Response,
    Solution,
    SolutionLine,
    Tokens,
    Values,
    check_unique,
    input_direction,
    own_language,
    refuse_others,
)
from .lexicon import Lexicon
from .typed import MAX_LENGTH, Answers, grade_marks, read_text

_INPUTMODES = {"number": "decimal", "phone": "tel"}


class FormField(Part):
    """``kind`` says how the answer is compared; dates in ``answers`` are written as 1994-05-03."""

    id: Id
    label: Words
    kind: Literal["text", "name", "date", "number", "phone"] = "text"
    answers: Answers

    @model_validator(mode="after")
    def _check(self) -> FormField:
        for answer in self.answers:
            if self.kind == "date":
                try:
                    date.fromisoformat(answer)
                except ValueError:
                    raise PydanticCustomError(
                        "date", "'{answer}' is not a date; write it as 1994-05-03.", {"answer": answer}
                    ) from None
            if self.kind == "number" and not numbers(answer):
                raise PydanticCustomError("number", "'{answer}' is not a number.", {"answer": answer})
            if self.kind == "phone" and len(phone_digits(answer)) < 3:
                raise PydanticCustomError("phone", "'{answer}' is not a phone number.", {"answer": answer})
        return self

    def mark(self, given: str, lexicon: Lexicon) -> Mark:
        """Mark one field. Names must be copied letter by letter; only accents and capitals are forgiven."""
        language = own_language(self.label) or lexicon.language
        match self.kind:
            case "text":
                return mark(given, self.answers, language=language, words=lexicon)
            case "name":
                # names are no words of the course: a name that is also a word is still a name
                return mark(given, self.answers, language=language, typos=False)
            case "number":
                return self._exactly(any(same_number(given, n) for a in self.answers for n in numbers(a)))
            case "phone":
                return self._exactly(phone_digits(given) in map(phone_digits, self.answers))
            case "date":
                readings = [same_date(given, date.fromisoformat(a), language) for a in self.answers]
                if (True, False) in readings and (True, True) not in readings:
                    return Mark(1.0, 0.8, ("year",), self.answers[0])
                return self._exactly(any(is_same for is_same, _full in readings))

    def _exactly(self, right: bool) -> Mark:
        score = 1.0 if right else 0.0
        return Mark(score, score, expected=self.answers[0])


class FormItem(ItemType):
    """Every field counts the same."""

    interaction: ClassVar[str] = "fill-in"
    template: ClassVar[str] = "form"

    type: Literal["form"]
    fields: Annotated[tuple[FormField, ...], Spec(min_length=1, max_length=12)]

    @field_validator("fields")
    @classmethod
    def _check(cls, fields: tuple[FormField, ...]) -> tuple[FormField, ...]:
        check_unique((f.id for f in fields), "fields")
        return fields

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        return self._form(fields=tuple(self._field(f, number) for number, f in enumerate(self.fields, 1)))

    def _field(self, field: FormField, number: int) -> Field:
        is_words = field.kind in {"text", "name"}
        language = own_language(field.label) if is_words else None
        return Field(
            f"response-{field.id}", "text", label=field.label, lang=language,
            dir=input_direction(language) if is_words else "ltr",
            inputmode=_INPUTMODES.get(field.kind, "text"), maxlength=MAX_LENGTH, number=number,
        )  # fmt: skip

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, [f"response-{f.id}" for f in self.fields])
        missing = _("Fill in every line first.")
        return {"texts": {f.id: read_text(values, f"response-{f.id}", missing) for f in self.fields}}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        return grade_marks({f.id: f.mark(response["texts"][f.id], lexicon) for f in self.fields})

    def solution(self) -> Solution:
        lines = []
        for field in self.fields:
            answer = field.answers[0]
            if field.kind == "date":
                answer = date.fromisoformat(answer).strftime("%d/%m/%Y")
            text = Words(answer, own_language(field.label)) if field.kind in {"text", "name"} else None
            lines.append(
                SolutionLine(
                    label=field.label,
                    texts=(text,) if text else (),
                    word=None if text else answer,
                    part=field.id,
                )
            )
        return Solution(tuple(lines))
