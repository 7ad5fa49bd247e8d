"""Learners say that something is wrong: a link at every part, a short form, thanks, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.assessments import services as assessments
from headstart_lms.assessments.models import Sitting
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.kernel import jobs
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import reports
from headstart_lms.learning.models import Report
from headstart_lms.lrs.models import Statement
from headstart_lms.privacy import services as privacy

from ..browsing import Browser, Page
from ..cast import find_person
from ..conftest import Clock
from ..habits.world import learn
from ..make import house_of

AsPerson = Callable[[str], Browser]
HELLO = "/courses/tiny/report/first-hello"
AIM = "/courses/tiny/report/first-aim"


def send(browser: Browser, path: str = HELLO, kind: str = "answer", text: str = "") -> Page:
    return browser.send(browser.open(path).form(to=path), {"kind": kind, "text": text})


def stored() -> list[Report]:
    """Return all reports, oldest first. Call in an application context."""
    return list(session().scalars(select(Report).order_by(Report.created, Report.id)))


def settle(app: Flask, state: str = "changed", note: str = "") -> None:
    """Answer every report as its authors would."""
    with app.app_context(), transaction() as current:
        for report in current.scalars(select(Report)):
            report.state, report.note, report.settled = state, note, now()


@pytest.mark.every_app
def test_a_learner_says_what_is_wrong_without_a_script_and_is_thanked(
    app: Flask, as_person: AsPerson
) -> None:
    amina = as_person("amina")
    unit = amina.open("/courses/tiny/first")
    links = [link["href"] for link in unit.links if "/report/" in link["href"]]
    assert [href.rsplit("/", 1)[1] for href in links] == ["first-aim", "first-hello", "first-can"]
    form_page = amina.open(links[0])
    assert "Buongiorno" in form_page.text  # she sees which part she means
    thanks = amina.send(
        form_page.form(to=AIM), {"kind": "language", "text": "  The word\n is not   Italian. "}
    )
    assert thanks.status == 200
    assert "Thank you" in thanks.text
    assert amina.follow(thanks, rel="next").path.endswith("/courses/tiny/first")
    with app.app_context():
        [report] = stored()
        assert (report.unit_id, report.part_id, report.version, report.kind) == (
            "first",
            "first-aim",
            "1.0",
            "language",
        )
        assert (report.kind, report.text, report.language, report.state) == (
            "language",
            "The word is not Italian.",
            "en",
            "open",
        )
        assert report.centre.slug == "north"


def test_the_question_is_shown_that_is_meant(as_person: AsPerson) -> None:
    amina = as_person("amina")
    page = amina.open(HELLO)
    assert "What do you say in the morning?" in page.text
    assert "Buonanotte" not in page.text  # and not answered here
    assert amina.open("/courses/tiny/report/second-story").status == 200


@pytest.mark.both_databases
def test_the_same_form_sent_twice_is_one_report(app: Flask, as_person: AsPerson) -> None:
    amina = as_person("amina")
    form = amina.open(HELLO).form(to=HELLO)
    for _time in range(2):
        assert "Thank you" in amina.send(form, {"kind": "media", "text": "No sound."}).text
    with app.app_context():
        assert len(stored()) == 1


def test_a_form_without_a_choice_is_shown_again_with_the_text(as_person: AsPerson) -> None:
    amina = as_person("amina")
    form = amina.open(HELLO).form(to=HELLO)
    page = amina.send(form, {"text": "It says two things."})
    assert page.status == 422
    assert "Choose what is wrong." in page.text
    assert "It says two things." in dict(page.form(to=HELLO).filled)["text"]
    assert amina.send(page.form(to=HELLO), {"kind": "other"}).status == 200


def test_too_long_a_text_is_refused_and_nothing_is_lost(app: Flask, as_person: AsPerson) -> None:
    amina = as_person("amina")
    text = "x" * 501
    page = send(amina, text=text)
    assert page.status == 422
    assert "500" in page.text
    assert text in page.body
    with app.app_context():
        assert stored() == []


def test_what_reaches_a_person_is_not_kept(app: Flask, as_person: AsPerson) -> None:
    send(as_person("amina"), text="Call me +39 333 123 4567 or amina@example.org, rent 1200 euros, page 12.")
    with app.app_context():
        assert stored()[0].text == "Call me […] or […], rent 1200 euros, page 12."


@pytest.mark.parametrize("text", ["amina@example.org " * 40, "a" * 100_000])
def test_a_text_is_measured_as_it_was_written(app: Flask, as_person: AsPerson, text: str) -> None:
    amina = as_person("amina")
    page = amina.send(amina.open(HELLO).form(to=HELLO), {"kind": "other", "text": text})
    assert page.status == 422
    assert "Write at most 500 characters." in page.text
    with app.app_context():
        assert stored() == []


@given(st.text(max_size=500))
def test_taking_out_contacts_never_fails_and_leaves_none(text: str) -> None:
    left = reports.without_contacts(text)
    assert reports.without_contacts(left) == left
    assert not re.search(r"\d{7,}", left)


def test_twenty_reports_a_day_are_enough(app: Flask, as_person: AsPerson, clock: Clock) -> None:
    amina = as_person("amina")
    for _number in range(20):
        assert send(amina).status == 200
    refused = send(amina)
    assert refused.status == 429
    clock.move(days=1, minutes=1)
    assert send(as_person("amina")).status == 200
    with app.app_context():
        assert len(stored()) == 21


def test_only_who_takes_the_course_reports(app: Flask, as_person: AsPerson) -> None:
    assert as_person("bruno").open(HELLO).status == 404
    assert as_person("amina").open("/courses/tiny/report/nothing").status == 404
    assert "Sign in" in Browser(app).open(HELLO).text


def test_a_question_of_a_test_is_reported_after_the_end_only(app: Flask, as_person: AsPerson) -> None:
    amina = as_person("amina")
    with app.app_context():
        with transaction() as current:
            learn(current, house_of(app), find_person(current, "amina"))
        amina.post("/courses/tiny/tests/final/start")
        sitting = session().scalars(select(Sitting)).one()
        item, sitting_id = assessments.drawn_items(sitting)[0], sitting.id
    path = f"/sittings/{sitting_id}/report/{item}"
    assert amina.open(path).status == 404
    assert "Something is wrong here" not in amina.open(f"/sittings/{sitting_id}").text
    amina.post(f"/sittings/{sitting_id}/finish")
    result = amina.open(f"/sittings/{sitting_id}")
    thanks = amina.send(
        amina.follow(result, to=path).form(to=path), {"kind": "answer", "text": "Both are right."}
    )
    assert "Thank you" in thanks.text
    assert amina.follow(thanks, rel="next").path == f"/sittings/{sitting_id}"
    assert as_person("bruno").open(path).status == 404
    with app.app_context():
        [report] = stored()
        assert (report.unit_id, report.part_id) == ("", item)


def test_a_learner_without_a_centre_is_heard_by_the_default_centre(app: Flask, as_person: AsPerson) -> None:
    with app.app_context():
        with transaction() as current:
            amina = find_person(current, "amina")
            amina.centre_id = None
            current.scalars(select(Enrolment).where(Enrolment.person_id == amina.id)).one().cohort_id = None
    send(as_person("amina"))
    with app.app_context():
        assert stored()[0].centre_id == accounts.get_default_centre(session()).id


@pytest.mark.both_databases
def test_she_hears_what_became_of_it_until_she_says_that_she_has_read_it(
    app: Flask, as_person: AsPerson, clock: Clock
) -> None:
    amina = as_person("amina")
    send(amina)
    assert "You told us" not in amina.open("/courses/tiny").text
    clock.move(days=1)
    settle(app, note="Buonasera is right too.")
    amina = as_person("amina")
    page = amina.open("/courses/tiny")
    assert "You told us that something was wrong" in page.text
    assert "Say hello : We changed it. Thank you." in page.text
    assert "Buonasera is right too." in page.text
    after = amina.send(page.form(to="/reports/read"))
    assert after.path.endswith("/courses/tiny")
    assert "You told us" not in after.text


@pytest.mark.parametrize(
    "shown, status",
    [
        ("0001-01-01T00:00:00+14:00", 422), ("9999-12-31T23:59:59-14:00", 422), ("2026-11-22T10:00:00", 422),
        ("2026-11-22T10:00:00+02:00", 200),
    ],
)  # fmt: skip
def test_a_moment_that_no_calendar_has_is_refused(as_person: AsPerson, shown: str, status: int) -> None:
    amina = as_person("amina")
    assert amina.post("/courses/tiny/reports/read", {"shown": shown}).status == status


def test_news_that_came_after_the_page_was_shown_is_not_lost(
    app: Flask, as_person: AsPerson, clock: Clock
) -> None:
    amina = as_person("amina")
    send(amina)
    settle(app, "right")
    page = amina.open("/courses/tiny")
    assert "It is right as it is." in page.text
    clock.move(minutes=1)
    send(amina, AIM)
    with app.app_context(), transaction() as current:
        newest = current.scalars(select(Report).where(Report.part_id == "first-aim")).one()
        newest.state, newest.settled = "changed", now()
    assert "We changed it." in amina.send(page.form(to="/reports/read")).text


def test_news_is_over_after_a_month(app: Flask, as_person: AsPerson, clock: Clock) -> None:
    send(as_person("amina"))
    settle(app)
    clock.move(days=31)
    assert "You told us" not in as_person("amina").open("/courses/tiny").text


@pytest.mark.both_databases
def test_her_words_are_deleted_after_half_a_year(app: Flask, as_person: AsPerson, clock: Clock) -> None:
    amina = as_person("amina")
    send(amina, text="An old text.")
    clock.move(days=100)
    send(as_person("amina"), text="A newer text.")
    clock.move(days=79)
    with app.app_context():
        jobs.run_all()
        assert [report.text for report in stored()] == ["An old text.", "A newer text."]
    clock.move(days=1, minutes=1)
    with app.app_context():
        jobs.run_all()
        assert [report.text for report in stored()] == [None, "A newer text."]


@pytest.mark.both_databases
def test_her_reports_are_hers_to_see_and_to_erase(app: Flask, as_person: AsPerson) -> None:
    send(as_person("amina"), text="Only for the authors.")
    with app.app_context():
        with transaction() as current:
            amina = find_person(current, "amina")
            told = privacy.export(current, amina)["reports"]
            assert [(one["course"], one["part"], one["text"]) for one in told] == [
                ("tiny", "first-hello", "Only for the authors.")
            ]
            privacy.erase(current, amina)
        [report] = stored()
        assert (report.person_id, report.text, report.part_id) == (None, None, "first-hello")
        assert (
            session().scalar(select(func.count()).select_from(Person).where(Person.host_id == "cast:amina"))
            == 0
        )


def test_no_report_becomes_a_statement(app: Flask, as_person: AsPerson) -> None:
    with app.app_context():
        before = session().scalar(select(func.count()).select_from(Statement))
    send(as_person("amina"), text="Something about me.")
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Statement)) == before


def test_an_id_of_another_report_is_refused(app: Flask, as_person: AsPerson) -> None:
    amina = as_person("amina")
    name = str(uuid4())
    for path, status in ((HELLO, 200), (AIM, 409)):
        form = amina.open(path).form(to=path)
        assert amina.send(form, {"kind": "other", "report_id": name}).status == status


def test_the_form_is_on_a_page_of_its_own_and_the_lesson_carries_a_link(as_person: AsPerson) -> None:
    body = as_person("amina").open("/courses/tiny/first").body
    assert 'name="report_id"' not in body
    assert body.count("Something is wrong here") == 3


def test_readers_of_a_refused_answer_still_have_the_link(as_person: AsPerson) -> None:
    amina = as_person("amina")
    form = amina.open("/courses/tiny/first").item_forms()[0]
    refused = amina.send(form)
    assert refused.status == 422
    assert amina.follow(refused, to=AIM).status == 200
