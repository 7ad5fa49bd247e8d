"""Translations of a course as gettext PO files: written from the document, read back, counted."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polib

from ..kernel.languages import MARKED
from .document import Course
from .files import Files, FolderFiles
from .source import Finding
from .texts import texts
from .words import LANGUAGE

_GAP = re.compile(r"\[\[[a-z][a-z0-9-]*\]\]")
#: Either of what a translation must keep.
MARK = re.compile(f"{_GAP.pattern}|{MARKED.pattern}")


@dataclass(frozen=True)
class State:
    """How far one language is: texts in all, done, stale (the source changed since), missing."""

    language: str
    total: int
    done: int
    stale: int
    missing: int
    #: Written, but not finished.
    working: int = 0

    @property
    def is_complete(self) -> bool:
        return self.done == self.total

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down: 100 means nothing is missing."""
        return 100 * self.done // self.total if self.total else 100


def read_translations(files: Files, course: Course) -> tuple[dict[str, dict[str, str]], list[Finding]]:
    """Return {language: {msgctxt: text}} of what is translated and not stale, and what is wrong with it."""
    source = dict(texts(course))
    result: dict[str, dict[str, str]] = {}
    findings: list[Finding] = []
    for language in course.support_languages:
        if language == course.source_language:
            continue
        name = f"translations/{language}.po"
        done, problems = _read_po(files, name, source)
        findings += problems
        result[language] = done
        state = State(language, len(source), len(done), 0, len(source) - len(done))
        if not state.is_complete:
            findings.append(
                Finding("warning", name, 0, "",
                        f"{state.percent} % is translated ({state.done} of {state.total} texts); "
                        "learners are offered the language at 100 %.")
            )  # fmt: skip
    for name in files.listed("translations", ".po"):
        if Path(name).stem not in course.support_languages:
            findings.append(Finding("warning", name, 0, "", "course.yaml does not list this language."))
    return result, findings


@dataclass(frozen=True)
class _Entry:
    """One text of a PO file, as far as a translation needs it."""

    msgctxt: str
    msgid: str
    msgstr: str
    linenum: int


def _parse(file: Path) -> list[_Entry]:
    """Return what is translated and not marked fuzzy. Raises what polib raises."""
    catalogue = polib.pofile(str(file), encoding="utf-8", check_for_duplicates=False)
    return [
        _Entry(entry.msgctxt or "", entry.msgid, entry.msgstr, entry.linenum or 0)
        for entry in catalogue
        if not entry.obsolete and entry.msgstr and "fuzzy" not in entry.flags
    ]


#: What files that lie in no folder held, by their digest: the newest at the end.
_parsed: OrderedDict[str, list[_Entry]] = OrderedDict()
KEEP_PARSED = 24


def _entries(files: Files, name: str) -> list[_Entry]:
    if isinstance(files, FolderFiles):
        return _parse(files.path / name)
    digest = files.digest(name)
    found = _parsed.get(digest)
    if found is None:
        # by way of a file: polib takes a text for the name of a file when there is one of that name
        with TemporaryDirectory() as folder:
            file = Path(folder) / "catalogue.po"
            file.write_bytes(files.read(name))
            found = _parsed[digest] = _parse(file)
        while len(_parsed) > KEEP_PARSED:
            _parsed.popitem(last=False)
    return found


def _read_po(files: Files, name: str, source: dict[str, str]) -> tuple[dict[str, str], list[Finding]]:
    if not files.has(name):
        return {}, []
    findings: list[Finding] = []
    try:
        catalogue = _entries(files, name)
    except (OSError, ValueError, UnicodeDecodeError) as error:
        found = re.search(r"\(line (\d+)\)", str(error))
        return {}, [
            Finding(
                "error", name, int(found[1]) if found else 0, "", "Not readable as PO. Look at this line."
            )
        ]
    done: dict[str, str] = {}
    for entry in catalogue:
        context = entry.msgctxt
        if context not in source:
            findings.append(
                Finding("warning", name, entry.linenum, context,
                        "The course has no such text; refresh the file with 'headstart course translate'.")
            )  # fmt: skip
        elif source[context] != entry.msgid:
            findings.append(
                Finding("warning", name, entry.linenum, context,
                        "The source text has changed; refresh the file with 'headstart course translate'.")
            )  # fmt: skip
        elif kept(entry.msgid) != kept(entry.msgstr):
            findings.append(
                Finding("error", name, entry.linenum, context,
                        "Words marked as [..]{it} and gaps [[..]] must stand in the translation as in the source: "
                        + ", ".join(kept(entry.msgid)) + ".")
            )  # fmt: skip
        else:
            done[context] = entry.msgstr.strip()
    return done, findings


