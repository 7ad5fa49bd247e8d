"""Under https every cookie is Secure from the first answer of a process on, and limits count visitors."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from headstart_lms import create_app, operations
from headstart_lms.kernel.db import db
from tests.commands import run

REAL = "https://learn.example.org"


def made(folder: Path, **settings: object) -> Flask:
    """Make the application as a server does, that knows the address only from the database."""
    app = create_app({"HEADSTART_INSTANCE": str(folder), **settings})
    with app.app_context():
        operations.init(app, REAL)
        db.engine.dispose()
    return create_app({"HEADSTART_INSTANCE": str(folder), **settings})


@pytest.fixture
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEADSTART_BASE_URL", raising=False)


@pytest.mark.usefixtures("no_address")
def test_the_first_answer_of_a_process_sets_secure_cookies(tmp_path: Path) -> None:
    app = made(tmp_path)
    browser = app.test_client()
    first = browser.get("/sign-in?lang=en", base_url=REAL)
    assert "max-age" in first.headers["Strict-Transport-Security"]
    cookies = first.headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {"hs_flash", "hs_lang"}
    assert all("; Secure" in cookie for cookie in cookies)
    begun = (
        made(tmp_path / "second")
        .test_client()
        .post("/start", data={"route": "labour"}, base_url=REAL, headers={"Sec-Fetch-Site": "same-origin"})
    )
    assert any(
        cookie.startswith("__Host-hs=") and "; Secure" in cookie
        for cookie in begun.headers.getlist("Set-Cookie")
    )


@pytest.mark.usefixtures("no_address")
@pytest.mark.parametrize("proxies, is_well", [(0, False), (1, True)])
def test_the_doctor_sees_that_all_visitors_would_have_one_address(
    tmp_path: Path, proxies: int, is_well: bool
) -> None:
    result = run(made(tmp_path, HEADSTART_PROXIES=proxies), "doctor")
    assert ("ok   proxies" in result.output) is is_well
    assert ("BAD  proxies" in result.output) is not is_well
