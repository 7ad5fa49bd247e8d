"""Dictation: hear a sentence, write it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ...courses.parts import Id, Language
from ...courses.words import Words
from ...kernel.i18n import _
from ..marking import mark, word_share
from .base import (
    Field,
    Form,
    Grade,
    ItemType,
    Remark,
    Response,
    Solution,
    SolutionLine,
    Tokens,
    Values,
    input_direction,
    refuse_others,
)
from .lexicon import Lexicon
from .typed import MAX_LENGTH, Answers, read_text

#: The most a dictation with a wrong or missing word can score.
PARTIAL = 0.9


class Dictation(ItemType):
    """Marked as typed text; when it is not accepted, the share of right words in their order counts."""

    interaction: ClassVar[str] = "fill-in"
    template: ClassVar[str] = "short"

    type: Literal["dictation"]
    audio: Id
    language: Language
    answers: Answers

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        field = Field(
            "response", "text", lang=self.language, dir=input_direction(self.language), maxlength=MAX_LENGTH
        )
        return self._form(fields=(field,))

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, ["response"])
        return {"text": read_text(values, "response", _("Write what you hear first."))}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        text = str(response["text"])
        result = mark(text, self.answers, language=self.language, words=lexicon)
        meaning, form = result.meaning, result.form
        if meaning < 1:
            share = max(word_share(text, answer, self.language) for answer in self.answers)
            meaning, form = min(PARTIAL, share), min(PARTIAL, share)
        return Grade(
            score=meaning,
            form_score=form,
            remarks=tuple(Remark(code, {"part": "response"}) for code in result.remarks),
            parts={"response": meaning >= 1},
            differences={"response": result.difference} if result.difference else {},
        )

    def solution(self) -> Solution:
        return Solution((SolutionLine((Words(self.answers[0], self.language),), part="response"),))
