"""Content that is opened for somebody gets a token that reaches no further than what was opened."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from headstart_lms.kernel.clock import frozen, now
from headstart_lms.kernel.db import db, transaction
from headstart_lms.kernel.jobs import Job, run_all
from headstart_lms.lrs import credentials, document_api, erasure, models, privacy, statement_api

from .conftest import IRI_BASE, TENANT, Caller
from .lrs_strategies import agent, statement

ACTIVITY = "https://content.example/lesson/7"
OTHER = "https://content.example/lesson/8"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
TERMINATED = "http://adlnet.gov/expapi/verbs/terminated"
INITIALIZED = {"id": "http://adlnet.gov/expapi/verbs/initialized"}


class Content:
    """Launched content: it knows what stands in its address and nothing else."""

    def __init__(self, app: Flask, launcher: Caller, **changes: Any) -> None:
        self.app = app
        self.name, self.registration = str(uuid4()), str(uuid4())
        asked = {
            "actor": agent(self.name), "registration": self.registration, "activity": ACTIVITY, **changes,
        }  # fmt: skip
        answer = launcher("POST", "/launches", json=asked)
        assert answer.status_code == 201, answer.json
        assert answer.headers["Cache-Control"] == "no-store"
        self.launch: dict[str, Any] = answer.json
        self.actor = agent(self.name)
        self.token = ""

    def fetch(self, method: str = "POST") -> Any:
        address = self.launch["fetch"].removeprefix(IRI_BASE)
        return self.app.test_client().open(address, method=method)

    def open(self) -> Content:
        self.token = self.fetch().json["auth-token"]
        return self

    def __call__(self, method: str, path: str, *, scheme: str = "Basic", **options: Any) -> Any:
        headers = {"Authorization": f"{scheme} {self.token}", "X-Experience-API-Version": "1.0.3"}
        headers |= options.pop("headers", {})
        return self.app.test_client().open("/xapi" + path, method=method, headers=headers, **options)

    def says(self, **changes: Any) -> dict[str, Any]:
        made = {
            "actor": self.actor, "verb": INITIALIZED, "object": {"id": ACTIVITY},
            "context": {"registration": self.registration}, **changes,
        }  # fmt: skip
        return statement(**made)

    def post(self, *statements: Any, **options: Any) -> Any:
        return self("POST", "/statements", json=list(statements), **options)

    def state(self, **changes: str) -> dict[str, str]:
        return {
            "activityId": ACTIVITY, "agent": json.dumps(self.actor), "registration": self.registration,
            "stateId": "bookmark", **changes,
        }  # fmt: skip


@pytest.fixture
def launcher(make_caller: Callable[..., Caller]) -> Caller:
    return make_caller("launch")


@pytest.fixture
def content(app: Flask, launcher: Caller) -> Content:
    return Content(app, launcher).open()


# --- from the launch to the token ---------------------------------------------------------------------


def test_the_launch_says_what_the_content_is_given(app: Flask, launcher: Caller) -> None:
    made = Content(app, launcher).launch
    given = {name: values[0] for name, values in parse_qs(made["query"]).items()}
    assert set(given) == {"endpoint", "fetch", "actor", "registration", "activityId"}  # cmi5 8.1
    assert given["endpoint"] == f"{IRI_BASE}/xapi/"
    assert json.loads(given["actor"]) == made["actor"]
    assert set(made["actor"]) == {"objectType", "account"}
    assert given["fetch"] == made["fetch"]
    assert parse_qs(urlsplit(made["fetch"]).query)["key"][0] not in json.dumps(
        {**made, "fetch": "", "query": ""}
    )


def test_the_token_is_fetched_once_and_only_by_post(app: Flask, launcher: Caller) -> None:
    one = Content(app, launcher)
    assert one.fetch("GET").status_code == 405
    first = one.fetch()
    assert first.status_code == 200
    assert first.mimetype == "application/json"
    assert list(first.json) == ["auth-token"]
    assert b":" in base64.b64decode(first.json["auth-token"], validate=True)
    again = one.fetch()
    assert again.status_code == 200
    assert again.json["error-code"] == "1"
    assert again.json["error-text"]


def test_of_two_that_fetch_at_once_one_gets_the_token(app: Flask, launcher: Caller) -> None:
    one, told, gate = Content(app, launcher), [], Barrier(4)

    def ask() -> None:
        gate.wait()
        told.append(one.fetch().json)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(next(iter(sorted(answer))) for answer in told) == ["auth-token"] + ["error-code"] * 3


def test_many_launches_at_once_get_in_nobodys_way(app: Flask, launcher: Caller) -> None:
    told, gate = [], Barrier(6)

    def ask() -> None:
        mine = Caller(app.test_client(), launcher.key, launcher.secret, "1.0.3")
        asked = {"actor": agent("a"), "registration": str(uuid4()), "activity": ACTIVITY}
        gate.wait()
        told.append(mine("POST", "/launches", json=asked).status_code)

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [201] * 6


@pytest.mark.parametrize("query", ["", "?key=", "?key=wrong", "?key=%F0%9F%99%82", "?other=1"])
def test_an_unknown_fetch_address_gets_an_error_code(app: Flask, query: str) -> None:
    answer: Any = app.test_client().post(f"/xapi/launches/fetch{query}")
    assert (answer.status_code, answer.json["error-code"]) == (200, "2")


def test_the_secrets_of_a_launch_are_kept_nowhere(app: Flask, content: Content) -> None:
    secret = base64.b64decode(content.token).decode().partition(":")[2]
    with app.app_context():
        row = db.session.scalar(select(models.Launch))
        assert row is not None
        kept = str({column.name: getattr(row, column.name) for column in models.Launch.__table__.columns})
    assert secret not in kept
    assert content.launch["fetch"].partition("key=")[2] not in kept


@pytest.mark.parametrize("changes, word", [
    ({"actor": {"mbox": "mailto:a@b.example"}}, "account"),
    ({"actor": {**agent("a"), "name": "Amina"}}, "nothing else"),
    ({"actor": {"objectType": "Group", "member": []}}, "actor"),
    ({"actor": None}, "actor"),
    ({"actor": agent("x" * 201)}, "200"),
    ({"registration": "one"}, "registration"), ({"registration": None}, "registration"),
    ({"activity": "lesson 7"}, "activity"),
    ({"minutes": 0}, "minutes"), ({"minutes": 1441}, "minutes"), ({"minutes": True}, "minutes"),
    ({"scope": "all"}, "scope"),
])  # fmt: skip
def test_what_no_launch_can_be_made_of_is_refused(launcher: Caller, changes: Any, word: str) -> None:
    asked = {"actor": agent("a"), "registration": str(uuid4()), "activity": ACTIVITY, **changes}
    answer = launcher("POST", "/launches", json=asked)
    assert answer.status_code == 400
    assert word in answer.json["title"]


def test_launching_needs_its_own_scope(make_caller: Callable[..., Caller], content: Content) -> None:
    asked = {"actor": agent("a"), "registration": str(uuid4()), "activity": ACTIVITY}
    for caller in (make_caller(), make_caller("all")):
        assert caller("POST", "/launches", json=asked).status_code == 403
    assert content("POST", "/launches", json=asked).status_code == 403


def test_who_launched_sees_how_it_stands_and_can_end_it(
    content: Content, launcher: Caller, make_caller: Callable[..., Caller]
) -> None:
    address = f"/launches/{content.launch['id']}"
    stands = launcher("GET", address).json
    assert stands["fetched"]
    assert stands["ended"] is None
    stranger = make_caller("launch")
    assert stranger("GET", address).status_code == 404
    assert stranger("DELETE", address).status_code == 404
    assert launcher("DELETE", address).status_code == 204
    assert launcher("DELETE", address).status_code == 204
    assert launcher("GET", address).json["ended"]
    assert content.post(content.says()).status_code == 401


# --- what the token may do -------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Basic", "Bearer", "basic"])
def test_content_writes_about_its_person_registration_and_activity(content: Content, scheme: str) -> None:
    told = content.says()
    part = content.says(
        object={"id": ACTIVITY + "/page/2"},
        context={"registration": content.registration.upper(),
                 "contextActivities": {"grouping": [{"id": ACTIVITY}]}},
    )  # fmt: skip
    assert content.post(told, part, scheme=scheme).status_code == 200
    assert (
        content("PUT", "/statements", query_string={"statementId": told["id"]}, json=told).status_code == 204
    )
    found = content("GET", "/statements").json["statements"]
    assert [one["id"] for one in found] == [part["id"], told["id"]]


def test_its_statements_name_the_credential_of_the_launch(content: Content, launcher: Caller) -> None:
    told = content.says(authority=agent("somebody else"))
    content.post(told)
    stored = content("GET", "/statements", query_string={"statementId": told["id"]}).json
    assert stored["authority"]["account"]["name"] == f"client:{launcher.key}"


@pytest.mark.parametrize("changes, pointer", [
    ({"actor": agent("somebody else")}, "/actor"),
    ({"actor": {"objectType": "Group", "member": [agent("a")]}}, "/actor"),
    ({"context": {}}, "/context/registration"),
    ({"context": None}, "/context/registration"),
    ({"context": {"registration": str(uuid4())}}, "/context/registration"),
    ({"object": {"id": OTHER}}, "/object/id"),
    ({"object": {"objectType": "StatementRef", "id": str(uuid4())}}, "/object/id"),
    ({"verb": {"id": VOIDED}, "object": {"objectType": "StatementRef", "id": str(uuid4())}}, "/verb/id"),
])  # fmt: skip
def test_what_is_not_of_its_launch_is_refused_whole(content: Content, changes: Any, pointer: str) -> None:
    answer = content.post(content.says(), content.says(**changes))
    assert answer.status_code == 403
    assert (answer.json["index"], answer.json["pointer"]) == (1, pointer)
    assert content("GET", "/statements").json["statements"] == []


def test_it_reads_its_own_registration_and_no_other(app: Flask, launcher: Caller, lrs: Caller) -> None:
    mine, other = Content(app, launcher).open(), Content(app, launcher).open()
    ours = statement(actor=mine.actor, context={"registration": mine.registration})
    lrs.post(ours)
    theirs = [other.says() for _ in range(3)]
    told = [mine.says() for _ in range(3)]
    other.post(*theirs)
    mine.post(*told)
    page = mine("GET", "/statements", query_string={"limit": "2"}).json
    found = page["statements"]
    while page["more"]:
        page = mine("GET", page["more"].removeprefix("/xapi")).json
        found += page["statements"]
    assert {one["id"] for one in found} == {one["id"] for one in [ours, *told]}
    for query in ({"registration": other.registration}, {"registration": other.registration.upper()}):
        assert mine("GET", "/statements", query_string=query).status_code == 403
    assert mine("GET", "/statements", query_string={"statementId": theirs[0]["id"]}).status_code == 404
    assert mine("GET", "/statements", query_string={"verb": INITIALIZED["id"]}).json["statements"] == [
        one for one in found if one["verb"]["id"] == INITIALIZED["id"]
    ]
    # the walk of somebody else leads no further
    page = other("GET", "/statements", query_string={"limit": "1"}).json
    walked = mine("GET", page["more"].removeprefix("/xapi"))
    assert not {one["id"] for one in walked.json.get("statements", [])} & {one["id"] for one in theirs}


def test_it_keeps_the_state_of_its_own_launch(content: Content, lrs: Caller) -> None:
    put = content("PUT", "/activities/state", query_string=content.state(), json={"page": 3})
    assert put.status_code == 204
    assert content("GET", "/activities/state", query_string=content.state()).json == {"page": 3}
    for changes in ({"activityId": OTHER}, {"registration": str(uuid4())}, {"agent": json.dumps(agent("x"))}):
        query = content.state(**changes)
        for method in ("GET", "PUT", "POST", "DELETE"):
            assert content(method, "/activities/state", query_string=query, json={}).status_code == 403
    without = {name: value for name, value in content.state().items() if name != "registration"}
    assert content("GET", "/activities/state", query_string=without).status_code == 403
    assert content("DELETE", "/activities/state", query_string=content.state()).status_code == 204


def test_the_data_of_the_launch_is_read_only(content: Content, lrs: Caller) -> None:
    data = content.state(stateId="LMS.LaunchData")
    assert lrs("PUT", "/activities/state", query_string=data, json={"moveOn": "Passed"}).status_code == 204
    assert content("GET", "/activities/state", query_string=data).json == {"moveOn": "Passed"}
    for method in ("PUT", "POST", "DELETE"):
        assert content(method, "/activities/state", query_string=data, json={}).status_code == 403
    folder = {name: value for name, value in data.items() if name != "stateId"}
    assert content("DELETE", "/activities/state", query_string=folder).status_code == 403
    assert content("GET", "/activities/state", query_string=folder).json == ["LMS.LaunchData"]


def test_it_reads_the_profile_of_its_person_and_writes_none(content: Content, lrs: Caller) -> None:
    query = {"agent": json.dumps(content.actor), "profileId": "cmi5LearnerPreferences"}
    preferences = {"languagePreference": "ar,en", "audioPreference": "on"}
    lrs("PUT", "/agents/profile", query_string=query, json=preferences, headers={"If-None-Match": "*"})
    assert content("GET", "/agents/profile", query_string=query).json == preferences
    for method in ("PUT", "POST", "DELETE"):
        answer = content(method, "/agents/profile", query_string=query, json={}, headers={"If-Match": "*"})
        assert answer.status_code == 403
    foreign = {**query, "agent": json.dumps(agent("x"))}
    assert content("GET", "/agents/profile", query_string=foreign).status_code == 403
    shared = {"activityId": ACTIVITY, "profileId": "ranking"}
    assert content("GET", "/activities/profile", query_string=shared).status_code == 403
    assert content("GET", "/activities", query_string={"activityId": ACTIVITY}).status_code == 200
    assert content("GET", "/activities", query_string={"activityId": OTHER}).status_code == 403
    assert content("GET", "/agents", query_string={"agent": json.dumps(content.actor)}).status_code == 200
    assert content("GET", "/agents", query_string={"agent": json.dumps(agent("x"))}).status_code == 403


# --- the end ------------------------------------------------------------------------------------------------


def refused_quietly(answer: Any) -> None:
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert "basic" not in answer.headers["WWW-Authenticate"].lower(), "a browser would ask for a password"


def test_after_its_time_a_token_is_worth_nothing(app: Flask, launcher: Caller) -> None:
    one = Content(app, launcher, minutes=5).open()
    late = Content(app, launcher, minutes=5)
    assert one.post(one.says()).status_code == 200
    with frozen(now() + timedelta(minutes=6)):
        refused_quietly(one.post(one.says()))
        refused_quietly(one("GET", "/statements", scheme="Bearer"))
        assert late.fetch().json["error-code"] == "2"


@pytest.mark.parametrize("token", [
    "", "x", base64.b64encode(b"launch-1:x").decode(), base64.b64encode(b"launch-").decode(),
    base64.b64encode(f"launch-{UUID(int=7).hex}:x".encode()).decode(), base64.b64encode(b"\xff").decode(),
    base64.b64encode("launch-0:\ud800".encode("utf-8", "surrogatepass")).decode(),
])  # fmt: skip
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_a_bad_token_makes_no_browser_ask_for_a_password(content: Content, token: str, scheme: str) -> None:
    content.token = token
    refused_quietly(content.post(content.says(), scheme=scheme))


def test_a_token_is_of_one_launch(app: Flask, launcher: Caller, content: Content) -> None:
    other = Content(app, launcher).open()
    key, mine = base64.b64decode(content.token), base64.b64decode(other.token)
    mixed = key.partition(b":")[0] + b":" + mine.partition(b":")[2]
    content.token = base64.b64encode(mixed).decode()
    refused_quietly(content.post(content.says()))


def test_a_launch_that_was_not_fetched_has_no_token(app: Flask, launcher: Caller) -> None:
    one = Content(app, launcher)
    one.token = base64.b64encode(f"launch-{one.launch['id'].replace('-', '')}:".encode()).decode()
    refused_quietly(one.post(one.says()))


def test_when_the_key_is_revoked_its_launches_are_over(
    app: Flask, launcher: Caller, content: Content
) -> None:
    with app.app_context(), transaction() as current:
        credentials.client_revoke(current, launcher.key)
    refused_quietly(content.post(content.says()))


def test_content_that_says_it_is_closed_is_heard_for_half_a_minute_more(content: Content) -> None:
    at = now()
    with frozen(at):
        assert content.post(content.says(verb={"id": TERMINATED})).status_code == 200
        assert content.post(content.says()).status_code == 200
    with frozen(at + timedelta(seconds=31)):
        refused_quietly(content.post(content.says()))


def test_a_part_of_the_content_that_is_closed_ends_nothing(content: Content) -> None:
    context = {"registration": content.registration, "contextActivities": {"parent": [{"id": ACTIVITY}]}}
    content.post(content.says(verb={"id": TERMINATED}, object={"id": OTHER}, context=context))
    with frozen(now() + timedelta(minutes=5)):
        assert content.post(content.says()).status_code == 200


def test_each_launch_has_the_rate_of_its_key(app: Flask, make_caller: Callable[..., Caller]) -> None:
    launcher = make_caller("launch")
    one, other = Content(app, launcher).open(), Content(app, launcher).open()
    with app.app_context(), transaction() as current:
        credentials.client_limit(current, launcher.key, 2)
    with frozen(now()):
        assert [one("GET", "/statements").status_code for _ in range(3)] == [200, 200, 429]
        assert other("GET", "/statements").status_code == 200


def test_a_job_deletes_what_is_over_for_a_week_and_its_statements_stay(
    app: Flask, launcher: Caller, content: Content
) -> None:
    content.post(content.says())
    Content(app, launcher)
    with app.app_context():
        jobs = db.session.scalar(
            select(func.count()).select_from(Job).where(Job.kind == "lrs.clean-launches")
        )
        assert jobs == 1
        for days, left in ((6, 2), (9, 0)):
            with frozen(now() + timedelta(days=days)):
                run_all()
            db.session.rollback()
            assert db.session.scalar(select(func.count()).select_from(models.Launch)) == left
        assert db.session.scalar(select(func.count()).select_from(models.Statement)) == 1


# --- people --------------------------------------------------------------------------------------------------


class _Person:
    def __init__(self, content: Content) -> None:
        self.actor = UUID(content.name)


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def test_a_person_gets_her_launches_handed_over_and_then_erased(
    in_app: Flask, launcher: Caller, content: Content
) -> None:
    content.post(content.says())
    other = Content(in_app, launcher).open()
    with transaction() as current:
        handed = privacy.export(current, _Person(content))["launches"]
        assert [(one["activity"], one["registration"]) for one in handed] == [
            (ACTIVITY, content.registration)
        ]
        assert content.token not in json.dumps(handed)
        assert erasure.erase_actor(current, _Person(content).actor) == 1
    refused_quietly(content.post(content.says()))
    assert other.post(other.says()).status_code == 200
    with transaction() as current:
        assert current.scalars(select(models.Launched)).all() == [
            row for row in current.scalars(select(models.Launched)) if row.seq
        ]
        assert len(current.scalars(select(models.Launched)).all()) == 1


def test_the_tenant_of_the_key_is_the_tenant_of_its_content(
    app: Flask, make_caller: Callable[..., Caller]
) -> None:
    elsewhere = uuid4()
    one = Content(app, make_caller("launch", tenant=elsewhere)).open()
    told = one.says()
    one.post(told)
    assert [found["id"] for found in make_caller(tenant=elsewhere).all()] == [told["id"]]
    assert make_caller(tenant=TENANT).all() == []
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(models.Launched)) == 0


# --- what is on its way while the person goes -----------------------------------------------------------


@pytest.mark.parametrize("what", ["statement", "new document", "more of a document"])
def test_what_is_on_its_way_while_its_person_is_erased_is_refused(
    app: Flask, content: Content, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    real = transaction

    def erase_first() -> Any:
        """The token was found good; then, before anything is written, she is erased."""
        for module in (statement_api, document_api):
            monkeypatch.setattr(module, "transaction", real)
        db.session.rollback()
        with real() as current:
            erasure.erase_actor(current, UUID(content.name))
        return real()

    content.post(content.says())  # the key is noted as used
    for module in (statement_api, document_api):
        monkeypatch.setattr(module, "transaction", erase_first)
    if what == "statement":
        answer = content.post(content.says())
    else:
        method = "PUT" if what == "new document" else "POST"
        answer = content(method, "/activities/state", query_string=content.state(), json={"page": 2})
    refused_quietly(answer)
    with app.app_context():
        for model in (models.Statement, models.Document, models.Launch):
            assert db.session.scalar(select(func.count()).select_from(model)) == 0
        named = select(models.Term.id).where(models.Term.value.contains(content.name))
        assert db.session.scalars(named).all() == []
