"""Statements as Parquet files by month, with pseudonyms made for whoever gets them.

Statements are read in pieces and written to a temporary file a month, which DuckDB turns into Parquet: memory does not
grow with their number. A file that has its name is whole; running again adds what was stored since (docs/analytics.md).
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Table, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.errors import Conflict, Invalid
from . import head
from .analytics import COLUMNS, PAYLOAD, columns_of, instant
from .models import Statement

T = TypeVar("T")

FORMAT: Final = "headstart-statements/1"
#: Statements read at once, and the most in one file.
_STEP: Final = 500
_LARGEST: Final = 2_000_000
_NULL: Final = "\\N"

_statement: Table = Statement.__table__  # type: ignore[assignment]
_PART = re.compile(r"(\d{16})-(\d{16})\.parquet")


class Macs(Protocol):
    """The installation's keyring."""

    def mac(self, purpose: str, *parts: bytes) -> bytes: ...


@dataclass
class Exported:
    """What one run wrote."""

    folder: str
    statements: int = 0
    files: list[str] = field(default_factory=list)
    #: The last number that the folder holds, over all runs; 0 when it holds nothing.
    last: int = 0
    #: Everything up to this number and instant (RFC 3339, UTC) is in it; a replica may be behind.
    complete_to: int = 0
    complete_until: str = ""


def export(
    session: Session,
    folder: Path,
    *,
    keyring: Macs,
    iri_base: str,
    recipient: str,
    since: datetime | None = None,
    with_payload: bool = False,
    begin: Callable[[int], Callable[[int], None]] = lambda steps: lambda n: None,
    instead: Callable[[DBAPIError], Session] | None = None,
) -> Exported:
    """Write what was stored since the last run into a folder; the first run takes everything, or all ``since``.

    ``recipient`` is whom the pseudonyms are made for. Raises Invalid without DuckDB or for a folder that is none,
    Conflict for a folder that holds another export. Reads end at what is committed when it begins. ``instead`` gives
    another session to go on with when this one fails: a replica cancels what takes too long.
    """
    _find_duckdb()
    secret = _Pseudonyms(keyring, recipient)
    _agree(folder, recipient, secret.mark, with_payload)
    done = Exported(str(folder), last=_last(folder))
    reader = _Reader(session, instead)
    upper, until = reader.ask(head.last)
    done.complete_to, done.complete_until = upper, head.instant(until)
    after = done.last
    if since is not None:
        first = select(func.min(_statement.c.seq)).where(_statement.c.stored >= head.microseconds(since))
        after = max(after, (reader.ask(lambda asked: asked.scalar(first)) or upper + 1) - 1)
    count = (
        select(func.count())
        .select_from(_statement)
        .where(_statement.c.seq > after, _statement.c.seq <= upper)
    )
    advance = begin(reader.ask(lambda asked: asked.scalar(count)) or 0)
    part: _Part | None = None
    try:
        for row in _rows(reader, after, upper):
            month = head.instant(row.stored)[:7]
            if part is not None and (part.month != month or part.count >= _LARGEST):
                done.files.append(part.finish())
                part = None
            if part is None:
                part = _Part(folder, month, with_payload)
            part.write(row, columns_of(json.loads(row.payload), iri_base, secret.of))
            done.statements += 1
            done.last = row.seq
            advance(1)
        if part is not None:
            done.files.append(part.finish())
            part = None
    finally:
        if part is not None:
            part.discard()
    return done


class _Reader:
    """Reads in short steps; a step that fails is done again elsewhere, and so are all after it."""

    def __init__(self, session: Session, instead: Callable[[DBAPIError], Session] | None) -> None:
        self._session, self._instead = session, instead

    def ask(self, read: Callable[[Session], T]) -> T:
        try:
            return self._step(read)
        except DBAPIError as error:
            if self._instead is None:
                raise
            self._session, self._instead = self._instead(error), None
        return self._step(read)

    def _step(self, read: Callable[[Session], T]) -> T:
        try:
            return read(self._session)
        finally:
            with suppress(DBAPIError):  # nothing was written; a connection that is gone says so once
                self._session.rollback()


def _rows(reader: _Reader, after: int, upper: int) -> Iterator[Any]:
    """Yield statements in order; between two pieces nothing is held open."""
    seq = _statement.c.seq
    query = select(seq, _statement.c.stored, _statement.c.own, _statement.c.voided, _statement.c.payload)
    while True:
        piece = query.where(seq > after, seq <= upper).order_by(seq).limit(_STEP)
        rows = reader.ask(lambda asked, piece=piece: asked.execute(piece).all())  # type: ignore[misc]
        yield from rows
        if len(rows) < _STEP:
            return
        after = rows[-1].seq


