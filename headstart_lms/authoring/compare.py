"""What is different between two versions of a draft, in words: by unit, block, question and field. No Flask."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polib
from sqlalchemy.orm import Session

from ..kernel.errors import Invalid
from ..kernel.i18n import _, language_name
from . import store
from .forms import form_of
from .outline import plain
from .paths import is_text
from .yamltext import equal

#: Longer texts are shown as they were and as they are, without marks for single words.
MOST_WORDS = 1500
#: So many differences of one file are shown, and how many there are beside them.
MOST_ROWS = 200
SHOWN = 1200


@dataclass(frozen=True)
class Difference:
    """One difference: where in words, what was there and what is there now; for texts, word by word."""

    kind: Literal["added", "removed", "changed", "moved"]
    where: tuple[str, ...]
    before: str = ""
    after: str = ""
    #: ("same" | "out" | "in", text)
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Section:
    """One file: its name in words, what happened to it, its differences."""

    title: str
    path: str
    kind: Literal["added", "removed", "changed"]
    rows: tuple[Difference, ...]
    #: Differences in all; ``rows`` has the first of them.
    total: int


def compare(session: Session, before: Mapping[str, str], after: Mapping[str, str]) -> list[Section]:
    """Return what is different between two trees of a draft, file by file, units first."""
    changed = [path for path in {*before, *after} if before.get(path) != after.get(path)]
    return [_section(session, path, before.get(path), after.get(path)) for path in sorted(changed, key=_rank)]


def compare_data(path: str, old: Any, new: Any) -> list[Section]:
    """Return what is different between two versions of the data of one YAML file; nothing when they say the same."""
    rows = list(_differences(old, new, (), None))
    title = title_of(path, new)
    return [Section(title, path, "changed", tuple(rows[:MOST_ROWS]), len(rows))] if rows else []


def _rank(path: str) -> tuple[int, str]:
    order = (
        "course.yaml",
        "units/",
        "entries",
        "facts",
        "bank",
        "blueprints",
        "media.yaml",
        "media/",
        "translations/",
    )
    return next((n for n, start in enumerate(order) if path.startswith(start)), len(order)), path


def _section(session: Session, path: str, before: str | None, after: str | None) -> Section:
    kind: Literal["added", "removed", "changed"] = (
        "added" if before is None else "removed" if after is None else "changed"
    )
    if not is_text(path):
        return Section(title_of(path), path, kind, (), 0)
    if path.endswith(".po"):
        rows = list(_catalogues(_raw(session, before), _raw(session, after)))
        return Section(title_of(path), path, kind, tuple(rows[:MOST_ROWS]), len(rows))
    old, new = _data(session, before, path), _data(session, after, path)
    title = title_of(path, new if after is not None else old)
    if kind != "changed" and path.startswith("units/"):
        return Section(title, path, kind, (), 0)
    if isinstance(old, _Broken) or isinstance(new, _Broken):
        words = Difference("changed", (_("As text"),), str(old)[:SHOWN], str(new)[:SHOWN])
        return Section(title, path, kind, (words,), 1)
    rows = list(_differences(old, new, (), None))
    return Section(title, path, kind, tuple(rows[:MOST_ROWS]), len(rows))


class _Broken(str):
    """A file that cannot be read as YAML, as it stands."""


def _raw(session: Session, digest: str | None) -> str:
    return "" if digest is None else store.body(session, digest).decode("utf-8")


def _data(session: Session, digest: str | None, path: str) -> Any:
    if digest is None:
        return None
    try:
        return store.data_of(session, digest, path)
    except Invalid:
        return _Broken(_raw(session, digest))


def title_of(path: str, data: Any = None) -> str:
    """Return what a file is called in words."""
    if path.startswith("units/"):
        name = plain(data.get("title")) if isinstance(data, dict) else ""
        return _("Unit: %(title)s", title=name or path[6:-5])
    if path.startswith("translations/"):
        return _("Translation: %(language)s", language=language_name(path[13:-3]))
    if path.startswith("media/") and is_text(path) is False:
        return _("File: %(name)s", name=path[6:])
    stem = re.split(r"[./]", path)[0]
    named = {
        "course": _("The course"), "entries": _("Words"), "facts": _("Facts"), "bank": _("Questions of tests"),
        "blueprints": _("Tests"), "media": _("Pictures and sound"),
    }  # fmt: skip
    return named.get(stem, path)


# --- inside a file -------------------------------------------------------------------------------


def _differences(old: Any, new: Any, where: tuple[str, ...], part: _Part | None) -> Iterator[Difference]:
    if (old is None and new is None) or (old is not None and new is not None and equal(old, new)):
        return
    if _by_id(old) and _by_id(new) and (old or new):
        yield from _rows(old or [], new or [], where, part)
    elif isinstance(old, dict) and isinstance(new, dict) and not _is_text(old) and not _is_text(new):
        inner = _part_of(new, part)
        for key in [*new, *(k for k in old if k not in new)]:
            yield from _differences(old.get(key), new.get(key), (*where, _label(key, inner)), inner)
    else:
        yield _changed(old, new, where)


@dataclass(frozen=True)
class _Part:
    """What labels the fields of a part: the form of its kind."""

    labels: Mapping[str, str]
    rows: Mapping[str, _Part]
    name: str = ""


def _part_of(data: Mapping[str, Any], outer: _Part | None) -> _Part | None:
    kind = data.get("type")
    if not isinstance(kind, str):
        return outer
    of: Literal["block", "item"] = "block" if kind in _BLOCK_KINDS else "item"
    if kind in ("scenario", "picture") and ("steps" in data or "options" in data):
        of = "item"
    form = form_of(kind, of)
    labels, rows = {}, {}
    for spec in form.specs:
        labels[spec.key] = str(spec.label)
        inner = getattr(spec, "fields", None)
        if inner:
            rows[spec.key] = _Part(
                {s.key: str(s.label) for s in inner}, {}, str(getattr(spec, "row_label", ""))
            )
    return _Part(labels, rows, str(form.label))


_BLOCK_KINDS = frozenset(
    ("text", "dialogue", "vocabulary", "grammar", "picture", "audio", "video", "checklist", "fact", "scenario",
     "link", "items")
)  # fmt: skip


def _label(key: str, part: _Part | None) -> str:
    if part is not None and key in part.labels:
        return part.labels[key]
    return _fields().get(key, key.replace("_", " "))


def _fields() -> dict[str, str]:
    return {
        "title": _("Title"), "summary": _("Summary"), "minutes": _("Minutes"), "blocks": _("Parts"),
        "items": _("Questions"), "outcomes": _("Objectives"), "modules": _("Modules"), "units": _("Units"),
        "hours": _("Hours"), "authors": _("Authors"), "licence": _("Licence"), "version": _("Version"),
        "audiences": _("For whom"), "support_languages": _("Languages"), "certificate": _("Certificate"),
        "destination": _("Country"), "taught": _("Language that is taught"), "kind": _("Kind of course"),
        "claim": _("Claim"), "source": _("Source"), "word": _("Word"), "gloss": _("Meaning"), "example": _("Example"),
        "plural": _("Plural"), "article": _("Article"), "facts": _("Facts"), "text": _("Text"),
        "alt": _("What it shows"),
        "valid_until": _("Valid until"), "review_by": _("Look at it again by"), "slug": _("Address"), "type": _("Kind"),
        "sections": _("Sections"), "pass": _("Pass mark"), "attempts": _("Attempts"), "tags": _("Tags"),
        "topics": _("Topics"), "skill": _("Skill"), "transcript": _("Transcript"), "picture": _("Picture"),
        "audio": _("Sound"), "explain": _("Explanation"), "prompt": _("Question"), "replaces": _("Takes the place of"),
    }  # fmt: skip


def _rows(old: list[Any], new: list[Any], where: tuple[str, ...], part: _Part | None) -> Iterator[Difference]:
    was, now = {row["id"]: row for row in old}, {row["id"]: row for row in new}
    field = where[-1] if where else ""
    base = where[:-1]
    rows = next(
        (r for key, r in (part.rows if part else {}).items() if part and _label(key, part) == field), None
    )
    for name, row in now.items():
        place = (*base, _called(row, field, rows))
        if name not in was:
            yield Difference("added", place, after=_shown(row))
        else:
            yield from _differences(was[name], row, place, rows)
    for name, row in was.items():
        if name not in now:
            yield Difference("removed", (*base, _called(row, field, rows)), before=_shown(row))
    kept = [name for name in was if name in now]
    if kept != [name for name in now if name in was]:
        yield Difference(
            "moved", where, ", ".join(_title(was[n]) for n in kept),
            ", ".join(_title(now[n]) for n in now if n in was),
        )  # fmt: skip


def _called(row: Mapping[str, Any], field: str, rows: _Part | None) -> str:
    """Return what a row of a list is called: its kind and the beginning of what it says."""
    kind = _part_of(row, None)
    name = kind.name if kind is not None else rows.name if rows is not None and rows.name else field
    title = _title(row)
    return f"{name} “{title}”" if name else f"“{title}”"


def _title(row: Mapping[str, Any]) -> str:
    for key in ("title", "prompt", "word", "claim", "text", "statement", "stimulus", "label", "alt"):
        text = plain(row.get(key))
        if text:
            return text if len(text) <= 50 else text[:49].rstrip() + "…"
    return str(row.get("id", ""))


def _by_id(value: Any) -> bool:
    if value is None:
        return True
    if not isinstance(value, list):
        return False
    ids = [row.get("id") if isinstance(row, dict) else None for row in value]
    return all(isinstance(one, str) for one in ids) and len(set(ids)) == len(ids)


def _is_text(value: dict[str, Any]) -> bool:
    """Tell whether this is a text with its language: {it: Buongiorno}."""
    return len(value) == 1 and all(
        re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]+)*", key) and isinstance(text, str) for key, text in value.items()
    ) and not set(value) & set(_fields())  # fmt: skip


def _changed(old: Any, new: Any, where: tuple[str, ...]) -> Difference:
    before, after = _shown(old), _shown(new)
    if old is None:
        return Difference("added", where, after=after)
    if new is None:
        return Difference("removed", where, before=before)
    return Difference("changed", where, before, after, tuple(word_changes(before, after)))


def _shown(value: Any) -> str:
    """Return a value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        if _is_text(value):
            return str(next(iter(value.values())))[:SHOWN]
        parts = [f"{_label(k, None)}: {_shown(v)}" for k, v in value.items() if k not in ("id", "type")]
        return " · ".join(part for part in parts if part)[:SHOWN]
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)[:SHOWN]
    return str(value)[:SHOWN]


def word_changes(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield what stayed, went and came, word by word; nothing for long texts and for those with little in common."""
    old, new = re.findall(r"\s+|[^\s]+", before), re.findall(r"\s+|[^\s]+", after)
    if len(old) + len(new) > MOST_WORDS:
        return
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    if matcher.ratio() < 0.3:
        return
    for act, a, b, c, d in matcher.get_opcodes():
        if act == "equal":
            yield "same", "".join(old[a:b])
        else:
            if b > a:
                yield "out", "".join(old[a:b])
            if d > c:
                yield "in", "".join(new[c:d])


def _catalogues(before: str, after: str) -> Iterator[Difference]:
    old, new = _entries(before), _entries(after)
    for name in [*new, *(n for n in old if n not in new)]:
        if old.get(name, "") != new.get(name, ""):
            yield _changed(old.get(name) or None, new.get(name) or None, (name,))


def _entries(text: str) -> dict[str, str]:
    # polib opens a file when there is one of that name; a catalogue has line breaks, a name of ours has none
    try:
        return {e.msgctxt or "": e.msgstr for e in polib.pofile("\n" + text) if e.msgstr and not e.obsolete}
    except (OSError, ValueError):
        return {}
