"""Hotspot: which place on the picture? Lettered places, chosen by radio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from babel.support import LazyProxy
from pydantic import Field as Spec
from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

from ...courses.parts import Id, Part
from ...courses.words import Words
from ...kernel.i18n import _l
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

Percent = Annotated[float, Spec(ge=0, le=100, allow_inf_nan=False)]


class Spot(Part):
    """A rectangle in per cent of the picture's width and height, from its upper left corner."""

    id: Id
    label: Words
    x: Percent
    y: Percent
    width: Annotated[Percent, Spec(gt=0)]
    height: Annotated[Percent, Spec(gt=0)]
    right: bool = False
    why: Words | None = None

    @model_validator(mode="after")
    def _check(self) -> Spot:
        if self.x + self.width > 100 or self.y + self.height > 100:
            raise PydanticCustomError("spot", "The spot '{name}' leaves the picture.", {"name": self.id})
        return self


class Hotspot(OneOf):
    """The letters run over the picture from top to bottom, so they say nothing about the key."""

    template: ClassVar[str] = "hotspot"
    missing: ClassVar[LazyProxy] = _l("Choose a place first.")

    type: Literal["hotspot"]
    picture: Id
    spots: Annotated[tuple[Spot, ...], Spec(min_length=2, max_length=9)]

    @field_validator("spots")
    @classmethod
    def _check(cls, spots: tuple[Spot, ...]) -> tuple[Spot, ...]:
        check_unique((s.id for s in spots), "spots")
        check_one_right([s.right for s in spots], "spots")
        return spots

    @property
    def parts(self) -> Sequence[OneOfPart]:
        return self.spots

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        choices = letters(
            Choice(tokens.token(self.id, s.id), text=s.label, box=(s.x, s.y, s.width, s.height))
            for s in sorted(self.spots, key=lambda s: (s.y, s.x, s.height, s.width))
        )
        return self._form(fields=(Field("response", "radio", choices),))

    def solution(self) -> Solution:
        return Solution(tuple(SolutionLine((s.label,), part=s.id) for s in self.spots if s.right))
