"""Sessions end when they must, at once, on every device they must end on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from headstart_lms.accounts import services as accounts
from headstart_lms.kernel.db import transaction
from tests import cast
from tests.browsing import Browser, Page
from tests.conftest import Clock
from tests.journeys.learner import Learner

NEW_PASSWORD = "seven-lanterns-on-a-raft"


def is_in(browser: Browser) -> bool:
    return not browser.open("/me").path.endswith("/sign-in")


def with_code(app: Flask, code: str) -> Browser:
    browser = Browser(app)
    browser.send(browser.open("/sign-in").form(to="/sign-in", having="code"), code=code)
    return browser


def with_password(app: Flask, login: str, password: str) -> tuple[Browser, Page]:
    browser = Browser(app)
    page = browser.send(
        browser.open("/sign-in").form(to="/sign-in", having="password"), login=login, password=password
    )
    return browser, page


@pytest.mark.every_app
def test_signing_out_ends_the_session_itself_not_only_the_cookie(app: Flask) -> None:
    amina = Learner(app)
    amina.start()
    token = amina.browser.cookie("hs")
    assert token is not None
    page = amina.browser.send(amina.browser.open("/me/account").form(to="/sign-out"))
    assert page.status == 200
    assert amina.browser.cookie("hs") is None
    thief = Browser(app)
    thief.set_cookie("hs", token)
    assert not is_in(thief)


@pytest.mark.every_app
def test_a_code_signs_in_on_another_phone(app: Flask) -> None:
    amina = Learner(app)
    amina.start()
    amina.enrol("tiny")
    for typed in (amina.code, amina.code.lower(), amina.code.replace("-", " ")):
        phone = with_code(app, typed)
        assert "Tiny course" in phone.open("/me").text


def test_suspending_somebody_shuts_her_out_at_once(app: Flask, as_person: Callable[[str], Browser]) -> None:
    amina, code = as_person("amina"), ""
    with app.app_context(), transaction() as current:
        person = cast.find_person(current, "amina")
        code = accounts.replace_code(current, app.extensions["headstart"].keyring, person)
    assert is_in(amina)
    with app.app_context(), transaction() as current:
        accounts.suspend(current, cast.find_person(current, "amina"))
    assert not is_in(amina)
    assert not is_in(with_code(app, code))
    with app.app_context(), transaction() as current:
        accounts.readmit(current, cast.find_person(current, "amina"))
    assert not is_in(amina)  # the old session does not come back
    assert is_in(with_code(app, code))


def test_a_new_password_ends_every_other_session(app: Flask) -> None:
    here, page = with_password(app, "bruno", cast.PASSWORD)
    assert page.path == "/teach"
    there, _page = with_password(app, "bruno", cast.PASSWORD)
    form = here.open("/me/account").form(to="/me/account/password")
    assert here.send(form, old="something else entirely", new=NEW_PASSWORD).status == 422
    assert is_in(there)
    assert here.send(form, old=cast.PASSWORD, new=NEW_PASSWORD).status == 200
    assert is_in(here)
    assert not is_in(there)
    assert with_password(app, "bruno", cast.PASSWORD)[1].status == 422
    assert is_in(with_password(app, "bruno", NEW_PASSWORD)[0])


def test_a_new_code_ends_the_old_code_and_the_other_phones(app: Flask) -> None:
    amina = Learner(app)
    amina.start()
    phone = with_code(app, amina.code)
    assert is_in(phone)
    card = amina.browser.send(amina.browser.open("/me/account").form(to="/me/code"))
    assert is_in(amina.browser)
    assert not is_in(phone)
    assert not is_in(with_code(app, amina.code))
    new = next(word for word in card.text.split() if len(word) == 9 and word[4] == "-")
    assert is_in(with_code(app, new))


def test_other_devices_can_be_signed_out(app: Flask) -> None:
    amina = Learner(app)
    amina.start()
    phone = with_code(app, amina.code)
    amina.browser.send(amina.browser.open("/me/account").form(to="/me/account/devices"))
    assert is_in(amina.browser)
    assert not is_in(phone)


def test_a_session_that_is_used_lives_on_and_one_that_is_not_ends(app: Flask, clock: Clock) -> None:
    amina = Learner(app)
    amina.start()
    phone = with_code(app, amina.code)
    for _week in range(10):
        clock.move(days=7)
        assert is_in(amina.browser)
    assert not is_in(phone)


def test_staff_sessions_are_short(app: Flask, clock: Clock) -> None:
    bruno, _page = with_password(app, "bruno", cast.PASSWORD)
    clock.move(hours=11)
    assert is_in(bruno)
    clock.move(hours=11)
    assert is_in(bruno)
    clock.move(hours=13)
    assert not is_in(bruno)


def test_every_sign_in_is_a_new_session(app: Flask) -> None:
    first, _page = with_password(app, "bruno", cast.PASSWORD)
    second, _page = with_password(app, "bruno", cast.PASSWORD)
    assert first.cookie("hs") != second.cookie("hs")
    old = first.cookie("hs")
    first.send(first.open("/sign-in?as=staff").form(to="/sign-in", having="password"),
               login="bruno", password=cast.PASSWORD)  # fmt: skip
    assert first.cookie("hs") != old
