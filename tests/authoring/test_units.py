"""The page of a unit, without scripts: write, move, copy, delete, take back; two people at once; a look as learners."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from headstart_lms.authoring import store
from headstart_lms.kernel.db import session

from ..browsing import Browser, Page
from .drafts import draft_of, make_draft, save, staff

AsPerson = Callable[[str], Browser]
UNIT = "units/first.yaml"


@pytest.fixture
def uuid(app: Flask, folder: Path) -> UUID:
    return make_draft(app, folder)


@pytest.fixture
def unit(app: Flask, uuid: UUID) -> Callable[[], Any]:
    """Return what the file of the first unit says now."""

    def read() -> Any:
        with app.app_context():
            return store.read_data(session(), draft_of(uuid), UNIT)[0]

    return read


def address(uuid: UUID, unit: str = "first", **more: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in more.items())
    return f"/teach/courses/{uuid}/units/{unit}" + (f"?{query}" if query else "")


def do(browser: Browser, page: Page, what: str, **more: str) -> Page:
    """Press a button of a part: the form that has this button."""
    form = next(form for form in page.forms if what in form.choices.get("do", []))
    return browser.send(form, {"do": what, **more})


def open_form(browser: Browser, uuid: UUID, part: str) -> Any:
    return browser.open(address(uuid, open=part)).form(to=f"/parts/{part}")


def ids(unit: Any) -> list[str]:
    return [block["id"] for block in unit["blocks"]]


@pytest.mark.every_app
def test_a_teacher_writes_a_text_and_sees_it_as_learners_do(
    uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    form = open_form(bruno, uuid, "first-aim")
    page = bruno.send(form, {"f-text": "You say **hello** in the [Questura]{it}."})
    assert page.status == 200
    assert "<strong>hello</strong>" in page.body
    assert unit()["blocks"][0]["text"] == "You say **hello** in the [Questura]{it}."
    seen = bruno.open(address(uuid) + "/preview")
    assert "<strong>hello</strong>" in seen.body
    assert "frame-ancestors 'self'" in seen.response.headers["Content-Security-Policy"]


def test_saving_a_form_that_nobody_touched_changes_no_byte(
    app: Flask, uuid: UUID, as_person: AsPerson, folder: Path
) -> None:
    bruno = as_person("bruno")
    for part in ("first", "first-aim", "first-practice"):
        assert bruno.send(open_form(bruno, uuid, part), do="save").status == 200
    with app.app_context():
        draft = draft_of(uuid)
        assert store.read_text(session(), draft, UNIT)[0] == (folder / UNIT).read_text("utf-8")
        assert draft.head == 1


def test_parts_are_added_moved_copied_deleted_and_taken_back(
    uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    page = do(bruno, bruno.open(address(uuid)), "add:dialogue", after="first-aim")
    assert ids(unit()) == ["first-aim", "first-b-1", "first-practice"]
    assert page.form(to="/parts/first-b-1")
    do(bruno, bruno.open(address(uuid)), "up:first-b-1")
    assert ids(unit()) == ["first-b-1", "first-aim", "first-practice"]
    do(bruno, bruno.open(address(uuid)), "duplicate:first-practice")
    twin = unit()["blocks"][-1]
    assert twin["id"] not in ("first-practice", "second-practice")
    assert len({item["id"] for block in unit()["blocks"] for item in block.get("items", [])}) == 4
    page = do(bruno, bruno.open(address(uuid)), "delete:first-practice")
    assert "first-practice" not in ids(unit())
    bruno.send(page.form(to="/undo"))
    assert "first-practice" in ids(unit())


def test_items_move_from_one_block_of_questions_into_the_next(
    uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    do(bruno, bruno.open(address(uuid)), "add:items", after="first-practice")
    do(bruno, bruno.open(address(uuid)), "down:first-can")
    assert [[item["id"] for item in block.get("items", [])] for block in unit()["blocks"][1:]] == [
        ["first-hello"], ["first-can"],
    ]  # fmt: skip


@pytest.mark.both_databases
def test_two_teachers_write_two_parts_of_one_unit_and_both_stay(
    uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    one, other = as_person("bruno"), as_person("bruno")
    first, second = open_form(one, uuid, "first-aim"), open_form(other, uuid, "first")
    assert one.send(first, {"f-text": "One writes the text."}).status == 200
    assert other.send(second, {"f-title": "The other writes the title"}).status == 200
    assert unit()["title"] == "The other writes the title"
    assert unit()["blocks"][0]["text"] == "One writes the text."


@pytest.mark.both_databases
def test_who_comes_second_to_the_same_part_sees_both_texts_and_decides(
    uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    one, other = as_person("bruno"), as_person("bruno")
    first, second = open_form(one, uuid, "first-aim"), open_form(other, uuid, "first-aim")
    one.send(first, {"f-text": "The first text."})
    page = other.send(second, {"f-text": "The second text."})
    assert page.status == 409
    assert "The first text." in page.text
    form = page.form(to="/parts/first-aim")
    assert ("f-text", "The second text.") in [(name, value.strip()) for name, value in form.filled]
    assert unit()["blocks"][0]["text"] == "The first text."
    assert other.send(form, do="save").status == 200
    assert unit()["blocks"][0]["text"] == "The second text."


def test_a_text_for_a_part_that_somebody_deleted_is_shown_and_can_be_put_back(
    uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    one, other = as_person("bruno"), as_person("bruno")
    form = open_form(one, uuid, "first-aim")
    do(other, other.open(address(uuid)), "delete:first-aim")
    page = one.send(form, {"f-text": "A long text of mine."})
    assert page.status == 409
    assert "A long text of mine." in page.body
    assert "deleted this part" in page.text
    assert one.send(page.form(to="/parts/first-aim"), do="save").status == 200
    assert [block for block in unit()["blocks"] if block["id"] == "first-aim"][0][
        "text"
    ] == "A long text of mine."


def test_autosave_says_the_new_state_and_what_the_checker_finds(
    uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    form = open_form(bruno, uuid, "first-aim")
    sent = {
        name: value[0] for name, value in form.data({"f-text": "An [open mark]{it} <b>and HTML</b>."}).items()
    }
    path = f"{address(uuid)}/parts/first-aim"
    answer = bruno.post(path, {**sent, "do": "autosave"}, Accept="application/json")
    assert answer.status == 200
    assert unit()["blocks"][0]["text"].startswith("An [open mark]")
    assert any(
        "HTML" in problem["message"] for found in answer.json["problems"].values() for problem in found
    )
    assert answer.json["counts"]["first-aim"] >= 1
    again = bruno.post(path, {**sent, "f-text": "Shorter.", "do": "autosave"}, Accept="application/json")
    assert again.status == 409
    sent["base"] = answer.json["base"]
    assert (
        bruno.post(path, {**sent, "f-text": "Shorter.", "do": "autosave"}, Accept="application/json").status
        == 200
    )
    assert unit()["blocks"][0]["text"] == "Shorter."


def test_a_form_that_stayed_open_in_the_browser_is_not_saved_as_who_signed_in_there_since(
    app: Flask, uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    form = open_form(as_person("bruno"), uuid, "first-aim")
    sent = form.data({"f-text": "Words of Bruno."})
    path = f"{address(uuid)}/parts/first-aim"
    mira = staff(app, "mira", "manager")
    asked = mira.post(path, {**sent, "do": "autosave"}, Accept="application/json")
    assert asked.status == 401
    kept = mira.post(path, sent)
    assert kept.status == 401
    assert "Words of Bruno." in kept.body, "and nothing is lost"
    assert "Somebody else is signed in here now." in kept.text
    question = as_person("bruno").open(f"{address(uuid)}/items/first-hello")
    form = next(one for one in question.forms if "writer" in one.names)
    assert mira.post(form.action.removeprefix("http://localhost"), form.data({})).status == 401
    assert unit()["blocks"][0]["text"] != "Words of Bruno."


def test_a_new_row_of_a_form_that_saves_itself_again_and_again_is_one_row(
    uuid: UUID, as_person: AsPerson, unit: Callable[[], Any]
) -> None:
    bruno = as_person("bruno")
    do(bruno, bruno.open(address(uuid)), "add:checklist", after="first-aim")
    form = open_form(bruno, uuid, "first-b-1")
    sent: dict[str, Any] = form.data({"f-title": "Take with you", "f-steps.+": "Passport\nTwo photos"})
    path = f"{address(uuid)}/parts/first-b-1"
    for _time in range(3):
        answer = bruno.post(path, {**sent, "do": "autosave"}, Accept="application/json")
        assert answer.status == 200
        sent["base"] = [answer.json["base"]]
    block = unit()["blocks"][1]
    assert [step["text"] for step in block["steps"]] == ["Passport", "Two photos"]
    assert len({step["id"] for step in block["steps"]}) == 2


def test_a_unit_with_unfinished_parts_is_shown_as_far_as_it_goes(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    bruno = as_person("bruno")
    do(bruno, bruno.open(address(uuid)), "add:picture", after="first-aim")
    page = bruno.open(address(uuid) + "/preview")
    assert page.status == 200
    assert "Buongiorno" in page.text
    assert "1 part of this unit cannot be shown yet" in page.text


@pytest.mark.parametrize(
    "broken", ["blocks: 7", "blocks: [1, {id: x}, {type: text}]", "title: {}", "[]", "x"]
)
def test_a_file_that_makes_no_unit_is_no_crash(
    app: Flask, uuid: UUID, as_person: AsPerson, broken: str
) -> None:
    with app.app_context():
        from headstart_lms.kernel.db import transaction

        with transaction() as current:
            draft = draft_of(uuid)
            base = {UNIT: store.digest_of(current, draft, UNIT)}
            store.save(current, draft, None, {UNIT: broken}, base=base, what="import")
    bruno = as_person("bruno")
    assert bruno.open(address(uuid)).status in (200, 404)
    assert bruno.open(address(uuid) + "/preview").status in (200, 404)
    assert bruno.post(f"{address(uuid)}/parts", {"do": "up:nothing"}).status in (404, 422)
    assert bruno.post(f"{address(uuid)}/parts", {"do": "add:text"}).status in (200, 404)


def test_questions_can_be_tried_in_the_preview_with_the_real_marking(uuid: UUID, as_person: AsPerson) -> None:
    bruno = as_person("bruno")
    page = bruno.open(address(uuid) + "/preview")
    form = next(form for form in page.item_forms() if form.attributes["data-item"] == "first-hello")
    values = form.choices["response"]
    answers = [bruno.send(form, response=value).text for value in values]
    assert sum("Right" in answer for answer in answers) == 1
    assert all("Not yet" in answer or "Right" in answer for answer in answers)


def test_a_story_with_branches_goes_on_step_by_step_in_the_preview(uuid: UUID, as_person: AsPerson) -> None:
    bruno = as_person("bruno")
    page = bruno.open(address(uuid, "second") + "/preview")
    for _step in range(2):
        [form] = page.item_forms()
        name = next(name for name in form.choices if name.startswith("response-"))
        page = bruno.send(form, {name: form.choices[name][0]})
    assert "hs-band" in page.body


def test_what_is_not_translated_yet_is_counted_in_the_preview(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    with app.app_context():
        head = store.read_data(session(), draft_of(uuid), "course.yaml")[0]
    save(app, uuid, "course.yaml", {**head, "support_languages": ["en", "ar"]})
    page = as_person("bruno").open(address(uuid) + "/preview?language=ar")
    assert page.status == 200
    assert 'dir="rtl"' in page.body
    assert re.search(r"[45] ", html.unescape(page.text))


def test_how_a_text_reads_is_cleaned_of_everything_that_could_run(as_person: AsPerson) -> None:
    text = "**b** <script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1)) <iframe src=//e>"
    body = as_person("bruno").post("/teach/markdown", {"text": text}).body
    assert "<strong>b</strong>" in body
    assert not re.search(r"<script|<img|<iframe|href=.javascript", body)


def test_a_teacher_who_only_reads_gets_no_buttons_and_cannot_write(
    app: Flask, folder: Path, as_person: AsPerson
) -> None:
    from headstart_lms.accounts import services as accounts
    from headstart_lms.kernel.db import transaction

    with app.app_context(), transaction() as current:
        accounts.make_staff(
            current,
            "berta",
            "quiet-harbour-sings-42",
            centre=accounts.get_centre(current, "north"),
            role="teacher",
        )
    uuid = make_draft(app, folder, login="bruno")
    berta = Browser(app)
    form = berta.open("/sign-in").form(having="password")
    berta.send(form, login="berta", password="quiet-harbour-sings-42")  # noqa: S106 - a test's own
    page = berta.open(address(uuid, open="first-aim"))
    assert page.status == 200
    assert not [form for form in page.forms if form.action.endswith(("/parts", "/parts/first-aim"))]
    assert berta.post(f"{address(uuid)}/parts", {"do": "delete:first-aim"}).status == 403
    assert as_person("dmitri").open(address(uuid)).status == 404


@pytest.mark.parametrize("country", ["IT", ""])
def test_words_are_shown_where_the_course_teaches_no_language(
    app: Flask, uuid: UUID, as_person: AsPerson, country: str
) -> None:
    with app.app_context():
        unit, _digest = store.read_data(session(), draft_of(uuid), UNIT)
        head, _digest = store.read_data(session(), draft_of(uuid), "course.yaml")
    unit["blocks"].insert(0, {"id": "papers", "type": "vocabulary", "entries": ["permesso"]})
    save(app, uuid, UNIT, unit)
    row = {
        "id": "permesso",
        "kind": "noun",
        "word": "permesso",
        "gender": "m",
        "plural": "-",
        "gloss": "permit",
    }
    save(app, uuid, "entries.yaml", [row])
    save(app, uuid, "course.yaml", {**head, "destination": {"country": country}})
    bruno = as_person("bruno")
    for path in (address(uuid), address(uuid) + "/preview"):
        page = bruno.open(path)
        assert page.status == 200
        assert "permesso" in page.text
