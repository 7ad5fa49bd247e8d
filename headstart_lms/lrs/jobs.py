"""The jobs of the record store."""

from __future__ import annotations

from typing import Any

from flask import current_app

from ..kernel.clock import now
from ..kernel.db import transaction
from ..kernel.jobs import job
from . import launches, partitions
from .outbox import JOB


@job(JOB)
def forward(payload: dict[str, Any]) -> None:
    """Send what waits to the targets; failures are kept in the outbox and tried again by it."""
    from .forwarding import forward_all  # tincan and requests are loaded only where something is sent

    forward_all(current_app.extensions["headstart"].keyring)


@job(launches.CLEAN_JOB)
def clean_launches(payload: dict[str, Any]) -> None:
    """Delete the launches that are over for a week."""
    with transaction() as current:
        launches.clean(current)


@job(partitions.JOB)
def next_month(payload: dict[str, Any]) -> None:
    """Make the partitions of this month and the next, where there are partitions."""
    with transaction() as current:
        partitions.ensure(current, now())
