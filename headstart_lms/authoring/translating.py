"""What a translator sees of a course: its parts in reading order, and where each text stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..courses.document import Course, Entry
from ..courses.parts import Block, ItemsBlock, Part
from ..courses.texts import in_reading_order
from ..courses.translations import MARK
from ..courses.words import Words
from ..kernel.i18n import _
from .forms import form_of

#: First steps of a name that are no unit, and the part of the page they belong to.
_SCOPES = {
    "course": "course", "module": "course", "entries": "entries", "facts": "facts", "media": "media", "bank": "bank",
    "blueprint": "tests",
}  # fmt: skip


@dataclass(frozen=True)
class Section:
    """A part of the course as translators go through it: a unit, or a list beside the units."""

    key: str
    title: str
    contexts: tuple[str, ...]


@dataclass(frozen=True)
class Beside:
    """Something in a language that stays, next to a text: the word whose meaning is translated."""

    text: str
    lang: str | None


@dataclass(frozen=True)
class Place:
    """Where a text stands, in words, from the outside in."""

    steps: tuple[str, ...] = ()
    #: None: learners do not choose it; else whether it is the right one.
    right: bool | None = None
    beside: tuple[Beside, ...] = ()


def sections(course: Course) -> list[Section]:
    """Return the parts of a course in reading order, each with the names of its texts; empty ones are left out."""
    by_key: dict[str, list[str]] = {}
    for context, _text in in_reading_order(course):
        by_key.setdefault(section_of(context), []).append(context)
    titles = {unit.id: unit.title.text for unit in course.units}
    ordered = dict.fromkeys(name for module in course.modules for name in module.units)
    named = [
        ("course", _("The course")), *((name, titles.get(name, name)) for name in [*ordered, *titles]),
        ("entries", _("Words")), ("facts", _("Facts")), ("media", _("Pictures and sound")),
        ("bank", _("Questions of tests")), ("tests", _("Tests")),
    ]  # fmt: skip
    return [Section(key, title, tuple(by_key.pop(key))) for key, title in named if key in by_key]


def section_of(context: str) -> str:
    """Return the part a text belongs to, by its name."""
    scope = context.split("/", 1)[0]
    return _SCOPES.get(scope, scope)


class Places:
    """Where the texts of one course stand."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._taught = course.taught.language if course.taught else None
        self._parts: dict[tuple[str, str], tuple[tuple[str, ...], Part]] = {("course", ""): ((), course)}
        for scope, rows in (
            ("course", course.outcomes), ("module", course.modules), ("entries", course.entries),
            ("facts", course.facts), ("media", course.media), ("bank", course.bank), ("blueprint", course.blueprints),
        ):  # fmt: skip
            for row in rows:
                self._parts[scope, row.id] = ((self._named(scope, row),), row)
        for unit in course.units:
            self._parts[unit.id, ""] = ((), unit)
            for block in unit.blocks:
                self._parts.setdefault((unit.id, block.id), ((_label_of(block),), block))
                for item in block.items if isinstance(block, ItemsBlock) else ():
                    self._parts.setdefault((unit.id, item.id), ((_label_of(item),), item))

    def of(self, context: str) -> Place:
        """Return where a text stands; for a name the course does not have, nothing."""
        scope, _slash, rest = context.partition("/")
        name, _slash, path = rest.partition("/")
        found = self._parts.get((scope, name))
        if found is None:
            return Place()
        steps, part = found
        return self._walk(part, path.split("."), steps)

    def _walk(self, part: Part, path: Sequence[str], steps: tuple[str, ...]) -> Place:
        right: bool | None = None
        labels = _labels(part)
        while path:
            name, path = path[0], path[1:]
            value = getattr(part, name, None)
            if isinstance(value, Part):
                steps, part, labels = (*steps, labels.label(name)), value, labels.within(name)
            elif isinstance(value, tuple) and path:
                n, row = _row(value, path[0])
                if row is None:
                    break
                path = path[1:]
                steps = (*steps, f"{labels.row(name)} {n + 1}")
                part, labels = row, labels.within(name)
                chosen = getattr(row, "right", None)
                right = chosen if isinstance(chosen, bool) else right
            else:
                several = sum(
                    isinstance(getattr(part, other, None), Words) for other in type(part).model_fields
                )
                if several > 1 or not steps:
                    steps = (*steps, labels.label(name))
                break
        return Place(steps, right, self._beside(part))

    def _beside(self, part: Part) -> tuple[Beside, ...]:
        """Return what stands in a language of its own in the same part."""
        if isinstance(part, Entry):
            return (Beside(part.headword, self._taught),)
        text = getattr(part, "text", None)
        found = [Beside(text, self._taught)] if isinstance(text, str) else []
        for name in type(part).model_fields:
            value = getattr(part, name)
            if isinstance(value, Words) and not value.is_source:
                found.append(Beside(value.text, value.lang))
        return tuple(found)

    def _named(self, scope: str, row: Any) -> str:
        if scope == "entries":
            return str(row.headword)
        if scope == "bank":
            return _label_of(row)
        return {
            "course": _("Objective"), "module": _("Module"), "facts": _("Fact"), "blueprint": _("Test"),
            "media": str(getattr(row, "file", "")),
        }[scope]  # fmt: skip


