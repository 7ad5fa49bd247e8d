"""New ids for questions in which what is right changed: answers of learners stand under the old ones. No Flask.

The question keeps its old ids in ``replaces``: learning.regrading marks finished tests again by it.
"""

from __future__ import annotations

from typing import Any

from ..kernel.i18n import _
from . import outline, store
from .models import Revision


def renew_ids(act: outline.Act, items: list[str]) -> Revision:
    """Give questions a new id: what is right in them changed, and answers of learners stand under the old one."""
    taken = act.ids()
    wanted = set(items)
    for path in list(act.tree):
        if path.startswith("units/"):
            unit = act.unit(path[6:-5])
            if _renew(unit.get("blocks"), wanted, taken):
                act.put_unit(unit)
    _renew_bank(act, wanted, taken)
    return act.write(_("New ids for changed questions"))


def _renew_bank(act: outline.Act, wanted: set[str], taken: set[str]) -> None:
    for path, digest in act.tree.items():
        if path == "bank.yaml" or path.startswith("bank/"):
            rows = store.data_of(act.session, digest, path)
            if isinstance(rows, list) and _renew_rows(rows, wanted, taken):
                act.files[path] = store.text_of(act.session, act.draft, path, rows)


def _renew(blocks: Any, wanted: set[str], taken: set[str]) -> bool:
    lists = [b.get("items") for b in blocks or [] if isinstance(b, dict)] if isinstance(blocks, list) else []
    return sum(_renew_rows(rows, wanted, taken) for rows in lists if isinstance(rows, list)) > 0


def _renew_rows(rows: list[Any], wanted: set[str], taken: set[str]) -> bool:
    changed = False
    for row in rows:
        if isinstance(row, dict) and row.get("id") in wanted:
            old = dict(row)
            row.clear()
            before = old.get("replaces")
            row["id"] = outline.free_id(f"{str(old['id']).removesuffix('-new')}-new", taken)
            row["replaces"] = [*(before if isinstance(before, list) else ()), old["id"]]
            row |= {name: value for name, value in old.items() if name not in row}
            taken.add(row["id"])
            changed = True
    return changed
