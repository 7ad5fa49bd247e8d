"""Delete statements by age, but never those that the progress of a live enrolment rests on (DESIGN 3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.db import empty_log, transaction
from ..kernel.errors import Invalid
from ..kernel.jobs import enqueue
from ..lrs import erasure, head, partitions, retention
from ..lrs.models import Statement
from ..progress.services import open_registrations
from .services import EMPTY_LOG


@dataclass(frozen=True)
class Plan:
    """How many statements are old, how many of them stay because their enrolment is open, and how many go."""

    old: int
    gone: int

    @property
    def spared(self) -> int:
        return self.old - self.gone


@dataclass(frozen=True, slots=True)
class Part:
    """What one transaction deleted: statements, months that went in one piece; where to go on, None at the end."""

    count: int
    after: int | None
    months: tuple[str, ...] = ()


def check_day(day: datetime) -> None:
    """Raise Invalid for a day to come: what is stored from now on would be meant as well."""
    if day > now():
        raise Invalid("This day is still to come. Give one that is over.")


def plan(session: Session, before: datetime) -> Plan:
    """Count, and change nothing."""
    old = select(func.count()).select_from(Statement).where(Statement.stored < head.microseconds(before))
    spare = open_registrations(session)
    gone = erasure.purge(session, before=before, spare=spare, dry_run=True)
    return Plan(session.scalar(old) or 0, gone)


def purge(before: datetime, after: int = 0) -> Iterator[Part]:
    """Delete in parts, each in a transaction of its own, and yield what each was; ``after`` is where one ended.

    Learners' answers wait for a part, not for all. Who enrols meanwhile is spared too. When it is stopped,
    what is done is done; the next run goes on.
    """
    at: int | None = after
    while at is not None:
        with transaction() as current:
            enqueue(
                current, EMPTY_LOG, {}, key=EMPTY_LOG
            )  # first, as an erasure does; for when somebody is reading
            part = _purge_part(current, before, at)
        yield part
        at = part.after
    empty_log()


def _purge_part(session: Session, before: datetime, after: int) -> Part:
    """Delete the next month that is over as a whole, else some of the statements that are left."""
    spare = open_registrations(session)
    if partitions.is_partitioned(session):
        for month in partitions.old_partitions(session, before):
            end = _end(session, month) if month.high - 1 > after else None
            if end is not None:
                taken = retention.retain_months(session, end, spare)
                return Part(taken.statements, month.high - 1, taken.months)
    count, at = erasure.purge_some(session, before=before, spare=spare, after=after)
    return Part(count, at)


def _end(session: Session, month: partitions.Partition) -> datetime | None:
    """Return the instant after the newest statement of a partition: up to there it is the last that is over."""
    newest = session.scalar(
        select(func.max(Statement.stored)).where(Statement.seq >= month.low, Statement.seq < month.high)
    )
    # an empty one goes along with the next that is not
    return None if newest is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=newest + 1)
