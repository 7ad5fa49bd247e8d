"""The job that purges month by month: in slices, never the last of its chain, and sparing who enrolled meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from headstart_lms.kernel import jobs
from headstart_lms.kernel.clock import frozen
from headstart_lms.kernel.db import session, transaction
from headstart_lms.lrs import erasure, services
from headstart_lms.lrs.models import Statement
from headstart_lms.operations import plan_jobs
from headstart_lms.privacy import purging, retention
from headstart_lms.privacy.services import EMPTY_LOG
from headstart_lms.xapi import build
from tests import cast
from tests.commands import run, run_json
from tests.lrs.lrs_strategies import agent, statement

#: Later than today: ``stored`` never goes back.
OLD = datetime(2031, 12, 1, tzinfo=UTC)
LATER = datetime(2032, 6, 2, 4, tzinfo=UTC)
NEXT = datetime(2032, 7, 2, 3, tzinfo=UTC)


def store(app: Flask, count: int, registration: UUID | None = None) -> None:
    made = [statement(id=str(uuid4())) for _ in range(count)]
    for one in made:
        if registration:
            one["context"] = {"registration": str(registration)}
    tenant = app.extensions["headstart"].installation.uuid
    with frozen(OLD), transaction() as current:
        services.store(current, made, authority=agent("client:x"), tenant=tenant, trusted=False)


def stored() -> int:
    count = session().scalar(select(func.count()).select_from(Statement)) or 0
    session().rollback()
    return count


def waiting() -> dict[str, list[tuple[dict[str, Any], datetime]]]:
    found: dict[str, list[tuple[dict[str, Any], datetime]]] = {}
    for job in session().scalars(select(jobs.Job).order_by(jobs.Job.id)):
        found.setdefault(job.kind, []).append((job.payload, job.not_before))
    session().rollback()
    return found


@pytest.fixture
def keeping(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """Twelve statements of December, one of an open course before them; a part is five, and a job does one part."""
    monkeypatch.setattr(erasure, "_PART", 5)
    monkeypatch.setattr(retention, "SLICE_SECONDS", 0)
    app.config["HEADSTART_KEEP_STATEMENTS_MONTHS"] = 3
    with app.app_context():
        with transaction() as current:
            for job in current.scalars(select(jobs.Job)):
                current.delete(job)
        store(app, 12)
        with frozen(LATER - timedelta(days=20)):
            plan_jobs(app)
        with frozen(LATER):
            yield app


@pytest.mark.both_databases
def test_a_job_does_a_part_and_the_next_goes_on(keeping: Flask) -> None:
    left = [stored()]
    assert jobs.run_one()
    assert (stored(), waiting()[retention.JOB][0]) == (left[0] - 4, ({}, NEXT))
    while any(payload for payload, _at in waiting()[retention.JOB]):
        assert jobs.run_one()
    assert stored() == left[0] - 12
    jobs.run_all()
    assert waiting() == {retention.JOB: [({}, NEXT)]}


def test_others_have_their_turn_between_two_parts(keeping: Flask) -> None:
    assert jobs.run_one()
    assert EMPTY_LOG in waiting()  # the log is emptied also when it stops here
    with frozen(LATER + timedelta(seconds=1)), transaction() as current:
        jobs.enqueue(current, "tests.other", {}, not_before=LATER - timedelta(hours=1))
    done: list[int] = []
    jobs.job("tests.other")(lambda payload: done.append(stored()))
    before = stored()
    jobs.run_all()
    assert done == [before]
    assert stored() == before - 8


def test_a_failure_does_not_end_the_chain(keeping: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_anything: object) -> None:
        raise RuntimeError("the disk is full")

    before = stored()
    with monkeypatch.context() as broken:
        broken.setattr(purging, "_purge_part", fail)
        assert jobs.run_one()
    assert ({}, NEXT) in waiting()[retention.JOB]
    assert stored() == before
    with frozen(LATER + timedelta(hours=1)):  # the job itself is tried again
        jobs.run_all()
    assert stored() == before - 12


def test_who_enrols_between_two_parts_is_spared(keeping: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    registration = uuid4()
    store(keeping, 4, registration)
    before = stored()
    assert jobs.run_one()
    monkeypatch.setattr(purging, "open_registrations", lambda current: {registration})
    jobs.run_all()
    assert stored() == before - 12


def test_a_setting_that_keeps_more_since_is_followed(keeping: Flask) -> None:
    before = stored()
    assert jobs.run_one()
    keeping.config["HEADSTART_KEEP_STATEMENTS_MONTHS"] = 30
    jobs.run_all()
    assert stored() == before - 4


@pytest.mark.both_databases
def test_retain_is_purge_up_to_a_day_that_it_works_out(keeping: Flask) -> None:
    dry = run_json(keeping, "lrs", "retain", "--months", "3", "--dry-run")
    assert dry == run_json(keeping, "lrs", "purge", "--before", "2032-03-01", "--dry-run")
    assert (dry["before"], dry["to_delete"], dry["deleted"]) == ("2032-03-01", 12, 0)
    refused = run(keeping, "lrs", "retain", "--months", "3", input="n\n")
    assert refused.exit_code == 1
    done = run_json(keeping, "lrs", "retain", "--months", "3", "--yes")
    assert done == {**dry, "deleted": 12, "dry_run": False}


def test_who_asks_for_her_data_gets_what_others_stored_and_what_was_withdrawn(
    app: Flask, as_person: Callable[[str], Any]
) -> None:
    amina = as_person("amina")
    amina.post("/courses/tiny/tests/final/start")
    with app.app_context():
        installation = app.extensions["headstart"].installation
        with transaction() as current:
            person = cast.find_person(current, "amina")
            actor = {"account": {"homePage": installation.iri_base, "name": str(person.actor)}}
            foreign, video = str(uuid4()), str(uuid4())
            services.store(
                current, [statement(id=foreign, actor=actor), statement(id=video, actor=actor)],
                authority=agent("client:x"), tenant=installation.uuid, trusted=False,
            )  # fmt: skip
            own = current.scalars(select(Statement.id).where(Statement.own.is_(True))).first()
            assert own is not None
            services.void(
                current, own, authority=build.authority(installation.iri_base), tenant=installation.uuid
            )
        all_of_hers = {str(one) for one in session().scalars(select(Statement.id))}
        session().rollback()
    told = json.loads(run(app, "person", "export", cast.person_id(app, "amina")).stdout)
    ids = [one["id"] for one in told["statements"]]
    of_courses = [one["id"] for enrolment in told["enrolments"] for one in enrolment["statements"]]
    assert {foreign, video, str(own)} <= set(ids)
    assert not set(ids) & set(of_courses)
    assert len(ids) == len(set(ids))
    assert set(ids) | set(of_courses) <= all_of_hers
