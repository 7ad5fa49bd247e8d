"""Check a course folder: its shape, its rules, its translations; every finding with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .document import Course
from .parts import (
    ItemBase,
)
from .rules import rules
from .sound.gates import sound_gates
from .sound.sheet import Sheet, read_sheet
from .source import Finding, Folder, read_folder
from .translations import read_translations

ItemTypes = Mapping[str, type[ItemBase]]


@dataclass
class Checked:
    """What the checker found: the course when its shape is right, its translations, and the findings."""

    folder: Path
    course: Course | None
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    #: The document when its shape is right, whatever else is wrong with it; the files it came from.
    document: Course | None = None
    source: Folder = field(default_factory=lambda: Folder(Path()))
    sheet: Sheet | None = None

    @property
    def errors(self) -> list[Finding]:
        return [f for f in self.findings if f.level == "error"]

    @property
    def warnings(self) -> list[Finding]:
        return [f for f in self.findings if f.level == "warning"]


def check_folder(path: Path, item_types: ItemTypes, *, on: date) -> Checked:
    """Read and check a course folder; ``on`` is the day against which facts are held."""
    folder = read_folder(path)
    checked = Checked(path, None, findings=list(folder.findings), source=folder)
    if not folder.data:
        return checked
    try:
        course = Course.model_validate(folder.data, context={"item_types": item_types})
    except ValidationError as error:
        known = {(f.file, f.line, f.message) for f in checked.findings}
        for problem in error.errors():
            finding = folder.finding("error", problem["loc"], sentence(problem))
            if (finding.file, finding.line, finding.message) not in known:
                checked.findings.append(finding)
        return checked
    checked.document = course
    for level, loc, message in rules(course, on):
        checked.findings.append(folder.finding(level, loc, message))
    checked.sheet, wrong = read_sheet(path, sentence)
    checked.findings += wrong
    if not wrong:
        checked.findings += sound_gates(folder, course, checked.sheet)
    checked.translations, more = read_translations(path, course)
    checked.findings += more
    if not checked.errors:
        checked.course = course
    return checked


_SENTENCES = {
    "missing": "'{field}' is missing; write it.",
    "extra_forbidden": "There is no field '{field}' here. Remove it, or check its spelling.",
    "string_type": "Write a text here (in quotes when it looks like a number).",
    "int_type": "Write a whole number here.",
    "int_parsing": "Write a whole number here.",
    "float_type": "Write a number here.",
    "float_parsing": "Write a number here.",
    "bool_type": "Write true or false here.",
    "bool_parsing": "Write true or false here.",
    "tuple_type": "Write a list here.",
    "list_type": "Write a list here.",
    "model_type": "Write 'name: value' lines here.",
    "dict_type": "Write 'name: value' lines here.",
    "model_attributes_type": "Write 'name: value' lines here.",
    "uuid_parsing": "Write a UUID here, for example from the command 'uuidgen'.",
    "url_parsing": "Write a whole web address here, with https://.",
    "date_from_datetime_parsing": "Write a date here, as 2026-11-20.",
    "date_parsing": "Write a date here, as 2026-11-20.",
    "date_type": "Write a date here, as 2026-11-20.",
    "union_tag_not_found": "'type' is missing; write which kind of block this is.",
}


def sentence(problem: Any) -> str:
    """Say one validation problem of pydantic in words a writer of courses understands."""
    kind, ctx = problem["type"], problem.get("ctx", {})
    name = str(problem["loc"][-1]) if problem["loc"] else ""
    if kind in _SENTENCES:
        return _SENTENCES[kind].format(field=name)
    if kind == "literal_error":
        return f"'{problem['input']}' is not one of {ctx.get('expected', '')}."
    if kind == "union_tag_invalid":
        return f"There is no block type '{ctx.get('tag')}'. Known types: {ctx.get('expected_tags')}."
    if kind == "string_pattern_mismatch":
        right = _PATTERNS.get(name, "small letters, digits, hyphens")
        return f"'{problem['input']}' is not written as it must be: {right}."
    if kind == "too_short":
        return f"At least {ctx['min_length']} are needed here."
    message: str = problem["msg"]
    message = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message if message.endswith((".", "!", "?")) else message + "."


_PATTERNS = {
    "version": 'edition.correction, for example "1.0" (in quotes)',
    "country": "two capital letters, for example IT",
    "file": "small letters, digits, dots and hyphens, for example bread.svg",
    "source_language": "a language tag, for example en",
}
