"""XLIFF 2.0 (OASIS, 5 August 2014): the texts of a course for the tools of translators, out and in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.parsers import expat

from ..kernel.errors import Invalid
from ..kernel.i18n import _
from ..kernel.languages import direction
from .catalogue import Held, Offered, offered_in, parse, state_of
from .document import Course
from .source import MAX_FILE
from .texts import in_reading_order
from .translations import MARK, kept

#: Core namespace of XLIFF 2.0 and 2.1 (clause 4.1).
NAMESPACE = "urn:oasis:names:tc:xliff:document:2.0"
#: Clause 4.3.1.29, state: what counts as finished.
FINISHED = frozenset(("translated", "reviewed", "final"))
MOST_DEPTH = 40
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# --- out ---------------------------------------------------------------------------------------------


def write(
    course: Course,
    language: str,
    held: Mapping[str, Held],
    *,
    titles: Mapping[str, str] | None = None,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """Return an XLIFF 2.0 file of all texts of a course: a unit for each, named like the msgctxt of the PO file.

    ``titles`` has what the parts of the course are called by the first step of the name, ``notes`` what a translator
    should know of a text. Marked words and gaps stand in ``<mrk translate="no">`` (clause 4.7.3.1.1).
    """
    rows = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<xliff xmlns="{NAMESPACE}" version="2.0" srcLang="{course.source_language}" trgLang="{language}">',
        f'<file id="f1" original="{_attribute(course.slug)}" canResegment="no" xml:space="preserve"'
        f' srcDir="{direction(course.source_language)}" trgDir="{direction(language)}">',
    ]
    named = titles or {}
    said = notes or {}
    for number, (part, units) in enumerate(
        groupby(in_reading_order(course), lambda row: row[0].split("/")[0]), 1
    ):
        rows.append(f' <group id="g{number}" name="{_attribute(named.get(part, part))}">')
        for context, source in units:
            rows += _unit(context, source, held.get(context), said.get(context, ()))
        rows.append(" </group>")
    rows += ["</file>", "</xliff>", ""]
    return "\n".join(rows).encode("utf-8")


def _unit(context: str, source: str, held: Held | None, notes: Sequence[str]) -> Iterator[str]:
    # a name has slashes, an id (NMTOKEN) has none; no name has a colon
    yield f'  <unit id="{_attribute(context.replace("/", ":"))}" name="{_attribute(context)}">'
    if notes:
        yield "   <notes>"
        yield from (f'    <note category="place">{_text(note)}</note>' for note in notes)
        yield "   </notes>"
    state = state_of(held, source)
    sub = f' subState="headstart:{state}"' if state in ("stale", "working") else ""
    yield f'   <segment state="{"translated" if state == "done" else "initial"}"{sub}>'
    ids = {token: f"m{n}" for n, token in enumerate(kept(source), 1)}
    yield f"    <source>{_marked(source, ids)}</source>"
    if state != "missing" and held is not None:
        yield f"    <target>{_marked(held.text, ids)}</target>"
    yield "   </segment>"
    yield "  </unit>"


def _marked(text: str, ids: Mapping[str, str]) -> str:
    """Return the content of a source or target: what must be kept is marked, the second time without a mark.

    The ids of a mark in the target are those of the source (clause 4.2.3.1, duplicate ids); an id stands once.
    """
    parts: list[str] = []
    used: set[str] = set()
    at = 0
    for found in MARK.finditer(text):
        token = found.group(0)
        parts.append(_text(text[at : found.start()]))
        name = ids.get(token)
        if name is None or name in used:
            parts.append(_text(token))
        else:
            used.add(name)
            parts.append(f'<mrk id="{name}" translate="no">{_text(token)}</mrk>')
        at = found.end()
    return "".join([*parts, _text(text[at:])])


def _text(text: str) -> str:
    """Escape a text; what no XML file may have stands as ``<cp>`` (clause 4.2.3.1)."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return _NOT_XML.sub(lambda found: f'<cp hex="{ord(found.group(0)):04X}"/>', plain)


def _attribute(text: str) -> str:
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return _NOT_XML.sub("", plain).replace("\n", " ").replace("\t", " ")


# --- in ----------------------------------------------------------------------------------------------


def read(raw: bytes, *, source_language: str, language: str) -> list[Offered]:
    """Read the translations of an XLIFF 2 file. Raises Invalid with the line.

    A file with a DTD is refused: nothing is ever expanded or fetched (clause 4.1 needs none).
    """
    reader = _Reader()
    try:
        reader.parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Invalid(
            _("This is not readable as XLIFF. Look at line %(line)s.", line=error.lineno), "broken-file"
        ) from error
    except (ValueError, LookupError) as error:  # a coding that is not known
        raise Invalid(_("This is not readable as XLIFF in UTF-8."), "broken-file") from error
    if reader.target and not _same_language(reader.target, language):
        raise Invalid(
            _(
                "This file is a translation into %(there)s, not into %(here)s.",
                there=reader.target[:20],
                here=language,
            )
        )
    if not _same_language(reader.source, source_language):
        raise Invalid(
            _("This file translates from %(there)s; this course is written in %(here)s.",
              there=reader.source[:20] or "?", here=source_language)
        )  # fmt: skip
    return reader.found


