"""What is stored, is given back; nothing is stored twice, changed, or half."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from headstart_lms.kernel.clock import frozen
from headstart_lms.kernel.db import db, transaction
from headstart_lms.kernel.errors import Conflict, NotAllowed
from headstart_lms.lrs import erasure, head, models, postings, query, services, wire
from headstart_lms.lrs import terms as t
from headstart_lms.lrs.validator import InvalidStatement
from headstart_lms.lrs.wire import ask
from headstart_lms.xapi import build

from ..conftest import ROOT
from .conftest import make_app
from .lrs_strategies import Json, agent, statement, statements_2

TENANT, OTHER = uuid4(), uuid4()
BASE = "https://learn.example"
US = build.authority(BASE)
THEM = agent("client:x")
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}


def store(
    session: Session, *made: Json, trusted: bool = False, tenant: UUID = TENANT, **options: Any
) -> list[Any]:
    authority = US if trusted else THEM
    return services.store(session, made, authority=authority, tenant=tenant, trusted=trusted, **options)


def count(session: Session, model: type[Any] = models.Statement) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def payload(session: Session, statement_id: str, tenant: UUID | None = TENANT) -> Json:
    found = query.find_statement(session, tenant, UUID(statement_id), voided=False)
    assert found is not None
    value: Json = json.loads(found[0].payload)
    return value


def ids(session: Session, *keys: t.Key, tenant: UUID | None = TENANT, **filters: Any) -> list[str]:
    page = query.find_page(
        session, tenant, query.Filters(keys, **filters), limit=100, upper=head.last(session)[0]
    )
    return [json.loads(found.payload)["id"] for found in page.found]


def void(target: str) -> Json:
    return statement(verb=VOIDED, object={"objectType": "StatementRef", "id": target})


def ref(target: str, **changes: Any) -> Json:
    return statement(object={"objectType": "StatementRef", "id": target}, **changes)


def answered(context: build.Context, act: UUID, at: datetime | None = None, success: bool = True) -> Json:
    return build.answered(
        context, act, item_id="i1", unit_id="u1", interaction="choice", success=success, score=1.0,
        at=at or datetime.now(UTC),
    )  # fmt: skip


@pytest.fixture
def context() -> build.Context:
    return build.Context(BASE, uuid4(), uuid4(), uuid4(), "1.0", "ar")


# --- storing ------------------------------------------


def test_the_store_adds_stored_authority_version_and_a_timestamp(session: Session) -> None:
    made = statement()
    assert store(session, made)[0].outcome == "stored"
    kept = payload(session, made["id"])
    assert kept["authority"] == THEM
    assert kept["version"] == "1.0.0"
    assert kept["stored"] == kept["timestamp"]
    assert {name: kept[name] for name in made} == made


def test_a_2_0_request_gives_version_2_0_0_and_a_given_version_stays(session: Session) -> None:
    plain, older = statement(), statement(version="1.0.2")
    store(session, plain, older, version="2.0.0")
    assert payload(session, plain["id"])["version"] == "2.0.0"
    assert payload(session, older["id"])["version"] == "1.0.2"


def test_ids_handed_out_are_lower_case_uuid4(session: Session) -> None:
    given_upper = statement(id=str(uuid4()).upper())
    made, upper = store(session, statement(id=None), given_upper)
    assert made.id.version == 4
    assert payload(session, str(made.id))["id"] == str(made.id)
    assert payload(session, str(upper.id))["id"] == given_upper["id"].lower()


def test_stored_grows_with_every_statement_even_when_the_clock_goes_back(session: Session) -> None:
    with frozen(datetime(2026, 5, 1, tzinfo=UTC)):
        store(session, statement(), statement())
    with frozen(datetime(2026, 4, 1, tzinfo=UTC)):
        store(session, statement())
    rows = session.execute(
        select(models.Statement.seq, models.Statement.stored).order_by(models.Statement.seq)
    ).all()
    assert [row.seq for row in rows] == [1, 2, 3]
    assert rows[0].stored < rows[1].stored < rows[2].stored


def test_the_same_statement_again_is_quiet_success(session: Session) -> None:
    made = statement(
        result={"duration": "PT1.234S"}, context={"contextActivities": {"parent": {"id": "http://a.example"}}}
    )
    store(session, made)
    again = {**made, "result": {"duration": "PT1.239S"}}
    assert store(session, again)[0].outcome == "duplicate"
    assert count(session) == 1
    assert payload(session, made["id"])["result"]["duration"] == "PT1.234S"


def test_the_same_id_with_other_content_is_a_conflict_and_nothing_of_the_batch_is_kept(
    session: Session,
) -> None:
    made = statement()
    store(session, made)
    session.commit()
    with pytest.raises(Conflict):
        store(session, statement(), {**made, "result": {"success": True}})
    session.rollback()
    assert count(session) == 1


def test_a_batch_with_one_bad_statement_stores_nothing(session: Session) -> None:
    with pytest.raises(InvalidStatement) as caught:
        store(session, statement(), statement(verb={"id": "no iri"}))
    assert caught.value.index == 1
    assert count(session) == 0


def test_an_empty_batch_is_fine(session: Session) -> None:
    assert store(session) == []


@settings(
    deadline=None, max_examples=40,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large,
    ],
)  # fmt: skip
@given(made=st.lists(statements_2, min_size=1, max_size=3, unique_by=lambda one: one.get("id", id(one))))
def test_whatever_is_valid_is_stored_and_comes_back_equal(session: Session, made: list[Json]) -> None:
    results = store(session, *made, version="2.0.0")
    for one, result in zip(made, results, strict=True):
        kept = payload(session, str(result.id))
        assert {name: kept[name] for name in one} == one
        assert str(result.id) in ids(session, (t.VERB, one["verb"]["id"]))
    session.rollback()


def test_a_cached_term_of_a_transaction_that_was_rolled_back_is_not_used(session: Session) -> None:
    verb = {"id": "http://v.example/rolled-back"}
    store(session, statement(verb=verb))
    session.rollback()
    made = statement(verb=verb)
    store(session, made)
    session.commit()
    assert ids(session, (t.VERB, verb["id"])) == [made["id"]]


def test_a_database_that_was_emptied_is_noticed(session: Session) -> None:
    store(session, statement())
    session.commit()
    for table in (models.Posting, models.Term, models.Statement, models.Head):
        session.query(table).delete()
    session.commit()
    made = statement()
    store(session, made)
    session.commit()
    assert ids(session, (t.VERB, made["verb"]["id"])) == [made["id"]]


# --- our own statements ------------------------------------------


def test_only_our_own_statements_count_for_a_registration(session: Session, context: build.Context) -> None:
    ours, theirs = answered(context, uuid4()), answered(context, uuid4())
    store(session, ours, trusted=True)
    store(session, theirs)
    assert [one["id"] for one in services.statements_of(session, registration=context.registration)] == [
        ours["id"]
    ]


def test_own_statements_come_in_the_order_stored(session: Session, context: build.Context) -> None:
    made = [answered(context, uuid4()) for _ in range(5)]
    for one in made:
        store(session, one, trusted=True)
    found = services.statements_of(session, registration=context.registration)
    assert [one["id"] for one in found] == [one["id"] for one in made]


def test_an_act_told_again_later_is_the_same_act(session: Session, context: build.Context) -> None:
    act = uuid4()
    store(session, answered(context, act), trusted=True)
    assert (
        store(session, answered(context, act, datetime(2030, 1, 1, tzinfo=UTC)), trusted=True)[0].outcome
        == "duplicate"
    )
    with pytest.raises(Conflict):
        store(session, answered(context, act, success=False), trusted=True)


def test_nobody_keeps_our_statement_out_by_taking_its_id(session: Session, context: build.Context) -> None:
    made = answered(context, uuid4())
    reference = ref(made["id"])
    store(session, {**answered(context, uuid4(), success=False), "id": made["id"]}, reference)
    assert store(session, made, trusted=True)[0].outcome == "stored"
    found = list(services.statements_of(session, registration=context.registration))
    assert [(one["id"], one["result"]["success"]) for one in found] == [(made["id"], True)]
    assert set(ids(session)) == {made["id"], reference["id"]}
    assert set(ids(session, (t.REGISTRATION, str(context.registration)))) == {made["id"], reference["id"]}


def test_a_statement_of_another_registration_is_not_found(session: Session, context: build.Context) -> None:
    store(session, answered(context, uuid4()), trusted=True)
    assert list(services.statements_of(session, registration=uuid4())) == []


def test_storing_an_answer_asks_the_database_once_and_writes_once(
    session: Session, context: build.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a round trip to PostgreSQL, and behind the lock all writers wait for it."""
    trips: list[str] = []

    def counting(name: str) -> Any:
        real = getattr(wire, name)

        def counted(*arguments: Any) -> Any:
            trips.append(name)
            return real(*arguments)

        return counted

    for name in ("ask", "write"):
        for module in ("head", "postings", "services", "references"):
            monkeypatch.setattr(f"headstart_lms.lrs.{module}.{name}", counting(name), raising=False)
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *given: statements.append(given[2]))
    for _ in range(2):
        trips.clear()
        statements.clear()
        store(session, answered(context, uuid4()), trusted=True)
        session.commit()
    assert (trips, statements) == (["ask", "write"], [])


