"""One unit of a draft as learners will see it, also while the rest of the course, or a part of it, is unfinished."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from pydantic import TypeAdapter, ValidationError

from ..courses import catalogue
from ..courses.catalogue import Held
from ..courses.check import ItemTypes, sentence
from ..courses.document import Course, Destination, Entry, Fact, Media, Taught
from ..courses.library import Book
from ..courses.parts import AnyBlock, ItemBase, Part, Unit
from ..courses.texts import localised, texts
from ..courses.words import Words
from ..kernel.i18n import _

_BLOCK: TypeAdapter[Part] = TypeAdapter(AnyBlock)


@dataclass(frozen=True)
class Source:
    """What a unit is shown with: the parsed files of a draft, as they stand."""

    head: Mapping[str, Any]
    unit: Mapping[str, Any]
    entries: tuple[Any, ...] = ()
    facts: tuple[Any, ...] = ()
    media: tuple[Any, ...] = ()
    #: Name of a media file -> SHA-256 of its content.
    files: Mapping[str, str] = field(default_factory=dict)
    #: The translation: {msgctxt: what the PO file holds}; nothing in the source language.
    held: Mapping[str, Held] = field(default_factory=dict)
    language: str = "en"


@dataclass(frozen=True)
class Preview:
    book: Book
    unit: Unit
    #: Parts that cannot be shown yet: their id, and why in one sentence.
    unfinished: tuple[tuple[str, str], ...]
    #: How many texts of the unit are not translated into the language shown.
    untranslated: int


def make_preview(source: Source, item_types: ItemTypes) -> Preview:
    """Show what can be shown; say of every other part what it still needs."""
    context = {"item_types": item_types}
    media = tuple(m for m in _valid(Media, _with_files(source), context) if m.sha256)
    here = {m.id for m in media}
    entries = tuple(_valid(Entry, (_without_lost(row, here) for row in source.entries), context))
    facts = tuple(_valid(Fact, source.facts, context))
    known = _Known(
        here, {e.id for e in entries}, {f.id for f in facts}
    )  # fmt: skip
    unfinished: list[tuple[str, str]] = []
    blocks = tuple(_blocks(source.unit, known, context, unfinished))
    unit_id = str(source.unit.get("id") or "unit")
    unit = Unit.model_construct(
        id=unit_id, title=_words(source.unit.get("title")), minutes=_number(source.unit.get("minutes")),
        outcomes=(), blocks=blocks,
    )  # fmt: skip
    head = source.head
    course = Course.model_construct(
        format=1, uuid=head.get("uuid"), slug=str(head.get("slug") or "draft"), version="1.0",
        kind=head.get("kind") if head.get("kind") in ("language", "workplace", "rights") else "orientation",
        title=_words(head.get("title")), summary=_words(head.get("summary")),
        # words are shown in the language of the country where a course teaches none ("und": not known, BCP 47)
        destination=_one(Destination, head.get("destination"), context) or Destination.model_construct(country="und"),
        taught=_one(Taught, head.get("taught"), context), source_language=str(head.get("source_language") or "en"),
        support_languages=("en",), modules=(), outcomes=(), units=(unit,), entries=entries, facts=facts, media=media,
        bank=(), blueprints=(),
    )  # fmt: skip
    wanted = dict(texts(course))
    done = {
        name: source.held[name].text
        for name, text in wanted.items()
        if catalogue.state_of(source.held.get(name), text) == "done"
    }
    mine = [name for name in wanted if name.startswith(f"{unit_id}/")]
    book = Book(
        localised(course, source.language, done), _digest(source), source.language, (source.language,)
    )
    return Preview(
        book, book.course.units[0], tuple(unfinished),
        0 if source.language == course.source_language else sum(name not in done for name in mine),
    )  # fmt: skip


def _digest(source: Source) -> str:
    return hashlib.sha256(rfc8785.dumps([dict(source.unit), source.language])).hexdigest()


def _with_files(source: Source) -> Iterator[Any]:
    for row in source.media:
        if isinstance(row, dict):
            yield {**row, "sha256": source.files.get(str(row.get("file")))}


def _without_lost(row: Any, media: set[str]) -> Any:
    """Return an entry without a picture or sound that is not there: the word itself can be shown."""
    if not isinstance(row, dict):
        return row
    return {k: v for k, v in row.items() if k not in ("picture", "audio") or v in media}


def _valid(kind: type[Any], rows: Any, context: Any) -> Iterator[Any]:
    for row in rows:
        found = _one(kind, row, context)
        if found is not None:
            yield found


def _one(kind: type[Any], row: Any, context: Any) -> Any:
    try:
        return kind.model_validate(row, context=context)
    except ValidationError:
        return None


def _words(value: Any) -> Words:
    try:
        return Words.parse(value)
    except ValueError:
        return Words(_("(no title yet)"))


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 10


@dataclass(frozen=True)
class _Known:
    media: set[str]
    entries: set[str]
    facts: set[str]

    def missing(self, part: Part) -> str | None:
        """Name the first thing a part refers to that is not there."""
        if isinstance(part, ItemBase):
            media: list[str | None] = list(part.media_ids())
        else:
            media = [getattr(part, name, None) for name in ("media", "picture", "audio")]
            media += [getattr(turn, "audio", None) for turn in getattr(part, "turns", ())]
        for name in media:
            if name is not None and name not in self.media:
                return _("The picture or sound '%(name)s' is not here yet.", name=name)
        for name in getattr(part, "entries", ()):
            if name not in self.entries:
                return _("The word '%(name)s' is not in the vocabulary.", name=name)
        for name in (*getattr(part, "facts", ()), getattr(part, "fact", None)):
            if name is not None and name not in self.facts:
                return _("The fact '%(name)s' is not here.", name=name)
        return None


def _blocks(
    unit: Mapping[str, Any], known: _Known, context: Any, unfinished: list[tuple[str, str]]
) -> Iterator[Any]:
    rows = unit.get("blocks")
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict):
            continue
        data = dict(row)
        if data.get("type") == "items":
            data["items"] = tuple(_items(data, known, context, unfinished))
            if not data["items"]:
                if not row.get("items"):
                    unfinished.append((str(row.get("id")), _("There is no question here yet.")))
                continue
        block = _part(lambda data=data: _BLOCK.validate_python(data, context=context), row, known, unfinished)
        if block is not None:
            yield block


def _items(
    block: dict[str, Any], known: _Known, context: Any, unfinished: list[tuple[str, str]]
) -> Iterator[Any]:
    types: ItemTypes = context["item_types"]
    for row in block.get("items") or ():
        kind = types.get(str(row.get("type"))) if isinstance(row, dict) else None
        if kind is None:
            continue
        item = _part(
            lambda row=row, kind=kind: kind.model_validate(row, context=context), row, known, unfinished
        )
        if item is not None:
            yield item


def _part(make: Any, row: dict[str, Any], known: _Known, unfinished: list[tuple[str, str]]) -> Any:
    """Return a part that can be shown, or None with a line about what it needs."""
    try:
        part = make()
    except ValidationError as error:
        unfinished.append((str(row.get("id")), sentence(error.errors()[0])))
        return None
    if problem := known.missing(part):
        unfinished.append((str(row.get("id")), problem))
        return None
    return part
