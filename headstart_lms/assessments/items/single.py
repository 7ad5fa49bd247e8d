"""Single choice: exactly one option is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import field_validator

from ...courses.parts import Id, Part
from ...courses.words import Words
from .base import (
    Choice,
    Field,
    Form,
    OneOf,
    OneOfPart,
    Response,
    Solution,
    SolutionLine,
    Tokens,
    check_one_right,
    check_unique,
    letters,
)


class Option(Part):
    id: Id
    text: Words
    right: bool = False
    #: Shown after the answer to whoever chose this option.
    why: Words | None = None


class Single(OneOf):
    """One of two to six options."""

    template: ClassVar[str] = "choice"

    type: Literal["single"]
    options: Annotated[tuple[Option, ...], Spec(min_length=2, max_length=6)]

    @field_validator("options")
    @classmethod
    def _check(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        check_unique((o.id for o in options), "options")
        check_one_right([o.right for o in options], "options")
        return options

    @property
    def parts(self) -> Sequence[OneOfPart]:
        return self.options

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        choices = letters(
            Choice(tokens.token(self.id, o.id), text=o.text) for o in tokens.shuffled(self.id, self.options)
        )
        return self._form(fields=(Field("response", "radio", choices),))

    def solution(self) -> Solution:
        return Solution(tuple(SolutionLine((o.text,), part=o.id) for o in self.options if o.right))
