"""Delete statements by age, but never those that the progress of a live enrolment rests on (DESIGN 3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.db import empty_log, transaction
from ..kernel.errors import Invalid
from ..kernel.jobs import enqueue
from ..lrs import erasure, head
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


def purge(before: datetime) -> Iterator[int]:
    """Delete in parts, each in a transaction of its own, and yield how many each was.

    Learners' answers wait for a part, not for all. Who enrols meanwhile is spared too. When it is stopped,
    what is done is done; the next run goes on.
    """
    after: int | None = 0
    while after is not None:
        with transaction() as current:
            spare = open_registrations(current)
            count, after = erasure.purge_some(current, before=before, spare=spare, after=after)
            if after is None:
                enqueue(current, EMPTY_LOG, {}, key=EMPTY_LOG)  # for when somebody is reading now
        yield count
    empty_log()