class _Pseudonyms:
    """Names for one recipient: the same in every export for her, and in no other."""

    def __init__(self, keyring: Macs, recipient: str) -> None:
        self._keyring, self._recipient = keyring, recipient.encode()
        self.mark = self._mac(b"").hex()[:16]

    def of(self, name: str) -> UUID:
        return UUID(bytes=self._mac(name.encode())[:16], version=4)

    def _mac(self, name: bytes) -> bytes:
        return self._keyring.mac("lrs.analytics", self._recipient, name)


class _Part:
    """One file that is being written."""

    def __init__(self, folder: Path, month: str, with_payload: bool) -> None:
        self.month, self.count = month, 0
        self._columns = COLUMNS | (PAYLOAD if with_payload else {})
        self._home = folder / "statements" / f"month={month}"
        self._home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._aside = self._home / ".part.csv"
        handle = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._first = self._last = 0

    def write(self, row: Any, said: dict[str, Any]) -> None:
        values = {
            **said, "seq": row.seq, "stored": instant(head.instant(row.stored)), "own": row.own, "voided": row.voided,
            "payload": bytes(row.payload).decode(),
        }  # fmt: skip
        self._writer.writerow([_NULL if values[name] is None else values[name] for name in self._columns])
        self._first = self._first or row.seq
        self._last = row.seq
        self.count += 1

    def finish(self) -> str:
        """Turn the rows into a Parquet file; return its path inside the export."""
        self._file.close()
        name = f"{self._first:016}-{self._last:016}.parquet"
        ready = self._home / f".{name}"
        types = ", ".join(f"'{column}': '{kind}'" for column, kind in self._columns.items())
        with _duckdb() as connection:
            connection.execute(
                f"COPY (SELECT * FROM read_csv(?, columns = {{{types}}}, header = false, nullstr = '{_NULL}', "  # noqa: S608
                "delim = ',', quote = '\"', escape = '\"', auto_detect = false, max_line_size = 67108864, "
                "parallel = false)) TO "
                f"'{str(ready).replace(chr(39), chr(39) * 2)}' (FORMAT parquet, COMPRESSION zstd)",
                [str(self._aside)],
            )
        ready.chmod(0o600)
        ready.rename(self._home / name)
        self._aside.unlink()
        return f"statements/month={self.month}/{name}"

    def discard(self) -> None:
        self._file.close()
        self._aside.unlink(missing_ok=True)


def _last(folder: Path) -> int:
    """Return the last number that is in a folder."""
    names = (_PART.fullmatch(file.name) for file in (folder / "statements").glob("month=*/*.parquet"))
    return max((int(found[2]) for found in names if found), default=0)


def _agree(folder: Path, recipient: str, mark: str, with_payload: bool) -> None:
    """Begin a folder, or make sure that it holds an export of the same kind. Raises Conflict, Invalid."""
    about = {"format": FORMAT, "for": recipient, "pseudonyms": mark, "payload": with_payload}
    file = folder / "about.json"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if file.exists():
            have = json.loads(file.read_text("utf-8"))
            if {name: have.get(name) for name in about} != about:
                raise Conflict(
                    f"{folder} holds an export for {have.get('for')}, of another installation, or another choice of "
                    "columns. Name another folder."
                )
            return
        if any(folder.iterdir()):
            raise Conflict(f"{folder} is not empty and holds no export. Name another folder.")
        file.write_text(
            json.dumps({**about, "begun": now().isoformat(), "columns": COLUMNS}, indent=1), "utf-8"
        )
    except (OSError, ValueError, AttributeError) as error:
        raise Invalid(f"{folder} cannot be used: {type(error).__name__}. Name another folder.") from error


def _find_duckdb() -> Any:
    try:
        import duckdb  # an extra: only this command needs it
    except ModuleNotFoundError as error:
        raise Invalid("This needs the package duckdb: pip install 'headstart-lms[analytics]'.") from error
    return duckdb


@contextmanager
def _duckdb() -> Iterator[Any]:
    """Open a DuckDB in memory that takes at most 256 MB and reaches no network."""
    connection = _find_duckdb().connect(
        config={
            "memory_limit": "256MB", "threads": 1, "preserve_insertion_order": True,
            "autoinstall_known_extensions": False, "autoload_known_extensions": False,
        }
    )  # fmt: skip
    try:
        yield connection
    finally:
        connection.close()
