"""What a form shows: plain values for the templates, made by the specs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

#: What stands before the path of a field in its name: ``options.a.text`` is sent as ``f-options.a.text``.
PREFIX = "f-"

Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FieldView:
    """One field as the page shows it. ``control`` picks the macro in ``_fields.html``."""

    name: str
    control: str
    label: str
    hint: str = ""
    example: str = ""
    value: str = ""
    #: What is ticked, of several.
    values: tuple[str, ...] = ()
    choices: Choices = ()
    more: bool = False
    lines: int = 1
    #: Language of the text: "" is the source language.
    lang: str = ""
    languages: Choices = ()
    rows: tuple[RowView, ...] = ()
    row_label: str = ""
    quick: str = ""
    quick_hint: str = ""

    @property
    def path(self) -> str:
        """Where the field stands in its part, as a Finding names it: ``options.a.text``."""
        return self.name.removeprefix(PREFIX)

    @property
    def is_filled(self) -> bool:
        if self.control == "group":
            return any(field.is_filled for row in self.rows for field in row.fields)
        return bool(self.value or self.values or [row for row in self.rows if not row.is_new])


@dataclass(frozen=True)
class RowView:
    """One row of a list: an option, a turn, a pair."""

    name: str
    key: str
    label: str
    fields: tuple[FieldView, ...]
    is_new: bool = False
    is_first: bool = False
    is_last: bool = False
    #: Rows with much in them say which one they are.
    title: str = ""

    @property
    def path(self) -> str:
        return self.name.removeprefix(PREFIX)


class Located(Protocol):
    """What a finding of the checker must have (courses.source.Finding)."""

    @property
    def path(self) -> str: ...


F = TypeVar("F", bound=Located)


def all_fields(views: Iterable[FieldView]) -> Iterator[FieldView]:
    """Yield every field, those inside rows too."""
    for view in views:
        yield view
        for row in view.rows:
            yield from all_fields(row.fields)


def place(findings: Iterable[F], prefix: str, views: Iterable[FieldView]) -> Mapping[str, list[F]]:
    """Return {path in the part: findings}: at the field they belong to, else at its row or list, else at "".

    ``prefix`` is the path of the part, ``units.permit.blocks.b1``; findings elsewhere are left out.
    """
    known = {""}
    for view in all_fields(views):
        known.add(view.path)
        known.update(row.path for row in view.rows)
    placed: dict[str, list[F]] = {}
    for finding in findings:
        if finding.path != prefix and not finding.path.startswith(prefix + "."):
            continue
        path = finding.path[len(prefix) + 1 :]
        while path not in known:
            path = path.rpartition(".")[0]
        placed.setdefault(path, []).append(finding)
    return placed
