"""The part of CBOR (RFC 8949) that our codes use: integers, bytes, texts, arrays, maps; canonical only."""

from __future__ import annotations

from typing import Any

#: Levels of nesting that are read.
MOST_LEVELS = 4


def encode(value: Any) -> bytes:
    """Return the canonical form (RFC 8949, 4.2.1). Raises TypeError for other types."""
    if isinstance(value, bool) or value is None:
        raise TypeError("only numbers, bytes, texts, arrays and maps are written")
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        raw = value.encode()
        return _head(3, len(raw)) + raw
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(encode(inner) for inner in value)
    if isinstance(value, dict):
        members = sorted((encode(name), encode(inner)) for name, inner in value.items())
        return _head(5, len(members)) + b"".join(name + inner for name, inner in members)
    raise TypeError(f"{type(value).__name__} is not written")


def _head(kind: int, number: int) -> bytes:
    if number < 24:
        return bytes([kind << 5 | number])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([kind << 5 | extra]) + number.to_bytes(size, "big")
    raise TypeError("the number is too large")


def decode(data: bytes) -> Any:
    """Read one value that fills the bytes. Raises ValueError for anything but the canonical form."""
    value, end = _read(data, 0, MOST_LEVELS)
    if end != len(data) or encode(value) != data:
        raise ValueError("this is not canonical CBOR")
    return value


def _read(data: bytes, at: int, levels: int) -> tuple[Any, int]:
    if levels < 0:
        raise ValueError("the value is nested too deep")
    kind, number, at = _read_head(data, at)
    if kind < 2:
        return (number if kind == 0 else -1 - number), at
    if number > len(data) - at:
        raise ValueError("the value is cut off")
    if kind < 4:
        raw = data[at : at + number]
        return (raw if kind == 2 else raw.decode()), at + number
    if kind == 4:
        array = []
        for _element in range(number):
            value, at = _read(data, at, levels - 1)
            array.append(value)
        return array, at
    if kind == 5:
        found = {}
        for _member in range(number):
            name, at = _read(data, at, 0)
            found[name], at = _read(data, at, levels - 1)
        return found, at
    raise ValueError("this kind of value is not read")


def _read_head(data: bytes, at: int) -> tuple[int, int, int]:
    if at >= len(data):
        raise ValueError("the value is cut off")
    kind, short = data[at] >> 5, data[at] & 31
    if short < 24:
        return kind, short, at + 1
    if short > 27:
        raise ValueError("lengths must be known")
    size = 1 << short - 24
    if at + 1 + size > len(data):
        raise ValueError("the value is cut off")
    return kind, int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size
