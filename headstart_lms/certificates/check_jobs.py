"""Jobs of bulk checks: answer what waits, forget what is a day old."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from ..kernel import limits
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import TooMany
from ..kernel.jobs import job
from . import bulk, checks
from .asking import Asker, Entry, Outcome
from .check_models import Check, CheckBatch
from .checks import Marker
from .context import DAY, YEARS_OF_CODE

ANSWER, FORGET = "certificates.bulk", "certificates.bulk-forget"


@job(ANSWER)
def answer(payload: dict[str, Any]) -> None:
    """Check all entries of a batch, a few between two commits; done again it goes on where it stopped."""
    while _answer_some(int(payload["batch"])):
        pass


def _answer_some(batch_id: int) -> bool:
    keyring = current_app.extensions["headstart"].keyring
    with transaction() as current:
        entries = {item.id: bulk.open_entry(item, keyring) for item in bulk.waiting(current, batch_id)}
        tries = count_tries(current, keyring, entries.values())
    if not entries:
        return False
    # outside of a transaction: a stranger's file may take two seconds
    asker = Asker(session(), now(), may_try=tries)
    outcomes = {item_id: asker.ask(entry) for item_id, entry in entries.items()}
    with transaction() as current:
        batch = current.get(CheckBatch, batch_id)
        if batch is None:  # forgotten meanwhile
            return False
        by = checks.Checker(batch.centre.name, "many", batch.centre_id, batch.officer)
        for item in bulk.waiting(current, batch_id):
            outcome = outcomes.get(item.id)
            if outcome is None:
                break  # another worker went on from here
            note(current, keyring, by, outcome)
            bulk.finish(item, outcome, keyring)
    return True


def note(current: Session, keyring: Marker, by: checks.Checker, outcome: Outcome) -> Check | None:
    """Write a check into the trail; what could not even be read is no check of anything."""
    if outcome.entry.form == "none":
        return None
    return checks.record(current, keyring, by, outcome, outcome.verdict.at)


def count_tries(current: Session, keyring: Marker, entries: Iterable[Entry]) -> Callable[[str], bool]:
    """Count the tries of years of these entries, and return what says of each, in turn, whether it was allowed.

    Codes that exist and codes that do not are counted alike.
    """
    allowed: Counter[str] = Counter()
    for entry in entries:
        if entry.code and entry.year is not None and entry.problem is None:
            allowed[entry.code] += _may_try(current, keyring, entry.code)

    def may_try(code: str) -> bool:
        allowed[code] -= 1
        return allowed[code] >= 0

    return may_try


def _may_try(current: Session, keyring: Marker, code: str) -> bool:
    bucket = keyring.mac("certificates.limits", b"year-of-code", code.encode()).hex()
    try:
        with current.begin_nested():
            limits.hit(current, bucket, YEARS_OF_CODE, DAY)
    except TooMany:
        return False
    return True


@job(FORGET)
def forget(payload: dict[str, Any]) -> None:
    """Delete what is a day old."""
    with transaction() as current:
        bulk.forget(current, now())
