"""Looking at statements: pages and walks find exactly what fits, refusals are counted, the panel counts right."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from headstart_lms.kernel import clock as kernel_clock
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import db, transaction
from headstart_lms.lrs import browsing, panel, refusals, services
from headstart_lms.lrs import terms as t
from headstart_lms.lrs.browsing import Search
from headstart_lms.lrs.models import Statement
from headstart_lms.xapi import vocabulary as v

from .conftest import TENANT, Caller

US = {"objectType": "Agent", "account": {"homePage": "https://learn.example", "name": "installation"}}
ACTORS = [{"account": {"homePage": "https://learn.example", "name": str(uuid4())}} for _ in range(3)]
COURSES = ["https://learn.example/courses/1", "https://learn.example/courses/2"]
VERBS = [v.ANSWERED, v.COMPLETED, v.PASSED]


def make(number: int) -> dict[str, Any]:
    """Return the statement with this number; what it is about follows from the number."""
    return {
        "id": str(UUID(int=(4 << 76) | (2 << 62) | number)),
        "actor": ACTORS[number % 3],
        "verb": {"id": VERBS[number // 3 % 3]},
        "object": {"id": f"https://learn.example/thing/{number % 5}"},
        "context": {
            "registration": str(UUID(int=(4 << 76) | (2 << 62) | (number % 4))),
            "contextActivities": {"grouping": [{"id": COURSES[number % 2]}]},
        },
    }


def number_of(found: browsing.Found) -> int:
    return found.id.int & 0xFFFF


@pytest.fixture
def many(session: Session) -> list[int]:
    """Store sixty statements of our own, void every seventh; return the numbers, oldest first."""
    with transaction() as current:
        services.store(current, [make(n) for n in range(1, 61)], authority=US, tenant=TENANT, trusted=True)
        for n in range(7, 61, 7):
            services.void(current, UUID(make(n)["id"]), authority=US, tenant=TENANT)
    return list(range(1, 61))


def agent(n: int) -> t.Key:
    return (t.AGENT, str(t.agent_value(ACTORS[n])))


SEARCHES: list[tuple[Search, Callable[[int], bool]]] = [
    (Search(terms=(frozenset({agent(0)}),)), lambda n: n % 3 == 0),
    (Search(terms=(frozenset({agent(1), agent(2)}),)), lambda n: n % 3 > 0),
    (Search(terms=(frozenset({agent(0)}), frozenset({(t.VERB, v.PASSED)}))), lambda n: n % 3 == 0 and n // 3 % 3 == 2),
    (Search(terms=(frozenset({(t.ACTIVITY, COURSES[1])}),)), lambda n: n % 2 == 1),
    (Search(terms=(frozenset({(t.ACTIVITY, COURSES[0])}),), voided=True), lambda n: n % 14 == 0),
    (Search(terms=(frozenset({agent(2)}),), voided=False), lambda n: n % 3 == 2 and n % 7 > 0),
    (Search(terms=(frozenset({(t.REGISTRATION, make(1)["context"]["registration"])}),)), lambda n: n % 4 == 1),
    (Search(voided=True), lambda n: n % 7 == 0),
    (Search(terms=(frozenset(),)), lambda n: False),
    (Search(terms=(frozenset({(t.VERB, "urn:nobody:did")}),)), lambda n: False),
    (Search(tenant=UUID(int=9), terms=(frozenset({agent(0)}),)), lambda n: False),
]  # fmt: skip


@pytest.mark.parametrize("which", range(len(SEARCHES)))
@pytest.mark.parametrize("limit", [1, 4, 100])
def test_pages_and_walks_give_exactly_what_fits(
    session: Session, many: list[int], which: int, limit: int
) -> None:
    search, fits = SEARCHES[which]
    wanted = [n for n in many if fits(n)]
    found: list[int] = []
    before: int | None = None
    for _page in range(100):
        page = browsing.find_page(session, search, limit=limit, before=before)
        assert not page.is_cut
        found += [number_of(one) for one in page.found]
        before = page.before
        if before is None:
            break
    assert found == wanted[::-1]
    walked = [number_of(one) for chunk in browsing.walk(reading, search, chunk=limit) for one in chunk]
    assert walked == wanted


def reading() -> Session:
    return Session(db.engine)


@pytest.mark.parametrize("which", [2, 4, 7])
def test_a_page_looks_at_a_bounded_number_of_postings_and_says_where_to_look_further(
    session: Session, many: list[int], which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "WINDOW", 5)
    search, fits = SEARCHES[which]
    found: list[int] = []
    cuts, before = 0, None
    for _page in range(100):
        page = browsing.find_page(session, search, limit=3, before=before)
        found += [number_of(one) for one in page.found]
        cuts, before = cuts + page.is_cut, page.before
        if before is None:
            break
    assert found == [n for n in many if fits(n)][::-1]
    assert cuts or search.voided
    walked = [number_of(one) for chunk in browsing.walk(reading, search, chunk=3) for one in chunk]
    assert walked == found[::-1]


@pytest.mark.parametrize("gone", ["the last one looked at", "all of them"])
def test_what_is_erased_while_a_page_is_made_is_only_missing(
    session: Session, many: list[int], monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """The numbers are there when they are looked for, and gone when they are read."""
    monkeypatch.setattr(browsing, "WINDOW", 5)
    search, fits = SEARCHES[2]
    look = browsing._step
    erased: list[int] = []

    def step(current: Session, *rest: Any, **options: Any) -> Any:
        found = look(current, *rest, **options)
        if not erased:
            seqs = current.scalars(select(Statement.seq)).all()
            erased.extend(seqs if gone == "all of them" else [*found.seqs, found.seen_to or found.seqs[0]])
            current.execute(delete(Statement).where(Statement.seq.in_(erased)))
        return found

    monkeypatch.setattr(browsing, "_step", step)
    for limit in (1, 3):
        before, shown = None, []
        erased.clear()
        for _page in range(100):
            page = browsing.find_page(session, search, limit=limit, before=before)
            shown += [number_of(one) for one in page.found]
            before = page.before
            if before is None:
                break
        left = {json.loads(p)["object"]["id"] for p in session.scalars(select(Statement.payload))}
        session.rollback()
        assert before is None
        assert len(shown) <= len(left)
        assert browsing.find_one(session, search, uuid4()) is None


def test_since_is_in_it_and_until_is_not(session: Session, many: list[int]) -> None:
    every = browsing.find_page(session, Search(voided=False), limit=500).found
    cut = every[10].stored
    later = browsing.find_page(session, Search(voided=False, since=cut), limit=500).found
    earlier = browsing.find_page(session, Search(voided=False, until=cut), limit=500).found
    assert later == every[:11]
    assert earlier == every[11:]


def test_a_walk_ends_with_what_was_stored_when_it_began(session: Session, many: list[int]) -> None:
    walk = browsing.walk(reading, Search(voided=False, own=True, terms=(frozenset({agent(0)}),)), chunk=5)
    first = [number_of(one) for one in next(walk)]
    with transaction() as current:
        services.store(current, [make(300)], authority=US, tenant=TENANT, trusted=True)
    rest = [number_of(one) for chunk in walk for one in chunk]
    assert first + rest == [n for n in many if n % 3 == 0 and n % 7]


def test_what_others_sent_is_told_apart(session: Session, many: list[int], lrs: Caller) -> None:
    assert lrs.post(make(100)).status_code == 200
    session.rollback()
    others = browsing.find_page(session, Search(own=False), limit=50).found
    assert [number_of(one) for one in others] == [100]
    assert not [
        one for one in browsing.find_page(session, Search(own=True), limit=500).found if number_of(one) == 100
    ]


def test_one_statement_is_found_only_where_it_fits(session: Session, many: list[int]) -> None:
    mine = Search(tenant=TENANT, terms=(frozenset({agent(0)}),))
    assert browsing.find_one(session, mine, UUID(make(3)["id"])) is not None
    assert browsing.find_one(session, mine, UUID(make(4)["id"])) is None
    assert browsing.find_one(session, mine, uuid4()) is None


def test_a_page_reads_no_other_payload_than_the_ones_it_shows(session: Session, many: list[int]) -> None:
    asked: list[str] = []

    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        browsing.find_page(session, SEARCHES[2][0], limit=2)
        panel.throughput(session)
        panel.target_states(session)
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    with_payload = [one for one in asked if "payload" in one]
    assert len(with_payload) == 1
    assert "IN (" in with_payload[0].replace("\n", " ")


# --- the panel ---------------------------------------------------------------------------------------


def test_the_panel_counts_what_came_in_by_time(session: Session) -> None:
    at = now().replace(minute=30, second=0, microsecond=0)
    for hours, count in ((30, 5), (3, 4), (0.2, 3), (0, 2)):
        with kernel_clock.frozen(at - timedelta(hours=hours)), transaction() as current:
            numbers = [int(hours * 1000) + n + 1 for n in range(count)]
            services.store(current, [make(n) for n in numbers], authority=US, tenant=TENANT, trusted=True)
    with kernel_clock.frozen(at + timedelta(seconds=1)):
        found = panel.throughput(session)
    assert (found.minute, found.hour, found.day) == (2, 5, 9)
    assert sum(hour.count for hour in found.hours) == 9
    assert len(found.hours) == 24
    assert found.hours[-1].count == 5
    assert found.hours[-4].count == 4
    assert found.last is not None
    assert abs(found.last - at) < timedelta(seconds=1)


def test_an_empty_store_has_a_panel_too(session: Session) -> None:
    found = panel.throughput(session)
    assert (found.minute, found.hour, found.day, found.last) == (0, 0, 0, None)
    assert panel.target_states(session) == []
    assert panel.job_states(session).waiting == 0


# --- refusals ----------------------------------------------------------------------------------------


def test_refused_requests_are_counted_by_client_with_the_last_reason(session: Session, lrs: Caller) -> None:
    bad = make(1) | {"verb": {"id": "not an iri"}}
    for _time in range(3):
        assert lrs.post(bad).status_code == 400
    stranger = Caller(lrs._client, lrs.key, "wrong", "1.0.3")
    assert stranger.post(make(1)).status_code == 401
    session.rollback()
    rows = refusals.refusal_list(session)
    by_status = {row["status"]: row for row in rows}
    assert (by_status[400]["key"], by_status[400]["count"]) == (lrs.key, 3)
    assert "absolute IRI" in by_status[400]["sentence"]
    assert (by_status[401]["key"], by_status[401]["count"]) == (None, 1)


def test_a_refused_launch_is_counted_under_the_name_of_who_asked(session: Session, lrs: Caller) -> None:
    assert lrs("POST", "/launches", json={}).status_code == 403
    session.rollback()
    assert [(row["key"], row["status"]) for row in refusals.refusal_list(session)] == [(lrs.key, 403)]


def test_nothing_of_what_was_sent_is_kept_with_a_refusal(session: Session, lrs: Caller) -> None:
    secret = "Sentinella Vermeulen born 1991"
    assert lrs.post(make(1) | {secret: 1}).status_code == 400
    assert lrs.post(make(1) | {"actor": {"mbox": secret}}).status_code == 400
    assert lrs.get("/statements", **{secret: "1"}).status_code == 400
    session.rollback()
    with transaction() as current:
        refusals.write(current)
    assert secret not in json.dumps(refusals.refusal_list(session), default=str)
    assert refusals.refusal_list(session)[0]["count"] == 3


def test_a_client_in_a_loop_writes_once_a_minute(session: Session, lrs: Caller) -> None:
    written: list[str] = []

    def listen(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO lms_refusal"):
            written.append(statement)

    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        at = now()
        for second in range(0, 130, 10):
            with kernel_clock.frozen(at + timedelta(seconds=second)):
                lrs.post({})
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert len(written) == 3
    session.rollback()
    with kernel_clock.frozen(at + timedelta(seconds=131)):
        assert [row["count"] for row in refusals.refusal_list(session)] == [13]


def test_what_is_not_there_is_no_refusal_and_old_refusals_go(session: Session, lrs: Caller) -> None:
    assert lrs.get("/statements", statementId=str(uuid4())).status_code == 404
    assert refusals.refusal_list(session) == []
    at = now()
    with kernel_clock.frozen(at - timedelta(days=8)):
        lrs.post({})
    lrs.post({})
    session.rollback()
    assert [row["count"] for row in refusals.refusal_list(session, timedelta(days=30))] == [1]
