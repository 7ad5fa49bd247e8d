"""Headers and methods: what every answer carries, and what no address takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from ..browsing import Browser

PUBLIC = [
    "/",
    "/sign-in",
    "/start",
    "/courses/tiny",
    "/courses/tiny/words",
    "/help",
    "/privacy",
    "/verify",
    "/nothing",
]
PRIVATE = ["/me", "/me/account", "/me/data", "/me/code", "/courses/tiny/first", "/courses/tiny/tests/final"]
DESK = ["/teach"]


@pytest.mark.every_app
def test_every_page_carries_its_armour(app: Flask, as_person: Callable[[str], Browser]) -> None:
    prefix = app.extensions["headstart"].prefix
    amina, bruno = as_person("amina").client, as_person("bruno").client
    pages = [(Browser(app).client, path) for path in PUBLIC if path != "/nothing" or not prefix]
    pages += [(amina, path) for path in PUBLIC + PRIVATE if path != "/nothing" or not prefix]
    pages += [(bruno, path) for path in DESK]
    for client, path in pages:
        headers = client.get(prefix + path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "form-action 'self'" in policy
        # the reader of QR codes is a wasm module; nothing else may be compiled, and on no other page
        if path in ("/verify", "/verifier/"):
            policy = policy.replace("'wasm-unsafe-eval'", "")
        assert "unsafe" not in policy, path
        assert "http:" not in policy
        assert "*" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "Server" not in headers or "/" not in headers["Server"]
        assert "X-Powered-By" not in headers


def test_private_pages_are_kept_by_nobody_in_between(as_person: Callable[[str], Browser]) -> None:
    amina = as_person("amina").client
    for path in PRIVATE:
        headers = amina.get(path).headers
        assert re.search(r"\b(private|no-store)\b", headers["Cache-Control"]), path
        assert "public" not in headers["Cache-Control"]
        assert "Cookie" in headers.get("Vary", "") or "no-store" in headers["Cache-Control"]
    for path in ("/me/data", "/me/code", "/me/account"):
        assert amina.get(path).headers["Cache-Control"] == "no-store", path


def test_desk_pages_are_kept_nowhere(as_person: Callable[[str], Browser]) -> None:
    bruno = as_person("bruno")
    home = bruno.open("/teach")
    group = next(link["href"] for link in home.links if "/teach/groups/" in link["href"])
    for path in ("/teach", group, group + "/questions"):
        assert bruno.open(path).response.headers["Cache-Control"] == "no-store", path


def test_errors_are_kept_nowhere(app: Flask) -> None:
    client = app.test_client()
    for path in ("/nothing", "/courses/nothing", "/certificates/ABCD?year=1990"):
        assert client.get(path).headers["Cache-Control"] == "no-store", path


def test_signing_out_empties_the_browser(as_person: Callable[[str], Browser]) -> None:
    response = as_person("amina").client.post("/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert any(c.startswith("hs=;") for c in response.headers.getlist("Set-Cookie"))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "FOO"])
def test_a_method_that_a_page_does_not_know_is_405(method: str, app: Flask) -> None:
    client = app.test_client()
    for path in ("/", "/sign-in", "/courses/tiny", "/me", "/verify", "/healthz"):
        response = client.open(path, method=method, headers={"Sec-Fetch-Site": "same-origin"})
        assert response.status_code == 405, path
        assert "GET" in response.headers["Allow"]
        assert "Traceback" not in response.text


def test_head_and_options_answer_without_a_body(app: Flask) -> None:
    client = app.test_client()
    for path in ("/", "/sign-in", "/courses/tiny"):
        assert client.head(path).get_data() == b""
        assert client.options(path).status_code == 200


def test_post_where_only_reading_is_meant_is_405(app: Flask) -> None:
    response = app.test_client().post("/courses/tiny", headers={"Sec-Fetch-Site": "same-origin"})
    assert response.status_code == 405


@pytest.mark.parametrize("accept, kind", [("text/html", "text/html; charset=utf-8"),
                                          ("application/json", "application/problem+json")])  # fmt: skip
def test_an_error_says_what_it_is_in_the_form_that_was_asked_for(accept: str, kind: str, app: Flask) -> None:
    response = app.test_client().get("/courses/nothing", headers={"Accept": accept})
    assert (response.status_code, response.content_type) == (404, kind)


def test_what_a_proxy_might_say_is_not_believed(app: Flask) -> None:
    """Nobody sets up a proxy by sending its headers (ASVS 4.1.3)."""
    client = app.test_client()
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/x",
              "X-Original-URL": "/me", "X-Rewrite-URL": "/me", "X-HTTP-Method-Override": "DELETE"}  # fmt: skip
    page = client.get("/sign-in", headers=forged)
    assert page.status_code == 200
    assert "evil.example" not in page.text
    assert client.get("/me", headers=forged).headers["Location"].startswith("/sign-in")


def test_a_forged_host_reaches_no_link_that_leaves_the_house(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    """Codes, QR pictures and certificates are made from the kept address, never from the request (DESIGN 7)."""
    token = as_person("amina").cookie("hs")
    client = app.test_client(use_cookies=False)
    forged: dict[str, Any] = {
        "base_url": "http://evil.example",
        "headers": {"Cookie": f"hs={token}", "Sec-Fetch-Site": "same-origin"},
    }
    done = client.post("/me/code", **forged)
    assert (done.status_code, done.headers["Location"]) == (303, "/me/code")
    forged["headers"]["Cookie"] += "; " + done.headers["Set-Cookie"].split(";")[0]
    card = client.get("/me/code", **forged)
    assert "<svg" in card.text
    assert "evil.example" not in card.text


def test_static_files_stay_in_their_folder(app: Flask) -> None:
    client = app.test_client()
    version = re.search(r"/static/([0-9a-f]+)/", client.get("/").text)
    assert version is not None
    for name in ("../setup.cfg", "..%2fsetup.cfg", "%2e%2e/setup.cfg", "....//setup.cfg", "css/../../setup.cfg",
                 "/etc/passwd",
                 "css/%00", "..\\setup.cfg"):  # fmt: skip
        response = client.get(f"/static/{version[1]}/{name}")
        assert response.status_code in (404, 308, 400), name
        assert b"options" not in response.data
        response.close()
    for name in ("0" * 64, "../" * 3, "a/b"):
        assert client.get(f"/media/{name}/x.svg").status_code == 404


def test_a_media_file_can_do_nothing(app: Flask, tmp_path: Path) -> None:
    digest = app.extensions["headstart"].storage.put(
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>x</script></svg>"
    )
    response = app.test_client().get(f"/media/{digest}/x.svg", buffered=True)
    assert response.content_type.startswith("image/svg+xml")
    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    for name in ("x.html", "x.js", "x", "x.svg.html", "x.pdf"):
        assert app.test_client().get(f"/media/{digest}/{name}").status_code == 404
