"""True, false or not said."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

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
    SolutionLine,
    Tokens,
    Values,
    letters,
    read_one,
    refuse_others,
    split_lines,
    unknown_answer,
)
from .lexicon import Lexicon


def _check_answer(value: Any) -> Any:
    if value is not True and value is not False and value != "not-said":
        raise PydanticCustomError("truth", "The answer is one of true, false, not-said.")
    return value


class Truth(ItemType):
    """Is the statement true? ``three`` offers "not said" as well.

    The xAPI type is ``choice``, not ``true-false``: the latter has no third answer (xAPI 1.0.3 Data 2.4.4.1).
    The order of the answers is always the same: it says nothing about the key.
    """

    interaction: ClassVar[str] = "choice"
    template: ClassVar[str] = "truth"

    type: Literal["truth"]
    statement: Words
    answer: Annotated[bool | Literal["not-said"], BeforeValidator(_check_answer)]
    three: bool = False

    @model_validator(mode="after")
    def _check(self) -> Truth:
        if self.answer == "not-said" and not self.three:
            raise PydanticCustomError("truth", "The answer 'not-said' needs 'three: true'.")
        return self

    @property
    def key(self) -> str:
        return self.answer if isinstance(self.answer, str) else str(self.answer).lower()

    def _answers(self) -> dict[str, str]:
        answers = {"true": _("True"), "false": _("False")}
        return answers | {"not-said": _("The text does not say")} if self.three else answers

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
        right = response["choice"] == self.key
        return Grade(score=1.0 if right else 0.0, parts={str(response["choice"]): right})

    def solution(self) -> Solution:
        return Solution((SolutionLine(word=self._answers()[self.key], part=self.key),))

    def xapi_response(self, response: Response) -> str | None:
        return str(response["choice"])
