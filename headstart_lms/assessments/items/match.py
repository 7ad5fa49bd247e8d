"""Matching: each left side has one right side; some right sides may fit nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import model_validator
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
    letters,
    own_language,
    read_one,
    refuse_others,
)
from .lexicon import Lexicon


class Pair(Part):
    id: Id
    left: Words | None = None
    left_picture: Id | None = None
    right: Words | None = None
    right_picture: Id | None = None

    @model_validator(mode="after")
    def _check(self) -> Pair:
        if not (self.left or self.left_picture) or not (self.right or self.right_picture):
            raise PydanticCustomError(
                "pair", "The pair '{name}' needs a text or a picture on both sides.", {"name": self.id}
            )
        return self


class Extra(Part):
    """A right side that fits nowhere."""

    id: Id
    text: Words | None = None
    picture: Id | None = None

    @model_validator(mode="after")
    def _check(self) -> Extra:
        if not (self.text or self.picture):
            raise PydanticCustomError("pair", "'{name}' needs a text or a picture.", {"name": self.id})
        return self


class Match(ItemType):
    """Every pair counts the same. A right side has the id of its pair, or of the extra."""

    interaction: ClassVar[str] = "matching"
    template: ClassVar[str] = "match"

    type: Literal["match"]
    pairs: Annotated[tuple[Pair, ...], Spec(min_length=3, max_length=6)]
    extra: Annotated[tuple[Extra, ...], Spec(max_length=4)] = ()

    @model_validator(mode="after")
    def _check(self) -> Match:
        check_unique([*(p.id for p in self.pairs), *(e.id for e in self.extra)], "pairs and extra")
        seen: dict[Any, str] = {}
        for name, (text, picture) in self._rights().items():
            shown = (text, picture)
            if shown in seen:
                raise PydanticCustomError(
                    "pair",
                    "The right sides '{a}' and '{b}' look the same; nobody can tell them apart.",
                    {"a": seen[shown], "b": name},
                )
            seen[shown] = name
        return self

    def _rights(self) -> dict[str, tuple[Words | None, str | None]]:
        rights = {p.id: (p.right, p.right_picture) for p in self.pairs}
        return rights | {e.id: (e.text, e.picture) for e in self.extra}

    def media_ids(self) -> Iterator[str]:
        yield from super().media_ids()
        yield from (p.left_picture for p in self.pairs if p.left_picture)
        yield from (picture for _text, picture in self._rights().values() if picture)

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        choices = letters(
            Choice(tokens.token(self.id, f"right/{name}"), text=text, picture=picture)
            for name, (text, picture) in tokens.shuffled(self.id, self._rights().items())
        )
        languages = {own_language(choice.text) for choice in choices}
        language = languages.pop() if len(languages) == 1 else None
        fields = tuple(
            Field(
                f"response-{p.id}",
                "select",
                choices,
                label=p.left,
                picture=p.left_picture,
                lang=language,
                number=n,
            )
            for n, p in enumerate(self.pairs, 1)
        )
        has_pictures = any(choice.picture for choice in choices)
        return self._form(fields=fields, detail="pictures" if has_pictures else "")

    def read(self, values: Values, tokens: Tokens) -> dict[str, Any]:
        refuse_others(values, [f"response-{p.id}" for p in self.pairs])
        rights = [f"right/{name}" for name in self._rights()]
        chosen: dict[str, str] = {}
        for pair in self.pairs:
            value = read_one(values, f"response-{pair.id}", _("Choose an answer for every line first."))
            chosen[pair.id] = tokens.resolve(self.id, value, rights).partition("/")[2]
        if len(set(chosen.values())) < len(chosen):
            raise Invalid(_("You used one answer twice. Every answer fits only once."))
        return {"pairs": chosen}

    def grade(self, response: Response, lexicon: Lexicon) -> Grade:
        parts = {p.id: response["pairs"][p.id] == p.id for p in self.pairs}
        return Grade(score=sum(parts.values()) / len(parts), parts=parts)

    def solution(self) -> Solution:
        return Solution(
            tuple(
                SolutionLine(
                    label=p.left,
                    label_picture=p.left_picture,
                    texts=(p.right,) if p.right else (),
                    pictures=(p.right_picture,) if p.right_picture else (),
                    part=p.id,
                )
                for p in self.pairs
            )
        )

    def xapi_response(self, response: Response) -> str | None:
        return "[,]".join(f"{p.id}[.]{response['pairs'][p.id]}" for p in self.pairs)
