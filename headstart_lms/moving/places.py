"""Where an installation is moved from and to: addresses, who else is there, empty before and whole or empty after."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, inspect, make_url, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ..kernel import migrate
from ..kernel.db import Base, normal_address, set_pragmas
from ..kernel.errors import Conflict, Invalid
from ..paths import package_folder

#: PostgreSQL's SQLSTATEs.
_LOCK_NOT_AVAILABLE, _DEADLOCK = "55P03", "40P01"


def our_tables() -> list[Table]:
    """Return every table of this program, each after those it refers to."""
    for module in pkgutil.iter_modules([str(package_folder())]):
        if module.ispkg:
            try:
                importlib.import_module(f"headstart_lms.{module.name}.models")
            except ModuleNotFoundError as error:
                if not str(error.name).endswith(".models"):
                    raise
    return list(Base.metadata.sorted_tables)


# --- addresses -----------------------------------------------------------------------------------------


def address(given: str) -> URL:
    """Return the address of a database: what looks like no address is the name of an SQLite file."""
    try:
        url = make_url(normal_address(given) if "://" in given else f"sqlite:///{Path(given).resolve()}")
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise Invalid(
                f"{url.get_backend_name()} is no database this program knows: use SQLite or PostgreSQL."
            )
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise Invalid(
            "This is no address of a database. Write a file name, sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from error
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise Invalid("A database in memory cannot be moved. Name a file.")
    return url


def shown(url: URL) -> str:
    return (
        str(url.database) if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    )


def place(url: URL) -> tuple[Any, ...]:
    if url.get_backend_name() == "sqlite":
        return ("sqlite", os.path.realpath(str(url.database)))
    return (url.host or url.query.get("host") or "localhost", url.port or 5432, url.database)


def _open(url: URL, **options: Any) -> Engine:
    try:
        return create_engine(url, poolclass=NullPool, hide_parameters=True, **options)
    except ModuleNotFoundError as error:
        raise Invalid(
            "PostgreSQL needs the package psycopg: pip install 'headstart-lms[postgres]'."
        ) from error


def reason(error: SQLAlchemyError) -> str:
    """Return what the database says, without the values that were in the row."""
    original = getattr(error, "orig", None) or error
    diagnosis = getattr(getattr(original, "diag", None), "message_primary", None)
    return str(diagnosis or original).strip().split("\n")[0].rstrip(".")


# --- the source: as it is, and nobody else at it -------------------------------------------------------


@contextmanager
def source(url: URL) -> Iterator[Connection]:
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite and not Path(str(url.database)).is_file():
        raise Invalid(f"There is no file {url.database}.")
    engine = _open(url, **({"connect_args": {"timeout": 2}} if is_sqlite else {}))
    try:
        have = migrate.current(engine)
        if have is None:
            raise Invalid(f"There is no installation of Headstart LMS in {shown(url)}.")
        if have != migrate.head():
            raise Invalid(
                f"The source is at revision {have}, this program at {migrate.head()}: "
                + (
                    "run 'headstart init' there first."
                    if migrate.is_known(have)
                    else "install the newer version."
                )
            )
        with engine.connect() as connection:
            _hold(connection) if is_sqlite else _look_who_is_there(connection)
            yield connection
    except DBAPIError as error:
        raise Invalid(f"The source {shown(url)} cannot be read: {reason(error)}.") from error
    finally:
        engine.dispose()


def _hold(connection: Connection) -> None:
    """Keep an SQLite file to ourselves: a server holds it open between two requests, and is then noticed."""
    try:
        connection.exec_driver_sql("PRAGMA locking_mode=EXCLUSIVE")
        connection.exec_driver_sql("BEGIN EXCLUSIVE")
    except DBAPIError as error:
        raise Conflict(
            "The source is in use. Stop the server (and whatever else has it open) first."
        ) from error


def _look_who_is_there(connection: Connection) -> None:
    """Refuse while others are connected, and let nobody write until the end: it would be left behind."""
    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    names = ", ".join(table.name for table in our_tables())
    connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
    try:
        # before the first read: it sees what is committed behind the lock
        connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in (_LOCK_NOT_AVAILABLE, _DEADLOCK):
            raise
        raise Conflict(
            "The source is in use: somebody writes to it. Stop the server and other programs first."
        ) from error
    others = connection.scalar(
        text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
             "AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
    )  # fmt: skip
    if others:
        raise Conflict(
            f"The source is in use ({others} connections). Stop the server and other programs first."
        )


def others(connection: Connection) -> list[str]:
    known = {table.name for table in our_tables()} | {migrate.VERSION_TABLE}
    inspector = inspect(connection)
    return sorted(set(inspector.get_table_names()) - known - set(migrate.partitions_of(connection)))


# --- the target: empty before, whole or empty after ----------------------------------------------------


@contextmanager
def target(url: URL) -> Iterator[Connection]:
    """Yield a connection to a database with our empty tables; keep them only when nothing goes wrong."""
    if url.get_backend_name() == "sqlite":
        with _new_file(url) as connection:
            yield connection
        return
    engine = _open(url)
    try:
        with engine.begin() as connection:
            if connection.scalar(text("SHOW server_encoding")) != "UTF8":
                raise Invalid(
                    "The target does not hold UTF-8: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0."
                )
            _refuse_what_is_there(connection)
            migrate.upgrade_on(connection)
            yield connection
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in our_tables():
                connection.exec_driver_sql(f"ANALYZE {table.name}")
    except DBAPIError as error:
        raise Invalid(
            f"The target {shown(url)} refused it: {reason(error)}. Nothing was changed there."
        ) from error
    finally:
        engine.dispose()


def _refuse_what_is_there(connection: Connection) -> None:
    there = set(inspect(connection).get_table_names())
    full = [
        t.name for t in our_tables() if t.name in there and connection.execute(select(t).limit(1)).first()
    ]
    if full:
        raise Conflict(
            "The target is not empty: it holds an installation already. Name an empty database, for example a new one."
        )


@contextmanager
def _new_file(url: URL) -> Iterator[Connection]:
    """Fill a new SQLite file aside, and give it its name at the end."""
    wanted = Path(str(url.database))
    if wanted.exists():
        raise Conflict(f"{wanted} exists already. Name a new file.")
    if not wanted.parent.is_dir():
        raise Invalid(f"There is no folder {wanted.parent}.")
    aside = wanted.with_name(wanted.name + ".moving")
    aside.unlink(missing_ok=True)
    engine = _open(url.set(database=str(aside)))
    set_pragmas(engine)
    try:
        os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        migrate.upgrade(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA optimize")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine.dispose()
        aside.rename(wanted)
    except DBAPIError as error:
        raise Invalid(f"The file {wanted} could not be written: {reason(error)}.") from error
    finally:
        engine.dispose()
        for rest in ("", "-wal", "-shm"):
            aside.with_name(aside.name + rest).unlink(missing_ok=True)
