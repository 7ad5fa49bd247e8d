"""The texts of drafts: each once under its SHA-256, parsed once, forgotten when nothing refers to it. No Flask."""

from __future__ import annotations

import copy
import hashlib
import zlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import CompoundSelect, delete, select, union_all
from sqlalchemy.orm import Session

from ..courses.source import MOST_KEPT, BrokenFile, SourceFile, parse_yaml
from ..kernel.cache import Cache
from ..kernel.clock import now
from ..kernel.db import insert_into
from ..kernel.errors import Invalid, NotFound
from ..kernel.i18n import _
from .models import Change, DraftFile, DraftText, Mark

#: The job that deletes texts nothing refers to, and how long they are kept for forms that are open.
TIDY = "authoring.tidy"
KEEP_TEXTS = timedelta(days=1)


def body(session: Session, digest: str) -> bytes:
    """Return the content of a text by its SHA-256."""
    found = session.scalar(select(DraftText.body).where(DraftText.digest == digest))
    if found is None:
        raise NotFound(_("There is no such file."))
    return zlib.decompress(found)


def bodies(session: Session, digests: Iterable[str]) -> dict[str, bytes]:
    """Return the contents of many texts by their SHA-256."""
    wanted = sorted(set(digests))
    found: dict[str, bytes] = {}
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(DraftText.digest, DraftText.body).where(DraftText.digest.in_(wanted[start : start + 500]))
        )
        found |= {digest: zlib.decompress(packed) for digest, packed in rows}
    return found


_data = Cache(400, MOST_KEPT)


def data_of(session: Session, digest: str, path: str) -> Any:
    """Return the data of a YAML file by its SHA-256, as a copy of one's own. Raises Invalid when it is no YAML."""
    return copy.deepcopy(shared_data_of(session, digest, path))


def shared_data_of(session: Session, digest: str, path: str) -> Any:
    """Return the same, to be read only: others read it too."""
    try:
        return _data.get(digest)
    except KeyError:
        source = _source_of(body(session, digest), path)
        _data.put(digest, source.data, source.weight)
        return source.data


def parsed(raw: bytes, path: str) -> Any:
    """Return the data of a YAML text. Raises Invalid, with the line, when it is not YAML as we take it."""
    return _source_of(raw, path).data


def _source_of(raw: bytes, path: str) -> SourceFile:
    try:
        return parse_yaml(raw, path)
    except BrokenFile as error:
        raise Invalid(str(error.finding), "broken-file") from error


def put_text(session: Session, raw: bytes) -> str:
    """Store a text under its SHA-256, once, and return that."""
    digest = hashlib.sha256(raw).hexdigest()
    made = insert_into(session.connection().dialect, DraftText.__table__)
    session.execute(
        # one that is there is written anew, so that ``tidy`` in another transaction leaves it alone
        made.values(digest=digest, written=now(), body=zlib.compress(raw, 6)).on_conflict_do_update(
            index_elements=["digest"], set_={"written": made.excluded.written}
        )
    )
    return digest


def tidy(session: Session) -> int:
    """Delete texts that no file, no version and nothing kept refers to any more; return how many."""
    used: CompoundSelect[Any] = union_all(
        select(DraftFile.digest),
        select(Change.before).where(Change.before.is_not(None)),
        select(Change.after).where(Change.after.is_not(None)),
        select(Mark.digest).where(Mark.digest.is_not(None)),
    )
    gone = session.execute(
        delete(DraftText)
        .where(DraftText.written < now() - KEEP_TEXTS, DraftText.digest.not_in(used))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
