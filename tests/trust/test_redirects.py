"""``next`` leads to a page of ours and never to another site (TRUST 3.1: three fixes in one peer)."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.kernel.web import safe_next

from ..browsing import Browser
from ..cast import PASSWORD

ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example/%2e%2e", "https://evil.example", "http:evil.example",
    "https:/evil.example", "https:evil.example", "HTTPS://EVIL.EXAMPLE", "/\\evil.example", "\\\\evil.example",
    "\\/evil.example", "/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example",
    " //evil.example", "/ /evil.example", "\x00//evil.example", "/\x00/evil.example", "\x0b//evil.example",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x",
    "ftp://evil.example", "mailto:a@evil.example", "evil.example", "@evil.example", ".evil.example",
    "?next=//evil.example", "#//evil.example", "//localhost@evil.example", "http://localhost@evil.example",
    "https://localhost.evil.example", "//%65vil.example", "\uff0f\uff0fevil.example",
    "//evil.example\\@localhost", "http://[::1]", "http://[", "//[", "/%0d%0aSet-Cookie:x=1", "/\r\nSet-Cookie: x=1",
]  # fmt: skip
HERE = [
    "/me",
    "/courses/tiny?x=1&y=2",
    "/courses/tiny/first?step=2",
    "/verify/ABCD",
    "/?to=IT",
    "/%D8%B9",
    "/a//b",
]


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    return shared_app


def browser_would_go(base: str, location: str) -> str:
    """Return the host a browser goes to: the WHATWG URL rules for what Python reads in another way."""
    cleaned = (
        "".join(c for c in location if c not in "\t\n\r")
        .strip("".join(map(chr, range(33))))
        .replace("\\", "/")
    )
    return urlsplit(urljoin(base, cleaned)).netloc


@pytest.mark.parametrize("target", ELSEWHERE)
def test_signing_in_never_leads_elsewhere(target: str, app: Flask) -> None:
    browser = Browser(app)
    for field in ({"next": target}, {"next": ["/me", target]}):
        response = browser.client.post(
            "/sign-in",
            data={"login": "bruno", "password": PASSWORD, **field},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        if "\x00" in target:  # no form of ours holds one
            assert response.status_code == 400
            continue
        assert response.status_code == 303
        assert browser_would_go("http://localhost/sign-in", response.headers["Location"]) == "localhost"
        assert "\n" not in response.headers["Location"]
    page = browser.client.get("/sign-in", query_string={"next": target})
    assert page.status_code == (400 if "\x00" in target else 200)
    assert "Set-Cookie: x" not in str(page.headers)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_starting_never_leads_elsewhere(target: str, app: Flask) -> None:
    client = app.test_client()
    response = client.post(
        "/start",
        data={"to": "IT", "route": "labour", "next": target},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    if "\x00" in target:
        assert response.status_code == 400
        return
    assert response.status_code == 303
    assert browser_would_go("http://localhost/start", response.headers["Location"]) == "localhost"
    card = client.get(response.headers["Location"])
    assert card.status_code == 200
    assert "evil" not in card.text
    again = client.get("/start", query_string={"next": target})
    assert browser_would_go("http://localhost/start", again.headers["Location"]) == "localhost"


@pytest.mark.parametrize("target", HERE)
def test_a_page_of_ours_is_where_one_goes_on(target: str) -> None:
    assert safe_next(target, "/fallback") == target


@pytest.mark.parametrize("target", [None, "", *[one for one in ELSEWHERE if not one.startswith("/%0d")]])
def test_everything_else_falls_back(target: str | None) -> None:
    assert safe_next(target, "/fallback") == "/fallback"


@given(st.text(st.sampled_from("/\\:@?#.%[]\t\n\r \x00abhtps"), max_size=14) | st.text(max_size=20))
def test_whatever_stands_there_the_host_stays(target: str) -> None:
    found = safe_next(target, "/fallback")
    assert browser_would_go("https://learn.example/sign-in", found) == "learn.example"
    assert found.startswith("/")
    assert not set(found) & set("\r\n\t\\\x00 ")


def test_a_page_that_needs_a_sign_in_comes_back_to_itself(app: Flask) -> None:
    response = app.test_client().get("/me/data?x=1")
    assert response.headers["Location"] == "/sign-in?next=/me/data?x%3D1"
