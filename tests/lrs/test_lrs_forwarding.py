"""Statements reach other LRSs, at least once, under the same ids, without names."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import tincan
from flask import Flask, Response, request
from sqlalchemy import select
from werkzeug.serving import make_server

from headstart_lms.kernel import jobs
from headstart_lms.kernel.clock import frozen, now
from headstart_lms.kernel.db import session as current_session
from headstart_lms.kernel.db import transaction
from headstart_lms.kernel.errors import Conflict, Invalid, NotFound
from headstart_lms.lrs import credentials, forwarding, models, services, targets
from headstart_lms.xapi import build

from .conftest import IRI_BASE, TENANT, Caller, make_app
from .lrs_strategies import Json, agent, statement

US = build.authority(IRI_BASE)


class Remote:
    """An application that listens on this machine while a test runs, and can be told to fail."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.failing: Callable[[], Response | None] = lambda: None
        self.batches: list[int] = []
        app.before_request(self._before)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        with app.app_context(), transaction() as current:
            made = credentials.client_add(current, "sender", iri_base="https://remote.example", tenant=None)
        self.key, self.secret = made["key"], made["secret"]
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}/xapi"

    def _before(self) -> Response | None:
        if request.method == "POST" and request.is_json:
            self.batches.append(len(request.get_json()))
        return self.failing()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def statements(self) -> list[Json]:
        with self.app.app_context():
            rows = current_session().scalars(select(models.Statement.payload).order_by(models.Statement.seq))
            return [json.loads(row) for row in rows]


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[Remote]:
    folder = tmp_path / "remote"
    folder.mkdir()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    made = Remote(make_app(f"sqlite:///{folder / 'remote.db'}", folder))
    yield made
    made.stop()


@pytest.fixture
def context() -> build.Context:
    return build.Context(IRI_BASE, uuid4(), uuid4(), uuid4(), "1.0", "ar")


def keyring(app: Flask) -> Any:
    return app.extensions["headstart"].keyring


def add(app: Flask, remote: Remote, name: str = "ministry", **options: Any) -> None:
    with app.app_context(), transaction() as current:
        targets.target_add(
            current, name, endpoint=remote.endpoint, username=remote.key,
            password=options.pop("password", remote.secret), keyring=keyring(app), **options,
        )  # fmt: skip


def answer(app: Flask, context: build.Context, count: int = 1, success: bool = True) -> list[Json]:
    made = [
        build.answered(
            context, uuid4(), item_id="i", unit_id="u", interaction="choice", success=success, at=now()
        )
        for _ in range(count)
    ]
    with app.app_context(), transaction() as current:
        services.store(current, made, authority=US, tenant=TENANT, trusted=True)
    return made


def forward(app: Flask) -> int:
    with app.app_context():
        return forwarding.forward_all(keyring(app))


def shown(app: Flask, name: str = "ministry") -> Json:
    with app.app_context():
        return next(row for row in targets.target_list(current_session()) if row["name"] == name)


def test_what_is_stored_is_sent_under_the_same_id(app: Flask, remote: Remote, context: build.Context) -> None:
    add(app, remote)
    made = answer(app, context, 3)
    assert forward(app) == 3
    assert [one["id"] for one in remote.statements()] == [one["id"] for one in made]
    assert shown(app)["sent"] == 3
    assert shown(app)["waiting"] == 0


def test_the_job_sends(app: Flask, remote: Remote, context: build.Context) -> None:
    add(app, remote)
    answer(app, context, 2)
    with app.app_context():
        assert jobs.run_all() == 1
    assert len(remote.statements()) == 2


def test_a_statement_that_is_rolled_back_is_not_sent(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote)
    made = build.registered(context, at=now())
    with app.app_context():
        services.store(current_session(), [made], authority=US, tenant=TENANT, trusted=True)
        current_session().rollback()
    assert forward(app) == 0


def test_the_name_is_a_pseudonym_made_for_the_target(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote, "one")
    answer(app, context, 2)
    forward(app)
    first = remote.statements()
    assert str(context.actor) not in json.dumps(first)
    assert len({one["actor"]["account"]["name"] for one in first}) == 1
    UUID(first[0]["actor"]["account"]["name"])
    again = forwarding.for_target(
        {**first[0], "actor": agent(str(context.actor), IRI_BASE), "authority": US}, uuid4()
    )
    assert again["actor"]["account"]["name"] != first[0]["actor"]["account"]["name"]


