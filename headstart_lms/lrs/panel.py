"""How the record store is doing: what came in, what waits, who was here. From columns, never from JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, func, literal, select
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.jobs import MAX_TRIES, Job
from . import head, partitions
from .models import ForwardOutbox, ForwardTarget, Statement

_statement: Table = Statement.__table__  # type: ignore[assignment]
_outbox: Table = ForwardOutbox.__table__  # type: ignore[assignment]

#: Waiting rows are counted up to here; above it is "more than".
COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Hour:
    """How many statements came in during one hour that began at ``at``."""

    at: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Throughput:
    """What came in. A statement that was sent twice counts twice: it was work too."""

    minute: int
    hour: int
    day: int
    hours: tuple[Hour, ...]
    last: datetime | None


def throughput(session: Session) -> Throughput:
    """Return what came in during the last minute, hour and day, and by the hour, oldest first.

    Numbers are given out in the order of ``stored``, so each count is the difference of two looks into an index;
    in monthly partitions they jump at the turn of the month, and the jump is left out.
    """
    at = now()
    this_hour = at.replace(minute=0, second=0, microsecond=0)
    end, last = head.last(session)

    def number(moment: datetime) -> int:
        """Return the last number given out before an instant."""
        later = select(_statement.c.seq).where(_statement.c.stored >= head.microseconds(moment))
        first = session.connection().execute(later.order_by(_statement.c.stored).limit(1)).scalar()
        if first is None:
            return end
        return reached(first) if is_jump(first) else first - 1

    def is_jump(number: int) -> bool:
        """Tell whether a number is the first of its month, so that those just before were never given out."""
        return number == partitions.first_number(number >> partitions.BITS) > 0

    def reached(number: int) -> int:
        before = select(func.max(_statement.c.seq)).where(_statement.c.seq < number)
        return session.connection().execute(before).scalar() or 0

    def between(low: int, high: int) -> int:
        """Return how many numbers were given out after ``low``, up to ``high``."""
        begin = partitions.first_number(high >> partitions.BITS)
        if low >= begin:
            return high - low
        return high - begin + 1 + max(0, reached(begin) - low)

    starts = [this_hour - timedelta(hours=back) for back in range(23, -1, -1)]
    numbers = [*(number(start) for start in starts), end]
    return Throughput(
        minute=between(number(at - timedelta(minutes=1)), end),
        hour=between(number(at - timedelta(hours=1)), end),
        day=between(number(at - timedelta(days=1)), end),
        hours=tuple(Hour(start, between(numbers[n], numbers[n + 1])) for n, start in enumerate(starts)),
        last=_instant(last) if last else None,
    )


def target_states(session: Session) -> list[dict[str, Any]]:
    """Return for each target: what waits (counted up to ``COUNTED``), since when, what was refused, the last error."""
    return [
        {"name": target.name, "endpoint": target.endpoint, "active": target.active, "sent": target.sent,
         "waiting": _count(session, target.id, refused=False), "refused": _count(session, target.id, refused=True),
         "waiting_since": _waiting_since(session, target.id), "last_sent": target.last_sent,
         "last_error": target.last_error}
        for target in session.scalars(select(ForwardTarget).order_by(ForwardTarget.id))
    ]  # fmt: skip


def _count(session: Session, target: int, *, refused: bool) -> int:
    some = select(literal(1)).where(_outbox.c.target_id == target, _outbox.c.refused.is_(refused))
    query = select(func.count()).select_from(some.limit(COUNTED + 1).subquery())
    return session.connection().execute(query).scalar_one()


def _waiting_since(session: Session, target: int) -> datetime | None:
    """Return when the oldest statement that waits was stored. One look along the primary key."""
    first = (
        select(_outbox.c.seq)
        .where(_outbox.c.target_id == target, _outbox.c.refused.is_(False))
        .order_by(_outbox.c.seq)
        .limit(1)
        .scalar_subquery()
    )
    stored = (
        session.connection().execute(select(_statement.c.stored).where(_statement.c.seq == first)).scalar()
    )
    return None if stored is None else _instant(stored)


@dataclass(frozen=True, slots=True)
class Jobs:
    """Work in the background: ``waiting`` is due or planned, ``trying`` failed before, ``given_up`` needs somebody."""

    waiting: int
    trying: int
    given_up: int
    #: (kind, error, tries) of those that failed, the most often tried first.
    failed: tuple[tuple[str, str, int], ...]


def job_states(session: Session) -> Jobs:
    """Return how the jobs stand. The table holds only what is not done."""
    rows = session.execute(
        select(Job.kind, Job.error, Job.tries, Job.done).order_by(Job.tries.desc(), Job.id)
    ).all()
    given_up = [row for row in rows if row.done or row.tries >= MAX_TRIES]
    failed = [row for row in rows if row.error]
    return Jobs(
        waiting=len(rows) - len(given_up),
        trying=sum(1 for row in failed if row not in given_up),
        given_up=len(given_up),
        failed=tuple((row.kind, row.error or "", row.tries) for row in failed[:20]),
    )


def _instant(micros: int) -> datetime:
    return datetime.fromisoformat(head.instant(micros))
