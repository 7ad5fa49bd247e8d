"""How long statements are kept: by a setting month by month. Live enrolments are spared (DESIGN 3.3)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.db import transaction
from ..kernel.jobs import enqueue
from ..lrs import partitions
from ..lrs.retention import cutoff
from . import purging

JOB: Final = "privacy.retain"
#: A job works for so many seconds, then the next one goes on: others wait in the same queue, and its lease ends.
SLICE_SECONDS: Final = 30.0


def plan(session: Session) -> None:
    """Let a job purge on the second day of the next month."""
    at = partitions.begin_of(partitions.month_of(now()) + 1) + timedelta(days=1, hours=3)
    enqueue(session, JOB, {}, key=JOB, not_before=at)


def work(months: int, payload: Mapping[str, Any]) -> None:
    """Purge for a while what is older than ``months`` whole months, and let another job go on with the rest.

    ``payload`` is empty for the job of a month, else where the last one ended. The next month is planned first: what
    fails from here on is tried again, and does not end the chain.
    """
    before = cutoff(now(), months)
    if payload:
        before = min(before, datetime.fromisoformat(payload["before"]))  # the setting may keep more by now
    else:
        with transaction() as current:
            plan(current)
    ends = time.monotonic() + SLICE_SECONDS
    for part in purging.purge(before, payload.get("after", 0)):
        if part.after is not None and time.monotonic() >= ends:
            rest = {"before": before.isoformat(), "after": part.after}
            with transaction() as current:
                enqueue(current, JOB, rest, key=f"{JOB}:{before:%Y-%m-%d}")
            return
