"""Walk the texts of a document: to extract them, to translate them, to count what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from .document import Course
from .parts import ItemsBlock, Part, Unit
from .words import Words

P = TypeVar("P", bound=Part)
Change = Callable[[str, Words], Words]


def texts(course: Course) -> Iterator[tuple[str, str]]:
    """Yield (msgctxt, text) for every text that translations replace, in reading order."""
    found: list[tuple[str, str]] = []

    def note(context: str, words: Words) -> Words:
        if words.is_source:
            found.append((context, words.text))
        return words

    _course(course, note)
    yield from found


def in_reading_order(course: Course) -> list[tuple[str, str]]:
    """Return what ``texts`` yields as people read it: the title of a unit before what stands in the unit."""
    titles = {f"{unit.id}//title" for unit in course.units}
    found: list[tuple[str, str]] = []
    waiting: list[tuple[str, str]] = []
    scopes = {unit.id for unit in course.units}
    for context, text in texts(course):
        if context in titles:
            found += [(context, text), *waiting]
            waiting = []
        elif context.split("/", 1)[0] in scopes:
            waiting.append((context, text))
        else:
            found += [*waiting, (context, text)]
            waiting = []
    return found + waiting


def localised(course: Course, language: str, translations: Mapping[str, str]) -> Course:
    """Return the document as it reads in ``language``; what is not translated stays in the source language."""

    def change(context: str, words: Words) -> Words:
        if not words.is_source:
            return words
        if language != course.source_language and (text := translations.get(context)):
            return Words(text, language, translated=True)
        return Words(words.text, course.source_language, translated=True)

    return _course(course, change)


def in_source_language(part: P, language: str) -> P:
    """Return one part alone as it reads in the language it was written in."""
    return _part(
        part, "", lambda context, words: Words(words.text, language, True) if words.is_source else words
    )


def _course(course: Course, change: Change) -> Course:
    update: dict[str, Any] = {}
    for name in ("title", "summary"):
        update[name] = change(f"course//{name}", getattr(course, name))
    update["outcomes"] = tuple(_part(o, f"course/{o.id}/", change) for o in course.outcomes)
    update["modules"] = tuple(_part(m, f"module/{m.id}/", change) for m in course.modules)
    update["units"] = tuple(_unit(u, change) for u in course.units)
    for name, scope in (
        ("entries", "entries"), ("facts", "facts"), ("media", "media"), ("bank", "bank"), ("blueprints", "blueprint"),
    ):  # fmt: skip
        update[name] = tuple(_part(p, f"{scope}/{p.id}/", change) for p in getattr(course, name))
    return course.model_copy(update=update)


def _unit(unit: Unit, change: Change) -> Unit:
    blocks: list[Part] = []
    for block in unit.blocks:
        scope = f"{unit.id}/{block.id}/"
        if isinstance(block, ItemsBlock):
            items = tuple(_part(item, f"{unit.id}/{item.id}/", change) for item in block.items)
            intro = change(scope + "intro", block.intro) if block.intro else None
            blocks.append(block.model_copy(update={"items": items, "intro": intro}))
        else:
            blocks.append(_part(block, scope, change))
    return unit.model_copy(update={"title": change(f"{unit.id}//title", unit.title), "blocks": tuple(blocks)})


def _part(part: P, scope: str, change: Change) -> P:
    update = {}
    for name in type(part).model_fields:
        value = getattr(part, name)
        new = _value(value, f"{scope}{name}", change)
        if new is not value:
            update[name] = new
    return part.model_copy(update=update) if update else part


def _value(value: Any, context: str, change: Change) -> Any:
    if isinstance(value, Words):
        return change(context, value)
    if isinstance(value, Part):
        return _part(value, context + ".", change)
    if isinstance(value, tuple) and any(isinstance(element, Part) for element in value):
        return tuple(
            _part(e, f"{context}.{getattr(e, 'id', n)}.", change) if isinstance(e, Part) else e
            for n, e in enumerate(value)
        )
    return value