# --- voiding and references ------------------------------------------


def test_a_voided_statement_is_found_only_as_a_voided_one(session: Session) -> None:
    made = statement()
    store(session, made)
    store(session, void(made["id"]))
    assert query.find_statement(session, TENANT, UUID(made["id"]), voided=False) is None
    assert query.find_statement(session, TENANT, UUID(made["id"]), voided=True) is not None
    assert made["id"] not in ids(session)


def test_a_voiding_statement_that_comes_first_is_applied_when_its_target_arrives(session: Session) -> None:
    made = statement()
    store(session, void(made["id"]))
    store(session, made)
    assert made["id"] not in ids(session)


def test_a_voiding_statement_in_the_batch_of_its_target_works(session: Session) -> None:
    made = statement()
    voiding = void(made["id"])
    store(session, voiding, made)
    assert ids(session) == [voiding["id"]]


def test_a_voiding_statement_cannot_be_voided(session: Session) -> None:
    made = statement()
    voiding = void(made["id"])
    store(session, made, voiding)
    store(session, void(voiding["id"]))
    assert voiding["id"] in ids(session)
    assert made["id"] not in ids(session)


def test_nobody_else_voids_our_own_statements(session: Session, context: build.Context) -> None:
    made = answered(context, uuid4())
    store(session, made, trusted=True)
    session.commit()
    with pytest.raises(NotAllowed):
        store(session, void(made["id"]))
    session.rollback()
    assert len(list(services.statements_of(session, registration=context.registration))) == 1


