"""Reports may be read where the data lags; nobody misses what she did herself."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from headstart_lms.kernel import replica
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.lrs import parquet
from headstart_lms.lrs.models import Statement
from tests import cast
from tests.browsing import Browser, Page
from tests.commands import run, run_json
from tests.conftest import Prepared, Variant, make_app


class Pair:
    """An application with a replica that stands still until ``follow``."""

    def __init__(self, folder: Path) -> None:
        self.primary, self.replica = folder / "headstart.sqlite3", folder / "replica.sqlite3"
        self.follow()
        app = make_app(Variant(), folder, f"sqlite:///{self.primary}")
        app.config["HEADSTART_REPLICA_URL"] = f"sqlite:///{self.replica}"
        replica.init_app(app)
        self.app = app

    def follow(self) -> None:
        with (
            closing(sqlite3.connect(self.primary)) as source,
            closing(sqlite3.connect(self.replica)) as target,
        ):
            source.backup(target)

    def break_off(self) -> None:
        """Let the replica be away from now on."""
        with self.app.app_context():
            found = replica.find_replica()
            assert found is not None
            found.engine.dispose()
        self.replica.unlink()
        shutil.rmtree(self.replica, ignore_errors=True)
        self.replica.mkdir()  # a folder opens as no database


@pytest.fixture
def pair(prepared: Prepared, tmp_path: Path) -> Iterator[Pair]:
    folder = tmp_path / "instance"
    prepared.copy(Variant(), folder, bundled=False)
    made = Pair(folder)
    yield made
    with made.app.app_context():
        db.engine.dispose()
        found = replica.find_replica()
        assert found is not None
        found.engine.dispose()


def questions(app: Flask) -> Page:
    bruno = cast.sign_in(app, "bruno")
    group = next(a["href"] for a in bruno.open("/teach").links if "/teach/groups/" in a["href"])
    page = bruno.open(group + "/questions")
    assert page.status == 200
    return page


def answer_first(app: Flask) -> tuple[Browser, Page]:
    amina = cast.sign_in(app, "amina")
    page = amina.open("/courses/tiny/first")
    form = page.form(data_item="first-hello")
    return amina, amina.send(form, {"response": form.choices["response"][0]})


def test_a_report_shows_the_figures_of_the_replica_and_the_learner_her_own_answer(pair: Pair) -> None:
    before = questions(pair.app).text
    amina, page = answer_first(pair.app)
    assert "answer=" in page.url
    assert questions(pair.app).text == before  # it lags
    assert "Question 1 of 2 answered" in page.text
    assert "1 question is still open" in amina.open("/courses/tiny/first").text
    assert "Answers 1 " in amina.open("/me/data").text
    pair.follow()
    assert questions(pair.app).text != before


def test_without_its_replica_everything_answers_and_the_log_says_so_once(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    answer_first(pair.app)
    stale = questions(pair.app).text
    pair.break_off()
    with caplog.at_level(logging.WARNING, "headstart.replica"):
        assert questions(pair.app).text != stale
        assert questions(pair.app).status == 200
        assert Browser(pair.app).open("/").status == 200
    assert [record.name for record in caplog.records].count("headstart.replica") == 1
    doctor = {check["name"]: check for check in _doctor(pair.app)}
    assert not doctor["replica"]["is_well"]


def _doctor(app: Flask) -> list[dict[str, object]]:

    found: list[dict[str, object]] = json.loads(run(app, "doctor", "--json").stdout)
    return found


def test_a_replica_that_fails_in_the_middle_is_replaced_by_the_primary(pair: Pair) -> None:
    def read(current: object) -> str:
        if current is not session():
            raise DBAPIError("SELECT", None, RuntimeError("cancelled by recovery"))
        return "from the primary"

    with pair.app.app_context():
        assert replica.read_lagging(read) == "from the primary"
        found = replica.find_replica()
        assert found is not None
        assert found.is_away


def test_inside_a_transaction_nothing_comes_from_the_replica(pair: Pair) -> None:
    with pair.app.app_context():
        with replica.reading_session() as lagging:
            assert lagging is not session()
        with transaction() as current, replica.reading_session() as same:
            assert same is current


def test_nothing_can_be_written_to_the_replica(pair: Pair) -> None:
    with pair.app.app_context(), replica.reading_session() as lagging:
        with pytest.raises(DBAPIError):
            lagging.connection().exec_driver_sql("DELETE FROM lms_setting")


def test_doctor_knows_a_replica_that_follows_from_one_that_does_not(pair: Pair) -> None:
    checks = {check["name"]: check for check in _doctor(pair.app)}
    assert checks["replica"]["is_well"]
    with closing(sqlite3.connect(pair.replica)) as connection, connection:
        connection.execute("UPDATE lms_alembic_version SET version_num = '0000'")
    checks = {check["name"]: check for check in _doctor(pair.app)}
    assert "does not follow" in str(checks["replica"]["message"])


def test_without_the_setting_there_is_no_replica(app: Flask) -> None:
    with app.app_context():
        assert replica.find_replica() is None
        with replica.reading_session() as current:
            assert current is session()


def test_after_doctor_no_connection_to_the_replica_stays_open(pair: Pair) -> None:
    """`serve` asks it before it forks, and two processes cannot share a connection."""
    _doctor(pair.app)
    with pair.app.app_context():
        found = replica.find_replica()
        assert found is not None
        assert (found.engine.pool.checkedin(), found.engine.pool.checkedout()) == (0, 0)  # type: ignore[attr-defined]


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
def test_an_export_whose_replica_cancels_a_query_goes_on_with_the_primary(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    monkeypatch.setattr(parquet, "_STEP", 1)
    answer_first(pair.app)
    pair.follow()
    with pair.app.app_context():
        found = replica.find_replica()
        assert found is not None
        asked = iter(range(1, 1000))

        def cancel(*_event: object) -> None:
            if next(asked) == fails_at:
                raise OperationalError("SELECT", None, RuntimeError("cancelled by recovery"))

        event.listen(found.engine, "before_cursor_execute", cancel)
        count, last = session().execute(select(func.count(), func.max(Statement.seq))).one()
        session().rollback()
        done = run_json(pair.app, "lrs", "export-parquet", str(tmp_path / "out"))
        assert done["statements"] == count > 1
        assert done["complete_to"] == done["last"] == last
        assert found.is_away


def test_an_export_says_how_far_it_is_complete(pair: Pair, tmp_path: Path) -> None:
    with pair.app.app_context():
        last = session().scalar(select(func.max(Statement.seq)))
        session().rollback()
    answer_first(pair.app)  # the replica does not know yet
    said = run(pair.app, "lrs", "export-parquet", str(tmp_path / "out")).stdout
    assert f"is complete to number {last}, stored 20" in said
