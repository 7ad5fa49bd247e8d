"""One language of a course: what its PO file holds of each text, in which state that is, and how it changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import polib

from ..kernel.errors import Invalid
from ..kernel.i18n import _
from .document import Course
from .texts import texts
from .translations import State, kept, new_catalogue

#: The source changed since: stale. Somebody says it is not finished, or its marks are not kept: working.
StateName = Literal["missing", "stale", "working", "done"]
#: What became of a text of a file that another tool wrote.
Fate = Literal["taken", "working", "same", "empty", "refused", "differs", "unknown"]


@dataclass(frozen=True)
class Held:
    """What a PO file holds of one text: the source it translates, the translation."""

    source: str
    text: str
    fuzzy: bool = False
    #: The source text the translation was made for, when ``source`` was renewed since.
    previous: str = ""
    line: int = 0


@dataclass(frozen=True)
class Written:
    """A translation as somebody wrote it, for the source as it is now; ``old`` is the source it was made for."""

    text: str
    fuzzy: bool = False
    old: str = ""


@dataclass(frozen=True)
class Offered:
    """A translation in a file that somebody brings; ``finished`` is False when the file says so."""

    context: str
    source: str
    text: str
    finished: bool
    line: int
    problem: str = ""


@dataclass(frozen=True)
class Said:
    """One line of the report of an import: what became of a text, where it stands in the file, why."""

    fate: Fate
    line: int
    context: str
    reason: str = ""


#: Lines of a PO file, and of one text in it with its comments: polib adds line to line, each time all anew. The
#: longest file of ours has 28 600 lines, the longest text 27.
MOST_LINES, MOST_LINES_OF_A_TEXT = 200_000, 5_000
_WORD = re.compile(rb"[ \t]*(?:#[~|][ \t]*)?msg")


def check_length(raw: bytes) -> None:
    """Raise Invalid for a PO file that would take too long to read."""
    lines = raw.splitlines() if raw.count(b"\n") + raw.count(b"\r") <= 2 * MOST_LINES else None
    if lines is None or len(lines) > MOST_LINES:
        raise Invalid(_("This PO file has more than %(n)s lines. Split it.", n=MOST_LINES), "too-long")
    begin = 0
    for number, line in enumerate(lines):
        if _WORD.match(line):
            begin = number
        elif number - begin > MOST_LINES_OF_A_TEXT:
            raise Invalid(
                _("A text in this PO file is too long. Look at line %(line)s.", line=begin + 1), "too-long"
            )


def parse(raw: bytes) -> polib.POFile:
    """Read a PO file. Raises Invalid with the line when it is none."""
    check_length(raw)
    try:
        raw.decode("utf-8")
        with TemporaryDirectory() as folder:  # polib takes a text for the name of a file when there is one
            file = Path(folder) / "catalogue.po"
            file.write_bytes(raw)
            return polib.pofile(str(file), encoding="utf-8", check_for_duplicates=False, wrapwidth=110)
    except (OSError, ValueError, UnicodeDecodeError, IndexError) as error:
        found = re.search(r"\(line (\d+)\)", str(error))
        if found:
            raise Invalid(
                _("This is not readable as PO. Look at line %(line)s.", line=found[1]), "broken-file"
            ) from error
        raise Invalid(_("This is not readable as PO in UTF-8."), "broken-file") from error


def held_in(po: polib.POFile) -> dict[str, Held]:
    """Return {msgctxt: what the file holds}; the first of two that have the same name."""
    found: dict[str, Held] = {}
    for entry in po:
        if entry.obsolete or not entry.msgctxt:
            continue
        found.setdefault(
            entry.msgctxt,
            Held(
                entry.msgid,
                entry.msgstr,
                "fuzzy" in entry.flags,
                entry.previous_msgid or "",
                entry.linenum or 0,
            ),
        )
    return found


def state_of(held: Held | None, source: str) -> StateName:
    """Return the state of a translation of ``source`` as that is now."""
    if held is None or not held.text.strip():
        return "missing"
    if old_source(held, source):
        return "stale"
    if held.fuzzy or kept(source) != kept(held.text):
        return "working"
    return "done"


def old_source(held: Held, source: str) -> str:
    """Return the source text a translation was made for, when it is another one now; else nothing."""
    if held.fuzzy and held.previous and held.previous != source:
        return held.previous
    return held.source if held.source != source else ""


def count(source: Mapping[str, str], language: str, held: Mapping[str, Held]) -> State:
    """Count the states of all texts of a course: {name: source text}."""
    states = Counter(state_of(held.get(context), text) for context, text in source.items())
    return State(
        language, sum(states.values()), states["done"], states["stale"], states["missing"], states["working"]
    )


def rewritten(
    raw: bytes | None,
    course: Course,
    language: str,
    changes: Mapping[str, Written],
    *,
    keep: Iterable[str] = (),
) -> bytes:
    """Return the PO file with these changes, renewed to the texts of the course.

    ``keep`` names texts whose source changed in a way that all translations stay right. What the course has no more
    stays at the end as obsolete, and comes back when the text does.
    """
    po = parse(raw) if raw is not None else polib.POFile()
    new, _state = new_catalogue(po, course, language, fill=False, keep_gone=True, unchanged=frozenset(keep))
    for entry in new:
        change = changes.get(entry.msgctxt) if not entry.obsolete else None
        if change is None:
            continue
        _write(entry, change)
    return str(new).encode("utf-8") + b"\n"


def _write(entry: polib.POEntry, change: Written) -> None:
    entry.msgstr = change.text
    entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
    entry.previous_msgid = None
    if change.text and (change.fuzzy or change.old):
        entry.flags.append("fuzzy")
        entry.previous_msgid = change.old or None


def spliced(raw: bytes, held: Mapping[str, Held], changes: Mapping[str, Written]) -> bytes | None:
    """Return a PO file with some entries written anew and every other line as it was: a save of a few texts.

    ``held`` is what the file holds. None when it is not laid out as we write it.
    """
    blocks = raw.decode("utf-8").split("\n\n")
    wanted = {f'msgctxt "{context}"\n': change for context, change in changes.items()}
    for n, block in enumerate(blocks):
        at = block.find("msgctxt ")
        line = block[at : block.find("\n", at) + 1] if at >= 0 else ""
        if line not in wanted or block.startswith("#~") or (at and block[at - 1] != "\n"):
            continue
        found = parse((block + "\n").encode("utf-8"))
        if len(found) != 1 or found[0].msgctxt not in held:
            return None
        _write(found[0], wanted.pop(line))
        blocks[n] = found[0].__unicode__(wrapwidth=110).rstrip("\n") + ("\n" if n == len(blocks) - 1 else "")
    return None if wanted else "\n\n".join(blocks).encode("utf-8")


# --- files that others wrote ------------------------------------------------------------------------


def offered_in(po: polib.POFile) -> list[Offered]:
    """Return the translations of a PO file that somebody brings."""
    found = []
    for entry in po:
        if entry.obsolete:
            continue
        problem = _("A plural form has no place in a course.") if entry.msgid_plural else ""
        found.append(
            Offered(entry.msgctxt or "", entry.msgid, entry.msgstr, "fuzzy" not in entry.flags,
                    entry.linenum or 0, problem)
        )  # fmt: skip
    return found


def take(
    course: Course, held: Mapping[str, Held], offered: Sequence[Offered]
) -> tuple[dict[str, Written], list[Said]]:
    """Say what becomes of each translation of a file, and return what is to be written.

    What is finished here is never replaced by something unfinished, nor by a translation of another source text.
    """
    source = dict(texts(course))
    changes: dict[str, Written] = {}
    said: list[Said] = []
    seen: set[str] = set()
    for one in offered:
        fate, reason, change = _fate(one, source.get(one.context), held.get(one.context))
        if one.context in seen and fate != "unknown":
            fate, reason, change = (
                "refused",
                _("This text stands in the file twice; the first one counts."),
                None,
            )
        seen.add(one.context)
        if change is not None:
            changes[one.context] = change
        said.append(Said(fate, one.line, one.context, reason))
    return changes, said


def _fate(one: Offered, source: str | None, have: Held | None) -> tuple[Fate, str, Written | None]:
    if source is None:
        return "unknown", _("The course has no text of this name."), None
    text = one.text.strip()
    if one.problem:
        return "refused", one.problem, None
    if not text:
        return "empty", "", None
    state = state_of(have, source)
    if one.source.strip() != source:
        reason = _("The source text is another one here.")
        if state == "missing" and one.source.strip():
            return "differs", reason, Written(text, True, one.source.strip())
        return "differs", reason, None
    finished = one.finished and kept(source) == kept(text)
    if have is not None and have.text == text and (state == "done" if finished else state != "missing"):
        return "same", "", None
    if finished:
        return "taken", "", Written(text)
    if one.finished:
        reason = marks_sentence(source)
        return ("working", reason, Written(text, True)) if state == "missing" else ("refused", reason, None)
    if state == "done":
        return "refused", _("The file says that this is not finished; here it is."), None
    return "working", "", Written(text, True)


def marks_sentence(source: str) -> str:
    """Say what a translation must keep."""
    return _(
        "These must stand in the translation as they stand in the source: %(marks)s",
        marks=" ".join(kept(source)),
    )
