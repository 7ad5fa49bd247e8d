"""The whole way, over HTTP, with the forms as they stand in the pages and without JavaScript."""

from __future__ import annotations

import json

import pytest
from flask import Flask

from tests.browsing import Browser, Page

from .learner import Learner


@pytest.fixture
def bundled() -> bool:
    return True


def check_file(browser: Browser, content: bytes) -> Page:
    """Send a certificate's file to the page that checks it, as anybody may."""
    return browser.send(browser.open("/verify").form(to="/verify", having="year"), files={"file": content})


@pytest.mark.every_app
def test_a_learner_comes_without_a_name_passes_and_shows_a_certificate_that_holds(app: Flask) -> None:
    amina = Learner(app)
    catalogue = amina.start()
    assert catalogue.link(to="/courses/it-diritti")

    result = amina.pass_course("it-diritti")
    assert "You have passed" in result.text
    page = amina.take_certificate(result, name="AMINA HADDAD", own_name="أمينة حداد")
    assert page.status == 200
    assert "AMINA HADDAD" in page.text

    code = page.path.rsplit("/", 1)[-1]
    stranger = Browser(app)
    file = amina.browser.open(f"/certificates/{code}.json").response.data
    assert stranger.open(f"/certificates/{code}.json").status == 401
    assert check_file(stranger, file).data("state") == "valid"

    document = json.loads(file)
    changed = file.replace(b"AMINA HADDAD", b"AMINA HADDAT")
    assert changed != file
    assert check_file(stranger, changed).data("state") == "altered"
    assert document["id"].startswith("http://localhost" + stranger.prefix)
