"""A statement as columns: what an analysis may see of it. Pure; ``parquet`` writes the files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from ..xapi import vocabulary as v
from . import terms as t

#: Columns and their DuckDB types, in the order they are written; instants are UTC.
COLUMNS: Final = {
    "seq": "BIGINT", "id": "UUID", "stored": "TIMESTAMP", "timestamp": "TIMESTAMP", "own": "BOOLEAN",
    "voided": "BOOLEAN", "actor": "UUID", "registration": "UUID", "verb": "VARCHAR", "activity": "VARCHAR",
    "activity_type": "VARCHAR", "course": "UUID", "part": "VARCHAR", "unit": "VARCHAR", "revision": "VARCHAR",
    "score": "DOUBLE", "success": "BOOLEAN", "completion": "BOOLEAN", "duration": "DOUBLE", "platform": "VARCHAR",
    "authority": "VARCHAR", "ref": "UUID",
}  # fmt: skip
PAYLOAD: Final = {"payload": "VARCHAR"}


def columns_of(
    statement: Mapping[str, Any], iri_base: str, pseudonym: Callable[[str], UUID]
) -> dict[str, Any]:
    """Return what a statement says, as values of ``COLUMNS`` (without what only the store knows). Pure."""
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    context = statement.get("context", {})
    result = statement.get("result", {})
    place = v.place(target["id"], iri_base) if kind == "Activity" else None
    actor = t.agent_value(statement["actor"])
    registration = context.get("registration")
    return {
        "id": statement["id"],
        "timestamp": instant(statement["timestamp"]),
        "actor": None if actor is None else pseudonym(actor),
        "registration": None if registration is None else pseudonym(registration.lower()),
        "verb": statement["verb"]["id"],
        "activity": target["id"] if kind == "Activity" else None,
        "activity_type": target.get("definition", {}).get("type") if kind == "Activity" else None,
        "course": place.course_uuid if place else None,
        "part": place.part_id if place else None,
        "unit": _unit(context, iri_base) or (place.part_id if place else None),
        "revision": context.get("revision"),
        "score": _score(result.get("score", {})),
        "success": result.get("success"),
        "completion": result.get("completion"),
        "duration": seconds(result["duration"]) if "duration" in result else None,
        "platform": context.get("platform"),
        "authority": statement.get("authority", {}).get("account", {}).get("name"),
        "ref": target["id"].lower() if kind == "StatementRef" else None,
    }


def _unit(context: Mapping[str, Any], iri_base: str) -> str | None:
    """Return the unit or test of ours that something was done in."""
    for parent in t.as_list(context.get("contextActivities", {}).get("parent", [])):
        place = v.place(parent["id"], iri_base)
        if place is not None and place.part_id is not None:
            return place.part_id
    return None


def _score(score: Mapping[str, Any]) -> float | None:
    """Return a score from -1 to 1: as it is given, or from raw, min and max (xAPI 1.0.3 Data 2.4.5.1)."""
    if "scaled" in score:
        return float(score["scaled"])
    if {"raw", "min", "max"} <= score.keys() and score["max"] > score["min"]:
        return float((score["raw"] - score["min"]) / (score["max"] - score["min"]))
    return None


def instant(text: str) -> str | None:
    """Return a timestamp in UTC without its offset; None for a second 60 or a year that no calendar has."""
    try:
        at = datetime.fromisoformat(text.upper())
        return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}"
    except (ValueError, OverflowError):
        return None


_DURATION = re.compile(
    r"P(?:(?P<w>[\d.,]+)W|(?:(?P<y>[\d.,]+)Y)?(?:(?P<mo>[\d.,]+)M)?(?:(?P<d>[\d.,]+)D)?"
    r"(?:T(?:(?P<h>[\d.,]+)H)?(?:(?P<m>[\d.,]+)M)?(?:(?P<s>[\d.,]+)S)?)?)"
)


def seconds(duration: str) -> float | None:
    """Return an ISO 8601 duration in seconds; None with years or months, which have no length of their own."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        return None
    part = {name: float(value.replace(",", ".")) for name, value in found.groupdict().items() if value}
    if part.get("y") or part.get("mo"):
        return None
    lengths = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
    return sum(lengths[name] * value for name, value in part.items() if name in lengths)
