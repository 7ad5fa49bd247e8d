"""What a form must know of the course around a part: its languages, words, facts, outcomes, pictures and sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from ...courses.parts import Skill, Topic
from ...courses.words import LANGUAGE
from ...kernel.i18n import _, language_name

TOPICS: tuple[str, ...] = get_args(Topic)
SKILLS: tuple[str, ...] = get_args(Skill)


def topic_names() -> dict[str, str]:
    """Return the topics of the taxonomy (DOMAIN 1.3) in words."""
    return {
        "travel": _("Travel"), "arrival": _("Arrival"), "receiving-body": _("Who receives you"),
        "residence": _("Residence"), "rights": _("Rights"), "duties": _("Duties"), "equality": _("Equality"),
        "housing": _("Housing"), "health": _("Health"), "money": _("Money"), "living-cost": _("Cost of living"),
        "work": _("Work"), "work-culture": _("How people work"), "recognition": _("Recognition of papers"),
        "school": _("School"), "language-after": _("Language after arrival"), "transport": _("Transport"),
        "communication": _("Communication"), "shopping": _("Shopping"), "customs": _("Customs"),
        "culture-shock": _("Culture shock"), "family-roles": _("Family roles"), "community": _("Community"),
        "citizenship": _("Citizenship"),
    }  # fmt: skip


def skill_names() -> dict[str, str]:
    return {
        "listening": _("Listening"), "reading": _("Reading"), "interaction": _("Speaking with others"),
        "production": _("Speaking"), "writing": _("Writing"), "use": _("Use of language"),
    }  # fmt: skip


@dataclass(frozen=True)
class Ref:
    """Something a part can name: its id, what it says, its kind."""

    id: str
    text: str
    kind: str = ""


@dataclass(frozen=True)
class CourseContext:
    """Made from a draft's data as it is now: what is broken in it is left out, never an error."""

    source: str = "en"
    taught: str | None = None
    languages: tuple[str, ...] = ("en",)
    entries: tuple[Ref, ...] = ()
    facts: tuple[Ref, ...] = ()
    outcomes: tuple[Ref, ...] = ()
    media: tuple[Ref, ...] = ()
    #: Entries that a vocabulary block shows already.
    shown: frozenset[str] = frozenset()
    #: The part is an item of the bank: tags, topic, difficulty and plays matter.
    in_bank: bool = False

    @classmethod
    def from_data(cls, data: Mapping[str, Any], *, in_bank: bool = False) -> CourseContext:
        """Make a context of a merged document (courses.source.Folder.data)."""
        source = text_at(data, "source_language") or "en"
        taught = text_at(data.get("taught"), "language") or None
        found = [source, *([taught] if taught else []), *sorted(_languages_of(data))]
        return cls(
            source=source,
            taught=taught,
            languages=tuple(dict.fromkeys(tag for tag in found if LANGUAGE.match(tag))),
            entries=tuple(
                Ref(row["id"], headword(row), plain(row.get("gloss"))) for row in rows_of(data, "entries")
            ),
            facts=tuple(Ref(row["id"], plain(row.get("claim"))) for row in rows_of(data, "facts")),
            outcomes=tuple(Ref(row["id"], plain(row.get("text"))) for row in rows_of(data, "outcomes")),
            media=tuple(
                Ref(row["id"], plain(row.get("alt") or row.get("transcript")), text_at(row, "kind"))
                for row in rows_of(data, "media")
            ),
            shown=frozenset(_shown(data)),
            in_bank=in_bank,
        )

    def for_bank(self) -> CourseContext:
        return replace(self, in_bank=True)

    @property
    def language_choices(self) -> tuple[tuple[str, str], ...]:
        """Return the languages a text can be written in: "" is the source language."""
        return tuple(("" if tag == self.source else tag, language_name(tag)) for tag in self.languages)

    def media_choices(self, *kinds: str) -> tuple[tuple[str, str], ...]:
        return tuple(
            (m.id, f"{m.text[:60]} ({m.id})" if m.text else m.id) for m in self.media if m.kind in kinds
        )


def rows_of(data: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a list that have an id."""
    rows = data.get(name) if isinstance(data, Mapping) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            yield row


def text_at(data: Any, name: str) -> str:
    value = data.get(name) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else ""


def plain(value: Any) -> str:
    """Return a text of a document without its language."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    return value.strip() if isinstance(value, str) else ""


def headword(row: Mapping[str, Any]) -> str:
    """Return an entry as it is learnt, with its article (courses.document.Entry.headword)."""
    word, article = text_at(row, "word"), text_at(row, "article")
    if not article:
        return word
    return article + ("" if article.endswith(("'", "\u2019")) else " ") + word


def parts_of(data: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (where, place, part) for every block and item: ``where`` is a unit id, or "" in the bank."""
    for unit in rows_of(data, "units"):
        for block in rows_of(unit, "blocks"):
            yield unit["id"], f"units.{unit['id']}.blocks.{block['id']}", block
            for item in rows_of(block, "items"):
                yield unit["id"], f"units.{unit['id']}.blocks.{block['id']}.items.{item['id']}", item
    for item in rows_of(data, "bank"):
        yield "", f"bank.{item['id']}", item


def ids_in(part: Mapping[str, Any], name: str) -> list[str]:
    """Return the ids a part names under ``facts``, ``outcomes``, ``entries``, ``tags``."""
    found = part.get(name)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _shown(data: Mapping[str, Any]) -> Iterator[str]:
    for _where, _place, part in parts_of(data):
        if part.get("type") == "vocabulary":
            yield from ids_in(part, "entries")


def _languages_of(value: Any, depth: int = 0) -> set[str]:
    """Find the languages that texts of a document name, ``{it: ...}``."""
    found: set[str] = set()
    if depth > 12:
        return found
    if isinstance(value, dict):
        if len(value) == 1:
            [(key, text)] = value.items()
            if isinstance(key, str) and isinstance(text, str) and LANGUAGE.match(key) and key != "id":
                found.add(key)
        for inner in value.values():
            found |= _languages_of(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            found |= _languages_of(inner, depth + 1)
    return found
