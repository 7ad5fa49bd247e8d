"""What the page of a unit shows of it: its parts in words, the open form, what the checker says, what it weighs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses.check import ItemTypes
from ..courses.parts import Unit
from ..courses.source import Finding
from ..courses.words import LANGUAGE
from ..kernel import web
from ..kernel.clock import today
from ..kernel.errors import Invalid
from ..kernel.i18n import _l
from ..kernel.storage import Storage
from ..learning import pages
from . import drafts, store, unit_edit
from .content import content_of
from .forms import CourseContext, FieldView, PartForm, form_of, kinds, place
from .forms.context import plain, rows_of
from .forms.fields import Checks, Number, Text, outcomes
from .models import Draft, Revision
from .paths import unit_path
from .preview import Preview, Source, make_preview
from .translation_store import held_in
from .translation_store import path_of as po_path
from .unit_edit import Data
from .writing import head_of

#: Bytes of pictures and sound in one unit: what a phone loads before a lesson (DOMAIN 6, FRONTEND 1.4).
LIMIT = 300_000


# --- the draft around a unit ------------------------------------------------------------------------


def preview_of(session: Session, draft: Draft, unit: Data, item_types: ItemTypes, language: str) -> Preview:
    """Show a unit in a support language; "" is the language it is written in."""
    now, tree = content_of(session, draft), store.tree(session, draft)
    source = now.course.source
    po = tree.get(po_path(language)) if language and language != source else None
    try:
        held = held_in(session, po)
    except Invalid:
        held = {}  # the checker says so, with the line
    return make_preview(
        Source(
            head=now.data, unit=unit, entries=tuple(now.data["entries"]), facts=tuple(now.data["facts"]),
            media=tuple(now.data["media"]), held=held, language=language or source,
            files={path.removeprefix("media/"): digest for path, digest in tree.items() if path.startswith("media/")},
        ),
        item_types,
    )  # fmt: skip


def languages(session: Session, draft: Draft) -> list[str]:
    """Return the languages a unit can be looked at in: the one it is written in first."""
    head = drafts.head_of(session, draft)
    source = str(head.get("source_language") or "en")
    listed = head.get("support_languages")
    others = (
        [tag for tag in listed if isinstance(tag, str) and LANGUAGE.match(tag)]
        if isinstance(listed, list)
        else []
    )
    return list(dict.fromkeys([source, *others]))


@dataclass(frozen=True)
class Stop:
    """A unit in the outline of the course."""

    unit_id: str
    title: str


def neighbours(session: Session, draft: Draft, unit_id: str) -> tuple[str, list[Stop]]:
    """Return the title of the module a unit stands in, and the module's units."""
    data = content_of(session, draft).data
    titles = {unit["id"]: plain(unit.get("title")) for unit in rows_of(data, "units")}
    for module in rows_of(data, "modules"):
        names = module.get("units")
        if isinstance(names, list) and unit_id in names:
            return plain(module.get("title")), [
                Stop(name, titles.get(name) or name) for name in names if isinstance(name, str)
            ]
    return "", []


# --- the parts ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ItemRow:
    """An item in the list of its block."""

    id: str
    kind: str
    label: str
    text: str
    findings: Sequence[Finding]
    unfinished: str = ""


@dataclass(frozen=True)
class Row:
    """A block of the unit: how it looks, what is wrong with it."""

    id: str
    kind: str
    label: str
    html: Markup | None
    findings: Sequence[Finding]
    unfinished: str = ""
    items: tuple[ItemRow, ...] = ()
    intro: str = ""


def rows(unit: Data, preview: Preview, by_id: Mapping[str, Sequence[Finding]]) -> list[Row]:
    """Return the blocks of a unit as its page shows them."""
    seen = {block.id: block for block in preview.unit.blocks}
    unfinished = dict(preview.unfinished)
    found = []
    for data in unit_edit.blocks(unit):
        name = str(data.get("id"))
        block = seen.get(name)
        is_items = data.get("type") == "items"
        html = None if block is None or is_items else _looks(preview, block)
        items = tuple(
            ItemRow(
                str(item.get("id")), str(item.get("type")), _label(item, "item"), _asks(item),
                by_id.get(str(item.get("id")), ()), unfinished.get(str(item.get("id")), ""),
            )
            for item in unit_edit.items(data)
        )  # fmt: skip
        found.append(
            Row(
                name, str(data.get("type")), _label(data, "block"), html, by_id.get(name, ()),
                unfinished.get(name, ""), items, plain(data.get("intro")),
            )
        )  # fmt: skip
    return found


def _label(part: Data, of: Literal["block", "item"]) -> str:
    return str(form_of(str(part.get("type")), of).label)


def _looks(preview: Preview, block: Any) -> Markup:
    return web.fragment(
        "headstart/learning/blocks.html", screen=pages.Screen((block,), None, ()), book=preview.book,
        media=pages.media_of(preview.book), today=today(), accent=preview.book.course.kind,
    )  # fmt: skip


def _asks(item: Data) -> str:
    """Return what an item is about, in one line: its question, else its text, else its right answer."""
    for name in ("prompt", "statement", "stimulus", "text"):
        if found := plain(item.get(name)):
            return found.replace("\n", " ")[:120]
    for name in ("answers", "pairs", "parts", "options"):
        rows = item.get(name)
        if isinstance(rows, list) and rows:
            first = rows[0]
            found = first if isinstance(first, str) else plain(first.get("text") or first.get("left"))
            if found:
                return str(found)[:120]
    return ""