def test_people_of_other_systems_keep_their_names() -> None:
    made = {
        **statement(actor=agent("x", "https://other.example")),
        "authority": US,
        "stored": "s",
        "version": "1.0.0",
    }
    sent = forwarding.for_target(made, uuid4())
    assert sent["actor"] == made["actor"]
    assert "authority" not in sent
    assert "stored" not in sent


def test_members_of_groups_get_pseudonyms_too() -> None:
    group = {"objectType": "Group", "member": [agent("somebody", IRI_BASE)]}
    made = {**statement(actor=agent("x", IRI_BASE), context={"team": group}), "authority": US}
    assert "somebody" not in json.dumps(forwarding.for_target(made, uuid4()))


def test_what_others_stored_is_sent_only_to_targets_that_ask(app: Flask, remote: Remote, lrs: Caller) -> None:
    add(app, remote, "ours only")
    add(app, remote, "all", own_only=False)
    made = statement()
    lrs.post(made)
    assert shown(app, "ours only")["waiting"] == 0
    assert shown(app, "all")["waiting"] == 1
    forward(app)
    assert [one["id"] for one in remote.statements()] == [made["id"]]


def test_a_target_gets_only_the_verbs_it_asks_for(app: Flask, remote: Remote, context: build.Context) -> None:
    add(app, remote, verbs=["http://adlnet.gov/expapi/verbs/registered"])
    answer(app, context)
    with app.app_context(), transaction() as current:
        services.store(
            current, [build.registered(context, at=now())], authority=US, tenant=TENANT, trusted=True
        )
    forward(app)
    assert [one["verb"]["display"]["en"] for one in remote.statements()] == ["registered"]


def test_history_is_sent_when_asked_for(app: Flask, remote: Remote, context: build.Context) -> None:
    made = answer(app, context, 4)
    add(app, remote, with_history=True)
    answer(app, context)
    assert forward(app) == 5
    assert remote.statements()[0]["id"] == made[0]["id"]


def test_2_0_statements_are_sent_as_they_are(app: Flask, remote: Remote) -> None:
    add(app, remote, own_only=False)
    related = [{"objectType": "contextAgent", "agent": agent("x", "https://other.example")}]
    made = statement(context={"contextAgents": related})
    with app.app_context(), transaction() as current:
        services.store(current, [made], authority=agent("c"), tenant=TENANT, trusted=False, version="2.0.0")
    assert forward(app) == 1
    assert remote.statements()[0]["context"] == made["context"]
    assert remote.statements()[0]["version"] == "2.0.0"


def test_attachments_go_along(app: Flask, remote: Remote) -> None:
    import hashlib

    add(app, remote, own_only=False)
    sha2 = hashlib.sha256(b"hello").hexdigest()
    attachment = {
        "usageType": "http://u.example",
        "display": {"en": "x"},
        "contentType": "text/plain",
        "length": 5,
        "sha2": sha2,
    }
    with app.app_context(), transaction() as current:
        services.store(
            current, [statement(attachments=[attachment])], authority=agent("c"), tenant=TENANT,
            trusted=False, attachments={sha2: b"hello"},
        )  # fmt: skip
    assert forward(app) == 1
    with remote.app.app_context():
        assert current_session().scalar(select(models.Attachment.content)) == b"hello"


# --- failures ------------------------------------------


def test_one_refused_statement_does_not_hold_up_the_rest(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote)
    made = answer(app, context, 7)
    with remote.app.app_context(), transaction() as current:
        other = statement(id=made[4]["id"])
        services.store(current, [other], authority=agent("x"), tenant=TENANT, trusted=False)
    assert forward(app) == 6
    assert shown(app)["refused"] == 1
    assert shown(app)["waiting"] == 0
    assert remote.batches[0] == 7
    with app.app_context():
        refused = targets.refused_list(current_session(), "ministry")
    assert [row["statement"] for row in refused] == [made[4]["id"]]
    assert "409" in refused[0]["error"]


