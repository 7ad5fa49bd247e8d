"""The list "record this": what a person should still say, as CSV or JSON, with the notes people made in it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...kernel.errors import Invalid
from .editing import write_atomically
from .needs import Need
from .sheet import Sheet

COLUMNS = ("clip", "text", "speaker", "voice", "used", "why")
WHY = {
    "missing": "has no sound",
    "unlinked": "computer voice",
    "changed": "has sound of an older text",
    "draft": "has a robot's voice",
    "outdated": "the recording says an older text",
    "fine": "computer voice",
}


def rows(needs: Iterable[Need], sheet: Sheet) -> list[dict[str, str]]:
    """List what no person has said yet, what has no sound at all first."""
    found = []
    for need in needs:
        row = need.row
        if row is not None and row.sha256 and row.voice == "human" and need.state != "outdated":
            continue
        silent = need.state == "missing" and sheet.is_silent(need.clip)
        found.append(
            {
                "clip": need.clip, "text": need.text, "speaker": need.speaker,
                "voice": need.voice.sex if need.voice else "", "used": " ".join(need.used),
                "why": "silent: the computer says it badly" if silent else WHY[need.state],
            }
        )  # fmt: skip
    return sorted(found, key=lambda row: row["why"] == WHY["fine"])


def write(file: Path, wanted: list[dict[str, str]]) -> None:
    """Write the list. Columns of people's own stay, by clip. Raises Invalid when FILE is no such list."""
    if file.suffix not in (".csv", ".json"):
        raise Invalid(f"{file}: the list is a .csv or a .json file.")
    own = {row.get("clip"): {k: v for k, v in row.items() if k not in COLUMNS} for row in _read(file)}
    names = list(dict.fromkeys(name for row in own.values() for name in row))
    merged: list[dict[str, Any]] = [
        {**row, **{name: own.get(row["clip"], {}).get(name, "") for name in names}} for row in wanted
    ]
    if file.suffix == ".json":
        text = json.dumps(merged, ensure_ascii=False, indent=1) + "\n"
    else:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, [*COLUMNS, *names])
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in row.items()} for row in merged)
        text = "\ufeff" + out.getvalue()  # so that spreadsheets see UTF-8
    write_atomically(file, text.encode("utf-8"))


def _plain(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value


def _read(file: Path) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    try:
        text = file.read_text("utf-8-sig")
        found = json.loads(text) if file.suffix == ".json" else list(csv.DictReader(io.StringIO(text)))
        if not isinstance(found, list) or not all(isinstance(row, dict) and "clip" in row for row in found):
            raise ValueError
    except (ValueError, csv.Error) as error:
        raise Invalid(f"{file} is not such a list; name a new file.") from error
    return [{k: v for k, v in row.items() if isinstance(k, str)} for row in found]
