"""What was learnt is readable as xAPI statements, and nobody else's statements count as learning."""

from __future__ import annotations

import base64
from collections import Counter
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.kernel.db import session
from headstart_lms.progress.services import ProgressRow
from headstart_lms.xapi import vocabulary as v
from tests.browsing import Browser
from tests.commands import run, run_json

from .learner import Learner, certified

pytestmark = pytest.mark.every_app


class Program:
    """An outside program with the key and secret that ``headstart client add`` printed."""

    def __init__(self, app: Flask, *options: str) -> None:
        made = run_json(app, "client", "add", "an outside program", *options)
        pair = base64.b64encode(f"{made['key']}:{made['secret']}".encode()).decode()
        self.headers = {"Authorization": f"Basic {pair}", "X-Experience-API-Version": "1.0.3"}
        self.client = app.test_client()
        self.prefix = app.extensions["headstart"].prefix

    def all(self, **query: str) -> list[dict[str, Any]]:
        """Read all statements of a query, page by page."""
        page = self.client.get(f"{self.prefix}/xapi/statements", query_string=query, headers=self.headers)
        found: list[dict[str, Any]] = []
        while True:
            assert page.status_code == 200, page.text
            body: dict[str, Any] = page.get_json()
            found += body["statements"]
            more = body["more"]
            if not more:
                return found
            assert urlsplit(more).path == f"{self.prefix}/xapi/statements"
            page = self.client.get(more, headers=self.headers)

    def post(self, statement: dict[str, Any]) -> int:
        answer = self.client.post(f"{self.prefix}/xapi/statements", json=statement, headers=self.headers)
        return int(answer.status_code)


def test_the_whole_way_is_told_in_statements_that_name_nobody(app: Flask) -> None:
    amina, code = certified(app, name="AMINA HADDAD")
    with app.app_context():
        actor = str(amina.person().actor)
    statements = Program(app).all(
        agent=f'{{"account": {{"homePage": "http://localhost{amina.browser.prefix}", "name": "{actor}"}}}}',
        limit="3",
    )
    verbs = Counter(v.VERB_DISPLAY[s["verb"]["id"]] for s in statements)
    assert verbs == {
        "registered": 1, "answered": 5, "completed": 3, "initialized": 1, "passed": 1, "earned": 1
    }  # fmt: skip
    assert {s["actor"]["account"]["name"] for s in statements} == {actor}
    for word in ("HADDAD", "1994", code, "grazie", amina.code):
        assert word not in str(statements)


def test_a_program_without_a_key_reads_nothing(app: Flask) -> None:
    answer = Browser(app).open("/xapi/statements", X_Experience_API_Version="1.0.3")
    assert answer.status == 401


def test_what_an_outside_program_says_moves_no_progress(app: Flask) -> None:
    amina = Learner(app)
    amina.start()
    amina.enrol("tiny")
    with app.app_context():
        actor = str(amina.person().actor)
    program = Program(app)
    (registered,) = [s for s in program.all() if s["actor"].get("account", {}).get("name") == actor]
    course = registered["object"]["id"]
    context = {"registration": registered["context"]["registration"], "extensions": {v.ATTEMPT_ID: str(uuid4())},
               "contextActivities": {"grouping": [registered["object"]]}}  # fmt: skip
    for name, verb in (("final", v.PASSED), ("first-hello", v.ANSWERED), ("first", v.COMPLETED)):
        forged = {
            "actor": registered["actor"], "verb": {"id": verb}, "object": {"id": f"{course}/{name}"},
            "context": {**context, "revision": "1.0"}, "result": {"success": True, "score": {"scaled": 1}},
        }  # fmt: skip
        assert program.post(forged) == 200
    assert program.post({**forged, "object": {"id": course}}) == 200

    page = amina.browser.open("/courses/tiny")
    assert "0 / 2" in page.text
    assert "The final test to pass" in page.text
    assert page.link(to="/certificates/new") is None
    assert run(app, "progress", "rebuild", "--check").exit_code == 0
    assert run(app, "progress", "rebuild").exit_code == 0
    with app.app_context():
        rows = session().scalars(select(ProgressRow)).all()
        assert not [row for row in rows if row.units_done or row.is_complete]
    assert "0 / 2" in amina.browser.open("/courses/tiny").text


def test_the_cache_of_progress_is_what_the_statements_say(app: Flask) -> None:
    amina, _code = certified(app)
    assert run(app, "progress", "rebuild", "--check").exit_code == 0
    before = amina.browser.open("/courses/tiny").text
    assert run(app, "progress", "rebuild").exit_code == 0
    assert amina.browser.open("/courses/tiny").text == before
