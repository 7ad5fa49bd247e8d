"""The one checker over the files of a draft, kept by the digest of the tree. No Flask."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from ..courses.check import Checked, ItemTypes, check_files
from ..courses.files import TreeFiles
from ..courses.source import Finding
from ..kernel.cache import Cache
from ..kernel.storage import Storage
from . import store
from .models import Draft
from .paths import is_media

#: So many checked trees are kept; one of a course of 400 kB takes about 8 MB.
KEEP = 8


def digest_of_tree(tree: Mapping[str, str]) -> str:
    """Return one SHA-256, hex, for all the files of a draft."""
    return hashlib.sha256(json.dumps(sorted(tree.items())).encode()).hexdigest()


class DraftFiles(TreeFiles):
    """The files of a tree of a draft: texts in the database, media in the storage."""

    def __init__(self, session: Session, storage: Storage, name: str, tree: Mapping[str, str]) -> None:
        super().__init__(name, tree, self._content, self._length)
        self._session = session
        self._storage = storage
        self._bodies: dict[str, bytes] = {}

    def _content(self, path: str, digest: str) -> bytes:
        if is_media(path):
            return self._storage.path(digest).read_bytes()
        if digest not in self._bodies:
            # one that changed is asked for alone; who reads a second one reads them all
            wanted = [d for p, d in self.tree.items() if not is_media(p)] if self._bodies else [digest]
            self._bodies |= store.bodies(self._session, wanted)
        return self._bodies[digest]

    def _length(self, path: str, digest: str) -> int:
        if is_media(path):
            return self._storage.path(digest).stat().st_size
        return len(self._content(path, digest))


_kept = Cache(KEEP, 0)


def check(session: Session, storage: Storage, draft: Draft, item_types: ItemTypes, on: date) -> Checked:
    """Check a draft as ``headstart course check`` checks a folder; ``on`` is the day facts are held against."""
    return check_tree(session, storage, draft.slug, store.tree(session, draft), item_types, on)


def check_tree(
    session: Session, storage: Storage, name: str, tree: Mapping[str, str], item_types: ItemTypes, on: date
) -> Checked:
    """Check any tree of a draft; the result of the last few is kept. It may be read, not changed.

    To read media from it later, take ``files_of``: a kept result has no database behind it.
    """
    key = (digest_of_tree(tree), on)
    try:
        found: Checked = _kept.get(key)
    except KeyError:
        found = check_files(DraftFiles(session, storage, name, tree), item_types, on=on)
        found = Checked(
            _NoFiles(name), found.course, found.translations, found.findings, document=found.document
        )
        _kept.put(key, found)
    return Checked(
        DraftFiles(session, storage, name, tree), found.course, found.translations, list(found.findings),
        document=found.document,
    )  # fmt: skip


class _NoFiles(TreeFiles):
    def __init__(self, name: str) -> None:
        super().__init__(name, {}, lambda path, digest: b"")


def problems_of(checked: Checked, prefix: tuple[str, ...]) -> list[Finding]:
    """Return the findings of one part: ``("units", "permit", "blocks", "b1")``, and of all that is in it."""
    start = ".".join(prefix)
    return [f for f in checked.findings if f.path == start or f.path.startswith(start + ".")]
