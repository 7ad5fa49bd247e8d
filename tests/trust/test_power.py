"""The lights go out while a class answers: nothing that was acknowledged is lost, nothing is half there."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from headstart_lms import create_app
from headstart_lms.assessments.models import Answer, Attempt
from headstart_lms.cli import headstart
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.kernel.db import db, session
from headstart_lms.lrs.services import statements_of
from headstart_lms.paths import bundled_courses
from headstart_lms.progress.models import ProgressRow
from headstart_lms.xapi import build
from headstart_lms.xapi import vocabulary as v

from .classroom import SLUG, Burst, Learner, free_port, kill, make_instance, make_learners, serve

LEARNERS, UNITS = 30, 3


def look(folder: Path) -> dict[UUID, set[UUID]]:
    """Return {registration: ids of answers}, after checking that answers, statements and progress say the same."""
    app = create_app({"HEADSTART_INSTANCE": str(folder)})
    found: dict[UUID, set[UUID]] = {}
    with app.app_context():
        for enrolment in session().scalars(select(Enrolment)):
            rows = (
                session()
                .execute(
                    select(Answer.id, Answer.item_id)
                    .join(Attempt)
                    .where(Attempt.enrolment_id == enrolment.id)
                )
                .all()
            )
            told = {
                UUID(one["id"]) for one in statements_of(session(), registration=enrolment.registration)
                if one["verb"]["id"] == v.ANSWERED
            }  # fmt: skip
            assert told == {build.statement_id(row.id, v.ANSWERED) for row in rows}
            state = session().get(ProgressRow, enrolment.id)
            assert set(state.state["items"] if state else {}) == {row.item_id for row in rows}
            found[enrolment.registration] = {row.id for row in rows}
        session().rollback()
        result = CliRunner().invoke(headstart, ["progress", "rebuild", "--check"])
        assert (result.exit_code, result.output) == (0, f"{len(found)} enrolments, 0 differences\n")
        db.engine.dispose()
    connection = sqlite3.connect(folder / "headstart.sqlite3")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    return found


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_kill_in_the_middle_of_a_class_loses_nothing_that_was_acknowledged(
    tmp_path: Path, port: int
) -> None:
    folder = tmp_path / "instance"
    learners = make_learners(make_instance(folder, port), LEARNERS, UNITS)
    planned = sum(len(learner.sheets) for learner in learners)
    with serve(folder, port) as process:
        burst = Burst(port, learners)
        burst.start()
        while len(burst.taken) < planned // 3:
            time.sleep(0.01)
        burst.stop.set()
        before = time.monotonic()
        kill(process)
        burst.join()
    early = [one for one in burst.sent if one.began + one.seconds < before]
    assert {one.status for one in early} == {303}, [one for one in early if one.status != 303][:3]
    assert max(one.seconds for one in burst.sent) < 5
    acknowledged = {one.answer_id for one in burst.taken}
    assert planned // 3 <= len(acknowledged) < planned

    stored = look(folder)
    assert acknowledged <= set().union(*stored.values())

    with serve(folder, port):
        again = Burst(port, learners)  # everything once more: what was stored already is the same answer
        again.start()
        again.join()
    assert {one.status for one in again.sent} == {303}
    assert _planned(learners) == look(folder)


def _planned(learners: list[Learner]) -> dict[UUID, set[UUID]]:
    return {learner.registration: {sheet.answer_id for sheet in learner.sheets} for learner in learners}


def test_a_course_that_is_corrected_during_the_class_stops_nobody(tmp_path: Path, port: int) -> None:
    """Elsewhere one slow exam was caused by editing the course while it ran (TRUST 6.4)."""
    folder = tmp_path / "instance"
    learners = make_learners(make_instance(folder, port), 12, 2)
    course = shutil.copytree(bundled_courses() / SLUG, tmp_path / SLUG)
    head = (course / "course.yaml").read_text("utf-8")
    edition, correction = re.findall(r'^version: "(\d+)\.(\d+)"', head, re.M)[0]
    newer = f'version: "{edition}.{int(correction) + 1}"'
    (course / "course.yaml").write_text(re.sub(r'^version: ".*"', newer, head, flags=re.M), "utf-8")
    with serve(folder, port):
        burst = Burst(port, learners)
        burst.start()
        while len(burst.taken) < 20:
            time.sleep(0.01)
        done = subprocess.run(
            [str(Path(sys.executable).with_name("headstart")), "course", "publish", str(course)],
            env={**os.environ, "HEADSTART_INSTANCE": str(folder)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        burst.join()
    assert done.stdout.endswith(": correction\n")
    assert {one.status for one in burst.sent} == {303}
    assert max(one.seconds for one in burst.sent) < 5
    assert look(folder) == _planned(learners)


def test_a_polite_stop_lets_everybody_finish_her_answer(tmp_path: Path, port: int) -> None:
    folder = tmp_path / "instance"
    learners = make_learners(make_instance(folder, port), 8, 1)
    with serve(folder, port) as process:
        burst = Burst(port, learners)
        burst.start()
        while len(burst.taken) < 10:
            time.sleep(0.01)
        burst.stop.set()
        process.terminate()
        burst.join()
        assert process.wait(20) == 0
    assert {one.answer_id for one in burst.taken} == set().union(*look(folder).values())


def test_one_learner_who_taps_many_times_at_once_gives_one_answer(tmp_path: Path, port: int) -> None:
    folder = tmp_path / "instance"
    (learner,) = make_learners(make_instance(folder, port), 1, 1)
    impatient = [Learner(learner.token, learner.registration, learner.sheets[:1]) for _tap in range(12)]
    with serve(folder, port):
        burst = Burst(port, impatient)
        burst.start()
        burst.join()
    assert [one.status for one in burst.sent] == [303] * 12
    assert look(folder) == {learner.registration: {learner.sheets[0].answer_id}}
