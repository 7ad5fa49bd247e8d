"""Work that may wait: rows written in the transaction that needs them, done by ``headstart work`` or ``serve``."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import JSON, Index, String, case, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from .clock import now
from .db import Base, insert_into, session, transaction

log = logging.getLogger("headstart.jobs")
F = TypeVar("F", bound=Callable[[dict[str, Any]], None])

#: A job that is not done after this long may be taken by another worker.
LEASE = timedelta(minutes=10)
MAX_TRIES = 12
#: Rows of the session itself are not looked at: nobody holds the job that waits.
_CORE: Final = {"synchronize_session": False}


class Job(Base):
    __tablename__ = "lms_job"
    __table_args__ = (Index("ix_lms_job_waiting", "done", "not_before"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    #: Jobs with the same key wait only once.
    key: Mapped[str | None] = mapped_column(String(120), unique=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    not_before: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(String(500))
    done: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=now)


_handlers: dict[str, Callable[[dict[str, Any]], None]] = {}


def job(kind: str) -> Callable[[F], F]:
    """Register a function that does jobs of one kind; it opens its own transaction, and raising means try again."""

    def register(function: F) -> F:
        _handlers[kind] = function
        return function

    return register


def enqueue(
    session: Session,
    kind: str,
    payload: dict[str, Any],
    *,
    not_before: datetime | None = None,
    key: str | None = None,
) -> None:
    """Add a job to the open transaction; with a ``key``, only when none with that key waits.

    The one that waits is held until the commit: a worker that took it before would not see what it is for. It is
    done at the earlier of the two times.
    """
    at = not_before or now()
    if key is None:
        session.add(Job(kind=kind, payload=payload, not_before=at))
        return
    earlier = {"not_before": case((Job.not_before > at, at), else_=Job.not_before)}
    waiting = session.execute(update(Job).where(Job.key == key).values(earlier), execution_options=_CORE)
    if waiting.rowcount:  # type: ignore[attr-defined]
        return
    # an insert that meets one takes a number all the same: it is asked only when none was seen
    made = insert_into(session.connection().dialect, Job.__table__).values(
        kind=kind, payload=payload, key=key, not_before=at
    )
    session.execute(made.on_conflict_do_update(index_elements=["key"], set_=earlier))


def claim() -> tuple[int, str, dict[str, Any]] | None:
    """Take the next job that is due; a guarded UPDATE decides between workers."""
    due = (
        select(Job.id, Job.kind, Job.payload, Job.not_before)
        # one that ends its worker each time never gets to be given up below
        .where(Job.done.is_(False), Job.not_before <= now(), Job.tries < MAX_TRIES)
        .order_by(Job.not_before, Job.id)
        .limit(5)
    )
    candidates = session().execute(due).all()
    session().rollback()
    for row in candidates:
        with transaction() as current:
            taken = current.execute(
                update(Job)
                .where(Job.id == row.id, Job.done.is_(False), Job.not_before == row.not_before)
                .values(not_before=now() + LEASE, tries=Job.tries + 1, key=None)
            )
            if taken.rowcount == 1:  # type: ignore[attr-defined]
                return row.id, row.kind, row.payload
    return None


def run_one() -> bool:
    """Do one due job; return False when there is none. A failing one is tried again later, ever more slowly."""
    claimed = claim()
    if claimed is None:
        return False
    job_id, kind, payload = claimed
    error: str | None = None
    try:
        _handlers[kind](payload)
    except Exception as problem:  # recorded on the row and shown by `headstart doctor`
        log.exception("the job %s (%s) failed", job_id, kind)
        error = f"{type(problem).__name__}"
    session().rollback()
    with transaction() as current:
        row = current.get(Job, job_id)
        if row is not None and error is None:
            current.delete(row)
        elif row is not None:
            row.error = error
            row.done = row.tries >= MAX_TRIES
            row.not_before = now() + timedelta(seconds=min(6 * 3600, 10 * 2**row.tries))
    return True


def retry_given_up(session: Session) -> int:
    """Put back what was given up, after its cause was mended; return how many jobs."""
    result = session.execute(
        update(Job)
        .where(Job.done.is_(True) | (Job.tries >= MAX_TRIES))
        .values(done=False, tries=0, error=None, not_before=now())
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def run_all() -> int:
    """Do everything that is due; return how many jobs were done."""
    count = 0
    while run_one():
        count += 1
    return count


def loop(app: Any, stop: threading.Event, pause: float = 2.0) -> None:
    """Do jobs until ``stop`` is set: the thread that ``headstart serve`` runs."""
    while not stop.is_set():
        try:
            with app.app_context():
                run_all()
        except Exception:
            log.exception("the job loop failed; it goes on")
        stop.wait(pause)
