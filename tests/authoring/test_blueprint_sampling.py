"""How sittings differ: what is counted holds against every draw the program makes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart_lms.assessments import rules
from headstart_lms.assessments.items.base import ItemType
from headstart_lms.authoring import sampling
from headstart_lms.builtin import item_types
from headstart_lms.courses.document import Blueprint
from headstart_lms.kernel.errors import Invalid

NUMBER = item_types()["number"]


def bank(*rows: tuple[str, Sequence[str], int, str | None]) -> list[ItemType]:
    """Return questions: (id, tags, difficulty, topic)."""
    made = []
    for name, tags, level, topic in rows:
        data: dict[str, Any] = {
            "id": name,
            "type": "number",
            "prompt": "1 + 2?",
            "answer": 3,
            "tags": list(tags),
        }
        item = NUMBER.model_validate({**data, "difficulty": level, **({"topic": topic} if topic else {})})
        assert isinstance(item, ItemType)
        made.append(item)
    return made


def blueprint(*draws: tuple[str, int]) -> Blueprint:
    """Return a test with one part for each (tag, how many)."""
    return Blueprint.model_validate(
        {
            "id": "t", "title": "T", "minutes": 5, "pass": {"overall": 60},
            "sections": [
                {"id": f"p{n}", "title": "P", "draw": [{"tags": [tag], "count": number}]}
                for n, (tag, number) in enumerate(draws, 1)
            ],
        }
    )  # fmt: skip


def every_set(test: Blueprint, items: Sequence[ItemType], draws: int) -> set[frozenset[str]]:
    return {
        frozenset(name for ids in rules.draw(test, items, f"other {n}").values() for name in ids)
        for n in range(draws)
    }


_kinds = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from(["money", "health", None])), min_size=2, max_size=5
)


@settings(max_examples=30, deadline=None)
@given(_kinds, st.integers(1, 3))
def test_the_number_of_sittings_is_the_number_that_comes_in_the_end(kinds: Any, number: int) -> None:
    items = bank(*((f"q{n}", ["x"], level, topic) for n, (level, topic) in enumerate(kinds)))
    number = min(number, len(items))
    test = blueprint(("x", number))
    found = sampling.spread(test, items, draws=100)
    seen = every_set(test, items, 1500)  # at most ten sets: each of them comes
    assert found.possible == len(seen)
    assert set(found.never) == {item.id for item in items} - frozenset().union(*seen)
    assert set(found.always) == frozenset.intersection(*seen)


def test_parts_that_share_no_question_multiply() -> None:
    items = bank(
        *((f"a{n}", ["a"], 1, None) for n in range(6)), *((f"b{n}", ["b"], 1, None) for n in range(5))
    )
    found = sampling.spread(blueprint(("a", 3), ("b", 2)), items)
    assert (found.possible, found.draws) == (20 * 10, 1000)
    assert (found.never, found.always) == ((), ())
    assert 150 < found.distinct <= 200


def test_where_parts_share_questions_nothing_is_claimed_but_what_was_seen() -> None:
    items = bank(*((f"q{n}", ["a", "b"], 1, None) for n in range(4)))
    found = sampling.spread(blueprint(("a", 2), ("b", 2)), items)
    assert found.possible is None
    assert found.always == ("q0", "q1", "q2", "q3")
    assert found.distinct == 1


def test_difficulty_is_spread_as_the_draw_spreads_it() -> None:
    items = bank(*((f"q{level}{n}", ["x"], level, None) for level in (1, 2, 3) for n in range(4)))
    found = sampling.spread(blueprint(("x", 3)), items)
    assert [(level.difficulty, level.fewest, level.most) for level in found.levels] == [
        (1, 1, 1),
        (2, 1, 1),
        (3, 1, 1),
    ]
    assert (found.easiest, found.mean, found.hardest) == (2, 2, 2)
    assert found.possible == 4**3


def test_a_bank_that_is_too_small_is_refused() -> None:
    with pytest.raises(Invalid):
        sampling.spread(blueprint(("x", 3)), bank(("q1", ["x"], 1, None)))
    with pytest.raises(Invalid):
        sampling.sample(blueprint(("x", 1)), [], "seed")


def test_a_pool_is_every_question_with_all_tags() -> None:
    items = bank(("q1", ["a", "b"], 1, None), ("q2", ["a"], 1, None))
    test = Blueprint.model_validate(
        {
            "id": "t", "title": "T", "minutes": 5, "pass": {"overall": 60},
            "sections": [
                {"id": "p", "title": "P", "draw": [{"tags": ["a", "b"], "count": 1}, {"tags": ["a"], "count": 1}]},
            ],
        }
    )  # fmt: skip
    both, one = sampling.pools(test, items)
    assert (both.fitting, one.fitting) == (("q1",), ("q1", "q2"))
    assert (both.is_possible, both.is_enough, both.share) == (True, False, 1.0)
    assert (one.is_enough, one.share) == (True, 0.5)


def test_a_large_bank_is_drawn_from_less_often_and_says_so() -> None:
    numbers = count()
    items = bank(*((f"q{next(numbers)}", ["x"], 1 + n % 3, None) for n in range(400)))
    found = sampling.spread(blueprint(("x", 20)), items)
    assert 100 <= found.draws < 1000
