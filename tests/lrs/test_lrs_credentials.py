"""Who may do what."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from headstart_lms.kernel.clock import frozen, now
from headstart_lms.kernel.db import db, transaction
from headstart_lms.kernel.errors import Invalid, NotFound
from headstart_lms.kernel.rates import Buckets
from headstart_lms.lrs import credentials, models

from .conftest import IRI_BASE, Caller
from .lrs_strategies import agent, statement


def test_the_secret_is_kept_nowhere(session: Session) -> None:
    made = credentials.client_add(session, "reports", iri_base=IRI_BASE)
    row = session.scalar(select(models.Credential))
    assert row is not None
    assert made["secret"] not in str(vars(row))
    assert credentials.find_client(session, made["key"], made["secret"]) is not None
    assert "secret" not in json.dumps(credentials.client_list(session), default=str)


def test_a_wrong_secret_an_unknown_key_and_a_revoked_one_find_nobody(session: Session) -> None:
    made = credentials.client_add(session, "reports", iri_base=IRI_BASE)
    assert credentials.find_client(session, made["key"], made["secret"] + "x") is None
    assert credentials.find_client(session, "x", made["secret"]) is None
    assert credentials.find_client(session, made["key"], "") is None
    credentials.client_revoke(session, made["key"])
    session.flush()
    assert credentials.find_client(session, made["key"], made["secret"]) is None


def test_a_new_secret_ends_the_old_one(session: Session) -> None:
    made = credentials.client_add(session, "reports", iri_base=IRI_BASE)
    fresh = credentials.client_rotate(session, made["key"])
    session.flush()
    assert credentials.find_client(session, made["key"], made["secret"]) is None
    assert credentials.find_client(session, made["key"], fresh["secret"]) is not None


def test_a_credential_ends_when_its_time_is_over(session: Session) -> None:
    made = credentials.client_add(session, "launch", iri_base=IRI_BASE, expires=now() + timedelta(hours=1))
    assert credentials.find_client(session, made["key"], made["secret"]) is not None
    with frozen(now() + timedelta(hours=2)):
        assert credentials.find_client(session, made["key"], made["secret"]) is None


@pytest.mark.parametrize("scopes", [["everything"], []])
def test_unknown_scopes_are_refused(session: Session, scopes: list[str]) -> None:
    with pytest.raises(Invalid):
        credentials.client_add(session, "x", iri_base=IRI_BASE, scopes=scopes)


def test_an_unknown_key_cannot_be_changed(session: Session) -> None:
    with pytest.raises(NotFound):
        credentials.client_rotate(session, "x")


@pytest.mark.parametrize("header", [
    None, "", "Basic", "Basic !", "Basic " + base64.b64encode(b"nocolon").decode(), "Bearer abc",
    "Basic " + base64.b64encode(b"\xff:\xff").decode(), "Basic " + base64.b64encode(b"a\x00:b").decode(),
    "Basic " + base64.b64encode(b"a:b").decode(),
])  # fmt: skip
def test_without_a_good_key_the_answer_is_401(app: Flask, header: str | None) -> None:
    headers = {"X-Experience-API-Version": "1.0.3"}
    if header is not None:
        headers["Authorization"] = header
    for path in (
        "statements",
        "activities",
        "agents",
        "activities/state",
        "activities/profile",
        "agents/profile",
    ):
        response = app.test_client().get(f"/xapi/{path}", headers=headers)
        assert response.status_code == 401
        is_key = header in (None, "", "Basic " + base64.b64encode(b"a:b").decode())
        # what is no key and secret may be a token: a browser must not ask a learner for a password
        assert response.headers["WWW-Authenticate"].startswith("Basic" if is_key else "Bearer")


STATE = {"activityId": "http://a.example/x", "agent": json.dumps(agent("a")), "stateId": "s"}
PROFILE = {"activityId": "http://a.example/x", "profileId": "s"}


@pytest.mark.parametrize(
    "scope, allowed",
    [
        ("statements/write", {"write"}),
        ("statements/read", {"read"}),
        ("statements/read/mine", {"read"}),
        ("state", {"state", "state read"}),
        ("profile", {"profile", "profile read"}),
        ("all/read", {"read", "state read", "profile read"}),
        ("all", {"write", "read", "state", "state read", "profile", "profile read"}),
        ("define", set()),
    ],
)
def test_a_scope_allows_what_it_says_and_no_more(
    make_caller: Callable[..., Caller], scope: str, allowed: set[str]
) -> None:
    caller = make_caller(scope)
    done = {
        "write": caller.post(statement()),
        "read": caller.get("/statements"),
        "state": caller("PUT", "/activities/state", query_string=STATE, json={}),
        "state read": caller.get("/activities/state", **STATE),
        "profile": caller(
            "PUT", "/activities/profile", query_string=PROFILE, json={}, headers={"If-None-Match": "*"}
        ),
        "profile read": caller.get("/activities/profile", **PROFILE),
    }
    assert {name for name, response in done.items() if response.status_code != 403} == allowed


def test_read_mine_shows_only_what_this_client_stored(make_caller: Callable[..., Caller]) -> None:
    mine, other = make_caller("statements/write", "statements/read/mine"), make_caller()
    made, theirs = statement(), statement()
    mine.post(made)
    other.post(theirs)
    assert [one["id"] for one in mine.all()] == [made["id"]]
    assert [one["id"] for one in mine.all(verb=made["verb"]["id"])] == [made["id"]]
    assert mine.get("/statements", statementId=theirs["id"]).status_code == 404
    assert mine.get("/statements", statementId=made["id"]).status_code == 200
    assert len(other.all()) == 2


def test_a_client_of_no_tenant_reads_all_and_writes_into_the_installations(
    make_caller: Callable[..., Caller],
) -> None:
    everywhere, home, centre = make_caller(tenant=None), make_caller(), make_caller(tenant=uuid4())
    made, theirs = statement(), statement()
    everywhere.post(made)
    centre.post(theirs)
    assert {one["id"] for one in everywhere.all()} == {made["id"], theirs["id"]}
    assert [one["id"] for one in home.all()] == [made["id"]]
    assert [one["id"] for one in centre.all()] == [theirs["id"]]


def test_the_last_use_is_noted_once_an_hour(app: Flask, lrs: Caller) -> None:
    def used() -> object:
        with app.app_context(), transaction() as current:
            return current.scalar(select(models.Credential.last_used).where(models.Credential.key == lrs.key))

    assert used() is None
    lrs.get("/statements")
    first = used()
    assert first is not None
    lrs.get("/statements")
    assert used() == first
    with frozen(now() + timedelta(hours=2)):
        lrs.get("/statements")
    assert used() != first


def test_two_clients_are_two_authorities(app: Flask, make_caller: Callable[..., Caller]) -> None:
    one, two = make_caller(), make_caller()
    one.post(statement())
    two.post(statement())
    names = {found["authority"]["account"]["name"] for found in one.all()}
    assert names == {f"client:{one.key}", f"client:{two.key}"}
    with app.app_context():
        assert db.session.scalar(select(models.Tenant.id)) == 1


# --- how much a key may ask ---------------------------------------------------------------------------


@pytest.fixture
def rate(app: Flask, lrs: Caller) -> Callable[[int | None], None]:
    def limit(rate: int | None) -> None:
        with app.app_context(), transaction() as current:
            credentials.client_limit(current, lrs.key, rate)

    return limit


def test_over_its_rate_a_key_is_told_how_long_to_wait_and_may_then_go_on(
    lrs: Caller, rate: Callable[[int | None], None]
) -> None:
    rate(3)
    at = now()
    with frozen(at):
        made = [lrs.post(statement()) for _ in range(4)]
        assert [one.status_code for one in made] == [200, 200, 200, 429]
        assert made[3].headers["Retry-After"] == "20"
        assert made[3].content_type == "application/problem+json"
        assert made[3].json["status"] == 429
        assert "3 requests a minute" in made[3].json["title"]
        assert made[3].headers["X-Experience-API-Version"] == "1.0.3"
    with frozen(at + timedelta(seconds=20)):
        assert lrs.get("/statements").status_code == 200
        assert lrs.get("/statements").status_code == 429
    with frozen(at + timedelta(hours=1)):
        assert [lrs.get("/agents").status_code for _ in range(4)] == [400, 400, 400, 429]


def test_a_key_over_its_rate_slows_nobody_else(
    lrs: Caller, rate: Callable[[int | None], None], make_caller: Callable[..., Caller]
) -> None:
    rate(1)
    with frozen(now()):
        assert [lrs.get("/statements").status_code for _ in range(2)] == [200, 429]
        assert make_caller().get("/statements").status_code == 200


def test_the_setting_is_the_rate_of_keys_that_have_none_and_0_lifts_it(
    app: Flask, lrs: Caller, rate: Callable[[int | None], None]
) -> None:
    app.config["HEADSTART_XAPI_RATE"] = 1
    with frozen(now()):
        assert [lrs.get("/statements").status_code for _ in range(2)] == [200, 429]
        rate(0)
        assert [lrs.get("/statements").status_code for _ in range(3)] == [200, 200, 200]
        rate(None)
        assert lrs.get("/statements").status_code == 429


def test_a_wrong_secret_does_not_use_up_the_rate_of_a_key(
    app: Flask, lrs: Caller, rate: Callable[[int | None], None]
) -> None:
    rate(1)
    liar = Caller(app.test_client(), lrs.key, "wrong", "1.0.3")
    with frozen(now()):
        assert [liar.get("/statements").status_code for _ in range(5)] == [401] * 5
        assert lrs.get("/statements").status_code == 200


def test_counting_writes_nothing(app: Flask, lrs: Caller, rate: Callable[[int | None], None]) -> None:
    rate(1000)
    lrs.get("/statements")  # notes the first use
    with app.app_context():
        written: list[str] = []
        event.listen(
            db.engine, "before_cursor_execute",
            lambda c, cursor, sql, *rest: None if sql.startswith(("SELECT", "PRAGMA")) else written.append(sql),
        )  # fmt: skip
        for _ in range(3):
            assert lrs.get("/statements").status_code == 200
    assert written == []


@given(
    st.integers(1, 600),
    st.lists(st.tuples(st.floats(-30, 90), st.integers(1, 1200)), min_size=1, max_size=8),
)
def test_in_no_minute_more_than_twice_the_rate_passes_and_who_waits_is_let_in(
    rate: int, visits: list[tuple[float, int]]
) -> None:
    """A full bucket and what drips in meanwhile; whatever the clock does, nobody waits more than a minute."""
    buckets, name, at = Buckets(), uuid4().hex, now()
    for pause, tries in visits:
        at += timedelta(seconds=pause)
        with frozen(at):
            waits = [buckets.take(name, rate) for _ in range(tries)]
        assert waits.count(0) <= rate
        assert all(0 <= wait <= 60 for wait in waits)
        if waits[-1]:
            at += timedelta(seconds=waits[-1])
            with frozen(at):
                assert buckets.take(name, rate) == 0


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    buckets = Buckets()
    for number in range(25_000):
        buckets.take(f"flood {number}", 10)
    assert len(buckets._full_at) <= 10_000


@pytest.mark.parametrize("bad", [-1, 1_000_001])
def test_an_impossible_rate_is_refused(session: Session, bad: int) -> None:
    with pytest.raises(Invalid):
        credentials.client_add(session, "x", iri_base=IRI_BASE, rate=bad)


# --- other origins -------------------------------------------------------------------------------------

RESOURCES = (
    "statements", "activities", "agents", "activities/state", "activities/profile", "agents/profile", "about",
    "launches", "launches/fetch", f"launches/{UUID(int=7)}",
)  # fmt: skip


@pytest.mark.parametrize("path", RESOURCES)
def test_a_browser_of_another_site_may_ask_every_resource(app: Flask, path: str) -> None:
    asked = {
        "Origin": "https://content.example", "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization,content-type,x-experience-api-version,if-match,if-none-match",
        "Sec-Fetch-Site": "cross-site",
    }  # fmt: skip
    answer = app.test_client().options(f"/xapi/{path}", headers=asked)
    assert answer.status_code in (200, 204)
    assert "WWW-Authenticate" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().replace(" ", "").split(",")
    assert set(asked["Access-Control-Request-Headers"].split(",")) <= set(allowed)
    assert {"GET", "HEAD", "POST", "PUT", "DELETE"} <= set(
        answer.headers["Access-Control-Allow-Methods"].split(", ")
    )


@pytest.mark.parametrize("path", RESOURCES)
def test_a_page_of_another_site_can_read_answers_and_refusals(app: Flask, lrs: Caller, path: str) -> None:
    headers = {"Origin": "https://content.example", "Sec-Fetch-Site": "cross-site"}
    method = "POST" if path == "launches/fetch" else "GET"
    for answer in (
        lrs(method, f"/{path}", headers=headers),
        app.test_client().open(f"/xapi/{path}", method=method, headers=headers),
    ):
        assert answer.status_code not in (301, 302, 303, 307, 308)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {
            "ETag", "Last-Modified", "X-Experience-API-Version", "X-Experience-API-Consistent-Through",
            "Retry-After",
        } <= set(exposed)  # fmt: skip
