"""Cut the statements of an installation into monthly partitions, and put them together again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, ForeignKeyConstraint, Table, func, select, text
from sqlalchemy.orm import Session

from ..kernel.errors import Conflict, Invalid
from ..kernel.jobs import enqueue
from . import head
from .partitions import (
    BITS,
    JOB,
    TABLES,
    Partition,
    begin_of,
    each_unique,
    first_number,
    have_alone,
    is_partitioned,
    list_partitions,
    make_unique,
    month_of,
    unique_sql,
)

Advance = Callable[[int], None]
_statement: Final[Table] = TABLES[0]


@dataclass(frozen=True, slots=True)
class Plan:
    """What cutting would make: the partitions, and how many statements go into each."""

    parts: list[Partition]
    statements: list[int]
    #: What both tables take now, in bytes; the conversion needs as much free room for a while.
    size: int


def plan(session: Session, at: datetime) -> Plan:
    """Return how the statements that are here would be cut. Raises Invalid off PostgreSQL, Conflict when they are."""
    _check_can_be_cut(session)
    connection = session.connection()
    first = connection.scalar(select(func.min(_statement.c.stored)))
    last_seq, last_stored = head.last(session)
    now_month = max(month_of(at), month_of(_instant(last_stored)), last_seq >> BITS)
    month = month_of(_instant(first)) if first is not None else now_month
    parts: list[Partition] = []
    low = 0
    while month < now_month:
        after = head.microseconds(begin_of(month + 1))
        beyond = select(_statement.c.seq).where(_statement.c.stored >= after).order_by(_statement.c.stored)
        high = connection.scalar(beyond.limit(1)) or last_seq + 1
        if high > low:
            parts.append(Partition(month, low, high))
            low = high
        month += 1
    parts.append(Partition(now_month, low, first_number(now_month + 1)))
    parts.append(Partition(now_month + 1, parts[-1].high, first_number(now_month + 2)))
    counts = [
        connection.scalar(
            select(func.count()).select_from(_statement).where(_statement.c.seq >= p.low, _statement.c.seq < p.high)
        ) or 0
        for p in parts
    ]  # fmt: skip
    size = connection.scalar(
        text("SELECT pg_total_relation_size('lms_statement') + pg_total_relation_size('lms_posting')")
    )
    return Plan(parts, counts, int(size or 0))


def _check_can_be_cut(session: Session) -> None:
    if session.connection().dialect.name != "postgresql":
        raise Invalid(
            "Partitions need PostgreSQL: 'headstart move-database' takes an SQLite installation there."
        )
    if is_partitioned(session):
        raise Conflict("The statements are in monthly partitions already.")


def _instant(micros: int) -> datetime:
    return datetime.fromtimestamp(micros // 1_000_000, UTC)


def convert(session: Session, at: datetime, begin: Callable[[int], Advance]) -> Plan:
    """Cut both tables by month, in the open transaction: whoever reads or writes statements waits for its end.

    ``begin`` is told how many rows there are and returns what is called as they are moved. When it is stopped,
    nothing has changed. Raises Conflict also when somebody has been reading statements for more than ten seconds.
    """
    _check_can_be_cut(session)
    have_alone(session)
    connection = session.connection()
    made = plan(session, at)
    advance = begin(2 * sum(made.statements))
    old_statement, old_posting = (_put_aside(connection, table, partitioned=True) for table in TABLES)
    for part in made.parts:
        for table in TABLES:
            connection.exec_driver_sql(
                f"CREATE TABLE {part.name(table)} PARTITION OF {table.name} "
                f"FOR VALUES FROM ({part.low}) TO ({part.high})"
            )
    for part, count in zip(made.parts, made.statements, strict=True):
        connection.exec_driver_sql(
            f"INSERT INTO {part.name(_statement)} SELECT * FROM {old_statement} "  # noqa: S608 - our own names
            f"WHERE seq >= {part.low} AND seq < {part.high} ORDER BY seq"
        )
        advance(count)
    _copy_postings(connection, old_posting, sum(made.statements), advance)
    _finish(connection, [old_statement, old_posting])
    for part in made.parts:
        make_unique(connection, part)
    for table in TABLES:
        connection.exec_driver_sql(f"ANALYZE {table.name}")
    _join_by_month(connection, "SET enable_partitionwise_join = on")
    enqueue(session, JOB, {}, key=JOB, not_before=begin_of(made.parts[-1].month))
    return made


def _join_by_month(connection: Connection, how: str) -> None:
    """Let PostgreSQL join month with month, for our role in this database, from the next connection on.

    Two filters at once are such a join; without it each posting of the first is looked for in every month.
    """
    name = connection.dialect.identifier_preparer.quote(
        str(connection.scalar(text("SELECT current_database()")))
    )
    connection.exec_driver_sql(f"ALTER ROLE CURRENT_USER IN DATABASE {name} {how}")


def undo(session: Session, begin: Callable[[int], Advance]) -> int:
    """Put everything into one table each again, as ``convert`` does it; return the number of statements."""
    if is_partitioned(session):
        have_alone(session)
    if not is_partitioned(session):  # somebody else may have been quicker
        raise Conflict("The statements are not in partitions.")
    connection = session.connection()
    parts = list_partitions(session)
    count = connection.scalar(select(func.count()).select_from(_statement)) or 0
    advance = begin(2 * count)
    old = [_put_aside(connection, table, partitioned=False) for table in TABLES]
    for part in parts:
        where = f"WHERE seq >= {part.low} AND seq < {part.high}"
        moved = connection.exec_driver_sql(
            f"INSERT INTO lms_statement SELECT * FROM {old[0]} {where} ORDER BY seq"  # noqa: S608
        )
        advance(moved.rowcount)
    _copy_postings(connection, old[1], count, advance)
    _finish(connection, old)
    for constraint in each_unique(_statement):
        connection.exec_driver_sql(unique_sql(constraint, _statement.name, str(constraint.name)))
    for table in TABLES:
        connection.exec_driver_sql(f"ANALYZE {table.name}")
    _join_by_month(connection, "RESET enable_partitionwise_join")
    return count


def _put_aside(connection: Connection, table: Table, *, partitioned: bool) -> str:
    """Rename a table, and make an empty one without keys in its place; return the old one's name."""
    old = f"{table.name}_before"
    connection.exec_driver_sql(f"ALTER TABLE {table.name} RENAME TO {old}")
    connection.exec_driver_sql(
        f"CREATE TABLE {table.name} (LIKE {old} INCLUDING DEFAULTS INCLUDING STORAGE)"
        + (" PARTITION BY RANGE (seq)" if partitioned else "")
    )
    return old


