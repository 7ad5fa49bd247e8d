"""Questions pasted from a spreadsheet: a row is a question, its columns named in the first row. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..kernel.i18n import _
from .forms.context import TOPICS
from .forms.fields import number
from .lines import Found, Problem, read_lines
from .sheets import Row, columns_of, folded, read_rows

Data = dict[str, Any]
COLUMNS: dict[str, tuple[str, ...]] = {
    "question": ("prompt", "statement"),
    "read": ("text to read", "stimulus", "text"),
    "right": ("correct", "answer", "right answer", "correct answer", "key"),
    "wrong": ("distractor", "wrong 1", "wrong answer"),
    "explanation": ("explain", "feedback", "why"),
    "tags": ("tag",),
    "difficulty": ("level",),
    "topic": ("subject",),
}
_TRUTH = {"true": "T", "t": "T", "yes": "T", "false": "F", "f": "F", "no": "F", "?": "?", "not said": "?"}


def read_items(text: str, taught: str | None) -> tuple[list[Found], list[Problem]]:
    """Return the questions of a table. Several right or wrong answers stand in one cell with | between them, or in
    several columns that begin with the same word (wrong 1, wrong 2).
    """
    rows, problems = read_rows(text)
    if not rows:
        return [], problems
    columns = columns_of(rows[0], COLUMNS)
    if columns is None or "question" not in columns:
        message = _("The first row names the columns: question, right, wrong. Others: read, explanation, tags, "
                    "difficulty, topic.")  # fmt: skip
        return [], [*problems, Problem(rows[0].line, 0, message)]
    several = {name: _places(rows[0], name, columns) for name in ("right", "wrong")}
    found: list[Found] = []
    for row in rows[1:]:
        data, wrong = _item(row, columns, several, taught)
        problems += wrong
        if not wrong:
            found.append(Found(row.line, data))
    return found, problems


def _places(head: Row, name: str, columns: Mapping[str, int]) -> list[int]:
    words = tuple(folded(word) for word in (name, *COLUMNS[name]))
    numbered = re.compile(rf"(?:{'|'.join(map(re.escape, words))})(?: [0-9]+)?")
    return [place for place, cell in enumerate(head.cells) if numbered.fullmatch(folded(cell))]


def _item(
    row: Row, columns: Mapping[str, int], several: Mapping[str, list[int]], taught: str | None
) -> tuple[Data, list[Problem]]:
    def cell(name: str) -> str:
        return row.at(columns.get(name))

    def answers(name: str) -> list[str]:
        cells = (part.strip() for place in several[name] for part in row.at(place).split("|"))
        return [part for part in cells if part]

    question, rights, wrongs = cell("question"), answers("right"), answers("wrong")
    lines = [f"| {cell('read')}"] if cell("read") else []
    truth = _TRUTH.get(folded(rights[0]) or rights[0]) if len(rights) == 1 and not wrongs else None
    if not question:
        return {}, [Problem(row.line, columns["question"] + 1, _("The question is missing."))]
    if truth:
        lines.append(f"{truth}: {question}")
    elif wrongs:
        if not rights:
            place = several["right"][0] + 1 if several["right"] else 0
            return {}, [Problem(row.line, place, _("Write which answer is right."))]
        lines += [question, *(f"*{one}" for one in rights), *wrongs]
    else:
        lines += [question, *(f"= {one}" for one in rights)]
    if cell("explanation"):
        lines.append(f"> {cell('explanation')}")
    items, problems = read_lines("\n".join(lines), taught)
    if problems or len(items) != 1:
        message = problems[0].message if problems else _("This row cannot be read as one question.")
        return {}, [Problem(row.line, 0, message)]
    data = items[0].data
    wrong: list[Problem] = []
    if cell("tags"):
        data["tags"] = [
            folded(tag).replace(" ", "-") for tag in re.split(r"[,;|]+", cell("tags")) if tag.strip()
        ]
    if cell("topic"):
        data["topic"] = folded(cell("topic")).replace(" ", "-")
        if data["topic"] not in TOPICS:
            wrong.append(
                Problem(
                    row.line, columns["topic"] + 1, _("Write one of: %(topics)s.", topics=", ".join(TOPICS))
                )
            )
    if cell("difficulty"):
        data["difficulty"] = number(cell("difficulty"), whole=True)
        if data["difficulty"] not in (1, 2, 3):
            wrong.append(Problem(row.line, columns["difficulty"] + 1, _("Write 1, 2 or 3.")))
    return data, wrong
