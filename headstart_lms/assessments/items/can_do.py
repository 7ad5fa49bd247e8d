"""Self-assessment: "I can ...": not yet, with help, alone. Recorded, never right or wrong."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from ...courses.words import Words
from ...kernel.i18n import _
from .base import (
    Choice,
    Field,
    Form,
    Grade,
    ItemType,
    Response,
    Solution,
    Tokens,
    Values,
    letters,
    read_one,
    refuse_others,
    split_lines,
    unknown_answer,
)
from .lexicon import Lexicon


class CanDo(ItemType):
    """A statement and three answers, always in the same order."""

    interaction: ClassVar[str] = "likert"
    is_marked: ClassVar[bool] = False
    template: ClassVar[str] = "truth"

    type: Literal["can-do"]
    statement: Words

    def _answers(self) -> dict[str, str]:
        return {"not-yet": _("Not yet"), "with-help": _("With help"), "alone": _("Alone")}

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        choices = letters(Choice(value, label=label) for value, label in self._answers().items())
        return self._form(
            fields=(Field("response", "radio", choices),), statement=split_lines(self.statement)
        )

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, ["response"])
        value = read_one(values, "response", _("Choose an answer first."))
        if value not in self._answers():
            raise unknown_answer()
        return {"choice": value}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        return Grade(score=None)

    def solution(self) -> Solution:
        return Solution()

    def xapi_response(self, response: Response) -> str | None:
        return str(response["choice"])
