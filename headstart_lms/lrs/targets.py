"""The other LRSs that statements are sent on to: make, show, stop, send again."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.jobs import enqueue
from . import head
from .models import ForwardOutbox, ForwardTarget, Statement
from .outbox import JOB, is_wanted

_PURPOSE: Final = "lrs.forward"
_CHUNK: Final = 500


class Sealer(Protocol):
    """The installation's keyring."""

    def seal(self, purpose: str, data: bytes) -> bytes: ...

    def open(self, purpose: str, sealed: bytes) -> bytes: ...


def target_add(
    session: Session,
    name: str,
    *,
    endpoint: str,
    username: str,
    password: str,
    keyring: Sealer,
    verbs: Iterable[str] = (),
    own_only: bool = True,
    with_history: bool = False,
) -> ForwardTarget:
    """Send statements on to another LRS from now on; ``with_history`` also those stored before.

    Raises Invalid for an endpoint that is not https (http only to this machine), Conflict for a name in use.
    """
    endpoint = endpoint.rstrip("/") + "/"
    _check_endpoint(endpoint)
    if session.scalar(select(ForwardTarget.id).where(ForwardTarget.name == name)) is not None:
        raise Conflict(f"There is a target with the name {name} already.")
    sealed = keyring.seal(_PURPOSE, json.dumps([password, uuid4().hex]).encode())
    target = ForwardTarget(
        name=name, endpoint=endpoint, username=username, sealed=sealed, verbs=list(verbs), own_only=own_only
    )
    session.add(target)
    session.flush()
    _count(session)
    if with_history:
        _put_history(session, target)
    return target


def open_secrets(target: ForwardTarget, keyring: Sealer) -> tuple[str, UUID]:
    """Return the password of a target, and the key its pseudonyms are made with."""
    password, key = json.loads(keyring.open(_PURPOSE, target.sealed))
    return password, UUID(key)


def target_list(session: Session) -> list[dict[str, Any]]:
    """Return what may be shown of all targets: what was sent, waits, was refused, the last error."""
    counts: dict[tuple[int, bool], int] = {
        (row[0], row[1]): row[2]
        for row in session.execute(
            select(ForwardOutbox.target_id, ForwardOutbox.refused, func.count()).group_by(
                ForwardOutbox.target_id, ForwardOutbox.refused
            )
        )
    }
    return [
        {"name": target.name, "endpoint": target.endpoint, "active": target.active, "sent": target.sent,
         "waiting": counts.get((target.id, False), 0), "refused": counts.get((target.id, True), 0),
         "last_sent": target.last_sent, "last_error": target.last_error}
        for target in session.scalars(select(ForwardTarget).order_by(ForwardTarget.id))
    ]  # fmt: skip


def refused_list(session: Session, name: str) -> list[dict[str, Any]]:
    """Return the statements a target refused, and what it said."""
    target = get_target(session, name)
    rows = session.execute(
        select(Statement.id, ForwardOutbox.attempts, ForwardOutbox.error)
        .join(ForwardOutbox, ForwardOutbox.seq == Statement.seq)
        .where(ForwardOutbox.target_id == target.id, ForwardOutbox.refused.is_(True))
        .order_by(ForwardOutbox.seq)
    )
    return [{"statement": str(row.id), "attempts": row.attempts, "error": row.error} for row in rows]


def get_target(session: Session, name: str) -> ForwardTarget:
    found = session.scalar(select(ForwardTarget).where(ForwardTarget.name == name))
    if found is None:
        raise NotFound(f"There is no target with the name {name}.")
    return found


def target_stop(session: Session, name: str) -> None:
    """Send nothing more to a target; what waits stays in the outbox. Raises NotFound."""
    get_target(session, name).active = False
    session.flush()
    _count(session)


def send_again(session: Session, name: str | None = None) -> int:
    """Let what waits or was refused be tried at once (of one target or of all); return how many."""
    again = update(ForwardOutbox).values(due=now(), refused=False, error=None)
    if name is not None:
        again = again.where(ForwardOutbox.target_id == get_target(session, name).id)
    count: int = session.execute(again).rowcount  # type: ignore[attr-defined]
    if count:
        enqueue(session, JOB, {}, key=JOB)
    return count


def _count(session: Session) -> None:
    head.advance(session, 0)  # behind the lock: who counts at the same moment must see this target too
    active = select(func.count()).select_from(ForwardTarget).where(ForwardTarget.active.is_(True))
    head.count_targets(session, session.scalar(active) or 0)


def _put_history(session: Session, target: ForwardTarget) -> None:
    # the lock of head.count_targets: nothing is stored between what is read here and what store() puts in
    connection = session.connection()
    last = 0
    while True:
        query = select(Statement.seq, Statement.payload).where(Statement.seq > last)
        query = query.where(Statement.voided.is_(False))
        if target.own_only:
            query = query.where(Statement.own.is_(True))
        rows = session.execute(query.order_by(Statement.seq).limit(_CHUNK)).all()
        if not rows:
            break
        last = rows[-1].seq
        wanted: list[Mapping[str, Any]] = [
            {"target_id": target.id, "seq": row.seq, "due": now(), "attempts": 0, "refused": False}
            for row in rows
            if is_wanted(json.loads(row.payload)["verb"]["id"], target.verbs)
        ]
        if wanted:
            connection.execute(insert(ForwardOutbox.__table__), wanted)  # type: ignore[arg-type]
    enqueue(session, JOB, {}, key=JOB)


def _check_endpoint(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise Invalid("The endpoint of an LRS is a whole address, for example https://lrs.example.org/xapi.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise Invalid("An LRS on another machine needs https: statements must not travel in the open.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
