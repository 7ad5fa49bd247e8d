"""Change single fields in YAML files that people write: everything else keeps its form, to the letter."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ..source import Loc, read_yaml


class _Loader(yaml.SafeLoader):
    """The reader in Python, whose marks count characters; types do not matter here."""

    yaml_implicit_resolvers: dict[str, Any] = {}


def write_atomically(file: Path, content: bytes) -> None:
    """Put a file in place at once: whoever reads sees the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        Path(name).chmod(file.stat().st_mode if file.exists() else 0o644)
        os.replace(name, file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def quoted(text: str) -> str:
    """Write a text as YAML that is read back as the same text wherever it stands."""
    return (
        json.dumps(text, ensure_ascii=False)
        .replace("\x85", "\\N")
        .replace("\u2028", "\\L")
        .replace("\u2029", "\\P")
    )


def scalar(text: str) -> str:
    """Write a text as YAML, without quotes where it needs none."""
    return text if re.fullmatch(r"[A-Z][A-Za-z]*(?:-[A-Za-z0-9.]+)*", text) else quoted(text)


def set_fields(file: Path, place: Loc, fields: Mapping[str, str], *, expected_id: str) -> None:
    """Set fields of the mapping at ``place``, whose id must be ``expected_id``; the values are YAML.

    Raises LookupError when it is not there, ValueError when the file cannot be changed without reading otherwise.
    """
    before = file.read_bytes().decode("utf-8")
    if _id_at(before, place) != expected_id:
        raise LookupError(expected_id)
    text = before
    for name, value in fields.items():
        text = _with_field(text, place, name, value)
    if text == before:
        return
    write_atomically(file, text.encode("utf-8"))
    wanted = {name: yaml.load(value, _Loader) for name, value in fields.items()}  # noqa: S506 - a SafeLoader
    found: Any = read_yaml(file, file.name).data
    for step in place:
        found = found[step]
    if any(_plain(found.get(name)) != _plain(value) for name, value in wanted.items()):
        write_atomically(file, before.encode("utf-8"))
        raise ValueError(f"{file.name}: this place cannot be changed by a program; write it by hand.")


def _id_at(text: str, place: Loc) -> str | None:
    try:
        node: Any = yaml.compose(text, _Loader)
        for step in place:
            node = _step(node, step)
        return str(_step(node, "id").value)
    except (yaml.YAMLError, LookupError, StopIteration, TypeError):
        return None


def _plain(value: Any) -> Any:
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else str(value)


def _with_field(text: str, place: Loc, name: str, value: str) -> str:
    node: Any = yaml.compose(text, _Loader)
    for step in place:
        node = _step(node, step)
    for key, old in node.value:
        if key.value == name:
            return _replaced(text, old, value)
    return _added(text, node, name, value)


def _step(node: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return node.value[step]
    return next(value for key, value in node.value if key.value == step)


def _replaced(text: str, old: Any, value: str) -> str:
    start, end = old.start_mark.index, old.end_mark.index
    while end > start and text[end - 1].isspace():  # the end of a block is the start of what follows
        end -= 1
    return f"{text[:start]}{value}{text[end:]}"


def _added(text: str, node: Any, name: str, value: str) -> str:
    if node.flow_style:
        end = node.end_mark.index - 1  # before the closing brace
        while text[end - 1].isspace():
            end -= 1
        comma = "" if text[end - 1] in "{," else ","
        return f"{text[:end]}{comma} {name}: {value}{text[end:]}"
    last = node.value[-1][1].end_mark.index
    while text[last - 1].isspace():
        last -= 1
    line = text.find("\n", last)  # behind a comment at the end of the line
    line = len(text) if line < 0 else line
    newline = "\r\n" if text[line - 1 : line] == "\r" else "\n"
    at = line - 1 if newline == "\r\n" else line
    return f"{text[:at]}{newline}{' ' * node.start_mark.column}{name}: {value}{text[at:]}"


def append_row(file: Path, row: Mapping[str, str]) -> None:
    """Add a row, one line, to a file that is a list; the values are YAML. The file is made when there is none."""
    text = file.read_bytes().decode("utf-8") if file.exists() else ""
    newline = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += newline
    line = ", ".join(f"{name}: {value}" for name, value in row.items())
    write_atomically(file, f"{text}- {{{line}}}{newline}".encode())
