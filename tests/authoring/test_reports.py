"""The queue of what learners reported: for authors of the course, for managers of the centre; never who it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import services as learning
from headstart_lms.learning.models import Report

from ..browsing import Browser, Page
from ..cast import find_person, sign_in
from ..conftest import Clock
from ..make import house_of, write_course
from .drafts import make_draft, staff

AsPerson = Callable[[str], Browser]


@pytest.fixture
def uuid(app: Flask, tmp_path: Path) -> UUID:
    """Bruno's draft of the course that Amina takes."""
    return make_draft(app, write_course(tmp_path / "same"))


def report(browser: Browser, part: str = "first-hello", text: str = "", kind: str = "answer") -> None:
    path = f"/courses/tiny/report/{part}"
    assert browser.send(browser.open(path).form(to=path), {"kind": kind, "text": text}).status == 200


def learner(app: Flask, centre: str) -> Browser:
    """Make another learner of a centre who takes the course; return her browser."""
    state = app.extensions["headstart"]
    with app.app_context():
        with transaction() as current:
            person, _code = accounts.start_learner(
                current, state.keyring, language="en", destination="IT", route="labour",
                centre=accounts.get_centre(current, centre),
            )  # fmt: skip
            learning.enrol(current, house_of(app), person, "tiny", language="en")
            token = accounts.sign_in(current, person, timedelta(hours=1))
    browser = Browser(app)
    browser.set_cookie("hs", token)
    return browser


def queue(browser: Browser, uuid: UUID, show: str = "") -> Page:
    return browser.open(f"/teach/courses/{uuid}/reports" + (f"?show={show}" if show else ""))


def answer(browser: Browser, page: Page, **fields: str) -> Page:
    """Fill in the first form of the queue."""
    return browser.send(next(form for form in page.forms if "note" in form.names), fields)


