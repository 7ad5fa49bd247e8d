"""Lists inside a part: rows that can be written, moved, deleted; their ids are made here and never asked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .context import CourseContext
from .fields import MISSING, Label, Spec, Values, clean, sent
from .views import FieldView, RowView

_ID = re.compile(r"[a-z][a-z0-9-]{0,39}")
#: What the row buttons send: ``up:f-options.b``.
ACT = "do"


def row_act(values: Values) -> tuple[str, str]:
    """Return (what, name of the row) when a row button was pressed, else ("", "")."""
    what, _colon, name = sent(values, ACT).partition(":")
    return (what, name) if what in ("up", "down", "delete", "add") and name else ("", "")


def read_fields(
    specs: Iterable[Spec], values: Values, prefix: str, before: Mapping[str, Any], course: CourseContext,
    root: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """Return a mapping with what was sent; keys that no field knows stay, in their place."""
    specs = tuple(specs)
    found = dict(before)
    order = ["id", "type", *(spec.key for spec in specs)]
    for spec in specs:
        name = prefix + spec.key
        if not spec.is_sent(values, name):
            continue
        value = spec.read(values, name, before.get(spec.key, MISSING), course, root)
        if value is MISSING:
            found.pop(spec.key, None)
        elif spec.key in found:
            found[spec.key] = value
        else:
            found = _insert(found, spec.key, value, order)
    return found


def _insert(data: dict[str, Any], key: str, value: Any, order: list[str]) -> dict[str, Any]:
    """Put a new key where an author would: after the last of those that stand before it."""
    earlier = order[: order.index(key)]
    after = max((n for n, name in enumerate(data) if name in earlier), default=-1)
    pairs = list(data.items())
    return dict([*pairs[: after + 1], (key, value), *pairs[after + 1 :]])


@dataclass(frozen=True, kw_only=True)
class Right(Spec):
    """Which rows of a list are right: one or several."""

    key: str = "right"
    several: bool = False

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        group, row = _group(name)
        control = "right-several" if self.several else "right-one"
        return self.view(name, control, value=row if value is True else "", choices=((group, row),))

    def is_sent(self, values: Values, name: str) -> bool:
        group = _group(name)[0]
        return group in values or group.removesuffix(".right") in values

    def is_written(self, values: Values, name: str) -> bool:
        return False  # a mark alone is no row

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        group, row = _group(name)
        is_right = row in values.get(group, ())
        if is_right == (before is True):
            return before
        return True if is_right else MISSING


def _group(name: str) -> tuple[str, str]:
    """Return the name all rows share, and the row: ``f-options.b.right`` -> ``f-options.right``, ``b``."""
    of_list, row = name.removesuffix(".right").rpartition(".")[::2]
    return f"{of_list}.right", row


@dataclass(frozen=True, kw_only=True)
class Group(Spec):
    """A mapping inside a part: an example with its meaning, a source with its address."""

    fields: tuple[Spec, ...]

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        data = value if isinstance(value, dict) else {}
        inner = tuple(
            spec.show(data.get(spec.key, MISSING), f"{name}.{spec.key}", course, root) for spec in self.fields
        )
        return self.view(name, "group", rows=(RowView(name, "", str(self.label), inner),))

    def is_sent(self, values: Values, name: str) -> bool:
        return any(spec.is_sent(values, f"{name}.{spec.key}") for spec in self.fields)

    def is_written(self, values: Values, name: str) -> bool:
        return any(spec.is_written(values, f"{name}.{spec.key}") for spec in self.fields)

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        old = before if isinstance(before, dict) else {}
        found = read_fields(self.fields, values, f"{name}.", old, course, root)
        return before if found == old else found or MISSING


@dataclass(frozen=True, kw_only=True)
class Rows(Spec):
    """A list of mappings with an ``id``. ``quick`` reads a line of text into a new row."""

    fields: tuple[Spec, ...]
    row_label: Label
    #: "" counts a, b, c; else the letters before a number: t1, t2.
    ids: str = ""
    quick: Callable[[str], dict[str, Any] | None] | None = None
    quick_label: Label = ""
    quick_hint: Label = ""
    #: New rows are made elsewhere (gaps: in the text).
    fixed: bool = False
    #: What learners choose one of: of new rows the first is right when none is yet.
    right: Literal["", "one", "several"] = ""
    #: The language that the texts of quick rows are in, where it is not said: key -> preset.
    taught: tuple[str, ...] = ()

    # --- showing -----------------------------------------------------------------------------------

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        rows = value if isinstance(value, list) else []
        keys = row_keys(rows)
        views = [
            self._row(name, key, row, course, root, n, len(rows))
            for n, (key, row) in enumerate(zip(keys, rows, strict=True))
        ]
        if self.quick is None and not self.fixed:
            views.append(self._row(name, "+1", {}, course, root, len(rows), len(rows)))
        return self.view(
            name, "rows", rows=tuple(views), row_label=str(self.row_label), quick=str(self.quick_label),
            quick_hint=str(self.quick_hint),
        )  # fmt: skip

    def _row(
        self,
        name: str,
        key: str,
        row: Any,
        course: CourseContext,
        root: Mapping[str, Any],
        n: int,
        count: int,
    ) -> RowView:
        data = row if isinstance(row, dict) else {}
        inner = tuple(
            spec.show(data.get(spec.key, MISSING), f"{name}.{key}.{spec.key}", course, root)
            for spec in self.fields
        )
        return RowView(
            f"{name}.{key}", key, f"{self.row_label} {n + 1}", inner, is_new=key.startswith("+"),
            is_first=n == 0, is_last=n >= count - 1, title=self._title(n, key),
        )  # fmt: skip

    def _title(self, n: int, key: str) -> str:
        if self.fixed:
            return f"{self.row_label} {n + 1}: [[{key}]]"
        return f"{self.row_label} {n + 1}" if any(isinstance(spec, Rows) for spec in self.fields) else ""

    # --- reading -----------------------------------------------------------------------------------

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        old = before if isinstance(before, list) else []
        by_key = dict(zip(row_keys(old), old, strict=True))
        used = {row.get("id") for row in old if isinstance(row, dict)}
        found: list[tuple[str, Any]] = []
        for key in dict.fromkeys(clean(one) for one in values[name] if one):
            row = by_key.get(key)
            if key in by_key and not isinstance(row, dict):
                found.append((key, row))
                continue
            data = read_fields(self.fields, values, f"{name}.{key}.", row or {}, course, root)
            if key not in by_key:
                if not self._row_is_written(values, f"{name}.{key}."):
                    continue
                # a row that somebody else deleted meanwhile comes back under its own id
                data = {"id": key if _ID.fullmatch(key) else fresh(used, self.ids), **data}
                used.add(data["id"])
            found.append((key, data))
        found = _moved(found, name, row_act(values))
        rows = [row for _key, row in found] + self._quick_rows(values, name, found, used, course)
        if not rows:
            return MISSING if old else before
        return before if rows == before else rows

    def is_written(self, values: Values, name: str) -> bool:
        keys = [key for key in values.get(name, ()) if key]
        return bool(sent(values, f"{name}.+").strip()) or any(
            self._row_is_written(values, f"{name}.{key}.") for key in keys
        )

    def _row_is_written(self, values: Values, prefix: str) -> bool:
        return any(spec.is_written(values, prefix + spec.key) for spec in self.fields)

    def _quick_rows(
        self, values: Values, name: str, found: list[tuple[str, Any]], used: set[Any], course: CourseContext
    ) -> list[Any]:
        if self.quick is None:
            return []
        rows: list[Any] = []
        for line in sent(values, f"{name}.+").split("\n"):
            row = self.quick(line.strip()) if line.strip() else None
            if not row:
                continue
            for key in self.taught:
                if course.taught and isinstance(row.get(key), str):
                    row[key] = {course.taught: row[key]}
            row = {"id": fresh(used, self.ids), **row}
            used.add(row["id"])
            rows.append(row)
        every = [row for _key, row in found if isinstance(row, dict)] + rows
        if rows and self.right == "one" and not any(row.get("right") for row in every):
            rows[0] = _insert(rows[0], "right", True, ["id", "text", "right"])
        return rows


def row_keys(rows: list[Any]) -> list[str]:
    """Return a key for each row: its id; a number where it has none of its own."""
    keys: list[str] = []
    for n, row in enumerate(rows):
        name = row.get("id") if isinstance(row, dict) else None
        is_own = isinstance(name, str) and _ID.fullmatch(name) is not None and name not in keys
        keys.append(name if is_own and isinstance(name, str) else f"~{n}")
    return keys


def fresh(used: Iterable[Any], letters: str) -> str:
    """Return an id after all that are used, so that no id gets a second meaning."""
    names = {name for name in used if isinstance(name, str)}
    if letters:
        numbers = [
            int(name[len(letters) :])
            for name in names
            if re.fullmatch(re.escape(letters) + r"[0-9]{1,6}", name)
        ]
        return f"{letters}{max(numbers, default=0) + 1}"
    single = [name for name in names if re.fullmatch("[a-z]", name)]
    following = chr(ord(max(single, default="`")) + 1)
    return following if following <= "z" else fresh(names, "z")


def _moved(rows: list[tuple[str, Any]], name: str, act: tuple[str, str]) -> list[tuple[str, Any]]:
    """Do what a row button asks, when it is a row of this list."""
    what, row = act
    of_list, key = row.rpartition(".")[::2]
    if of_list != name:
        return rows
    at = next((n for n, (one, _row) in enumerate(rows) if one == key), None)
    if at is None:
        return rows
    rows = list(rows)
    if what == "delete":
        del rows[at]
    elif what == "up" and at > 0:
        rows[at - 1], rows[at] = rows[at], rows[at - 1]
    elif what == "down" and at < len(rows) - 1:
        rows[at + 1], rows[at] = rows[at], rows[at + 1]
    return rows


# --- lines of text that become rows -----------------------------------------------------------------


def option_line(line: str) -> dict[str, Any] | None:
    """Read ``*right answer`` or ``wrong answer``."""
    text = line.lstrip("*").strip()
    if not text:
        return None
    return {"text": text, "right": True} if line.startswith("*") else {"text": text}


def text_line(line: str) -> dict[str, Any] | None:
    return {"text": line} if line else None


def pair_line(line: str) -> dict[str, Any] | None:
    """Read ``left = right``."""
    left, equals, right = line.partition("=")
    found = {"left": left.strip(), "right": right.strip() if equals else ""}
    return {key: text for key, text in found.items() if text} or None


def turn_line(line: str) -> dict[str, Any] | None:
    """Read ``Speaker: what is said = what it means``."""
    speaker, colon, said = line.partition(":")
    if not colon:
        speaker, said = "", line
    text, _equals, gloss = said.partition(" = ")
    found = {"speaker": speaker.strip(), "text": text.strip(), "gloss": gloss.strip()}
    return {key: one for key, one in found.items() if one} or None


def example_line(line: str) -> dict[str, Any] | None:
    """Read ``sentence = what it means``."""
    text, _equals, gloss = line.partition(" = ")
    found = {"text": text.strip(), "gloss": gloss.strip()}
    return {key: one for key, one in found.items() if one} or None
