"""The order of statements: numbers, the lock on them, and how far a reader can rely on it."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Table, bindparam, case, event, select, text, update
from sqlalchemy.orm import Session, SessionTransaction

from ..kernel.clock import now
from ..kernel.db import insert_into
from . import postings
from .models import Head

_head: Table = Head.__table__  # type: ignore[assignment]

#: Any number of our own: the advisory lock on PostgreSQL that says "a writer is under way".
_WRITING = 0x6865_6164
_SAY_WRITING = text(f"SELECT pg_advisory_xact_lock_shared({_WRITING})")
_IS_QUIET = text(f"SELECT CASE WHEN pg_try_advisory_lock({_WRITING}) THEN pg_advisory_unlock({_WRITING}) END")

#: Writers of this process whose transaction is open, for SQLite, which one process writes (DESIGN 2).
_open: WeakKeyDictionary[Session, str] = WeakKeyDictionary()
_guard = Lock()


@event.listens_for(Session, "after_transaction_end")
def _close(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        with _guard:
            _open.pop(session, None)


def microseconds(at: datetime) -> int:
    """Return an instant as whole microseconds since 1970."""
    delta = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def instant(micros: int) -> str:
    """Write microseconds since 1970 as RFC 3339 in UTC."""
    at = datetime.fromtimestamp(micros // 1_000_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{micros % 1_000_000:06d}Z"


_ADVANCE = (
    update(_head)
    .where(_head.c.id == 1)
    .values(
        seq=_head.c.seq + bindparam("count"),
        stored=case((_head.c.stored >= bindparam("at"), _head.c.stored), else_=bindparam("at"))
        + bindparam("count"),
    )
    .returning(_head.c.seq, _head.c.stored, _head.c.targets)
)
_LAST = select(_head.c.seq, _head.c.stored).where(_head.c.id == 1)


class Taken(NamedTuple):
    """The last ``seq`` and ``stored`` (microseconds) taken, and how many targets get statements."""

    seq: int
    stored: int
    targets: int


def advance(session: Session, count: int) -> Taken:
    """Take the next ``count`` numbers, and the lock on them until the commit.

    The row's lock makes the order of numbers the order of commits; ``stored`` grows with ``seq`` also when
    the clock goes back.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_SAY_WRITING)
    else:
        with _guard:
            _open[session] = str(connection.engine.url)
    values = {"count": count, "at": microseconds(now())}
    row = connection.execute(_ADVANCE, values).first()
    if row is None:
        first = insert_into(connection.dialect, _head).values(id=1, seq=0, stored=0, targets=0)
        connection.execute(first.on_conflict_do_nothing())
        row = connection.execute(_ADVANCE, values).one()
    postings.expect_seq(session, row.seq - count, row.seq)
    return Taken(row.seq, row.stored, row.targets)


def count_targets(session: Session, count: int) -> None:
    """Write down how many targets get statements."""
    advance(session, 0)
    session.connection().execute(update(_head).values(targets=count))


def last(session: Session) -> tuple[int, int]:
    """Return the last ``seq`` and ``stored`` that are committed."""
    row = session.connection().execute(_LAST).first()
    return (row.seq, row.stored) if row else (0, 0)


def consistent_through(session: Session) -> tuple[int, int]:
    """Return the instant (microseconds) up to which every stored statement can be read, and the last seq.

    Ask it before the query it is told with. It is the present while nobody writes, else the last commit.
    """
    connection = session.connection()
    at = microseconds(now())
    if connection.dialect.name == "postgresql":
        quiet = connection.execute(_IS_QUIET).scalar()
    else:
        with _guard:
            quiet = str(connection.engine.url) not in _open.values()
    seq, stored = last(session)
    return (max(at, stored) if quiet else stored), seq