def kept(text: str) -> list[str]:
    """Return what every translation must keep: marked words of other languages, and gaps; in sorted order."""
    if "[" not in text:  # most texts; all of a course are asked for at each check
        return []
    return sorted({m.group(0) for m in MARKED.finditer(text)} | {m.group(0) for m in _GAP.finditer(text)})


def refresh(path: Path, course: Course, language: str) -> State:
    """Write ``translations/<language>.po`` anew from the document, keeping what is translated.

    A text that changed keeps its old translation marked fuzzy; a text that is new but stands word for word
    elsewhere in the file starts with that translation, fuzzy too; what is gone is dropped.
    """
    if not LANGUAGE.match(language):
        raise ValueError(f"'{language}' is not a language tag")
    file = path / "translations" / f"{language}.po"
    old = polib.pofile(str(file), encoding="utf-8") if file.is_file() else polib.POFile()
    new, state = new_catalogue(old, course, language)
    file.parent.mkdir(exist_ok=True)
    new.save(str(file))
    return state


def new_catalogue(
    old: polib.POFile,
    course: Course,
    language: str,
    *,
    fill: bool = True,
    keep_gone: bool = False,
    unchanged: frozenset[str] = frozenset(),
) -> tuple[polib.POFile, State]:
    """Return the PO file of a language for the texts of a course as they are, with what ``old`` has of them.

    ``fill`` starts a new text with the translation of the same sentence elsewhere in the file, ``keep_gone`` keeps
    texts the course has no more as obsolete, ``unchanged`` names texts whose translation stays right though the
    source changed.
    """
    by_context = {e.msgctxt: e for e in reversed(old) if not e.obsolete or keep_gone}
    memory = {e.msgid: e.msgstr for e in old if e.msgstr and "fuzzy" not in e.flags and not e.obsolete}
    new = polib.POFile(wrapwidth=110)
    new.header = old.header
    new.metadata = {
        **old.metadata,
        "Project-Id-Version": f"{course.slug} {course.version}",
        "Language": language.replace("-", "_"),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
    }
    counts = {"done": 0, "stale": 0, "working": 0, "missing": 0}
    known = set()
    for context, text in texts(course):
        known.add(context)
        entry = polib.POEntry(msgctxt=context, msgid=text)
        before = by_context.get(context)
        if before is not None and before.msgstr:
            entry.msgstr, entry.flags = before.msgstr, list(before.flags)
            entry.tcomment, entry.comment = before.tcomment, before.comment
            _carry(entry, before, is_same=context in unchanged)
        elif fill and text in memory:
            entry.msgstr, entry.flags = memory[text], ["fuzzy"]
        if not entry.msgstr:
            counts["missing"] += 1
        elif entry.previous_msgid and entry.previous_msgid != text:
            counts["stale"] += 1
        else:
            counts["working" if "fuzzy" in entry.flags else "done"] += 1
        new.append(entry)
    if keep_gone:
        for before in old:
            if before.msgctxt not in known and before.msgstr:
                before.obsolete = True
                new.append(before)
    return new, State(language, sum(counts.values()), **counts)


def _carry(entry: polib.POEntry, before: polib.POEntry, *, is_same: bool) -> None:
    """Say of a translation that was carried over for which source text it was made."""
    old = before.previous_msgid if "fuzzy" in entry.flags and before.previous_msgid else None
    if is_same:
        if (
            old is not None and "fuzzy" in entry.flags
        ):  # fuzzy because of an earlier change, which was small too
            entry.flags.remove("fuzzy")
        return
    if old is None and before.msgid != entry.msgid:
        old = before.msgid
    if old is not None and old != entry.msgid:
        entry.previous_msgid = old
        if "fuzzy" not in entry.flags:
            entry.flags.append("fuzzy")
