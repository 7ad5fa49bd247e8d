"""Pages of questions, words, facts and objectives in a browser: read by everybody, rows moved by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Dialog, Page
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.authoring import drafts, store
from headstart_lms.kernel.db import session, transaction

from ..authoring.drafts import files_of
from .conftest import Site, in_language
from .test_every_page import STAFF
from .usable import faults_of

COURSES = Path(__file__).parents[2] / "course_content"
#: One question of every kind that the Italian course has, and the lists around them.
PAGES = (
    "units/m1-saluti/items/m1-saluti-1", "units/m1-saluti/items/m1-saluti-2", "units/m1-saluti/items/m1-saluti-3",
    "units/m1-saluti/items/m1-saluti-d1", "units/m1-saluti/items/m1-saluti-5", "units/m1-saluti/items/m1-saluti-9",
    "units/m1-saluti/items/m1-saluti-10", "units/m1-presentarsi/items/m1-presentarsi-7",
    "units/m1-numeri/items/m1-numeri-5", "units/m1-numeri/items/m1-numeri-12", "units/m4-way/items/m4-way-8",
    "units/m4-bar/items/m4-bar-10", "words", "words/farmacia", "facts", "facts/+", "outcomes", "outcomes/+", "bank",
    "paste/words", "paste/questions",
)  # fmt: skip


@pytest.fixture(scope="module")
def course(site: Site) -> str:
    """The Italian course as a draft of the centre; return the start of its addresses."""
    with site.app.app_context(), transaction() as current:
        person = current.scalars(select(Person).where(Person.login == STAFF)).one()
        north = next(accounts.get_centre(current, c) for c in ("north",))
        made = drafts.create_draft(current, person, north, files_of(site.app, COURSES / "it-italiano-a1"))
        return f"/teach/courses/{made.uuid}/"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_of_parts_can_be_used_by_everybody(
    course: str, visit: Callable[..., Page], language: str
) -> None:
    """axe-core in light and dark; 320 px (WCAG 2.2, 1.4.10), the system's colours; one main button."""
    faults: dict[str, list[Any]] = {}
    page = visit(STAFF, reduced_motion="reduce")
    for path in PAGES:
        answer = page.goto(in_language(course + path, language))
        assert answer is not None
        assert answer.status == 200, path
        page.evaluate("document.querySelectorAll('main details').forEach((one) => { one.open = true; })")
        found = faults_of(page)
        if "items" not in path and (count := page.locator("main .hs-button-main:visible").count()) > 1:
            found.append(("main buttons", count))
        if found:
            faults[path] = found
    assert faults == {}


def _options(site: Site, course: str) -> list[str]:
    with site.app.app_context():
        person = session().scalars(select(Person).where(Person.login == STAFF)).one()
        draft = drafts.get_draft_for(session(), person, UUID(course.split("/")[3]), to="read")
        unit, _digest = store.read_data(session(), draft, "units/m1-saluti.yaml")
        items = [item for block in unit["blocks"] for item in block.get("items", ())]
        return [option["id"] for option in items[0]["options"]]


def test_rows_are_moved_with_the_keyboard_and_stay_where_they_were_put(
    site: Site, course: str, visit: Callable[..., Page]
) -> None:
    page = visit(STAFF)
    page.goto(course + PAGES[0])
    before = _options(site, course)
    page.locator("[id='f-options." + before[0] + ".text']").focus()
    page.keyboard.press("Alt+ArrowDown")
    assert page.evaluate("document.activeElement.id") == f"f-options.{before[0]}.text"
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_load_state()
    assert _options(site, course) == [before[1], before[0], *before[2:]]
    page.get_by_role("button", name="Down: Answer 1").click()
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_load_state()
    assert _options(site, course) == before


def test_return_in_a_field_saves_and_moves_no_row(
    site: Site, course: str, visit: Callable[..., Page]
) -> None:
    page = visit(STAFF)
    page.goto(course + PAGES[0])
    before = _options(site, course)
    field = page.locator("[id='f-options." + before[1] + ".text']")
    field.fill("Buongiorno a tutti.")
    field.press("Enter")
    page.wait_for_load_state()
    assert _options(site, course) == before
    assert page.locator("[id='f-options." + before[1] + ".text']").input_value() == "Buongiorno a tutti."


def test_the_direction_of_a_text_follows_its_language(course: str, visit: Callable[..., Page]) -> None:
    page = visit(STAFF)
    page.goto(in_language(course + PAGES[0], "ar"))
    field = page.locator("textarea[name='f-prompt']")
    assert field.get_attribute("dir") == "auto"
    page.locator("select[name='f-prompt.lang']").select_option("it")
    assert (field.get_attribute("dir"), field.get_attribute("lang")) == ("ltr", "it")


def test_a_place_is_drawn_on_the_picture(course: str, visit: Callable[..., Page]) -> None:
    page = visit(STAFF, viewport={"width": 1280, "height": 900})
    page.goto(course + "units/m4-way/items/m4-way-8")
    board = page.locator(".hs-draw-board svg")
    assert page.locator(".hs-draw-board rect").count() == 4
    board.scroll_into_view_if_needed()
    box = board.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.6)
    page.mouse.up()
    drawn = [
        page.locator(f"[id='f-spots.+1.{name}']").input_value() for name in ("x", "y", "width", "height")
    ]
    assert drawn == ["10", "20", "20", "40"]
    assert page.locator(".hs-draw-board rect").count() == 5


def test_what_is_typed_and_not_saved_is_not_left_by_mistake(course: str, visit: Callable[..., Page]) -> None:
    page = visit(STAFF)
    page.goto(course + PAGES[0])
    page.locator("textarea[name='f-explain']").fill("Because.")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="My courses").click(no_wait_after=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    assert page.locator("textarea[name='f-explain']").input_value() == "Because."
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_load_state()
    assert page.locator("textarea[name='f-explain']").input_value() == "Because."
    assert asked == ["beforeunload"], "saving asks nothing"
