"""What nobody types, and a database that fails: one sentence, never a trace or an empty page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from headstart_lms.accounts import services
from headstart_lms.kernel.db import session
from headstart_lms.learning import views
from tests.browsing import Browser

PATHS = [
    "/courses/a%00b", "/courses/tiny/a%00b", "/courses/tiny/words?q=%00", "/?to=%00", "/certificates/A%00.json",
    "/verify/a%00", "/start?step=route&to=%00", "/centres/a%00/did.json", "/media/a%00/b", "/sign-in?login=%00",
]  # fmt: skip


@pytest.mark.both_databases
@pytest.mark.parametrize("path", PATHS)
def test_the_character_0_in_an_address_is_refused_and_breaks_nothing(
    as_person: Callable[[str], Browser], path: str
) -> None:
    assert as_person("amina").open(path).status in (400, 404)


@pytest.mark.both_databases
@pytest.mark.parametrize("field", ["login", "code", "password"])
def test_the_character_0_in_a_form_is_refused_and_breaks_nothing(browser: Browser, field: str) -> None:
    page = browser.post("/sign-in", {"login": "bruno", "password": "p", field: "a\0b"})
    assert page.status == 400
    assert "could not be read" in page.text


@pytest.mark.both_databases
def test_a_query_that_fails_ends_in_a_sentence_with_a_number(
    as_person: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_kwargs: object) -> None:
        session().execute(text("SELECT nothing FROM nowhere"))

    monkeypatch.setattr(views, "list_courses", fail)
    page = as_person("amina").open("/")
    assert page.status == 500
    assert "Something went wrong here, not with you" in page.text
    assert "nowhere" not in page.body


def test_a_database_that_answers_nothing_still_leaves_a_sentence(
    app: Flask, as_person: Callable[[str], Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    amina = as_person("amina")

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the database is gone")

    monkeypatch.setattr(services, "find_visitor", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    page = amina.open("/me")
    assert page.status == 500
    assert "Something went wrong here, not with you" in page.text


def test_a_form_that_comes_after_the_sign_in_was_over_is_kept_and_can_be_sent_again(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    """Without scripts too: whoever wrote for an hour signs in beside it and sends the same once more."""
    dmitri = as_person("dmitri")
    cookie = "__Host-hs" if app.extensions["headstart"].is_secure else "hs"
    form = dmitri.open("/centre/groups/new").form(having="title")
    key = dmitri.cookie(cookie) or ""
    dmitri.set_cookie(cookie, "over")
    kept = dmitri.send(form, title='Evening <group> "two"', centre="south")
    assert kept.status == 401
    assert "what you wrote is still on this page" in kept.text
    again = kept.form(having="title")
    dmitri.set_cookie(cookie, key)
    made = dmitri.send(again)
    assert made.status == 200
    assert 'Evening <group> "two"' in made.text


def test_a_form_with_a_secret_or_a_name_is_not_kept(browser: Browser) -> None:
    for field in ("old", "password", "code", "passport_name", "year"):
        page = browser.post("/me/account/password", {field: "quiet-harbour", "about": "whale"})
        assert page.status == 401
        assert "quiet-harbour" not in page.body
        assert "whale" not in page.body
