"""Hand SQL straight to the driver: several statements in one round trip, none compiled on the way.

For the few statements that every write and every page of the record store needs: there SQLAlchemy's compiling
and the trips to PostgreSQL cost more than the database's own work. Everything else uses SQLAlchemy. SQL is
written once, for both databases: ``:name`` is a number, ``{name}`` a list (``id {ids}`` becomes ``id IN (...)``
or ``id = ANY(...)``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

Kind = Literal["bigint", "smallint", "boolean", "uuid", "bytea", "text"]
Row = tuple[Any, ...]

#: SQLite takes 32,766 values in one statement.
_CHUNK: Final = 4_096
_VALUE = re.compile(r"(?<![:\w]):([a-z]\w*)")
_OURS = re.compile(r"%\((\w+)\)[bs]")
_LIST = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Many:
    """A list of values of one kind."""

    kind: Kind
    values: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with its values; of lists at most one may be long."""

    sql: str
    values: Mapping[str, int] = field(default_factory=dict)
    lists: Mapping[str, Many] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Insert:
    """Rows for a table."""

    table: str
    columns: Mapping[str, Kind]
    rows: Sequence[Row]
    ignore_known: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """Rows (key, value) of one column of a table, found by its key ``id``."""

    table: str
    column: str
    kind: Kind
    rows: Sequence[tuple[int, Any]]


Step = Query | Insert | Update


def ask(connection: Connection, *queries: Query) -> list[list[Row]]:
    """Run queries one after another, in one round trip; return the rows of each.

    Their values are numbers, their lists anything but text. Each query sees what the one before did and, on
    PostgreSQL, what was committed until its own turn came.
    """
    driver: Any = connection.connection.driver_connection
    try:
        if connection.dialect.name == "postgresql":
            return (
                _ask_postgresql(driver, queries) if _is_ours(connection) else _ask_other(connection, queries)
            )
        return [_ask_sqlite(driver, query) for query in queries]
    except Exception as error:
        _raise_wrapped(connection, error)
        raise


def write(connection: Connection, *steps: Insert | Update | Query) -> None:
    """Write rows in one round trip; no step may rely on what another one of them does.

    A query among them has no lists.
    """
    driver: Any = connection.connection.driver_connection
    try:
        if connection.dialect.name == "postgresql":
            sql, values = _one_statement(steps)
            if _is_ours(connection):
                driver.execute(sql, values)
            else:
                connection.execute(text(_OURS.sub(r":\1", sql)), values)
            return
        for step in steps:
            _write_sqlite(driver, step)
    except Exception as error:
        _raise_wrapped(connection, error)
        raise


def _raise_wrapped(connection: Connection, error: Exception) -> None:
    """Raise what SQLAlchemy would have raised; take a connection that broke out of the pool."""
    dialect = connection.dialect
    known = dialect.loaded_dbapi.Error
    if not isinstance(error, known):
        return
    is_gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    wrapped = DBAPIError.instance(
        None, None, error, known, hide_parameters=True, connection_invalidated=is_gone, dialect=dialect
    )
    if is_gone:
        connection.invalidate(error)
    raise wrapped from error


def _is_ours(connection: Connection) -> bool:
    """Say whether the driver is psycopg 3; the application of a host may have another one."""
    return connection.dialect.driver == "psycopg"


# --- PostgreSQL -----------------------------------------------------------------------------------


def _ask_postgresql(driver: Any, queries: Sequence[Query]) -> list[list[Row]]:
    """Send the queries as one text with the values in it: the simple protocol takes several at once.

    A pipeline would do, but costs the driver five times as much. A lone query gets its answer in binary.
    """
    if len(queries) == 1:
        cursor = driver.cursor(binary=True).execute(_with_values(queries[0]))
        return [cursor.fetchall() if cursor.description else []]
    cursor = driver.execute("; ".join(map(_with_values, queries)))
    found = []
    for _ in queries:
        found.append(cursor.fetchall() if cursor.description else [])
        cursor.nextset()
    return found


def _ask_other(connection: Connection, queries: Sequence[Query]) -> list[list[Row]]:
    results = [connection.execute(text(_with_values(query))) for query in queries]
    return [[tuple(row) for row in result] if result.returns_rows else [] for result in results]


def _with_values(query: Query) -> str:
    def value(found: re.Match[str]) -> str:
        return str(int(query.values[found[1]]))

    def values(found: re.Match[str]) -> str:
        many = query.lists[found[1]]
        return f"= ANY('{_array(many.kind, many.values)}'::{many.kind}[])"

    return _LIST.sub(values, _VALUE.sub(value, query.sql))


