"""Bring together what two people made of the same file: by blocks, items and rows, by their ids. Pure.

Both began with ``base``; ``theirs`` is saved already, ``mine`` comes now. A part that one of them changed is taken
from that one. A part that both changed, each in another way, stays as it was saved, and is a clash: ``mine`` is not
lost, who saves it keeps it aside. What one deleted and the other changed stays, and is a clash too.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .yamltext import equal

Place = tuple[str, ...]


class _Gone:
    def __repr__(self) -> str:
        return "GONE"


#: What stands where one of the two has nothing.
GONE: Any = _Gone()


@dataclass(frozen=True)
class Clash:
    """A part that both changed: where it stands (field names and ids), and what each made of it, or GONE."""

    place: Place
    base: Any
    mine: Any
    theirs: Any


@dataclass(frozen=True)
class Merged:
    data: Any
    clashes: tuple[Clash, ...]


#: Parts of a document that are made of parts: a unit has blocks, these have items; a course has modules.
_INSIDE = {"blocks", "modules"}


def merge(base: Any, mine: Any, theirs: Any) -> Merged:
    """Merge two versions of one file: a unit, a list of rows, or course.yaml."""
    clashes: list[Clash] = []
    data = _merge(base, mine, theirs, (), clashes)
    return Merged(data, tuple(clashes))


def _merge(base: Any, mine: Any, theirs: Any, place: Place, clashes: list[Clash]) -> Any:
    if _same(mine, theirs) or _same(mine, base):
        return theirs
    if _same(theirs, base):
        return mine
    if all(isinstance(one, dict) for one in (base, mine, theirs)) and _opens(place):
        return _mappings(base, mine, theirs, place, clashes)
    if all(_by_id(one) for one in (base, mine, theirs)):
        return _rows(base, mine, theirs, place, clashes)
    if place and place[-1] == "units" and all(_names(one) for one in (base, mine, theirs)):
        return _order(base, mine, theirs, _kept_names(base, mine, theirs))
    clashes.append(Clash(place, base, mine, theirs))
    return mine if theirs is GONE else theirs


def _same(a: Any, b: Any) -> bool:
    return a is b if a is GONE or b is GONE else equal(a, b)


def _opens(place: Place) -> bool:
    """Tell whether the part at a place is merged by its fields: the file itself, a block with items, a module."""
    return not place or (len(place) == 2 and place[0] in _INSIDE)


def _by_id(value: Any) -> bool:
    """Tell whether this is a list whose elements all have an id of their own."""
    if not isinstance(value, list):
        return False
    ids = [row.get("id") if isinstance(row, dict) else None for row in value]
    return all(isinstance(one, str) for one in ids) and len(set(ids)) == len(ids)


def _names(value: Any) -> bool:
    return (
        isinstance(value, list)
        and all(isinstance(one, str) for one in value)
        and len(set(value)) == len(value)
    )


def _kept_names(base: list[str], mine: list[str], theirs: list[str]) -> set[str]:
    """Return the names that are left: what one added is there, what one took out is not."""
    return ((set(mine) | set(theirs)) - set(base)) | (set(base) & set(mine) & set(theirs))


def _mappings(
    base: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any], place: Place, clashes: list[Clash]
) -> dict[str, Any]:
    # a block of words has no parts inside: its text and its title are one thing, as the one who wrote them meant
    if (
        len(place) == 2
        and place[0] == "blocks"
        and not all(_by_id(one.get("items")) for one in (base, mine, theirs))
    ):
        clashes.append(Clash(place, base, mine, theirs))
        return theirs
    keys = [*theirs, *(key for key in mine if key not in theirs)]
    result: dict[str, Any] = {}
    for key in keys:
        value = _merge(
            base.get(key, GONE), mine.get(key, GONE), theirs.get(key, GONE), (*place, key), clashes
        )
        if value is not GONE:
            result[key] = value
    return result


def _rows(
    base: list[Any], mine: list[Any], theirs: list[Any], place: Place, clashes: list[Clash]
) -> list[Any]:
    was, ours, others = ({row["id"]: row for row in rows} for rows in (base, mine, theirs))
    result: dict[str, Any] = {}
    for name in dict.fromkeys([*others, *ours, *was]):
        value = _merge(
            was.get(name, GONE), ours.get(name, GONE), others.get(name, GONE), (*place, name), clashes
        )
        if value is not GONE:
            result[name] = value
    ids = _order(
        [row["id"] for row in base], [row["id"] for row in mine], [row["id"] for row in theirs], set(result)
    )
    if _moved(list(was), list(ours)) and _moved(list(was), list(others)):
        common = [name for name in ours if name in others]
        if common != [name for name in others if name in ours]:
            clashes.append(Clash((*place, "order"), list(was), list(ours), list(others)))
    return [result[name] for name in ids]


def _moved(base: list[str], other: list[str]) -> bool:
    """Tell whether what both know stands in another order."""
    return [n for n in base if n in other] != [n for n in other if n in base]


def _order(base: list[str], mine: list[str], theirs: list[str], kept: set[str]) -> list[str]:
    """Return the kept names in the order of the one who moved something, theirs when both did."""
    first, second = (mine, theirs) if _moved(base, mine) and not _moved(base, theirs) else (theirs, mine)
    order = [name for name in first if name in kept]
    for other in (second, base):
        for place, name in enumerate(other):
            if name in order or name not in kept:
                continue
            before = next((n for n in reversed(other[:place]) if n in order), None)
            order.insert(0 if before is None else order.index(before) + 1, name)
    return order


def parts(data: Any) -> Iterator[tuple[Place, Any]]:
    """Yield every part that is merged as a whole, with its place: fields, blocks, items, rows."""
    yield from _parts(data, ())


def _parts(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict) and (
        not place or (_opens(place) and (place[0] != "blocks" or _by_id(value.get("items"))))
    ):
        for key, inner in value.items():
            yield from _parts(inner, (*place, key))
    elif _by_id(value):
        for row in value:
            yield from _parts(row, (*place, row["id"]))
    else:
        yield place, value


def take(now: Any, kept: Any, places: Iterable[Place]) -> Any:
    """Return ``now`` with what ``kept`` has at these places (those of clashes); everything else stays as it is."""
    result = copy.deepcopy(now)
    for place in places:
        result = _put(result, kept, place)
    return result


def _put(now: Any, kept: Any, place: Place) -> Any:
    """Put what ``kept`` has at a place into ``now``; what is missing on the way there comes along, or goes."""
    if not place or now is GONE or kept is GONE:
        return kept
    name, rest = place[0], place[1:]
    if isinstance(now, dict) and isinstance(kept, dict):
        value = _put(now.get(name, GONE), kept.get(name, GONE), rest)
        return {key: one for key, one in {**now, name: value}.items() if one is not GONE}
    if not (_by_id(now) and _by_id(kept)):
        return kept
    ours, others = {row["id"]: row for row in kept}, {row["id"]: row for row in now}
    if name == "order" and not rest and name not in ours and name not in others:
        return [others[one] for one in _order([], list(others), list(ours), set(others))]
    value = _put(others.get(name, GONE), ours.get(name, GONE), rest)
    if value is GONE:
        return [row for row in now if row["id"] != name]
    ids = _order([], list(ours), list(others), {*others, name})
    return [value if one == name else others[one] for one in ids]
