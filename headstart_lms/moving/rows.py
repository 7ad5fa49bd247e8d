"""Rows on their way: read in the order of the primary key, written in chunks, read back and compared.

JSON travels as the text it is stored as, never parsed; everything else by its type.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    cast,
    func,
    insert,
    select,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError

from ..kernel.errors import Conflict, Invalid
from .places import reason

#: A chunk ends after so many rows or bytes, whichever comes first: the memory a move takes does not grow.
ROWS, BYTES = 2_000, 8_000_000
#: Rows fetched at once; fewer where one of them may hold megabytes.
_FETCH, _FETCH_LARGE = 1_000, 50

Advance = Callable[[int], None]
Row = tuple[Any, ...]


def count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _rows(connection: Connection, table: Table) -> Iterator[Row]:
    """Yield the rows of a table in the order of its primary key: the same on both databases."""
    is_postgresql = connection.dialect.name == "postgresql"
    columns: list[Any] = []
    for column in table.columns:
        is_json = isinstance(column.type, JSON)
        columns.append(
            column if not is_json else cast(column, Text) if is_postgresql else type_coerce(column, Text)
        )
    order = [
        column.collate("C") if is_postgresql and isinstance(column.type, String) else column
        for column in table.primary_key.columns
    ]
    is_large = any(isinstance(c.type, LargeBinary) and c.type.length is None for c in table.columns)
    query = select(*columns).order_by(*order)
    with connection.execute(query.execution_options(yield_per=_FETCH_LARGE if is_large else _FETCH)) as found:
        yield from map(tuple, found)


def _chunks(table: Table, rows: Iterator[Row]) -> Iterator[list[Row]]:
    long = [n for n, c in enumerate(table.columns) if isinstance(c.type, LargeBinary | JSON | Text)]
    chunk: list[Row] = []
    size = 0
    for row in rows:
        chunk.append(row)
        for number in long:
            size += len(row[number] or b"")
        if len(chunk) >= ROWS or size >= BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _digest(rows: Sequence[Row]) -> bytes:
    return hashlib.sha256(repr(list(rows)).encode("utf-8", "surrogatepass")).digest()


def copy(reading: Connection, writing: Connection, table: Table, advance: Advance) -> list[tuple[int, bytes]]:
    """Copy a table; return (rows, digest) of each chunk."""
    done = []
    for chunk in _chunks(table, _rows(reading, table)):
        try:
            _write(writing, table, chunk)
        except DBAPIError as error:
            raise Invalid(
                f"A row of {table.name} does not fit into the target: {reason(error)}. Nothing was changed there."
            ) from error
        done.append((len(chunk), _digest(chunk)))
        advance(len(chunk))
    return done


def _write(connection: Connection, table: Table, rows: list[Row]) -> None:
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        try:
            with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
        except _driver_errors(connection) as error:
            raise DBAPIError(f"COPY {table.name}", None, error) from error
        return
    carrier = _carrier(table)
    connection.execute(insert(carrier), [dict(zip(carrier.columns.keys(), row, strict=True)) for row in rows])


def _driver_errors(connection: Connection) -> Any:
    return connection.dialect.loaded_dbapi.Error


def _carrier(table: Table) -> Table:
    """Return a table that takes JSON as the text it was read as."""
    columns = [Column(c.name, Text() if isinstance(c.type, JSON) else c.type) for c in table.columns]
    return Table(table.name, MetaData(), *columns)


def compare(
    connection: Connection, table: Table, chunks: Sequence[tuple[int, bytes]], advance: Advance
) -> None:
    """Read a table back and compare it with what was read from the source. Raises Conflict at a difference."""
    rows = _rows(connection, table)
    for count, digest in chunks:
        found = [row for _number, row in zip(range(count), rows, strict=False)]
        if _digest(found) != digest:
            raise Conflict(
                f"{table.name} is not the same in the target as in the source. Nothing was kept there."
            )
        advance(count)
    if next(rows, None) is not None:
        raise Conflict(
            f"{table.name} has more rows in the target than in the source. Nothing was kept there."
        )


def number_on(connection: Connection, tables: Sequence[Table]) -> None:
    """Let new rows get numbers after those that were moved. (SQLite counts on by itself.)"""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        column = table.autoincrement_column
        if column is None:
            continue
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
        last = connection.scalar(select(func.max(column)))
        if sequence is not None and last is not None:
            connection.execute(select(func.setval(sequence, last)))