def _label_of(part: Any) -> str:
    return str(form_of(str(part.type), "block" if isinstance(part, Block) else "item").label)


def _row(rows: Sequence[Any], key: str) -> tuple[int, Part | None]:
    """Return the row of a list by its id, or by its number where rows have none."""
    for n, row in enumerate(rows):
        if isinstance(row, Part) and getattr(row, "id", str(n)) == key:
            return n, row
    return 0, None


class _Labels:
    """What the fields of a part are called: as on its form."""

    def __init__(self, specs: Iterable[Any]) -> None:
        self._specs = {spec.key: spec for spec in specs}

    def label(self, name: str) -> str:
        spec = self._specs.get(name)
        return str(spec.label) if spec is not None else _plain_labels().get(name, name.replace("_", " "))

    def row(self, name: str) -> str:
        spec = self._specs.get(name)
        label = str(getattr(spec, "row_label", "")) if spec is not None else ""
        return label or self.label(name)

    def within(self, name: str) -> _Labels:
        return _Labels(getattr(self._specs.get(name), "fields", ()) or ())


def _labels(part: Part) -> _Labels:
    kind = getattr(part, "type", None)
    if not isinstance(kind, str):
        return _Labels(())
    return _Labels(form_of(kind, "block" if isinstance(part, Block) else "item").specs)


def _plain_labels() -> dict[str, str]:
    return {
        "title": _("Title"), "summary": _("Summary"), "text": _("Text"), "gloss": _("Meaning"), "example": _("Example"),
        "hint": _("Remark"), "claim": _("Claim"), "alt": _("What it shows"), "transcript": _("Transcript"),
        "sections": _("Section"), "intro": _("Before the questions"), "prompt": _("Question"),
        "explain": _("Explanation"), "why": _("Why not"), "stimulus": _("Text to read"),
    }  # fmt: skip


# --- how a text is shown -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """A piece of a text: plain, or a marked word or gap that every translation keeps; ``lang`` is the word's."""

    text: str
    kind: Literal["plain", "word", "gap"] = "plain"
    lang: str | None = None


def pieces(text: str) -> list[Piece]:
    """Cut a text into what is translated and what is kept as it stands."""
    found: list[Piece] = []
    at = 0
    for mark in MARK.finditer(text):
        if mark.start() > at:
            found.append(Piece(text[at : mark.start()]))
        lang = mark.group(2)
        found.append(Piece(mark.group(0), "word" if lang else "gap", lang))
        at = mark.end()
    if at < len(text):
        found.append(Piece(text[at:]))
    return found


def marks_of(text: str) -> list[Piece]:
    """Return what a translation must keep, once each, as it stands in the text."""
    return list({piece.text: piece for piece in pieces(text) if piece.kind != "plain"}.values())
