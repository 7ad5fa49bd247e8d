"""Back to an earlier version, and a folder that comes back: each as a new version. No Flask."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from . import store
from .models import Draft, Revision
from .paths import is_text


def restore(session: Session, draft: Draft, person: Person, n: int) -> Revision:
    """Make the draft what it was after revision ``n``, as a new revision; nothing of the history goes away.

    Raises NotFound for a revision that is none.
    """
    draft = store.lock(session, draft)
    if n < 1:  # before the first version there was no course
        raise NotFound(_("There is no such version."))
    now, then = store.tree(session, draft), store.tree_at(session, draft, n)
    changes: dict[str, bytes | str | store.Stored | None] = {path: None for path in now if path not in then}
    texts = store.bodies(session, [d for p, d in then.items() if is_text(p) and now.get(p) != d])
    for path, digest in then.items():
        if now.get(path) != digest:
            changes[path] = texts[digest] if is_text(path) else store.Stored(digest)
    base = {path: now.get(path) for path in changes}
    return store.save(
        session, draft, person, changes, base=base, what="restore", note=_("Back to version %(n)s", n=n)
    )


def replace_all(
    session: Session, draft: Draft, person: Person, files: Mapping[str, bytes | str | store.Stored], note: str
) -> Revision:
    """Make the draft these files, as one revision: a folder that was worked on elsewhere comes back."""
    draft = store.lock(session, draft)
    now = store.tree(session, draft)
    changes = {**dict.fromkeys(now), **files}
    return store.save(
        session, draft, person, changes, base={p: now.get(p) for p in changes}, what="import", note=note
    )
