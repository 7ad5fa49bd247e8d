"""Monthly partitions of the statements and their postings, on PostgreSQL, for installations that ask for them.

Both tables are cut by ``seq``, which every query has; what the months of an installation's past are cut at is where
they began. From then on each month has its own 2^40 numbers, and at the turn of the month the counter jumps to the
first of them (docs/decisions/0006-partitions.md). A month whose partition is late loses nothing: its statements go
on in the one before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, UniqueConstraint, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from ..kernel.errors import Conflict
from ..kernel.jobs import enqueue
from . import head
from .models import Head, Posting, Statement

#: The job that makes the partition of the month that begins.
JOB: Final = "lrs.partition"
#: So many numbers belong to each month (2^40): more than are ever used, and 2^53 lasts until the year 2652.
BITS: Final = 40

#: How long a purge or a conversion waits for those who read.
PATIENCE = "10s"
#: PostgreSQL's SQLSTATEs: lock_not_available, deadlock_detected.
_IN_THE_WAY: Final = ("55P03", "40P01")

_statement: Table = Statement.__table__  # type: ignore[assignment]
_posting: Table = Posting.__table__  # type: ignore[assignment]
#: The tables that are cut, in the order they are locked.
TABLES: Final = (_statement, _posting)


@dataclass(frozen=True, slots=True)
class Partition:
    """The statements of one month: ``low`` <= seq < ``high``. ``month`` counts from January 1970."""

    month: int
    low: int
    high: int

    @property
    def label(self) -> str:
        return f"{1970 + self.month // 12:04}-{self.month % 12 + 1:02}"

    def name(self, table: Table) -> str:
        return f"{table.name}_m{self.label.replace('-', '_')}"


def month_of(at: datetime) -> int:
    return (at.year - 1970) * 12 + at.month - 1


def begin_of(month: int) -> datetime:
    """Return the first instant of a month."""
    return datetime(1970 + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def first_number(month: int) -> int:
    """Return the first ``seq`` that belongs to a month."""
    return month << BITS


def is_partitioned(session: Session) -> bool:
    """Tell whether the statements are in partitions; never on SQLite."""
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        return False
    kind = connection.scalar(text("SELECT relkind FROM pg_class WHERE oid = to_regclass('lms_statement')"))
    return kind in ("p", b"p")


_LIST = text(
    "SELECT child.relname, pg_get_expr(child.relpartbound, child.oid) FROM pg_inherits "
    "JOIN pg_class child ON child.oid = inhrelid WHERE inhparent = to_regclass('lms_statement')"
)


def list_partitions(session: Session) -> list[Partition]:
    """Return the partitions there are, oldest first."""
    found = []
    for name, bounds in session.connection().execute(_LIST):
        year, month = name.rsplit("_m", 1)[1].split("_")
        low, high = (int(number) for number in re.findall(r"\d+", bounds))
        found.append(Partition((int(year) - 1970) * 12 + int(month) - 1, low, high))
    return sorted(found, key=lambda partition: partition.low)


def each_unique(table: Table) -> list[UniqueConstraint]:
    """Return what is unique in each partition only."""
    found = [
        c for c in table.constraints if isinstance(c, UniqueConstraint) and c.info.get("in_each_partition")
    ]
    return sorted(found, key=lambda constraint: str(constraint.name))


def unique_sql(constraint: UniqueConstraint, table: str, name: str) -> str:
    columns = ", ".join(column.name for column in constraint.columns)
    return f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE ({columns})"


def make_unique(connection: Connection, part: Partition) -> None:
    name = part.name(_statement)
    for constraint in each_unique(_statement):
        own = str(constraint.name).replace(_statement.name, name)
        connection.exec_driver_sql(unique_sql(constraint, name, own))


# --- the turn of the month -----------------------------------------------------------------------------


def ensure(session: Session, at: datetime) -> list[Partition]:
    """Make the partitions of this month and the next, and let numbers go on in this month's; return the new ones.

    Nobody who reads is held up: the new ones are made aside and attached.
    """
    head.advance(session, 0)
    if not is_partitioned(session):
        return []
    there = list_partitions(session)
    seq = head.last(session)[0]
    month = max(month_of(at), seq >> BITS)
    made = []
    for number in (month, month + 1):
        low, high = first_number(number), first_number(number + 1)
        if any(part.low < high and low < part.high for part in there):
            continue
        made.append(Partition(number, low, high))
        _attach(session.connection(), made[-1])
    if any(part.low == first_number(month) for part in [*there, *made]) and seq < first_number(month) - 1:
        session.connection().execute(update(Head).where(Head.id == 1).values(seq=first_number(month) - 1))
    enqueue(session, JOB, {}, key=JOB, not_before=begin_of(month + 1))
    return made


def _attach(connection: Connection, part: Partition, source: dict[str, str] | None = None) -> None:
    """Attach a month: empty tables, or those named by ``source``."""
    for table in TABLES:
        name = part.name(table)
        if source is None:
            connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE {table.name} INCLUDING DEFAULTS)")
        else:
            connection.exec_driver_sql(f"ALTER TABLE {source[table.name]} RENAME TO {name}")
        connection.exec_driver_sql(
            f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ({part.low}) TO ({part.high})"
        )
    make_unique(connection, part)


# --- the end of a month ----------------------------------------------------------------------------------


def old_partitions(session: Session, before: datetime) -> list[Partition]:
    """Return the partitions whose newest statement was stored before an instant; never the one being written."""
    seq = head.last(session)[0]
    found = []
    for part in list_partitions(session):
        if part.low <= seq + 1 < part.high or part.low > seq:
            continue
        newest = session.connection().scalar(text(f"SELECT max(stored) FROM {part.name(_statement)}"))  # noqa: S608
        if newest is None or newest < head.microseconds(before):
            found.append(part)
    return found


def have_alone(session: Session) -> None:
    """Keep everybody out of statements and postings until the commit.

    The tables first, then the order, as all writers do (head.lock). Raises Conflict when somebody has been reading
    statements for too long: everybody else would wait behind us.
    """
    with _giving_up():
        connection = session.connection()
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        names = ", ".join(table.name for table in TABLES)
        connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE")
        head.advance(session, 0)


@contextmanager
def _giving_up() -> Iterator[None]:
    """Raise Conflict for a lock that is not to be had."""
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") not in _IN_THE_WAY:
            raise
        raise Conflict(
            "Somebody is reading statements for long (an export, a dump). Try again when that is over."
        ) from error


def detach(connection: Connection, part: Partition) -> None:
    """Take a month out of the tables, and delete it; behind ``have_alone``."""
    with _giving_up():
        for table in TABLES:
            connection.exec_driver_sql(f"DROP TABLE {part.name(table)}")


def replace(connection: Connection, part: Partition, keep: Any) -> None:
    """Keep only those statements of a month, and their postings, that the query ``keep`` (of seqs) names."""
    aside = {}
    for table in TABLES:
        aside[table.name] = f"{part.name(table)}_kept"
        connection.exec_driver_sql(f"CREATE TABLE {aside[table.name]} (LIKE {table.name} INCLUDING DEFAULTS)")
        connection.exec_driver_sql(
            f"INSERT INTO {aside[table.name]} SELECT * FROM {part.name(table)} WHERE seq IN ({keep}) "  # noqa: S608
            f"ORDER BY {', '.join(column.name for column in table.primary_key.columns)}"
        )
    detach(connection, part)
    _attach(connection, part, aside)
