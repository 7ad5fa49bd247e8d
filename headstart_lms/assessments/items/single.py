"""Single choice: exactly one option is right."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import field_validator

from ...courses.parts import Id, Part
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
    check_one_right,
    check_unique,
    letters,
    read_one,
    refuse_others,
)
from .lexicon import Lexicon


class Option(Part):
    id: Id
    text: Words
    right: bool = False
    #: Shown after the answer to whoever chose this option.
    why: Words | None = None


class Single(ItemType):
    """One of two to six options."""

    interaction: ClassVar[str] = "choice"
    template: ClassVar[str] = "choice"

    type: Literal["single"]
    options: Annotated[tuple[Option, ...], Spec(min_length=2, max_length=6)]

    @field_validator("options")
    @classmethod
    def _check(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        check_unique((o.id for o in options), "options")
        check_one_right([o.right for o in options], "options")
        return options

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        choices = letters(
            Choice(tokens.token(self.id, o.id), text=o.text) for o in tokens.shuffled(self.id, self.options)
        )
        return self._form(fields=(Field("response", "radio", choices),))

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, ["response"])
        value = read_one(values, "response", _("Choose an answer first."))
        return {"choice": tokens.resolve(self.id, value, (o.id for o in self.options))}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        chosen = next(o for o in self.options if o.id == response["choice"])
        return Grade(
            score=1.0 if chosen.right else 0.0,
            parts={chosen.id: chosen.right},
            notes=(chosen.why,) if chosen.why else (),
        )

    def solution(self) -> Solution:
        return Solution(tuple(SolutionLine((o.text,), part=o.id) for o in self.options if o.right))

    def xapi_response(self, response: Response) -> str | None:
        return str(response["choice"])
