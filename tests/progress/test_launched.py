"""What launched content says counts for the registration and activity it was opened for, and for nothing else."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from headstart_lms.certificates.models import Award
from headstart_lms.cli import headstart
from headstart_lms.cohorts import services as cohorts
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.library import get_course
from headstart_lms.kernel import jobs
from headstart_lms.kernel.db import session, transaction
from headstart_lms.lrs import services as lrs
from headstart_lms.privacy import services as privacy
from headstart_lms.progress import services as progress
from headstart_lms.xapi import vocabulary as v

from ..cast import find_person
from ..habits.world import learn, sit_test
from ..make import TINY_UUID, house_of


class Opened:
    """An item of the tiny course, opened for Amina by a program; statements as its content sends them."""

    def __init__(self, app: Flask, part: str = "first-hello", **changes: Any) -> None:
        self.client: Any = app.test_client()
        base = app.extensions["headstart"].installation.iri_base
        amina = find_person(session(), "amina")
        enrolment = enrolment_of_amina()
        self.activity = v.part_iri(base, TINY_UUID, part)
        self.asked = {
            "actor": {"objectType": "Agent", "account": {"homePage": base, "name": str(amina.actor)}},
            "registration": str(enrolment.registration), "activity": self.activity, **changes,
        }  # fmt: skip
        session().rollback()
        made = run("client", "add", "player", "--scope", "launch", "--scope", "statements/write", "--json")
        self.key = json.loads(made)
        basic = (self.key["key"], self.key["secret"])
        launch: Any = self.client.post("/xapi/launches", json=self.asked, auth=basic).json
        path = "/xapi/" + launch["fetch"].partition("/xapi/")[2]
        token: Any = self.client.post(path).json
        self.token = token["auth-token"]

    def says(self, verb: str = v.ANSWERED, **changes: Any) -> dict[str, Any]:
        return {
            "id": str(uuid4()), "actor": self.asked["actor"], "verb": {"id": verb},
            "object": {"id": self.asked["activity"]}, "result": {"score": {"scaled": 0.75}, "success": True},
            "context": {"registration": self.asked["registration"]}, **changes,
        }  # fmt: skip

    def post(self, *statements: Any, header: str | None = None) -> int:
        headers = {"Authorization": header or f"Bearer {self.token}", "X-Experience-API-Version": "1.0.3"}
        answer = self.client.post("/xapi/statements", json=list(statements), headers=headers)
        jobs.run_all()
        session().rollback()
        session().expire_all()
        return int(answer.status_code)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(headstart, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def enrolment_of_amina() -> Enrolment:
    amina = find_person(session(), "amina")
    return cohorts.get_enrolment_for(session(), amina, get_course(session(), "tiny"))


def items() -> dict[str, float]:
    found = dict(progress.get_progress(session(), enrolment_of_amina().id).items)
    session().rollback()
    assert "0 differences" in run("progress", "rebuild", "--check")
    return found


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


@pytest.mark.both_databases
def test_what_content_says_about_its_own_activity_counts(in_app: Flask) -> None:
    content = Opened(in_app)
    assert content.post(content.says()) == 200
    assert items() == {"first-hello": 0.75}
    assert content.post(content.says(result={"score": {"scaled": 0.25}})) == 200
    assert items() == {"first-hello": 0.75}


def test_the_store_says_when_it_was_whatever_the_content_claims(in_app: Flask) -> None:
    content = Opened(in_app)
    told = content.says(timestamp="1999-12-31T23:59:60-05")
    told["context"]["extensions"] = {v.ATTEMPT_ID: "no uuid"}
    content.post(told)
    assert items() == {"first-hello": 0.75}
    first = progress.get_progress(session(), enrolment_of_amina().id).first
    assert first is not None
    assert first.year > 2000


NOT_COUNTED: dict[str, Callable[[Opened], dict[str, Any]]] = {
    "another activity with its own as context": lambda one: one.says(
        object={"id": one.activity.replace("first-hello", "first-can")},
        context={
            "registration": one.asked["registration"], "contextActivities": {"parent": [{"id": one.activity}]},
        },
    ),
    "that a test was passed": lambda one: one.says(v.PASSED),
    "that a unit is done": lambda one: one.says(v.COMPLETED),
    "something else": lambda one: one.says("http://adlnet.gov/expapi/verbs/experienced"),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(NOT_COUNTED))
def test_what_else_content_says_is_stored_and_does_not_count(in_app: Flask, what: str) -> None:
    content = Opened(in_app)
    assert content.post(NOT_COUNTED[what](content)) == 200
    assert items() == {}


@pytest.mark.parametrize("part", ["final", "bank-thanks"])
def test_a_test_of_ours_is_never_passed_by_content(in_app: Flask, part: str) -> None:
    content = Opened(in_app, part)
    content.post(content.says(v.PASSED), content.says(v.ANSWERED))
    found = progress.get_progress(session(), enrolment_of_amina().id)
    assert dict(found.tests) == {}


def test_the_key_itself_moves_nothing_without_a_launch(in_app: Flask) -> None:
    content = Opened(in_app)
    basic = b64encode(f"{content.key['key']}:{content.key['secret']}".encode()).decode()
    assert content.post(content.says(), header=f"Basic {basic}") == 200
    assert items() == {}


def test_content_opened_for_somebody_else_moves_nobody(in_app: Flask) -> None:
    base = in_app.extensions["headstart"].installation.iri_base
    other = {"objectType": "Agent", "account": {"homePage": base, "name": str(uuid4())}}
    content = Opened(in_app, actor=other)
    assert content.post(content.says()) == 200
    assert items() == {}


def test_content_of_another_registration_moves_nothing(in_app: Flask) -> None:
    content = Opened(in_app, registration=str(uuid4()))
    assert content.post(content.says()) == 200
    assert items() == {}


def test_content_of_another_tenant_moves_nothing(in_app: Flask) -> None:
    elsewhere = str(uuid4())
    content = Opened(in_app)
    key = json.loads(run("client", "add", "other", "--scope", "launch", "--tenant", elsewhere, "--json"))
    launch = content.client.post("/xapi/launches", json=content.asked, auth=(key["key"], key["secret"])).json
    path = "/xapi/" + launch["fetch"].partition("/xapi/")[2]
    content.token = content.client.post(path).json["auth-token"]
    assert content.post(content.says()) == 200
    assert items() == {}


def test_when_it_is_voided_it_no_longer_counts(in_app: Flask) -> None:
    content = Opened(in_app)
    told = content.says()
    content.post(told)
    with transaction() as current:
        installation = in_app.extensions["headstart"].installation
        authority = content.asked["actor"]
        lrs.void(current, UUID(told["id"]), authority=authority, tenant=installation.uuid)
    run("progress", "rebuild")
    session().expire_all()
    assert items() == {}


def test_a_program_that_voids_what_its_content_said_takes_the_progress_back(in_app: Flask) -> None:
    content = Opened(in_app)
    told = content.says()
    content.post(told)
    basic = b64encode(f"{content.key['key']}:{content.key['secret']}".encode()).decode()
    voiding = {
        "actor": content.asked["actor"], "verb": {"id": v.VOIDED},
        "object": {"objectType": "StatementRef", "id": told["id"]},
    }  # fmt: skip
    assert content.post(voiding, header=f"Basic {basic}") == 200
    assert items() == {}


def test_the_last_answer_may_come_from_content_and_leads_to_unit_and_award(in_app: Flask) -> None:
    house = house_of(in_app)
    with transaction() as current:
        amina = find_person(current, "amina")
        learn(current, house, amina, units=1)
        sit_test(current, house, amina)
    assert session().scalar(select(Award.id)) is None
    content = Opened(in_app, "second-story")
    assert content.post(content.says()) == 200
    assert session().scalar(select(Award.id)) is not None
    registration = enrolment_of_amina().registration
    told = lrs.statements_of(session(), registration=registration)
    unit = content.activity.replace("second-story", "second")
    assert (v.COMPLETED, unit) in [(one["verb"]["id"], one["object"]["id"]) for one in told]
    items()


def test_a_person_takes_her_launches_with_her_and_erasing_leaves_none(in_app: Flask) -> None:
    content = Opened(in_app)
    content.post(content.says())
    amina = find_person(session(), "amina")
    assert [one["activity"] for one in privacy.export(session(), amina)["launches"]] == [content.activity]
    session().rollback()
    with transaction() as current:
        privacy.erase(current, find_person(current, "amina"))
    assert content.post(content.says()) == 401
