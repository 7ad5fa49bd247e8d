"""Recording and cropping in a real browser, with a microphone that beeps; by keyboard; and nothing for axe to find."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect
from sqlalchemy import select

from headstart_lms.accounts.models import Person
from headstart_lms.authoring import drafts, store
from headstart_lms.authoring.models import Draft
from headstart_lms.kernel.db import session, transaction
from headstart_lms.paths import bundled_courses

from ..certificates.offline import find_chromium
from .conftest import AXE, Site

TEACHER = "teacher-north"
DESK = {"viewport": {"width": 1280, "height": 800}}
MICROPHONE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """A browser whose microphone beeps once a second, and asks nobody."""
    started = playwright.chromium.launch(
        executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu", *MICROPHONE]
    )
    yield started
    started.close()


@pytest.fixture
def draft(site: Site) -> str:
    """A language course with words and lines, and no sound at all."""
    folder = bundled_courses() / "it-italiano-a1"
    names = ("course.yaml", "units/m4-way.yaml", "entries/m4.yaml")
    files: dict[str, Any] = {name: (folder / name).read_bytes() for name in names}
    storage = site.app.extensions["headstart"].storage
    files["media/apple.svg"] = store.Stored(storage.put((folder / "media/apple.svg").read_bytes()))
    files["media.yaml"] = (
        "- {id: pic-apple, file: apple.svg, kind: picture, alt: An apple, licence: CC-BY-4.0, source: own drawing}\n"
    )
    with site.app.app_context(), transaction() as current:
        teacher = current.scalars(select(Person).where(Person.login == TEACHER)).one()
        centre = teacher.grants[0].centre
        assert centre is not None
        return str(drafts.create_draft(current, teacher, centre, files).uuid)


def rows(site: Site, draft: str) -> dict[str, Any]:
    with site.app.app_context():
        row = session().scalars(select(Draft).where(Draft.uuid == UUID(draft))).one()
        found = store.read_data(session(), row, "media.yaml")[0]
        session().rollback()
        return {one["id"]: one for one in found}


def photo() -> dict[str, Any]:
    out = io.BytesIO()
    Image.effect_noise((3000, 2000), 60).convert("RGB").save(out, "JPEG", quality=92)
    return {"name": "bus.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def record_one(page: Page) -> None:
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Speak now.")
    levels = []
    for _look in range(32):  # the microphone beeps once a second
        page.wait_for_timeout(50)
        levels.append(page.evaluate("document.querySelector('meter').value"))
    assert max(levels) > 0.05  # the level moves
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Record again")).to_be_visible()


def test_words_are_recorded_one_after_the_other_without_a_new_page(
    visit: Any, site: Site, draft: str
) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(f"/teach/courses/{draft}/record?clip=clip-w-stazione")
    page.evaluate("window.stays = true")
    page.get_by_label("Who speaks").fill("Giulia")
    first = page.locator("#say").inner_text()
    record_one(page)
    expect(page.get_by_label("Begins at")).to_be_visible()
    page.get_by_label("Ends at").press("ArrowLeft")
    page.get_by_role("button", name="Listen", exact=True).click()
    page.get_by_role("button", name="Keep it and go on").click()
    expect(page.locator("#say")).not_to_have_text(first)
    expect(page.locator("#say")).to_be_focused()
    expect(page.get_by_label("Who speaks")).to_have_value("Giulia")
    made = [row for row in rows(site, draft).values() if row["kind"] == "audio"]
    assert [(row["voice"], row["source"]) for row in made] == [("human", "recorded by Giulia")]
    second = page.locator("#say").inner_text()
    page.keyboard.press("r")  # and now without a mouse
    expect(page.get_by_role("status")).to_have_text("Speak now.")
    page.wait_for_timeout(1600)
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="Listen", exact=True)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#say")).not_to_have_text(second)
    assert page.evaluate("window.stays")
    assert sum(row["kind"] == "audio" for row in rows(site, draft).values()) == 2


def test_a_lost_connection_loses_no_recording(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(f"/teach/courses/{draft}/record")
    record_one(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Keep it and go on").click()
    expect(page.get_by_role("status")).to_contain_text("Your recording is still here")
    page.context.set_offline(False)
    first = page.locator("#say").inner_text()
    page.get_by_role("button", name="Keep it and go on").click()
    expect(page.locator("#say")).not_to_have_text(first)
    assert any(row["kind"] == "audio" for row in rows(site, draft).values())


def test_without_scripts_a_file_with_the_recording_is_chosen(visit: Any, site: Site, draft: str) -> None:
    page = visit(TEACHER, **DESK, java_script_enabled=False)
    page.goto(f"/teach/courses/{draft}/record")
    expect(page.get_by_label("A recording of it")).to_be_visible()
    expect(page.get_by_role("button", name="Keep it and go on")).to_be_visible()


def test_a_large_photo_is_made_smaller_before_it_is_sent_and_cropped_by_keyboard(
    visit: Any, site: Site, draft: str
) -> None:
    page = visit(TEACHER, **DESK)
    page.goto(f"/teach/courses/{draft}/media")
    page.get_by_text("Add pictures and sounds").click()
    given = photo()
    page.get_by_label("Files").set_input_files(given)
    page.get_by_text("Keep only a part of the picture").click()
    frame = page.locator(".hs-crop-canvas")
    expect(frame).to_be_visible()
    size = "document.querySelector('input[type=file]').files[0].size"
    for _look in range(100):
        if page.evaluate(size) < len(given["buffer"]) / 2:
            break
        page.wait_for_timeout(50)
    assert page.evaluate(size) < len(given["buffer"]) / 2
    expect(page.get_by_label("Width")).to_have_value("100")
    page.get_by_role("button", name="Make it square").click()
    frame.focus()
    for _step in range(5):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("ArrowLeft")
    left = float(page.get_by_label("From the left").input_value())
    width = float(page.get_by_label("Width").input_value())
    assert 10 < left < 20
    assert 50 < width < 60
    page.get_by_label("What is to be seen").fill("A grey bus")
    page.get_by_label("Where it is from").fill("own photo")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("link", name="A grey bus")).to_be_visible()
    row_of_it = rows(site, draft)["pic-a-grey-bus"]
    assert (row_of_it["licence"], row_of_it["source"]) == ("CC-BY-4.0", "own photo")
    with site.app.app_context():
        row = session().scalars(select(Draft).where(Draft.uuid == UUID(draft))).one()
        digest = store.tree(session(), row)[f"media/{row_of_it['file']}"]
        session().rollback()
    with Image.open(site.app.extensions["headstart"].storage.path(digest)) as made:
        across, down = made.size
    assert 0.7 < across / down < 0.95  # it was square, and then made narrower


@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", ["media", "media?show=lacking", "media/pic-apple", "pictures?q=", "record"])
def test_the_pages_are_clean_for_axe_and_nothing_runs_over_the_edge(
    visit: Any, draft: str, path: str, language: str, width: int
) -> None:
    page = visit(TEACHER, viewport={"width": width, "height": 800})
    page.goto(f"/teach/courses/{draft}/{path}{'&' if '?' in path else '?'}lang={language}")
    page.wait_for_load_state("networkidle")
    for folded in page.locator("main details").all():
        folded.evaluate("details => { details.open = true; }")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document)")
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
