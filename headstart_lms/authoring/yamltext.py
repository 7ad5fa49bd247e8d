"""Write a YAML file anew where its data changed, and leave every other line as somebody wrote it, comments too.

The old text is parsed with the place of everything. What did not change is copied line by line, with the comments
that stand above it; what changed is written anew. At the end the result is read back: when it does not say exactly
the new data, the whole file is written plainly instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from ..courses.export import CourseDumper
from ..courses.source import BrokenFile, CourseLoader, parse_yaml

WIDTH = 110


class _Dumper(CourseDumper):
    """Writes a text of several lines as such a text (``|``), as people do."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    if "\n" in value and not any(c in value for c in "\x85\u2028\u2029\t\r") and value.strip():
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|")
    if any(c in value for c in "\x85\u2028\u2029"):
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", value)


_Dumper.add_representer(str, _text)
_Dumper.ignore_aliases = lambda self, data: True  # type: ignore[method-assign]


def equal(a: Any, b: Any) -> bool:
    """Tell whether two documents say the same: types count (1 is not 1.0, nor true), the order of keys does not."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(value, b[key]) for key, value in a.items())
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and a == b


def dump(data: Any) -> str:
    """Write data as YAML that our reader reads back as the same data. Raises ValueError when none could."""
    for dumper in (_Dumper, CourseDumper):
        text = yaml.dump(data, Dumper=dumper, allow_unicode=True, sort_keys=False, width=WIDTH)
        if _says(text, data):
            return text
    text = json.dumps(data, ensure_ascii=True, indent=1) + "\n"
    if _says(text, data):
        return text
    raise ValueError("this cannot be written as YAML")


def rewrite(text: str, data: Any) -> str:
    """Return the text with this data: lines and comments of what did not change are kept."""
    try:
        body = text.removeprefix("\ufeff")
        newline = "\r\n" if "\r\n" in body else "\n"
        old = parse_yaml(body.encode("utf-8"), "").data
        if equal(old, data):
            return text
        found = newline.join(_Splice(body).document(old, data)) + newline
        if _says(found, data):
            return found
    except (BrokenFile, yaml.YAMLError, ValueError, _Plain):
        pass
    return dump(data)


def _says(text: str, data: Any) -> bool:
    try:
        return equal(parse_yaml(text.encode("utf-8"), "").data, data)
    except (BrokenFile, UnicodeEncodeError):
        return False


class _Plain(Exception):
    """The text is laid out in a way that is not followed here."""


class _Splice:
    def __init__(self, text: str) -> None:
        if any(c in text for c in "\x85\u2028\u2029\t") or text.replace("\r\n", "").count("\r"):
            raise _Plain  # lines as we count them are not the lines of YAML
        self.lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
        loader = CourseLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
        if node is None:
            raise _Plain
        self.root: yaml.Node = node

    def document(self, old: Any, new: Any) -> Iterator[str]:
        """Yield the lines of the new file."""
        if not _same_kind(self.root, old, new):
            raise _Plain
        start, end = self.root.start_mark.line, self._end(self.root)
        # what stands above the first key belongs to it, but a comment at the top, before an empty line, to the file
        cut = self._cut(0, start)
        yield from self.lines[:cut]
        yield from self._block(self.root, old, new, cut)
        yield from self.lines[end:]

    def _cut(self, start: int, end: int) -> int:
        blank = [n for n in range(start, end) if not self.lines[n].strip()]
        if blank:
            return blank[-1] + 1
        # '---' and directives stay at the top
        marks = [n for n in range(start, end) if self.lines[n].startswith(("---", "%"))]
        return marks[-1] + 1 if marks else start

    def _end(self, node: yaml.Node) -> int:
        """Return the line after the last one of a node; comments and empty lines after it do not count."""
        if isinstance(node, yaml.ScalarNode) or getattr(node, "flow_style", True):
            mark = node.end_mark
            end: int = mark.line if mark.column == 0 and mark.line > node.start_mark.line else mark.line + 1
            while end - 1 > node.start_mark.line and not self.lines[end - 1].strip():
                end -= 1
            return end
        parts = [p for pair in node.value for p in pair] if isinstance(node, yaml.MappingNode) else node.value
        return max((self._end(part) for part in parts), default=node.start_mark.line + 1)

    def _block(self, node: yaml.Node, old: Any, new: Any, after: int) -> list[str]:
        """Return the lines of a block mapping or sequence; ``after`` is where what stands above it begins."""
        column = node.start_mark.column
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, old, new, after, column)
        return self._sequence(node, old, new, after, column)

    def _mapping(self, node: Any, old: Any, new: Any, after: int, column: int) -> list[str]:
        parts: dict[str, list[str]] = {}
        for key, value in node.value:
            end = self._end(value) if value.start_mark.line >= key.start_mark.line else self._end(key)
            end = max(end, self._end(key))
            name = key.value
            if name in new:
                lead = self.lines[after : key.start_mark.line]
                if equal(old[name], new[name]):
                    rows = self._blank_left(key.start_mark.line, end, column)
                elif _same_kind(value, old[name], new[name]) and value.start_mark.line > key.start_mark.line:
                    head = self._blank_left(key.start_mark.line, key.start_mark.line + 1, column)
                    rows = head + self._block(value, old[name], new[name], key.start_mark.line + 1)
                else:
                    flow = bool(getattr(value, "flow_style", False)) and isinstance(new[name], dict | list)
                    rows = _pair(name, new[name], column, flow)
                    rows = self._with_comment(rows, value)
                parts[name] = lead + rows
            after = end
        return [line for name in _order(list(parts), list(new)) for line in parts.get(name) or
                _pair(name, new[name], column, False)]  # fmt: skip

    def _sequence(self, node: Any, old: list[Any], new: list[Any], after: int, column: int) -> list[str]:
        spans: list[tuple[int, int, int]] = []  # comments above, the dash, the end
        for child in node.value:
            dash, end = self._dash(child, after, column), self._end(child)
            if spans and dash < spans[-1][2]:
                raise _Plain
            spans.append((after, dash, end))
            after = end
        rows: list[str] = []
        free = list(range(len(old)))
        flow = all(getattr(child, "flow_style", False) for child in node.value)
        for element in new:
            n = next((m for m in free if _is_same(old[m], element)), None)
            if n is None:
                rows += _element(element, column, flow and isinstance(element, dict | list))
                continue
            free.remove(n)
            above, dash, end = spans[n]
            child = node.value[n]
            rows += self.lines[above:dash]
            if equal(old[n], element):
                rows += self.lines[dash:end]
            elif _same_kind(child, old[n], element) and child.start_mark.line == dash:
                inner = self._block(child, old[n], element, dash)
                first = next(m for m, line in enumerate(inner) if line.strip() and line.lstrip()[0] != "#")
                lead = inner[:first]
                line = inner[first]
                gap = child.start_mark.column - column
                rows += [*lead, " " * column + "-" + " " * (gap - 1) + line[child.start_mark.column :]]
                rows += inner[first + 1 :]
            else:
                rows += _element(element, column, bool(getattr(child, "flow_style", False)))
        return rows

    def _dash(self, child: yaml.Node, after: int, column: int) -> int:
        for n in range(child.start_mark.line, after - 1, -1):
            if self.lines[n][column : column + 1] == "-" and not self.lines[n][:column].strip(" -"):
                return n
        raise _Plain

    def _blank_left(self, start: int, end: int, column: int) -> list[str]:
        """Return lines; a dash left of the first one belongs to the element and is put back by it."""
        rows = self.lines[start:end]
        return [" " * column + rows[0][column:], *rows[1:]]

    def _with_comment(self, rows: list[str], value: yaml.Node) -> list[str]:
        """Keep the comment at the end of a line whose value is written anew, when both are one line."""
        mark = value.end_mark
        if len(rows) != 1 or mark.line != value.start_mark.line or mark.line >= len(self.lines):
            return rows
        rest = self.lines[mark.line][mark.column :]
        return [rows[0] + rest] if rest.lstrip().startswith("#") and rest[:1] == " " else rows


def _same_kind(node: yaml.Node, old: Any, new: Any) -> bool:
    """Tell whether a part may be followed inside: a block mapping or sequence before and after, and not empty."""
    if getattr(node, "flow_style", True) or not new:
        return False
    if isinstance(node, yaml.MappingNode):
        return isinstance(old, dict) and isinstance(new, dict)
    return isinstance(node, yaml.SequenceNode) and isinstance(old, list) and isinstance(new, list)


def _is_same(old: Any, new: Any) -> bool:
    """Tell whether an element of a list is the same one, perhaps changed: by its id, else by what it says."""
    if isinstance(old, dict) and isinstance(new, dict) and "id" in old and "id" in new:
        return equal(old["id"], new["id"])
    return equal(old, new)


def _order(have: list[str], wanted: list[str]) -> list[str]:
    """Return the keys in the order they stood in; a new one after the one it follows in the new data."""
    order = list(have)
    for n, name in enumerate(wanted):
        if name in order:
            continue
        before = next((w for w in reversed(wanted[:n]) if w in order), None)
        order.insert(0 if before is None else order.index(before) + 1, name)
    return order


def _indented(text: str, column: int) -> list[str]:
    return [" " * column + line if line else "" for line in text.removesuffix("\n").split("\n")]


def _dump_part(data: Any, column: int, flow: bool) -> str:
    text: str = yaml.dump(
        data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=max(40, WIDTH - column),
        default_flow_style=True if flow else False,
    )  # fmt: skip
    return text


def _pair(name: str, value: Any, column: int, flow: bool) -> list[str]:
    if flow:
        key = _dump_part({name: 0}, column, False).removesuffix(" 0\n")
        inner = _dump_part(value, column + len(key) + 1, True).removesuffix("\n").split("\n")
        return [" " * column + key + " " + inner[0], *(" " * (column + 2) + line for line in inner[1:])]
    return _indented(_dump_part({name: value}, column, False), column)


def _element(value: Any, column: int, flow: bool) -> list[str]:
    if flow:
        inner = _dump_part(value, column + 2, True).removesuffix("\n").split("\n")
        return [" " * column + "- " + inner[0], *(" " * (column + 2) + line for line in inner[1:])]
    return _indented(_dump_part([value], column, False), column)
