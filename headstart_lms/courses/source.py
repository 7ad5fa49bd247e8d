"""Read a course folder: YAML with the line of everything, so that a finding can be located."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..kernel.cache import Cache
from .files import Files, FolderFiles

Loc = tuple[str | int, ...]

#: A course file larger than this is a mistake.
MAX_FILE = 4_000_000
MAX_MEDIA = 8_000_000
MEDIA_TYPES = {
    ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp",
    ".avif": "image/avif", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg", ".webm": "video/webm", ".mp4": "video/mp4",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """Something wrong (``error``) or doubtful (``warning``) in a course: where, and what to do."""

    level: str
    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        return f"{place}: {self.level}:{path} {self.message}"


class CourseLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML 1.2's core schema: ``No`` is a word and ``8:30`` is a text, as the writers of courses expect."""

    yaml_implicit_resolvers: dict[str, Any] = {}


#: What a plain word is taken for: the tag, the whole word, how it can begin.
_PLAIN = (
    ("tag:yaml.org,2002:bool", r"^(?:true|false)$", "tf"),
    ("tag:yaml.org,2002:int", r"^[-+]?(?:0|[1-9][0-9]*)$", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"^[-+]?[0-9]+\.[0-9]+$", "-+0123456789"),
    ("tag:yaml.org,2002:null", r"^(?:null|~|)$", ["n", "~", ""]),
)
for _tag, _pattern, _first in _PLAIN:
    CourseLoader.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))
#: What a scalar may be, and how it is written: a tag (!!int) that somebody writes changes neither.
_SCALARS = {"tag:yaml.org,2002:str": re.compile(".*", re.DOTALL)} | {
    tag: re.compile(pattern) for tag, pattern, _first in _PLAIN
}


@dataclass
class SourceFile:
    """One YAML file: its data and the line (from 1) of every place in it."""

    name: str
    data: Any = None
    lines: dict[Loc, int] = field(default_factory=dict)
    #: About how many bytes of memory this takes.
    weight: int = 0


class BrokenFile(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def read_yaml(path: Path, name: str) -> SourceFile:
    """Read one file. Raises BrokenFile with the place when it is not YAML as we take it."""
    return read_source(FolderFiles(path.parent), path.name, name)


def read_source(files: Files, file: str, name: str) -> SourceFile:
    """Read one of the files of a course; findings call it ``name``. Raises BrokenFile as ``read_yaml`` does."""
    if not files.has(file):
        raise BrokenFile(Finding("error", name, 0, "", "This is not a file."))
    if isinstance(files, FolderFiles):
        return _read_small(files, file, name)
    key = (name, files.digest(file))
    try:
        found: SourceFile = _sources.get(key)
    except KeyError:
        found = _read_small(files, file, name)
        _sources.put(key, found, found.weight)
    return found


#: Bytes of memory of all files that are kept as they were read; the largest course of ours takes 12 MB.
MOST_KEPT = 64_000_000
#: Files of drafts as they were read, by name and digest; nobody writes into them.
_sources = Cache(500, MOST_KEPT)


def _read_small(files: Files, file: str, name: str) -> SourceFile:
    if files.size(file) > MAX_FILE:
        raise BrokenFile(Finding("error", name, 0, "", "The file is larger than 4 MB. Split it."))
    return parse_yaml(files.read(file), name)


def parse_yaml(raw: bytes, name: str) -> SourceFile:
    """Read the content of one file. Raises BrokenFile as ``read_yaml`` does."""

    def broken(message: str, line: int = 0) -> BrokenFile:
        return BrokenFile(Finding("error", name, line, "", message))

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise broken("The file is not UTF-8. Save it as UTF-8.", line) from error
    source = SourceFile(name)
    try:
        _check_depth(text, broken)
        loader = CourseLoader(text)
    except yaml.YAMLError as error:
        raise _unreadable(error, broken) from error
    try:
        node = loader.get_single_node()
        if node is not None:
            _walk(node, (), source.lines, broken, set())
            source.data = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _unreadable(error, broken) from error
    except ValueError as error:
        raise broken("Not readable as YAML: a value is not what its tag says.") from error
    finally:
        loader.dispose()
    if source.data is None:
        raise broken("The file is empty.")
    source.weight = len(raw) + 150 * len(source.lines)
    return source


def _unreadable(error: yaml.YAMLError, broken: Any) -> Exception:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        found: Exception = broken(
            f"Not readable as YAML: {error.problem or 'this is not YAML'}.", mark.line + 1 if mark else 0
        )
    else:
        found = broken("Not readable as YAML: a character is not allowed here.")
    return found


MAX_DEPTH = 30
#: Words, lists and their ends in one file; the largest of ours has 33 000.
MAX_EVENTS = 100_000
#: Python reads at most 4300 digits as a number; no course counts that far.
MAX_DIGITS = 40
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


def _check_depth(text: str, broken: Any) -> None:
    """Refuse deep nesting before the tree is built: the C library recurses and would take the process down.

    A file of very many small parts is refused too: each part takes a hundred times its bytes in memory.
    """
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=CourseLoader)):
        if count > MAX_EVENTS:
            place: Any = event.start_mark
            raise broken("The file has too many parts. Split it.", place.line + 1)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                mark: Any = event.start_mark
                raise broken("This is nested too deeply.", mark.line + 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _walk(node: Any, loc: Loc, lines: dict[Loc, int], broken: Any, seen: set[int]) -> None:
    line = node.start_mark.line + 1
    lines[loc] = line
    if id(node) in seen:
        raise broken("Write it out: anchors and aliases (& and *) are not allowed in a course.", line)
    seen.add(id(node))
    _check_kind(node, line, broken)
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise broken("A key must be a plain word.", key.start_mark.line + 1)
            _check_kind(key, key.start_mark.line + 1, broken)
            if key.value in keys:
                raise broken(f"'{key.value}' stands twice here; keep one.", key.start_mark.line + 1)
            keys.add(key.value)
            _walk(value, (*loc, key.value), lines, broken, seen)
            lines[(*loc, key.value)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*loc, index), lines, broken, seen)


