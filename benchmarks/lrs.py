"""How fast the record store is, beside raw inserts of the same bytes into the same database.

    python benchmarks/lrs.py                                   both databases, 10,000 stored: about a minute
    python benchmarks/lrs.py --stored 10000 100000 1000000     reads with so many statements stored
    python benchmarks/lrs.py --database sqlite --seconds 3 --connections 1 8
    python benchmarks/lrs.py --folder bench           keep what is stored there, and go on with it

Writes and reads go over HTTP to ``headstart serve`` (one process), with full validation. "store()" is the same
without HTTP, as an answer of a learner runs it. Each figure stands beside a ratio, because machines differ: writes
beside raw inserts; reads by the CPU they take (server and database together) beside the first size.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4, uuid5

from flask import Flask
from running import Installation, cpu_of, installations
from sqlalchemy import func, select, text, update

from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.lrs import head, models, services
from headstart_lms.lrs.validator import check_batch
from headstart_lms.xapi import build

IRI_BASE = "https://learn.example"
SPACE = UUID("5d0a5aa3-6f4e-4a7b-9f40-3a3a2b1f0c11")
COURSES = [uuid5(SPACE, f"course {number}") for number in range(8)]
#: (actor, registration). Half of all statements are of the first hundred: they fill a page also when 10,000 are stored.
PEOPLE = [(uuid5(SPACE, f"person {n}"), uuid5(SPACE, f"registration {n}")) for n in range(5_000)]
BUSY, ITEMS = 100, 20
US = build.authority(IRI_BASE)
choice = random.Random(7)  # noqa: S311 - a load, not a secret


def statement(own: bool = False) -> dict[str, Any]:
    """Return one answer of somebody to an item of a course: about 950 bytes."""
    actor, registration = choice.choice(PEOPLE[:BUSY] if choice.random() < 0.5 else PEOPLE)
    context = build.Context(IRI_BASE, actor, registration, choice.choice(COURSES), "1.0", "ar")
    made = build.answered(
        context, uuid4(), item_id=f"item-{choice.randrange(ITEMS)}", unit_id=f"unit-{choice.randrange(10)}",
        interaction="choice", response="a", score=1.0, success=True, at=datetime.now(UTC),
    )  # fmt: skip
    return made if own else {**made, "id": str(uuid4())}


# --- measuring ------------------------------------------


def rate(work: Callable[[], int], seconds: float) -> float:
    """Return how many things a second ``work`` does; it returns how many it did."""
    work()
    done, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < seconds:
        done += work()
    return done / took


def raw_insert(batch: int) -> Callable[[], int]:
    """Return work that inserts the same bytes with a plain INSERT, one commit a batch."""
    rows = [{"payload": json.dumps(statement()).encode()} for _ in range(batch)]

    def work() -> int:
        with db.engine.begin() as connection:
            connection.execute(text("INSERT INTO raw_bytes (payload) VALUES (:payload)"), rows)
        return batch

    return work


def direct(tenant: UUID, batch: int) -> Callable[[], int]:
    """Return work that stores a batch as the learning system does, one commit a batch."""

    def work() -> int:
        made = [statement(own=True) for _ in range(batch)]
        with transaction() as current:
            services.store(current, made, authority=US, tenant=tenant, trusted=True)
        return batch

    return work


class Load:
    """Connections to the server under test, each with its own thread and nothing but sockets in between."""

    def __init__(self, place: Installation) -> None:
        self.port = place.port
        self.head = (
            f"Host: 127.0.0.1\r\nAuthorization: {place.authorization}\r\nX-Experience-API-Version: 1.0.3\r\n"
        )
        self.failures: list[str] = []

    def post(self, body: bytes) -> bytes:
        return (
            f"POST /xapi/statements HTTP/1.1\r\n{self.head}Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def get(self, query: dict[str, str]) -> bytes:
        path = "/xapi/statements?" + urlencode({"limit": "50", **query})
        return f"GET {path} HTTP/1.1\r\n{self.head}\r\n".encode()

    def run(self, connections: int, seconds: float, requests: Sequence[bytes]) -> list[float]:
        """Send requests for some seconds; return how long each took, in seconds."""
        took: list[float] = []
        end = time.perf_counter() + seconds

        def send(number: int) -> None:
            at = number * 7
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
                stream = connection.makefile("rb")
                while (start := time.perf_counter()) < end:
                    connection.sendall(requests[at % len(requests)])
                    status = _read_answer(stream)
                    took.append(time.perf_counter() - start)
                    at += 1
                    if not status.startswith(b"HTTP/1.1 20"):
                        self.failures.append(status.decode().strip())

        threads = [threading.Thread(target=send, args=(number,)) for number in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return took


def _read_answer(stream: Any) -> bytes:
    status: bytes = stream.readline()
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    stream.read(length)
    return status


def percentile(took: list[float], part: float) -> float:
    """Return a percentile, in milliseconds."""
    return sorted(took)[int(len(took) * part)] * 1000 if took else float("nan")


def filters(oldest: int, newest: int) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield the name of each filter with questions: each asks for other people, courses, items and times."""
    answered = "http://adlnet.gov/expapi/verbs/answered"

    def who(number: int) -> dict[str, str]:
        name = str(PEOPLE[number % BUSY][0])
        return {"agent": json.dumps({"objectType": "Agent", "account": {"homePage": IRI_BASE, "name": name}})}

    def course(number: int) -> str:
        return f"{IRI_BASE}/courses/{COURSES[number % len(COURSES)]}"

    numbers = range(64)
    yield "none", [{}]
    yield "agent", [who(n) for n in numbers]
    yield "verb", [{"verb": answered}]
    yield "activity", [{"activity": f"{course(n)}/item-{n % ITEMS}"} for n in numbers]
    yield "related", [{"activity": course(n), "related_activities": "true"} for n in numbers]
    yield "registration", [{"registration": str(PEOPLE[n % BUSY][1])} for n in numbers]
    yield "agent + verb", [{**who(n), "verb": answered} for n in numbers]
    times = [oldest + (newest - oldest) * n // 80 for n in numbers]
    yield "since", [{"since": head.instant(at), "ascending": "true"} for at in times]


# --- what is printed ------------------------------------------


def fill(app: Flask, tenant: UUID, wanted: int) -> int:
    """Store until there are so many statements; return how many.

    The first 100,000 go through store(); more are copies of these, with ids and times of their own, made by the
    database: the same rows in every table.
    """
    with app.app_context():
        have = begun = session().scalar(select(func.max(models.Statement.seq))) or 0
        session().rollback()
        store = direct(tenant, 2_000)
        while have < min(wanted, COPIED):
            have += store()
        while have < wanted:
            have += copy_block(have, min(COPIED, wanted - have))
        with db.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
        return have - begun


COPIED = 100_000
#: The last 29 characters of what store() writes for our own statements are the time stored, and the end.
_COPY_POSTGRESQL = """
    INSERT INTO lms_statement (seq, id, tenant_id, stored, voided, own, payload)
    SELECT seq + :add, CAST(left(CAST(id AS text), 28) || :mark AS uuid), tenant_id, stored + :later, voided, own,
        convert_to(replace(left(body, -29), CAST(id AS text), left(CAST(id AS text), 28) || :mark)
        || to_char(timestamp 'epoch' + (stored + :later) * interval '1 microsecond', 'YYYY-MM-DD"T"HH24:MI:SS.US')
        || 'Z"}', 'UTF8')
    FROM (SELECT *, convert_from(payload, 'UTF8') AS body FROM lms_statement WHERE seq <= :count) AS old
"""
_COPY_SQLITE = """
    INSERT INTO lms_statement (seq, id, tenant_id, stored, voided, own, payload)
    SELECT seq + :add, substr(id, 1, 24) || :mark, tenant_id, stored + :later, voided, own, CAST(
        replace(substr(body, 1, length(body) - 29), dashed, substr(dashed, 1, 28) || :mark)
        || strftime('%Y-%m-%dT%H:%M:%S', (stored + :later) / 1000000, 'unixepoch')
        || printf('.%06dZ"}', (stored + :later) % 1000000) AS BLOB)
    FROM (SELECT *, CAST(payload AS TEXT) AS body, substr(id, 1, 8) || '-' || substr(id, 9, 4) || '-'
        || substr(id, 13, 4) || '-' || substr(id, 17, 4) || '-' || substr(id, 21) AS dashed
        FROM lms_statement WHERE seq <= :count)
"""


def copy_block(have: int, count: int) -> int:
    """Copy the first ``count`` statements behind the last; return how many."""
    with transaction() as current:
        first, last = current.execute(
            select(func.min(models.Statement.stored), func.max(models.Statement.stored))
        ).one()
        copy = _COPY_POSTGRESQL if db.engine.dialect.name == "postgresql" else _COPY_SQLITE
        mark = f"{have // COPIED:08x}"
        values = {"add": have, "count": count, "later": last - first + 1, "mark": mark}
        current.execute(text(copy), values)
        current.execute(
            text(
                "INSERT INTO lms_posting SELECT term_id, seq + :add, roles FROM lms_posting WHERE seq <= :count"
            ),
            {"add": have, "count": count},
        )
        newest = select(models.Statement).order_by(models.Statement.seq.desc()).limit(1)
        row = current.scalars(newest).one()
        told = json.loads(row.payload)
        if (told["id"], told["stored"]) != (str(row.id), head.instant(row.stored)):
            raise RuntimeError(f"the copy {row.id} says something else than its row")
        current.execute(update(models.Head).values(seq=row.seq, stored=row.stored))
    return count


def measure_writes(app: Flask, tenant: UUID, seconds: float) -> dict[int, float]:
    """Print writes without HTTP beside raw inserts; return the raw rates."""
    raws = {}
    with app.app_context():
        blob = "BYTEA" if db.engine.dialect.name == "postgresql" else "BLOB"
        with db.engine.begin() as connection:
            connection.execute(text("DROP TABLE IF EXISTS raw_bytes"))
            connection.execute(text(f"CREATE TABLE raw_bytes (payload {blob})"))
        one = [statement()]

        def check() -> int:
            check_batch(one, "1.0.3")
            return 1

        print(f"  validating a statement        {1e6 / rate(check, 0.3):8.0f} us")
        print("  writes, statements/s                raw INSERT     store()    of raw")
        for batch in (1, 50, 500):
            raws[batch], ours = rate(raw_insert(batch), seconds), rate(direct(tenant, batch), seconds)
            print(
                f"    batches of {batch:<4}               {raws[batch]:14,.0f} {ours:11,.0f}  {ours / raws[batch]:7.1%}"
            )
        with db.engine.begin() as connection:
            connection.execute(text("DROP TABLE raw_bytes"))
        session().rollback()
        db.engine.dispose()
    return raws


def measure_posts(
    roots: list[int], load: Load, raws: dict[int, float], connections: list[int], seconds: float
) -> None:
    print(
        "  writes over HTTP, statements/s"
        + "".join(f"{n:>9} conn." for n in connections)
        + "   of raw   p50, p95   CPU each"
    )
    for batch in (1, 50, 500):
        bodies = [[statement() for _ in range(batch)] for _ in range(200 if batch == 1 else 8)]
        for made in (one for body in bodies for one in body):
            del made["id"]  # the server gives ids, so the same bytes are stored anew each time
        requests = [load.post(json.dumps(body if batch > 1 else body[0]).encode()) for body in bodies]
        load.run(max(connections), 0.3, requests)
        rates = []
        for count in connections:
            start, before = time.perf_counter(), cpu_of(*roots)
            took = load.run(count, seconds, requests)
            rates.append(len(took) * batch / (time.perf_counter() - start))
            cpu = (cpu_of(*roots) - before) / len(took) / batch * 1000
        figures = "".join(f"{r:>14,.0f}" for r in rates).removeprefix("    ")
        tail = f"{percentile(took, 0.5):.0f}, {percentile(took, 0.95):.0f} ms   {cpu:.2f} ms"
        print(f"    batches of {batch:<4}               {figures}  {max(rates) / raws[batch]:7.1%}   {tail}")


def measure_reads(
    place: Installation, load: Load, app: Flask, connections: int, seconds: float, first: dict[str, float]
) -> None:
    """Print reads with what is stored now; ``first`` holds the CPU of a request at the first size."""
    with app.app_context():
        stored = models.Statement.stored
        oldest, newest, count = (
            session().execute(select(func.min(stored), func.max(stored), func.count())).one()
        )
        session().rollback()
        db.engine.dispose()
    print(f"  reads of 50 over HTTP, {count:,} stored, {connections} connections")
    with place.served() as process:
        roots = [process.pid] + ([place.database_process] if place.database_process else [])
        for what, questions in filters(oldest, newest):
            requests = [load.get(question) for question in questions]
            load.run(connections, 0.5, requests)
            before = cpu_of(*roots)
            took = load.run(connections, seconds, requests)
            cpu = (cpu_of(*roots) - before) / len(took) * 1000
            first.setdefault(what, cpu)
            print(
                f"    {what:<14}{len(took) / seconds:10,.0f}/s   p50 {percentile(took, 0.5):6.1f}"
                f"  p95 {percentile(took, 0.95):6.1f} ms   CPU {cpu:5.2f} ms, x {cpu / first[what]:.2f} of the first"
            )


def measure(place: Installation, sizes: list[int], connections: list[int], seconds: float) -> int:
    """Measure one database; return how many requests failed."""
    print(f"\n{place.name}", flush=True)
    app = place.app()
    with app.app_context():
        tenant: UUID = app.extensions["headstart"].installation.uuid
        session().rollback()
    load = Load(place)
    first: dict[str, float] = {}
    for size in sizes:
        start = time.perf_counter()
        made = fill(app, tenant, size)
        if made:
            took = time.perf_counter() - start
            print(f"  {made:,} stored in {took:.0f} s", flush=True)
        measure_reads(place, load, app, max(connections), seconds, first)
    raws = measure_writes(app, tenant, seconds)
    with place.served() as process:
        roots = [process.pid] + ([place.database_process] if place.database_process else [])
        measure_posts(roots, load, raws, connections, seconds)
    reasons = ", ".join(sorted(set(load.failures)))
    print(f"  requests that failed: {len(load.failures)} {reasons}", flush=True)
    return len(load.failures)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument(
        "--stored", type=int, nargs="+", default=[10_000], help="statements stored for the reads"
    )
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 4, 8])
    parser.add_argument("--seconds", type=float, default=1.5, help="how long each figure is measured")
    parser.add_argument("--folder", type=Path, help="keep the databases in this folder")
    options = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    with tempfile.TemporaryDirectory(prefix="lrs-bench-") as temporary:
        folder = options.folder or Path(temporary)
        folder.chmod(0o755) if options.folder is None else folder.mkdir(parents=True, exist_ok=True)
        with installations(kinds, folder.resolve()) as found:
            failed = sum(
                measure(place, options.stored, options.connections, options.seconds) for place in found
            )
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
