"""What an erasure leaves to do when others were reading, and what is purged month by month."""

from __future__ import annotations

from typing import Any

from flask import current_app

from ..kernel.db import empty_log
from ..kernel.errors import Conflict
from ..kernel.jobs import job
from . import retention
from .services import EMPTY_LOG


@job(EMPTY_LOG)
def empty(payload: dict[str, Any]) -> None:
    """Empty the log in which SQLite still has what was deleted. Raises Conflict, to be tried again, when it cannot."""
    if not empty_log():
        raise Conflict("somebody is reading the database")


@job(retention.JOB)
def retain(payload: dict[str, Any]) -> None:
    """Do a part of what the setting says; nothing more once the setting keeps everything."""
    months = current_app.config["HEADSTART_KEEP_STATEMENTS_MONTHS"]
    if months:
        retention.work(months, payload)
