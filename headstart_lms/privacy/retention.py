"""How long statements are kept: by a setting month by month, or by command. Live enrolments are spared (DESIGN 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.db import empty_log, session, transaction
from ..kernel.jobs import enqueue
from ..lrs import erasure, partitions, retention
from ..lrs.retention import Retained
from ..progress.services import open_registrations

JOB: Final = "privacy.retain"
#: So many statements go in one transaction: learners answer in between.
_SLICE: Final = 250

Advance = Callable[[int], None]


def retain(
    months: int, *, dry_run: bool = False, begin: Callable[[int], Advance] = lambda steps: lambda n: None
) -> Retained:
    """Purge statements older than ``months`` whole months, except those of enrolments that are open.

    It has transactions of its own, short ones where there are no partitions: stopped, it goes on when it is run again.
    ``begin`` is told how many statements go and returns what is called as they do.
    """
    before = retention.cutoff(now(), months)
    with transaction() as current:
        spare = open_registrations(current)
        if partitions.is_partitioned(current):
            return retention.retain_months(current, before, spare, dry_run=dry_run)
    old = retention.find_old(session(), before, spare)
    session().rollback()
    if not dry_run and old:
        advance = begin(len(old))
        for first in range(0, len(old), _SLICE):
            part = old[first : first + _SLICE]
            with transaction() as current:
                erasure.erase_numbers(current, part)
            advance(len(part))
        empty_log()
    return Retained(len(old), before)


def plan(session: Session) -> None:
    """Let a job purge on the second day of the next month."""
    at = partitions.begin_of(partitions.month_of(now()) + 1) + timedelta(days=1, hours=3)
    enqueue(session, JOB, {}, key=JOB, not_before=at)
