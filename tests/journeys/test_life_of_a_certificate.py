"""After it was issued: revoked, its holder erased, her data taken along."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from headstart_lms.assessments.models import Answer
from headstart_lms.certificates.services import get_certificate
from headstart_lms.kernel.db import session
from headstart_lms.lrs.models import Statement
from headstart_lms.lrs.services import statements_of
from tests.browsing import Browser
from tests.commands import run

from .learner import Learner, certified
from .test_from_start_to_certificate import check_file

pytestmark = pytest.mark.every_app


def test_a_revoked_certificate_is_revoked_for_everybody_at_once(app: Flask) -> None:
    amina, code = certified(app)
    stranger = Browser(app)
    file = amina.browser.open(f"/certificates/{code}.json").response.data
    assert check_file(stranger, file).data("state") == "valid"
    assert stranger.open(f"/verify/{code}").data("state") == "valid"

    assert run(app, "certificate", "revoke", code, "--reason", "error").exit_code == 0
    assert check_file(stranger, file).data("state") == "revoked"
    assert stranger.open(f"/verify/{code}").data("state") == "revoked"
    assert run(app, "certificate", "revoke", code, "--reason", "error").exit_code == 0


def test_a_code_alone_shows_no_name_and_the_year_of_birth_shows_it(app: Flask) -> None:
    _amina, code = certified(app, name="AMINA HADDAD", year=1994)
    stranger = Browser(app)
    page = stranger.open(f"/verify/{code}")
    assert "HADDAD" not in page.body
    assert "1994" not in page.text
    form = page.form(to="/verify", having="year")
    assert "AMINA HADDAD" in stranger.send(form, year="1994").text
    wrong = stranger.send(form, year="1995")
    assert wrong.status == 404
    assert "HADDAD" not in wrong.body


def test_the_paper_of_an_erased_person_still_holds_but_we_know_her_no_more(app: Flask) -> None:
    amina, code = certified(app, name="AMINA HADDAD", year=1994)
    with app.app_context():
        actor = str(amina.person().actor)
    file = amina.browser.open(f"/certificates/{code}.json").response.data
    gone = amina.browser.send(amina.browser.open("/me/data").form(to="/me/erase"), sure="yes")
    assert gone.path.endswith("/erased")

    stranger = Browser(app)
    assert check_file(stranger, file).data("state") == "valid"
    by_code = stranger.open(f"/verify/{code}")
    assert by_code.data("state") == "valid"
    assert "HADDAD" not in by_code.body
    assert stranger.open(f"/certificates/{code}?year=1994").status == 404
    assert check_file(stranger, file.replace(b"HADDAD", b"HADDAT")).data("state") == "altered"

    assert amina.browser.open("/me").path.endswith("/sign-in")
    refused = stranger.send(stranger.open("/sign-in").form(to="/sign-in", having="code"), code=amina.code)
    assert refused.status == 422
    with app.app_context():
        kept = get_certificate(session(), code)
        assert (kept.payload, kept.person_id, kept.award) == (None, None, None)
        everything = b"".join(bytes(row) for row in _payloads())
    assert actor.encode() not in everything
    assert b"HADDAD" not in everything


def _payloads() -> list[bytes]:
    return list(session().scalars(select(Statement.payload)))


def test_a_person_takes_everything_along(app: Flask) -> None:
    amina, code = certified(app, name="AMINA HADDAD", year=1994)
    page = amina.browser.send(amina.browser.open("/me/data").form(to="/me/data"))
    data = json.loads(page.response.data)
    with app.app_context():
        answers = session().scalar(select(func.count()).select_from(Answer))
        (enrolment,) = data["enrolments"]
        told = list(statements_of(session(), registration=UUID(enrolment["registration"])))
    given = [a for part in (*enrolment["attempts"], *enrolment["tests"]) for a in part["answers"]]
    assert len(given) == answers == 5
    assert enrolment["statements"] == told
    assert enrolment["tests"][0]["passed"] is True
    assert data["identity"]["passport_name"] == "AMINA HADDAD"
    assert data["identity"]["year_of_birth"] == 1994
    assert data["devices"] == 1
    (certificate,) = data["certificates"]
    assert certificate["code"].replace("-", "") == code.replace("-", "")
    assert data["person"]["destination"] == "IT"


def test_without_a_tick_nothing_is_erased(app: Flask) -> None:
    amina = Learner(app)
    amina.start()
    assert amina.browser.send(amina.browser.open("/me/data").form(to="/me/erase")).status == 422
    assert amina.browser.open("/me").status == 200
