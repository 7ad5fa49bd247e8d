"""Write and read at once for a while, and check that nothing is lost, doubled, half stored or out of order.

    python benchmarks/soak.py                              60 s on both databases, then 60 s with SIGKILL in the middle
    python benchmarks/soak.py --database sqlite --seconds 300

Eight writers send single statements, batches, replays, voiding statements and references. Two pollers ask for what
was stored ``since`` the last they saw; two walk ``more`` links from the newest statement down while others write.
The server is ``headstart serve``, on PostgreSQL with three processes. With SIGKILL the writers go on when the server is
there again. Exit code 1 when anything was not as promised.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

WRITERS, SINCE_POLLERS, MORE_POLLERS = 8, 2, 2
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
#: Processes of the server, on PostgreSQL: within one process writers would meet before they reach the database.
WORKERS = 3
#: Pages of one walk down: then it begins again from the newest.
PAGES = 20


class Gone(Exception):
    """The server did not answer: it may or may not have done what was asked."""


class Caller:
    """One connection of a client."""

    def __init__(self, port: int, authorization: str) -> None:
        self.port = port
        self.headers = {
            "Authorization": authorization, "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
        }  # fmt: skip
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Caller:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request; return status and JSON. Raises Gone."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            content = None if body is None else json.dumps(body).encode()
            self._connection.request(method, path, content, self.headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            raise Gone from error
        return response.status, json.loads(answer) if answer else None

    def statements(self, **query: str) -> tuple[int, Any]:
        return self("GET", "/xapi/statements?" + urlencode(query))


@dataclass
class Record:
    """What the clients did and saw."""

    #: What was there before.
    known: set[str] = field(default_factory=set)
    #: Each request for storing, as lists of ids: all or nothing of one is stored.
    batches: list[list[str]] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    #: voided -> voiding
    voids: dict[str, str] = field(default_factory=dict)
    #: What each poller got, in its order.
    polled: list[list[tuple[str, str]]] = field(default_factory=list)
    #: Walks down: what was acknowledged before, and what came.
    walks: list[tuple[set[str], list[tuple[str, str]], bool]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    gone: int = 0
    guard: threading.Lock = field(default_factory=threading.Lock)


def statement(writer: int, number: int) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": {"account": {"homePage": "https://soak.example", "name": f"writer {writer}"}},
        "verb": {"id": f"https://soak.example/verbs/{number % 5}"},
        "object": {"id": f"https://soak.example/activities/{writer}/{number % 50}"},
        "context": {
            "contextActivities": {"grouping": [{"id": f"https://soak.example/courses/{number % 3}"}]}
        },
    }


def write(call: Caller, record: Record, writer: int, is_over: threading.Event) -> None:
    """Store until it is over: singles, batches, replays, voiding statements, references."""
    choice = random.Random(writer)  # noqa: S311 - a load, not a secret
    mine: list[dict[str, Any]] = []
    voided: set[str] = set()
    number = 0
    while not is_over.is_set():
        number += 1
        kind = choice.random()
        made = [statement(writer, number)]
        if kind < 0.25:
            made = [statement(writer, number + more) for more in range(choice.randrange(2, 20))]
        elif kind < 0.35 and mine:
            made = [choice.choice(mine)]  # a replay
        elif kind < 0.42 and mine:
            target = choice.choice(mine)["id"]
            if target not in voided:
                made[0] |= {"verb": {"id": VOIDED}, "object": {"objectType": "StatementRef", "id": target}}
                voided.add(target)
                with record.guard:
                    record.voids[target] = made[0]["id"]
        elif kind < 0.5 and mine:
            made[0]["object"] = {"objectType": "StatementRef", "id": choice.choice(mine)["id"]}
        ids = [one["id"] for one in made]
        with record.guard:
            record.batches.append(ids)
        try:
            status, answer = call("POST", "/xapi/statements", made if len(made) > 1 else made[0])
        except Gone:
            with record.guard:
                record.gone += 1
            time.sleep(0.05)
            continue
        with record.guard:
            record.statuses[status] += 1
            if status == 200 and answer == ids:
                record.acknowledged.update(ids)
            else:
                record.troubles.append(f"POST of {len(made)}: {status} {answer}"[:200])
        if made[0]["verb"]["id"] != VOIDED and len(mine) < 500:
            mine += made


def poll(call: Caller, record: Record, seen: list[tuple[str, str]], is_over: threading.Event) -> None:
    """Ask for what came since, until it is over and nothing more comes."""
    while True:
        was_over = is_over.is_set()
        query = {"ascending": "true", "limit": "200"} | ({"since": seen[-1][1]} if seen else {})
        try:
            status, page = call.statements(**query)
        except Gone:
            time.sleep(0.05)
            continue
        record.statuses[status] += 1
        if status != 200:
            record.troubles.append(f"since: {status} {page}"[:200])
            return
        found = page["statements"]
        seen += [(one["id"], one["stored"]) for one in found]
        if not found:
            if was_over:
                return
            time.sleep(0.01)


def walk(call: Caller, record: Record, is_over: threading.Event) -> None:
    """Walk down from the newest statement, page by page, again and again."""
    while not is_over.is_set():
        with record.guard:
            before = set(record.acknowledged)
        path = "/xapi/statements?limit=50"
        got: list[tuple[str, str]] = []
        try:
            for _ in range(PAGES):
                status, page = call("GET", path)
                record.statuses[status] += 1
                if status != 200:
                    record.troubles.append(f"more: {status} {page}"[:200])
                    return
                got += [(one["id"], one["stored"]) for one in page["statements"]]
                path = page["more"]
                if not path:
                    break
        except Gone:
            time.sleep(0.05)
            continue
        with record.guard:
            record.walks.append((before, got, not path))


def soak(
    port: int, authorization: str, seconds: float, in_the_middle: Callable[[], object] | None = None
) -> Record:
    """Run all clients for some seconds; ``in_the_middle`` is called after half of them."""
    with Caller(port, authorization) as call:
        record = Record(known={id_ for id_, _ in everything(call)})
    stop_writing, stop_reading = threading.Event(), threading.Event()

    def client(what: Callable[..., None], *arguments: Any) -> threading.Thread:
        def run() -> None:
            with Caller(port, authorization) as call:
                what(call, record, *arguments)

        return threading.Thread(target=run)

    record.polled = [[] for _ in range(SINCE_POLLERS)]
    writers = [client(write, number, stop_writing) for number in range(WRITERS)]
    readers = [client(poll, seen, stop_reading) for seen in record.polled]
    readers += [client(walk, stop_reading) for _ in range(MORE_POLLERS)]
    for thread in (*writers, *readers):
        thread.start()
    time.sleep(seconds / 2)
    if in_the_middle is not None:
        in_the_middle()
    time.sleep(seconds / 2)
    for event, threads in ((stop_writing, writers), (stop_reading, readers)):
        event.set()
        for thread in threads:
            thread.join(120)
            if thread.is_alive():
                record.troubles.append("a client still waits for its answer after two minutes")
    return record


# --- what was promised ------------------------------------------


def everything(call: Caller, **query: str) -> list[tuple[str, str]]:
    """Walk a whole query, through its "more" links."""
    status, page = call.statements(limit="500", **query)
    found = []
    while True:
        if status != 200:
            raise RuntimeError(f"the last walk: {status} {page}")
        found += [(one["id"], one["stored"]) for one in page["statements"]]
        if not page["more"]:
            return found
        status, page = call("GET", page["more"])


def check(call: Caller, record: Record) -> list[str]:
    """Return what was not as promised, one sentence each."""
    wrong = list(record.troubles)
    ascending = everything(call, ascending="true")
    ids = [id_ for id_, _ in ascending]
    stored = dict(ascending)
    visible = set(ids)
    if len(visible) != len(ids):
        wrong.append(f"{len(ids) - len(visible)} statements came twice in one walk")
    if any(one[1] >= two[1] for one, two in zip(ascending, ascending[1:], strict=False)):
        wrong.append("stored does not grow from statement to statement")
    if everything(call)[::-1] != ascending:
        wrong.append("two walks, up and down, differ")
    voided = {target for target, voiding in record.voids.items() if voiding in visible}
    for target in voided:
        status, _ = call.statements(voidedStatementId=target)
        if target in visible or status != 200:
            wrong.append(f"{target} was voided, and is not found as a voided statement ({status})")
    there = visible | voided
    lost = record.acknowledged - there
    if lost:
        wrong.append(f"{len(lost)} acknowledged statements are lost, for example {min(lost)}")
    halves = [batch for batch in record.batches if 0 < len(there.intersection(batch)) < len(batch)]
    if halves:
        wrong.append(f"{len(halves)} batches are stored by half")
    if foreign := there - record.known - {id_ for batch in record.batches for id_ in batch}:
        wrong.append(f"{len(foreign)} statements were never sent")
    for number, seen in enumerate(record.polled):
        wrong += [f"poller {number}: {what}" for what in _check_poller(seen, ids, voided)]
    for number, (before, got, is_whole) in enumerate(record.walks):
        wrong += [f"walk {number}: {what}" for what in _check_walk(before, got, is_whole, stored, voided)]
    return wrong


def _check_poller(seen: Sequence[tuple[str, str]], ids: Sequence[str], voided: set[str]) -> list[str]:
    wrong = []
    got = [id_ for id_, _ in seen]
    if len(set(got)) != len(got):
        wrong.append("got a statement twice")
    if missed := set(ids) - set(got):
        wrong.append(f"missed {len(missed)} statements, for example {min(missed)}")
    if [id_ for id_ in got if id_ not in voided] != list(ids):
        wrong.append("got them in another order")
    return wrong


def _check_walk(
    before: set[str], got: Sequence[tuple[str, str]], is_whole: bool, stored: dict[str, str], voided: set[str]
) -> list[str]:
    wrong = []
    if any(one[1] <= two[1] for one, two in zip(got, got[1:], strict=False)):
        wrong.append("is not in descending order, or shows a statement twice")
    if got:
        lowest = "" if is_whole else got[-1][1]
        missed = {id_ for id_ in before - voided if stored.get(id_, "") >= lowest} - {id_ for id_, _ in got}
        if missed:
            wrong.append(f"missed {len(missed)} statements that were stored before it began")
    return wrong


# --- the long form ------------------------------------------


def run(place: Any, seconds: float, *, is_killed: bool) -> bool:
    """Soak one installation, print what came of it; return whether all was as promised."""
    from running import memory_of, processes_of

    processes: list[subprocess.Popen[bytes]] = [place.start(WORKERS)]
    memory: list[float] = []
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(seconds / 20):
            memory.append(memory_of(processes[-1].pid))

    def kill() -> None:
        for pid in reversed(processes_of(processes[-1].pid)):
            os.kill(pid, signal.SIGKILL)
        processes[-1].wait()
        processes.append(place.start(WORKERS))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        record = soak(place.port, place.authorization, seconds, kill if is_killed else None)
        with Caller(place.port, place.authorization) as call:
            wrong = check(call, record)
    finally:
        is_over.set()
        watcher.join()
        processes[-1].terminate()
        processes[-1].wait(30)
    what = f"{seconds:.0f} s with SIGKILL in the middle" if is_killed else f"{seconds:.0f} s"
    print(f"\n{place.name}, {what}")
    print(
        f"  {len(record.batches):,} requests to store, {len(record.acknowledged):,} statements acknowledged"
    )
    print(f"  answers: {dict(record.statuses)}; unanswered while the server was away: {record.gone}")
    print(f"  pollers got {[len(seen) for seen in record.polled]}; {len(record.walks)} walks down")
    if not is_killed and len(memory) > 4:
        print(f"  memory: {memory[len(memory) // 4]:.0f} MB after a quarter, {memory[-1]:.0f} MB at the end")
    for sentence in wrong[:20]:
        print(f"  WRONG: {sentence}")
    if not wrong:
        print("  nothing lost, nothing twice, nothing by half, one order")
    return not wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    from running import installations

    kinds = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    is_good = True
    for is_killed in (False, True):
        with tempfile.TemporaryDirectory(prefix="lrs-soak-") as folder:
            Path(folder).chmod(0o755)
            with installations(kinds, Path(folder)) as found:
                for place in found:
                    is_good &= run(place, options.seconds, is_killed=is_killed)
    raise SystemExit(0 if is_good else 1)


if __name__ == "__main__":
    main()
