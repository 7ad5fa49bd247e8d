"""The pages of tests and of reports in a browser: read by everybody; a learner reports, an author answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.authoring import drafts
from headstart_lms.kernel.db import transaction

from ..authoring.drafts import files_of
from .conftest import Site, in_language
from .test_every_page import STAFF
from .usable import faults_of

COURSES = Path(__file__).parents[2] / "course_content"
SLUG, OLENA = "it-diritti", "Olena Kovalenko"
REPORT = f"/courses/{SLUG}/report/arrive-story"


@pytest.fixture(scope="module")
def course(site: Site, chromium: Any) -> str:
    """The Italian course as a draft, with two reports of a learner; return the start of its addresses."""
    from .conftest import Visits

    visits = Visits(site, chromium)
    learner = visits(OLENA)
    for part, text in (("arrive-story", "Both answers are right, I think."), ("arrive-hand", "")):
        learner.goto(f"/courses/{SLUG}/report/{part}")
        learner.get_by_label("The answer: what counts as right is not right").check()
        learner.get_by_label("In your words, if you like").fill(text)
        learner.get_by_role("button", name="Send").click()
        learner.wait_for_url("**sent=1")
    visits.end()
    with site.app.app_context(), transaction() as current:
        person = current.scalars(select(Person).where(Person.login == STAFF)).one()
        north = accounts.get_centre(current, "north")
        made = drafts.create_draft(current, person, north, files_of(site.app, COURSES / SLUG))
        return f"/teach/courses/{made.uuid}/"


def _faults(page: Page, path: str, language: str) -> list[Any]:
    answer = page.goto(in_language(path, language))
    assert answer is not None
    assert answer.status == 200, path
    page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
    found = faults_of(page)
    if (count := page.locator("main .hs-button-main:visible").count()) > 1:
        found.append(("main buttons", count))
    return found


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_of_tests_and_reports_can_be_used_by_everybody(
    course: str, visit: Callable[..., Page], language: str
) -> None:
    """axe-core in light and dark; 320 px (WCAG 2.2, 1.4.10), the system's colours; one main button."""
    faults: dict[str, list[Any]] = {}
    teacher, learner = visit(STAFF, reduced_motion="reduce"), visit(OLENA, reduced_motion="reduce")
    paths = ("tests", "tests/final", "tests/final/sample?seed=a", "tests/final/sittings", "reports",
             "reports?show=settled")  # fmt: skip
    pages = [(teacher, course + path) for path in paths]
    pages += [(teacher, "/centre/reports"), (learner, REPORT), (learner, REPORT + "?sent=1")]
    for page, path in pages:
        if found := _faults(page, path, language):
            faults[path] = found
    assert faults == {}


def test_a_learner_reports_from_the_lesson_and_reads_what_became_of_it(
    course: str, visit: Callable[..., Page]
) -> None:
    teacher = visit(STAFF)
    teacher.goto(course + "reports")
    first = teacher.locator(".hs-reports > li", has_text="Both answers are right")
    first.locator("summary").click()
    first.get_by_label("I changed it").check()
    first.get_by_label("What was changed because of it").fill("The second answer is gone.")
    first.get_by_role("button", name="Send the answer").click()
    teacher.wait_for_load_state()
    assert teacher.locator(".hs-reports > li", has_text="Both answers are right").count() == 0
    learner = visit(OLENA)
    learner.goto(f"/courses/{SLUG}")
    assert learner.get_by_text("The second answer is gone.").is_visible()
    learner.goto(f"/courses/{SLUG}/arrive")
    learner.get_by_role("link", name="Something is wrong here").first.click()
    learner.wait_for_url("**/report/**")
    learner.locator("input[name=kind]").first.focus()
    learner.keyboard.press("Space")
    learner.keyboard.press("Tab")
    assert learner.evaluate("document.activeElement.name") == "text"
    learner.keyboard.press("Tab")
    learner.keyboard.press("Enter")
    learner.wait_for_url("**sent=1")
    learner.get_by_role("link", name="Go on learning").click()
    learner.wait_for_url(f"**/courses/{SLUG}/arrive**")
