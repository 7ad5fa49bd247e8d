"""Store what several requests bring at one moment in one transaction: one wait for the disk serves them all.

Writers of statements follow one another (head.lock), each until its commit is on disk; alone, each would wait for
the disks of all before it. Nobody waits for company: who comes while a commit is under way finds it in the queue.
Who waits has no connection of the pool: whoever leads needs one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Any, Final, Literal
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from ..kernel.db import give_back, session, transaction
from . import services
from . import terms as t
from .services import StoreResult

#: Statements in one transaction of several requests; a larger batch goes alone.
MOST: Final = 200


@dataclass(slots=True, eq=False)
class Load:
    """What one request brings, checked by the validator."""

    statements: Sequence[Mapping[str, Any]]
    authority: Mapping[str, Any]
    tenant: UUID
    version: str
    attachments: Mapping[str, bytes]
    turn: Event = field(default_factory=Event)
    state: Literal["waiting", "leads", "alone", "done"] = "waiting"
    results: list[StoreResult] = field(default_factory=list)

    @property
    def ids(self) -> set[str]:
        return {one["id"].lower() for one in self.statements if "id" in one}


class _Gathering:
    def __init__(self) -> None:
        self._mutex = Lock()
        self._queue: deque[Load] = deque()
        self._is_led = False

    def store(self, load: Load) -> list[StoreResult]:
        if not self._begin(load, waits=False):
            give_back()
            if not self._begin(load, waits=True):
                load.turn.wait()
        if load.state == "leads":
            self._lead()
        return load.results if load.state == "done" else _store_alone(load)

    def _begin(self, load: Load, *, waits: bool) -> bool:
        """Let a load lead when nobody does, else put it into the queue if it ``waits``; return whether it leads."""
        with self._mutex:
            if not self._is_led:
                self._is_led = True
                load.state = "leads"
            if load.state == "leads" or waits:
                self._queue.append(load)
            return load.state == "leads"

    def _lead(self) -> None:
        """Store what waits, the leader's own load first; then let the next one lead."""
        with self._mutex:
            loads = [self._queue.popleft()]
            count = len(loads[0].statements)
            while self._queue and (count := count + len(self._queue[0].statements)) <= MOST:
                loads.append(self._queue.popleft())
        state: Literal["alone", "done"] = "alone"
        try:
            if len(loads) == 1:
                loads[0].results = _store_alone(loads[0])
                state = "done"
            elif _store_together(loads):
                state = "done"
        finally:  # what one of several did wrong is found out, and answered, when each goes alone
            for load in loads:
                load.state = state
            with self._mutex:
                self._is_led = bool(self._queue)
                if self._queue:
                    self._queue[0].state = "leads"
                    self._queue[0].turn.set()
            for load in loads:
                load.turn.set()


def _store_together(loads: Sequence[Load]) -> bool:
    """Store all or nothing; return False when it was nothing."""
    try:
        with transaction() as current:
            for bundle in _bundles(loads):
                results = iter(_store(current, bundle))
                for load in bundle:
                    load.results = [next(results) for _ in load.statements]
    except Exception:
        return False
    return True


def _bundles(loads: Sequence[Load]) -> list[list[Load]]:
    """Put together what one client brought, unless an id comes twice: a replay is told apart in order."""
    bundles: list[tuple[object, set[str], list[Load]]] = []
    for load in loads:
        ids, client = load.ids, (t.canonical_json(dict(load.authority)), load.tenant, load.version)
        last = bundles[-1] if bundles else None
        if last is not None and last[0] == client and last[1].isdisjoint(ids):
            last[1].update(ids)
            last[2].append(load)
        else:
            bundles.append((client, ids, [load]))
    return [bundle for _, _, bundle in bundles]


def _store_alone(load: Load) -> list[StoreResult]:
    with transaction() as current:
        return _store(current, [load])


def _store(current: Session, bundle: Sequence[Load]) -> list[StoreResult]:
    first = bundle[0]
    return services.store(
        current, [one for load in bundle for one in load.statements], authority=first.authority,
        tenant=first.tenant, trusted=False, version=first.version,
        attachments={name: content for load in bundle for name, content in load.attachments.items()}, checked=True,
    )  # fmt: skip


_gatherings: WeakKeyDictionary[Engine, _Gathering] = WeakKeyDictionary()
_guard = Lock()


def store(load: Load) -> list[StoreResult]:
    """Store a load in a transaction that is committed when this returns; raise what services.store raises."""
    engine = session().get_bind().engine
    with _guard:
        gathering = _gatherings.setdefault(engine, _Gathering())
    return gathering.store(load)
