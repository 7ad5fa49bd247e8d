"""Writing a unit in a real browser: it saves itself, loses nothing, takes what Word gives, and needs no mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from headstart_lms.accounts.models import Person
from headstart_lms.authoring import drafts, store
from headstart_lms.authoring.models import Draft
from headstart_lms.kernel.db import session, transaction
from headstart_lms.paths import bundled_courses

from ..authoring.drafts import files_of
from .conftest import AXE, Site

TEACHER = "teacher-north"
DESK = {"viewport": {"width": 1280, "height": 800}}
UNIT = "arrive"
Open = Callable[..., Page]


@pytest.fixture
def draft(site: Site) -> str:
    """A draft of a course that we ship, new for each test."""
    folder = bundled_courses() / "it-diritti"
    files = files_of(site.app, folder)
    with site.app.app_context(), transaction() as current:
        teacher = current.scalars(select(Person).where(Person.login == TEACHER)).one()
        centre = teacher.grants[0].centre
        assert centre is not None
        made = drafts.create_draft(current, teacher, centre, files)
        uuid = str(made.uuid)
    return uuid


def unit_now(site: Site, draft: str) -> Any:
    with site.app.app_context():
        row = session().scalars(select(Draft).where(Draft.uuid == UUID(draft))).one()
        found = store.read_data(session(), row, f"units/{UNIT}.yaml")[0]
        session().rollback()
        return found


def first_text(unit: Any) -> Any:
    return next(block for block in unit["blocks"] if block["type"] == "text")


def address(draft: str, part: str | None = None) -> str:
    return f"/teach/courses/{draft}/units/{UNIT}" + (f"?open={part}" if part else "")


def open_text(page: Page, site: Site, draft: str) -> Any:
    """Open the form of the first text; return its field."""
    page.goto(address(draft, first_text(unit_now(site, draft))["id"]))
    return page.get_by_role("textbox", name="Text", exact=True)


def test_a_text_saves_itself_and_the_phone_beside_it_follows(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK)
    field = open_text(page, site, draft)
    field.fill("You land in **Milan** tonight.")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=10_000)
    assert first_text(unit_now(site, draft))["text"].strip() == "You land in **Milan** tonight."
    expect(page.frame_locator("[data-hs-phone]").locator("strong", has_text="Milan")).to_be_visible()
    expect(page.locator(".hs-markdown-preview strong")).to_have_text("Milan")


def test_a_dropped_connection_loses_nothing_and_the_text_goes_out_when_it_is_back(
    visit: Any, site: Site, draft: str
) -> None:
    page = visit(TEACHER, **DESK)
    field = open_text(page, site, draft)
    page.context.set_offline(True)
    field.fill("Written in a tunnel.")
    expect(page.locator("[data-hs-saved]")).to_contain_text("kept on this device", timeout=10_000)
    page.context.set_offline(False)
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=15_000)
    assert first_text(unit_now(site, draft))["text"].strip() == "Written in a tunnel."


def test_an_answer_that_is_cut_on_its_way_counts_as_no_connection(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK)
    field = open_text(page, site, draft)
    cut = {"status": 200, "content_type": "application/json", "body": '{"base": "'}
    page.route(
        "**/parts/**",
        lambda route: route.fulfill(**cut) if route.request.method == "POST" else route.continue_(),
    )
    field.fill("Said twice.")
    expect(page.locator("[data-hs-saved]")).to_contain_text("kept on this device", timeout=10_000)
    page.unroute("**/parts/**")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=15_000)
    assert first_text(unit_now(site, draft))["text"].strip() == "Said twice."


def test_a_closed_window_and_a_lost_connection_keep_the_text_on_the_device(
    visit: Any, site: Site, draft: str
) -> None:
    page = visit(TEACHER, **DESK)
    field = open_text(page, site, draft)
    page.context.set_offline(True)
    field.fill("Not sent at all.")
    page.close()
    page = page.context.new_page()
    page.context.set_offline(False)
    field = open_text(page, site, draft)
    expect(field).not_to_have_value("Not sent at all.")
    page.get_by_role("button", name="Use it").click()
    expect(field).to_have_value("Not sent at all.")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=10_000)
    assert first_text(unit_now(site, draft))["text"].strip() == "Not sent at all."


def test_an_expired_sign_in_is_said_and_after_signing_in_beside_it_the_text_is_saved(
    visit: Any, site: Site, draft: str
) -> None:
    page = visit(TEACHER, **DESK)
    field = open_text(page, site, draft)
    cookies = page.context.cookies()
    page.context.clear_cookies(name="hs")
    field.fill("Longer than the session.")
    expect(page.locator("[data-hs-saved]")).to_contain_text("You are signed out", timeout=10_000)
    page.context.add_cookies(cookies)
    field.press("End")
    field.type(" And on.")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=10_000)
    assert first_text(unit_now(site, draft))["text"].strip() == "Longer than the session. And on."


WORD = """<html><head><style>p{color:red}</style></head><body lang=EN><h1 style='mso-x:1'>At the office</h1>
<p class=MsoNormal><b>Bring</b> your <i>passport</i> and <a href="https://example.org/x">this list</a>.<o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst
style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>  </span></span>four photos</p>
<p class=MsoListParagraphCxSpLast
style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>  </span></span>a stamp</p>
<table><tr><td><p>Day</p></td><td><p>Hour</p></td></tr><tr><td>Monday</td><td>9 | 12</td></tr></table>
<p onclick="alert(1)">End<script>window.hacked = 1</script><img src=x onerror="window.hacked = 1"></p>
<a href="javascript:alert(1)">trap</a></body></html>"""
WRITER = """<ol><li><p><strong>One</strong></p></li><li><p>Two</p><ul><li><p>inner</p></li></ul></li></ol>
<h2>Then</h2><p>Line<br>break</p>"""


@pytest.mark.parametrize(
    "html, markdown",
    [
        (
            WORD,
            "## At the office\n\n**Bring** your *passport* and [this list](https://example.org/x).\n\n"
            "- four photos\n- a stamp\n\n| Day | Hour |\n| --- | --- |\n| Monday | 9 \\| 12 |\n\nEnd\n\ntrap",
        ),
        (WRITER, "1. **One**\n2. Two\n   - inner\n\n## Then\n\nLine\nbreak"),
    ],
    ids=["Word", "Writer"],
)  # fmt: skip
def test_what_a_word_processor_puts_on_the_clipboard_becomes_markdown_and_nothing_else(
    visit: Any, site: Site, draft: str, html: str, markdown: str
) -> None:
    page = visit(TEACHER, **DESK)
    field = open_text(page, site, draft)
    field.fill("")
    field.evaluate(
        """(area, html) => {
          const data = new DataTransfer();
          data.setData("text/html", html);
          data.setData("text/plain", "plain");
          area.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
        }""",
        html,
    )
    assert field.input_value() == markdown
    assert page.evaluate("window.hacked") is None


def test_one_key_marks_a_word_of_the_language_that_is_taught(visit: Any, site: Site) -> None:
    folder = bundled_courses() / "it-italiano-a1"
    files: dict[str, Any] = {
        name: (folder / name).read_bytes() for name in ("course.yaml", "units/m4-way.yaml", "entries/m4.yaml")
    }
    with site.app.app_context(), transaction() as current:
        teacher = current.scalars(select(Person).where(Person.login == TEACHER)).one()
        centre = teacher.grants[0].centre
        assert centre is not None
        uuid = drafts.create_draft(current, teacher, centre, files).uuid
    page = visit(TEACHER, **DESK)
    page.goto(f"/teach/courses/{uuid}/units/m4-way?open=m4-way-aim")
    field = page.get_by_role("textbox", name="Text", exact=True)
    field.fill("Go to the stazione now.")
    field.evaluate("area => area.setSelectionRange(10, 18)")
    field.press("Alt+l")
    expect(field).to_have_value("Go to the [stazione]{it} now.")
    field.press("Control+z")
    expect(field).to_have_value("Go to the stazione now.")
    page.get_by_role("button", name="Italiano").click()
    expect(field).to_have_value("Go to the [stazione]{it} now.")


def test_parts_move_by_keyboard_and_the_focus_stays_with_them(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(address(draft))
    before = [block["id"] for block in unit_now(site, draft)["blocks"]]
    page.locator(f"#part-{before[0]}").focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("[data-hs-unit] > [data-hs-part]").nth(1)).to_have_id(f"part-{before[0]}")
    assert [block["id"] for block in unit_now(site, draft)["blocks"]][:2] == [before[1], before[0]]
    assert page.evaluate("document.activeElement.id") == f"part-{before[0]}"
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("[data-hs-unit] > [data-hs-part]").first).to_have_id(f"part-{before[0]}")


def test_a_part_is_added_written_and_closed_without_a_mouse_and_without_a_new_page(
    visit: Any, site: Site, draft: str
) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(address(draft))
    page.evaluate("window.stays = true")
    add = page.locator(".hs-add > summary").first
    add.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    field = page.get_by_role("textbox", name="Text", exact=True)
    expect(field).to_be_visible()
    field.fill("Added by hand.")
    expect(page.locator("[data-hs-saved]")).to_contain_text("Saved at", timeout=10_000)
    assert page.evaluate("window.stays")
    assert unit_now(site, draft)["blocks"][1]["text"] == "Added by hand."


def test_without_scripts_a_text_is_written_by_plain_forms(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK, java_script_enabled=False)
    field = open_text(page, site, draft)
    field.fill("By a plain form.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("By a plain form.").first).to_be_visible()
    assert first_text(unit_now(site, draft))["text"].strip() == "By a plain form."


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_is_clean_for_axe_and_nothing_runs_over_the_edge(
    visit: Any, site: Site, draft: str, language: str, width: int
) -> None:
    page = visit(TEACHER, viewport={"width": width, "height": 800})
    part = first_text(unit_now(site, draft))["id"]
    page.goto(f"{address(draft, part)}&lang={language}")
    page.wait_for_selector(".hs-markdown-tools")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {iframes: false})")
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
