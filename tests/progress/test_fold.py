"""Progress is a fold: order and repetition change nothing, and merging obeys the laws of a set."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart_lms.progress.rules import NOTHING, Progress, Sat, fold, of_act, standing
from headstart_lms.xapi import build, read
from headstart_lms.xapi.read import Act

from ..courses import tiny

BASE = "https://learn.example.org"
COURSE = UUID("6b0f4a3e-9d52-4c1b-8a77-0c1f2d3e4a5b")
CONTEXT = build.Context(BASE, UUID(int=1), UUID(int=2), COURSE, "1.0", "en")
ITEMS = ("i-one", "i-gap", "i-truth", "i-short", "i-story", "i-can")
UNITS = ("first", "second")

scores = st.none() | st.integers(0, 20).map(lambda n: n / 20)
times = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
ids = st.integers(1, 6).map(lambda n: UUID(int=n))

answered = st.builds(
    Act,
    kind=st.just("answered"),
    course_uuid=st.just(COURSE),
    at=times,
    item_id=st.sampled_from(ITEMS),
    unit_id=st.sampled_from(UNITS),
    scaled=scores,
    success=st.none() | st.booleans(),
)
answered_in_test = st.builds(
    Act,
    kind=st.just("answered"),
    course_uuid=st.just(COURSE),
    at=times,
    item_id=st.sampled_from(ITEMS),
    blueprint_id=st.just("final"),
    sitting_id=ids,
    scaled=scores,
    success=st.booleans(),
)
tested = st.builds(
    Act,
    kind=st.just("tested"),
    course_uuid=st.just(COURSE),
    at=times,
    blueprint_id=st.sampled_from(["final", "mock"]),
    sitting_id=ids,
    scaled=scores,
    success=st.booleans(),
)
others = st.builds(
    Act, kind=st.sampled_from(["registered", "started", "completed", "finished", "earned"]),
    course_uuid=st.just(COURSE), at=times, unit_id=st.none() | st.sampled_from(UNITS),
)  # fmt: skip
acts = st.lists(answered | answered_in_test | tested | others, max_size=25)
progresses = acts.map(fold)


@given(acts, st.randoms(use_true_random=False))
def test_order_changes_nothing(told: list[Act], chance: random.Random) -> None:
    shuffled = list(told)
    chance.shuffle(shuffled)
    assert fold(shuffled).dump() == fold(told).dump()


@given(acts, st.lists(st.integers(0, 24)))
def test_repetition_changes_nothing(told: list[Act], again: list[int]) -> None:
    repeated = told + [told[n] for n in again if n < len(told)]
    assert fold(repeated).dump() == fold(told).dump()


@given(acts, st.integers(0, 25))
def test_folding_on_from_what_is_cached_is_folding_everything(told: list[Act], cut: int) -> None:
    cached = Progress.load(json.loads(json.dumps(fold(told[:cut]).dump())))
    assert fold(told[cut:], cached).dump() == fold(told).dump()


@given(progresses, progresses)
def test_merging_is_commutative(a: Progress, b: Progress) -> None:
    assert a.merge(b).dump() == b.merge(a).dump()


@given(progresses, progresses, progresses)
def test_merging_is_associative(a: Progress, b: Progress, c: Progress) -> None:
    assert a.merge(b).merge(c).dump() == a.merge(b.merge(c)).dump()


@given(progresses)
def test_merging_with_itself_or_nothing_changes_nothing(a: Progress) -> None:
    assert a.merge(a).dump() == a.merge(NOTHING).dump() == NOTHING.merge(a).dump() == a.dump()


@given(progresses)
def test_the_cache_is_the_same_after_a_journey_through_json(a: Progress) -> None:
    assert Progress.load(json.loads(json.dumps(a.dump()))).dump() == a.dump()


@given(acts, answered | answered_in_test | tested | others)
def test_nothing_that_is_told_takes_anything_away(told: list[Act], more: Act) -> None:
    course = tiny_course()
    before, after = standing(course, fold(told)), standing(course, fold([*told, more]))
    assert after.units_done >= before.units_done
    assert after.is_test_passed >= before.is_test_passed
    assert all(after.units[name].mastery >= before.units[name].mastery for name in after.order)
    assert after.share >= before.share


def test_the_best_score_counts() -> None:
    told = [_answer("i-one", 0.0), _answer("i-one", 1.0), _answer("i-one", 0.5)]
    assert fold(told).items == {"i-one": 1.0}


def test_an_item_without_a_mark_counts_when_it_was_answered() -> None:
    assert fold([_answer("i-can", None)]).items == {"i-can": 1.0}


def test_an_answer_in_a_test_is_no_progress_in_a_unit() -> None:
    act = Act("answered", COURSE, datetime(2026, 1, 1, tzinfo=UTC), "i-one", blueprint_id="final", scaled=1.0)
    assert fold([act]).items == {}


def test_a_failed_sitting_beside_a_passed_one_is_a_pass() -> None:
    told = [_test(UUID(int=1), 0.9, True), _test(UUID(int=2), 0.2, False)]
    assert fold(told).has_passed("final")
    assert not fold(told[1:]).has_passed("final")
    assert fold(told).tests == {
        "final": {str(UUID(int=1)): Sat(0.9, True), str(UUID(int=2)): Sat(0.2, False)}
    }


@pytest.mark.parametrize("scaled, counted", [(-1.0, 0.0), (1.5, 1.0), (0.25, 0.25)])
def test_a_score_outside_its_scale_is_brought_back(scaled: float, counted: float) -> None:
    assert of_act(_answer("i-one", scaled)).items == {"i-one": counted}


def test_a_unit_is_done_when_every_item_was_answered_even_wrong() -> None:
    course = tiny_course()
    three = [_answer(name, 0.0) for name in ITEMS[:3]]
    where = standing(course, fold(three))
    assert (where.units["first"].is_done, where.units["first"].mastery, where.next_unit) == (
        True,
        0.0,
        "second",
    )
    assert standing(course, fold(three[:2])).next_unit == "first"


def test_the_course_is_complete_with_all_units_and_the_test() -> None:
    course = tiny_course()
    told = [_answer(name, 1.0) for name in ITEMS]
    assert not standing(course, fold(told)).is_complete
    assert not standing(course, fold([*told, _test(UUID(int=1), 1.0, False)])).is_complete
    done = standing(course, fold([*told, _test(UUID(int=1), 0.6, True)]))
    assert (done.is_complete, done.share, done.units_missing) == (True, 1.0, 0)


def test_items_of_an_earlier_edition_do_no_harm() -> None:
    course = tiny_course()
    assert standing(course, fold([_answer("long-gone", 1.0)])).share == 0


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.sampled_from(ITEMS), scores, times), max_size=12), st.randoms(use_true_random=False)
)
def test_statements_in_any_order_and_number_fold_to_the_same(
    answers: list[tuple[str, float | None, datetime]], chance: random.Random
) -> None:
    statements = [
        build.answered(CONTEXT, UUID(int=n + 1), item_id=item, unit_id="first", interaction="choice", score=score,
                       success=None if score is None else score == 1, at=at)
        for n, (item, score, at) in enumerate(answers)
    ]  # fmt: skip
    mixed = statements + [one for one in statements if chance.random() < 0.5]
    chance.shuffle(mixed)
    assert _fold_statements(mixed) == _fold_statements(statements)


def _fold_statements(statements: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return fold(act for one in statements if (act := read.act(one, BASE)) is not None).dump()


def _answer(item: str, scaled: float | None) -> Act:
    return Act("answered", COURSE, datetime(2026, 1, 1, tzinfo=UTC), item, "first", scaled=scaled)


def _test(sitting: UUID, scaled: float, success: bool) -> Act:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Act("tested", COURSE, at, blueprint_id="final", sitting_id=sitting, scaled=scaled, success=success)


def tiny_course() -> Any:
    return _COURSES[0]


_COURSES: list[Any] = []


@pytest.fixture(scope="module", autouse=True)
def _course(tmp_path_factory: pytest.TempPathFactory) -> None:
    _COURSES[:] = [tiny.course_of(tiny.write(tmp_path_factory.mktemp("tiny"), translated=False))]