def _check_kind(node: Any, line: int, broken: Any) -> None:
    """Refuse all that JSON could not say: tags of YAML beyond its plain kinds, and characters no text has."""
    if isinstance(node, yaml.ScalarNode):
        written = _SCALARS.get(node.tag)
        if written is None or not written.fullmatch(node.value):
            raise broken("Leave out what begins with '!' here: tags are not allowed in a course.", line)
        if node.tag in _NUMBERS and len(node.value) > MAX_DIGITS:
            raise broken("This number is too long. Put it in quotes if it is a text.", line)
        if "\0" in node.value:
            raise broken("A character is not allowed here: \\0. Leave it out.", line)
    elif node.tag != f"tag:yaml.org,2002:{'map' if isinstance(node, yaml.MappingNode) else 'seq'}":
        raise broken("Leave out what begins with '!' here: tags are not allowed in a course.", line)


@dataclass
class Folder:
    """A course folder, read but not yet understood: one mapping, and where each part of it came from."""

    files: Files
    data: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    #: (prefix in the merged document, the file, the prefix inside that file)
    origins: list[tuple[Loc, SourceFile, Loc]] = field(default_factory=list)

    def finding(self, level: str, loc: Loc, message: str) -> Finding:
        """Make a finding for a place in the merged document."""
        loc = self._untagged(loc)
        origin = self._origin(loc)
        if origin is None:
            return Finding(level, "course.yaml", 0, _dotted(loc), message)
        prefix, source, inside = origin
        at = inside
        for step in loc[len(prefix) :]:
            if (*at, step) in source.lines:
                at = (*at, step)
        return Finding(level, source.name, source.lines.get(at, 0), self.named(loc), message)

    def locate(self, loc: Loc) -> tuple[str, Loc]:
        """Return the file in which a place of the merged document stands, and the place inside that file."""
        origin = self._origin(loc)
        if origin is None:
            return "course.yaml", loc
        prefix, source, inside = origin
        return source.name, (*inside, *loc[len(prefix) :])

    def _origin(self, loc: Loc) -> tuple[Loc, SourceFile, Loc] | None:
        best: tuple[Loc, SourceFile, Loc] | None = None
        for origin in self.origins:
            prefix = origin[0]
            if loc[: len(prefix)] == prefix and (best is None or len(prefix) > len(best[0])):
                best = origin
        return best

    def _untagged(self, loc: Loc) -> Loc:
        """Leave out what pydantic adds for a union: the type of a block, before the name of its field."""
        out: list[str | int] = []
        node: Any = self.data
        for n, step in enumerate(loc):
            if isinstance(node, dict) and node.get("type") == step:
                if step not in node or loc[n + 1 : n + 2] == (step,):
                    continue
            out.append(step)
            node = _step(node, step)
        return tuple(out)

    def named(self, loc: Loc) -> str:
        """Write a place with ids instead of positions: ``units.permit.blocks.b1.text``."""
        out: list[str] = []
        node: Any = self.data
        for step in loc:
            node = _step(node, step)
            name = node.get("id") if isinstance(step, int) and isinstance(node, dict) else None
            out.append(name if isinstance(name, str) else str(step))
        return ".".join(out)


