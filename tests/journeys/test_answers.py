"""Answers: sent twice, sent changed, sent too late, sent at the same moment, sent without JavaScript."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from headstart_lms.assessments.models import Answer, Sitting
from headstart_lms.assessments.services import GRACE
from headstart_lms.kernel import jobs
from headstart_lms.kernel.db import session
from headstart_lms.lrs.models import Statement
from tests.browsing import Browser, Form, Page
from tests.commands import run
from tests.conftest import Clock

from .learner import Learner


def count(app: Flask, table: type[Answer] | type[Statement] | type[Sitting]) -> int:
    with app.app_context():
        return session().scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def amina(app: Flask) -> Learner:
    """A learner at the first screen of the tiny course."""
    learner = Learner(app)
    learner.start()
    learner.enrol("tiny")
    return learner


def question(learner: Learner, item_id: str) -> Form:
    unit = item_id.split("-")[0]
    return learner.browser.open(f"/courses/tiny/{unit}").form(data_item=item_id)


def before_the_test(learner: Learner) -> Page:
    return learner.work_through(learner.browser.open("/courses/tiny/first"))


def sitting_of(page: Page) -> UUID:
    return UUID(page.path.rsplit("/", 1)[-1])


def at_once(*acts: Callable[[], Page]) -> list[Page]:
    """Do things in threads that start together; return their pages."""
    gate = threading.Barrier(len(acts))
    pages: list[Page | None] = [None] * len(acts)

    def go(number: int, act: Callable[[], Page]) -> None:
        gate.wait()
        pages[number] = act()

    threads = [threading.Thread(target=go, args=(n, act)) for n, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    done = [page for page in pages if page is not None]
    assert len(done) == len(acts)
    return done


def same_person(learner: Learner) -> Browser:
    """Return a second browser of the same session, as another tab or thread would be."""
    other = Browser(learner.app)
    token = learner.browser.cookie("hs")
    assert token is not None
    other.set_cookie("hs", token)
    return other


# --- replay ----------------------------------------------------------------------------------------


@pytest.mark.every_app
def test_the_same_answer_sent_again_is_the_same_answer(app: Flask, amina: Learner) -> None:
    form = question(amina, "first-hello")
    values = amina.right_values("first-hello")
    first = amina.browser.send(form, values)
    before = count(app, Answer), count(app, Statement)
    again = amina.browser.send(form, values)
    assert (again.status, again.url) == (200, first.url)
    assert (count(app, Answer), count(app, Statement)) == before


def test_the_same_id_with_another_answer_is_a_conflict_and_changes_nothing(
    app: Flask, amina: Learner
) -> None:
    form = question(amina, "first-hello")
    values = amina.right_values("first-hello")
    amina.browser.send(form, values)
    (wrong,) = set(form.choices["response"]) - set(values["response"])
    page = amina.browser.send(form, response=wrong)
    assert page.status == 409
    assert "another answer before" in page.text
    with app.app_context():
        (answer,) = session().scalars(select(Answer))
        assert answer.score == 1


def test_an_answer_id_of_somebody_else_is_a_conflict(app: Flask, amina: Learner) -> None:
    form = question(amina, "first-hello")
    amina.browser.send(form, amina.right_values("first-hello"))
    other = Learner(app)
    other.start()
    other.enrol("tiny")
    stolen = dict(form.filled)["answer_id"]
    mine = question(other, "first-hello")
    page = other.browser.send(mine, {**other.right_values("first-hello"), "answer_id": stolen})
    assert page.status == 409
    assert count(app, Answer) == 1


@pytest.mark.both_databases
def test_one_answer_sent_by_two_threads_is_stored_once(app: Flask, amina: Learner) -> None:
    form = question(amina, "first-hello")
    values = amina.right_values("first-hello")
    one, two = same_person(amina), same_person(amina)
    for browser in (one, two):  # the token of the form belongs to the browser that read it
        browser.open("/courses/tiny/first")
    data = form.data(values)
    pages = at_once(
        lambda: one.post("/courses/tiny/items/first-hello/answer", data),
        lambda: two.post("/courses/tiny/items/first-hello/answer", data),
    )
    assert [page.status for page in pages] == [200, 200]
    assert pages[0].url == pages[1].url
    assert count(app, Answer) == 1


@pytest.mark.both_databases
def test_two_answers_at_the_same_moment_both_count(app: Flask, amina: Learner) -> None:
    forms = {name: question(amina, name) for name in ("first-hello", "first-can")}
    sent = {name: form.data(amina.right_values(name)) for name, form in forms.items()}
    browsers = {name: same_person(amina) for name in sent}

    def send(name: str) -> Callable[[], Page]:
        return lambda: browsers[name].post(f"/courses/tiny/items/{name}/answer", sent[name])

    pages = at_once(*(send(name) for name in sent))
    assert [page.status for page in pages] == [200, 200]
    assert "1 / 2" in amina.browser.open("/courses/tiny").text
    assert run(app, "progress", "rebuild", "--check").exit_code == 0


# --- forms -----------------------------------------------------------------------------------------


def test_a_form_without_a_choice_comes_back_with_a_sentence(app: Flask, amina: Learner) -> None:
    page = amina.browser.send(question(amina, "first-hello"))
    assert page.status == 422
    assert 'role="alert"' in page.body
    assert count(app, Answer) == 0
    assert amina.answer(page.form(data_item="first-hello")).status == 200


def test_a_story_goes_on_step_by_step_without_a_script(app: Flask, amina: Learner) -> None:
    form = question(amina, "second-story")
    assert "response-s1" in form.names
    assert "response-s2" not in form.names
    values = amina.right_values("second-story")
    page = amina.browser.send(form, {"response-s1": values["response-s1"]})
    assert page.status == 200
    assert "He says no." in page.text
    assert "What now?" in page.text
    assert count(app, Answer) == 0
    form = page.form(data_item="second-story")
    assert dict(form.filled)["response-s1"] == values["response-s1"][0]
    page = amina.browser.send(form, {"response-s2": values["response-s2"]})
    assert "answer=" in page.url
    with app.app_context():
        (answer,) = session().scalars(select(Answer))
        assert (answer.score, answer.response["path"]) == (1, {"s1": "b", "s2": "a"})


def test_a_form_from_another_site_is_refused(app: Flask, amina: Learner) -> None:
    form = question(amina, "first-hello")
    data = form.data(amina.right_values("first-hello"))
    path = "/courses/tiny/items/first-hello/answer"
    assert amina.browser.post(path, data, Sec_Fetch_Site="cross-site").status == 403
    without = {name: value for name, value in data.items() if name != "csrf_token"}
    bare = app.test_client()
    bare.set_cookie("hs", amina.browser.cookie("hs") or "", domain="localhost")
    assert bare.post(path, data=without).status_code == 403
    assert bare.post(path, data=without, headers={"Origin": "https://evil.example"}).status_code == 403
    assert count(app, Answer) == 0
    assert bare.post(path, data=without, headers={"Origin": "http://localhost"}).status_code == 303


def test_nobody_answers_in_a_course_she_did_not_start(app: Flask, amina: Learner) -> None:
    data = question(amina, "first-hello").data(amina.right_values("first-hello"))
    other = Learner(app)
    other.start()
    assert other.browser.post("/courses/tiny/items/first-hello/answer", data).status == 404
    assert Browser(app).post("/courses/tiny/items/first-hello/answer", data).status == 401
    assert count(app, Answer) == 0


# --- tests -----------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_two_simultaneous_last_attempts_are_one(app: Flask, amina: Learner) -> None:
    page = before_the_test(amina)
    running = amina.begin_test(page)
    ended = amina.browser.send(running.form(to="/finish"))
    assert "Not yet passed" in ended.text
    one, two = same_person(amina), same_person(amina)
    start = "/courses/tiny/tests/final/start"
    pages = at_once(lambda: one.post(start), lambda: two.post(start))
    assert [p.status for p in pages] == [200, 200]
    assert pages[0].path == pages[1].path
    assert count(app, Sitting) == 2
    amina.browser.send(pages[0].form(to="/finish"), csrf_token=_token(amina, pages[0]))
    assert amina.browser.post(start).status == 409
    assert count(app, Sitting) == 2


def _token(learner: Learner, page: Page) -> str:
    """Return the form token of this browser for a page another tab has opened."""
    return dict(learner.browser.open(page.path).form(to="/finish").filled)["csrf_token"]


@pytest.mark.both_databases
def test_an_answer_after_the_deadline_is_refused_and_the_test_is_closed(
    app: Flask, clock: Clock, amina: Learner
) -> None:
    page = amina.begin_test(before_the_test(amina))
    sitting = sitting_of(page)
    second = amina.answer_test(page)
    clock.move(minutes=10, seconds=11)
    (form,) = second.item_forms()
    late = amina.browser.send(form, amina.right_test_values(second))
    assert late.status == 409
    assert "The test is over" in late.text
    with app.app_context():
        found = session().get_one(Sitting, sitting)
        assert (found.score, found.passed) == (0.5, True)
        assert found.finished == found.deadline + GRACE
    assert count(app, Answer) == 4
    assert run(app, "progress", "rebuild", "--check").exit_code == 0


def test_an_answer_in_the_last_second_counts(app: Flask, clock: Clock, amina: Learner) -> None:
    page = amina.begin_test(before_the_test(amina))
    clock.move(minutes=9, seconds=59)
    page = amina.answer_test(amina.answer_test(page))
    assert "You have passed" in page.text


def test_an_answer_that_was_taken_is_the_same_again_after_the_deadline(
    app: Flask, clock: Clock, amina: Learner
) -> None:
    page = amina.begin_test(before_the_test(amina))
    (form,) = page.item_forms()
    values = amina.right_test_values(page)
    amina.browser.send(form, values)
    before = count(app, Answer)
    clock.move(minutes=30)
    assert amina.browser.send(form, values).status == 200
    assert count(app, Answer) == before


def test_a_test_nobody_looks_at_is_closed_by_the_job(app: Flask, clock: Clock, amina: Learner) -> None:
    sitting = sitting_of(amina.begin_test(before_the_test(amina)))
    with app.app_context():
        jobs.run_all()
        assert session().get_one(Sitting, sitting).finished is None
    clock.move(minutes=11)
    with app.app_context():
        jobs.run_all()
        found = session().get_one(Sitting, sitting)
        assert (found.passed, found.score) == (False, 0)


def test_a_test_belongs_to_the_one_who_began_it(app: Flask, amina: Learner) -> None:
    page = amina.begin_test(before_the_test(amina))
    (form,) = page.item_forms()
    data = form.data(amina.right_test_values(page))
    other = Learner(app)
    other.start()
    assert other.browser.open(page.path).status == 404
    answer = form.action.removeprefix("http://localhost")
    assert other.browser.post(answer, data).status == 404
    assert other.browser.post(f"{page.path}/finish").status == 404
    assert other.browser.open(f"/sittings/{uuid4()}").status == 404


def test_in_a_test_nothing_is_said_before_the_end(app: Flask, amina: Learner) -> None:
    page = amina.begin_test(before_the_test(amina))
    second = amina.answer_test(page)
    first_again = amina.browser.open(f"{page.path}?n=1")
    for shown in (second, first_again):
        assert "hs-band" not in shown.body
    result = amina.answer_test(second)
    assert "hs-band" in result.body
