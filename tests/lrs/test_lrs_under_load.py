"""Many writers and readers at once: nothing lost, nothing twice, nothing by half, one order; also after SIGKILL."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from headstart_lms import serving
from headstart_lms.kernel.db import check_idle_connections, db, transaction
from headstart_lms.lrs import head, services, wire
from headstart_lms.lrs.credentials import client_add
from headstart_lms.xapi import build

from ..commands import run as run_command
from ..conftest import ROOT, Prepared, Variant
from ..conftest import make_app as make_whole_app
from ..trust.classroom import free_port
from .conftest import IRI_BASE, TENANT, Caller, make_app
from .lrs_strategies import statement
from .test_lrs_store import answered

VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}
HEADSTART = Path(sys.executable).parent / "headstart"


def benchmark(name: str) -> ModuleType:
    """Import a program of ``benchmarks`` by its file, as it is run."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", ROOT / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


# --- a real server, killed in the middle ------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, prepared: Prepared, tmp_path: Path) -> Iterator[Any]:
    """Yield an installation with a key, whose server can be started."""
    running = benchmark("running")
    address = prepared.copy(Variant(database=request.param), tmp_path / "instance", bundled=False)
    made = running.Installation(
        request.param, tmp_path / "instance", address, free_port(), base_url="http://localhost"
    )
    key = json.loads(made.command("client", "add", "soak", "--scope", "all", "--json"))
    made.key, made.secret = key["key"], key["secret"]
    yield made
    prepared.drop(address)


def test_what_is_acknowledged_is_stored_once_and_in_order_though_the_server_is_killed(place: Any) -> None:
    soak, running = benchmark("soak"), benchmark("running")
    servers: list[subprocess.Popen[bytes]] = [place.start(soak.WORKERS)]

    def kill() -> None:
        for pid in reversed(running.processes_of(servers[-1].pid)):
            os.kill(pid, signal.SIGKILL)
        servers[-1].wait(30)
        servers.append(place.start(soak.WORKERS))

    try:
        record = soak.soak(place.port, place.authorization, 4, kill)
        with soak.Caller(place.port, place.authorization) as call:
            wrong = soak.check(call, record)
    finally:
        servers[-1].terminate()
        servers[-1].wait(30)
    assert wrong == []
    assert set(record.statuses) == {200}
    assert record.acknowledged
    assert record.walks


# --- requests that come at one moment ------------------------------------------


def at_once(app: Flask, *sends: Callable[[], Any]) -> list[Any]:
    """Send requests while somebody else writes, so that they all wait for one another; return the answers."""
    answers: list[Any] = [None] * len(sends)

    def run(number: int) -> None:
        answers[number] = sends[number]()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(sends))]
    with app.app_context(), transaction() as current:
        head.advance(current, 0)
        for thread in threads:
            thread.start()
            time.sleep(0.05)
        time.sleep(0.2)
    for thread in threads:
        thread.join(30)
    return answers


