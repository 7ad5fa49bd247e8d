"""Names stay where they belong: no statement, log line, file name or other table ever holds one (TRUST PV1)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from headstart_lms.accounts.models import Identity, Person
from headstart_lms.kernel import jobs
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.lrs.models import Statement
from headstart_lms.privacy import services as privacy
from headstart_lms.xapi import build

from ..browsing import Browser
from ..cast import PASSWORD, find_person
from ..habits.world import learn, sit_test
from ..make import house_of

PASSPORT, OWN, YEAR, TYPED = "Sentinella Vermeulen", "سنتينيلا", 1991, "sentinella-typed-free-text"
SECRETS = (PASSPORT, OWN, TYPED, PASSWORD)
#: Where each may stand: the row that is hers to erase, the answer she typed, and the signed file she was given.
ALLOWED = {
    PASSPORT: {"lms_identity", "lms_certificate"}, OWN: {"lms_identity", "lms_certificate"}, TYPED: {"lms_answer"},
    PASSWORD: set(),
}  # fmt: skip


def live(app: Flask, as_person: Callable[[str], Browser]) -> Browser:
    """Use what there is: learn, type free text, pass, take the certificate, look, fail to sign in, take the data."""
    amina = as_person("amina")
    page = amina.post("/courses/tiny/tests/final/start")
    for _question in range(2):
        form = page.item_forms()[0]
        page = amina.post(
            form.action.removeprefix("http://localhost"), {"answer_id": str(uuid4()), "response": TYPED}
        )
    with app.app_context(), transaction() as current:
        learn(current, house_of(app), find_person(current, "amina"))
        sit_test(current, house_of(app), find_person(current, "amina"))
    form = amina.open("/certificates/new").form(to="/certificates/new")
    page = amina.send(form, passport_name=PASSPORT, own_name=OWN, year_of_birth=str(YEAR))
    assert PASSPORT in page.text
    for path in ("/me", "/me/account", "/me/data", "/courses/tiny", page.path):
        assert amina.open(path).status == 200
    stranger = Browser(app)
    stranger.post("/sign-in", {"login": PASSPORT, "password": PASSWORD})
    stranger.open(page.path + f"?year={YEAR}")
    stranger.post("/verify", {"code": page.path.rsplit("/", 1)[1], "year": str(YEAR)})
    with app.app_context():
        jobs.run_all()
    return amina


def test_names_and_free_text_stay_in_their_tables(app: Flask, as_person: Callable[[str], Browser]) -> None:
    live(app, as_person)
    with app.app_context(), db.engine.connect() as connection:
        for table in db.metadata.sorted_tables:
            for row in connection.execute(table.select()):
                for secret in SECRETS:
                    if table.name not in ALLOWED[secret]:
                        for form in (secret, json.dumps(secret)[1:-1]):
                            assert form not in _readable(row), f"{secret} stands in {table.name}"


def _readable(row: Any) -> str:
    values = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row]
    return "\n".join(values)


def test_statements_name_an_account_and_nothing_else_about_a_person(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    live(app, as_person)
    with app.app_context():
        amina = find_person(session(), "amina")
        payloads = [
            bytes(p).decode() for p in session().scalars(select(Statement.payload).where(Statement.own))
        ]
        base = app.extensions["headstart"].installation.iri_base
        assert len(payloads) > 8
        for payload in payloads:
            assert f'"name":"{amina.actor}"' in payload.replace(" ", "")
            for forbidden in (
                "mbox",
                "openid",
                "mbox_sha1sum",
                "correctResponsesPattern",
                str(amina.uuid),
                str(YEAR),
                TYPED,
            ):
                assert forbidden not in payload
        assert build.actor(base, amina.actor)["account"]["homePage"] == base


def test_logs_hold_no_name_no_code_no_password(
    app: Flask, as_person: Callable[[str], Browser], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        amina = live(app, as_person)
        token = str(amina.cookie("hs"))
    for record in caplog.records:
        line = logging.Formatter().format(record)
        if record.name.startswith(
            ("sqlalchemy", "alembic")
        ):  # off in production; kept apart by hide_parameters
            continue
        for secret in (*SECRETS, token):
            assert secret not in line, f"{record.name}: {line[:200]}"


def test_an_error_of_the_database_names_nobody(app: Flask) -> None:
    """What SQLAlchemy says of a statement that failed goes to the log: without its parameters."""
    with app.app_context():
        amina = find_person(session(), "amina")
        row = {"person_id": amina.id, "passport_name": PASSPORT, "own_name": OWN}
        with transaction() as current:
            current.execute(insert(Identity).values(row))
            with pytest.raises(IntegrityError) as caught:
                current.execute(insert(Identity).values(row))
    assert PASSPORT not in str(caught.value)


def test_a_crash_tells_the_visitor_a_number_and_the_log_no_name(
    app: Flask,
    as_person: Callable[[str], Browser],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        current = session()
        for _twice in range(2):
            current.execute(insert(Identity).values(person_id=1, passport_name=PASSPORT))

    monkeypatch.setattr(privacy, "export", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    response = as_person("amina").client.get("/me/data")
    assert response.status_code == 500
    assert "Number:" in response.text
    assert "Traceback" not in response.text
    assert PASSPORT not in response.text
    assert "IntegrityError" in caplog.text or "fail" in caplog.text
    assert PASSPORT not in caplog.text


def test_files_are_named_by_their_content(app: Flask, as_person: Callable[[str], Browser]) -> None:
    live(app, as_person)
    folder = Path(app.config["HEADSTART_INSTANCE"])
    for file in folder.rglob("*"):
        for secret in SECRETS:
            assert secret not in str(file)
        if file.is_file() and "sqlite3" not in file.name:
            content = file.read_bytes()
            assert not any(secret.encode() in content for secret in SECRETS), file


def test_what_is_erased_is_gone_from_the_file(app: Flask, as_person: Callable[[str], Browser]) -> None:
    """Not only from the tables: from free pages and from the write-ahead log too (TRUST PV3)."""
    amina = live(app, as_person)
    folder = Path(app.config["HEADSTART_INSTANCE"])
    assert _stands_in_files(folder, PASSPORT)
    done = amina.client.post("/me/erase", data={"sure": "yes"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (done.status_code, done.headers["Location"]) == (303, "/erased")
    for secret in (PASSPORT, OWN, TYPED):
        assert _stands_in_files(folder, secret) == []
    with app.app_context():
        assert session().scalars(select(Person).where(Person.host_id == "cast:amina")).all() == []


def _stands_in_files(folder: Path, secret: str) -> list[str]:
    forms = (secret.encode(), secret.encode("utf-16-le"), secret.encode("unicode_escape"))
    return [
        file.name for file in folder.rglob("*")
        if file.is_file() and any(form in file.read_bytes() for form in forms)
    ]  # fmt: skip


def test_the_pragmas_this_rests_on_are_on(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        assert connection.execute(text("PRAGMA secure_delete")).scalar() == 1
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
