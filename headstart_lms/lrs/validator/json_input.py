"""Read JSON that a stranger sent: strictly, and never with anything but BadRequest."""

from __future__ import annotations

import json
import math
from typing import Any

from .errors import BadRequest

_CLAUSE = "RFC 8259; 1.0.3 Data 2.1, 2.2; 2.0 4.2.1"
#: Levels of arrays and objects: whatever is taken must be readable from any depth of our own calls.
MAX_DEPTH = 200
MAX_NAMES = 10_000
#: An empty object takes two bytes of a body and thirty times as many in memory.
MAX_VALUES = 500_000


def parse_json(data: bytes | str, *, what: str = "The body") -> Any:
    """Return the value of a JSON text.

    Raises BadRequest for anything that is not UTF-8 or not JSON, and for what JSON leaves open and two
    readers would understand differently: a name twice in an object, NaN and Infinity, numbers too large for a
    double, half of a surrogate pair, more than 200 levels, 10,000 names in an object or 500,000 values.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
        openings = text.count("[") + text.count("{")
        if openings + text.count(",") > MAX_VALUES:
            raise BadRequest(f"{what} holds more than {MAX_VALUES:,} values. Send them in parts ({_CLAUSE}).")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        if openings > MAX_DEPTH and type(value) in (dict, list) and _is_deeper(value, MAX_DEPTH):
            raise RecursionError
    except UnicodeDecodeError as error:
        raise BadRequest(f"{what} is not UTF-8: byte {error.start} ({_CLAUSE}).") from error
    except UnicodeEncodeError as error:
        raise BadRequest(f"{what} has half of a surrogate pair ({_CLAUSE}).") from error
    except RecursionError as error:
        raise BadRequest(f"{what} is nested too deeply: more than {MAX_DEPTH} levels ({_CLAUSE}).") from error
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"{what} is not JSON: {error.msg}, line {error.lineno}, column {error.colno} ({_CLAUSE})."
        ) from error
    except ValueError as error:  # _object, _constant, _float, or an integer of more than 4,300 digits
        raise BadRequest(f"{what} is not good JSON: {error} ({_CLAUSE}).") from error
    return value


def _is_deeper(value: Any, most: int) -> bool:
    """Tell whether a value has more levels; level by level, for a call each could itself go too deep."""
    level = [value]
    for _ in range(most):
        parts = [part for one in level for part in (one.values() if type(one) is dict else one)]
        level = [part for part in parts if type(part) is dict or type(part) is list]
        if not level:
            return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) > MAX_NAMES:
        raise ValueError(f"an object has more than {MAX_NAMES:,} names")
    if len(made) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ValueError(f"the name {name[:60]!r} stands twice in one object")
            seen.add(name)
    return made


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:30]} is too large")
    return number