def _step(node: Any, step: str | int) -> Any:
    """Return what stands one step further; None when nothing does."""
    if isinstance(node, list) and isinstance(step, int):
        return node[step] if 0 <= step < len(node) else None
    return node.get(step) if isinstance(node, dict) else None


def _dotted(loc: Loc) -> str:
    return ".".join(str(step) for step in loc)


def read_folder(files: Files) -> Folder:
    """Read every file of a course. What cannot be read is a finding, and the rest is read on."""
    folder = Folder(files)
    if not files.has("course.yaml"):
        folder.findings.append(
            Finding(
                "error",
                "course.yaml",
                0,
                "",
                "There is no course.yaml in this folder; a course starts with it.",
            )
        )
        return folder
    head = _read(folder, "course.yaml")
    if head is None:
        return folder
    if not isinstance(head.data, dict):
        folder.findings.append(Finding("error", "course.yaml", 1, "", "Write 'name: value' lines here."))
        return folder
    folder.data.update(head.data)
    folder.origins.append(((), head, ()))
    for reserved in ("units", "entries", "facts", "bank", "blueprints", "media"):
        if reserved in head.data:
            folder.findings.append(
                folder.finding("error", (reserved,), f"'{reserved}' stands in its own file.")
            )
            folder.data.pop(reserved)
    _read_units(folder)
    for name in ("entries", "facts", "bank", "blueprints", "media"):
        _read_lists(folder, name)
    for index, media in enumerate(folder.data.get("media", [])):
        if isinstance(media, dict):
            _read_media(folder, index, media)
    return folder


def _read(folder: Folder, name: str) -> SourceFile | None:
    try:
        return read_source(folder.files, name, name)
    except BrokenFile as error:
        folder.findings.append(error.finding)
        return None


def _read_units(folder: Folder) -> None:
    modules = folder.data.get("modules")
    order: list[str] = []
    for module in modules if isinstance(modules, list) else []:
        listed = module.get("units") if isinstance(module, dict) else None
        order += [u for u in listed if isinstance(u, str)] if isinstance(listed, list) else []
    units: list[Any] = []
    stems = {
        name: name.removeprefix("units/").removesuffix(".yaml")
        for name in folder.files.listed("units", ".yaml")
    }
    for name in sorted(stems, key=lambda n: order.index(stems[n]) if stems[n] in order else len(order)):
        source = _read(folder, name)
        if source is None:
            continue
        if isinstance(source.data, dict) and source.data.get("id") != stems[name]:
            folder.findings.append(
                Finding("error", source.name, source.lines.get(("id",), 1), "id",
                        f"The file is called {stems[name]}; its id must be the same word.")
            )  # fmt: skip
        folder.origins.append((("units", len(units)), source, ()))
        units.append(source.data)
    folder.data["units"] = units


def _read_lists(folder: Folder, name: str) -> None:
    files = [f"{name}.yaml"] if folder.files.has(f"{name}.yaml") else []
    files += folder.files.listed(name, ".yaml")
    rows: list[Any] = []
    for file in files:
        source = _read(folder, file)
        if source is None:
            continue
        if not isinstance(source.data, list):
            folder.findings.append(
                Finding("error", file, 1, "", "Write a list here: each element starts with '- '.")
            )
            continue
        for index, row in enumerate(source.data):
            folder.origins.append(((name, len(rows)), source, (index,)))
            rows.append(dict(row) if isinstance(row, dict) else row)  # media rows get what is found out
    if files:
        folder.data[name] = rows


