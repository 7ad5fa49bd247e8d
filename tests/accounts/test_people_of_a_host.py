"""Mounted: the users of the host learn without a second sign-in."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.security import generate_password_hash

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.kernel.db import db, session, transaction
from tests.browsing import Browser, Page
from tests.conftest import host_module
from tests.journeys.learner import Learner

pytestmark = [pytest.mark.mounted, pytest.mark.both_databases]


def add_user(app: Flask, name: str) -> str:
    """Add a user to the host; return the id the host tells us."""
    host: Any = host_module()
    with app.app_context():
        user = host.User(
            name=name, password_hash=generate_password_hash("the host's secret", "scrypt:1024:8:1")
        )
        db.session.add(user)
        db.session.commit()
        return f"user:{user.id}"


def host_open(browser: Browser, path: str) -> Page:
    return browser.open("http://localhost" + path)


def sign_in_at_host(app: Flask, name: str) -> Browser:
    browser = Browser(app)
    page = browser.send(host_open(browser, "/login").forms[0], name=name, password="the host's secret")
    assert f"Signed in: {name}" in page.text
    return browser


def people(app: Flask) -> list[Person]:
    with app.app_context():
        return list(session().scalars(select(Person).where(Person.host_id.like("user:%"))))


def test_a_user_of_the_host_becomes_a_learner_when_she_starts_a_course(app: Flask) -> None:
    host_id = add_user(app, "leila")
    leila = sign_in_at_host(app, "leila")
    assert leila.open("/").status == 200
    assert people(app) == []  # looking around makes nobody

    page = leila.send(leila.open("/courses/tiny").form(to="/enrol"))
    assert page.path == "/learn/courses/tiny/first"
    (person,) = people(app)
    assert (person.host_id, person.login, person.code_digest) == (host_id, None, None)
    assert leila.cookie("hs") is None
    assert "Tiny course" in leila.open("/me").text


def test_she_passes_and_gets_her_certificate(app: Flask) -> None:
    add_user(app, "leila")

    class Leila(Learner):
        def person(self) -> Person:
            return session().scalars(select(Person).where(Person.host_id.like("user:%"))).one()

    leila = Leila(app, sign_in_at_host(app, "leila"))
    page = leila.take_certificate(leila.pass_course("tiny"), name="LEILA TRABELSI")
    assert "LEILA TRABELSI" in page.text


def test_she_needs_no_code_and_is_not_asked_to_start_or_sign_in(app: Flask) -> None:
    add_user(app, "leila")
    leila = sign_in_at_host(app, "leila")
    assert leila.open("/me").path == "/learn/me"
    assert leila.open("/start").path == "/learn/"
    assert leila.post("/start", {"to": "IT", "route": "labour"}).path == "/learn/"
    assert leila.cookie("hs") is None
    assert len(people(app)) == 1


def test_two_first_requests_at_once_make_one_person(app: Flask) -> None:
    add_user(app, "leila")
    browsers = [sign_in_at_host(app, "leila") for _number in range(2)]
    gate = threading.Barrier(2)
    answers: list[int] = []

    def go(browser: Browser) -> None:
        gate.wait()
        answers.append(browser.open("/me").status)

    threads = [threading.Thread(target=go, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [200, 200]
    assert len(people(app)) == 1


def test_who_is_signed_in_at_the_host_is_never_shown_what_an_older_cookie_opens(app: Flask) -> None:
    amina = Learner(app)
    amina.start()
    amina.enrol("tiny")
    old = amina.browser.cookie("hs")
    add_user(app, "leila")
    leila = sign_in_at_host(app, "leila")
    leila.set_cookie("hs", old or "")
    assert "Tiny course" not in leila.open("/me").text
    host_page = host_open(leila, "/")
    leila.send(host_page.form(id="logout"))
    assert "Tiny course" in leila.open("/me").text  # the cookie itself is still good


def test_signing_out_at_the_host_ends_it_here(app: Flask) -> None:
    add_user(app, "leila")
    leila = sign_in_at_host(app, "leila")
    leila.send(leila.open("/courses/tiny").form(to="/enrol"))
    leila.send(host_open(leila, "/").form(id="logout"))
    assert leila.open("/me").path == "/learn/sign-in"


def test_a_suspended_user_of_the_host_is_out_here_and_stays_in_there(app: Flask) -> None:
    add_user(app, "leila")
    leila = sign_in_at_host(app, "leila")
    leila.send(leila.open("/courses/tiny").form(to="/enrol"))
    with app.app_context(), transaction() as current:
        accounts.suspend(current, current.scalars(select(Person).where(Person.host_id.like("user:%"))).one())
    assert leila.open("/me").status == 403
    assert leila.post("/courses/tiny/enrol").status == 403
    assert leila.open("/").status == 200
    assert "Signed in: leila" in host_open(leila, "/").text


def test_two_users_of_the_host_are_two_learners(app: Flask) -> None:
    add_user(app, "leila")
    add_user(app, "omar")
    leila, omar = sign_in_at_host(app, "leila"), sign_in_at_host(app, "omar")
    leila.send(leila.open("/courses/tiny").form(to="/enrol"))
    assert "Tiny course" in leila.open("/me").text
    assert "Tiny course" not in omar.open("/me").text
    assert len(people(app)) == 2
