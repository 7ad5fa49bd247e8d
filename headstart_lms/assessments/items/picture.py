"""Picture choice: word to picture, picture to word, sound to word or picture, in any direction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field as Spec
from pydantic import field_validator, model_validator
from pydantic_core import PydanticCustomError

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


class PictureOption(Part):
    id: Id
    text: Words | None = None
    picture: Id | None = None
    audio: Id | None = None
    right: bool = False
    why: Words | None = None

    @model_validator(mode="after")
    def _check(self) -> PictureOption:
        if not (self.text or self.picture or self.audio):
            raise PydanticCustomError(
                "option", "The option '{name}' needs a text, a picture or a sound.", {"name": self.id}
            )
        return self


class Picture(OneOf):
    """One of two to six options; the options or the item itself have pictures or sound."""

    template: ClassVar[str] = "picture"

    type: Literal["picture"]
    options: Annotated[tuple[PictureOption, ...], Spec(min_length=2, max_length=6)]

    @field_validator("options")
    @classmethod
    def _check_options(cls, options: tuple[PictureOption, ...]) -> tuple[PictureOption, ...]:
        check_unique((o.id for o in options), "options")
        check_one_right([o.right for o in options], "options")
        return options

    @model_validator(mode="after")
    def _check(self) -> Picture:
        if not any(self.media_ids()):
            raise PydanticCustomError(
                "picture", "A picture item has pictures or sound, else it is a 'single'."
            )
        return self

    def media_ids(self) -> Iterator[str]:
        yield from super().media_ids()
        yield from (media for o in self.options for media in (o.picture, o.audio) if media)

    @property
    def parts(self) -> Sequence[OneOfPart]:
        return self.options

    def form(self, tokens: Tokens, so_far: Response | None = None) -> Form:
        choices = letters(
            Choice(tokens.token(self.id, o.id), text=o.text, picture=o.picture, audio=o.audio)
            for o in tokens.shuffled(self.id, self.options)
        )
        return self._form(fields=(Field("response", "radio", choices),))

    def solution(self) -> Solution:
        right = next(o for o in self.options if o.right)
        line = SolutionLine(
            texts=(right.text,) if right.text else (),
            pictures=(right.picture,) if right.picture else (),
            sounds=(right.audio,) if right.audio else (),
            part=right.id,
        )
        return Solution((line,))
