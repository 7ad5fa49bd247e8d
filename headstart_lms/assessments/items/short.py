"""A word or a short sentence, typed."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ...courses.parts import Language
from ...courses.words import Words
from ...kernel.i18n import _
from ..marking import mark
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
    input_direction,
    refuse_others,
)
from .lexicon import Lexicon
from .typed import MAX_LENGTH, Answers, grade_marks, read_text


class Short(ItemType):
    """``answers`` is everything that is fully right; the first one is shown as the solution."""

    interaction: ClassVar[str] = "fill-in"
    template: ClassVar[str] = "short"

    type: Literal["short"]
    language: Language
    answers: Answers

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        field = Field(
            "response", "text", lang=self.language, dir=input_direction(self.language), maxlength=MAX_LENGTH
        )
        return self._form(fields=(field,))

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, ["response"])
        return {"text": read_text(values, "response", _("Write an answer first."))}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        marks = {"response": mark(response["text"], self.answers, language=self.language, words=lexicon)}
        return grade_marks(marks)

    def solution(self) -> Solution:
        return Solution((SolutionLine((Words(self.answers[0], self.language),), part="response"),))