def by_part(unit: Data, unit_id: str, findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Return {id of a block, an item, or the unit: what the checker says of it itself}."""
    found: dict[str, list[Finding]] = {}
    known = unit_edit.ids_of(unit)
    for finding in findings:
        steps = finding.path.split(".")[2:]
        owner = next((step for step in reversed(steps[:4]) if step in known), unit_id)
        found.setdefault(owner, []).append(finding)
    return found


# --- the open form -----------------------------------------------------------------------------------


#: What a unit says of itself.
HEAD = PartForm(
    kind="unit", of="block", label=_l("Unit"), description="", icon="document",
    specs=(
        Text(key="title", label=_l("Title"), example="At the pharmacy"),
        Number(key="minutes", label=_l("Minutes"), whole=True, hint=_l("8 to 15 minutes are good on a phone.")),
        Checks(key="outcomes", label=_l("What learners can do afterwards"), offer=outcomes),
    ),
)  # fmt: skip


def form_for(unit_id: str, part_id: str, part: Data, *, is_item: bool) -> PartForm:
    """Return the form a part is written in."""
    if part_id == unit_id:
        return HEAD
    return form_of(str(part.get("type")), "item" if is_item else "block")


@dataclass(frozen=True)
class OpenForm:
    """The form of one part, as the page shows it.

    ``base`` proves which state of the part somebody saw; ``opened`` names the file it was opened from: a form is read
    against that as long as it is open, so that its new rows keep their ids however often it is saved.
    """

    part_id: str
    form: PartForm
    base: str
    opened: str
    fields: Sequence[FieldView]
    #: {path in the part: findings}
    problems: Mapping[str, Sequence[Finding]] = field(default_factory=dict)


def path_of(unit: Data, unit_id: str, part_id: str) -> str:
    """Return where a part stands, as findings name it."""
    if part_id == unit_id:
        return f"units.{unit_id}"
    holder = unit_edit.block_of(unit, part_id)
    if holder is None:
        return f"units.{unit_id}.blocks.{part_id}"
    return f"units.{unit_id}.blocks.{holder.get('id')}.items.{part_id}"


def open_form(
    unit: Data, opened: str, part_id: str, course: CourseContext, findings: Iterable[Finding],
    given: Data | None = None,
) -> OpenForm:  # fmt: skip
    """Return the form of a part as it stands; ``given`` is shown in its place (a text that was not taken).

    The base is that of what stands now: whoever saves has seen it.
    """
    unit_id = str(unit.get("id"))
    stands = part_of(unit, part_id) or {}
    seen = given if given is not None else stands
    form = form_for(unit_id, part_id, seen, is_item=unit_edit.block_of(unit, part_id) is not None)
    fields = form.fields(seen, course)
    problems = place(findings, path_of(unit, unit_id, part_id), fields) if given is None else {}
    return OpenForm(part_id, form, unit_edit.digest(stands), opened, fields, problems)


def part_of(unit: Data, part_id: str) -> Data | None:
    """Return a block, an item, or what the unit says of itself."""
    return head_of(unit) if part_id == unit.get("id") else unit_edit.find_part(unit, part_id)


def block_kinds() -> tuple[PartForm, ...]:
    """Return the kinds of blocks that can be added."""
    return kinds("block")


# --- beside it ---------------------------------------------------------------------------------------


def weight_of(preview: Preview, storage: Storage) -> int:
    """Return the bytes of pictures and sound that learners of the unit load."""
    media = preview.book.media
    names = {name for name in _media_ids(preview.unit, preview) if name in media}
    digests = {digest for name in names if (digest := media[name].sha256)}
    return sum(storage.path(digest).stat().st_size for digest in digests if storage.path(digest).is_file())


def _media_ids(unit: Unit, preview: Preview) -> Iterable[str]:
    for block in unit.blocks:
        for name in ("media", "picture", "audio"):
            if found := getattr(block, name, None):
                yield found
        for turn in getattr(block, "turns", ()):
            if turn.audio:
                yield turn.audio
        for name in getattr(block, "entries", ()):
            entry = preview.book.entries[name]
            yield from (one for one in (entry.picture, entry.audio) if one)
    for item in unit.items:
        yield from item.media_ids()


def last_step(session: Session, draft: Draft, person: Person, unit_id: str) -> Revision | None:
    """Return what this person did last, when it was done to this unit and nothing came after it."""
    last = session.scalar(select(Revision).where(Revision.draft_id == draft.id, Revision.n == draft.head))
    if last is None or last.person_id != person.id or last.what not in ("edit", "autosave", "restore"):
        return None
    return last if [change.path for change in last.changes] == [unit_path(unit_id)] else None


def step_of(unit: Unit, part_id: str | None) -> int:
    """Return the screen of the preview on which a part stands."""
    for number, screen in enumerate(pages.screens(unit), 1):
        if part_id in [*(block.id for block in screen.blocks), *(item.id for item in screen.items)]:
            return number
    for number, screen in enumerate(pages.screens(unit), 1):  # a block of items: the screen of its first item
        block = next((b for b in unit.blocks if b.id == part_id), None)
        if block is not None and screen.items and screen.items[0] in getattr(block, "items", ()):
            return number
    return 1
