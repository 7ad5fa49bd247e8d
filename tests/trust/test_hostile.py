"""Answers that no page of ours would send: one sentence, never a trace, never a wrong record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from headstart_lms.assessments.models import Answer
from headstart_lms.kernel.db import session

from ..browsing import Browser
from ..cast import sign_in

SINGLE = "/courses/tiny/items/first-hello/answer"
STORY = "/courses/tiny/items/second-story/answer"
SAME = {"Sec-Fetch-Site": "same-origin"}

TEXTS = {
    "ten thousand letters": "x" * 10_000,
    "a hundred thousand letters": "ع" * 100_000,
    "a NUL": "gra\x00zie",
    "only a NUL": "\x00",
    "bidi controls": "\u202egrazie\u202c\u2066\u2069\u200f",
    "combining marks": "e" + "\u0301" * 5_000,
    "half a pair": "\ufffd\ud83d".encode("utf-8", "replace").decode(),
    "line ends": "a\r\nSet-Cookie: x=1\r\n\r\n<html>",
    "markup": "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>",
    "a template": "{{ 7*7 }}{% include '/etc/passwd' %}${7*7}#{7*7}",
    "a format": "%s%s%(x)s{0}{x}",
    "SQL": "' OR 1=1; DROP TABLE lms_person; --",
    "a formula": "=cmd|' /C calc'!A0",
    "JSON": '{"choice": "a"}',
    "a path": "../../../../etc/passwd",
    "nothing": "",
    "spaces": " \u00a0\u3000\t",
    "a huge number": "9" * 5_000,
    "not a number": "nan",
    "endless": "inf",
    "an exponent": "1e999999",
    "digits of many scripts": "٣۳३3",
}


@pytest.fixture
def app(shared_app: Flask) -> Flask:
    return shared_app


def refused(response: TestResponse) -> None:
    """A 4xx with one sentence for people."""
    assert 400 <= response.status_code < 500, response.status_code
    assert "Traceback" not in response.text
    assert "werkzeug" not in response.text.lower()
    assert "sqlalchemy" not in response.text.lower()
    assert "<h1" in response.text or response.mimetype == "application/problem+json"


@pytest.fixture
def amina(as_person: Callable[[str], Browser]) -> Browser:
    return as_person("amina")


@pytest.fixture
def answers(app: Flask) -> Callable[[], int]:
    """How many answers were recorded since the test began."""

    def count() -> int:
        with app.app_context():
            return int(session().scalar(select(func.count()).select_from(Answer)) or 0)

    before = count()
    return lambda: count() - before


def send(browser: Browser, path: str, fields: Any, **options: Any) -> TestResponse:
    return browser.client.post(path, data=fields, headers=SAME, **options)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_an_option_that_was_not_offered_is_refused(
    text: str, amina: Browser, answers: Callable[[], int]
) -> None:
    response = send(amina, SINGLE, {"answer_id": str(uuid4()), "response": text})
    refused(response)
    assert response.status_code in ((400,) if "\x00" in text else (413, 422))
    assert answers() == 0
    assert "<script>alert" not in response.text


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_text_is_marked_or_refused_and_never_breaks_the_page(text: str, app: Flask) -> None:
    """The questions of the test are typed: words and numbers."""
    browser = Browser(app)
    browser.post("/start", {"to": "IT", "route": "labour"})
    browser.post("/courses/tiny/enrol")
    page = browser.post("/courses/tiny/tests/final/start")
    for _question in range(2):
        form = page.item_forms()[0]
        response = send(browser, form.action, {"answer_id": str(uuid4()), "response": text})
        assert response.status_code in ((400,) if "\x00" in text else (303, 413, 422)), response.status_code
        assert "Traceback" not in response.text
        assert "<script>alert" not in response.text
        page = browser.open("/" + form.action.split("/items/")[0].split("/", 3)[3])
        assert page.status == 200
        assert "<script>alert" not in page.body


@pytest.mark.parametrize(
    "answer_id",
    ["", "1", "x" * 36, "00000000-0000-0000-0000-00000000000g", "{00000000-0000-4000-8000-000000000001", "\x00",
     "0" * 5_000, "../x", "ffffffff-ffff-ffff-ffff-ffffffffffff "],
)  # fmt: skip
def test_an_id_that_is_none_is_refused(answer_id: str, amina: Browser, answers: Callable[[], int]) -> None:
    refused(send(amina, SINGLE, {"answer_id": answer_id, "response": "x"}))
    refused(send(amina, SINGLE, {"response": "x"}))
    assert answers() == 0


def fields_of(browser: Browser) -> dict[str, list[str]]:
    """Return what a right form of the first question holds."""
    form = browser.open("/courses/tiny/first").item_forms()[0]
    return form.data({"response": form.choices["response"][0]})


SHAPES: dict[str, Callable[[dict[str, list[str]]], Any]] = {
    "two answers": lambda f: {**f, "response": f["response"] * 2},
    "two different answers": lambda f: {**f, "response": [*f["response"], "zzzzzz"]},
    "no answer": lambda f: {name: value for name, value in f.items() if name != "response"},
    "a part that is not there": lambda f: {**f, "response-a": ["x"]},
    "a name with a script": lambda f: {**f, "response-<script>": ["x"]},
    "a name of ten thousand letters": lambda f: {**f, "response-" + "x" * 10_000: ["x"]},
    "two ids": lambda f: {**f, "answer_id": ["no", *f["answer_id"]]},
    "nine hundred fields": lambda f: {**f, **{f"response-{n}": ["x"] for n in range(900)}},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_form_of_another_shape_is_refused(
    shape: Callable[[dict[str, list[str]]], Any], amina: Browser, answers: Callable[[], int]
) -> None:
    refused(send(amina, SINGLE, shape(fields_of(amina))))
    assert answers() == 0


def test_fields_that_mean_nothing_to_us_do_no_harm(amina: Browser, answers: Callable[[], int]) -> None:
    done = send(
        amina, SINGLE, {**fields_of(amina), "score": "1", "person_id": "1", "is_right": "true", "x": "y"}
    )
    assert done.status_code == 303
    assert answers() == 1


def test_thousands_of_fields_are_refused_early(amina: Browser, answers: Callable[[], int]) -> None:
    refused(send(amina, SINGLE, MultiDict([(f"response-{n}", "x") for n in range(5_000)])))
    assert answers() == 0


def test_a_form_of_two_megabytes_is_too_large(amina: Browser, answers: Callable[[], int]) -> None:
    response = send(amina, SINGLE, {"answer_id": str(uuid4()), "response": "x" * 2_000_000})
    refused(response)
    assert response.status_code == 413
    assert answers() == 0


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/json", b'{"response": "a"}'),
        ("application/json", b"{"),
        ("text/plain", b"response=a"),
        ("application/xml", b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"response\"\r\n\r\na"),
        ("multipart/form-data; boundary=" + "x" * 300, b"--x"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"\xff\xfea"),
        ("application/x-www-form-urlencoded", b"%FF%FE%00=%ZZ&response=%C3%28"),
        ("", b"\x00\x01\x02"),
    ],
)  # fmt: skip
def test_a_body_of_another_kind_is_refused(
    content_type: str, body: bytes, amina: Browser, answers: Callable[[], int]
) -> None:
    refused(send(amina, SINGLE, body, content_type=content_type))
    assert answers() == 0


def test_millions_of_empty_fields_cost_nothing(app: Flask) -> None:
    """Anybody can send this, signed in or not."""
    begin = time.process_time()
    response = app.test_client().post(
        "/sign-in", data=b"a&" * 5_000_000, headers=SAME, content_type="application/x-www-form-urlencoded"
    )
    refused(response)
    assert response.status_code == 413
    assert time.process_time() - begin < 1


def test_the_same_id_with_another_answer_is_a_conflict(amina: Browser, answers: Callable[[], int]) -> None:
    form = amina.open("/courses/tiny/first").item_forms()[0]
    first, second = form.choices["response"][:2]
    answer_id = str(uuid4())
    for expected in (303, 303):
        assert send(amina, SINGLE, {"answer_id": answer_id, "response": first}).status_code == expected
    conflict = send(amina, SINGLE, {"answer_id": answer_id, "response": second})
    refused(conflict)
    assert conflict.status_code == 409
    assert answers() == 1


def test_an_id_that_somebody_else_used_is_a_conflict_and_tells_nothing(
    app: Flask, amina: Browser, as_person: Callable[[str], Browser], answers: Callable[[], int]
) -> None:
    fields = fields_of(amina)
    assert send(amina, SINGLE, fields).status_code == 303
    bruno = as_person("bruno")
    bruno.post("/courses/tiny/enrol")
    before = answers()
    form = bruno.open("/courses/tiny/first").item_forms()[0]
    theirs = form.data({"answer_id": fields["answer_id"], "response": form.choices["response"][0]})
    conflict = send(bruno, SINGLE, theirs)
    refused(conflict)
    assert conflict.status_code == 409
    assert answers() == before == 1


def test_the_path_of_a_story_cannot_be_made_up(amina: Browser, answers: Callable[[], int]) -> None:
    form = amina.open("/courses/tiny/second").item_forms()[0]
    first = form.choices["response-s1"][0]
    for fields in (
        {"response-s2": first}, {"response-s1": "zzzzzz"}, {"response-s1": first, "response-s2": first},
        {"response-s1": first, "response-s9": first}, {"response": first},
    ):  # fmt: skip
        refused(send(amina, STORY, {"answer_id": str(uuid4()), **fields}))
    assert answers() == 0


@pytest.mark.parametrize("path", [
    "/courses/tiny/items/nothing/answer", "/courses/nothing/items/first-hello/answer",
    "/courses/tiny/items/bank-thanks/answer",
    "/courses/tiny/items/" + "x" * 3_000 + "/answer", "/sittings/nothing/items/bank-thanks/answer",
    "/sittings/00000000-0000-4000-8000-000000000000/items/bank-thanks/answer",
])  # fmt: skip
def test_a_question_that_is_not_there_is_404(path: str, amina: Browser) -> None:
    response = send(amina, path, fields_of(amina))
    refused(response)
    assert response.status_code == 404


@pytest.mark.parametrize("query", [
    "answer=x", "answer=00000000-0000-4000-8000-000000000000", "answer=%00", "step=-1", "step=999999999999999999999",
    "step=x", "step=", "step=1&step=2", "lang=xx", "lang=%00", "lang=../../etc/passwd", "lang=ar&lang=en",
    "answer=" + "x" * 5_000, "%00=%00", "n=1e9",
])  # fmt: skip
def test_a_strange_question_to_a_page_is_a_page(query: str, amina: Browser) -> None:
    response = amina.client.get(f"/courses/tiny/first?{query}")
    assert response.status_code == (400 if "%00" in query else 200)
    assert "Traceback" not in response.text


@pytest.mark.parametrize(
    "query", ["q=" + "x" * 5_000, "q=%00", "q=%25%5F", "q=[", "q=\\", "q=(((((", "q=<b>"]
)
def test_a_strange_search_finds_nothing_and_breaks_nothing(query: str, app: Flask) -> None:
    response = app.test_client().get(f"/courses/tiny/words?{query}")
    assert response.status_code == (400 if "%00" in query else 200)
    assert "<b>" not in response.text


@pytest.mark.parametrize("cookie", ["hs=", "hs=x", "hs=" + "x" * 4_000, "hs=%00", "hs=\"a\"; hs=b", "hs_lang=../../x",
                                    "hs_code=AAAA",
                                    "hs_flash=.eJ", "hs_code=" + "A" * 400])  # fmt: skip
def test_a_strange_cookie_is_nobody(cookie: str, app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    assert client.get("/", headers={"Cookie": cookie}).status_code == 200
    assert client.get("/me", headers={"Cookie": cookie}).status_code == 303


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.lists(
        st.tuples(
            st.sampled_from(
                ["answer_id", "response", "response-a", "response-s1", "response-", "csrf_token", "lang", "next"]
            ),
            st.text(max_size=30) | st.sampled_from([str(uuid4()), "true", "1", "2", "a"]),
        ),
        max_size=8,
    ),
    path=st.sampled_from([SINGLE, STORY, "/courses/tiny/items/first-can/answer", "/me/account/password", "/sign-in",
                          "/verify", "/courses/tiny/enrol", "/me/erase"]),
)  # fmt: skip
def test_no_form_whatsoever_breaks_a_page(app: Flask, fields: list[tuple[str, str]], path: str) -> None:
    amina = sign_in(app, "amina")
    response = amina.client.post(path, data=MultiDict(fields), headers=SAME)
    assert response.status_code < 500
    assert "Traceback" not in response.text