def test_nobody_else_voids_our_own_statements_in_advance(session: Session, context: build.Context) -> None:
    made = answered(context, uuid4())
    store(session, void(made["id"]))
    store(session, made, trusted=True)
    assert len(list(services.statements_of(session, registration=context.registration))) == 1


def test_the_installation_voids_its_own_statement(session: Session, context: build.Context) -> None:
    made = answered(context, uuid4())
    store(session, made, trusted=True)
    services.void(session, UUID(made["id"]), authority=US, tenant=TENANT)
    assert list(services.statements_of(session, registration=context.registration)) == []


def test_a_reference_is_found_by_what_it_leads_to(session: Session) -> None:
    verb = {"id": "http://v.example/first"}
    target = statement(verb=verb)
    first = ref(target["id"])
    second = ref(first["id"])
    for made in (target, first, second):
        store(session, made)
    assert set(ids(session, (t.VERB, verb["id"]))) == {target["id"], first["id"], second["id"]}


def test_references_that_come_before_their_target_are_found_by_it_too(session: Session) -> None:
    verb = {"id": "http://v.example/late"}
    target = statement(verb=verb)
    first = ref(target["id"])
    second = ref(first["id"])
    for made in (second, first, target):
        store(session, made)
    assert set(ids(session, (t.VERB, verb["id"]))) == {target["id"], first["id"], second["id"]}


def test_a_reference_to_a_voided_statement_is_still_found_by_it(session: Session) -> None:
    target = statement(verb={"id": "http://v.example/gone"})
    voiding = void(target["id"])
    store(session, target)
    store(session, voiding)
    assert ids(session, (t.VERB, "http://v.example/gone")) == [voiding["id"]]


def test_references_in_a_circle_end(session: Session) -> None:
    one, two = str(uuid4()), str(uuid4())
    store(session, ref(two, id=one), ref(one, id=two))
    assert set(ids(session, (t.VERB, "http://adlnet.gov/expapi/verbs/experienced"))) == {one, two}


# --- tenants ------------------------------------------


def test_tenants_see_nothing_of_one_another(session: Session) -> None:
    mine, theirs = statement(), statement()
    store(session, mine)
    store(session, theirs, tenant=OTHER)
    verb = (t.VERB, mine["verb"]["id"])
    assert ids(session, verb) == ids(session) == [mine["id"]]
    assert ids(session, verb, tenant=OTHER) == [theirs["id"]]
    assert query.find_statement(session, TENANT, UUID(theirs["id"]), voided=False) is None


