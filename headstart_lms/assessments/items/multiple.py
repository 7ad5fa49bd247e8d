"""Multiple choice: one or more options are right."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import field_validator
from pydantic_core import PydanticCustomError

from ...kernel.errors import Invalid
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
    check_unique,
    letters,
    refuse_others,
)
from .lexicon import Lexicon
from .single import Option


class Multiple(ItemType):
    """Three or more options; score = (right ones chosen - wrong ones chosen) / right ones, at least 0."""

    interaction: ClassVar[str] = "choice"
    template: ClassVar[str] = "choice"

    type: Literal["multiple"]
    options: Annotated[tuple[Option, ...], Spec(min_length=3, max_length=10)]

    @field_validator("options")
    @classmethod
    def _check(cls, options: tuple[Option, ...]) -> tuple[Option, ...]:
        check_unique((o.id for o in options), "options")
        if not any(o.right for o in options):
            raise PydanticCustomError("one_right", "At least one of the options is marked 'right: true'.")
        return options

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        choices = letters(
            Choice(tokens.token(self.id, o.id), text=o.text) for o in tokens.shuffled(self.id, self.options)
        )
        return self._form(fields=(Field("response", "checkbox", choices),))

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        """Read the ticked boxes; the ids come in the order of the document, so equal answers are equal."""
        refuse_others(values, ["response"])
        given = [value for value in values.get("response", ()) if value.strip()]
        if not given:
            raise Invalid(_("Choose at least one answer first."))
        ids = [o.id for o in self.options]
        chosen = [tokens.resolve(self.id, value, ids) for value in given]
        if len(set(chosen)) != len(chosen):
            raise Invalid(_("One answer came twice. Choose each answer only once."))
        return {"choices": sorted(chosen, key=ids.index)}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        chosen = set(response["choices"])
        rights = sum(o.right for o in self.options)
        points = sum(1 if o.right else -1 for o in self.options if o.id in chosen)
        return Grade(
            score=max(0.0, points / rights),
            parts={o.id: o.right == (o.id in chosen) for o in self.options},
            notes=tuple(o.why for o in self.options if o.why and o.id in chosen and not o.right),
        )

    def solution(self) -> Solution:
        return Solution(tuple(SolutionLine((o.text,), part=o.id) for o in self.options if o.right))

    def xapi_response(self, response: Response) -> str | None:
        return "[,]".join(response["choices"])