#: What an SVG of ours may not hold: it is served from the application's own origin.
_SVG_DANGER = re.compile(
    rb"<\s*(?:[\w.-]+:)?(?:script|foreignObject|iframe|style|a\b|animate|set\b)|<!(?:ENTITY|DOCTYPE)|<\?xml-stylesheet|"
    rb"[\s/\"']on[a-z]+\s*=|javascript:|"
    rb"(?:href|src)\s*=\s*[\"'](?!#)|url\(\s*(?!#)",
    re.IGNORECASE,
)


#: How files of each kind begin: (offset, bytes).
_HEADS = {
    ".png": (0, b"\x89PNG\r\n\x1a\n"), ".jpg": (0, b"\xff\xd8\xff"), ".webp": (8, b"WEBP"), ".avif": (4, b"ftyp"),
    ".ogg": (0, b"OggS"), ".opus": (0, b"OggS"), ".m4a": (4, b"ftyp"), ".mp4": (4, b"ftyp"),
    ".webm": (0, b"\x1aE\xdf\xa3"),
}  # fmt: skip


def _is_what_it_says(suffix: str, content: bytes) -> bool:
    """Tell whether a file begins as files of its kind do: what is called a sound must not be a page."""
    if suffix == ".svg":
        return b"<svg" in content[:400]
    if suffix == ".mp3":  # an ID3 tag, or the sync word of the first frame
        return content[:3] == b"ID3" or (content[:1] == b"\xff" and content[1:2] >= b"\xe0")
    offset, head = _HEADS[suffix]
    return content[offset : offset + len(head)] == head


_VIEW_BOX = re.compile(rb"viewBox=[\"']\s*[-0-9.]+[ ,]+[-0-9.]+[ ,]+([0-9.]+)[ ,]+([0-9.]+)")


def _read_media(folder: Folder, index: int, media: dict[str, Any]) -> None:
    name = media.get("file")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
        return  # the document's own validation says so
    file, suffix = f"media/{name}", Path(name).suffix
    loc: Loc = ("media", index, "file")
    if suffix not in MEDIA_TYPES:
        kinds = " ".join(sorted(MEDIA_TYPES))
        folder.findings.append(
            folder.finding("error", loc, f"Files of this kind are not taken. Use one of: {kinds}.")
        )
    elif not folder.files.has(file) or folder.files.is_link(file):
        folder.findings.append(folder.finding("error", loc, f"There is no file media/{name}."))
    elif folder.files.size(file) > MAX_MEDIA:
        folder.findings.append(folder.finding("error", loc, "The file is larger than 8 MB. Make it smaller."))
    else:
        look = look_at_media(folder.files, file)
        if look.problem:
            folder.findings.append(folder.finding("error", loc, look.problem))
        media["sha256"] = look.sha256
        if look.width is not None:
            media["width"], media["height"] = look.width, look.height


@dataclass(frozen=True)
class Look:
    """What was seen in a media file: its digest, what is wrong with it, its size in pixels where known."""

    sha256: str
    problem: str = ""
    width: int | None = None
    height: int | None = None


def look_at_media(files: Files, file: str) -> Look:
    """Look into a media file whose suffix is one of ours; a digest that was seen before is not read again."""
    suffix = Path(file).suffix
    if isinstance(files, FolderFiles):
        return look_into(files.read(file), suffix)
    key = (files.digest(file), suffix)
    found = _seen.get(key)
    if found is None:
        found = look_into(files.read(file), suffix)
        if len(_seen) > MAX_SEEN:
            _seen.clear()
        _seen[key] = found
    return found


_seen: dict[tuple[str, str], Look] = {}
MAX_SEEN = 20_000


def look_into(content: bytes, suffix: str) -> Look:
    """Look into the content of a media file whose suffix is one of ours: its digest, what is wrong, its size."""
    problem = ""
    if not _is_what_it_says(suffix, content):
        problem = f"The file is not what its name says: {suffix}. Save it again."
    elif suffix == ".svg" and _SVG_DANGER.search(content):
        problem = "The picture has scripts, styles or links inside. Save it as plain SVG."
    box = _VIEW_BOX.search(content[:600]) if suffix == ".svg" else None
    size = (round(float(box[1])), round(float(box[2]))) if box is not None else (None, None)
    return Look(hashlib.sha256(content).hexdigest(), problem, *size)