def test_without_a_tenant_all_are_read_in_one_order(session: Session) -> None:
    made = [statement() for _ in range(6)]
    for number, one in enumerate(made):
        store(session, one, tenant=TENANT if number % 2 else OTHER)
    in_order = [one["id"] for one in made]
    assert ids(session, tenant=None, ascending=True) == in_order
    assert ids(session, (t.VERB, made[0]["verb"]["id"]), tenant=None) == in_order[::-1]


def test_one_id_may_stand_in_two_tenants(session: Session) -> None:
    made = statement()
    assert store(session, made)[0].outcome == "stored"
    assert store(session, {**made, "result": {"success": True}}, tenant=OTHER)[0].outcome == "stored"


def test_a_tenant_does_not_void_the_statement_of_another(session: Session) -> None:
    made = statement()
    store(session, made)
    store(session, void(made["id"]), tenant=OTHER)
    assert ids(session) == [made["id"]]


# --- erasure ------------------------------------------


def test_erasing_a_person_leaves_nothing_of_her_but_tombstones(
    session: Session, context: build.Context
) -> None:
    made = answered(context, uuid4())
    bystander = answered(build.Context(BASE, uuid4(), uuid4(), context.course_uuid, "1.0", "ar"), uuid4())
    store(session, made, bystander, trusted=True)
    store(session, statement(object=agent(str(context.actor))))
    session.commit()
    assert services.erase_actor(session, context.actor) == 2
    session.commit()
    for model in (models.Statement, models.Term, models.Posting, models.Document):
        for row in session.execute(select(model.__table__)):
            assert str(context.actor) not in str(row)
            assert str(context.registration) not in str(row)
    assert ids(session) == [bystander["id"]]


def test_a_replay_does_not_bring_back_what_was_erased(session: Session, context: build.Context) -> None:
    made = answered(context, uuid4())
    store(session, made, trusted=True)
    services.erase_actor(session, context.actor)
    assert store(session, made, trusted=True)[0].outcome == "duplicate"
    assert count(session) == 0


def test_erasing_somebody_unknown_does_nothing(session: Session) -> None:
    store(session, statement())
    assert services.erase_actor(session, uuid4()) == 0
    assert count(session) == 1


def test_a_purge_spares_registrations_and_can_be_tried_first(
    session: Session, context: build.Context
) -> None:
    live = answered(context, uuid4())
    with frozen(datetime(2020, 1, 1, tzinfo=UTC)):
        store(session, statement(), live)
    with frozen(datetime(2026, 1, 1, tzinfo=UTC)):
        store(session, statement())
    before = datetime(2025, 1, 1, tzinfo=UTC)
    spare = [context.registration]
    assert erasure.purge(session, before=before, spare=spare, dry_run=True) == 1
    assert count(session) == 3
    assert erasure.purge(session, before=before, spare=spare) == 1
    assert count(session) == 2
    assert live["id"] in ids(session)


def test_attachments_go_with_the_last_statement_that_has_them(session: Session) -> None:
    sha2 = "a" * 64
    attachment = {
        "usageType": "http://u.example",
        "display": {"en": "x"},
        "contentType": "text/plain",
        "length": 1,
        "sha2": sha2,
    }
    name = uuid4()
    store(session, statement(attachments=[attachment]), attachments={sha2: b"x"})
    store(session, statement(actor=agent(str(name)), attachments=[attachment]), attachments={sha2: b"x"})
    services.erase_actor(session, name)
    assert count(session, models.Attachment) == 1
    erasure.purge(session, before=datetime(2100, 1, 1, tzinfo=UTC))
    assert count(session, models.Attachment) == 0


# --- what else is known ------------------------------------------


def test_definitions_of_an_activity_add_up_over_languages(session: Session) -> None:
    iri = "http://a.example/known"
    for language, text in (("en", "Greeting"), ("de", "Gruß"), ("en", "Greetings")):
        store(session, statement(object={"id": iri, "definition": {"name": {language: text}}}))
        session.commit()
    known = query.canonical_of(session, TENANT, [(t.ACTIVITY, iri)])
    assert json.loads(known[t.ACTIVITY, iri]) == {"name": {"en": "Greetings", "de": "Gruß"}}


