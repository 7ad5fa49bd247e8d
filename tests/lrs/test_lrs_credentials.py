"""Who may do what."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from headstart_lms.kernel.clock import frozen, now
from headstart_lms.kernel.db import db, transaction
from headstart_lms.kernel.errors import Invalid, NotFound
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
        assert response.headers["WWW-Authenticate"].startswith("Basic")


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
