"""Put statements into the outbox of the targets that want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.jobs import enqueue
from ..xapi.vocabulary import VOIDED
from .models import ForwardOutbox, ForwardTarget

JOB = "lrs.forward"

_target: Table = ForwardTarget.__table__  # type: ignore[assignment]
_outbox: Table = ForwardOutbox.__table__  # type: ignore[assignment]

_ACTIVE = select(_target.c.id, _target.c.verbs, _target.c.own_only).where(_target.c.active.is_(True))


def is_wanted(verb: str, verbs: Sequence[str]) -> bool:
    """Tell whether a target wants a statement; what was voided it must always know."""
    return not verbs or verb in verbs or verb == VOIDED


def put_in_outbox(
    session: Session, statements: Sequence[tuple[int, Mapping[str, Any]]], *, own: bool
) -> None:
    """Write an outbox row for each target that wants a statement, in the statement's own transaction.

    ``statements`` are (seq, statement). Statements that others wrote here go on only to targets that ask for
    them: two stores forwarding to each other would never stop.
    """
    connection = session.connection()
    rows = [
        {"target_id": target.id, "seq": seq, "due": now(), "attempts": 0, "refused": False}
        for target in connection.execute(_ACTIVE)
        if own or not target.own_only
        for seq, statement in statements
        if is_wanted(statement["verb"]["id"], target.verbs)
    ]
    if rows:
        connection.execute(insert(_outbox), rows)
        enqueue(session, JOB, {}, key=JOB)
