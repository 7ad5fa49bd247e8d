"""headstart client ... and headstart lrs ..."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from headstart_lms.kernel.db import db, transaction
from headstart_lms.lrs import cli, credentials, privacy, services

from .conftest import IRI_BASE, TENANT
from .lrs_strategies import agent, statement


@pytest.fixture
def run(app: Flask) -> Any:
    def invoke(command: Any, *arguments: str) -> Result:
        with app.app_context():
            return CliRunner().invoke(command, arguments)

    return invoke


def test_a_client_is_made_with_key_and_secret_and_works(app: Flask, run: Any) -> None:
    made = json.loads(run(cli.client, "add", "reports", "--json").output)
    assert set(made) == {"key", "secret"}
    with app.app_context():
        found = credentials.find_client(db.session(), made["key"], made["secret"])
    assert found is not None
    assert found.tenant == TENANT
    assert found.authority["account"]["homePage"] == IRI_BASE


def test_a_client_can_be_rotated_revoked_and_listed(run: Any) -> None:
    made = json.loads(run(cli.client, "add", "reports", "--all-tenants", "--days", "3", "--json").output)
    fresh = json.loads(run(cli.client, "rotate", made["key"], "--json").output)
    assert fresh["secret"] != made["secret"]
    assert run(cli.client, "revoke", made["key"]).exit_code == 0
    rows = json.loads(run(cli.client, "list", "--json").output)
    assert rows[0]["revoked"] is not None
    assert made["key"] in run(cli.client, "list").output


def test_a_client_has_a_rate_that_can_be_changed_and_is_shown(run: Any) -> None:
    made = json.loads(run(cli.client, "add", "reports", "--rate", "60", "--days", "3", "--json").output)

    def shown() -> Any:
        return json.loads(run(cli.client, "list", "--json").output)[0]["rate"]

    assert shown() == 60
    assert run(cli.client, "limit", made["key"], "5").exit_code == 0
    assert shown() == 5
    assert run(cli.client, "limit", made["key"]).exit_code == 0
    assert shown() is None
    assert run(cli.client, "limit", made["key"], "-1").exit_code == 2
    assert run(cli.client, "limit", "nobody", "5").exit_code == 1
    header, row = run(cli.client, "list").output.splitlines()
    assert header.split() == "key name scopes tenant rate last used expires revoked".split()
    assert str(TENANT) in row


def test_content_can_be_opened_from_the_command_line(app: Flask, run: Any) -> None:
    made = json.loads(run(cli.client, "add", "player", "--scope", "launch", "--json").output)
    options = ["--activity", "https://c.example/x?a=1", "--registration", str(uuid4()), "--actor", "somebody"]
    launch = json.loads(run(cli.client, "launch", made["key"], *options, "--json").output)
    assert launch["actor"]["account"] == {"homePage": IRI_BASE, "name": "somebody"}
    token: Any = app.test_client().post(launch["fetch"].removeprefix(IRI_BASE)).json
    assert "auth-token" in token
    shown = run(cli.client, "launch", made["key"], *options).output
    assert shown.startswith("https://c.example/x?a=1&endpoint=https%3A%2F%2F")
    other = json.loads(run(cli.client, "add", "reports", "--json").output)
    assert "scope" in run(cli.client, "launch", other["key"], *options).stderr
    run(cli.client, "revoke", made["key"])
    assert run(cli.client, "launch", made["key"], *options).exit_code == 1


def test_an_unknown_key_is_refused_in_one_line(run: Any) -> None:
    result = run(cli.client, "revoke", "nobody")
    assert result.exit_code == 1
    assert result.stderr.startswith("headstart: ")
    assert result.stderr.count("\n") == 1


def test_an_unknown_scope_is_wrong_usage(run: Any) -> None:
    assert run(cli.client, "add", "x", "--scope", "everything").exit_code == 2


def test_a_target_is_made_shown_and_its_failures_seen(app: Flask, run: Any) -> None:
    options = ["--endpoint", "http://127.0.0.1:9/xapi", "--username", "u", "--password", "p"]
    assert run(cli.lrs, "target", "add", "ministry", *options).exit_code == 0
    assert run(cli.lrs, "target", "add", "ministry", *options).exit_code == 1
    assert run(cli.lrs, "forward").output == "sent 0, left 0\n"
    with app.app_context(), transaction() as current:
        services.store(current, [statement()], authority=agent("x"), tenant=TENANT, trusted=True)
    result = run(cli.lrs, "forward")
    assert result.exit_code == 1
    assert result.output == "sent 0, left 1\n"
    row = json.loads(run(cli.lrs, "target", "list", "--json").output)[0]
    assert row["waiting"] == 1
    assert "Connection" in row["last_error"]
    assert "ministry" in run(cli.lrs, "target", "list").output
    assert run(cli.lrs, "forward", "--again", "--target", "ministry").exit_code == 1
    assert json.loads(run(cli.lrs, "target", "refused", "ministry", "--json").output) == []
    assert run(cli.lrs, "target", "stop", "ministry").exit_code == 0
    assert run(cli.lrs, "forward").exit_code == 0


def test_an_endpoint_without_https_is_refused(run: Any) -> None:
    result = run(
        cli.lrs,
        "target",
        "add",
        "x",
        "--endpoint",
        "http://lrs.example.org",
        "--username",
        "u",
        "--password",
        "p",
    )
    assert result.exit_code == 1
    assert "https" in result.stderr


class _Person:
    def __init__(self) -> None:
        self.actor = uuid4()


def test_a_person_gets_all_her_statements_handed_over_and_then_erased(app: Flask) -> None:
    person = _Person()
    mine = statement(actor=agent(str(person.actor)))
    with app.app_context(), transaction() as current:
        services.store(current, [mine, statement()], authority=agent("x"), tenant=TENANT, trusted=True)
        services.store(
            current,
            [statement(object=agent(str(person.actor)))],
            authority=agent("x"),
            tenant=uuid4(),
            trusted=False,
        )
        handed = privacy.export(current, person)
        assert len(handed["statements"]) == 2
        assert handed["statements"][0]["id"] == mine["id"]
        assert privacy.erase(current, person) == 2
        assert privacy.export(current, person) == {"statements": [], "documents": [], "launches": []}
