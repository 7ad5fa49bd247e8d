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
