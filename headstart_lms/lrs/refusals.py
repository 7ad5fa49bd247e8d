"""What was refused lately, by client: how often, and the last sentence. Nothing of what was sent.

Kept for the operator who connects another system (docs/lrs.md, "Look at statements"). A client that sends nonsense
a hundred times a second must not slow learners down: what it did is added up here and written once in a while.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Table, delete, select
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.db import insert_into
from ..kernel.errors import LMSError
from . import head
from .models import Credential, Refusal
from .validator import InvalidStatement

#: How long a refusal is kept.
KEPT: Final = timedelta(days=7)
#: How often at most the refusals of one client are written down.
PAUSE: Final = timedelta(minutes=1)
_LENGTH: Final = 300
_HOUR: Final = timedelta(hours=1)
_QUOTED: Final = re.compile("“([^”]*)”")
_HARMLESS: Final = re.compile(r"[A-Za-z_-]{1,24}", re.ASCII)

_refusal: Table = Refusal.__table__  # type: ignore[assignment]
#: (row id of the client or 0, status) -> what is not written down yet
_Key = tuple[int, int]


@dataclass(slots=True)
class _Waiting:
    count: int = 0
    sentence: str = ""
    last: datetime | None = None
    written: datetime | None = None


_waiting: WeakKeyDictionary[Engine, dict[_Key, _Waiting]] = WeakKeyDictionary()
_guard = Lock()


def sentence_of(error: LMSError) -> str:
    """Return what was wrong without what was sent: names of properties may hold anything."""
    text = f"{error.sentence} ({error.clause})" if isinstance(error, InvalidStatement) else error.message
    shown = _QUOTED.sub(lambda found: found[0] if _HARMLESS.fullmatch(found[1]) else "“…”", text)
    return shown[:_LENGTH]


def note(engine: Engine, client: int | None, status: int, sentence: str) -> bool:
    """Count a refusal; return True when it is time to write the counts down (``write``).

    ``client`` is the row id of the credential, None for whoever showed none that is known.
    """
    at = now()
    with _guard:
        one = _waiting.setdefault(engine, {}).setdefault((client or 0, status), _Waiting())
        one.count += 1
        one.sentence, one.last = sentence, at
        return one.written is None or at - one.written >= PAUSE


def write(session: Session) -> None:
    """Write down what was counted in this process, and forget what is too old."""
    connection = session.connection()
    at = now()
    with _guard:
        counted = _waiting.get(connection.engine, {})
        rows = []
        for client, status in list(counted):
            one = counted[client, status]
            if one.count and one.last is not None:
                rows.append(
                    {"client": client, "hour": _hour(one.last), "status": status, "count": one.count,
                     "last": one.last, "sentence": one.sentence}
                )  # fmt: skip
                one.count, one.written = 0, at
            elif one.written is None or at - one.written >= PAUSE:
                del counted[client, status]  # quiet since: nothing to remember
    if not rows:
        return
    new = insert_into(connection.dialect, _refusal)
    upsert = new.on_conflict_do_update(
        index_elements=["client", "hour", "status"],
        set_={
            "count": _refusal.c.count + new.excluded.count,
            "last": new.excluded.last,
            "sentence": new.excluded.sentence,
        },
    )
    connection.execute(upsert, sorted(rows, key=lambda row: (row["client"], row["hour"], row["status"])))
    connection.execute(delete(_refusal).where(_refusal.c.hour < _hour(at - KEPT)))


def refusal_list(session: Session, within: timedelta = timedelta(days=1)) -> list[dict[str, Any]]:
    """Return what was refused lately, by client and status, the last one first; with what this process still holds."""
    since = _hour(now() - within)
    found: dict[_Key, dict[str, Any]] = {}

    def add(key: _Key, count: int, last: datetime, sentence: str) -> None:
        row = found.setdefault(key, {"count": 0, "last": last, "sentence": sentence})
        row["count"] += count
        if last >= row["last"]:
            row["last"], row["sentence"] = last, sentence

    for row in session.scalars(select(Refusal).where(Refusal.hour >= since)):
        add((row.client, row.status), row.count, row.last, row.sentence)
    with _guard:
        for key, one in _waiting.get(session.connection().engine, {}).items():
            if one.count and one.last is not None and _hour(one.last) >= since:
                add(key, one.count, one.last, one.sentence)
    ids = {client for client, _status in found}
    clients = {one.id: one for one in session.scalars(select(Credential).where(Credential.id.in_(ids)))}
    rows = [
        {"client": clients[client].name if client in clients else None,
         "key": clients[client].key if client in clients else None, "status": status, **row}
        for (client, status), row in found.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: row["last"], reverse=True)


def _hour(at: datetime) -> int:
    """Return whole hours since 1970."""
    return head.microseconds(at.astimezone(UTC)) // 1_000_000 // int(_HOUR.total_seconds())
