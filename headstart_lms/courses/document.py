"""The course document as data: docs/content-format.md says it in words. Units and items: ``parts``."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, PlainSerializer
from pydantic_core import PydanticCustomError

from .parts import (
    Audience,
    Country,
    Id,
    Item,
    ItemsBlock,
    Kind,
    Language,
    Part,
    Skill,
    Slug,
    Topic,
    Unit,
    Url,
    Version,
)
from .words import Words

# --- vocabulary, facts, media -------------------------------------------------------------------


class EntryExample(Part):
    text: str
    gloss: Words


class Entry(Part):
    """A word or phrase of the taught language. ``word``, ``plural`` and the example are in that language."""

    id: Id
    kind: Literal["noun", "verb", "adjective", "adverb", "number", "phrase", "other"]
    word: str
    article: str | None = None
    gender: Literal["m", "f", "mf", "n"] | None = None
    plural: str | None = None
    #: Other forms of the word that texts and questions use (``vado``, ``va``), where no rule leads to them.
    forms: tuple[str, ...] = ()
    gloss: Words
    example: EntryExample | None = None
    hint: Words | None = None
    picture: Id | None = None
    audio: Id | None = None

    @property
    def headword(self) -> str:
        """The word as it is learnt: with its article (an elided article is not followed by a space)."""
        if not self.article:
            return self.word
        return self.article + ("" if self.article.endswith(("'", "’")) else " ") + self.word


class FactSource(Part):
    title: str
    url: Url
    read: date


class Fact(Part):
    """A claim about law, money, an office or a number, with its source and the time it is good for."""

    id: Id
    claim: Words
    country: Country
    region: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    review_by: date
    source: FactSource
    owner: str

    def is_expired(self, on: date) -> bool:
        """Tell whether the claim's validity ended before ``on``."""
        return self.valid_until is not None and self.valid_until < on


class Media(Part):
    id: Id
    file: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    kind: Literal["picture", "audio", "video"]
    alt: Words | None = None
    transcript: Words | None = None
    licence: str
    source: str
    voice: Literal["human", "synthetic"] | None = None
    #: What `headstart audio build` made the clip from, as a hash: another text or voice makes it anew.
    recipe: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")] | None = None
    #: SHA-256 of the file, hex, and its size in pixels where known; written by the loader.
    sha256: str | None = None
    width: int | None = None
    height: int | None = None


# --- tests -------------------------------------------------------------------------------------

Percent = Annotated[float, Field(ge=0, le=100)]


class Draw(Part):
    tags: Annotated[tuple[Id, ...], Field(min_length=1)]
    count: Annotated[int, Field(ge=1, le=60)]


class Section(Part):
    id: Id
    title: Words
    skill: Skill | None = None
    draw: Annotated[tuple[Draw, ...], Field(min_length=1)]
    weight: Annotated[float, Field(gt=0)] = 1


def _rule(value: Any) -> Any:
    """Refuse a pass rule whose shape is not one of the seven forms; sections are checked with the blueprint."""
    if not isinstance(value, dict):
        raise PydanticCustomError("pass_rule", "Write a pass rule, for example {{overall: 60}}.")
    keys = frozenset(value)
    percent = {"overall": ("overall",), "each": ("each",)}
    if keys in ({"overall"}, {"each"}):
        _percent(value[percent[next(iter(keys))][0]])
    elif keys in ({"section", "min"}, {"group", "min"}):
        _percent(value["min"])
        group = value.get("group", [value.get("section")])
        if not isinstance(group, list) or not group or not all(isinstance(name, str) for name in group):
            raise PydanticCustomError(
                "pass_rule", "A section rule names a section; a group rule a list of them."
            )
    elif keys in ({"all"}, {"any"}, {"atleast", "of"}):
        parts = value.get("all", value.get("any", value.get("of")))
        if not isinstance(parts, list) or not parts:
            raise PydanticCustomError("pass_rule", "all, any and atleast need a list of rules.")
        if "atleast" in keys and not (
            isinstance(value["atleast"], int) and 1 <= value["atleast"] <= len(parts)
        ):
            raise PydanticCustomError(
                "pass_rule", "atleast is a number from 1 to the number of rules in 'of'."
            )
        for part in parts:
            _rule(part)
    else:
        raise PydanticCustomError(
            "pass_rule", "A pass rule is one of overall, each, section+min, group+min, all, any, atleast+of."
        )
    return value


