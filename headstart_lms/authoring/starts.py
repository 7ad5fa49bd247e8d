"""What a new course begins with: an empty one, and three with a structure. Pure.

What is left to write begins with UNWRITTEN: the checker names each such place, so that no such course is published.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Literal, get_args

from ..courses.check import UNWRITTEN
from ..kernel.i18n import _

Start = Literal["blank", "language", "orientation", "occupation"]
STARTS: tuple[Start, ...] = get_args(Start)
_KINDS = {
    "blank": "orientation",
    "language": "language",
    "orientation": "orientation",
    "occupation": "workplace",
}


def titles() -> dict[Start, tuple[str, str]]:
    """Return what each start is called, and what is in it."""
    return {
        "blank": (_("An empty course"), _("One module with one unit, nothing in it yet.")),
        "language": (_("A language module"), _("Three units: words, a dialogue, a rule, practice; a test at the end.")),
        "orientation": (
            _("An orientation module"), _("Life in the country: a story, facts with their source, a checklist."),
        ),
        "occupation": (_("An occupation pack"), _("For one job: a day at work, its words, safety, rights, a test.")),
    }  # fmt: skip


def slug_of(title: str) -> str:
    """Return an address made of a title: small Latin letters, digits, hyphens; ``course`` when none is left."""
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:36].rstrip("-")
    return slug if re.match(r"[a-z][a-z0-9]", slug) else f"course-{slug}".rstrip("-")[:36]


def begin(
    start: Start,
    *,
    uuid: str,
    slug: str,
    title: str,
    country: str,
    source_language: str,
    author: str,
    taught: str = "",
    level: str = "A1",
) -> dict[str, Any]:
    """Return {path: data} of a new course. ``taught`` and ``level`` belong to the start ``language``."""
    units = _UNITS[start](taught)
    outcomes = _outcomes(start)
    course: dict[str, Any] = {
        "format": 1, "uuid": uuid, "slug": slug, "version": "1.0", "kind": _KINDS[start],
        "title": title, "summary": f"{UNWRITTEN} {_('Say in one or two sentences what one can do after this course.')}",
        "destination": {"country": country},
    }  # fmt: skip
    if start == "language":
        course["taught"] = {"language": taught, "level": level}
    course |= {
        "source_language": source_language, "support_languages": [source_language],
        "audiences": ["labour", "family", "student", "refugee", "youth"], "hours": max(1, len(units) // 2),
        "authors": [author], "licence": "CC-BY-4.0", "outcomes": outcomes,
        "certificate": {"units": "all", **({"blueprint": "final"} if start in _TESTED else {})},
        "modules": [{"id": "module-1", "title": _("The first module"), "units": [unit["id"] for unit in units]}],
    }  # fmt: skip
    files: dict[str, Any] = {"course.yaml": course, **{f"units/{unit['id']}.yaml": unit for unit in units}}
    if start == "language":
        files["entries.yaml"] = [
            {"id": f"word-{n}", "kind": "phrase", "word": _hole(), "gloss": _hole()} for n in range(1, 4)
        ]
    if start in ("orientation", "occupation"):
        files["facts.yaml"] = [
            {
                "id": "fact-1", "claim": f"{UNWRITTEN} {_('One sentence that a law or an office says.')}",
                "country": country, "review_by": "2027-12-31",
                "source": {"title": f"{UNWRITTEN} {_('The name of the law or the page')}", "url": "https://example.org/",
                           "read": "2026-01-01"},
                "owner": author,
            }
        ]  # fmt: skip
    if start in _TESTED:
        files["bank/final.yaml"] = [_question(f"final-{n}", ["all"]) for n in range(1, 5)]
        files["blueprints.yaml"] = [
            {"id": "final", "title": _("Final test"), "mode": "practice", "minutes": 20, "attempts": 5,
             "sections": [{"id": "all", "title": _("Everything"), "draw": [{"tags": ["all"], "count": 2}]}],
             "pass": {"overall": 60}}
        ]  # fmt: skip
    return files


_TESTED = ("language", "occupation")


def _hole(text: str = "") -> str:
    return f"{UNWRITTEN} {text or _('Write here.')}"


def _outcomes(start: Start) -> list[dict[str, Any]]:
    if start == "blank":
        return []
    row: dict[str, Any] = {"id": "o-1", "text": _hole(_("I can …"))}
    if start == "language":
        row["skill"] = "interaction"
    return [row]


def _question(name: str, tags: list[str] | None = None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": name, "type": "single", "prompt": _hole(_("A question.")),
        "options": [
            {"id": "a", "text": _hole(_("The right answer")), "right": True},
            {"id": "b", "text": _hole(_("A wrong answer that somebody might give"))},
            {"id": "c", "text": _hole(_("Another one"))},
        ],
        "explain": _hole(_("Why is it so?")),
    }  # fmt: skip
    return row | ({"tags": tags} if tags else {})


def _practice(unit: str, *, count: int = 2) -> dict[str, Any]:
    return {
        "id": f"{unit}-practice", "type": "items", "items": [_question(f"{unit}-q{n}") for n in range(1, count + 1)],
    }  # fmt: skip


def _unit(name: str, title: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": name, "title": title, "minutes": 10, "outcomes": ["o-1"], "blocks": blocks}


def _text(name: str, hint: str) -> dict[str, Any]:
    return {"id": name, "type": "text", "text": _hole(hint)}


def _blank(taught: str) -> list[dict[str, Any]]:
    return [
        {"id": "unit-1", "title": _("The first unit"), "minutes": 10,
         "blocks": [_text("unit-1-text", _("What is this unit about?"))]}
    ]  # fmt: skip


def _language(taught: str) -> list[dict[str, Any]]:
    def turns(unit: str) -> list[dict[str, Any]]:
        return [
            {"id": f"t{n}", "speaker": speaker, "text": {taught: _hole()}, "gloss": _hole()}
            for n, speaker in enumerate(("A", "B", "A"), 1)
        ]

    return [
        _unit("first-words", _("The words"), [
            _text("words-aim", _("Say what one can do after this unit.")),
            {"id": "words-list", "type": "vocabulary", "entries": ["word-1", "word-2", "word-3"]},
            _practice("words"),
        ]),
        _unit("talk", _("A conversation"), [
            _text("talk-aim", _("Who speaks, where, and about what?")),
            {"id": "talk-dialogue", "type": "dialogue", "turns": turns("talk")},
            _practice("talk"),
        ]),
        _unit("rule", _("A rule and practice"), [
            {"id": "rule-note", "type": "grammar", "title": _hole(_("The rule in a few words")),
             "text": _hole(_("Explain it with two examples.")),
             "examples": [{"id": "e1", "text": {taught: _hole()}, "gloss": _hole()}]},
            _practice("rule", count=3),
        ]),
    ]  # fmt: skip


def _orientation(taught: str) -> list[dict[str, Any]]:
    return [
        _unit("story", _("A story"), [
            {"id": "story-scene", "type": "scenario", "title": _hole(_("Somebody arrives")),
             "text": _hole(_("Tell in a few sentences what happens to somebody."))},
            {"id": "story-fact", "type": "fact", "fact": "fact-1"},
            _practice("story"),
        ]),
        _unit("do", _("What you do"), [
            {"id": "do-list", "type": "checklist", "title": _hole(_("The first steps")),
             "steps": [{"id": f"s{n}", "text": _hole(_("One step."))} for n in range(1, 4)]},
            {"id": "do-link", "type": "link", "url": "https://example.org/", "text": _hole(_("The page of the office")),
             "language": "en"},
            _practice("do"),
        ]),
    ]  # fmt: skip


def _occupation(taught: str) -> list[dict[str, Any]]:
    return [
        _unit("day", _("A day at work"), [
            {"id": "day-scene", "type": "scenario", "title": _hole(_("A day in this job")),
             "text": _hole(_("Tell what one does from morning to evening."))},
            _practice("day"),
        ]),
        _unit("safety", _("Work safely"), [
            _text("safety-text", _("What is dangerous, and what protects you?")),
            {"id": "safety-list", "type": "checklist", "title": _hole(_("Before you begin")),
             "steps": [{"id": f"s{n}", "text": _hole(_("One step."))} for n in range(1, 4)]},
            _practice("safety"),
        ]),
        _unit("rights", _("Your rights in this job"), [
            {"id": "rights-fact", "type": "fact", "fact": "fact-1"},
            _text("rights-help", _("Who helps when something is wrong?")),
            _practice("rights"),
        ]),
    ]  # fmt: skip


_UNITS = {"blank": _blank, "language": _language, "orientation": _orientation, "occupation": _occupation}
