"""Every question of every course we ship: right by its own key, and every wrong option wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from headstart_lms.assessments.items.base import ItemType, Tokens
from headstart_lms.assessments.items.lexicon import Lexicon
from headstart_lms.courses.document import Course
from headstart_lms.demo import right_response
from headstart_lms.learning.pages import given_values
from headstart_lms.paths import bundled_courses

from . import tiny

BUNDLED = sorted(folder.name for folder in bundled_courses().iterdir() if (folder / "course.yaml").is_file())
TOKENS = Tokens(b"k" * 32, str(UUID(int=7)))


@pytest.fixture(scope="module", params=BUNDLED)
def course(request: pytest.FixtureRequest) -> Course:
    return tiny.course_of(bundled_courses() / request.param)


@pytest.fixture(scope="module")
def lexicon(course: Course) -> Lexicon:
    return Lexicon.from_course(course)


def items(course: Course) -> list[ItemType]:
    found = [item for unit in course.units for item in unit.items] + list(course.bank)
    assert all(isinstance(item, ItemType) for item in found)
    return [item for item in found if isinstance(item, ItemType)]


def wrong_responses(item: Any) -> Iterator[dict[str, Any]]:
    """Yield every answer to a closed question that its key says is wrong, changing one thing at a time."""
    match item.type:
        case "single" | "picture":
            yield from ({"choice": o.id} for o in item.options if not o.right)
        case "hotspot":
            yield from ({"choice": s.id} for s in item.spots if not s.right)
        case "truth":
            answers = ("true", "false", "not-said") if item.three else ("true", "false")
            yield from ({"choice": answer} for answer in answers if answer != item.key)
        case "multiple":
            right = [o.id for o in item.options if o.right]
            for option in item.options:
                changed = (
                    [name for name in right if name != option.id] if option.right else [*right, option.id]
                )
                if changed:
                    yield {"choices": changed}
        case "gap-choice":
            right_gaps = right_response(item)["gaps"]
            for gap in item.gaps:
                for option in gap.options:
                    if not option.right:
                        yield {"gaps": {**right_gaps, gap.id: option.id}}
        case "match":
            pairs = right_response(item)["pairs"]
            first, second = list(pairs)[:2]
            if not _look_alike(item, first, second):
                yield {"pairs": {**pairs, first: second, second: first}}


def _look_alike(item: Any, first: str, second: str) -> bool:
    right = {pair.id: (pair.right, pair.right_picture) for pair in item.pairs}
    return bool(right[first] == right[second])


def test_the_key_of_every_item_is_right(course: Course, lexicon: Lexicon) -> None:
    wrong = []
    for item in items(course):
        grade = item.grade(right_response(item), lexicon)
        if item.is_marked and (grade.score != 1 or grade.form_score not in (None, 1)):
            wrong.append((item.id, grade))
        if not item.is_marked and grade.score is not None:
            wrong.append((item.id, grade))
    assert wrong == []


def test_the_key_is_right_also_through_the_form(course: Course, lexicon: Lexicon) -> None:
    for item in items(course):
        response = right_response(item)
        values = given_values(item, item.form(TOKENS), response, TOKENS)
        read = item.read(values, TOKENS)
        assert item.grade(read, lexicon).score == (1 if item.is_marked else None), item.id


def test_every_wrong_choice_is_wrong(course: Course, lexicon: Lexicon) -> None:
    count, taken = 0, []
    for item in items(course):
        for response in wrong_responses(item):
            count += 1
            if item.grade(response, lexicon).is_right:
                taken.append((item.id, response))
    assert taken == []
    assert count > 100


def test_every_answer_that_is_listed_is_taken(course: Course, lexicon: Lexicon) -> None:
    refused = []
    for item in items(course):
        for response in _listed(item):
            if not item.grade(response, lexicon).is_right:
                refused.append((item.id, response))
    assert refused == []


def _listed(item: Any) -> Iterator[dict[str, Any]]:
    if item.type in ("short", "dictation"):
        yield from ({"text": answer} for answer in item.answers)
    elif item.type in ("gap-type", "form"):
        fields = item.gaps if item.type == "gap-type" else item.fields
        right = right_response(item)["texts"]
        for field in fields:
            yield from ({"texts": {**right, field.id: answer}} for answer in field.answers)


def test_a_form_names_its_options_by_tokens(course: Course) -> None:
    other = Tokens(b"k" * 32, str(UUID(int=8)))
    for item in items(course):
        if item.type in ("single", "picture", "multiple", "match", "gap-choice", "scenario"):
            values, others = _values(item, TOKENS), _values(item, other)
            assert values, item.id
            assert all(re.fullmatch("[a-z0-9]{6}", value) for value in values), item.id
            assert not values & others, f"{item.id}: two learners see the same names"


def _values(item: ItemType, tokens: Tokens) -> set[str]:
    return {choice.value for field in item.form(tokens).fields for choice in field.choices}


def test_the_place_of_an_option_says_nothing(course: Course) -> None:
    places: Counter[int] = Counter()
    for item in items(course):
        if item.type == "single":
            right = TOKENS.token(item.id, right_response(item)["choice"])
            places[[choice.value for choice in item.form(TOKENS).fields[0].choices].index(right)] += 1
    total = sum(places.values())
    assert total >= 20
    assert all(0.15 * total < places[place] < 0.6 * total for place in (0, 1, 2)), places
