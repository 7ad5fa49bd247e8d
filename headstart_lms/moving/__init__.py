"""Move an installation from one database to another: bytes, ids and order stay, and it is proved afterwards.

Everything is read in one transaction of the source and written in one of the target, so a move that is stopped has
changed nothing and is run again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.engine import URL

from ..kernel import migrate
from ..kernel.errors import Conflict, Invalid
from . import places, rows

Advance = Callable[[int], None]


@dataclass
class Moved:
    """What was moved: rows by table, and one digest (SHA-256, hex) over all of them."""

    source: str
    target: str
    revision: str
    tables: dict[str, int] = field(default_factory=dict)
    digest: str = ""
    #: Tables in the source that are not of this program; they stay where they are.
    left: list[str] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def move(
    source: str, target: str, *, begin: Callable[[int], Advance] = lambda steps: lambda n: None
) -> Moved:
    """Copy every table of ours into an empty database, read all of it back and compare; return what was moved.

    ``source`` and ``target`` are SQLAlchemy addresses or the name of an SQLite file. ``begin`` is told how many
    steps there are and returns what is called as they are done. Raises Invalid for what cannot be moved from or to,
    Conflict when the source is in use, the target is not empty, or something was not the same afterwards.
    """
    from_url, to_url = places.address(source), places.address(target)
    if places.place(from_url) == places.place(to_url):
        raise Invalid("The two addresses are the same database. Name another one to move to.")
    with places.source(from_url) as reading, places.target(to_url) as writing:
        revision = migrate.head()
        moved = Moved(_shown(from_url), _shown(to_url), revision, left=places.others(reading))
        tables = places.our_tables()
        counts = {table.name: rows.count(reading, table) for table in tables}
        advance = begin(2 * sum(counts.values()))
        whole = hashlib.sha256()
        written = []
        for table in tables:
            chunks = rows.copy(reading, writing, table, advance)
            written.append((table, chunks))
            for _n, digest in chunks:
                whole.update(digest)
        for table, chunks in written:
            rows.compare(writing, table, chunks, advance)
            moved.tables[table.name] = sum(n for n, _digest in chunks)
            if moved.tables[table.name] != counts[table.name]:
                raise Conflict(
                    f"{table.name} changed while it was read. Stop what uses the source, and move again."
                )
        rows.number_on(writing, tables)
        moved.digest = whole.hexdigest()
    return moved


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)
