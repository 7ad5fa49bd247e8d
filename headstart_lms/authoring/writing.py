"""Write a unit of a draft: save one part of it, do something with its parts, take the last step back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..kernel.errors import Conflict, NotFound
from ..kernel.i18n import _
from . import store, unit_edit
from .models import Draft, Revision
from .paths import is_text, unit_path
from .unit_edit import Data

#: The fields of the unit itself, as the part that a form saves.
HEAD = ("title", "minutes", "outcomes")
#: The base of a form whose part was deleted: saving it puts the part back.
PUT_BACK = unit_edit.digest({})


class Clash(Conflict):
    """A part was changed by two people. ``theirs`` is how it stands now; None when it was deleted."""

    def __init__(self, theirs: Data | None) -> None:
        super().__init__(
            _(
                "Somebody else changed this part while you wrote. Both texts are here: choose one, or join them."
            )
            if theirs is not None
            else _(
                "Somebody else deleted this part while you wrote. Your text is here: save it to put it back."
            ),
            "clash",
        )
        self.theirs = theirs


def read_unit(session: Session, draft: Draft, unit_id: str) -> tuple[Data, str]:
    """Return the data of a unit and the digest of its file. Raises NotFound."""
    data, digest = store.read_data(session, draft, unit_path(unit_id))
    if not isinstance(data, dict):
        raise NotFound(_("There is no such unit."))
    return data, digest


def head_of(unit: Data) -> Data:
    """Return what a unit says of itself, as a part with an id of its own."""
    return {"id": unit.get("id"), **{name: unit[name] for name in HEAD if name in unit}}


def save_part(
    session: Session,
    draft: Draft,
    person: Person,
    unit_id: str,
    part_id: str,
    make: Callable[[Data | None], Data],
    *,
    base: str,
    what: Literal["edit", "autosave"],
) -> Data:
    """Save a block, an item, or the head of the unit (``part_id`` is then the unit's); return how it stands now.

    ``make`` turns the part as it stands into the part as the form has it; ``base`` is ``unit_edit.digest`` of the part
    when the form was opened. Somebody else's work on other parts stays. Raises Clash.
    """
    store.lock(session, draft)
    unit, digest = read_unit(session, draft, unit_id)
    is_head = part_id == unit_id
    now = head_of(unit) if is_head else unit_edit.find_part(unit, part_id)
    part = make(now)
    path = unit_path(unit_id)
    if now is None and base == PUT_BACK:
        new = unit_edit.add_block(unit, {**part, "id": part_id})
        store.save_data(
            session, draft, person, path, new, base={path: digest}, what="edit", note=_("Put back")
        )
        return part
    if now is None:
        raise Clash(None)
    if unit_edit.digest(now) != base and unit_edit.digest(now) != unit_edit.digest(part):
        raise Clash(now)
    if is_head:
        new = {name: value for name, value in unit.items() if name not in HEAD}
        new = {"id": unit_id, **{name: part[name] for name in HEAD if name in part}, **_without_id(new)}
    else:
        new = unit_edit.replace(unit, part_id, part)
    store.save_data(session, draft, person, path, new, base={path: digest}, what=what)
    return part


def _without_id(data: Data) -> Data:
    return {name: value for name, value in data.items() if name != "id"}


def change_unit(
    session: Session, draft: Draft, person: Person, unit_id: str, change: Callable[[Data], Data], *, note: str
) -> Revision:
    """Do something with the parts of a unit, on how it stands now."""
    store.lock(session, draft)
    unit, digest = read_unit(session, draft, unit_id)
    path = unit_path(unit_id)
    return store.save_data(
        session, draft, person, path, change(unit), base={path: digest}, what="edit", note=note
    )


def undo(session: Session, draft: Draft, person: Person, n: int) -> Revision:
    """Take the last step back, when it is this person's own. Raises Conflict, NotFound."""
    draft = store.lock(session, draft)
    revision = session.query(Revision).filter_by(draft_id=draft.id, n=n).one_or_none()
    if revision is None:
        raise NotFound(_("There is no such version."))
    if n == 1:
        raise Conflict(_("This is the first version of the course: there is nothing to take back."))
    if n != draft.head or revision.person_id != person.id:
        raise Conflict(
            _(
                "Something else was changed here since. Go back to the version you want on the page of the history."
            )
        )
    changes: dict[str, bytes | str | store.Stored | None] = {}
    base: dict[str, str | None] = {}
    for change in revision.changes:
        base[change.path] = change.after
        changes[change.path] = _content(session, change.path, change.before)
    note = _("Taken back: %(what)s", what=revision.note)
    return store.save(session, draft, person, changes, base=base, what="restore", note=note)


def _content(session: Session, path: str, digest: str | None) -> bytes | store.Stored | None:
    """Return what a file was: the bytes of a text; a picture or a sound lies in the storage already."""
    if digest is None:
        return None
    return store.body(session, digest) if is_text(path) else store.Stored(digest)