def test_requests_that_come_at_one_moment_share_a_transaction(
    app: Flask, lrs: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[int] = []
    real = transaction

    def counted() -> Any:
        opened.append(1)
        return real()

    made = [statement() for _ in range(8)]
    lrs.post(statement())  # the key is noted as used
    monkeypatch.setattr("headstart_lms.lrs.gathering.transaction", counted)
    answers = at_once(app, *(lambda one=one: lrs.post(one) for one in made))
    assert [answer.json for answer in answers] == [[one["id"]] for one in made]
    assert len(opened) == 2  # the first went alone, the others together
    assert {one["id"] for one in lrs.all()} >= {one["id"] for one in made}


def test_the_error_of_one_request_is_not_the_error_of_another(app: Flask, lrs: Caller) -> None:
    context = build.Context(IRI_BASE, uuid4(), uuid4(), uuid4(), "1.0", "ar")
    ours = answered(context, uuid4())
    us = build.authority(IRI_BASE)
    with app.app_context(), transaction() as current:
        services.store(current, [ours], authority=us, tenant=TENANT, trusted=True)
    known, first, good, twice = (statement() for _ in range(4))
    lrs.post(known)
    void_ours = statement(verb=VOIDED, object={"objectType": "StatementRef", "id": ours["id"]})
    other = {**known, "result": {"success": False}}
    sent = [first, other, good, void_ours, known, twice, twice]
    answers = at_once(app, *(lambda one=one: lrs.post(one) for one in sent))
    assert [answer.status_code for answer in answers] == [200, 409, 200, 403, 200, 200, 200]
    stored = [one["id"] for one in lrs.all(ascending="true")]
    assert sorted(stored) == sorted(one["id"] for one in (ours, known, first, good, twice))


def test_two_clients_at_one_moment_keep_their_own_authority(
    app: Flask, make_caller: Callable[..., Caller]
) -> None:
    callers = [make_caller(), make_caller()]
    made = [statement() for _ in range(6)]
    at_once(app, *(lambda n=n, one=one: callers[n % 2].post(one) for n, one in enumerate(made)))
    found = {one["id"]: one["authority"]["account"]["name"] for one in callers[0].all()}
    assert found == {one["id"]: f"client:{callers[n % 2].key}" for n, one in enumerate(made)}


# --- ways to the database ------------------------------------------


def test_another_driver_of_postgresql_does_as_well(
    postgresql_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_is_ours", lambda connection: False)
    app = make_app(postgresql_database, tmp_path)
    with app.app_context():
        context = build.Context(IRI_BASE, uuid4(), uuid4(), uuid4(), "1.0", "ar")
        made = [answered(context, uuid4()) for _ in range(2)]
        made[0]["object"]["id"] += '/it\'s:\\"%s"{x}'
        with transaction() as current:
            services.store(
                current, made, authority=build.authority(IRI_BASE), tenant=TENANT, trusted=True, checked=True
            )
        found = services.statements_of(db.session(), registration=context.registration)
        assert [one["id"] for one in found] == [one["id"] for one in made]
        db.session.remove()
        db.engine.dispose()


def test_a_connection_that_the_database_closed_is_replaced(postgresql_database: str) -> None:
    engine = create_engine(postgresql_database, pool_size=1, max_overflow=0)
    check_idle_connections(engine)
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    other = create_engine(postgresql_database)
    with other.connect() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend({pid})"))
    time.sleep(0.2)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != pid
    engine.dispose()
    other.dispose()


def test_a_name_is_stored_as_it_is_whatever_stands_in_it(lrs: Caller) -> None:
    for name in ("O'Neil", 'a "b" \\ c', "100 %s {}", "{1,2}", "null", "NULL", " ", "ä€😀", "$1; --", ":id"):
        made = statement(object={"id": f"https://a.example/{base64.b32encode(name.encode()).decode()}"})
        made["actor"] = {"account": {"homePage": "https://a.example", "name": name}, "name": name}
        made["context"] = {"contextActivities": {"other": [{"id": "https://a.example/x:y"}]}}
        assert lrs.post(made).status_code == 200
        agent = json.dumps({"account": {"homePage": "https://a.example", "name": name}})
        assert [one["id"] for one in lrs.all(agent=agent)] == [made["id"]]


def test_more_requests_than_connections_wait_for_one_another_and_not_for_connections(
    database: str, tmp_path: Path
) -> None:
    """Whoever waits for the commit of another holds no connection that this other one needs."""
    made = make_app(
        database, tmp_path, SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 3, "max_overflow": 2, "pool_timeout": 3}
    )
    with made.app_context(), transaction() as current:
        key = client_add(current, "many", iri_base=IRI_BASE, tenant=TENANT)
    lrs = Caller(made.test_client(), key["key"], key["secret"], "1.0.3")
    lrs.post(statement())  # the key is noted as used
    in_waiting: list[int] = []

    def send() -> list[int]:
        caller = Caller(made.test_client(), key["key"], key["secret"], "1.0.3")
        return [caller.post(statement()).status_code for _ in range(3)]

    def watch() -> None:
        time.sleep(0.3)
        with made.app_context():
            in_waiting.append(db.engine.pool.checkedout())

    answers = at_once(made, *[send] * 4, watch)
    assert answers[:4] == [[200, 200, 200]] * 4
    # the one who writes, the one who leads and waits for her, and none of the others
    assert in_waiting[0] <= 2
    threads = 24
    found: list[Any] = [None] * threads

    def run(number: int) -> None:
        found[number] = send()

    all_threads = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in all_threads:
        thread.start()
    for thread in all_threads:
        thread.join(60)
    assert found == [[200, 200, 200]] * threads
    assert len(lrs.all()) == 1 + 12 + 72
    with made.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_there_is_a_connection_for_each_thread_of_the_server(
    prepared: Prepared, tmp_path: Path, database: str
) -> None:
    variant = Variant(database=database)
    address = prepared.copy(variant, tmp_path / "instance", bundled=False)
    made = make_whole_app(variant, tmp_path / "instance", address)
    with made.app_context():
        pool: Any = db.engine.pool
        assert pool.size() + pool._max_overflow >= serving.THREADS + 2
        db.engine.dispose()
    prepared.drop(address)


def test_sqlite_is_served_by_one_process(prepared: Prepared, tmp_path: Path) -> None:
    address = prepared.copy(Variant(), tmp_path / "instance", bundled=False)
    made = make_whole_app(Variant(), tmp_path / "instance", address)
    refused = run_command(made, "serve", "--workers", "2")
    assert refused.exit_code == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "--workers" in refused.stderr
    with made.app_context():
        db.engine.dispose()
