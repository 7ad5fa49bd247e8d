"""The modules and units of a draft: add, name, move, delete, double. No Flask.

Each act names what it is about by its id and is done on the draft as it is now, so two people cannot cross.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses.check import UNWRITTEN, Checked
from ..courses.rules import RESERVED_UNITS
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from . import store
from .forms.context import ids_in
from .models import Draft, Revision
from .paths import is_text, unit_path
from .starts import slug_of

#: The longest title that is taken.
MOST_TITLE = 200


@dataclass
class UnitRow:
    """A unit as the outline shows it."""

    id: str
    title: str
    minutes: int | None
    blocks: int
    items: int
    exists: bool = True
    errors: int = 0
    warnings: int = 0


@dataclass
class ModuleRow:
    id: str
    title: str
    units: list[UnitRow] = field(default_factory=list)
    minutes: int = 0


@dataclass
class Outline:
    """The modules of a draft, and the units that stand in none."""

    modules: list[ModuleRow]
    loose: list[UnitRow]
    #: False when course.yaml cannot be read: then nothing can be moved.
    readable: bool = True


def plain(value: Any) -> str:
    """Return a text of a document as one line, whatever language it is in."""
    if isinstance(value, dict):
        value = next((v for v in value.values() if isinstance(v, str)), "")
    return " ".join(value.split()) if isinstance(value, str) else ""


def read(session: Session, draft: Draft, checked: Checked | None = None) -> Outline:
    """Return the outline of a draft, with what the checker found in each unit."""
    tree = store.tree(session, draft)
    units = {
        path[6:-5]: _unit_row(session, path, digest)
        for path, digest in tree.items()
        if path.startswith("units/") and is_text(path)
    }
    if checked is not None:
        count(units.values(), checked)
    head = _readable(session, tree.get("course.yaml"), "course.yaml")
    modules = head.get("modules") if isinstance(head, dict) else None
    rows = []
    for module in modules if isinstance(modules, list) else []:
        if not isinstance(module, dict):
            continue
        row = ModuleRow(str(module.get("id", "")), plain(module.get("title")))
        listed = module.get("units")
        for name in map(str, listed if isinstance(listed, list) else ()):
            found = units.pop(name) if name in units else UnitRow(name, name, None, 0, 0, exists=False)
            row.units.append(found)
        row.minutes = sum(unit.minutes or 0 for unit in row.units)
        rows.append(row)
    return Outline(rows, list(units.values()), isinstance(modules, list))


def count(units: Iterable[UnitRow], checked: Checked) -> None:
    """Write into each unit how many errors and warnings it has."""
    errors, warnings = Counter[str](), Counter[str]()
    for finding in checked.findings:
        if finding.file.startswith("units/"):
            (errors if finding.level == "error" else warnings)[finding.file[6:-5]] += 1
    for unit in units:
        unit.errors, unit.warnings = errors[unit.id], warnings[unit.id]


def _readable(session: Session, digest: str | None, path: str) -> Any:
    if digest is None:
        return None
    try:
        return store.data_of(session, digest, path)
    except Invalid:
        return None


def _unit_row(session: Session, path: str, digest: str) -> UnitRow:
    data = _readable(session, digest, path)
    name = path[6:-5]
    if not isinstance(data, dict):
        return UnitRow(name, name, None, 0, 0)
    listed = data.get("blocks")
    blocks = [b for b in listed if isinstance(b, dict)] if isinstance(listed, list) else []
    items = sum(len(b["items"]) for b in blocks if isinstance(b.get("items"), list))
    minutes = data.get("minutes")
    return UnitRow(
        name,
        plain(data.get("title")) or name,
        minutes if isinstance(minutes, int) else None,
        len(blocks),
        items,
    )


# --- acts ---------------------------------------------------------------------------------------


class Act:
    """One change of the outline: what is read is what is there now, what is written becomes one revision."""

    def __init__(self, session: Session, draft: Draft, person: Person) -> None:
        self.session = session
        self.draft = store.lock(session, draft)
        self.person = person
        self.tree = store.tree(session, draft)
        head = _readable(session, self.tree.get("course.yaml"), "course.yaml")
        if not isinstance(head, dict) or not isinstance(head.get("modules"), list):
            raise Invalid(_("course.yaml cannot be read as it is now. Go back to an earlier version first."))
        self.head: dict[str, Any] = head
        self.files: dict[str, str | None] = {}

    @property
    def modules(self) -> list[dict[str, Any]]:
        return [m for m in self.head["modules"] if isinstance(m, dict)]

    def module(self, name: str) -> dict[str, Any]:
        found = next((m for m in self.modules if m.get("id") == name), None)
        if found is None:
            raise NotFound(_("This module is not there any more."))
        if not isinstance(found.get("units"), list):
            found["units"] = []
        return found

    def unit(self, name: str) -> dict[str, Any]:
        data = _readable(self.session, self.tree.get(unit_path(name)), unit_path(name))
        if not isinstance(data, dict):
            raise NotFound(_("This unit is not there any more."))
        return data

    def home_of(self, name: str) -> dict[str, Any] | None:
        return next((m for m in self.modules if name in (m.get("units") or [])), None)

    def write(self, note: str) -> Revision:
        text = store.text_of(self.session, self.draft, "course.yaml", self.head)
        changes: dict[str, bytes | str | store.Stored | None] = {"course.yaml": text, **self.files}
        base = {path: self.tree.get(path) for path in changes}
        return store.save(self.session, self.draft, self.person, changes, base=base, what="edit", note=note)

    def put_unit(self, data: dict[str, Any]) -> None:
        path = unit_path(data["id"])
        self.files[path] = store.text_of(self.session, self.draft, path, data)

    def ids(self) -> set[str]:
        """Return every id of a module, unit, block or item that is in use."""
        found = {str(m.get("id")) for m in self.modules}
        for path in self.tree:
            if path.startswith("units/"):
                found.add(path[6:-5])
                data = _readable(self.session, self.tree[path], path)
                found |= _part_ids(data)
        for path in self.tree:
            if path == "bank.yaml" or path.startswith("bank/"):
                rows = _readable(self.session, self.tree[path], path)
                for row in rows or []:
                    found |= _item_ids(row)
        return found


def _part_ids(unit: Any) -> set[str]:
    found: set[str] = set()
    blocks = unit.get("blocks") if isinstance(unit, dict) else None
    for block in blocks if isinstance(blocks, list) else []:
        if isinstance(block, dict):
            found.add(str(block.get("id")))
            items = block.get("items")
            for item in items if isinstance(items, list) else []:
                found |= _item_ids(item)
    return found


def _item_ids(item: Any) -> set[str]:
    """Return the id of an item and the earlier ones: answers of learners stand under them."""
    return {str(item.get("id")), *ids_in(item, "replaces")} if isinstance(item, dict) else set()


def free_id(wanted: str, taken: Iterable[str]) -> str:
    """Return an id made of words that nobody has: at most 40 small letters, digits and hyphens."""
    taken = set(taken) | RESERVED_UNITS
    base = slug_of(wanted).removeprefix("course-") if wanted else ""
    base = base if base[:1].isalpha() else "unit"
    base = base[:34].rstrip("-") or "unit"
    for number in range(1, 10_000):
        name = base if number == 1 else f"{base}-{number}"
        if name not in taken:
            return name
    raise Conflict(_("Choose another title."))


def _title(title: str) -> str:
    title = " ".join(title.split())
    if not title:
        raise Invalid(_("Write a title."))
    if len(title) > MOST_TITLE:
        raise Invalid(_("This title is too long. Write at most %(n)s letters.", n=MOST_TITLE))
    return title


def add_module(act: Act, title: str) -> Revision:
    title = _title(title)
    name = free_id("m-" + slug_of(title).removeprefix("course-"), act.ids())
    act.head["modules"].append({"id": name, "title": title, "units": []})
    return act.write(_("New module: %(title)s", title=title))


def rename_module(act: Act, name: str, title: str) -> Revision:
    title = _title(title)
    module = act.module(name)
    module["title"] = title
    return act.write(_("Module named: %(title)s", title=title))


def delete_module(act: Act, name: str) -> Revision:
    """Take out an empty module. Raises Conflict when units stand in it."""
    module = act.module(name)
    if module["units"]:
        raise Conflict(_("This module has units. Move or delete them first."))
    if len(act.modules) == 1:
        raise Conflict(_("A course has at least one module."))
    act.head["modules"].remove(module)
    return act.write(_("Module deleted: %(title)s", title=plain(module.get("title"))))


def move_module(act: Act, name: str, by: int) -> Revision:
    module = act.module(name)
    _shift(act.head["modules"], act.head["modules"].index(module), by)
    return act.write(_("Module moved: %(title)s", title=plain(module.get("title"))))


def _shift(rows: list[Any], at: int, by: int) -> None:
    to = min(max(at + by, 0), len(rows) - 1)
    rows.insert(to, rows.pop(at))


def add_unit(act: Act, module: str, title: str) -> Revision:
    """Add a unit at the end of a module: one text block, with a note to the writer."""
    title = _title(title)
    home = act.module(module)
    taken = act.ids()
    name = free_id(slug_of(title), taken)
    block = free_id(f"{name}-text", taken | {name})
    home["units"].append(name)
    act.put_unit(
        {"id": name, "title": title, "minutes": 10, "outcomes": [],
         "blocks": [{"id": block, "type": "text", "text": f"{UNWRITTEN} {_('What is this unit about?')}"}]}
    )  # fmt: skip
    return act.write(_("New unit: %(title)s", title=title))


def rename_unit(act: Act, name: str, title: str) -> Revision:
    title = _title(title)
    data = act.unit(name)
    data["title"] = title
    act.put_unit(data)
    return act.write(_("Unit named: %(title)s", title=title))


def delete_unit(act: Act, name: str) -> Revision:
    """Delete a unit; it stays in the history and can be brought back from there."""
    path = unit_path(name)
    if path not in act.tree and act.home_of(name) is None:
        raise NotFound(_("This unit is not there any more."))
    title = plain((_readable(act.session, act.tree.get(path), path) or {}).get("title")) or name
    home = act.home_of(name)
    if home is not None:
        home["units"].remove(name)
    if path in act.tree:
        act.files[path] = None
    return act.write(_("Unit deleted: %(title)s", title=title))


def move_unit(act: Act, name: str, by: int) -> Revision:
    """Move a unit up or down; over the end of its module it goes into the next one."""
    home = act.home_of(name)
    if home is None:
        raise NotFound(_("This unit is not there any more."))
    at, modules = home["units"].index(name), act.modules
    to = at + by
    if 0 <= to < len(home["units"]):
        _shift(home["units"], at, by)
    else:
        next_at = modules.index(home) + (1 if by > 0 else -1)
        if 0 <= next_at < len(modules):
            home["units"].remove(name)
            target = act.module(modules[next_at]["id"])["units"]
            target.insert(0 if by > 0 else len(target), name)
    return act.write(_("Unit moved: %(title)s", title=plain(act.unit(name).get("title"))))


def put_unit_into(act: Act, name: str, module: str) -> Revision:
    """Put a unit at the end of a module, wherever it stood."""
    data, target, home = act.unit(name), act.module(module), act.home_of(name)
    if home is not target:
        if home is not None:
            home["units"].remove(name)
        target["units"].append(name)
    return act.write(_("Unit moved: %(title)s", title=plain(data.get("title"))))


def double_unit(act: Act, name: str) -> Revision:
    """Copy a unit below itself; unit, blocks and items get ids of their own."""
    data = copy.deepcopy(act.unit(name))
    home = act.home_of(name)
    if home is None:
        raise Conflict(_("Put this unit into a module first."))
    taken = act.ids()
    data["id"] = free_id(name, taken)
    taken.add(data["id"])
    for block in [b for b in data.get("blocks") or [] if isinstance(b, dict)]:
        for part in [block, *(i for i in block.get("items") or [] if isinstance(i, dict))]:
            part["id"] = free_id(str(part.get("id", "part")), taken)
            part.pop("replaces", None)
            taken.add(part["id"])
    home["units"].insert(home["units"].index(name) + 1, data["id"])
    act.put_unit(data)
    return act.write(_("Unit doubled: %(title)s", title=plain(data.get("title"))))
