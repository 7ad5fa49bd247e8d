"""What an erasure leaves to do when others were reading."""

from __future__ import annotations

from typing import Any

from ..kernel.db import empty_log
from ..kernel.errors import Conflict
from ..kernel.jobs import job
from .services import EMPTY_LOG


@job(EMPTY_LOG)
def empty(payload: dict[str, Any]) -> None:
    """Empty the log in which SQLite still has what was deleted. Raises Conflict, to be tried again, when it cannot."""
    if not empty_log():
        raise Conflict("somebody is reading the database")
