"""Translating in a real browser: it saves itself, needs no mouse, keeps directions apart, and axe finds nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import polib
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from headstart_lms.accounts.models import Person
from headstart_lms.authoring import drafts, store
from headstart_lms.authoring.models import Draft
from headstart_lms.kernel.db import session, transaction
from headstart_lms.paths import bundled_courses

from ..authoring.drafts import files_of
from .conftest import AXE, Site, in_language

TEACHER = "teacher-north"
DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}}
#: A text whose source has a marked word.
MARKED = "arrive/arrive-eight/text"


@pytest.fixture
def draft(site: Site) -> str:
    """A draft of a course that we ship, with some of its Arabic taken away, new for each test."""
    folder = bundled_courses() / "it-diritti"
    files = files_of(site.app, folder)
    po = polib.pofile(str(folder / "translations" / "ar.po"), wrapwidth=110)
    opened = [entry for entry in po if entry.msgctxt.startswith("arrive/")]
    for n, entry in enumerate(opened):
        if n % 4 == 0 or "]{it}" in entry.msgid:
            entry.msgstr = ""
        elif n % 4 == 1:
            entry.flags.append("fuzzy")
        elif n % 4 == 2:
            entry.msgid = entry.msgid.replace("the", "one", 1) + " Then."
    files["translations/ar.po"] = str(po).encode()
    with site.app.app_context(), transaction() as current:
        teacher = current.scalars(select(Person).where(Person.login == TEACHER)).one()
        centre = teacher.grants[0].centre
        assert centre is not None
        return str(drafts.create_draft(current, teacher, centre, files).uuid)


def entries_now(site: Site, draft: str) -> dict[str, Any]:
    with site.app.app_context():
        row = session().scalars(select(Draft).where(Draft.uuid == UUID(draft))).one()
        text = store.read_text(session(), row, "translations/ar.po")[0]
        session().rollback()
    return {entry.msgctxt: entry for entry in polib.pofile(text)}


def address(draft: str, rest: str = "") -> str:
    return f"/teach/courses/{draft}/translations{rest}"


def first_open_with_mark(page: Page) -> Any:
    return page.locator("[data-hs-line][data-state=missing]:has([data-hs-mark])").first


def test_a_translation_saves_itself_and_says_its_state(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(address(draft, "/ar?part=arrive&only=open"))
    line = page.locator("[data-hs-line][data-state=missing]:not(:has([data-hs-mark]))").first
    name = line.get_attribute("data-hs-line")
    line.locator("textarea").fill("نص جديد")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=10_000)
    expect(page.locator(f'[data-hs-line="{name}"] [data-hs-state]')).to_have_text("Done")
    assert entries_now(site, draft)[name].msgstr == "نص جديد"
    page.locator(f'[data-hs-line="{name}"] textarea').fill("نص أجد")  # the second save stands on the first
    expect(page.locator("[data-hs-saved]")).to_have_attribute("data-state", "unsaved")
    expect(page.locator("[data-hs-saved]")).to_have_attribute("data-state", "saved", timeout=10_000)
    assert entries_now(site, draft)[name].msgstr == "نص أجد"


def test_marks_go_in_with_a_key_and_keep_their_direction(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(address(draft, "/ar?part=arrive&only=open"))
    line = first_open_with_mark(page)
    name = line.get_attribute("data-hs-line")
    line = page.locator(f'[data-hs-line="{name}"]')
    mark = line.locator("[data-hs-mark]").first.get_attribute("data-hs-mark")
    line.locator("textarea").fill("قل ")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=10_000)
    expect(line.locator("[id$='-error']")).to_contain_text("must stand in the translation")
    for number in range(line.locator("[data-hs-mark]").count()):
        line.locator("textarea").press(f"Alt+{number + 1}")
    assert mark in line.locator("textarea").input_value()
    kept = line.locator("[data-hs-reads] bdi").first
    expect(kept).to_have_text(mark)
    expect(line.locator("[data-hs-state]")).to_have_text("Done", timeout=10_000)
    expect(line.locator("[id$='-error']")).to_have_text("")


def test_the_keyboard_goes_from_open_text_to_open_text_over_the_parts(visit: Any, draft: str) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(address(draft, "/ar?part=arrive"))
    open_names = page.locator("[data-hs-line]:not([data-state=done])").evaluate_all(
        "lines => lines.map((line) => line.dataset.hsLine)"
    )
    for name in open_names:
        page.keyboard.press("Alt+ArrowDown")
        assert page.evaluate("document.activeElement.name") == f"f-{name}"
    page.keyboard.press("Alt+ArrowDown")
    page.wait_for_load_state()
    expect(page.locator("[data-hs-line] textarea:focus")).to_be_visible()


def test_two_translators_at_once_both_see_what_the_other_wrote(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(address(draft, "/ar?part=arrive&only=open"))
    line = page.locator("[data-hs-line][data-state=missing]:not(:has([data-hs-mark]))").first
    name = line.get_attribute("data-hs-line")
    other = visit("manager-north", **DESK)
    other.goto(address(draft, "/ar?part=arrive&only=open"))
    other.locator(f'[data-hs-line="{name}"] textarea').fill("هي")
    expect(other.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=10_000)
    page.locator(f'[data-hs-line="{name}"] textarea').fill("هو")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Press Save to see both", timeout=10_000)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".hs-theirs")).to_contain_text("هي")
    expect(page.locator(f'[data-hs-line="{name}"] textarea')).to_have_value("هو")
    _look(page, "clash")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_load_state()
    assert entries_now(site, draft)[name].msgstr == "هو"


def _look(page: Page, name: str) -> None:
    """Keep a picture when somebody wants to look: HEADSTART_PICTURES names a folder."""
    folder = os.environ.get("HEADSTART_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=False)


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_and_nothing_runs_over_the_edge(
    visit: Any, draft: str, language: str, size: dict[str, Any]
) -> None:
    page = visit(TEACHER, **size)
    for name, place in (
        ("table", ""), ("part", "/ar?part=arrive"), ("words", "/ar?part=course&only=open"), ("changed", "/changed"),
    ):  # fmt: skip
        page.goto(in_language(address(draft, place), language))
        page.evaluate(AXE)
        found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
        bad = [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found["violations"]]
        assert not bad, json.dumps(bad, indent=1, ensure_ascii=False)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        _look(page, f"{name}-{language}-{size['viewport']['width']}")
