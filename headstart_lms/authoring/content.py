"""What stands where in a draft: its files as one document, and the file and place of every row and item. No Flask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses.source import Finding
from ..kernel.cache import Cache
from ..kernel.errors import Invalid, NotFound
from ..kernel.i18n import _
from . import store, texts
from .checking import digest_of_tree
from .forms.context import CourseContext, ids_in, parts_of, plain, rows_of
from .models import Change, Draft, Revision, What
from .paths import is_text, unit_path
from .store import Saved

#: Lists of a course that stand in files of their own, one file or a folder of them.
LISTS = ("entries", "facts", "bank", "blueprints", "media")
Data = dict[str, Any]


@dataclass(frozen=True)
class Content:
    """A draft as one document; to be read, never changed."""

    data: Mapping[str, Any]
    #: The file of every row of a list: {list: [path, ...]} in the order of ``data[list]``.
    homes: Mapping[str, tuple[str, ...]]
    #: {path: SHA-256} of the texts it was made of.
    tree: Mapping[str, str]
    #: Files that cannot be read as they are.
    broken: tuple[str, ...] = ()

    @cached_property
    def course(self) -> CourseContext:
        return CourseContext.from_data(self.data)

    def files(self, name: str) -> list[str]:
        """Return the files a list stands in."""
        return [path for path in self.tree if path == f"{name}.yaml" or path.startswith(f"{name}/")]

    def row(self, name: str, row_id: str) -> tuple[str, Data]:
        """Return the file of a row and the row. Raises NotFound."""
        if name == "outcomes":
            for row in rows_of(self.data, name):
                if row["id"] == row_id:
                    return "course.yaml", row
        else:
            rows = self.data.get(name, ())
            for path, row in zip(self.homes.get(name, ()), rows, strict=True):
                if isinstance(row, dict) and row.get("id") == row_id:
                    return path, row
        raise NotFound(_("This is not in the course any more."))

    def item(self, unit_id: str, item_id: str) -> tuple[str, Data]:
        """Return the file of an item and the item; ``unit_id`` is "" for the bank. Raises NotFound."""
        if not unit_id:
            return self.row("bank", item_id)
        for unit in rows_of(self.data, "units"):
            if unit["id"] == unit_id and (found := item_in(unit, item_id)) is not None:
                return unit_path(unit_id), found
        raise NotFound(_("This is not in the course any more."))

    def ids(self) -> set[str]:
        """Return the ids of all units, blocks and items, also earlier ones: answers of learners stand under them."""
        found = {unit["id"] for unit in rows_of(self.data, "units")}
        for unit in rows_of(self.data, "units"):
            for block in rows_of(unit, "blocks"):
                found.add(block["id"])
                for item in rows_of(block, "items"):
                    found |= {item["id"], *ids_in(item, "replaces")}
        for item in rows_of(self.data, "bank"):
            found |= {item["id"], *ids_in(item, "replaces")}
        return found


def item_in(unit: Any, item_id: str) -> Data | None:
    """Return an item of a unit, or of a list of items."""
    if isinstance(unit, list):
        return next((row for row in unit if isinstance(row, dict) and row.get("id") == item_id), None)
    for block in rows_of(unit, "blocks"):
        for item in rows_of(block, "items"):
            if item["id"] == item_id:
                return item
    return None


#: Drafts as they stood last: their parts weigh nothing more than the texts that are kept anyway.
_kept = Cache(8, 0)


def content_of(session: Session, draft: Draft) -> Content:
    """Return a draft as one document; that of the last few is kept."""
    tree = {path: digest for path, digest in store.tree(session, draft).items() if is_text(path)}
    key = digest_of_tree(tree)
    try:
        found: Content = _kept.get(key)
    except KeyError:
        found = _read(session, tree)
        _kept.put(key, found)
    return found


def _read(session: Session, tree: Mapping[str, str]) -> Content:
    broken: list[str] = []

    def data_of(path: str) -> Any:
        try:
            return texts.shared_data_of(session, tree[path], path)
        except Invalid:
            broken.append(path)
            return None

    head = data_of("course.yaml") if "course.yaml" in tree else None
    data: Data = dict(head) if isinstance(head, dict) else {}
    units = {path: data_of(path) for path in tree if path.startswith("units/")}
    order = [
        unit
        for module in rows_of(data, "modules")
        for unit in module.get("units") or ()
        if isinstance(unit, str)
    ]
    places = {unit_path(unit): n for n, unit in enumerate(order)}
    paths = sorted(units, key=lambda path: (places.get(path, len(places)), path))
    data["units"] = [units[path] for path in paths if isinstance(units[path], dict)]
    homes: dict[str, tuple[str, ...]] = {}
    for name in LISTS:
        rows: list[Any] = []
        home: list[str] = []
        for path in sorted(tree, key=lambda path: (path != f"{name}.yaml", path)):
            if path == f"{name}.yaml" or path.startswith(f"{name}/"):
                found = data_of(path)
                if isinstance(found, list):
                    rows += found
                    home += [path] * len(found)
        data[name] = rows
        homes[name] = tuple(home)
    return Content(data, homes, dict(tree), tuple(broken))


def change_file(
    session: Session,
    draft: Draft,
    person: Person | None,
    path: str,
    change: Callable[[Any], Any],
    *,
    base: str,
    what: What = "edit",
    note: str = "",
) -> Saved:
    """Change the data of a file as it was when the form was opened (``base``), and bring that into what it is now.

    ``change`` gets the data of one's own and returns what it is to be. An empty ``base`` is a file that was not
    there.
    """
    if not base and store.digest_of(session, draft, path) is not None:
        raise Invalid(_("This page is too old. Load it again, then send the form once more."))
    if not base:
        data = change(None)
        revision = store.save_data(
            session, draft, person, path, data, base={path: None}, what=what, note=note
        )
        return Saved(revision)
    if base != store.digest_of(session, draft, path) and not _is_known(session, draft, path, base):
        raise Invalid(_("This page is too old. Load it again, then send the form once more."))
    data = change(store.data_of(session, base, path))
    return store.save_merged(session, draft, person, path, data, base=base, what=what, note=note)


def _is_known(session: Session, draft: Draft, path: str, digest: str) -> bool:
    """Tell whether a file of this draft ever had this content: texts of other drafts are nobody's business here."""
    query = (
        select(Change.path)
        .join(Revision, Revision.id == Change.revision_id)
        .where(
            Revision.draft_id == draft.id, Change.path == path,
            or_(Change.before == digest, Change.after == digest),
        )
        .limit(1)
    )  # fmt: skip
    return session.scalar(query) is not None


