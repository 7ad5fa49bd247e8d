"""The cache of progress and the statements say the same; `rebuild --check` sees when they do not."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.assessments.models import Answer
from headstart_lms.cli import headstart
from headstart_lms.cohorts import services as cohorts
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.library import get_course
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import session, transaction
from headstart_lms.lrs import erasure
from headstart_lms.lrs import services as lrs
from headstart_lms.progress import services as progress
from headstart_lms.progress.models import ProgressRow
from headstart_lms.xapi import build, vocabulary

from ..cast import find_person
from ..habits.world import learn, sit_test
from ..make import house_of


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def rebuild(*options: str) -> Result:
    session().rollback()
    result = CliRunner().invoke(headstart, ["progress", "rebuild", *options])
    session().rollback()
    session().expire_all()
    return result


def learn_everything(app: Flask) -> Enrolment:
    with transaction() as current:
        amina = find_person(current, "amina")
        learn(current, house_of(app), amina)
        sit_test(current, house_of(app), amina)
    return enrolment_of(find_person(session(), "amina"))


def enrolment_of(person: Person) -> Enrolment:
    return cohorts.get_enrolment_for(session(), person, get_course(session(), "tiny"))


@pytest.mark.every_app
def test_after_learning_the_cache_is_what_the_statements_say(in_app: Flask) -> None:
    enrolment = learn_everything(in_app)
    row = session().get_one(ProgressRow, enrolment.id)
    assert (row.units_done, row.units_total, row.is_complete) == (2, 2, True)
    result = rebuild("--check")
    assert (result.exit_code, result.output) == (0, "1 enrolments, 0 differences\n")


def test_a_cache_that_lies_is_seen_and_mended(in_app: Flask) -> None:
    enrolment = learn_everything(in_app)
    with transaction() as current:
        row = current.get_one(ProgressRow, enrolment.id)
        right = row.state
        row.state = {**row.state, "items": {}}
    found = rebuild("--check", "--json")
    assert found.exit_code == 1
    told = json.loads(found.output)
    assert [d["registration"] for d in told["differences"]] == [str(enrolment.registration)]
    assert rebuild().exit_code == 0
    assert session().get_one(ProgressRow, enrolment.id).state == right
    assert rebuild("--check").exit_code == 0


def test_checking_changes_nothing(in_app: Flask) -> None:
    enrolment = learn_everything(in_app)
    with transaction() as current:
        current.get_one(ProgressRow, enrolment.id).state = {
            "items": {},
            "tests": {},
            "first": None,
            "last": None,
        }
    rebuild("--check")
    assert session().get_one(ProgressRow, enrolment.id).state["items"] == {}


def test_a_lost_cache_is_made_again(in_app: Flask) -> None:
    enrolment = learn_everything(in_app)
    before = session().get_one(ProgressRow, enrolment.id).state
    with transaction() as current:
        current.delete(current.get_one(ProgressRow, enrolment.id))
    assert rebuild("--check").exit_code == 1
    assert rebuild().exit_code == 0
    assert session().get_one(ProgressRow, enrolment.id).state == before


def test_a_statement_of_a_program_is_no_progress(in_app: Flask) -> None:
    """Whoever has a credential may say that somebody answered; it counts for nothing (DESIGN 3.3)."""
    house = house_of(in_app)
    with transaction() as current:
        amina = find_person(current, "amina")
        enrolment = cohorts.get_enrolment_for(current, amina, get_course(current, "tiny"))
        context = house.context(enrolment, amina, house.book_of(current, enrolment))
        told = build.answered(context, uuid4(), item_id="first-hello", unit_id="first", interaction="choice", score=1.0,
                              success=True, at=now())  # fmt: skip
        authority = {
            "objectType": "Agent",
            "account": {"homePage": "https://other.example", "name": "program"},
        }
        lrs.store(current, [told], authority=authority, tenant=house.installation.uuid, trusted=False)
        before = progress.get_progress(current, enrolment.id).items
    assert rebuild("--check").exit_code == 0
    rebuild()
    assert (
        progress.get_progress(session(), enrolment_of(find_person(session(), "amina")).id).items
        == before
        == {}
    )


def test_answers_in_any_order_with_repetitions_leave_the_same_progress(in_app: Flask) -> None:
    """Two learners get the same statements, one of them shuffled and doubled."""
    house = house_of(in_app)
    chance = random.Random(7)
    states = []
    for shuffled in (False, True):
        with transaction() as current:
            person, _code = _new_learner(in_app, current)
            enrolment, _new = cohorts.enrol(current, person, get_course(current, "tiny"), language="en")
            book = house.book_of(current, enrolment)
            context = house.context(enrolment, person, book)
            told = [
                build.answered(context, UUID(int=hash((shuffled, n)) % 2**64), item_id=item, unit_id="first",
                               interaction="choice", score=score, success=score == 1,
                               at=now().replace(microsecond=0, second=0, minute=n))
                for n, (item, score) in enumerate(
                    [("first-hello", 0.0), ("first-hello", 1.0), ("first-can", 1.0), ("second-story", 0.5)])
            ]  # fmt: skip
            if shuffled:
                told = told + told[:2]
                chance.shuffle(told)
            for one in told:
                house.tell(current, enrolment, book, [one])
            states.append(current.get_one(ProgressRow, enrolment.id).state)
    assert {**states[0], "first": None, "last": None} == {**states[1], "first": None, "last": None}
    assert rebuild("--check").exit_code == 0


def _new_learner(app: Flask, current: Session) -> tuple[Person, str]:
    return accounts.start_learner(
        current,
        app.extensions["headstart"].keyring,
        language="en",
        destination="IT",
        route="labour",
    )


def test_a_voided_statement_no_longer_counts(in_app: Flask) -> None:
    learn_everything(in_app)
    house = house_of(in_app)
    with transaction() as current:
        answer = current.scalars(select(Answer).where(Answer.item_id == "first-hello")).one()
        told = build.statement_id(answer.id, vocabulary.ANSWERED)
        lrs.void(
            current,
            told,
            authority=build.authority(house.installation.iri_base),
            tenant=house.installation.uuid,
        )
    rebuild()
    enrolment = enrolment_of(find_person(session(), "amina"))
    assert "first-hello" not in progress.get_progress(session(), enrolment.id).items
    assert rebuild("--check").exit_code == 0


def test_a_closed_enrolment_keeps_its_result_when_its_statements_are_purged(in_app: Flask) -> None:
    enrolment = learn_everything(in_app)
    with transaction() as current:
        current.execute(update(Enrolment).where(Enrolment.id == enrolment.id).values(closed=now()))
    with transaction() as current:
        assert erasure.purge(current, before=now() + timedelta(days=1)) > 0
    result = rebuild()
    assert (result.exit_code, result.output) == (0, "0 enrolments, 0 differences\n")
    assert session().get_one(ProgressRow, enrolment.id).is_complete