def test_a_target_that_is_down_is_tried_again_ever_later(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote)
    answer(app, context, 3)
    remote.failing = lambda: Response(status=503)
    start = datetime(2026, 6, 1, tzinfo=UTC)
    with frozen(start + timedelta(days=300)):
        assert forward(app) == 0
        assert remote.batches == [3]
        assert forward(app) == 0
        assert remote.batches == [3], "it waits before the next try"
    assert "503" in shown(app)["last_error"]
    assert shown(app)["waiting"] == 3
    with frozen(start + timedelta(days=300, seconds=31)):
        assert forward(app) == 0
    assert remote.batches == [3, 3]
    with frozen(start + timedelta(days=300, seconds=80)):
        assert forward(app) == 0
    assert remote.batches == [3, 3], "the second wait is longer"
    remote.failing = lambda: None
    with frozen(start + timedelta(days=301)):
        assert forward(app) == 3
    assert shown(app)["last_error"] is None


def test_what_was_taken_but_not_acknowledged_is_sent_again_and_there_once(
    app: Flask, remote: Remote, context: build.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(app, remote)
    answer(app, context, 2)
    with monkeypatch.context() as patch:
        patch.setattr(forwarding, "_note_sent", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
        with pytest.raises(RuntimeError, match="killed"):
            forward(app)
    assert forward(app) == 2
    assert len(remote.statements()) == 2


def test_a_wrong_password_stops_and_is_shown(app: Flask, remote: Remote, context: build.Context) -> None:
    add(app, remote, password="wöng")
    answer(app, context, 60)
    assert forward(app) == 0
    assert "401" in shown(app)["last_error"]
    assert shown(app)["waiting"] == 60
    assert len(remote.batches) == 1


def test_nobody_at_the_address_is_a_failure_that_is_shown(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote)
    answer(app, context)
    remote.stop()
    try:
        assert forward(app) == 0
        assert "Connection" in shown(app)["last_error"]
    finally:
        remote._thread = threading.Thread()
        remote._server = make_server("127.0.0.1", 0, remote.app)
        remote._thread = threading.Thread(target=remote._server.serve_forever)
        remote._thread.start()


def test_a_redirect_is_not_followed_with_the_password(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote)
    answer(app, context)
    remote.failing = lambda: Response(status=307, headers={"Location": "http://127.0.0.1:9/x"})
    assert forward(app) == 0
    assert "307" in shown(app)["last_error"]


def test_what_was_refused_is_tried_again_on_command(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote)
    answer(app, context)
    remote.failing = lambda: Response("no", status=400)
    forward(app)
    assert shown(app)["refused"] == 1
    remote.failing = lambda: None
    assert forward(app) == 0
    with app.app_context(), transaction() as current:
        assert targets.send_again(current, "ministry") == 1
    assert forward(app) == 1


def test_one_failing_target_does_not_hold_up_another(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote, "broken", password="wrong")
    add(app, remote, "good")
    answer(app, context)
    assert forward(app) == 1
    assert shown(app, "good")["sent"] == 1


def test_a_target_in_a_long_wait_does_not_hold_up_what_comes_for_another(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote, "broken", password="wrong")
    answer(app, context)
    with app.app_context():
        jobs.run_all()  # it fails, and the job waits for its next try
    add(app, remote, "good")
    answer(app, context)
    with app.app_context():
        jobs.run_all()
    assert shown(app, "good")["sent"] == 1


@pytest.mark.both_databases
def test_two_targets_that_are_made_at_the_same_moment_both_count(app: Flask) -> None:
    def make(name: str, hold: float) -> None:
        with app.app_context(), transaction() as current:
            targets.target_add(
                current, name, endpoint="https://lrs.example.org/xapi", username="u", password="p",
                keyring=keyring(app),
            )  # fmt: skip
            time.sleep(hold)

    first = threading.Thread(target=make, args=("first", 0.6))
    first.start()
    time.sleep(0.2)
    make("second", 0)
    first.join()
    with app.app_context():
        assert current_session().scalars(select(models.Head.targets)).all() == [2]


def test_a_stopped_target_gets_nothing(app: Flask, remote: Remote, context: build.Context) -> None:
    add(app, remote)
    with app.app_context(), transaction() as current:
        targets.target_stop(current, "ministry")
    answer(app, context)
    assert forward(app) == 0


def test_erasing_a_person_empties_the_outbox_of_her(
    app: Flask, remote: Remote, context: build.Context
) -> None:
    add(app, remote)
    answer(app, context)
    with app.app_context(), transaction() as current:
        services.erase_actor(current, context.actor)
    assert forward(app) == 0
    assert shown(app)["waiting"] == 0


# --- targets ------------------------------------------


@pytest.mark.parametrize("endpoint", [
    "http://lrs.example.org/xapi", "ftp://127.0.0.1/", "lrs.example.org", "https://u:p@lrs.example.org/", "https://",
    "http://127.0.0.1.example.org/", "https://lrs.example.org/?x=1",
])  # fmt: skip
def test_an_endpoint_that_is_not_safe_is_refused(app: Flask, endpoint: str) -> None:
    with app.app_context(), transaction() as current, pytest.raises(Invalid):
        targets.target_add(current, "x", endpoint=endpoint, username="u", password="p", keyring=keyring(app))


def test_a_name_is_used_once_and_an_unknown_one_is_not_found(app: Flask, remote: Remote) -> None:
    add(app, remote)
    with pytest.raises(Conflict):
        add(app, remote)
    with app.app_context(), pytest.raises(NotFound):
        targets.get_target(current_session(), "nobody")


def test_the_password_of_a_target_is_sealed(app: Flask, remote: Remote) -> None:
    add(app, remote, password="a very secret word")
    with app.app_context():
        row = current_session().scalar(select(models.ForwardTarget))
        assert row is not None
        assert b"secret word" not in row.sealed
        assert targets.open_secrets(row, keyring(app))[0] == "a very secret word"


# --- tincan, as it is ------------------------------------------


@pytest.fixture(params=["as published", "our subclass"])
def client(request: pytest.FixtureRequest, remote: Remote) -> Iterator[Any]:
    if request.param == "as published":
        yield tincan.RemoteLRS(
            endpoint=remote.endpoint + "/", version="1.0.3", username=remote.key, password=remote.secret
        )
        return
    made = forwarding.Remote(remote.endpoint + "/", remote.key, remote.secret)
    yield made
    made.close()


def test_tincans_client_writes_reads_and_walks(client: Any, context: build.Context, remote: Remote) -> None:
    assert client.about().success
    made = tincan.Statement.from_json(json.dumps(build.registered(context, at=now())))
    assert client.save_statement(made).success
    assert client.retrieve_statement(made.id).content.verb.id == made.verb.id
    many = [
        {"actor": agent("x"), "verb": {"id": "http://v.example/x"}, "object": {"id": f"http://a.example/{n}"}}
        for n in range(5)
    ]
    saved = client.save_statements(many)
    assert saved.success
    assert all(one.id is not None for one in saved.content)
    page = client.query_statements({"limit": 2, "verb": tincan.Verb(id="http://v.example/x")}).content
    found = list(page.statements)
    while page.more:
        page = client.more_statements(page).content
        found += page.statements
    assert [one.object.id for one in found] == [f"http://a.example/{n}" for n in (4, 3, 2, 1, 0)]


def test_our_subclass_may_ask_with_booleans_and_instants(remote: Remote, context: build.Context) -> None:
    made = forwarding.Remote(remote.endpoint + "/", remote.key, remote.secret)
    answer = made.query_statements({"ascending": True, "since": datetime(2020, 1, 1, tzinfo=UTC), "limit": 1})
    made.close()
    assert answer.success


def test_tincans_client_keeps_state_and_profiles(client: Any) -> None:
    activity, who = (
        tincan.Activity(id="http://a.example/x"),
        tincan.Agent(account=tincan.AgentAccount(home_page="http://h.example", name="n")),
    )
    state = tincan.documents.StateDocument(activity=activity, agent=who, id="s", content=bytearray(b"first"))
    assert client.save_state(state).success
    state.content = bytearray(b"second")
    assert client.save_state(state).success
    assert client.retrieve_state(activity, who, "s").content.content == b"second"
    assert client.retrieve_state_ids(activity, who).content == ["s"]
    assert client.delete_state(state).success
    assert client.clear_state(activity, who).success
