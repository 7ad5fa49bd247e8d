"""From a draft to a course that learners read: correction or edition, who is touched, sign-off, now or at its hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.authoring import drafts, store
from headstart_lms.authoring.models import Mark
from headstart_lms.cohorts import services as cohorts
from headstart_lms.courses.library import get_course
from headstart_lms.courses.models import Course as CourseRow
from headstart_lms.courses.models import Edition
from headstart_lms.kernel import jobs
from headstart_lms.kernel.db import session, transaction
from headstart_lms.kernel.errors import Invalid

from ..browsing import Browser, Page
from ..cast import find_person, sign_in
from ..conftest import Clock
from ..make import make_course, make_enrolment, write_course
from .drafts import draft_of, make_draft, person_of, save, staff

UNIT = "units/first.yaml"


@pytest.fixture
def bruno(as_person: Callable[[str], Browser]) -> Browser:
    return as_person("bruno")


def publish(
    browser: Browser,
    uuid: UUID,
    *,
    read: bool = True,
    do: str = "now",
    as_edition: bool = False,
    at: str = "",
) -> Page:
    """Press the button on the page, whatever stands there; the warnings are read, if there are some."""
    page = browser.open(f"/teach/courses/{uuid}/publish")
    found = [
        form for form in page.forms if "do" in form.names and "n" in form.names and "note" not in form.names
    ]
    assert len(found) == 1, page.text
    fields = {"do": do, "at": at}
    if read and "warnings" in found[0].names:
        fields["warnings"] = "yes"
    if as_edition:
        fields["as"] = "edition"
    return browser.send(found[0], fields)


def change(app: Flask, uuid: UUID, make: Callable[[dict[str, object]], object], path: str = UNIT) -> None:
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), path)
    make(data)
    save(app, uuid, path, data)


def versions(app: Flask, slug: str = "small") -> list[str]:
    with app.app_context():
        course = get_course(session(), slug)
        rows = session().scalars(select(Edition).where(Edition.course_id == course.id).order_by(Edition.id))
        return [row.version for row in rows]


@pytest.mark.both_databases
def test_a_course_is_published_corrected_and_gets_a_new_edition(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    assert "A new course: nobody has begun it." in page.text
    assert "published as 1.0" in publish(bruno, uuid).text
    assert "nothing changed since" in bruno.open(f"/teach/courses/{uuid}/publish").text
    assert "Say hello" in bruno.open("/courses/small").text

    with app.app_context():
        make_enrolment(app, find_person(session(), "amina"), "small")
    change(app, uuid, lambda d: d.update(title="Say good morning"))
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    assert "A correction of 1.0" in page.text
    assert "1 learner is in this edition" in page.text
    publish(bruno, uuid)
    assert "Say good morning" in bruno.open("/courses/small").text

    change(app, uuid, lambda d: d["blocks"].pop(0))  # type: ignore[attr-defined]
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    assert "A new edition: it becomes version 2.0." in page.text
    assert "A part or question of a unit was added, taken out or moved." in page.text
    assert "1 learner goes on with what she has" in page.text
    publish(bruno, uuid)
    assert versions(app) == ["1.0", "1.1", "2.0"]
    with app.app_context():
        assert store.read_data(session(), draft_of(uuid), "course.yaml")[0]["version"] == "2.0"
        course = get_course(session(), "small")
        enrolment = cohorts.get_enrolment_for(session(), find_person(session(), "amina"), course)
        assert enrolment.edition == 1, "she stays where she is"


def test_a_correction_can_be_made_an_edition(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    publish(bruno, uuid)
    change(app, uuid, lambda d: d.update(title="Another title"))
    publish(bruno, uuid, as_edition=True)
    assert versions(app) == ["1.0", "2.0"]


def test_errors_refuse_and_lead_to_where_they_are_mended(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    change(app, uuid, lambda d: d["blocks"][1]["items"][0].update(prompt="✎ Write here."))  # type: ignore[index]
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    link = next(link["href"] for link in page.links if "/items/" in link["href"])
    assert link.endswith(f"/teach/courses/{uuid}/units/first/items/first-hello")
    assert bruno.post(f"/teach/courses/{uuid}/publish", {"do": "now", "n": "2"}).status == 422
    with app.app_context():
        assert session().query(Mark).count() == 0


def test_warnings_are_asked_about(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    change(app, uuid, lambda d: d.update(minutes=29))
    page = publish(bruno, uuid, read=False)
    assert page.status == 422
    assert "Read the warnings" in page.text
    assert publish(bruno, uuid).status == 200
    assert versions(app) == ["1.0"]


def test_a_change_between_looking_and_pressing_is_not_published_unseen(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    change(app, uuid, lambda d: d.update(title="Another title"))
    answer = bruno.send(page.form(to="/publish", having="at"), do="now")
    assert answer.status == 409
    assert "changed the course meanwhile" in answer.text


def test_a_changed_key_needs_a_new_id_and_one_press_gives_it(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    publish(bruno, uuid)

    def turn(data: dict[str, object]) -> None:
        options = data["blocks"][1]["items"][0]["options"]  # type: ignore[index]
        options[0].pop("right")
        options[1]["right"] = True

    change(app, uuid, turn)
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    assert "Answers of learners stand under their old ids" in page.text
    assert "first-hello" in page.text
    answer = bruno.post(f"/teach/courses/{uuid}/publish", {"do": "now", "n": "3", "warnings": "yes"})
    assert answer.status == 409
    bruno.send(next(form for form in page.forms if ("do", "renew") in form.filled))
    publish(bruno, uuid)
    assert versions(app) == ["1.0", "2.0"]
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), UNIT)
        assert [item["id"] for item in data["blocks"][1]["items"]] == ["first-hello-new", "first-can"]


# --- whose course -------------------------------------------------------------------------------


def test_a_course_of_another_centre_is_not_published_over(
    app: Flask, bruno: Browser, folder: Path, as_person: Callable[[str], Browser]
) -> None:
    publish(bruno, make_draft(app, folder))
    stolen = make_draft(app, folder, login="dmitri", centre="south")
    change_as(app, stolen, "dmitri")
    dmitri = as_person("dmitri")
    page = dmitri.open(f"/teach/courses/{stolen}/publish")
    assert "This course belongs to another centre." in page.text
    assert (
        dmitri.post(f"/teach/courses/{stolen}/publish", {"do": "now", "n": "2", "warnings": "yes"}).status
        == 409
    )
    assert versions(app) == ["1.0"]


def change_as(app: Flask, uuid: UUID, login: str) -> None:
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid, login), UNIT)
    data["title"] = "Mine now"
    save(app, uuid, UNIT, data, login=login)


def test_a_course_that_came_with_the_installation_is_not_published_over_by_a_folder_with_its_id(
    app: Flask, bruno: Browser, tmp_path: Path
) -> None:
    uuid = make_draft(app, write_course(tmp_path / "tiny", version="9.0"))
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    assert "came with the installation" in page.text
    assert (
        bruno.post(f"/teach/courses/{uuid}/publish", {"do": "now", "n": "1", "warnings": "yes"}).status == 409
    )
    assert versions(app, "tiny") == ["1.0"]


def test_an_address_of_another_course_is_refused(app: Flask, bruno: Browser, tmp_path: Path) -> None:
    made = write_course(tmp_path / "x", slug="tiny", uuid=UUID("8d1c7f0e-6a55-4b1e-9a3e-0d3c1b2a4f99"))
    uuid = make_draft(app, made)
    assert "Another course has the address" in bruno.open(f"/teach/courses/{uuid}/publish").text


@pytest.mark.both_databases
def test_an_administrator_opens_a_course_of_the_installation_for_its_next_version(app: Flask) -> None:
    with app.app_context(), transaction() as current:
        accounts.grant_role(current, find_person(current, "bruno"), "admin", None)
    admin = sign_in(app, "bruno")
    page = admin.open("/teach/courses")
    form = next(form for form in page.forms if ("how", "next") in form.filled)
    page = admin.send(form)
    uuid = UUID(page.path.rsplit("/", 1)[1])
    assert "nothing changed since" in admin.open(f"/teach/courses/{uuid}/publish").text
    assert admin.send(form).path == page.path, "there is one draft of it"
    change(app, uuid, lambda d: d.update(title="Corrected"))
    publish(admin, uuid)
    assert versions(app, "tiny") == ["1.0", "1.1"]


def test_the_id_of_a_course_cannot_be_changed_into_another_ones(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), "course.yaml")
    data["uuid"] = "0a4f1f5e-2f0b-4d58-9d0c-7c1f0f6f5a11"
    with pytest.raises(Invalid, match="keeps its id"):
        save(app, uuid, "course.yaml", data)


# --- sign-off -----------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_centre_that_asks_for_a_sign_off_publishes_only_what_was_signed(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    uuid = make_draft(app, folder)
    mira = staff(app, "mira", "manager")
    page = mira.open("/teach/courses")
    assert "a sign-off is needed" in mira.send(page.form(to="/sign-off")).text
    assert bruno.post("/teach/courses/sign-off", {"centre": "north", "wanted": "no"}).status == 404
    assert (
        bruno.post(f"/teach/courses/{uuid}/publish", {"do": "now", "n": "1", "warnings": "yes"}).status == 409
    )

    rita = staff(app, "rita")
    assert rita.post(f"/teach/courses/{uuid}/publish", {"do": "sign", "n": "1"}).status == 403
    with app.app_context(), transaction() as current:
        drafts.add_member(current, draft_of(uuid), "rita", "reviewer")
    page = rita.open(f"/teach/courses/{uuid}/publish")
    assert "signed off" in rita.send(page.form(having="note"), note="All units read.").text

    change(app, uuid, lambda d: d.update(title="Changed after it was signed"))
    assert (
        bruno.post(f"/teach/courses/{uuid}/publish", {"do": "now", "n": "2", "warnings": "yes"}).status == 409
    )
    page = rita.open(f"/teach/courses/{uuid}/publish")
    rita.send(page.form(having="note"))
    publish(bruno, uuid)
    assert versions(app) == ["1.0"]


def test_an_author_does_not_sign_off_her_own_course(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with app.app_context(), transaction() as current:
        accounts.grant_role(current, person_of("bruno"), "manager", accounts.get_centre(current, "north"))
    page = bruno.post(f"/teach/courses/{uuid}/publish", {"do": "sign", "n": "1"})
    assert page.status == 403
    assert "Somebody who is not an author" in page.text


def test_whoever_wrote_does_not_sign_off_what_she_wrote(app: Flask, bruno: Browser, folder: Path) -> None:
    uuid = make_draft(app, folder)
    mira = staff(app, "mira", "manager")
    assert mira.open(f"/teach/courses/{uuid}/publish").form(having="note")
    with app.app_context(), transaction() as current:
        draft = draft_of(uuid, "mira")
        data, digest = store.read_data(current, draft, UNIT)
        mine = {**data, "title": "Of the manager"}
        store.save_data(current, draft, person_of("mira"), UNIT, mine, base={UNIT: digest}, what="edit")
    page = mira.open(f"/teach/courses/{uuid}/publish")
    assert not [form for form in page.forms if "note" in form.names]
    refused = mira.post(f"/teach/courses/{uuid}/publish", {"do": "sign", "n": "2"})
    assert refused.status == 403
    assert "You changed this course yourself." in refused.text

    publish(bruno, uuid)
    change(app, uuid, lambda d: d.update(title="Of the author"))
    page = mira.open(f"/teach/courses/{uuid}/publish")
    assert "signed off" in mira.send(page.form(having="note")).text


# --- at an hour ---------------------------------------------------------------------------------


def work(app: Flask) -> None:
    with app.app_context():
        jobs.run_all()


@pytest.mark.both_databases
def test_what_is_scheduled_is_published_at_its_hour_and_not_what_was_written_since(
    app: Flask, bruno: Browser, folder: Path, clock: Clock
) -> None:
    uuid = make_draft(app, folder)
    page = publish(bruno, uuid, do="later", at="2026-11-21T14:00")
    assert "is published on" in page.text
    change(app, uuid, lambda d: d.update(title="Written later"))
    work(app)
    with app.app_context(), pytest.raises(Exception, match="no such course"):
        get_course(session(), "small")
    clock.set(datetime(2026, 11, 21, 14, 0, 5, tzinfo=UTC))
    work(app)
    assert versions(app) == ["1.0"]
    assert "Say hello" in bruno.open("/courses/small").text
    with app.app_context():
        assert draft_of(uuid).due is None


def test_an_hour_that_is_over_or_no_hour_is_refused(
    app: Flask, bruno: Browser, folder: Path, clock: Clock
) -> None:
    uuid = make_draft(app, folder)
    for at in ("2020-01-01T08:00", "tomorrow", ""):
        assert publish(bruno, uuid, do="later", at=at).status == 422


def test_an_hour_can_be_taken_back(app: Flask, bruno: Browser, folder: Path, clock: Clock) -> None:
    uuid = make_draft(app, folder)
    page = publish(bruno, uuid, do="later", at="2026-11-21T14:00")
    bruno.send(next(form for form in page.forms if ("do", "stop") in form.filled))
    clock.move(hours=3)
    work(app)
    with app.app_context(), pytest.raises(Exception, match="no such course"):
        get_course(session(), "small")


def test_what_cannot_be_published_at_its_hour_is_said_on_the_page(
    app: Flask, bruno: Browser, folder: Path, clock: Clock, tmp_path: Path
) -> None:
    uuid = make_draft(app, folder)
    publish(bruno, uuid, do="later", at="2026-11-21T14:00")
    with app.app_context():  # meanwhile somebody takes its address
        make_course(app, tmp_path / "y", slug="small", uuid=UUID("8d1c7f0e-6a55-4b1e-9a3e-0d3c1b2a4f77"))
    clock.move(hours=3)
    work(app)
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    assert "not published" in page.text
    assert "Another course has the address" in page.text


@pytest.mark.parametrize("how", ["suspended", "not an author any more"])
def test_what_somebody_planned_who_may_not_publish_any_more_is_not_published(
    app: Flask, bruno: Browser, folder: Path, clock: Clock, how: str
) -> None:
    uuid = make_draft(app, folder)
    staff(app, "mira", "manager")
    publish(bruno, uuid, do="later", at="2026-11-21T14:00")
    with app.app_context(), transaction() as current:
        if how == "suspended":
            person_of("bruno").suspended = datetime(2026, 11, 21, 13, 30, tzinfo=UTC)
        else:
            for member in draft_of(uuid).members:
                current.delete(member)
    clock.move(hours=3)
    work(app)
    with app.app_context():
        assert session().scalar(select(Edition).join(CourseRow).where(CourseRow.slug == "small")) is None
        draft = draft_of(uuid, "mira", "read")
        assert draft.due is None
        assert [mark.kind for mark in session().scalars(select(Mark))] == ["refused"]
        assert "may not publish the course any more" in session().scalars(select(Mark)).one().note


def test_what_breaks_at_its_hour_is_said_on_the_page_and_not_tried_for_ever(
    app: Flask, bruno: Browser, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = make_draft(app, folder)
    publish(bruno, uuid, do="later", at="2026-11-21T14:00")

    def broken(*_given: object, **_named: object) -> None:
        raise KeyError("a fault of the program")

    monkeypatch.setattr("headstart_lms.authoring.checking.check_tree", broken)
    clock.move(hours=3)
    work(app)
    monkeypatch.undo()
    with app.app_context():
        assert draft_of(uuid).due is None
        assert session().query(jobs.Job).filter_by(kind="authoring.publish").count() == 0
        assert "could not be published" in session().scalars(select(Mark)).one().note
