"""Forms that another site sent change nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from headstart_lms import create_app, operations
from headstart_lms.kernel.access import credential, rule_of
from headstart_lms.kernel.db import db

from ..browsing import Browser

#: What the browser says when the form stands on another site, or when somebody hides where it stands.
FOREIGN: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "anything"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "http://evil.example/http://localhost"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://localhost:81"},
    {"Referer": "http://localhost/"},
    {},
]


def writing_views(app: Flask) -> list[str]:
    """Return the paths of every form of ours that changes something, with parts that exist or might."""
    parts = {
        "slug": "tiny", "item_id": "first-hello", "blueprint_id": "final",
        "uuid": "00000000-0000-4000-8000-000000000000",
        "check": "00000000-0000-4000-8000-000000000000", "statement": "00000000-0000-4000-8000-000000000000",
        "launch": "00000000-0000-4000-8000-000000000000", "form": "csv",
        "draft": "00000000-0000-4000-8000-000000000000", "number": 1, "unit_id": "first", "part_id": "first-aim",
        "block_id": "first-practice", "table": "words", "row_id": "a", "language": "ar", "lang": "ar",
        "report": "00000000-0000-4000-8000-000000000000", "part": "first-hello", "course": "it-italiano-a1",
        "person": "00000000-0000-4000-8000-000000000000", "sitting_id": "00000000-0000-4000-8000-000000000000",
    }  # fmt: skip
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            view = app.view_functions[rule.endpoint]
            if "POST" not in (rule.methods or ()) or rule_of(view) is credential:
                continue
            if not getattr(view, "changes_nothing", False):
                values: dict[str, Any] = {name: parts[name] for name in rule.arguments}
                found.append(app.url_for(rule.endpoint, **values))
    return sorted(set(found))


def takes_large_files(app: Flask, path: str) -> bool:
    endpoint, _parts = app.url_map.bind("localhost").match(path, method="POST")
    return bool(getattr(app.view_functions[endpoint], "most_bytes", None))


def database(app: Flask) -> list[tuple[object, ...]]:
    with app.app_context(), db.engine.connect() as connection:
        return [
            tuple(row)
            for table in db.metadata.sorted_tables
            if table.name != "lms_limit"
            for row in connection.execute(table.select())
        ]


def test_every_form_is_refused_when_it_comes_from_elsewhere(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    paths = writing_views(app)
    assert len(paths) > 15
    large = {path for path in paths if takes_large_files(app, path)}
    client = as_person("amina").client
    before = database(app)
    for path in paths:
        for headers in FOREIGN:
            response = client.post(path, data={"sure": "yes", "to": "IT", "route": "labour"}, headers=headers)
            # where large files are taken, who may not send any is turned away before anything is read
            refused = 404 if path in large else 403
            assert response.status_code == refused, f"{path} took a form from {headers}"
            assert "Set-Cookie" not in response.headers, f"{path} signed somebody in or out from {headers}"
    assert database(app) == before


def test_a_foreign_token_does_not_help(app: Flask, as_person: Callable[[str], Browser]) -> None:
    """A token out of the attacker's own session is not the learner's."""
    mallory = app.test_client()
    page = Browser(app)
    page.client = mallory
    token = dict(page.open("/sign-in").forms[0].filled)["csrf_token"]
    amina = as_person("amina").client
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
        refused = amina.post("/me/erase", data={"sure": "yes", "csrf_token": token}, headers=headers)
        assert refused.status_code == 403
    assert amina.get("/me").status_code == 200


def test_an_old_browser_that_says_nothing_is_let_in_by_its_token(as_person: Callable[[str], Browser]) -> None:
    amina = as_person("amina")
    form = amina.open("/me/data").form(to="/me/data")
    assert amina.send(form).response.mimetype == "application/json"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}])
def test_our_own_pages_may_send_their_forms(
    headers: dict[str, str], as_person: Callable[[str], Browser]
) -> None:
    assert as_person("amina").client.post("/me/account/devices", headers=headers).status_code == 303


def test_reading_changes_nothing_wherever_it_comes_from(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    """No address changes anything by GET: a picture on another site cannot act."""
    client = as_person("amina").client
    before = database(app)
    for path in writing_views(app):
        assert client.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code in (
            200,
            303,
            404,
            405,
        ), path
    assert database(app) == before


def test_other_sites_may_not_read_us_either(app: Flask, as_person: Callable[[str], Browser]) -> None:
    client = as_person("amina").client
    for path in ("/", "/me", "/me/data", "/courses/tiny/first", "/sign-in", "/api/v1/courses"):
        response = client.get(path, headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in response.headers, path
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_the_session_cookie_does_not_travel_with_foreign_forms(app: Flask) -> None:
    response = app.test_client().post(
        "/start", data={"to": "IT", "route": "labour"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    cookies = response.headers.getlist("Set-Cookie")
    assert len(cookies) >= 2
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie or "SameSite=Strict" in cookie
        assert "Path=/" in cookie
        assert "Domain=" not in cookie


def test_under_https_cookies_are_secure_and_bound_to_the_host(app: Flask, tmp_path: Path) -> None:
    other = create_app(
        {"HEADSTART_INSTANCE": str(tmp_path / "https"), "HEADSTART_BASE_URL": "https://learn.example.org"}
    )
    with other.app_context():
        operations.init(other, None)
    client = other.test_client()
    response = client.post(
        "/start",
        data={"route": "labour"},
        base_url="https://learn.example.org",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    cookies = response.headers.getlist("Set-Cookie")
    assert any(cookie.startswith("__Host-hs=") for cookie in cookies)
    assert all("Secure" in cookie for cookie in cookies)
    page = client.get("/", base_url="https://learn.example.org")
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert all("Secure" in cookie for cookie in page.headers.getlist("Set-Cookie"))
    with other.app_context():
        db.engine.dispose()
