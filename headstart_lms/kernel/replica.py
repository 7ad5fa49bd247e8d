"""The read replica, if there is one: for reads that may lag by seconds, at a few named places.

Never for what a person just wrote, never inside a transaction, never where the answer says how far it is complete:
those ask ``kernel.db.session()``. docs/operations.md lists the places.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flask import Flask, current_app
from sqlalchemy import create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from . import db

log = logging.getLogger("headstart.replica")
T = TypeVar("T")

_NAME = "headstart.replica"
#: A replica that is away is not asked again for so many seconds: nobody waits for it at every page.
PAUSE = 30.0


class Replica:
    """A second database that follows ours."""

    def __init__(self, address: str) -> None:
        address = db.normal_address(address)
        options = {}
        if address.startswith("postgresql"):
            options = {"connect_args": {"connect_timeout": 3, "prepare_threshold": None}}
        self.engine = create_engine(address, pool_pre_ping=True, hide_parameters=True, **options)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", lambda raw, record: raw.execute("PRAGMA query_only=ON"))
        else:
            self.engine = self.engine.execution_options(postgresql_readonly=True)
        self._away_until = 0.0

    @property
    def is_away(self) -> bool:
        return time.monotonic() < self._away_until

    def leave_alone(self, error: DBAPIError) -> None:
        """Remember that it is away, and say so once."""
        self._away_until = time.monotonic() + PAUSE
        log.warning("the read replica is away (%s); the primary is asked instead", type(error.orig).__name__)


def init_app(app: Flask) -> None:
    if app.config["HEADSTART_REPLICA_URL"]:
        app.extensions[_NAME] = Replica(app.config["HEADSTART_REPLICA_URL"])


def find_replica() -> Replica | None:
    found: Replica | None = current_app.extensions.get(_NAME)
    return found


@contextmanager
def reading_session() -> Iterator[Session]:
    """Yield a session for reads that may lag: the replica's, or ours when there is none, when it is away, or when a
    transaction is open. What fails later is the caller's; ``read_lagging`` asks again."""
    replica = find_replica()
    if replica is None or replica.is_away or db.in_transaction():
        yield db.session()
        return
    with Session(replica.engine, autoflush=False) as lagging:
        try:
            lagging.connection()
        except DBAPIError as error:
            replica.leave_alone(error)
            yield db.session()
            return
        yield lagging


def read_lagging(read: Callable[[Session], T]) -> T:
    """Return what ``read`` finds where it may lag; ask the primary when the replica fails in the middle.

    ``read`` returns values, no rows that load more later: its session is closed when it returns.
    """
    with reading_session() as current:
        try:
            return read(current)
        except DBAPIError as error:
            replica = find_replica()
            if replica is None or current is db.session():
                raise
            replica.leave_alone(error)
    return read(db.session())


def leave_replica(error: DBAPIError) -> Session:
    """Return our own session, for the rest of a walk in which the replica failed; that is left alone for a while."""
    replica = find_replica()
    if replica is not None:
        replica.leave_alone(error)
    return db.session()
