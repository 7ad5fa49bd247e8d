"""The parts of a course document: items, blocks, units.

Items are validated by the registry of item types passed as validation context, because their
meaning belongs to the layer above (DESIGN 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializeAsAny,
    ValidationInfo,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from .words import Words

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")]
Version = Annotated[str, Field(pattern=r"^[1-9][0-9]*\.[0-9]+$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Url = Annotated[AnyHttpUrl, PlainSerializer(str, return_type=str)]

Kind = Literal["language", "workplace", "rights", "orientation"]
Audience = Literal["labour", "family", "student", "refugee", "youth"]
Skill = Literal["listening", "reading", "interaction", "production", "writing", "use"]
Topic = Literal[
    "travel", "arrival", "receiving-body", "residence", "rights", "duties", "equality", "housing",
    "health", "money", "living-cost", "work", "work-culture", "recognition", "school", "language-after",
    "transport", "communication", "shopping", "customs", "culture-shock", "family-roles", "community",
    "citizenship",
]  # fmt: skip


class Part(BaseModel):
    """Anything in a document: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# --- items -------------------------------------------------------------------------------------


class ItemBase(Part):
    """What every item has; the types add their own fields, marking and form."""

    #: The xAPI interaction type of this kind of item (xAPI 1.0.3 Data 2.4.4.1).
    interaction: ClassVar[str] = "other"
    #: False for self-assessment: it is recorded, but never right or wrong.
    is_marked: ClassVar[bool] = True

    id: Id
    type: str
    prompt: Words | None = None
    stimulus: Words | None = None
    picture: Id | None = None
    audio: Id | None = None
    plays: Annotated[int, Field(ge=1, le=9)] | None = None
    explain: Words | None = None
    facts: tuple[Id, ...] = ()
    outcomes: tuple[Id, ...] = ()
    tags: tuple[Id, ...] = ()
    topic: Topic | None = None
    difficulty: Annotated[int, Field(ge=1, le=3)] = 1
    #: The ids this question had before what is right in it changed: finished tests can be marked again with it.
    replaces: tuple[Id, ...] = ()

    def media_ids(self) -> Iterator[str]:
        """Yield the ids of all pictures and sounds this item shows; types add theirs."""
        yield from (m for m in (self.picture, self.audio) if m)


def _item(value: Any, handler: Any, info: ValidationInfo) -> Any:
    if isinstance(value, ItemBase):
        return value
    types: dict[str, type[ItemBase]] = (info.context or {}).get("item_types", {})
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in types:
        known = ", ".join(sorted(types))
        raise PydanticCustomError(
            "item_type",
            "There is no item type '{kind}'. Known types: {known}.",
            {"kind": kind, "known": known},
        )
    return types[kind].model_validate(value, context=info.context)


Item = Annotated[SerializeAsAny[ItemBase], WrapValidator(_item)]


# --- blocks ------------------------------------------------------------------------------------


class Block(Part):
    id: Id
    facts: tuple[Id, ...] = ()


class TextBlock(Block):
    type: Literal["text"]
    text: Words


class Turn(Part):
    id: Id
    speaker: str
    text: Words
    gloss: Words | None = None
    audio: Id | None = None


class DialogueBlock(Block):
    type: Literal["dialogue"]
    title: Words | None = None
    turns: Annotated[tuple[Turn, ...], Field(min_length=2)]


class VocabularyBlock(Block):
    type: Literal["vocabulary"]
    entries: Annotated[tuple[Id, ...], Field(min_length=1)]


class Example(Part):
    id: Id
    text: Words
    gloss: Words | None = None


class GrammarBlock(Block):
    type: Literal["grammar"]
    title: Words
    text: Words
    examples: tuple[Example, ...] = ()


class PictureBlock(Block):
    type: Literal["picture"]
    media: Id
    caption: Words | None = None


class RecordingBlock(Block):
    type: Literal["audio", "video"]
    media: Id
    title: Words | None = None


class Step(Part):
    id: Id
    text: Words


class ChecklistBlock(Block):
    type: Literal["checklist"]
    title: Words
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


class FactBlock(Block):
    type: Literal["fact"]
    fact: Id


class ScenarioBlock(Block):
    type: Literal["scenario"]
    title: Words
    text: Words
    picture: Id | None = None


class LinkBlock(Block):
    type: Literal["link"]
    url: Url
    text: Words
    language: Language


class ItemsBlock(Block):
    type: Literal["items"]
    intro: Words | None = None
    items: Annotated[tuple[Item, ...], Field(min_length=1)]


AnyBlock = Annotated[
    TextBlock | DialogueBlock | VocabularyBlock | GrammarBlock | PictureBlock | RecordingBlock
    | ChecklistBlock | FactBlock | ScenarioBlock | LinkBlock | ItemsBlock,
    Field(discriminator="type"),
]  # fmt: skip


class Unit(Part):
    id: Id
    title: Words
    minutes: Annotated[int, Field(ge=3, le=30)]
    outcomes: tuple[Id, ...] = ()
    blocks: Annotated[tuple[AnyBlock, ...], Field(min_length=1)]

    @cached_property
    def items(self) -> tuple[ItemBase, ...]:
        return tuple(item for block in self.blocks if isinstance(block, ItemsBlock) for item in block.items)

    @cached_property
    def item_ids(self) -> tuple[str, ...]:
        return tuple(item.id for item in self.items)

    @cached_property
    def marked_ids(self) -> tuple[str, ...]:
        return tuple(item.id for item in self.items if item.is_marked)
