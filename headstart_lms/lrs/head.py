"""The order of statements: numbers, the lock on them, and how far a reader can rely on it."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Table, event, insert, update
from sqlalchemy.orm import Session, SessionTransaction

from ..kernel.clock import now
from .models import Head
from .wire import Query, Row, ask, write

_head: Table = Head.__table__  # type: ignore[assignment]

#: Any number of our own: the advisory lock on PostgreSQL that writers hold until their commit.
_ORDER = 0x6865_6164
_LOCK = Query(f"SELECT pg_advisory_xact_lock({_ORDER})")
_IS_QUIET = Query(
    f"SELECT CASE WHEN pg_try_advisory_lock_shared({_ORDER}) THEN pg_advisory_unlock_shared({_ORDER}) END"
)
_HEAD = Query("SELECT seq, stored, targets FROM lms_statement_head WHERE id = 1")

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


class Taken(NamedTuple):
    """The last ``seq`` and ``stored`` (microseconds) taken, and how many targets get statements."""

    seq: int
    stored: int
    targets: int

    def next(self, count: int) -> Taken:
        """Return the numbers after ``count`` more statements; ``stored`` grows also when the clock goes back.

        Call it behind the lock: a reader who was told "complete up to now" before relies on the clock.
        """
        return self._replace(
            seq=self.seq + count,
            stored=max(self.stored, microseconds(now())) + count if count else self.stored,
        )

    @property
    def written(self) -> Query:
        """The step that writes these numbers down."""
        values = {"seq": self.seq, "stored": self.stored}
        return Query("UPDATE lms_statement_head SET seq = :seq, stored = :stored WHERE id = 1", values)


def lock(session: Session, *queries: Query) -> tuple[Taken, list[list[Row]]]:
    """Take the lock of writers until the commit; return the last numbers taken and the rows of ``queries``.

    The lock makes the order of numbers the order of commits. ``queries`` run behind it, in the same round trip.
    """
    connection = session.connection()
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        # the lock is a statement of its own: what is asked next must see what its last holder did
        rows = ask(connection, _LOCK, _HEAD, *queries)[1:]
    else:
        with _guard:
            _open[session] = str(connection.engine.url)
        rows = ask(connection, _HEAD, *queries)
    if not rows[0]:
        connection.execute(insert(_head).values(id=1, seq=0, stored=0, targets=0))
        return Taken(0, 0, 0), rows[1:]
    return Taken(*rows[0][0]), rows[1:]


def advance(session: Session, count: int) -> Taken:
    """Take the lock of writers and the next ``count`` numbers; return the last of them."""
    taken, _ = lock(session)
    if count:
        taken = taken.next(count)
        write(session.connection(), taken.written)
    return taken


def count_targets(session: Session, count: int) -> None:
    """Write down how many targets get statements."""
    advance(session, 0)
    session.connection().execute(update(_head).values(targets=count))


def last(session: Session) -> tuple[int, int]:
    """Return the last ``seq`` and ``stored`` that are committed."""
    return _last(ask(session.connection(), _HEAD)[0])


def _last(rows: list[Row]) -> tuple[int, int]:
    return (rows[0][0], rows[0][1]) if rows else (0, 0)


def consistent_through(session: Session) -> tuple[int, int]:
    """Return the instant (microseconds) up to which every stored statement can be read, and the last seq.

    Ask it before the query it is told with. It is the present while nobody writes, else the last commit.
    """
    connection = session.connection()
    at = microseconds(now())
    if connection.dialect.name == "postgresql":
        # two statements, not one: what commits between them must be seen by the second
        answer, found = ask(connection, _IS_QUIET, _HEAD)
        quiet = answer[0][0]
    else:
        with _guard:
            quiet = str(connection.engine.url) not in _open.values()
        found = ask(connection, _HEAD)[0]
    seq, stored = _last(found)
    return (max(at, stored) if quiet else stored), seq
