"""Statements in monthly partitions: the same answers, months that come, months that go."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from headstart_lms import moving
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.kernel import jobs, migrate
from headstart_lms.kernel.clock import frozen, now
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.kernel.errors import Conflict
from headstart_lms.lrs import cutting, head, panel, partitions, query, services
from headstart_lms.lrs import terms as t
from headstart_lms.lrs.models import Attachment, Launched, Posting, Statement, Term, Tombstone
from headstart_lms.lrs.retention import retain_months
from headstart_lms.privacy import retention
from tests.commands import run, run_json
from tests.conftest import Prepared, Variant, make_app
from tests.journeys.learner import Learner

from .lrs_strategies import agent, statement

TENANT = uuid4()
THEM = agent("client:x")


@pytest.fixture
def app(prepared: Prepared, tmp_path: Path) -> Iterator[Flask]:
    """The whole application on PostgreSQL, not partitioned yet."""
    address = prepared.copy(Variant(database="postgresql"), tmp_path / "instance", bundled=False)
    made = make_app(Variant(database="postgresql"), tmp_path / "instance", address)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()
    prepared.drop(address)


#: ``stored`` never goes back, and the prepared database was filled today: July 2026 stands for the month after.
SHIFT = partitions.month_of(datetime.now(UTC)) + 1 - partitions.month_of(datetime(2026, 7, 1, tzinfo=UTC))


def at(year: int, month: int, day: int = 15) -> datetime:
    """Return noon of a day of a month that stands for the one named."""
    number = partitions.month_of(datetime(year, month, 1, tzinfo=UTC)) + SHIFT
    return partitions.begin_of(number) + timedelta(days=day - 1, hours=12)


def label(year: int, month: int) -> str:
    return f"{at(year, month):%Y-%m}"


def stored_in(year: int, month: int) -> int:
    """Return how many statements the partition of a month holds."""
    part = next(p for p in partitions.list_partitions(session()) if p.label == label(year, month))
    held = (
        select(func.count())
        .select_from(Statement)
        .where(Statement.seq >= part.low, Statement.seq < part.high)
    )
    return session().scalar(held) or 0


def labels() -> list[str]:
    return [part.label for part in partitions.list_partitions(session())]


def store(when: datetime, *made: dict[str, Any], registration: UUID | None = None) -> list[str]:
    """Store statements as another program did at an instant; return their ids."""
    for one in made:
        if registration is not None:
            one.setdefault("context", {})["registration"] = str(registration)
    with frozen(when), transaction() as current:
        stored = services.store(current, made, authority=THEM, tenant=TENANT, trusted=False)
    return [str(one.id) for one in stored]


def fill_four_months() -> None:
    """Four months, the third of them without anything."""
    for year, month, count in ((2026, 7, 40), (2026, 8, 30), (2026, 10, 25), (2026, 11, 5)):
        store(at(year, month), *[statement() for _ in range(count)])


def convert(when: datetime) -> cutting.Plan:
    with frozen(when), transaction() as current:
        return cutting.convert(current, now(), lambda steps: lambda n: None)


def turn(when: datetime) -> None:
    """Let the job loop run at an instant."""
    with frozen(when):
        jobs.run_all()


def payloads(current: Session) -> list[bytes]:
    return [bytes(p) for p in current.scalars(select(Statement.payload).order_by(Statement.seq))]


def walk(
    current: Session, *keys: t.Key, tenant: UUID | None = TENANT, step: int = 7, **filters: Any
) -> list[str]:
    """Return the ids of a whole query, page by page."""
    upper, after, found = head.last(current)[0], None, []
    while True:
        page = query.find_page(
            current, tenant, query.Filters(keys, **filters), limit=step, upper=upper, after=after
        )
        found += [json.loads(one.payload)["id"] for one in page.found]
        if page.after is None:
            return found
        after = page.after


def questions(current: Session) -> list[list[str]]:
    """Return what a reader finds by every kind of filter, both ways."""
    terms = current.execute(select(Term.kind, Term.value).order_by(Term.id)).all()
    keys = [(row.kind, row.value) for row in terms if row.kind != t.AUTHORITY][:25]
    found = [walk(current, key, ascending=ascending) for key in keys for ascending in (True, False)]
    for instant in (at(2026, 8, 1), at(2026, 9, 10), at(2026, 11, 15)):
        micros = head.microseconds(instant)
        found += [walk(current, since=micros, ascending=True), walk(current, until=micros)]
    return [*found, walk(current), walk(current, tenant=None)]


def test_everything_is_found_as_before_and_the_schema_is_that_of_the_models(app: Flask) -> None:
    with app.app_context():
        fill_four_months()
        before, found = payloads(session()), questions(session())
        session().rollback()
        plan = convert(at(2026, 11, 20))
        assert [(p.label, n) for p, n in zip(plan.parts, plan.statements, strict=True)] == [
            (label(2026, 6), len(before) - 100), (label(2026, 7), 40), (label(2026, 8), 30), (label(2026, 10), 25),
            (label(2026, 11), 5), (label(2026, 12), 0),
        ]  # fmt: skip
        assert payloads(session()) == before
        assert questions(session()) == found
        session().rollback()
        assert migrate.differences(db.engine) == []
        assert session().scalar(text("SELECT count(*) FROM ONLY lms_statement")) == 0
        db.session.remove()
        db.engine.dispose()
        assert session().scalar(text("SHOW enable_partitionwise_join")) == "on"


def test_turned_back_it_is_what_it_was(app: Flask) -> None:
    with app.app_context():
        fill_four_months()
        before = payloads(session())
        session().rollback()
        convert(at(2026, 11, 20))
        store(at(2026, 11, 21), statement())
        turn(at(2026, 12, 2))
        last = store(at(2026, 12, 3), statement())
        assert run(app, "lrs", "partition", "--undo").exit_code == 0
        assert payloads(session())[: len(before)] == before
        assert walk(session())[0] == last[0]
        assert migrate.partitions_of(session().connection()) == {}
        session().rollback()
        assert migrate.differences(db.engine) == []
        with pytest.raises(Exception, match="uq_lms_statement_id_tenant_id"), db.engine.begin() as connection:
            connection.execute(text(
                "INSERT INTO lms_statement SELECT seq + 1000, id, tenant_id, stored + 1000, voided, own, payload "
                "FROM lms_statement ORDER BY seq DESC LIMIT 1"))  # fmt: skip
        assert run(app, "lrs", "partition", "--undo").exit_code == 1


def test_an_id_is_known_in_whatever_month_it_was_stored(app: Flask) -> None:
    with app.app_context():
        old = statement()
        store(at(2026, 7), old)
        convert(at(2026, 11, 20))
        turn(at(2026, 12, 2))
        with transaction() as current:
            (again,) = services.store(current, [old], authority=THEM, tenant=TENANT, trusted=False)
            assert again.outcome == "duplicate"
        other = {**old, "actor": agent("somebody else")}
        with pytest.raises(Conflict):
            store(at(2026, 12, 3), other)
        voiding = {**statement(), "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
                   "object": {"objectType": "StatementRef", "id": old["id"]}}  # fmt: skip
        store(at(2026, 12, 3), voiding)
        assert query.find_statement(session(), TENANT, UUID(old["id"]), voided=True) is not None


def test_the_same_id_from_two_sides_at_the_turn_of_a_month_is_stored_once(app: Flask) -> None:
    with app.app_context():
        convert(at(2026, 11, 20))
        turn(at(2026, 12, 1))
    made = [statement() for _ in range(12)]
    outcomes: list[str] = []

    def write() -> None:
        with app.app_context():
            for one in made:
                with transaction() as current:
                    (result,) = services.store(current, [one], authority=THEM, tenant=TENANT, trusted=False)
                outcomes.append(result.outcome)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["duplicate"] * 36 + ["stored"] * 12


def test_a_new_month_has_its_own_partition_and_a_walk_goes_on_over_the_turn(app: Flask) -> None:
    with app.app_context():
        ids = store(at(2026, 11, 10), *[statement() for _ in range(5)])
        convert(at(2026, 11, 20))
        ids += store(at(2026, 11, 30), *[statement() for _ in range(5)])
        upper = head.last(session())[0]
        first = query.find_page(session(), TENANT, query.Filters(ascending=True), limit=4, upper=upper)
        session().rollback()
        turn(at(2026, 12, 1))
        new = store(at(2026, 12, 1), *[statement() for _ in range(5)])
        december = partitions.month_of(at(2026, 12))
        seqs = session().scalars(select(Statement.seq).order_by(Statement.seq)).all()
        assert seqs[-5:] == list(
            range(partitions.first_number(december), partitions.first_number(december) + 5)
        )
        assert labels()[-3:] == [label(2026, 11), label(2026, 12), label(2027, 1)]
        rest = query.find_page(
            session(), TENANT, query.Filters(ascending=True), limit=100, upper=upper, after=first.after
        )
        assert [json.loads(f.payload)["id"] for f in first.found + rest.found] == ids
        assert walk(session(), ascending=True) == ids + new
        assert walk(session(), since=head.microseconds(at(2026, 12, 1) - timedelta(hours=1))) == new[::-1]
        assert stored_in(2026, 12) == 5


def test_the_panel_counts_statements_over_the_turn_of_a_month(app: Flask) -> None:
    with app.app_context():
        fill_four_months()
        convert(at(2026, 11))
        store(at(2026, 11, 30), *[statement() for _ in range(3)])
        turn(partitions.begin_of(partitions.month_of(at(2026, 12))))
        store(at(2026, 12, 1) - timedelta(hours=11), *[statement() for _ in range(4)])
        with frozen(at(2026, 12, 1) - timedelta(hours=10)):
            seen = panel.throughput(session())
        assert (seen.minute, seen.day) == (0, 7)
        assert sum(hour.count for hour in seen.hours) == 7


def test_months_without_a_running_job_lose_nothing(app: Flask) -> None:
    with app.app_context():
        convert(at(2026, 11, 20))
        ids = store(at(2027, 1, 10), statement()) + store(at(2027, 4, 10), statement())
        turn(at(2027, 4, 11))
        ids += store(at(2027, 4, 12), statement())
        turn(at(2027, 4, 13))  # nothing is due; nothing happens
        assert walk(session(), ascending=True) == ids
        assert labels()[-4:] == [label(2026, 11), label(2026, 12), label(2027, 4), label(2027, 5)]
        assert stored_in(2027, 4) == 1


def test_a_conversion_that_is_stopped_changes_nothing(app: Flask) -> None:
    with app.app_context():
        fill_four_months()
        before = payloads(session())
        session().rollback()

        def begin(steps: int) -> Callable[[int], None]:
            def advance(n: int) -> None:
                raise KeyboardInterrupt

            return advance

        with pytest.raises(KeyboardInterrupt), transaction() as current:
            cutting.convert(current, at(2026, 11, 20), begin)
        assert payloads(session()) == before
        assert not partitions.is_partitioned(session())
        session().rollback()
        assert migrate.differences(db.engine) == []


def test_the_command_says_what_it_would_do_does_it_and_refuses_a_second_time(app: Flask) -> None:
    with app.app_context():
        store(now(), statement())
        plan = run_json(app, "lrs", "partition", "--dry-run")
        assert not plan["done"]
        assert not partitions.is_partitioned(session())
        session().rollback()
        done = run_json(app, "lrs", "partition")
        assert done["done"]
        assert done["partitions"] == plan["partitions"]
        session().rollback()
        again = run(app, "lrs", "partition")
        assert again.exit_code == 1
        assert "already" in again.stderr
        checks = {check["name"]: check for check in json.loads(run(app, "doctor", "--json").stdout)}
        assert checks["partitions"]["is_well"]
        with frozen(at(2026, 9)):  # nobody does jobs
            checks = {check["name"]: check for check in json.loads(run(app, "doctor", "--json").stdout)}
            assert not checks["partitions"]["is_well"]
        waiting = session().scalars(select(jobs.Job.kind).where(jobs.Job.kind == partitions.JOB)).all()
        assert waiting == [partitions.JOB]


def test_on_sqlite_the_command_says_what_to_do(prepared: Prepared, tmp_path: Path) -> None:
    address = prepared.copy(Variant(), tmp_path / "sqlite", bundled=False)
    made = make_app(Variant(), tmp_path / "sqlite", address)
    refused = run(made, "lrs", "partition")
    assert refused.exit_code == 1
    assert "move-database" in refused.stderr
    with made.app_context():
        db.engine.dispose()


def test_a_partitioned_installation_moves_and_its_tables_go_with_the_last_revision(
    app: Flask, tmp_path: Path
) -> None:
    with app.app_context():
        fill_four_months()
        convert(at(2026, 11, 20))
        before = payloads(session())
        db.session.remove()
        address = db.engine.url.render_as_string(hide_password=False)
        db.engine.dispose()
        moved = moving.move(address, str(tmp_path / "moved.sqlite3"))
        assert moved.tables["lms_statement"] == len(before)
        assert moved.left == []
        migrate.downgrade(db.engine, "base")
        with db.engine.connect() as connection:
            assert (
                connection.scalar(text("SELECT count(*) FROM pg_class WHERE relname LIKE 'lms_statement_m%'"))
                == 0
            )


# --- retention ------------------------------------------------------------------------------------


def a_learner(app: Flask, when: datetime) -> tuple[UUID, int]:
    """Let somebody learn at an instant; return her registration and how many statements tell of it."""
    with frozen(when):
        learner = Learner(app)
        learner.start()
        learner.work_through(learner.enrol("tiny"), units=1)
        with app.app_context():
            person = learner.person().id
            registration = (
                session().scalars(select(Enrolment.registration).where(Enrolment.person_id == person)).one()
            )
            return registration, len(list(services.statements_of(session(), registration=registration)))


def end(registration: UUID, when: datetime) -> None:
    with transaction() as current:
        enrolment = current.scalars(select(Enrolment).where(Enrolment.registration == registration)).one()
        enrolment.closed = when


@pytest.mark.parametrize("layout", ["one table", "partitions"])
def test_old_months_go_live_enrolments_stay_and_nothing_comes_back(app: Flask, layout: str) -> None:
    live, live_count = a_learner(app, at(2026, 7))
    ended, _ended_count = a_learner(app, at(2026, 7))
    with app.app_context():
        end(ended, at(2026, 8))
        old = [statement() for _ in range(6)]
        store(at(2026, 7, 20), *old, registration=uuid4())
        with frozen(at(2026, 7, 21)), transaction() as current:
            body = statement()
            sha2 = "ab" * 32
            body["attachments"] = [
                {"usageType": "https://example.org/x", "display": {"en": "x"}, "contentType": "a/b", "length": 1,
                 "sha2": sha2}
            ]  # fmt: skip
            services.store(
                current, [body], authority=THEM, tenant=TENANT, trusted=False, attachments={sha2: b"x"}
            )
        kept = store(at(2026, 11, 2), *[statement() for _ in range(3)])
        total = session().scalar(select(func.count()).select_from(Statement)) or 0
        session().rollback()
        if layout == "partitions":
            convert(at(2026, 11, 20))
            turn(at(2027, 1, 2))
        with frozen(at(2027, 1, 10)):
            dry = run_json(app, "lrs", "retain", "--months", "2", "--dry-run")
            assert session().scalar(select(func.count()).select_from(Statement)) == total
            session().rollback()
            done = run_json(app, "lrs", "retain", "--months", "2", "--yes")
        assert dry["to_delete"] == done["deleted"] > 6
        left = session().scalar(select(func.count()).select_from(Statement)) or 0
        assert left == total - done["deleted"]
        assert len(list(services.statements_of(session(), registration=live))) == live_count
        assert list(services.statements_of(session(), registration=ended)) == []
        assert set(kept) <= set(walk(session()))
        assert session().scalar(select(func.count()).select_from(Tombstone)) == done["deleted"]
        assert session().scalar(select(func.count()).select_from(Attachment)) == 0
        orphans = select(func.count()).select_from(Posting).where(Posting.seq.not_in(select(Statement.seq)))
        assert session().scalar(orphans) == 0
        assert (
            session().scalar(select(Term.id).where(Term.hash == t.key_hash(t.REGISTRATION, str(ended))))
            is None
        )
        session().rollback()
        store(at(2027, 1, 11), *old)  # sent again: quiet, and not back
        assert session().scalar(select(func.count()).select_from(Statement)) == left
        assert run(app, "progress", "rebuild", "--check").exit_code == 0
        session().rollback()
        assert migrate.differences(db.engine) == []
        with frozen(at(2027, 1, 12)):
            assert run_json(app, "lrs", "retain", "--months", "2", "--yes")["deleted"] == 0
        # what was live ends; its month goes with the next purge
        end(live, at(2027, 1, 12))
        with frozen(at(2027, 1, 13)):
            assert run_json(app, "lrs", "retain", "--months", "2", "--yes")["deleted"] == live_count
        if layout == "partitions":
            assert labels()[-3:] == [label(2026, 11), label(2027, 1), label(2027, 2)]
            assert label(2026, 7) not in labels()


def test_a_purge_waits_for_no_reader_for_ever_and_takes_nothing_half(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "PATIENCE", "200ms")
    with app.app_context():
        fill_four_months()
        convert(at(2026, 11, 20))
        before = payloads(session())
        session().rollback()
        with db.engine.connect() as reader, frozen(at(2027, 1, 13)):
            reader.execute(text("SELECT count(*) FROM lms_statement")).all()  # and its transaction stays open
            refused = run(app, "lrs", "retain", "--months", "1", "--yes")
            assert refused.exit_code == 1
            assert "Try again" in refused.stderr
            assert payloads(session()) == before
            session().rollback()
            reader.rollback()
            assert run_json(app, "lrs", "retain", "--months", "1", "--yes")["deleted"] > 90


def test_the_month_that_is_written_goes_row_by_row_and_stays_itself(app: Flask) -> None:
    with app.app_context():
        convert(at(2026, 11, 20))
        store(at(2026, 11, 21), statement())
        session().rollback()
        before = labels()
        session().rollback()
        with frozen(at(2028, 1, 1)):  # no job ran for a year: this is still the open one
            done = run_json(app, "lrs", "retain", "--months", "1", "--yes")
        assert (done["deleted"], done["months"]) == (1, [])
        assert labels() == before
        session().rollback()
        assert walk(session()) == []
        session().rollback()
        ids = store(at(2028, 1, 2), statement())
        assert walk(session()) == ids


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_setting_purges_every_month_and_without_it_nothing_goes(
    prepared: Prepared, tmp_path: Path, database: str
) -> None:
    variant = Variant(database=database)
    address = prepared.copy(variant, tmp_path / "instance", bundled=False)
    made = make_app(variant, tmp_path / "instance", address)
    with made.app_context():
        store(at(2026, 7), statement(), statement())
        run(made, "work", "--once")
        kinds = session().scalars(select(jobs.Job.kind)).all()
        assert retention.JOB not in kinds
        made.config["HEADSTART_KEEP_STATEMENTS_MONTHS"] = 3
        with frozen(at(2026, 11, 20)):
            run(made, "work", "--once")
        assert len(walk(session())) == 2
        session().rollback()
        turn(at(2026, 12, 3))
        assert walk(session()) == []
        session().rollback()
        store(at(2026, 12, 10), statement())
        for year, month, left in ((2027, 1, 1), (2027, 2, 1), (2027, 4, 0)):
            turn(at(year, month, 3))
            assert len(walk(session())) == left
            session().rollback()
        db.session.remove()
        db.engine.dispose()
    prepared.drop(address)


def test_what_launched_content_said_goes_with_its_month(app: Flask) -> None:
    with app.app_context():
        store(at(2026, 7), statement(), statement())
        with transaction() as current:
            seqs = current.scalars(select(Statement.seq).order_by(Statement.seq.desc()).limit(2)).all()
            current.execute(insert(Launched), [{"seq": seq} for seq in seqs])
        store(at(2026, 11, 5), statement())
        convert(at(2026, 11, 20))
        with transaction() as current:
            gone = retain_months(current, at(2026, 10, 1), [])
        assert gone.statements >= 2
        assert session().scalar(select(func.count()).select_from(Launched)) == 0


# --- who waits for whom ----------------------------------------------------------------------------


def beside(app: Flask, *works: Callable[[], object]) -> list[object]:
    """Do things in threads of their own; return what came of each, or what it raised."""
    done: list[object] = [None] * len(works)

    def run_one(number: int) -> None:
        with app.app_context():
            try:
                done[number] = works[number]()
            except Exception as error:
                done[number] = error

    threads = [threading.Thread(target=run_one, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return done


def purge_all() -> int:
    with transaction() as current:
        return retain_months(current, at(2026, 10, 20), []).statements


def undo() -> int:
    with transaction() as current:
        return cutting.undo(current, lambda steps: lambda n: None)


def cut() -> int:
    return sum(convert(at(2026, 11, 20)).statements)


@pytest.mark.parametrize("work", [purge_all, undo, cut])
def test_who_reads_before_she_writes_and_who_changes_partitions_do_not_stop_one_another(
    app: Flask, work: Callable[[], int]
) -> None:
    with app.app_context():
        fill_four_months()
        if work is not cut:
            convert(at(2026, 11, 20))
    has_read = threading.Event()

    def write() -> str:
        with frozen(at(2026, 11, 25)), transaction() as current:
            list(services.statements_of(current, registration=uuid4()))
            has_read.set()
            time.sleep(0.7)
            made = services.store(current, [statement()], authority=THEM, tenant=TENANT, trusted=False)
            return made[0].outcome

    def change() -> bool:
        has_read.wait(30)
        return work() > 0

    assert beside(app, write, change) == ["stored", True]


def test_writers_go_on_while_partitions_come_and_go(app: Flask) -> None:
    with app.app_context():
        fill_four_months()
    ends = threading.Event()

    def write() -> int:
        count = 0
        while not ends.is_set():
            with transaction() as current:
                services.store(current, [statement()], authority=THEM, tenant=TENANT, trusted=False)
            count += 1
        return count

    def read() -> int:
        count = 0
        while not ends.is_set():
            walk(session())
            session().rollback()
            count += 1
        return count

    def change() -> str:
        try:
            for _ in range(3):
                cut()
                undo()
        finally:
            ends.set()
        return "changed"

    *counts, changed = beside(app, write, write, read, change)
    assert changed == "changed"
    assert all(isinstance(count, int) and count > 0 for count in counts), counts


def test_a_deadlock_is_told_like_a_lock_that_is_not_to_be_had(app: Flask) -> None:
    """A dump locks one table after another, in an order of its own."""
    with app.app_context():
        convert(at(2026, 11, 20))
        held = threading.Event()

        def dump() -> None:
            with db.engine.connect() as connection:
                connection.execute(text("LOCK TABLE lms_posting IN ACCESS SHARE MODE"))
                held.set()
                time.sleep(0.3)
                # asks later than the purge, and has more patience
                connection.execute(text("SET LOCAL deadlock_timeout = '20s'"))
                connection.execute(text("LOCK TABLE lms_statement IN ACCESS SHARE MODE"))

        def purge() -> None:
            held.wait(30)
            purge_all()

        _, refused = beside(app, dump, purge)
        assert isinstance(refused, Conflict)
        assert "Try again" in str(refused)


def test_counting_what_would_go_holds_nobody_up(app: Flask) -> None:
    with app.app_context():
        fill_four_months()
        convert(at(2026, 11, 20))
        with frozen(at(2027, 1, 13)), transaction() as current:
            head.advance(current, 0)  # somebody writes
            (told,) = beside(app, lambda: run(app, "lrs", "retain", "--months", "1", "--dry-run"))
        assert told.exit_code == 0  # type: ignore[attr-defined]
