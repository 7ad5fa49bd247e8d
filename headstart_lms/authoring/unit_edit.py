"""What a writer does to a unit: add, move, copy, delete, replace. Pure: takes the data of a unit, returns new data.

The data is what stands in ``units/<id>.yaml``. A *part* is a block, or an item inside a block of items; both are found
by their id, which no operation but a copy ever makes anew (DESIGN 3.1: ids never change).
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Collection, Iterator
from typing import Any, Literal

import rfc8785

from ..kernel.errors import NotFound
from ..kernel.i18n import _
from .forms import new_id

Data = dict[str, Any]
#: Where a part stands: its list in the new unit, and its place there.
Place = tuple[list[Data], int]


def digest(part: Data) -> str:
    """Return a hash (SHA-256, hex) of what a part says: whoever saves it proves which state it was opened in."""
    return hashlib.sha256(rfc8785.dumps(part)).hexdigest()


def parts(unit: Data) -> Iterator[Data]:
    """Yield the blocks of a unit, each followed by its items."""
    for block in _rows(unit, "blocks"):
        yield block
        yield from _rows(block, "items")


def blocks(unit: Data) -> list[Data]:
    return _rows(unit, "blocks")


def items(block: Data) -> list[Data]:
    return _rows(block, "items")


def _rows(holder: Data, name: str) -> list[Data]:
    """Return the parts in a list of a unit or block; what is no part (a broken file) is left out of sight."""
    rows = holder.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def ids_of(unit: Data) -> set[str]:
    return {part["id"] for part in parts(unit) if isinstance(part.get("id"), str)}


def find_part(unit: Data, part_id: str) -> Data | None:
    return next((part for part in parts(unit) if part.get("id") == part_id), None)


def get_part(unit: Data, part_id: str) -> Data:
    """Return a block or item; raise NotFound."""
    part = find_part(unit, part_id)
    if part is None:
        raise NotFound(_("This part of the unit is not here any more. Somebody may have deleted it."))
    return part


def block_of(unit: Data, item_id: str) -> Data | None:
    """Return the block an item stands in; None when the id is a block's own or unknown."""
    return next(
        (b for b in _rows(unit, "blocks") if any(i.get("id") == item_id for i in _rows(b, "items"))), None
    )


def neighbour(unit: Data, part_id: str) -> str | None:
    """Return the id of the part before another one, else of the one after it: where to look when it is gone."""
    names = [str(part.get("id")) for part in parts(unit)]
    place = names.index(part_id) if part_id in names else -1
    before, after = names[:place], names[place + 1 :]
    return before[-1] if before else after[0] if after and place >= 0 else None


def _place(unit: Data, part_id: str) -> Place:
    for holder in (unit, *blocks(unit)):
        name = "blocks" if holder is unit else "items"
        for n, row in enumerate(holder[name] if isinstance(holder.get(name), list) else ()):
            if isinstance(row, dict) and row.get("id") == part_id:
                return holder[name], n
    raise NotFound(_("This part of the unit is not here any more. Somebody may have deleted it."))


def replace(unit: Data, part_id: str, part: Data) -> Data:
    """Put new data where a part stands; its id stays."""
    new = copy.deepcopy(unit)
    rows, n = _place(new, part_id)
    rows[n] = {**copy.deepcopy(part), "id": part_id}
    return new


def add_block(unit: Data, block: Data, *, after: str | None = None) -> Data:
    """Put a block behind another one (or behind the block of an item); at the end when there is none."""
    new = copy.deepcopy(unit)
    rows = new["blocks"] = new["blocks"] if isinstance(new.get("blocks"), list) else []
    place = len(rows)
    if after is not None and find_part(new, after) is not None:
        holder = block_of(new, after) or get_part(new, after)
        place = next(n for n, row in enumerate(rows) if row is holder) + 1
    rows.insert(place, copy.deepcopy(block))
    return new


def add_item(unit: Data, block_id: str, item: Data, *, after: str | None = None) -> Data:
    """Put an item into a block of items: behind another one, or at the end."""
    new = copy.deepcopy(unit)
    block = get_part(new, block_id)
    rows = block.setdefault("items", [])
    place = next((n + 1 for n, row in enumerate(rows) if row.get("id") == after), len(rows))
    rows.insert(place, copy.deepcopy(item))
    return new


def delete(unit: Data, part_id: str) -> Data:
    new = copy.deepcopy(unit)
    rows, n = _place(new, part_id)
    del rows[n]
    return new


def duplicate(unit: Data, part_id: str, taken: Collection[str]) -> tuple[Data, str]:
    """Copy a part behind itself, with new ids for it and for its items. ``taken``: all ids of the course."""
    new = copy.deepcopy(unit)
    rows, n = _place(new, part_id)
    used = set(taken) | ids_of(new)
    twin = copy.deepcopy(rows[n])
    for part in (twin, *_rows(twin, "items")):
        part["id"] = new_id(used, re.sub(r"-?\d+$", "", str(part.get("id") or twin["id"])) or "part")
        part.pop("replaces", None)
        used.add(part["id"])
    rows.insert(n + 1, twin)
    return new, str(twin["id"])


def move(unit: Data, part_id: str, by: Literal[-1, 1]) -> Data:
    """Move a part one place up (-1) or down (1).

    An item at the edge of its block goes into the block of items before or behind it; at the edge of the unit it stays.
    """
    new = copy.deepcopy(unit)
    rows, n = _place(new, part_id)
    if 0 <= n + by < len(rows):
        rows[n], rows[n + by] = rows[n + by], rows[n]
        return new
    holder = block_of(new, part_id)
    homes = [b for b in _rows(new, "blocks") if b.get("type") == "items"]
    home = next((h for h, b in enumerate(homes) if b is holder), None)
    if home is not None and 0 <= home + by < len(homes):
        item = rows.pop(n)
        other = homes[home + by].setdefault("items", [])
        other.insert(0 if by > 0 else len(other), item)
    return new


def move_to(unit: Data, part_id: str, before: str | None) -> Data:
    """Move a part before another one of its kind; ``None``: to the end of its list."""
    if part_id == before:
        return unit
    new = copy.deepcopy(unit)
    rows, n = _place(new, part_id)
    is_item = block_of(new, part_id) is not None
    if before is not None:
        target, _n = _place(new, before)
        if (block_of(new, before) is not None) != is_item:
            raise NotFound(_("This cannot be moved there."))
    else:
        target = rows
    part = rows.pop(n)
    place = len(target) if before is None else next(i for i, r in enumerate(target) if r.get("id") == before)
    target.insert(place, part)
    return new
