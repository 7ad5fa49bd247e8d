"""Gaps to fill by typing."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import model_validator

from ...courses.parts import Id, Part
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
    own_language,
    refuse_others,
)
from .gaps import check_gaps, gap_lines
from .lexicon import Lexicon
from .typed import MAX_LENGTH, Answers, grade_marks, read_text


class TypeGap(Part):
    id: Id
    answers: Answers


class GapType(ItemType):
    """Every gap counts the same; the language of the text is the language of the answers."""

    interaction: ClassVar[str] = "fill-in"
    template: ClassVar[str] = "gaps"

    type: Literal["gap-type"]
    text: Words
    gaps: Annotated[tuple[TypeGap, ...], Spec(min_length=1, max_length=12)]

    @model_validator(mode="after")
    def _check(self) -> GapType:
        check_gaps(self.text, [gap.id for gap in self.gaps])
        return self

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        language = own_language(self.text)
        fields = {
            gap.id: Field(
                f"response-{gap.id}", "text", lang=language, dir=input_direction(language),
                maxlength=MAX_LENGTH, number=number,
            )
            for number, gap in enumerate(self.gaps, 1)
        }  # fmt: skip
        return self._form(fields=tuple(fields.values()), lines=gap_lines(self.text, fields))

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, [f"response-{gap.id}" for gap in self.gaps])
        missing = _("Fill in every gap first.")
        return {"texts": {gap.id: read_text(values, f"response-{gap.id}", missing) for gap in self.gaps}}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        language = own_language(self.text) or lexicon.language
        return grade_marks(
            {
                gap.id: mark(response["texts"][gap.id], gap.answers, language=language, words=lexicon)
                for gap in self.gaps
            }
        )

    def solution(self) -> Solution:
        language = own_language(self.text)
        return Solution(
            tuple(SolutionLine((Words(gap.answers[0], language),), part=gap.id) for gap in self.gaps),
            is_ordered=True,
        )