@pytest.mark.every_app
def test_an_author_reads_a_report_goes_there_and_answers(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    amina, bruno = as_person("amina"), as_person("bruno")
    report(amina, text="Both answers are right.")
    page = queue(bruno, uuid)
    assert "Open (1)" in page.text
    assert "Both answers are right." in page.text
    assert "What do you say in the morning?" in page.text
    assert bruno.follow(page, to="/units/first/items/first-hello").status == 200
    after = answer(bruno, page, state="changed", note="Buonasera is not offered any more.")
    assert "Open (0)" in after.text
    settled = queue(bruno, uuid, "settled")
    assert "Buonasera is not offered any more." in settled.text
    assert "Changed" in settled.text
    assert "Buonasera is not offered any more." in amina.open("/courses/tiny").text


def test_nothing_in_the_queue_says_who_reported(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    report(as_person("amina"), text="A text.")
    body = queue(as_person("bruno"), uuid).body
    with app.app_context():
        amina = find_person(session(), "amina")
        for secret in (str(amina.uuid), str(amina.actor), "amina"):
            assert secret not in body


@pytest.mark.parametrize(
    "part, address",
    [("first-aim", "/units/first"), ("second-story", "/units/second/items/second-story")],
)
def test_every_kind_of_place_leads_into_the_editor(
    part: str, address: str, uuid: UUID, as_person: AsPerson
) -> None:
    report(as_person("amina"), part)
    bruno = as_person("bruno")
    assert bruno.follow(queue(bruno, uuid), to=address).status == 200


def test_a_place_that_was_deleted_since_is_named_and_the_queue_stays(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    report(as_person("amina"))
    with app.app_context(), transaction() as current:
        for part, unit in (("gone", "first"), ("gone-too", "nowhere"), ("bank-gone", "")):
            one = current.scalars(select(Report).where(Report.part_id.like("first-hello%"))).first()
            assert one is not None
            current.add(
                Report(id=UUID(int=len(part)), course_id=one.course_id, centre_id=one.centre_id, unit_id=unit,
                       part_id=part, edition=1, correction=0, language="en", kind="other")
            )  # fmt: skip
    page = queue(as_person("bruno"), uuid)
    assert page.status == 200
    assert all(part in page.text for part in ("gone", "gone-too", "bank-gone"))


def test_learners_of_another_centre_are_heard_by_their_own(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    report(learner(app, "south"), text="From the south.")
    bruno, dmitri = as_person("bruno"), as_person("dmitri")
    assert "From the south." not in queue(bruno, uuid).text
    assert queue(dmitri, uuid).status == 404
    page = dmitri.open("/centre/reports")  # nobody writes the course there: its managers see them
    assert "From the south." in page.text
    assert "Open (0)" in answer(dmitri, page, state="right").text


def test_managers_see_courses_nobody_writes_until_somebody_does(
    app: Flask, as_person: AsPerson, tmp_path: Path
) -> None:
    report(as_person("amina"), text="Of a course that came with the program.")
    mira = staff(app, "mira", "manager")
    assert "Of a course that came with the program." in mira.open("/centre/reports").text
    assert mira.follow(mira.open("/teach"), to="/centre/reports").status == 200
    uuid = make_draft(app, write_course(tmp_path / "same"))
    assert "Open (0)" in mira.open("/centre/reports").text
    assert "Of a course that came with the program." in queue(mira, uuid).text


def test_teachers_who_do_not_write_the_course_read_no_reports(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    report(as_person("amina"), text="For its authors.")
    colleague = staff(app, "tina", "teacher")
    assert queue(colleague, uuid).status == 403
    assert colleague.open(f"/teach/courses/{uuid}").link(to="/reports") is None
    assert as_person("bruno").open(f"/teach/courses/{uuid}").link(to="/reports") is not None
    assert colleague.open("/centre/reports").status == 404


@pytest.mark.both_databases
def test_one_answer_serves_all_who_reported_the_same_place(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    amina, other = as_person("amina"), learner(app, "north")
    report(amina)
    report(other)
    report(other, "first-aim")
    bruno = as_person("bruno")
    page = queue(bruno, uuid)
    assert "2 reports about this place" in page.text
    assert "Open (1)" in answer(bruno, page, state="changed", all_same="1").text
    for browser in (amina, other):
        assert "We changed it." in browser.open("/courses/tiny").text


def test_an_answer_can_be_changed_and_a_report_opened_again(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    amina, bruno = as_person("amina"), as_person("bruno")
    report(amina)
    answer(bruno, queue(bruno, uuid), state="right", note="It is right.")
    assert "It is right." in amina.open("/courses/tiny").text
    answer(bruno, queue(bruno, uuid, "settled"), state="open", note="")
    assert "Open (1)" in queue(bruno, uuid).text
    assert "You told us" not in amina.open("/courses/tiny").text


def test_an_answer_without_a_state_is_refused(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    report(as_person("amina"))
    bruno = as_person("bruno")
    page = answer(bruno, queue(bruno, uuid), note="A note.")
    assert page.status == 422
    assert "Choose what became of it." in page.text
    with app.app_context():
        assert session().scalars(select(Report.state)).all() == ["open"]


def test_a_report_of_another_course_cannot_be_answered_here(
    app: Flask, folder: Path, as_person: AsPerson
) -> None:
    report(as_person("amina"))
    uuid = make_draft(app, folder)
    with app.app_context():
        name = session().scalars(select(Report.id)).one()
    path = f"/teach/courses/{uuid}/reports/{name}"
    assert as_person("bruno").post(path, {"state": "changed"}).status == 404
    assert as_person("dmitri").post(f"/centre/reports/{name}", {"state": "changed"}).status == 404


def test_words_older_than_half_a_year_are_not_shown_even_before_the_job_ran(
    app: Flask, uuid: UUID, as_person: AsPerson, clock: Clock
) -> None:
    report(as_person("amina"), text="An old text.")
    clock.move(days=181)
    page = queue(sign_in(app, "bruno"), uuid)
    assert "Open (1)" in page.text
    assert "An old text." not in page.text


def test_a_long_queue_has_pages(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    report(as_person("amina"))
    with app.app_context(), transaction() as current:
        one = current.scalars(select(Report)).one()
        for number in range(60):
            current.add(
                Report(id=UUID(int=number), course_id=one.course_id, centre_id=one.centre_id, unit_id="first",
                       part_id=f"p-{number}", edition=1, correction=0, language="en", kind="other", created=now())
            )  # fmt: skip
    bruno = as_person("bruno")
    page = queue(bruno, uuid)
    assert "Open (61)" in page.text
    rest = bruno.follow(page, rel="next")
    assert sum("note" in form.names for form in page.forms) == 50
    assert sum("note" in form.names for form in rest.forms) == 11