def _percent(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        raise PydanticCustomError("pass_rule", "A pass mark is a number from 0 to 100.")


class Blueprint(Part):
    id: Id
    title: Words
    mode: Literal["practice", "supervised"] = "practice"
    minutes: Annotated[int, Field(ge=1, le=240)]
    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    sections: Annotated[tuple[Section, ...], Field(min_length=1)]
    pass_rule: Annotated[dict[str, Any], BeforeValidator(_rule), Field(alias="pass")]


# --- the course --------------------------------------------------------------------------------


#: The language of words in a course that teaches none, where the code of its country is not that of a language.
_LANGUAGE_OF_COUNTRY = {"AT": "de", "CZ": "cs"}


class Destination(Part):
    country: Country
    region: str | None = None


class Taught(Part):
    language: Language
    level: Literal["pre-A1", "A1", "A2", "B1", "B2", "C1", "C2"]


class Outcome(Part):
    id: Id
    text: Words
    topics: tuple[Topic, ...] = ()
    skill: Skill | None = None


class CertificateRule(Part):
    """What the certificate asks for: all units done and, when named, a test passed."""

    units: Literal["all"] = "all"
    blueprint: Id | None = None
    valid_months: Annotated[int, Field(ge=1, le=240)] | None = None


class Module(Part):
    id: Id
    title: Words
    summary: Words | None = None
    units: Annotated[tuple[Id, ...], Field(min_length=1)]


class Source(Part):
    id: Id
    title: str
    url: Url
    read: date


class Course(Part):
    """A whole course: one edition, one correction."""

    format: Literal[1]
    uuid: Annotated[UUID, PlainSerializer(str, return_type=str)]
    slug: Slug
    version: Version
    kind: Kind
    title: Words
    summary: Words
    destination: Destination
    taught: Taught | None = None
    source_language: Language
    support_languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    audiences: tuple[Audience, ...] = ()
    hours: Annotated[float, Field(gt=0, le=2000)]
    authors: Annotated[tuple[str, ...], Field(min_length=1)]
    licence: str
    outcomes: tuple[Outcome, ...] = ()
    certificate: CertificateRule = CertificateRule()
    modules: Annotated[tuple[Module, ...], Field(min_length=1)]
    sources: tuple[Source, ...] = ()
    units: Annotated[tuple[Unit, ...], Field(min_length=1)]
    entries: tuple[Entry, ...] = ()
    facts: tuple[Fact, ...] = ()
    bank: tuple[Item, ...] = ()
    blueprints: tuple[Blueprint, ...] = ()
    media: tuple[Media, ...] = ()

    def paused(self, on: date) -> frozenset[str]:
        """Return the ids of the items, of units and of the bank, that depend on a fact which is over on a day.

        Nobody is asked what may be wrong by now: they are shown as being checked, and count for nothing.
        """
        expired = {fact.id for fact in self.facts if fact.is_expired(on)}
        if not expired:
            return frozenset()
        found = {item.id for item in self.bank if expired & set(item.facts)}
        for unit in self.units:
            for block in unit.blocks:
                if isinstance(block, ItemsBlock):
                    of_block = bool(expired & set(block.facts))
                    found |= {item.id for item in block.items if of_block or expired & set(item.facts)}
        return frozenset(found)

    @property
    def words_language(self) -> str:
        """Return the language of its words (entries): the taught one, or that of the destination."""
        if self.taught is not None:
            return self.taught.language
        country = self.destination.country
        return _LANGUAGE_OF_COUNTRY.get(country, country.lower())

    @property
    def edition(self) -> int:
        return int(self.version.split(".")[0])

    @property
    def correction(self) -> int:
        return int(self.version.split(".")[1])
