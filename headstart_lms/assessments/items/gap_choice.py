"""Gaps to fill by choosing from a list."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import field_validator, model_validator

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
    own_language,
    read_one,
    refuse_others,
)
from .gaps import check_gaps, gap_lines
from .lexicon import Lexicon
from .single import Option


class ChoiceGap(Part):
    id: Id
    options: Annotated[tuple[Option, ...], Spec(min_length=2, max_length=6)]

    @field_validator("options")
    @classmethod
    def _check(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        check_unique((o.id for o in options), "options")
        check_one_right([o.right for o in options], "options")
        return options


class GapChoice(ItemType):
    """Every gap counts the same. In statements: matching of gaps to options."""

    interaction: ClassVar[str] = "matching"
    template: ClassVar[str] = "gaps"

    type: Literal["gap-choice"]
    text: Words
    gaps: Annotated[tuple[ChoiceGap, ...], Spec(min_length=1, max_length=12)]

    @model_validator(mode="after")
    def _check(self) -> GapChoice:
        check_gaps(self.text, [gap.id for gap in self.gaps])
        return self

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        fields = {gap.id: self._field(gap, number, tokens) for number, gap in enumerate(self.gaps, 1)}
        return self._form(fields=tuple(fields.values()), lines=gap_lines(self.text, fields))

    def _field(self, gap: ChoiceGap, number: int, tokens: Tokens) -> Field:
        choices = tuple(
            Choice(tokens.token(self.id, f"{gap.id}/{o.id}"), text=o.text)
            for o in tokens.shuffled(self.id, gap.options, gap.id)
        )
        return Field(f"response-{gap.id}", "select", choices, lang=own_language(self.text), number=number)

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, [f"response-{gap.id}" for gap in self.gaps])
        chosen: dict[str, str] = {}
        for gap in self.gaps:
            value = read_one(values, f"response-{gap.id}", _("Fill in every gap first."))
            name = tokens.resolve(self.id, value, (f"{gap.id}/{o.id}" for o in gap.options))
            chosen[gap.id] = name.partition("/")[2]
        return {"gaps": chosen}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        chosen = {g.id: next(o for o in g.options if o.id == response["gaps"][g.id]) for g in self.gaps}
        parts = {gap: option.right for gap, option in chosen.items()}
        notes = tuple(o.why for o in chosen.values() if o.why and not o.right)
        return Grade(score=sum(parts.values()) / len(parts), parts=parts, notes=notes)

    def solution(self) -> Solution:
        right = {gap.id: next(o.text for o in gap.options if o.right) for gap in self.gaps}
        return Solution(
            tuple(SolutionLine((text,), part=gap) for gap, text in right.items()), is_ordered=True
        )

    def xapi_response(self, response: Response) -> str | None:
        return "[,]".join(f"{gap.id}[.]{response['gaps'][gap.id]}" for gap in self.gaps)