def test_a_definition_goes_back_when_an_earlier_one_is_sent_again(session: Session) -> None:
    iri = "http://a.example/there-and-back"
    for text in ("one", "two", "one"):
        store(session, statement(object={"id": iri, "definition": {"name": {"en": text}}}))
        session.commit()
    known = query.canonical_of(session, TENANT, [(t.ACTIVITY, iri)])
    assert json.loads(known[t.ACTIVITY, iri]) == {"name": {"en": "one"}}


def test_terms_that_differ_only_in_kind_or_place_are_different() -> None:
    assert t.key_hash(t.VERB, "http://x.example") != t.key_hash(t.ACTIVITY, "http://x.example")
    one = t.agent_value({"account": {"homePage": "http://a.example", "name": 'b","c'}})
    assert one != t.agent_value({"account": {"homePage": 'http://a.example","b', "name": "c"}})


def test_the_tables_hold_what_was_committed_across_transactions(app: Flask) -> None:
    made = statement()
    with app.app_context(), transaction() as current:
        store(current, made)
    with app.app_context():
        assert ids(db.session(), (t.VERB, made["verb"]["id"])) == [made["id"]]
        assert postings.find_tenant(db.session(), TENANT) > 0


def test_a_batch_with_more_terms_than_a_statement_of_sql_takes_is_stored(session: Session) -> None:
    made = [statement(actor=agent(f"person {number}")) for number in range(9_000)]
    results = services.store(
        session, made, authority=US, tenant=TENANT, trusted=True, checked=True
    )  # fmt: skip
    assert [result.outcome for result in results] == ["stored"] * 9_000
    session.commit()
    assert store(session, *made[:5], trusted=True)[4].outcome == "duplicate"
    for number in (0, 4_095, 4_096, 8_999):
        key = (t.AGENT, t.agent_value(made[number]["actor"]) or "")
        assert ids(session, key) == [made[number]["id"]]


def test_a_reader_who_was_told_complete_up_to_now_is_never_wrong(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """She asks after the writer came, and before the writer has the lock."""
    real = ask
    told: list[int] = []

    def read() -> None:
        with app.app_context():
            told.append(head.consistent_through(db.session())[0])

    def late(connection: Any, *queries: Any) -> Any:
        monkeypatch.setattr("headstart_lms.lrs.head.ask", real)
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(30)
        return real(connection, *queries)

    store(session, statement())
    session.commit()
    monkeypatch.setattr("headstart_lms.lrs.head.ask", late)
    store(session, statement())
    session.commit()
    assert head.last(session)[1] > told[0]


def test_a_reader_is_not_told_complete_up_to_now_while_another_process_writes(
    tmp_path: Path,
) -> None:
    address = f"sqlite:///{tmp_path / 'lrs.db'}"
    app = make_app(address, tmp_path)
    with app.app_context():
        with transaction() as current:
            store(current, statement())
        through = head.consistent_through(db.session())[0]
        assert through > head.last(db.session())[1]  # nobody writes: the present
        db.session.rollback()
        program = f"""
from pathlib import Path
from headstart_lms.kernel.db import transaction
from tests.lrs import conftest, test_lrs_store as these
with conftest.make_app({address!r}, Path({str(tmp_path)!r})).app_context():
    with transaction() as current:
        made = these.store(current, these.statement())
        print(made[0].at, flush=True)
        input()
"""
        other = subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert other.stdout is not None
        stored = int(other.stdout.readline())
        through, seq = head.consistent_through(db.session())
        db.session.rollback()
        other.communicate("\n", timeout=30)
        assert through < stored
        assert seq == 1
        assert head.last(db.session()) == (2, stored)
        assert head.consistent_through(db.session())[0] > stored
        db.session.rollback()
        db.engine.dispose()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("hours", [-2, 2])
def test_on_postgresql_the_time_is_the_databases_whatever_the_clock_of_a_server_says(
    session: Session, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + timedelta(hours=hours)

    monkeypatch.setattr("headstart_lms.kernel.clock.datetime", Wrong)
    (result,) = store(session, statement())
    session.commit()
    through = head.consistent_through(session)[0]
    present = head.microseconds(datetime.now(UTC))
    hour = 3_600_000_000
    assert abs(result.at - present) < hour
    assert result.at < through < present + hour
    monkeypatch.undo()
    held = datetime(2099, 1, 1, tzinfo=UTC)
    with frozen(held):  # a test that holds the clock holds this one too
        assert head.consistent_through(session)[0] == head.microseconds(held)