def _same_language(one: str, other: str) -> bool:
    """Tell whether two tags name one language: other tools write ``ar-SA`` for ``ar``."""
    a, b = one.replace("_", "-").casefold(), other.casefold()
    return a == b or a.startswith(b + "-") or b.startswith(a + "-")


class _Reader:
    """Follows the elements of a file; texts of inline codes other than ours are kept, the codes are not."""

    def __init__(self) -> None:
        self.found: list[Offered] = []
        self.source = self.target = ""
        self._path: list[str] = []
        self._name = ""
        self._line = 0
        self._segments: list[dict[str, Any]] = []
        self._into: list[str] | None = None
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._doctype

    def _doctype(self, *ignored: object) -> None:
        raise Invalid(_("An XLIFF file has no DTD. Save it again without one."), "broken-file")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _blank, local = name.rpartition(" ")
        if not self._path:
            self._root(space, local, attributes)
        elif space != NAMESPACE:
            local = "-"  # extensions of other tools: passed over
        self._path.append("-" if "-" in self._path[-1:] else local)
        if len(self._path) > MOST_DEPTH:
            raise Invalid(
                _("This is not readable as XLIFF. Look at line %(line)s.", line=self._at), "broken-file"
            )
        local = self._path[-1]
        if local == "unit":
            self._name = attributes.get("name") or attributes.get("id", "").replace(":", "/")
            self._line, self._segments = self._at, []
        elif local in ("segment", "ignorable"):
            self._segments.append({"kind": local, "state": attributes.get("state", "initial")})
        elif local in ("source", "target") and self._path[-2] in ("segment", "ignorable"):
            self._into = self._segments[-1].setdefault(local, [])
        elif local == "cp" and self._into is not None:
            self._into.append(_character(attributes.get("hex", "")))

    def _root(self, space: str, local: str, attributes: dict[str, str]) -> None:
        if local != "xliff":
            raise Invalid(_("This is not an XLIFF file."), "broken-file")
        if space != NAMESPACE or not attributes.get("version", "").startswith("2."):
            raise Invalid(_("This is another version of XLIFF. Save it as XLIFF 2.0."), "broken-file")
        self.source, self.target = attributes.get("srcLang", ""), attributes.get("trgLang", "")

    @property
    def _at(self) -> int:
        return self.parser.CurrentLineNumber

    def _end(self, name: str) -> None:
        local = self._path.pop()
        if local in ("source", "target"):
            self._into = None
        elif local == "unit":
            self.found.append(self._whole())

    def _data(self, text: str) -> None:
        if self._into is not None and "-" not in self._path:
            self._into.append(text)

    def _whole(self) -> Offered:
        """Put the segments of a unit together, as the text was before a tool cut it."""
        source = "".join("".join(one.get("source", ())) for one in self._segments)
        parts = [one for one in self._segments if one["kind"] == "segment"]
        have = ["".join(one["target"]) for one in parts if "target" in one]
        problem = ""
        if any(have) and any(
            "".join(one.get("source", ())).strip() and not "".join(one.get("target", ())).strip()
            for one in parts
        ):
            problem = _("A piece of this text has no translation.")
        text = "".join("".join(one.get("target", one.get("source", ()) if one["kind"] == "ignorable" else ()))
                       for one in self._segments) if any(have) else ""  # fmt: skip
        finished = bool(parts) and all(one["state"] in FINISHED for one in parts)
        return Offered(self._name, source, text, finished, self._line, problem)


def _character(code: str) -> str:
    try:
        found = chr(int(code, 16)) if re.fullmatch(r"[0-9A-Fa-f]{1,6}", code) else ""
    except (ValueError, OverflowError):
        return ""
    return "" if "\ud800" <= found <= "\udfff" or found == "\x00" else found


def offered_in_file(raw: bytes, course: Course, language: str) -> list[Offered]:
    """Read a PO or XLIFF file, whichever it is. Raises Invalid."""
    if len(raw) > MAX_FILE:
        raise Invalid(_("%(name)s is larger than 4 MB. Split it.", name=_("This file")))
    start = raw[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\0", b"")
    if start.startswith(b"<"):
        return read(raw, source_language=course.source_language, language=language)
    po = parse(raw.removeprefix(b"\xef\xbb\xbf"))
    told = str(po.metadata.get("Language", "")).strip()
    if told and told.replace("_", "-").split("-")[0].casefold() != language.split("-")[0].casefold():
        raise Invalid(
            _("This file is a translation into %(there)s, not into %(here)s.", there=told[:20], here=language)
        )
    found = offered_in(po)
    if not found:
        raise Invalid(_("There is no text in this file. Choose a PO or an XLIFF file."))
    return found
