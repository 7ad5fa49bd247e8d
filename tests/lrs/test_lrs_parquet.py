"""Statements as Parquet: every one once, no names, the same again; and the queries of the documentation."""

from __future__ import annotations

import json
import re
import stat
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import duckdb
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from headstart_lms.kernel.clock import frozen
from headstart_lms.kernel.db import db, transaction
from headstart_lms.kernel.db import session as our_session
from headstart_lms.kernel.errors import Conflict
from headstart_lms.lrs import analytics, parquet, services
from headstart_lms.lrs.models import Statement
from headstart_lms.xapi import build
from headstart_lms.xapi import vocabulary as v
from tests.commands import run, run_json
from tests.conftest import Prepared, Variant, make_app

from .conftest import IRI_BASE, TENANT
from .lrs_strategies import agent, statement, statements_2

US = build.authority(IRI_BASE)
COURSE = uuid4()
DOC = Path(__file__).resolve().parents[2] / "docs" / "analytics.md"
#: A Monday, later than today: ``stored`` follows the clock of the test.
MONDAY = datetime(2031, 3, 3, 9, 0, tzinfo=UTC)


class Learner:
    """Somebody whose acts are told as our own statements."""

    def __init__(self) -> None:
        self.actor, self.registration = uuid4(), uuid4()
        self.context = build.Context(IRI_BASE, self.actor, self.registration, COURSE, "1.0", "ar")

    def answer(self, item: str, score: float, at: datetime, unit: str = "first") -> dict[str, Any]:
        return build.answered(
            self.context, uuid4(), item_id=item, unit_id=unit, interaction="choice", response="a", score=score,
            success=score == 1, at=at,
        )  # fmt: skip


def tell(at: datetime, *made: dict[str, Any], own: bool = True) -> None:
    with frozen(at), transaction() as current:
        services.store(
            current,
            made,
            authority=US if own else agent("client:k1"),
            tenant=TENANT,
            trusted=own,
            version="2.0.0",
        )


def export(app: Flask, folder: Path, **options: Any) -> parquet.Exported:
    keyring = app.extensions["headstart"].keyring
    return parquet.export(
        our_session(), folder, keyring=keyring, iri_base=IRI_BASE, **{"recipient": "analytics", **options}
    )


