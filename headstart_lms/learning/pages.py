"""What the learner's pages show: units cut into screens, the line, what is missing, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from ..assessments.items.base import ItemType, Tokens
from ..courses.document import Blueprint, Course
from ..courses.library import Book
from ..courses.parts import Block, ItemBase, ItemsBlock, Unit
from ..courses.words import Words
from ..kernel import i18n, web
from ..kernel.i18n import _, ngettext
from ..kernel.text import words
from ..progress.rules import Standing


@dataclass(frozen=True)
class Screen:
    """A piece of a unit that fits one look: some blocks, then the questions about them."""

    blocks: tuple[Block, ...]
    intro: Words | None
    items: tuple[ItemType, ...]

    def is_open(self, answered: Collection[str]) -> bool:
        """Tell whether a question of this screen was not answered yet."""
        return any(item.id not in answered for item in self.items)


def screens(unit: Unit) -> list[Screen]:
    """Cut a unit after each block of items."""
    found: list[Screen] = []
    blocks: list[Block] = []
    for block in unit.blocks:
        if isinstance(block, ItemsBlock):
            items = tuple(item for item in block.items if isinstance(item, ItemType))
            found.append(Screen(tuple(blocks), block.intro, items))
            blocks = []
        else:
            blocks.append(block)
    if blocks:
        found.append(Screen(tuple(blocks), None, ()))
    return found


def screen_of(unit: Unit, item_id: str) -> int:
    """Return the number of the screen, from 1, on which an item stands."""
    for number, screen in enumerate(screens(unit), 1):
        if any(item.id == item_id for item in screen.items):
            return number
    return 1


@dataclass(frozen=True)
class Clip:
    """A picture or sound as a page shows it."""

    url: str
    kind: str
    alt: Words | None
    width: int | None
    height: int | None
    transcript: Words | None = None
    plays_left: int | None = None
    #: ``synthetic`` sound is marked as a computer's voice.
    voice: str | None = None


def media_of(book: Book) -> dict[str, Clip]:
    """Return everything a course can show, by media id; made once per book and kept with it."""
    found: dict[str, Clip] | None = book.extra.get("media")
    if found is None:
        found = {
            m.id: Clip(
                web.url("courses.media", digest=m.sha256, name=m.file),
                m.kind,
                m.alt,
                m.width,
                m.height,
                m.transcript,
                voice=m.voice,
            )
            for m in book.course.media
        }
        book.extra["media"] = found
    return found


@dataclass(frozen=True)
class Question:
    """An item on a page: its form, and after an answer what became of it."""

    item: ItemType
    form: Any
    answer_id: str
    action: str
    is_answered: bool = False
    given: Mapping[str, list[str]] | None = None
    grade: Any = None
    solution: Any = None
    problem: str | None = None
    #: The fields, rendered and kept: a form that nobody has filled in yet looks the same to many.
    html: Markup | None = None


def blank_form(book: Book, item: ItemType, tokens: Tokens) -> tuple[Any, Markup]:
    """Return the form of an item before any answer, and its HTML; made once per version, language and variant."""
    kept: dict[Any, tuple[Any, Markup]] = book.extra.setdefault("forms", {})
    key = (item.id, tokens.seed, i18n.language())
    if key not in kept:
        if len(kept) > 4000:
            kept.clear()
        form = item.form(tokens)
        html = web.fragment(
            "headstart/learning/_form.html", form=form, item=item, media=media_of(book), given=None,
            accent=book.course.kind,
        )  # fmt: skip
        kept[key] = form, html
    return kept[key]


def given_values(
    item: ItemBase, form: Any, response: Mapping[str, Any] | None, tokens: Tokens
) -> dict[str, list[str]]:
    """Return the form fields a stored response came from, to show a form again as it was sent."""
    values: dict[str, list[str]] = {}
    if response is None:
        return values
    offered = {choice.value for field in form.fields for choice in field.choices}

    def value(part: str) -> str:
        return part if part in offered else tokens.token(item.id, part)

    for key, content in response.items():
        if key == "choice":
            values["response"] = [value(content)]
        elif key == "choices":
            values["response"] = [value(part) for part in content]
        elif key == "text":
            values["response"] = [content]
        elif key == "order":
            for place, part in enumerate(content, 1):
                values[f"response-{tokens.token(item.id, part)}"] = [str(place)]
        elif key in ("pairs", "gaps", "path"):
            for part, chosen in content.items():
                scope = "right" if key == "pairs" else part
                values[f"response-{part}"] = [tokens.token(item.id, f"{scope}/{chosen}")]
        elif key == "texts":
            for part, text in content.items():
                values[f"response-{part}"] = [text]
    return values


def line_stops(course: Course, standing: Standing | None, *, here: str | None = None) -> list[dict[str, Any]]:
    """Return the stops of the line of a course: modules as stations, units as stops, the test as terminus."""
    stops: list[dict[str, Any]] = []
    by_id = {unit.id: unit for unit in course.units}
    for module in course.modules:
        done = standing is not None and all(standing.units[name].is_done for name in module.units)
        begins = standing is not None and standing.next_unit in module.units
        state = "done" if done else "next" if begins else "open"
        stops.append({"level": "station", "title": words(module.title), "state": state, "href": None, "note": None,
                      "here": False})  # fmt: skip
        for name in module.units:
            unit = by_id[name]
            if standing is None:
                state = "open"
            else:
                state = (
                    "done"
                    if standing.units[name].is_done
                    else "next"
                    if standing.next_unit == name
                    else "open"
                )
            stops.append(
                {
                    "level": "stop", "title": words(unit.title), "state": state, "here": name == here,
                    "href": None if standing is None else web.url("learning.unit", slug=course.slug, unit_id=name),
                    "note": ngettext("%(num)d minute", "%(num)d minutes", unit.minutes),
                }
            )  # fmt: skip
    blueprint = next((b for b in course.blueprints if b.id == course.certificate.blueprint), None)
    if blueprint is not None:
        if standing is None:
            state, note = "open", None
        elif standing.is_test_passed:
            state, note = "done", None
        elif standing.units_missing:
            state = "open"
            note = ngettext("After %(num)d more unit", "After %(num)d more units", standing.units_missing)
        else:
            state, note = "next", None
        stops.append(
            {
                "level": "terminus", "title": words(blueprint.title), "state": state, "note": note,
                "here": here == blueprint.id,
                "href": None if standing is None
                else web.url("learning.test", slug=course.slug, blueprint_id=blueprint.id),
            }
        )  # fmt: skip
    return stops


def missing(
    course: Course, standing: Standing, *, has_award: bool, has_certificate: bool
) -> list[str | Markup]:
    """Say what the certificate still asks for, in words; empty when there is nothing left to do."""
    left: list[str | Markup] = []
    if standing.units_missing:
        left.append(
            ngettext("%(num)d unit to work through", "%(num)d units to work through", standing.units_missing)
        )
    if standing.blueprint is not None and not standing.is_test_passed:
        left.append(_("The final test to pass"))
    if not left and has_award and not has_certificate:
        left.append(_("Your name and your year of birth, so that we can write the certificate"))
    return left


def units_to_repeat(course: Course, wrong: Iterable[ItemBase], most: int = 3) -> list[Unit]:
    """Return the units that teach what these questions asked, in the order of the course.

    A unit with the same aim counts more than one with the same topic, and a topic that few units share more than
    one that half of the course is about.
    """
    topics = {outcome.id: set(outcome.topics) for outcome in course.outcomes}
    of_unit = {unit.id: {t for o in unit.outcomes for t in topics.get(o, ())} for unit in course.units}
    shared = Counter(topic for found in of_unit.values() for topic in found)
    worth: dict[str, float] = dict.fromkeys(of_unit, 0.0)
    for item in wrong:
        for unit in course.units:
            if set(unit.outcomes) & set(item.outcomes):
                worth[unit.id] += 1.0
            elif item.topic in of_unit[unit.id]:
                worth[unit.id] += 1.0 / shared[item.topic]
    best = sorted((name for name in worth if worth[name]), key=lambda name: -worth[name])[:most]
    return [unit for unit in course.units if unit.id in best]


@dataclass(frozen=True)
class Practice:
    """A test that counts for nothing but the learner: how often it was sat, the best result (0 to 1)."""

    blueprint: Blueprint
    times: int
    best: float | None
    is_passed: bool


def practice_tests(course: Course, sittings: Iterable[Any]) -> list[Practice]:
    """Return the tests of a course that are not its final test; ``sittings`` are this learner's, of all tests."""
    over = [sitting for sitting in sittings if sitting.finished is not None]
    found = []
    for blueprint in course.blueprints:
        if blueprint.id == course.certificate.blueprint or blueprint.mode != "practice":
            continue
        mine = [sitting for sitting in over if sitting.blueprint_id == blueprint.id]
        best = max((sitting.score for sitting in mine), default=None)
        found.append(Practice(blueprint, len(mine), best, any(sitting.passed for sitting in mine)))
    return found


def expired_facts(book: Book, facts: Iterable[str], on: date) -> list[str]:
    """Return the ids of facts whose validity is over: their pages say that they are being checked."""
    return [name for name in facts if name in book.facts and book.facts[name].is_expired(on)]
