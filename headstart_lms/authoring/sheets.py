"""Rows pasted from a spreadsheet: cut into cells, columns named by their head; every problem located. Pure."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..kernel.i18n import _
from .forms.fields import clean
from .lines import Problem

MAX_ROWS = 1000
MAX_COLUMNS = 40
MAX_CELL = 4000


@dataclass(frozen=True)
class Row:
    """One row: the line it begins at, from 1, and its cells."""

    line: int
    cells: tuple[str, ...]

    def at(self, column: int | None) -> str:
        """Return a cell; "" where there is none."""
        return self.cells[column] if column is not None and column < len(self.cells) else ""


def read_rows(text: str) -> tuple[list[Row], list[Problem]]:
    """Cut a pasted text into rows and cells: tabs, else semicolons, else commas; quotes as spreadsheets write them."""
    text = clean(text).removeprefix("\ufeff")
    rows: list[Row] = []
    problems: list[Problem] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    line = 1
    try:
        for cells in reader:
            begins, line = line, reader.line_num + 1
            found = tuple(" ".join(cell.split()) for cell in cells)
            if not any(found):
                continue
            if len(rows) >= MAX_ROWS:
                problems.append(Problem(begins, 0, _("These are more than %(max)s rows. Paste the rest in a second "
                                                     "go.", max=MAX_ROWS)))  # fmt: skip
                break
            if len(found) > MAX_COLUMNS:
                message = _(
                    "This row has %(count)s cells; at most %(max)s are read.",
                    count=len(found),
                    max=MAX_COLUMNS,
                )
                problems.append(Problem(begins, MAX_COLUMNS + 1, message))
                continue
            long = next((n for n, cell in enumerate(found) if len(cell) > MAX_CELL), None)
            if long is not None:
                problems.append(
                    Problem(
                        begins,
                        long + 1,
                        _("This cell is too long. Look for a quotation mark that is not closed."),
                    )
                )
                continue
            rows.append(Row(begins, found))
    except csv.Error:
        problems.append(
            Problem(line, 0, _("This row cannot be read. Look for a quotation mark that is not closed."))
        )
    return rows, problems


def _delimiter(text: str) -> str:
    first = next((line for line in text.split("\n") if line.strip()), "")
    if "\t" in first:
        return "\t"
    return ";" if first.count(";") > 0 and first.count(";") >= first.count(",") else ","


def folded(text: str) -> str:
    """Return a word of a head as it is compared: no case, no accents, one kind of space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.sub(r"[^\w]+", " ", "".join(c for c in plain if not unicodedata.combining(c))).split())


def columns_of(head: Row, names: Mapping[str, Sequence[str]]) -> dict[str, int] | None:
    """Return {column: place} when a row is a head: at least two of its cells are names of columns, or its only one."""
    known = {folded(word): column for column, words in names.items() for word in (column, *words)}
    found: dict[str, int] = {}
    for place, cell in enumerate(head.cells):
        column = known.get(folded(cell))
        if column is not None:
            found.setdefault(column, place)
    filled = sum(1 for cell in head.cells if cell)
    return found if len(found) >= 2 or (len(found) == 1 and filled == 1) else None
