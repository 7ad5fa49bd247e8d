"""Sounds that may be heard only so often, and tests that are closed though one of them cannot be."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.assessments import services as assessments
from headstart_lms.assessments.models import Sitting
from headstart_lms.courses.services import list_courses
from headstart_lms.kernel import jobs
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import services as learning
from tests import cast, make
from tests.browsing import Browser
from tests.conftest import Clock

ITALIAN = "it-italiano-a1"


def start_listening(app: Flask) -> tuple[UUID, str, int]:
    """Begin a test with a sound for Amina; return the sitting, the question and how often it may be heard."""
    make.make_bundled_course(app, ITALIAN)
    house = make.house_of(app)
    book = next(b for b in list_courses(session(), house.library, "en") if b.course.slug == ITALIAN)
    heard = {item.id: item.plays for item in book.course.bank if item.plays is not None}
    with transaction() as current:
        amina = cast.find_person(current, "amina")
        learning.enrol(current, house, amina, ITALIAN, language="en")
        for blueprint in book.course.blueprints:
            if blueprint.mode == "supervised":
                continue
            sitting = learning.start_test(current, house, amina, ITALIAN, blueprint.id)
            for name in assessments.drawn_items(sitting):
                if name in heard:
                    return sitting.id, name, heard[name]
    raise AssertionError("no test of this course has a sound")


def test_only_listening_counts_as_listening(app: Flask, as_person: Callable[[str], Browser]) -> None:
    with app.app_context():
        sitting_id, item_id, plays = start_listening(app)
    client, path = as_person("amina").client, f"/sittings/{sitting_id}/items/{item_id}/sound"

    def ask(method: str = "GET", **headers: str) -> tuple[int, int]:
        with client.open(path, method=method, headers=headers) as answer:
            return answer.status_code, len(answer.get_data())

    for _probe in range(plays + 1):  # what a phone asks before it plays
        assert ask("HEAD")[0] == 200
        assert ask(Range="bytes=0-1") == (206, 2)
    for _time in range(plays):
        status, length = ask(Range="bytes=0-")
        assert status in (200, 206)
        assert length > 1000
    assert ask()[0] == 409


def test_a_test_that_cannot_be_closed_does_not_keep_the_others_open(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        house = make.house_of(app)
        state = app.extensions["headstart"]
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            broken = learning.start_test(current, house, amina, "tiny", "final").id
            olena, _code = accounts.start_learner(
                current, state.keyring, language="en", destination="IT", route="labour"
            )
            learning.enrol(current, house, olena, "tiny", language="en")
            learning.start_test(current, house, olena, "tiny", "final")
        real = learning.finish_test

        def finish(current: object, house: object, person: object, sitting: Sitting) -> object:
            if sitting.id == broken:
                raise RuntimeError("its course cannot be read any more")
            return real(current, house, person, sitting)  # type: ignore[arg-type]

        monkeypatch.setattr(learning, "finish_test", finish)
        clock.move(minutes=11)
        jobs.run_all()
        left = session().scalars(select(Sitting.id).where(Sitting.finished.is_(None))).all()
        assert left == [broken]
        waiting = (
            session().scalars(select(jobs.Job).where(jobs.Job.kind == "learning.close-overdue-tests")).all()
        )
        assert [job.error for job in waiting] == ["ExceptionGroup", "ExceptionGroup"]
