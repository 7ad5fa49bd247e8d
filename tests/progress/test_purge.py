"""`headstart lrs purge`: old statements go, those of courses people are in stay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select, update

from headstart_lms.cli import headstart
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.kernel.clock import frozen, now
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.lrs import erasure, services
from headstart_lms.lrs.models import Statement, Tombstone

from ..cast import find_person
from ..habits.world import learn
from ..lrs.lrs_strategies import agent, statement
from ..make import house_of


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    """A learner is in a course; a program stored three statements a year ago."""
    with app.app_context():
        tenant = app.extensions["headstart"].installation.uuid
        with transaction() as current:
            learn(current, house_of(app), find_person(current, "amina"))
        with transaction() as current:
            services.store(
                current, [statement() for _ in range(3)], authority=agent("x"), tenant=tenant, trusted=False
            )
        yield app


def run(*arguments: str, **options: Any) -> Result:
    session().rollback()
    with frozen(now() + timedelta(days=400)):
        result = CliRunner().invoke(headstart, ["lrs", "purge", *arguments], **options)
    session().rollback()
    session().expire_all()
    return result


def stored() -> int:
    return session().scalar(select(func.count()).select_from(Statement)) or 0


TOMORROW = f"{now() + timedelta(days=1):%Y-%m-%d}"


@pytest.mark.both_databases
def test_what_people_are_learning_stays_and_the_rest_goes(in_app: Flask) -> None:
    before = stored()
    tried = json.loads(run("--before", TOMORROW, "--dry-run", "--json").output)
    assert tried == {
        "before": TOMORROW, "stored": before, "spared": before - 3, "to_delete": 3, "deleted": 0, "months": [],
        "dry_run": True,
    }  # fmt: skip
    assert stored() == before
    done = run("--before", TOMORROW, "--yes", "--json")
    assert json.loads(done.output)["deleted"] == 3
    assert stored() == before - 3
    assert session().scalar(select(func.count()).select_from(Tombstone)) == 3
    assert CliRunner().invoke(headstart, ["progress", "rebuild", "--check"]).exit_code == 0
    assert run("--before", TOMORROW, "--yes").output.endswith("0 statements deleted\n")


def test_when_the_course_is_closed_its_statements_go_too(in_app: Flask) -> None:
    with transaction() as current:
        current.execute(update(Enrolment).values(closed=now()))
    assert run("--before", TOMORROW, "--yes").exit_code == 0
    assert stored() == 0


def test_it_counts_first_and_asks(in_app: Flask) -> None:
    before = stored()
    result = run("--before", TOMORROW, input="n\n")
    assert result.exit_code == 1
    assert (
        f"{before} statements were stored before {TOMORROW}: {before - 3} of open courses stay, 3 go."
        in result.output
    )
    assert stored() == before
    assert run("--before", TOMORROW, input="y\n").exit_code == 0
    assert stored() == before - 3


def test_newer_statements_stay(in_app: Flask) -> None:
    before = stored()
    assert run("--before", "2020-01-01", "--yes").output.endswith("0 statements deleted\n")
    assert stored() == before


@pytest.mark.parametrize("day, code", [("2999-01-01", 1), ("yesterday", 2), ("2026-02-30", 2)])
def test_a_day_that_is_none_or_still_to_come_is_refused(in_app: Flask, day: str, code: int) -> None:
    result = run("--before", day, "--yes")
    assert result.exit_code == code
    assert "Traceback" not in result.output


def test_it_goes_on_where_one_part_ends(in_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "_PART", 2)
    before = stored()
    assert json.loads(run("--before", TOMORROW, "--yes", "--json").output)["deleted"] == 3
    assert stored() == before - 3


@pytest.mark.both_databases
def test_as_many_open_courses_as_there_are_can_be_spared(in_app: Flask) -> None:
    """More than a database takes parameters in one statement."""
    with transaction() as current:
        spare = [uuid4() for _ in range(70_000)]
        assert erasure.purge(current, before=now() + timedelta(days=1), spare=spare, dry_run=True) == stored()
    db.session.rollback()