def replaced(data: Any, row_id: str, row: Data | None) -> Any:
    """Return a unit, or a list of rows, with an item put in the place of the one with its id; None takes it out."""

    def swap(rows: list[Any]) -> list[Any]:
        return [
            new
            for old in rows
            for new in ([row] if isinstance(old, dict) and old.get("id") == row_id else [old])
            if new is not None
        ]

    if isinstance(data, list):
        return swap(data)
    blocks = data.get("blocks") if isinstance(data, dict) else None
    if not isinstance(blocks, list):
        return data
    return {
        **data,
        "blocks": [
            {**block, "items": swap(block["items"])}
            if isinstance(block, dict) and isinstance(block.get("items"), list)
            else block
            for block in blocks
        ],
    }


def with_next(data: Any, row_id: str, row: Data) -> Any:
    """Return a unit, or a list of rows, with a new item after the one with this id."""

    def grown(rows: list[Any]) -> list[Any]:
        found: list[Any] = []
        for old in rows:
            found.append(old)
            if isinstance(old, dict) and old.get("id") == row_id:
                found.append(row)
        return found

    if isinstance(data, list):
        return grown(data)
    return {
        **data,
        "blocks": [
            {**block, "items": grown(block["items"])}
            if isinstance(block, dict) and isinstance(block.get("items"), list)
            else block
            for block in data["blocks"]
        ],
    }


def own(findings: list[Finding], prefix: str) -> list[Finding]:
    """Return the findings of one part."""
    return [f for f in findings if f.path == prefix or f.path.startswith(prefix + ".")]


# --- what uses what -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Use:
    """A place that names a word, a fact or an objective: the unit ("" is the bank), the part, an item or none."""

    unit: str
    part: str
    item: str = ""


def uses(data: Mapping[str, Any], name: str) -> dict[str, list[Use]]:
    """Return {id: places} of all that parts name under ``entries``, ``facts`` or ``outcomes``."""
    found: dict[str, list[Use]] = {}
    for unit in rows_of(data, "units") if name == "outcomes" else ():
        for one in ids_in(unit, name):
            found.setdefault(one, []).append(Use(unit["id"], unit["id"]))
    for unit_id, place, part in parts_of(data):
        is_item = place.startswith("bank.") or ".items." in place
        named = ids_in(part, name)
        if name == "facts" and part.get("type") == "fact" and isinstance(part.get("fact"), str):
            named = [*named, part["fact"]]
        for one in dict.fromkeys(named):
            found.setdefault(one, []).append(Use(unit_id, part["id"], part["id"] if is_item else ""))
    return found


def delete_row(session: Session, draft: Draft, person: Person, name: str, row_id: str) -> None:
    """Take a row out of the file it stands in, and an empty file out of the draft. Raises NotFound."""
    path, row = content_of(session, draft).row(name, row_id)
    data, digest = store.read_data(session, draft, path)
    rows = replaced(data, row_id, None)
    text = store.text_of(session, draft, path, rows) if rows else None
    note = _("Deleted: %(name)s", name=plain(row.get("title")) or row_id)
    store.save(session, draft, person, {path: text}, base={path: digest}, what="edit", note=note)
