"""The order of statements: numbers, the lock on them, and how far a reader can rely on it."""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Table, event, insert, update
from sqlalchemy.orm import Session, SessionTransaction

from ..kernel.clock import is_frozen, now
from ..kernel.db import is_written_elsewhere
from .models import Head
from .wire import Query, Row, ask, write

_head: Table = Head.__table__  # type: ignore[assignment]

#: Any number of our own: the advisory lock on PostgreSQL that writers hold until their commit.
_ORDER = 0x6865_6164
_LOCK = Query(f"SELECT pg_advisory_xact_lock({_ORDER})")
#: Everybody takes the lock of the tables first, then that of the order: whoever wants both whole (``partitions``)
#: would else wait for a writer who waits for her.
_TABLES = Query("LOCK TABLE ONLY lms_statement, ONLY lms_posting IN ROW EXCLUSIVE MODE")
_IS_QUIET = Query(
    f"SELECT CASE WHEN pg_try_advisory_lock_shared({_ORDER}) THEN pg_advisory_unlock_shared({_ORDER}) END"
)
_HEAD = Query("SELECT seq, stored, targets FROM lms_statement_head WHERE id = 1")
#: The processes of an installation may stand on several machines: PostgreSQL's clock is the one for all of them.
_CLOCK = Query("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)")

#: Writers of this process whose transaction is open, for SQLite.
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
    """The last ``seq`` and ``stored`` (microseconds) taken, how many targets get statements, and the present.

    ``at`` is read behind the lock: a reader who was told "complete up to now" before relies on it.
    """

    seq: int
    stored: int
    targets: int
    at: int

    def next(self, count: int) -> Taken:
        """Return the numbers after ``count`` more statements; ``stored`` grows also when the clock goes back."""
        return self._replace(
            seq=self.seq + count,
            stored=max(self.stored, self.at) + count if count else self.stored,
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
        _, _, clock, *rows = ask(connection, _TABLES, _LOCK, _CLOCK, _HEAD, *queries)
        at = _present(clock)
    else:
        with _guard:
            _open[session] = str(connection.engine.url)
        rows = ask(connection, _HEAD, *queries)
        at = _present([])
    if not rows[0]:
        connection.execute(insert(_head).values(id=1, seq=0, stored=0, targets=0))
        return Taken(0, 0, 0, at), rows[1:]
    seq, stored, targets = rows[0][0]
    return Taken(seq, stored, targets, at), rows[1:]


def _present(clock: list[Row]) -> int:
    """Return the present by the database's clock; by ours where it has none, or a test holds ours."""
    return clock[0][0] if clock and not is_frozen() else microseconds(now())


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
    if connection.dialect.name == "postgresql":
        # statements of their own: what commits between them must be seen by the last
        clock, answer, found = ask(connection, _CLOCK, _IS_QUIET, _HEAD)
        at = _present(clock)
        quiet = answer[0][0]
    else:
        at = _present([])
        quiet = not is_written_elsewhere(connection.engine)
        with _guard:
            quiet = quiet and str(connection.engine.url) not in _open.values()
        found = ask(connection, _HEAD)[0]
    seq, stored = _last(found)
    return (max(at, stored) if quiet else stored), seq
