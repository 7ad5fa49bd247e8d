"""No right answer leaves the house before it may be shown: not in a page, a script, JSON, an order or a length."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask

from headstart_lms.assessments import services as assessments
from headstart_lms.assessments.items.base import ItemType, Tokens, unmarked
from headstart_lms.builtin import item_types
from headstart_lms.courses.document import Course
from headstart_lms.courses.library import get_course
from headstart_lms.courses.words import Words
from headstart_lms.demo import right_response
from headstart_lms.kernel.db import session
from headstart_lms.learning.pages import given_values
from headstart_lms.paths import bundled_courses, static_folder

from ..browsing import Browser, Page
from ..cast import find_person
from ..courses import tiny
from ..make import house_of

SLUG = "it-diritti"
BUNDLED = sorted(folder.name for folder in bundled_courses().iterdir() if (folder / "course.yaml").is_file())
TOKENS = Tokens(b"k" * 32, str(UUID(int=7)))


@pytest.fixture
def bundled() -> bool:
    return True


@pytest.fixture
def document() -> Course:
    return tiny.course_of(bundled_courses() / SLUG)


def said_after(item: Any) -> Iterator[str]:
    """Yield what is said only after the answer: why something is right, why an option is not, what followed."""
    notes: list[Words | None] = [item.explain]
    notes += [getattr(option, "why", None) for option in getattr(item, "options", ())]
    if item.type == "scenario":
        notes += [choice.result for step in item.steps for choice in step.choices]
        notes += [step.text for step in item.steps if step.id != item.start]
    if item.type == "dictation":
        yield from item.answers
    yield from (unmarked(note) for note in notes if note is not None)


def test_a_unit_says_nothing_before_the_answer(
    app: Flask, as_person: Callable[[str], Browser], document: Course
) -> None:
    amina = as_person("amina")
    amina.post(f"/courses/{SLUG}/enrol")
    seen = 0
    for unit in document.units:
        for page in _screens(amina, f"/courses/{SLUG}/{unit.id}"):
            for item in unit.items:
                for text in said_after(item):
                    assert _plain(text) not in _plain(page.text), f"{unit.id}/{item.id}: {text}"
                    seen += 1
            _looks_innocent(page)
    assert seen > 100


def _screens(browser: Browser, path: str) -> Iterator[Page]:
    step, page = 1, browser.open(path)
    while page.path == path and page.status == 200:
        yield page
        following = page.link(rel="next") or ""
        step += 1
        if f"step={step}" not in following:
            return
        page = browser.open(following)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[*_`#]|\[|\]\{\w+\}", "", text).split()).casefold()


def _looks_innocent(page: Page) -> None:
    """No attribute, comment or script of the page speaks of right and wrong."""
    questions = re.findall(r"<form[^>]*data-item.*?</form>", page.body, re.S)
    for form in questions:
        assert not re.search(r"data-(?:right|correct|key|answer|solution|score)\b", form)
        assert not re.search(r"\b(?:right|correct|wrong|true|false)=", form)
        assert "hs-feedback" not in form
        assert "<!--" not in form
    for script in re.findall(r"<script[^>]*>(.*?)</script>", page.body, re.S):
        assert script.strip() == ""
    assert "correctResponsesPattern" not in page.body


def test_a_test_says_nothing_before_its_end(
    app: Flask, as_person: Callable[[str], Browser], document: Course
) -> None:
    amina = as_person("amina")
    amina.post(f"/courses/{SLUG}/enrol")
    page = amina.post(f"/courses/{SLUG}/tests/final/start")
    sitting = page.path.removeprefix("/sittings/")
    bank = {item.id: item for item in document.bank}
    with app.app_context():
        drawn = assessments.drawn_items(_sitting(sitting))
    for number, name in enumerate(drawn[:-1]):
        page = amina.open(f"/sittings/{sitting}?n={number + 1}")
        for item in bank.values():
            for text in said_after(item):
                assert _plain(text) not in _plain(page.text), item.id
        _looks_innocent(page)
        assert "hs-right" not in page.body
        assert "hs-wrong" not in page.body
        page = _answer(app, amina, sitting, bank[name], right=number % 2 == 0)
        assert page.status == 200
        _looks_innocent(page)
        assert not re.search(r"\d\s*%", page.text), "a share of points would tell"


def _sitting(sitting: str) -> Any:
    return assessments.get_sitting_for(session(), find_person(session(), "amina").id, UUID(sitting))


def _answer(app: Flask, browser: Browser, sitting: str, item: Any, *, right: bool) -> Page:
    with app.app_context():
        tokens = house_of(app).tokens(UUID(sitting))
    response = right_response(item)
    if not right and item.type in ("single", "picture"):
        response = {"choice": next(option.id for option in item.options if not option.right)}
    values = given_values(item, item.form(tokens), response, tokens)
    return browser.post(f"/sittings/{sitting}/items/{item.id}/answer", {"answer_id": str(uuid4()), **values})


def test_my_data_do_not_tell_either_while_the_test_runs(
    app: Flask, as_person: Callable[[str], Browser], document: Course
) -> None:
    """Whoever takes her data in the middle of a test gets her answers, but not what they are worth."""
    amina = as_person("amina")
    amina.post(f"/courses/{SLUG}/enrol")
    sitting = amina.post(f"/courses/{SLUG}/tests/final/start").path.removeprefix("/sittings/")
    bank = {item.id: item for item in document.bank}
    with app.app_context():
        drawn = assessments.drawn_items(_sitting(sitting))
    for name in drawn[:3]:
        _answer(app, amina, sitting, bank[name], right=True)
    taken = amina.client.post("/me/data", headers={"Sec-Fetch-Site": "same-origin"}).get_json()
    enrolment = next(one for one in taken["enrolments"] if one["course"] == SLUG)
    assert len(enrolment["tests"][0]["answers"]) == 3
    assert [answer["score"] for answer in enrolment["tests"][0]["answers"]] == [None] * 3
    told = [one for one in enrolment["statements"] if one["verb"]["id"].endswith("/answered")]
    assert len(told) == 3
    assert [
        one for one in told if "score" in one.get("result", {}) or "success" in one.get("result", {})
    ] == []
    shown = amina.open("/me/data").body
    assert '"score": 1' not in shown
    amina.post(f"/sittings/{sitting}/finish")
    taken = amina.client.post("/me/data", headers={"Sec-Fetch-Site": "same-origin"}).get_json()
    enrolment = next(one for one in taken["enrolments"] if one["course"] == SLUG)
    assert [answer["score"] for answer in enrolment["tests"][0]["answers"]] == [1.0] * 3


def test_items_of_the_bank_stand_in_no_unit_and_in_no_json(
    app: Flask, as_person: Callable[[str], Browser], document: Course
) -> None:
    amina = as_person("amina")
    amina.post(f"/courses/{SLUG}/enrol")
    pages = [
        amina.open(f"/courses/{SLUG}"),
        amina.open(f"/courses/{SLUG}/words"),
        amina.open(f"/courses/{SLUG}/tests/final"),
    ]
    pages += [page for unit in document.units[:4] for page in _screens(amina, f"/courses/{SLUG}/{unit.id}")]
    texts = [page.body for page in pages]
    texts += [
        amina.client.get(path).get_data(as_text=True) for path in ("/api/v1/courses", "/api/v1/openapi.json")
    ]
    for item in document.bank:
        for text in texts:
            assert item.id not in re.findall(r"[a-z][a-z0-9-]+", text)


def test_no_script_and_no_style_of_ours_knows_a_course() -> None:
    names = {item.id for slug in BUNDLED for item in tiny.course_of(bundled_courses() / slug).bank}
    for file in static_folder().rglob("*"):
        if file.suffix in (".js", ".css", ".json"):
            assert not names & set(re.findall(r"[a-z][a-z0-9-]+", file.read_text("utf-8"))), file.name


@pytest.mark.parametrize("slug", BUNDLED)
def test_a_form_looks_the_same_whatever_its_key_is(slug: str) -> None:
    """The strongest sign that nothing leaks: with another key, every byte of the form stays."""
    tried = 0
    for unit in (course := tiny.course_of(bundled_courses() / slug)).units:
        for item in unit.items:
            tried += _compare(item)
    tried += sum(_compare(item) for item in course.bank)
    assert tried > 60


def _compare(item: Any) -> int:
    other = _with_another_key(json.loads(json.dumps(item.model_dump(mode="json", exclude_defaults=True))))
    if other is None:
        return 0
    changed = item_types()[item.type].model_validate(other)
    assert isinstance(changed, ItemType)
    assert changed != item, item.id
    assert changed.form(TOKENS) == item.form(TOKENS), item.id
    return 1


def _with_another_key(data: dict[str, Any]) -> dict[str, Any] | None:
    match data["type"]:
        case "single" | "picture" | "hotspot":
            _move(data["spots" if data["type"] == "hotspot" else "options"])
        case "multiple":
            for option in data["options"]:
                option["right"] = not option.get("right", False)
            if not any(option["right"] for option in data["options"]):
                data["options"][0]["right"] = True
        case "gap-choice":
            for gap in data["gaps"]:
                _move(gap["options"])
        case "truth":
            data["answer"] = data["answer"] is not True
        case "number":
            data["answer"] = data["answer"] + 1
        case "short" | "dictation":
            data["answers"] = ["zzz"]
        case "gap-type":
            for gap in data["gaps"]:
                gap["answers"] = ["zzz"]
        case "scenario":
            for step in data["steps"]:
                for choice in step["choices"]:
                    choice["points"] = 2 - choice["points"]
        case _:
            return None
    return data


def _move(options: list[dict[str, Any]]) -> None:
    flags = [option.pop("right", False) for option in options]
    for option, flag in zip(options, flags[-1:] + flags[:-1], strict=True):
        option["right"] = flag


def test_the_course_of_this_test_is_the_one_that_is_published(app: Flask, document: Course) -> None:
    with app.app_context():
        assert get_course(session(), SLUG).uuid == document.uuid
