"""What the shape of a course alone cannot show: references, tests, facts, teaching. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from markdown_it import MarkdownIt

from .document import Course, Entry
from .gates import gates
from .parts import (
    Block,
    DialogueBlock,
    FactBlock,
    GrammarBlock,
    ItemBase,
    ItemsBlock,
    PictureBlock,
    RecordingBlock,
    ScenarioBlock,
    TextBlock,
    VocabularyBlock,
)
from .source import Loc
from .teaching import teaching
from .words import Words

#: What stands after ``/courses/<slug>/`` beside units.
RESERVED_UNITS = frozenset({"words", "tests", "items", "enrol", "review", "move"})

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")

Problem = tuple[str, Loc, str]


def rules(course: Course, on: date) -> Iterator[Problem]:
    """Yield (level, place, sentence) for everything the shape alone cannot see."""
    yield from _ids(course)
    yield from _structure(course)
    yield from _references(course)
    yield from _tests(course)
    yield from _facts(course, on)
    yield from _media(course)
    yield from _vocabulary(course)
    yield from _teaching(course)
    yield from _markup(course)
    items = [(loc, part) for loc, part in _blocks_and_items(course) if isinstance(part, ItemBase)]
    yield from gates(course, items)
    yield from teaching(course, items)


def _ids(course: Course) -> Iterator[Problem]:
    for name in ("units", "entries", "facts", "media", "blueprints", "modules", "outcomes", "sources"):
        seen: set[str] = set()
        for n, part in enumerate(getattr(course, name)):
            if part.id in seen:
                yield "error", (name, n, "id"), f"The id '{part.id}' stands twice. Give one of them a new id."
            seen.add(part.id)
    seen = set()
    for loc, part in _blocks_and_items(course):
        if part.id in seen:
            yield (
                "error",
                (*loc, "id"),
                f"The id '{part.id}' stands twice in the course. Give one of them a new id.",
            )
        seen.add(part.id)
    replaced: set[str] = set()
    for loc, part in _blocks_and_items(course):
        for n, old in enumerate(part.replaces if isinstance(part, ItemBase) else ()):
            if old in seen or old in replaced:
                message = f"Two questions replace '{old}'. Take it out of one of them."
                if old in seen:
                    message = f"Another question is called '{old}' now. Give it a new id: answers stand under this one."
                yield "error", (*loc, "replaces", n), message
            replaced.add(old)
    for n, unit in enumerate(course.units):
        if unit.id in seen:
            yield "error", ("units", n, "id"), f"The id '{unit.id}' is also the id of a block or item."
        if unit.id in RESERVED_UNITS:
            yield (
                "error",
                ("units", n, "id"),
                f"A unit cannot be called '{unit.id}': that is an address of the course.",
            )
    for loc, part in _blocks_and_items(course):
        for name in ("turns", "examples", "steps", "options", "pairs", "parts", "gaps", "fields", "spots"):
            inner = [getattr(p, "id", None) for p in getattr(part, name, ())]
            for n, inner_id in enumerate(inner):
                if inner_id is not None and inner_id in inner[:n]:
                    yield "error", (*loc, name, n, "id"), f"The id '{inner_id}' stands twice here."


def _blocks_and_items(course: Course) -> Iterator[tuple[Loc, Block | ItemBase]]:
    for u, unit in enumerate(course.units):
        for b, block in enumerate(unit.blocks):
            loc: Loc = ("units", u, "blocks", b)
            yield loc, block
            if isinstance(block, ItemsBlock):
                for i, item in enumerate(block.items):
                    yield (*loc, "items", i), item
    for n, item in enumerate(course.bank):
        yield ("bank", n), item


def _structure(course: Course) -> Iterator[Problem]:
    placed: set[str] = set()
    known = {unit.id for unit in course.units}
    for m, module in enumerate(course.modules):
        for u, unit_id in enumerate(module.units):
            loc: Loc = ("modules", m, "units", u)
            if unit_id not in known:
                yield "error", loc, f"There is no file units/{unit_id}.yaml."
            elif unit_id in placed:
                yield "error", loc, f"The unit '{unit_id}' stands in two places; keep one."
            placed.add(unit_id)
    for n, unit in enumerate(course.units):
        if unit.id not in placed:
            yield "error", ("units", n, "id"), f"No module lists the unit '{unit.id}'; add it in course.yaml."
        if not any(item.is_marked for item in unit.items):
            yield "error", ("units", n), "The unit asks nothing. Add at least one item that is marked."
    if course.kind == "language" and course.taught is None:
        yield (
            "error",
            ("taught",),
            "A language course says what it teaches: taught: {language: it, level: A1}.",
        )
    if course.source_language not in course.support_languages:
        yield (
            "error",
            ("support_languages",),
            f"Add the source language '{course.source_language}' to the list.",
        )


def _references(course: Course) -> Iterator[Problem]:
    outcomes = {o.id for o in course.outcomes}
    facts = {f.id for f in course.facts}
    entries = {e.id for e in course.entries}
    media = {m.id: m for m in course.media}

    def refer(loc: Loc, ids: tuple[str, ...], known: Any, what: str) -> Iterator[Problem]:
        for n, name in enumerate(ids):
            if name not in known:
                yield "error", (*loc, n), f"There is no {what} '{name}'."

    def file(loc: Loc, name: str | None, kinds: tuple[str, ...]) -> Iterator[Problem]:
        if name is None:
            return
        if name not in media:
            yield "error", loc, f"There is no media '{name}' in media.yaml."
        elif media[name].kind not in kinds:
            yield "error", loc, f"'{name}' is {media[name].kind}, but {' or '.join(kinds)} is needed here."

    for n, unit in enumerate(course.units):
        yield from refer(("units", n, "outcomes"), unit.outcomes, outcomes, "outcome")
    for loc, part in _blocks_and_items(course):
        yield from refer((*loc, "facts"), part.facts, facts, "fact")
        if isinstance(part, ItemBase):
            yield from refer((*loc, "outcomes"), part.outcomes, outcomes, "outcome")
            yield from file((*loc, "picture"), part.picture, ("picture",))
            yield from file((*loc, "audio"), part.audio, ("audio",))
            for name in part.media_ids():
                if name not in media:
                    yield "error", loc, f"There is no media '{name}' in media.yaml."
        elif isinstance(part, FactBlock):
            if part.fact not in facts:
                yield "error", (*loc, "fact"), f"There is no fact '{part.fact}'."
        elif isinstance(part, VocabularyBlock):
            yield from refer((*loc, "entries"), part.entries, entries, "entry")
        elif isinstance(part, PictureBlock):
            yield from file((*loc, "media"), part.media, ("picture",))
        elif isinstance(part, RecordingBlock):
            yield from file((*loc, "media"), part.media, (part.type,))
        elif isinstance(part, ScenarioBlock):
            yield from file((*loc, "picture"), part.picture, ("picture",))
        elif isinstance(part, DialogueBlock):
            for t, turn in enumerate(part.turns):
                yield from file((*loc, "turns", t, "audio"), turn.audio, ("audio",))
    for n, entry in enumerate(course.entries):
        yield from file(("entries", n, "picture"), entry.picture, ("picture",))
        yield from file(("entries", n, "audio"), entry.audio, ("audio",))


def _tests(course: Course) -> Iterator[Problem]:
    names = {b.id for b in course.blueprints}
    if course.certificate.blueprint is not None and course.certificate.blueprint not in names:
        yield (
            "error",
            ("certificate", "blueprint"),
            f"There is no blueprint '{course.certificate.blueprint}'.",
        )
    for n, item in enumerate(course.bank):
        if not item.is_marked:
            yield (
                "error",
                ("bank", n, "type"),
                "A test can only hold items that are marked; move this one to a unit.",
            )
        if not item.tags:
            yield "error", ("bank", n), "A bank item needs tags, or no test can draw it."
    drawn_tags: list[frozenset[str]] = []
    for b, blueprint in enumerate(course.blueprints):
        loc: Loc = ("blueprints", b)
        sections = [s.id for s in blueprint.sections]
        for s, section in enumerate(blueprint.sections):
            if section.id in sections[:s]:
                yield "error", (*loc, "sections", s, "id"), f"The id '{section.id}' stands twice here."
            for d, draw in enumerate(section.draw):
                tags = frozenset(draw.tags)
                drawn_tags.append(tags)
                have = sum(1 for item in course.bank if tags <= set(item.tags))
                at: Loc = (*loc, "sections", s, "draw", d)
                if have < draw.count:
                    yield (
                        "error",
                        at,
                        f"The bank has {have} items with these tags, but {draw.count} are drawn.",
                    )
                elif have < 2 * draw.count:
                    yield (
                        "warning",
                        at,
                        (
                            f"The bank has {have} items with these tags for {draw.count} drawn; "
                            f"write {2 * draw.count - have} more, so that a second sitting is another test."
                        ),
                    )
        for name in _sections_named(blueprint.pass_rule):
            if name not in sections:
                yield (
                    "error",
                    (*loc, "pass"),
                    f"The pass rule names the section '{name}', which is not there.",
                )
    for n, item in enumerate(course.bank):
        if item.tags and course.blueprints and not any(tags <= set(item.tags) for tags in drawn_tags):
            yield "warning", ("bank", n, "tags"), "No test draws an item with these tags."


def _sections_named(rule: Mapping[str, Any]) -> Iterator[str]:
    if "section" in rule:
        yield rule["section"]
    yield from rule.get("group", ())
    for part in rule.get("all", rule.get("any", rule.get("of", ()))):
        yield from _sections_named(part)


def _facts(course: Course, on: date) -> Iterator[Problem]:
    used = {fact for _, part in _blocks_and_items(course) for fact in part.facts}
    used |= {block.fact for unit in course.units for block in unit.blocks if isinstance(block, FactBlock)}
    for n, fact in enumerate(course.facts):
        if fact.valid_from and fact.valid_until and fact.valid_until < fact.valid_from:
            yield "error", ("facts", n, "valid_until"), "The fact ends before it begins."
        if fact.source.read > on:
            yield "error", ("facts", n, "source", "read"), "The date read lies in the future."
        if fact.is_expired(on):
            yield (
                "warning",
                ("facts", n, "valid_until"),
                f"The fact '{fact.id}' is no longer valid; check it.",
            )
        elif fact.review_by < on:
            yield (
                "warning",
                ("facts", n, "review_by"),
                f"The fact '{fact.id}' had to be looked at by {fact.review_by}.",
            )
        if fact.id not in used:
            yield "warning", ("facts", n, "id"), f"Nothing uses the fact '{fact.id}'."


def _media(course: Course) -> Iterator[Problem]:
    used: set[str | None] = set()
    for _, part in _blocks_and_items(course):
        if isinstance(part, ItemBase):
            used |= set(part.media_ids())
        elif isinstance(part, PictureBlock | RecordingBlock):
            used.add(part.media)
        elif isinstance(part, ScenarioBlock):
            used.add(part.picture)
        elif isinstance(part, DialogueBlock):
            used |= {turn.audio for turn in part.turns}
    for entry in course.entries:
        used |= {entry.picture, entry.audio}
    for n, media in enumerate(course.media):
        if media.kind == "picture" and media.alt is None:
            yield "error", ("media", n), "A picture needs 'alt': what it shows, in words."
        if media.kind != "picture" and media.transcript is None:
            yield "error", ("media", n), "Sound and film need a 'transcript'."
        if not media.licence.strip() or not media.source.strip():
            yield "error", ("media", n), "Say under which 'licence' it may be used, and its 'source'."
        if media.id not in used:
            yield "warning", ("media", n, "id"), f"Nothing uses '{media.id}'."


def _vocabulary(course: Course) -> Iterator[Problem]:
    shown = {
        name for u in course.units for b in u.blocks if isinstance(b, VocabularyBlock) for name in b.entries
    }
    for n, entry in enumerate(course.entries):
        yield from _entry(n, entry)
        if entry.id not in shown:
            yield "warning", ("entries", n, "id"), f"No vocabulary block shows '{entry.id}'."


def _entry(n: int, entry: Entry) -> Iterator[Problem]:
    if entry.kind != "noun":
        return
    for name in ("article", "gender", "plural"):
        if getattr(entry, name) is None:
            yield "warning", ("entries", n), f"The noun '{entry.word}' has no {name}."


def _teaching(course: Course) -> Iterator[Problem]:
    taught = {o for unit in course.units for o in unit.outcomes}
    for n, outcome in enumerate(course.outcomes):
        if outcome.id not in taught:
            yield "warning", ("outcomes", n, "id"), f"No unit teaches the outcome '{outcome.id}'."
        if course.kind == "language" and outcome.skill is None:
            yield "warning", ("outcomes", n), "An outcome of a language course names its skill."
    for n, unit in enumerate(course.units):
        if not 8 <= unit.minutes <= 15:
            yield "warning", ("units", n, "minutes"), "A unit takes 8 to 15 minutes; split it or join it."


def _markup(course: Course) -> Iterator[Problem]:
    for loc, part in _blocks_and_items(course):
        if isinstance(part, TextBlock | GrammarBlock | ScenarioBlock):
            yield from _markdown((*loc, "text"), part.text)


def _markdown(loc: Loc, words: Words) -> Iterator[Problem]:
    for token in _MARKDOWN.parse(words.text):
        kinds = {token.type, *(child.type for child in token.children or ())}
        if kinds & {"html_block", "html_inline"}:
            yield "error", loc, "HTML is not taken in a text. Write Markdown."
            return
        if token.type == "heading_open" and token.tag == "h1":
            yield "error", loc, "Headings in a text start at '##'; '#' is the title of the unit."
        if any(child.type == "image" for child in token.children or ()):
            yield "error", loc, "Pictures have a block of their own; they cannot stand inside a text."
