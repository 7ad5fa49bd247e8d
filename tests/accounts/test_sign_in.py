"""Guessing is slow, failures sound alike, passwords that everybody tries are refused."""

from __future__ import annotations

from itertools import islice, product

import pytest
from flask import Flask

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts import views
from headstart_lms.kernel.db import transaction
from headstart_lms.kernel.errors import Invalid
from tests import cast
from tests.browsing import Browser, Page
from tests.commands import run
from tests.conftest import Clock
from tests.journeys.learner import Learner

from .test_sessions import is_in, with_code, with_password


def try_code(browser: Browser, code: str) -> Page:
    return browser.post("/sign-in", {"code": code})


def try_password(browser: Browser, login: str, password: str) -> Page:
    return browser.post("/sign-in", {"login": login, "password": password})


def test_a_wrong_password_and_an_unknown_name_sound_alike(app: Flask) -> None:
    known = with_password(app, "bruno", "not the password")[1]
    unknown = with_password(app, "nobody-here", "not the password")[1]
    assert known.status == unknown.status == 422
    assert known.text.replace("bruno", "") == unknown.text.replace("nobody-here", "")


def test_a_form_that_was_refused_keeps_what_was_typed_but_not_the_password(app: Flask) -> None:
    page = with_password(app, "bruno", "not the password")[1]
    form = page.form(to="/sign-in", having="password")
    assert dict(form.filled)["login"] == "bruno"
    assert "not the password" not in page.body


def test_guessing_one_password_is_stopped_even_with_the_right_one(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert views.LOGIN_LIMIT <= 10
    monkeypatch.setattr(views, "LOGIN_LIMIT", 3)
    browser = Browser(app)
    for _try in range(3):
        assert try_password(browser, "bruno", "not the password").status == 422
    stopped = try_password(browser, "bruno", cast.PASSWORD)
    assert stopped.status == 429
    assert "Wait" in stopped.text
    assert not is_in(browser)
    assert with_password(app, "clara", cast.PASSWORD)[1].status == 200
    clock.move(minutes=16)
    assert try_password(browser, "bruno", cast.PASSWORD).status == 200
    assert is_in(browser)


def test_guessing_codes_from_one_address_is_stopped(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 120 <= views.CODE_LIMIT <= 300  # a class that mistypes, but nobody who guesses
    monkeypatch.setattr(views, "CODE_LIMIT", 5)
    amina = Learner(app)
    amina.start()
    browser = Browser(app)
    for tail in islice(product(accounts.CODE_ALPHABET, repeat=2), 5):
        assert try_code(browser, "222222" + "".join(tail)).status == 422
    assert try_code(browser, amina.code).status == 429
    assert not is_in(browser)
    assert is_in(amina.browser)
    clock.move(minutes=16)
    assert try_code(browser, amina.code).status == 200


def test_signing_in_rightly_is_not_counted(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "CODE_LIMIT", 3)
    amina = Learner(app)
    amina.start()
    for _time in range(5):
        assert is_in(with_code(app, amina.code))


def test_one_address_cannot_make_learners_without_end(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert views.NEW_LEARNERS >= 60  # a class at one centre, behind one address
    monkeypatch.setattr(views, "NEW_LEARNERS", 3)
    browser = Browser(app)
    answers = []
    for _number in range(4):
        answers.append(app.test_client().post("/start", data={"to": "IT", "route": "labour"},
                                              headers={"Sec-Fetch-Site": "same-origin"}).status_code)  # fmt: skip
    assert answers == [303, 303, 303, 429]
    clock.move(hours=2)
    assert browser.post("/start", {"to": "IT", "route": "labour"}).status == 200


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "123456789012",
        "qwertyuiop12",
        "iloveyou2024!",
        "bruno-bruno-1",
        "aaaaaaaaaaaaaaaa",
        "short",
        "",
    ],
)
def test_common_and_short_passwords_are_refused(app: Flask, password: str) -> None:
    with app.app_context(), transaction() as current:
        person = cast.find_person(current, "bruno")
        with pytest.raises(Invalid):
            accounts.set_password(current, person, password)
    assert with_password(app, "bruno", cast.PASSWORD)[1].status == 200


def test_a_common_password_is_refused_with_a_sentence_on_the_page(app: Flask) -> None:
    bruno, _page = with_password(app, "bruno", cast.PASSWORD)
    form = bruno.open("/me/account").form(to="/me/account/password")
    page = bruno.send(form, old=cast.PASSWORD, new="password1234")
    assert page.status == 422
    assert "easy to guess" in page.text
    assert with_password(app, "bruno", cast.PASSWORD)[1].status == 200


@pytest.mark.parametrize(
    "password", ["correct horse battery staple", "ученье свет 2026 море", "x9!x9!x9!-lamp-river"]
)
def test_any_letters_make_a_password_and_each_counts(app: Flask, password: str) -> None:
    with app.app_context(), transaction() as current:
        accounts.set_password(current, cast.find_person(current, "bruno"), password)
    assert with_password(app, "bruno", password)[1].status == 200
    assert with_password(app, "bruno", password + " ")[1].status == 422
    assert with_password(app, "bruno", password.swapcase())[1].status == 422


def test_the_command_that_adds_staff_refuses_a_common_password(app: Flask) -> None:
    add = ("person", "add", "--role", "teacher", "--login", "eva", "--centre", "north")
    refused = run(app, *add, input="password1234\npassword1234\n")
    assert refused.exit_code == 1
    assert "easy to guess" in refused.output
    assert run(app, *add, input="seven-lanterns-on-a-raft\nseven-lanterns-on-a-raft\n").exit_code == 0
    assert with_password(app, "eva", "seven-lanterns-on-a-raft")[1].path == "/teach"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example"]
)
def test_after_signing_in_nobody_is_sent_to_another_site(app: Flask, target: str) -> None:
    answer = app.test_client().post(
        "/sign-in", data={"login": "bruno", "password": cast.PASSWORD, "next": target},
        headers={"Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/teach"