def rows(folder: Path) -> list[dict[str, Any]]:
    """Return everything a folder holds, in order."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "FROM read_parquet(?) ORDER BY seq", [str(folder / "statements/*/*.parquet")]
        )
        assert found.description is not None
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def stored(current: Session) -> list[Any]:
    found = current.execute(
        select(Statement.seq, Statement.id, Statement.payload).order_by(Statement.seq)
    ).all()
    current.rollback()
    return list(found)


def test_every_statement_is_in_it_once_in_columns(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        amina = Learner()
        tell(MONDAY, build.registered(amina.context, at=MONDAY), amina.answer("i1", 0.5, MONDAY))
        other = statement()
        other["result"] = {
            "duration": "PT1M30.5S",
            "score": {"raw": 7, "min": 0, "max": 10},
            "completion": True,
        }
        other["context"] = {"platform": 'A, "B" and\\N'}
        tell(MONDAY, other, own=False)
        done = export(app, tmp_path / "out")
        found = rows(tmp_path / "out")
        assert [(row["seq"], row["id"]) for row in found] == [(r.seq, r.id) for r in stored(our_session())]
        assert done.statements == 3
        assert done.files == ["statements/month=2031-03/0000000000000001-0000000000000003.parquet"]
        registered, answered, foreign = found
        assert (registered["verb"], registered["part"], registered["course"]) == (v.REGISTERED, None, COURSE)
        assert (answered["part"], answered["unit"], answered["score"], answered["success"]) == (
            "i1", "first", 0.5, False,
        )  # fmt: skip
        assert answered["timestamp"] == MONDAY.replace(tzinfo=None)
        assert answered["actor"] == registered["actor"] not in (amina.actor, amina.registration)
        assert answered["registration"] == registered["registration"] != amina.registration
        assert (foreign["own"], foreign["duration"], foreign["score"]) == (False, 90.5, 0.7)
        assert foreign["platform"] == 'A, "B" and\\N'
        assert set(found[0]) - {"month"} == set(analytics.COLUMNS)


def test_nothing_in_it_names_a_person(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        amina = Learner()
        tell(MONDAY, amina.answer("i1", 1, MONDAY))
        other = {**statement(), "actor": {"mbox": "mailto:amina@example.org", "name": "Amina Haddad"}}
        tell(MONDAY, other, own=False)
        export(app, tmp_path / "out")
        with_payload = export(app, tmp_path / "raw", with_payload=True)
        assert with_payload.statements == 2
        kept = str(rows(tmp_path / "out"))
        for word in (str(amina.actor), str(amina.registration), "amina", "Amina", '"a"'):
            assert word not in kept
        raw = rows(tmp_path / "raw")
        assert [row["payload"].encode() for row in raw] == [bytes(r.payload) for r in stored(our_session())]


def test_each_recipient_knows_people_by_names_of_its_own(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        tell(MONDAY, *[Learner().answer("i1", 1, MONDAY) for _ in range(3)])
        for folder, recipient in (("a", "ministry"), ("b", "university"), ("c", "ministry")):
            export(app, tmp_path / folder, recipient=recipient)
        a, b, c = (rows(tmp_path / name) for name in "abc")
        assert [row["actor"] for row in a] == [row["actor"] for row in c]
        assert not {row["actor"] for row in a} & {row["actor"] for row in b}
        assert not {row["registration"] for row in a} & {row["registration"] for row in b}
        with pytest.raises(Conflict, match="for ministry"):
            export(app, tmp_path / "a", recipient="university")


def test_run_again_it_adds_what_is_new_and_changes_no_file(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        out = tmp_path / "out"
        tell(MONDAY, *[statement() for _ in range(4)], own=False)
        tell(MONDAY + timedelta(days=40), *[statement() for _ in range(3)], own=False)
        first = export(app, out)
        assert [name.split("/")[1] for name in first.files] == ["month=2031-03", "month=2031-04"]
        before = {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in out.rglob("*.parquet")}
        assert export(app, out).files == []
        tell(MONDAY + timedelta(days=41), statement(), own=False)
        tell(MONDAY + timedelta(days=80), statement(), own=False)
        assert export(app, out).statements == 2
        assert {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in before} == before
        assert [row["id"] for row in rows(out)] == [r.id for r in stored(our_session())]
        assert not list(out.rglob("*.csv"))
        for path in [*out.rglob("*.parquet"), out]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_since_leaves_out_what_was_stored_before(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        tell(MONDAY, *[statement() for _ in range(4)], own=False)
        tell(MONDAY + timedelta(days=1), *[statement() for _ in range(3)], own=False)
        assert export(app, tmp_path / "a", since=MONDAY + timedelta(hours=5)).statements == 3
        assert export(app, tmp_path / "b", since=MONDAY + timedelta(days=9)).statements == 0


def test_a_run_that_was_stopped_goes_on(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_LARGEST", 10)
    monkeypatch.setattr(parquet, "_STEP", 7)
    with app.app_context():
        out = tmp_path / "out"
        tell(MONDAY, *[statement() for _ in range(35)], own=False)

        def begin(steps: int) -> Callable[[int], None]:
            left = iter(range(25))

            def advance(n: int) -> None:
                if next(left, None) is None:
                    raise KeyboardInterrupt

            return advance

        with pytest.raises(KeyboardInterrupt):
            export(app, out, begin=begin)
        assert len(rows(out)) == 20
        export(app, out)
        assert [row["id"] for row in rows(out)] == [r.id for r in stored(our_session())]


def test_a_folder_with_something_else_in_it_is_left_alone(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        tell(MONDAY, statement(), own=False)
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "a.jpg").write_text("mine")
        with pytest.raises(Conflict, match="not empty"):
            export(app, tmp_path / "photos")
        assert [file.name for file in (tmp_path / "photos").iterdir()] == ["a.jpg"]
        export(app, tmp_path / "out")
        with pytest.raises(Conflict):
            export(app, tmp_path / "out", with_payload=True)


@given(made=statements_2)
def test_any_valid_statement_has_columns(made: dict[str, Any]) -> None:
    names = {"x": UUID(int=1)}
    found = analytics.columns_of({"id": str(uuid4()), "timestamp": "2026-11-22T00:00:00Z", **made}, IRI_BASE,
                                 lambda name: names["x"])  # fmt: skip
    assert set(found) | {"seq", "stored", "own", "voided"} == set(analytics.COLUMNS)
    assert json.dumps(found, default=str)


@given(st.floats(0, 1e6), st.integers(0, 59), st.integers(0, 48), st.integers(0, 400))
def test_durations_are_seconds(s: float, m: int, h: int, d: int) -> None:
    assert analytics.seconds(f"P{d}DT{h}H{m}M{s:.2f}S") == pytest.approx(
        d * 86400 + h * 3600 + m * 60 + round(s, 2)
    )
    assert analytics.seconds(f"P{d + 1}W") == (d + 1) * 604800
    assert analytics.seconds(f"P{d + 1}M") is None
    assert analytics.seconds(f"P{d + 1}Y") is None


# --- the documentation ------------------------------------------------------------------------------


def documented() -> dict[str, str]:
    """Return the queries of the page by the name in their first line; the view is ``view``."""
    blocks = re.findall(r"```sql\n(.*?)```", DOC.read_text("utf-8"), re.S)
    names = [re.match(r"-- (\w+)\n", block) for block in blocks]
    return {name[1] if name else "view": block for name, block in zip(names, blocks, strict=True)}


def ask(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, *, fewest: int = 5
) -> list[tuple[Any, ...]]:
    monkeypatch.chdir(folder)
    with duckdb.connect() as connection:
        connection.execute(documented()["view"])
        assert ">= 5" in documented()[name]
        return connection.execute(documented()[name].replace(">= 5", f">= {fewest}")).fetchall()


def test_the_page_has_the_queries_it_promises_and_every_column() -> None:
    assert set(documented()) == {"view", "difficulty", "active", "time", "funnel"}
    table = DOC.read_text("utf-8").split("## What is in it")[1].split("**Who is in it.**")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (.*?) \|", table, re.M)))
    assert len(named) == len(set(named))
    assert set(named) == set(analytics.COLUMNS | analytics.PAYLOAD)


@pytest.fixture
def classroom(app: Flask, tmp_path: Path) -> Path:
    """Eight learners; one of them was voided out of it, four in another course are too few to show."""
    with app.app_context():
        voided = []
        for number in range(8):
            one = Learner()
            at = MONDAY + timedelta(days=7 * (number % 2))
            acts = [build.registered(one.context, at=at)]
            acts += [
                one.answer("easy", 1, at + timedelta(minutes=1)),
                one.answer("hard", 1 if number < 2 else 0, at + timedelta(minutes=1 + number)),
                one.answer("hard", 1, at + timedelta(minutes=40)),  # later, and after a pause
                one.answer("rare", 1, at + timedelta(minutes=41)) if number < 4 else one.answer(
                    "easy", 0, at + timedelta(minutes=41)),
            ]  # fmt: skip
            if number < 6:
                acts.append(build.completed_unit(one.context, "first", at=at))
            if number < 5:
                acts.append(
                    build.finished_test(
                        one.context, uuid4(), blueprint_id="final", score=0.9, passed=True, at=at
                    )
                )
                acts.append(build.completed_course(one.context, at=at))
            if number < 1:
                acts.append(build.earned(one.context, uuid4(), at=at))
            if number == 7:
                voided = [UUID(act["id"]) for act in acts]
            tell(MONDAY + timedelta(days=10), *acts)
        few = build.Context(IRI_BASE, uuid4(), uuid4(), uuid4(), "1.0", "ar")
        tell(MONDAY + timedelta(days=10), build.registered(few, at=MONDAY))
        tell(MONDAY + timedelta(days=10), statement(), own=False)
        export(app, tmp_path / "export")
        with frozen(MONDAY + timedelta(days=11)), transaction() as current:
            for statement_id in voided:
                services.void(current, statement_id, authority=US, tenant=TENANT)
        export(app, tmp_path / "export")  # told after the rows were written
        assert our_session().scalar(select(func.count()).select_from(Statement)) == len(
            rows(tmp_path / "export")
        )
    return tmp_path


def test_difficulty_counts_first_answers_and_hides_small_groups(
    classroom: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(classroom, "difficulty", monkeypatch) == [
        (COURSE, "first", "hard", 7, round(2 / 7, 3)), (COURSE, "first", "easy", 7, 1.0),
    ]  # fmt: skip


def test_active_learners_are_counted_by_week(classroom: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # the second week has three learners, of whom one was voided: too few to show
    assert ask(classroom, "active", monkeypatch) == []
    assert ask(classroom, "active", monkeypatch, fewest=3) == [
        (MONDAY.date(), 4, 16), ((MONDAY + timedelta(days=7)).date(), 3, 12),
    ]  # fmt: skip


def test_time_leaves_out_pauses(classroom: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((course, unit, learners, half, most),) = ask(classroom, "time", monkeypatch)
    # learner n needs n minutes between the first two answers (one: none) and one after the pause
    assert (course, unit, learners) == (COURSE, "first", 7)
    assert half == 4.0
    assert 6 <= most <= 7


def test_the_funnel_narrows(classroom: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(classroom, "funnel", monkeypatch) == [(COURSE, 7, 7, 6, 5, 5, 1)]


def test_the_command_says_what_it_wrote_and_how_to_get_duckdb(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = prepared.copy(Variant(), tmp_path / "instance", bundled=False)
    made = make_app(Variant(), tmp_path / "instance", address)
    done = run_json(made, "lrs", "export-parquet", str(tmp_path / "out"))
    assert done["statements"] == len(rows(tmp_path / "out")) >= 1
    assert "0 statements" in run(made, "lrs", "export-parquet", str(tmp_path / "out")).stdout
    monkeypatch.setitem(sys.modules, "duckdb", None)
    refused = run(made, "lrs", "export-parquet", str(tmp_path / "other"))
    assert refused.exit_code == 1
    assert "headstart-lms[analytics]" in refused.stderr
    with made.app_context():
        db.engine.dispose()
