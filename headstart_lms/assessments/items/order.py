"""Ordering: words of a sentence, sentences, turns of a dialogue, steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

from ...courses.parts import Id, Part
from ...courses.words import Words
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
    read_one,
    refuse_others,
    unknown_answer,
)
from .lexicon import Lexicon

#: The most a wrong order can score.
PARTIAL = 0.9


class OrderPart(Part):
    id: Id
    text: Words


class Order(ItemType):
    """The parts stand in the document in their right order; ``accept`` lists other right orders.

    Score of a wrong order: the share of neighbours that are still neighbours. Parts with the same text may
    change places.
    """

    interaction: ClassVar[str] = "sequencing"
    template: ClassVar[str] = "order"

    type: Literal["order"]
    unit: Literal["words", "sentences", "turns", "steps"]
    parts: Annotated[tuple[OrderPart, ...], Spec(min_length=2, max_length=12)]
    accept: tuple[tuple[Id, ...], ...] = ()

    @field_validator("parts")
    @classmethod
    def _check_parts(cls, parts: tuple[OrderPart, ...]) -> tuple[OrderPart, ...]:
        check_unique((p.id for p in parts), "parts")
        if len({p.text for p in parts}) < 2:
            raise PydanticCustomError("parts", "All parts have the same text; every order would be right.")
        return parts

    @model_validator(mode="after")
    def _check(self) -> Order:
        ids = sorted(p.id for p in self.parts)
        for number, order in enumerate(self.accept, 1):
            if sorted(order) != ids:
                raise PydanticCustomError(
                    "accept", "accept, list {number}: name every part exactly once.", {"number": number}
                )
        return self

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        positions = tuple(Choice(str(n), label=str(n)) for n in range(1, len(self.parts) + 1))
        fields = tuple(
            Field(
                f"response-{tokens.token(self.id, p.id)}",
                "select",
                positions,
                label=p.text,
                dir="ltr",
                number=n,
            )
            for n, p in enumerate(self._shown(tokens), 1)
        )
        return self._form(fields=fields, detail=self.unit)

    def _shown(self, tokens: Tokens) -> list[OrderPart]:
        """Return the mixed parts; three or more never stand in a right order, which would be read off."""
        shown = tokens.shuffled(self.id, self.parts)
        for _turn in range(len(shown)):
            if len(shown) < 3 or not self._is_right([p.id for p in shown]):
                break
            shown = shown[1:] + shown[:1]
        return shown

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        names = {p.id: f"response-{tokens.token(self.id, p.id)}" for p in self.parts}
        refuse_others(values, names.values())
        missing = _("Give every line a number first.")
        places = {part: read_one(values, name, missing) for part, name in names.items()}
        known = [str(n) for n in range(1, len(self.parts) + 1)]
        if any(place not in known for place in places.values()):
            raise unknown_answer()
        if len(set(places.values())) < len(places):
            raise Invalid(_("You used one number twice. Use every number once."))
        return {"order": sorted(places, key=lambda part: int(places[part]))}

    def _texts(self, order: Sequence[str]) -> list[Words]:
        texts = {p.id: p.text for p in self.parts}
        return [texts[name] for name in order]

    def _rights(self) -> list[list[Words]]:
        return [[p.text for p in self.parts], *(self._texts(order) for order in self.accept)]

    def _is_right(self, order: Sequence[str]) -> bool:
        return self._texts(order) in self._rights()

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        given = self._texts(response["order"])
        best = max(self._rights(), key=lambda right: (right == given, _neighbours(given, right)))
        parts = {name: best[i] == given[i] for i, name in enumerate(response["order"])}
        return Grade(score=1.0 if given == best else min(PARTIAL, _neighbours(given, best)), parts=parts)

    def solution(self) -> Solution:
        texts = tuple(p.text for p in self.parts)
        if self.unit == "words":
            return Solution((SolutionLine(texts),))
        return Solution(tuple(SolutionLine((text,)) for text in texts), is_ordered=True)

    def xapi_response(self, response: Response) -> str | None:
        return "[,]".join(response["order"])


def _neighbours(given: Sequence[Words], right: Sequence[Words]) -> float:
    """Return the share of neighbours of the right order that are neighbours in the given one."""
    left = list(pairwise(given))
    kept = 0
    for pair in pairwise(right):
        if pair in left:
            left.remove(pair)
            kept += 1
    return kept / (len(right) - 1)
