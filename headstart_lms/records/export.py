"""Statements as a file: JSON Lines with the stored bytes, or CSV for a spreadsheet. Both as a stream.

A chunk is read, written out and forgotten, each in a session of its own: memory stays the same however long the file
gets, and no transaction stays open while somebody downloads slowly.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from sqlalchemy.orm import Session

from ..kernel import i18n
from ..lrs.browsing import Found, Search, walk
from ..lrs.sentences import NameOf
from . import services

Reading = Callable[[], AbstractContextManager[Session]]

#: The form in the address, its media type.
FORMS: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}
COLUMNS: Final = (
    "id", "stored", "happened", "withdrawn", "sentence", "result", "verb", "activity", "within", "course",
    "score", "success", "completion", "duration", "registration", "actor", "authority",
)  # fmt: skip
#: A spreadsheet takes a cell that begins like this for a formula, and runs it (OWASP, "CSV injection").
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: Says that the file is UTF-8; without it the most used spreadsheet reads Arabic as Windows-1252.
_BOM: Final = "\ufeff"


def stream(
    form: str,
    reading: Reading,
    search: Search,
    name_of: NameOf,
    *,
    language: str,
    open_tests: frozenset[str] = frozenset(),
) -> Iterator[bytes]:
    """Yield the file in pieces, oldest statement first. What belongs to a test that still runs is left out."""
    if form == "csv":
        yield (_BOM + _row(COLUMNS)).encode()
    for found in walk(reading, search):
        kept = [(one, one.payload) for one in found if not _is_left_out(one, open_tests)]
        if form == "jsonl":
            yield b"".join(payload + b"\n" for _one, payload in kept)
        else:
            with i18n.in_language(language):  # whoever sends the pieces may stand in another context
                text = "".join(_row(cells(services.make_line(one, name_of))) for one, _payload in kept)
            yield text.encode()


def _is_left_out(found: Found, open_tests: frozenset[str]) -> bool:
    return bool(open_tests) and services.is_of_open_test(json.loads(found.payload), open_tests)


def cells(line: services.Line) -> list[str]:
    """Return the row of a statement, in the order of ``COLUMNS``."""
    statement, told = line.statement, line.sentence
    result = statement.get("result", {})
    return [
        str(line.found.id), line.stored.isoformat(), line.at.isoformat(), "yes" if line.found.voided else "",
        safe(told.plain), safe(", ".join(told.facts)), safe(statement["verb"]["id"]),
        safe(_object_id(statement["object"])),
        safe(told.within.plain if told.within else ""), safe(line.course.plain if line.course else ""),
        _number(result.get("score", {}).get("scaled")), _flag(result.get("success")), _flag(result.get("completion")),
        safe(result.get("duration", "")), safe(str(statement.get("context", {}).get("registration", ""))),
        safe(_account(statement["actor"])), safe(_account(statement.get("authority", {}))),
    ]  # fmt: skip


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before what looks like one."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _flag(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _object_id(target: Mapping[str, Any]) -> str:
    return str(target.get("id", ""))


def _account(agent: Mapping[str, Any]) -> str:
    """Return the name of an account: random for our people. Addresses and names of others are not copied here."""
    return str(agent.get("account", {}).get("name", ""))


def _row(values: Any) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(values)
    return out.getvalue()
