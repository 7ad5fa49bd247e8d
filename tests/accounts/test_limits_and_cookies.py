"""Who shares an address or a phone with others: shut out by nobody's mistakes, shown nobody's code."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from headstart_lms.accounts import views
from headstart_lms.accounts.models import SignIn
from headstart_lms.kernel.db import session
from tests import cast
from tests.browsing import Browser
from tests.conftest import Clock
from tests.journeys.learner import Learner

from .test_sessions import NEW_PASSWORD, is_in, with_password


def _codes(app: Flask, address: str) -> int:
    return (
        app.test_client()
        .post(
            "/sign-in", data={"code": "2222-2222"}, headers={"Sec-Fetch-Site": "same-origin"},
            environ_overrides={"REMOTE_ADDR": address},
        )
        .status_code
    )  # fmt: skip


def test_learners_who_mistype_their_codes_shut_no_member_of_staff_out(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "CODE_LIMIT", 2)
    assert [_codes(app, "127.0.0.1") for _n in range(3)] == [422, 422, 429]
    assert is_in(with_password(app, "bruno", cast.PASSWORD)[0])


def test_another_address_of_the_same_line_counts_as_the_same(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "CODE_LIMIT", 2)
    assert [_codes(app, f"2001:db8:1:2::{n}") for n in range(3)] == [422, 422, 429]
    assert _codes(app, "2001:db8:1:3::1") == 422
    assert _codes(app, "198.51.100.7") == 422


def test_an_open_session_is_no_place_to_guess_the_password(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "LOGIN_LIMIT", 2)
    bruno, _page = with_password(app, "bruno", cast.PASSWORD)
    form = bruno.open("/me/account").form(to="/me/account/password")
    statuses = [bruno.send(form, old="not the password", new=NEW_PASSWORD).status for _n in range(3)]
    assert statuses == [422, 422, 429]
    assert bruno.send(form, old=cast.PASSWORD, new=NEW_PASSWORD).status == 429
    clock.move(minutes=16)
    assert bruno.send(form, old=cast.PASSWORD, new=NEW_PASSWORD).status == 200


def test_a_cookie_lives_as_long_as_the_session_it_opens(app: Flask, clock: Clock) -> None:
    amina = Learner(app)
    amina.start()
    clock.move(days=7)
    answer = amina.browser.client.get("/me")
    renewed = [line for line in answer.headers.getlist("Set-Cookie") if line.startswith("hs=")]
    assert len(renewed) == 1
    assert "Max-Age=5184000" in renewed[0]
    assert "HttpOnly" in renewed[0]
    again = amina.browser.client.get("/me")
    assert not [line for line in again.headers.getlist("Set-Cookie") if line.startswith("hs=")]


def test_who_signs_in_on_a_phone_is_not_shown_the_code_of_who_had_it_before(app: Flask) -> None:
    amina = Learner(app)
    amina.start()
    other = Learner(app)
    other.start()
    phone = amina.browser
    phone.post("/sign-in", {"code": other.code})
    page = phone.open("/me/code")
    assert page.status == 200
    assert amina.code not in page.text


def test_signing_in_ends_the_session_that_was_open_on_this_phone(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    phone = as_person("amina")
    old = phone.cookie("hs")
    assert old is not None
    phone.post("/sign-in", {"login": "bruno", "password": cast.PASSWORD})
    thief = Browser(app)
    thief.set_cookie("hs", old)
    assert not is_in(thief)
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(SignIn)) == 1
