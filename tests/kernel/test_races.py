"""What happens at the same moment: jobs and those who ask for them, an answer and the erasure of who gives it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from headstart_lms.accounts import services as accounts
from headstart_lms.cohorts import services as cohorts
from headstart_lms.cohorts.models import Cohort
from headstart_lms.courses.library import get_course
from headstart_lms.kernel import jobs
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.kernel.errors import NotFound, SignInNeeded
from headstart_lms.lrs import head
from headstart_lms.privacy import services as privacy
from tests import cast
from tests.commands import run


def beside(app: Flask, work: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Do something in a thread with a context of its own; return it and the list of what it returned or raised."""
    results: list[object] = []

    def run() -> None:
        with app.app_context():
            try:
                results.append(work())
            except Exception as error:
                results.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, results


@pytest.mark.both_databases
def test_who_asks_for_a_job_that_waits_already_is_served_by_it(app: Flask) -> None:
    with app.app_context():
        with transaction() as current:
            jobs.enqueue(current, "tests.send", {}, key="tests.send")
        committed = threading.Event()
        seen: list[bool] = []

        def claim() -> object:
            found = jobs.claim()
            seen.append(committed.is_set())
            return found

        with transaction() as current:
            jobs.enqueue(current, "tests.send", {}, key="tests.send")  # it waits already: no second one
            thread, results = beside(app, claim)
            thread.join(0.5)
            committed.set()
        thread.join(10)
        assert results[0] is not None
        assert seen == [True]  # else it would not have seen what this transaction wrote


@pytest.mark.both_databases
def test_a_job_that_waits_is_done_at_the_earlier_of_two_times(app: Flask) -> None:
    with app.app_context():
        soon, late = now() + timedelta(minutes=1), now() + timedelta(hours=6)
        for at in (late, soon, late):
            with transaction() as current:
                jobs.enqueue(current, "tests.send", {}, key="tests.send", not_before=at)
        assert session().scalars(select(jobs.Job.not_before)).all() == [soon]


@pytest.mark.both_databases
def test_two_who_ask_for_a_job_at_the_same_moment_get_one(app: Flask) -> None:
    def ask() -> str:
        with transaction() as current:
            jobs.enqueue(current, "tests.send", {}, key="tests.send")
        return "asked"

    with app.app_context():
        with transaction() as current:
            jobs.enqueue(current, "tests.send", {}, key="tests.send")  # nobody sees it yet
            thread, results = beside(app, ask)
            thread.join(0.5)
        thread.join(10)
        assert results == ["asked"]
        assert session().scalars(select(jobs.Job.kind)).all() == ["tests.send"]


def test_a_job_that_ends_its_worker_each_time_is_given_up(app: Flask) -> None:
    with app.app_context():
        with transaction() as current:
            jobs.enqueue(current, "tests.crash", {})
        for _time in range(jobs.MAX_TRIES):
            assert jobs.claim() is not None
            with transaction() as current:  # the worker is gone, the lease is over
                current.scalars(select(jobs.Job)).one().not_before = now() - timedelta(seconds=1)
        assert jobs.claim() is None


def test_what_was_given_up_can_be_put_back(app: Flask) -> None:
    with app.app_context(), transaction() as current:
        current.add(
            jobs.Job(
                kind="tests.gone", payload={}, not_before=now(), tries=jobs.MAX_TRIES, done=True, error="E"
            )
        )
    assert "BAD  jobs" in run(app, "doctor").output
    assert "1 jobs put back" in run(app, "work", "--retry", "--once").output
    with app.app_context():
        assert session().scalars(select(jobs.Job.tries)).one() == 1  # it was tried again


@pytest.mark.both_databases
def test_an_answer_and_the_erasure_of_who_gives_it_do_not_wait_for_each_other(app: Flask) -> None:
    locked, go_on = threading.Event(), threading.Event()

    def answer() -> object:
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            cohorts.get_enrolment_for(current, amina, get_course(current, "tiny"), lock=True)
            locked.set()
            go_on.wait(10)
            return head.advance(current, 1).seq

    def erase() -> object:
        with transaction() as current:
            return privacy.erase(current, cast.find_person(current, "amina"))

    answering, answered = beside(app, answer)
    assert locked.wait(10)
    erasing, erased = beside(app, erase)
    erasing.join(0.5)
    go_on.set()
    answering.join(20)
    erasing.join(20)
    assert isinstance(answered[0], int), answered
    assert isinstance(erased[0], dict), erased


@pytest.mark.both_databases
def test_an_answer_that_comes_while_its_learner_is_erased_finds_nothing(app: Flask) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def erase() -> object:
        with transaction() as current:
            found = privacy.erase(current, cast.find_person(current, "amina"))
            begun.set()
            go_on.wait(10)
            return found

    def answer() -> object:
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            return cohorts.get_enrolment_for(current, amina, get_course(current, "tiny"), lock=True)

    erasing, _erased = beside(app, erase)
    assert begun.wait(10)
    answering, answered = beside(app, answer)
    answering.join(0.5)
    go_on.set()
    erasing.join(20)
    answering.join(20)
    assert (
        isinstance(answered[0], NotFound | SignInNeeded) or type(answered[0]).__name__ == "NoResultFound"
    ), answered


def test_a_teacher_who_is_erased_leaves_no_trace_in_a_database_that_keeps_no_rules(app: Flask) -> None:
    def off(connection: object, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]

    with app.app_context():
        engine: Engine = db.engine
        engine.dispose()
        event.listen(engine, "connect", off)
        with transaction() as current:
            privacy.erase(current, cast.find_person(current, "bruno"))
        assert session().scalars(select(Cohort.teacher_id)).all() == [None]


def test_what_was_erased_leaves_the_log_even_when_somebody_was_reading(app: Flask) -> None:
    def impatient(connection: object, _record: object) -> None:
        connection.execute("PRAGMA busy_timeout=100")  # type: ignore[attr-defined]

    with app.app_context():
        engine: Engine = db.engine
        engine.dispose()
        event.listen(engine, "connect", impatient)
        log = Path(app.config["HEADSTART_INSTANCE"]) / "headstart.sqlite3-wal"
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            accounts.set_identity(current, amina, accounts.Name("SENTINEL HADDAD", "", 1994))
        reader = sqlite3.connect(
            app.config["HEADSTART_INSTANCE"] + "/headstart.sqlite3", isolation_level=None
        )
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM lms_person").fetchone()
        with transaction() as current:
            privacy.erase(current, cast.find_person(current, "amina"))
        assert b"SENTINEL HADDAD" in log.read_bytes()
        reader.execute("COMMIT")
        reader.close()
        jobs.run_all()
        assert not log.exists() or b"SENTINEL HADDAD" not in log.read_bytes()
