"""Tests to practise with: found on the page of the course, passed by themselves, counting for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask

from headstart_lms.builtin import item_types
from headstart_lms.courses.check import check_folder
from headstart_lms.learning import pages
from tests import make
from tests.browsing import Browser, Page

MOCK = """
- id: mock
  title: Mock test
  minutes: 10
  attempts: 1
  sections:
    - {id: words, title: Words, draw: [{tags: [words], count: 1}]}
  pass: {overall: 50}
"""


@pytest.fixture
def amina(app: Flask, tmp_path: Path, as_person: Callable[[str], Browser]) -> Browser:
    """Amina, in a course with a final test and one to practise with."""
    folder = make.write_course(tmp_path / "two-tests", slug="two-tests", uuid=UUID(int=7, version=4))
    with (folder / "blueprints.yaml").open("a", encoding="utf-8") as file:
        file.write(MOCK)
    with app.app_context():
        make.publish_folder(app, folder)
    browser = as_person("amina")
    browser.send(browser.open("/courses/two-tests").form(to="/enrol"))
    return browser


def sit(browser: Browser, right: bool) -> Page:
    page = browser.send(browser.open("/courses/two-tests/tests/mock").form(to="/start"))
    [form] = page.item_forms()
    is_price = form.attributes["data-item"] == "bank-price"
    page = browser.send(
        form, response=("3" if is_price else "grazie") if right else ("9" if is_price else "prego")
    )
    return page if "Your answers" in page.text else browser.send(page.form(to="/finish"))


def test_the_page_of_the_course_leads_to_it_and_says_how_it_went(amina: Browser) -> None:
    page = amina.open("/courses/two-tests")
    assert "Tests to practise with" in page.text
    assert amina.follow(page, to="/tests/mock").status == 200
    sit(amina, right=True)
    page = amina.open("/courses/two-tests")
    assert "Mock test : passed, best result 100 %" in page.text
    assert "The final test to pass" in page.text


def test_passing_it_passes_nothing_else_and_promises_no_certificate(amina: Browser) -> None:
    result = sit(amina, right=True)
    assert "You have passed" in result.text
    assert "certificate" not in result.text.partition("Result by part")[0]
    test = amina.open("/courses/two-tests/tests/mock")
    assert "You have passed this test" in test.text
    assert "It does not count for the certificate" in test.text
    assert "You have passed this test" not in amina.open("/courses/two-tests/tests/final").text


def test_a_try_that_was_the_last_one_sends_nobody_to_the_centre(amina: Browser) -> None:
    sit(amina, right=False)
    page = amina.open("/courses/two-tests/tests/mock")
    assert "You have used all your tries" in page.text
    assert "Ask your centre" not in page.text


def test_what_to_repeat_is_where_it_was_taught_and_not_what_comes_first(tmp_path: Path) -> None:
    """Six units are about talking; one of them about the doctor: a wrong answer about health leads there."""
    folder = make.write_course(tmp_path / "many")
    course = check_folder(folder, item_types(), on=make.CHECKED_ON).course
    assert course is not None
    talk = course.outcomes[0]
    doctor = talk.model_copy(update={"id": "o-doctor", "topics": ("communication", "health")})
    units = [course.units[0].model_copy(update={"id": f"u{n}"}) for n in range(6)]
    units[4] = units[4].model_copy(update={"outcomes": ("o-doctor",)})
    grown = course.model_copy(update={"units": tuple(units), "outcomes": (talk, doctor)})
    wrong = [course.bank[0].model_copy(update={"topic": topic}) for topic in ("health", "communication")]
    assert [unit.id for unit in pages.units_to_repeat(grown, wrong, most=1)] == ["u4"]