def _one_statement(steps: Sequence[Step]) -> tuple[str, dict[str, Any]]:
    """Return one statement for all: WITH one AS (INSERT ...), two AS (UPDATE ...) INSERT ..."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    for number, step in enumerate(steps):
        sql, given = _for_postgresql(step, f"v{number}_")
        parts.append(sql)
        values |= given
    before = ", ".join(f"w{number} AS ({part})" for number, part in enumerate(parts[:-1]))
    return f"WITH {before} {parts[-1]}" if before else parts[-1], values


def _for_postgresql(step: Step, prefix: str) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any]
    if isinstance(step, Query):  # the driver remembers how it read a text: so numbers stay out of it
        values = dict(step.values)
        sql = _VALUE.sub(rf"%({prefix}\1)s", step.sql)
    elif isinstance(step, Update):
        ids, new = zip(*step.rows, strict=True)
        values = {"ids": _array("bigint", ids), "new": _array(step.kind, new)}
        sql = _update_for_postgresql(step.table, step.column, step.kind, prefix)
    else:
        values = {}
        for (name, kind), column in zip(step.columns.items(), zip(*step.rows, strict=True), strict=True):
            if kind == "bytea":
                values |= _joined(name, column)
            else:
                values[name] = _array(kind, column)
        sql = _insert_for_postgresql(step.table, tuple(step.columns.items()), step.ignore_known, prefix)
    return sql, {prefix + name: value for name, value in values.items()}


def _array(kind: Kind, values: Sequence[Any]) -> str:
    """Write a list as PostgreSQL reads it; the driver's way through each element costs more than the query."""
    match kind:
        case "bytea":
            texts: Iterable[str] = ("NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values)
        case "text":
            texts = ('"{}"'.format(value.replace("\\", "\\\\").replace('"', '\\"')) for value in values)
        case "uuid":
            texts = (value.hex for value in values)
        case "boolean":
            texts = ("t" if value else "f" for value in values)
        case _:
            texts = (str(int(value)) for value in values)
    return f"{{{','.join(texts)}}}"


def _joined(name: str, column: Sequence[bytes | None]) -> dict[str, Any]:
    """Send long values in one piece, with where each begins: not a byte is rewritten on the way."""
    begins, at = [], 1
    for value in column:
        begins.append("NULL" if value is None else str(at))
        at += len(value or b"")
    return {
        name: b"".join(value for value in column if value is not None),
        f"{name}_at": f"{{{','.join(begins)}}}",
        f"{name}_length": _array("bigint", [len(value or b"") for value in column]),
    }


@lru_cache
def _insert_for_postgresql(
    table: str, columns: tuple[tuple[str, Kind], ...], ignore_known: bool, prefix: str
) -> str:
    lists: dict[str, Kind] = {}
    taken = []
    for name, kind in columns:
        if kind == "bytea":
            lists |= {f"{name}_at": "bigint", f"{name}_length": "bigint"}
            begin, length = f"CAST({name}_at AS integer)", f"CAST({name}_length AS integer)"
            taken.append(f"substring(CAST(%({prefix}{name})b AS bytea) FROM {begin} FOR {length})")
        else:
            lists[name] = kind
            taken.append(name)
    arrays = ", ".join(f"CAST(%({prefix}{name})s AS {kind}[])" for name, kind in lists.items())
    return (
        f"INSERT INTO {table} ({', '.join(name for name, _ in columns)}) "  # noqa: S608 - our own names
        f"SELECT {', '.join(taken)} FROM unnest({arrays}) AS new({', '.join(lists)})"
        + (" ON CONFLICT DO NOTHING" if ignore_known else "")
    )


@lru_cache
def _update_for_postgresql(table: str, column: str, kind: Kind, prefix: str) -> str:
    return (
        f"UPDATE {table} SET {column} = new.value "  # noqa: S608 - our own names
        f"FROM unnest(CAST(%({prefix}ids)s AS bigint[]), CAST(%({prefix}new)s AS {kind}[])) AS new(id, value) "
        f"WHERE {table}.id = new.id"
    )


# --- SQLite ---------------------------------------------------------------------------------------


def _ask_sqlite(driver: Any, query: Query) -> list[Row]:
    cursor = driver.cursor()
    rows: list[Row] = []
    for lists in _parts(query.lists):
        sizes = tuple((name, len(given)) for name, given in lists.items())
        values: dict[str, Any] = dict(query.values)
        for name, given in lists.items():
            values.update((f"{name}{number}", _plain(value)) for number, value in enumerate(given))
        cursor.execute(_query_for_sqlite(query.sql, sizes), values)
        if cursor.description:
            rows += cursor.fetchall()
    return rows


def _write_sqlite(driver: Any, step: Step) -> None:
    if isinstance(step, Query):
        _ask_sqlite(driver, step)
        return
    cursor = driver.cursor()
    if isinstance(step, Update):
        sql = f"UPDATE {step.table} SET {step.column} = ? WHERE id = ?"  # noqa: S608 - our own names
        cursor.executemany(sql, [(new, id_) for id_, new in step.rows])
        return
    names, marks = ", ".join(step.columns), ", ".join("?" * len(step.columns))
    ignore = "OR IGNORE " if step.ignore_known else ""
    sql = f"INSERT {ignore}INTO {step.table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
    has_uuid = "uuid" in step.columns.values()
    cursor.executemany(sql, [tuple(map(_plain, row)) for row in step.rows] if has_uuid else step.rows)


def _parts(lists: Mapping[str, Many]) -> list[dict[str, list[Any]]]:
    """Return lists short enough for one statement; a statement that has a long one is run several times."""
    whole = {name: list(many.values) for name, many in lists.items()}
    longest = max(whole, key=lambda name: len(whole[name]), default="")
    values = whole.get(longest, [])
    parts = [{**whole, longest: values[at : at + _CHUNK]} for at in range(0, len(values), _CHUNK)] or [whole]
    return [{name: _padded(values) for name, values in part.items()} for part in parts]


def _padded(values: list[Any]) -> list[Any]:
    """Repeat the last value up to a power of two: then there are a dozen texts to prepare, not thousands."""
    return values + values[-1:] * ((1 << (len(values) - 1).bit_length()) - len(values)) if values else values


def _plain(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else value


@lru_cache
def _query_for_sqlite(sql: str, sizes: tuple[tuple[str, int], ...]) -> str:
    numbers = dict(sizes)

    def marks(found: re.Match[str]) -> str:
        return f"IN ({', '.join(f':{found[1]}{number}' for number in range(numbers[found[1]]))})"

    return _LIST.sub(marks, sql)
