"""What our statements say, and that they can be read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
import tincan
from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.lrs.validator import check_batch
from headstart_lms.xapi import build, read
from headstart_lms.xapi import vocabulary as v

BASE = "https://learn.example/hs"
AT = datetime(2026, 3, 1, 9, 30, 15, 250_000, tzinfo=UTC)
CONTEXT = build.Context(BASE, uuid4(), uuid4(), uuid4(), "2.1", "ar")
ACT = UUID("2e2f2c11-1f4b-4b1c-8d4e-0a1b2c3d4e5f")

ALL: dict[str, Callable[[], dict[str, Any]]] = {
    "registered": lambda: build.registered(CONTEXT, at=AT),
    "started": lambda: build.initialized_test(CONTEXT, ACT, blueprint_id="final", at=AT),
    "answered in a unit": lambda: build.answered(
        CONTEXT, ACT, item_id="greet-1", unit_id="u1", interaction="choice", response="a[,]b", score=0.5,
        success=False, at=AT,
    ),
    "answered in a test": lambda: build.answered(
        CONTEXT, ACT, item_id="bank-1", blueprint_id="final", sitting_id=ACT, interaction="fill-in",
        score=1.0, success=True, at=AT,
    ),
    "answered without a mark": lambda: build.answered(
        CONTEXT, ACT, item_id="can-do", unit_id="u1", interaction="likert", response="often", at=AT
    ),
    "passed": lambda: build.finished_test(CONTEXT, ACT, blueprint_id="final", score=0.8, passed=True, at=AT),
    "failed": lambda: build.finished_test(CONTEXT, ACT, blueprint_id="final", score=0.2, passed=False, at=AT),
    "completed a unit": lambda: build.completed_unit(CONTEXT, "u1", at=AT),
    "completed the course": lambda: build.completed_course(CONTEXT, at=AT),
    "earned": lambda: build.earned(CONTEXT, ACT, at=AT),
}  # fmt: skip


@pytest.fixture(params=sorted(ALL))
def statement(request: pytest.FixtureRequest) -> dict[str, Any]:
    return ALL[request.param]()


def test_every_statement_is_valid_in_both_versions(statement: dict[str, Any]) -> None:
    check_batch([statement], "1.0.3")
    check_batch([statement], "2.0.0")


def test_tincan_reads_every_statement_as_it_was_built(statement: dict[str, Any]) -> None:
    again = tincan.Statement.from_json(json.dumps(statement)).as_version("1.0.3")
    at = datetime.fromisoformat(again.pop("timestamp"))
    assert at == datetime.fromisoformat(statement.pop("timestamp"))
    assert again == statement


def test_the_actor_is_an_account_with_a_random_name_and_nothing_else(statement: dict[str, Any]) -> None:
    account = {"homePage": BASE, "name": str(CONTEXT.actor)}
    assert statement["actor"] == {"objectType": "Agent", "account": account}


def test_no_statement_carries_the_key_of_an_item(statement: dict[str, Any]) -> None:
    text = json.dumps(statement)
    assert "correctResponsesPattern" not in text
    assert "choices" not in text


def test_every_statement_names_registration_course_and_version(statement: dict[str, Any]) -> None:
    context = statement["context"]
    assert context["registration"] == str(CONTEXT.registration)
    assert context["revision"] == "2.1"
    assert context["language"] == "ar"
    assert [a["id"] for a in context["contextActivities"]["grouping"]] == [
        f"{BASE}/courses/{CONTEXT.course_uuid}"
    ]


def test_activity_iris_name_no_edition() -> None:
    answered = ALL["answered in a unit"]()
    assert answered["object"]["id"] == f"{BASE}/courses/{CONTEXT.course_uuid}/greet-1"


def test_the_id_is_made_of_the_act_and_the_verb() -> None:
    assert ALL["answered in a unit"]()["id"] == str(uuid5(ACT, v.ANSWERED))
    assert ALL["passed"]()["id"] != ALL["failed"]()["id"]


def test_completing_a_unit_twice_is_told_under_one_id() -> None:
    later = build.completed_unit(CONTEXT, "u1", at=datetime(2026, 4, 1, tzinfo=UTC))
    assert later["id"] == ALL["completed a unit"]()["id"]
    assert build.completed_unit(CONTEXT, "u2", at=AT)["id"] != later["id"]


def test_an_answer_belongs_to_a_unit_or_to_a_test() -> None:
    with pytest.raises(ValueError, match="either"):
        build.answered(CONTEXT, ACT, item_id="i", interaction="choice", at=AT)
    with pytest.raises(ValueError, match="either"):
        build.answered(CONTEXT, ACT, item_id="i", unit_id="u", blueprint_id="b", interaction="choice", at=AT)


def test_an_answer_in_a_unit_reads_back() -> None:
    assert read.act(ALL["answered in a unit"](), BASE) == read.Act(
        "answered", CONTEXT.course_uuid, AT, item_id="greet-1", unit_id="u1", scaled=0.5, success=False,
        response="a[,]b", version="2.1",
    )  # fmt: skip


def test_an_answer_in_a_test_reads_back() -> None:
    assert read.act(ALL["answered in a test"](), BASE) == read.Act(
        "answered", CONTEXT.course_uuid, AT, item_id="bank-1", blueprint_id="final", sitting_id=ACT,
        scaled=1.0, success=True, version="2.1",
    )  # fmt: skip


@pytest.mark.parametrize(
    "name, kind",
    [
        ("registered", "registered"), ("started", "started"), ("passed", "tested"), ("failed", "tested"),
        ("completed a unit", "completed"), ("completed the course", "finished"), ("earned", "earned"),
    ],
)  # fmt: skip
def test_every_kind_of_act_reads_back(name: str, kind: str) -> None:
    act = read.act(ALL[name](), BASE)
    assert act is not None
    assert (act.kind, act.course_uuid, act.at) == (kind, CONTEXT.course_uuid, AT)


def test_the_result_of_a_test_follows_the_verb() -> None:
    passed, failed = read.act(ALL["passed"](), BASE), read.act(ALL["failed"](), BASE)
    assert passed is not None
    assert failed is not None
    assert (passed.success, failed.success) == (True, False)
    assert passed.blueprint_id == failed.blueprint_id == "final"


def test_statements_of_another_base_are_not_read() -> None:
    assert read.act(ALL["passed"](), "https://other.example") is None
    assert read.act(ALL["passed"](), BASE + "x") is None


def test_a_statement_about_an_agent_is_not_read() -> None:
    statement = {**ALL["passed"](), "object": {"objectType": "Agent", "mbox": "mailto:a@b.example"}}
    assert read.act(statement, BASE) is None


ids = st.from_regex(r"[a-z][a-z0-9-]{0,39}", fullmatch=True)


@given(part=ids, score=st.floats(0, 1), at=st.datetimes(datetime(1990, 1, 1), timezones=st.just(UTC)))
def test_any_answer_reads_back_as_built(part: str, score: float, at: datetime) -> None:
    statement = build.answered(
        CONTEXT, ACT, item_id=part, unit_id="u", interaction="numeric", score=score, success=True, at=at
    )
    check_batch([statement], "1.0.3")
    act = read.act(json.loads(json.dumps(statement)), BASE)
    assert act is not None
    assert act.item_id == part
    assert act.scaled == round(score, 4)
    assert abs((act.at - at).total_seconds()) < 0.001


@given(part=ids)
def test_an_activity_iri_gives_its_id_back(part: str) -> None:
    iri = v.part_iri(BASE, CONTEXT.course_uuid, part)
    assert read.activity_item(iri, BASE) == part
    assert read.activity_item(iri + "/x", BASE) is None
    assert read.activity_item(v.certificate_iri(BASE, CONTEXT.course_uuid), BASE) is None
