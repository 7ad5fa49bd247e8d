"""A number, typed with the digits of any script."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from babel.numbers import format_decimal
from pydantic import Field as Spec
from pydantic import FiniteFloat

from ...courses.words import Words
from ...kernel.errors import Invalid
from ...kernel.i18n import _, locale
from ..marking_values import numbers, same_number
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
    refuse_others,
)
from .lexicon import Lexicon
from .typed import read_text

MAX_LENGTH = 40


class Number(ItemType):
    """``tolerance`` is how far away an answer may be, in the same unit; ``unit`` stands behind the field."""

    interaction: ClassVar[str] = "numeric"
    template: ClassVar[str] = "number"

    type: Literal["number"]
    answer: FiniteFloat
    tolerance: Annotated[FiniteFloat, Spec(ge=0)] = 0.0
    unit: Words | None = None

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        field = Field("response", "text", dir="ltr", inputmode="decimal", maxlength=MAX_LENGTH)
        return self._form(fields=(field,), unit=self.unit)

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, ["response"])
        text = read_text(values, "response", _("Write a number first."))
        if len(text) > MAX_LENGTH or not numbers(text):
            raise Invalid(_("Write one number, for example 12 or 3,5."))
        return {"text": text}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        right = same_number(str(response["text"]), self.answer, self.tolerance)
        return Grade(score=1.0 if right else 0.0, parts={"response": right})

    def solution(self) -> Solution:
        written = format_decimal(self.answer, format="0.##########", locale=locale())
        unit = (self.unit,) if self.unit else ()
        return Solution((SolutionLine(word=written, texts=unit, part="response"),))