def _copy_postings(connection: Connection, old: str, steps: int, advance: Advance) -> None:
    """Copy postings in the order of their terms, in fifty pieces."""
    last = connection.scalar(text(f"SELECT max(term_id) FROM {old}")) or 0  # noqa: S608
    step = last // 50 + 1
    done = 0
    for low in range(0, last + 1, step):
        connection.exec_driver_sql(
            f"INSERT INTO lms_posting SELECT * FROM {old} "  # noqa: S608
            f"WHERE term_id >= {low} AND term_id < {low + step} ORDER BY term_id, seq"
        )
        advance(steps // 50)
        done += steps // 50
    advance(steps - done)


def _finish(connection: Connection, old: list[str]) -> None:
    """Drop the old tables and give the new ones the keys that the models name."""
    for name in old:
        connection.exec_driver_sql(f"DROP TABLE {name}")
    for table in TABLES:
        key = table.primary_key
        columns = ", ".join(column.name for column in key.columns)
        connection.exec_driver_sql(
            f"ALTER TABLE {table.name} ADD CONSTRAINT {key.name} PRIMARY KEY ({columns})"
        )
        for constraint in table.constraints:
            if isinstance(constraint, ForeignKeyConstraint):
                (element,) = constraint.elements
                connection.exec_driver_sql(
                    f"ALTER TABLE {table.name} ADD CONSTRAINT {constraint.name} FOREIGN KEY "
                    f"({element.parent.name}) REFERENCES {element.column.table.name} ({element.column.name})"
                )
        for index in table.indexes:
            index.create(connection)
