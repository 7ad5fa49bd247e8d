from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.assessments.items import ITEM_TYPES
from headstart_lms.assessments.items.base import Lexicon, Tokens
from headstart_lms.kernel.errors import Invalid

from .samples import ITEMS, KEYS, MARKED, TOKENS, make_item, sent

NO_WORDS = Lexicon()
names = st.sampled_from(sorted(ITEMS))
seeds = st.text(max_size=20)


def test_every_type_has_a_sample() -> None:
    assert {item.type for item in ITEMS.values()} == set(ITEM_TYPES)
    assert len(ITEM_TYPES) == 15


@given(names, seeds)
def test_the_key_scores_one_and_what_is_sent_is_what_is_read(name: str, seed: str) -> None:
    item, tokens = ITEMS[name], Tokens(b"key", seed)
    response = item.read(sent(item, KEYS[name], tokens), tokens)
    assert response == KEYS[name]
    assert json.loads(json.dumps(response)) == response
    grade = item.grade(response, NO_WORDS)
    assert grade.score == (1.0 if item.is_marked else None)
    assert all(grade.parts.values())
    assert grade.remarks == ()


@given(names, st.randoms(use_true_random=False))
def test_whatever_the_form_offers_can_be_sent_and_is_read_the_same_twice(name: str, chance: Any) -> None:
    item = ITEMS[name]
    response: Any = None
    while response is None or response.get("complete") is False:
        form = item.form(TOKENS, response)
        assert form == item.form(TOKENS, response)
        values: dict[str, list[str]] = {}
        free: dict[str, list[str]] = {}
        for field in form.fields:
            if field.kind == "hidden":
                values[field.name] = [field.value]
            elif field.kind == "text":
                values[field.name] = [chance.choice(["3", "١٢,٥", "7,50 €"])]
            elif item.type in {"match", "order"}:  # every value fits once
                left = free.setdefault("all", [choice.value for choice in field.choices])
                values[field.name] = [left.pop(chance.randrange(len(left)))]
            else:
                values[field.name] = [chance.choice(field.choices).value]
        response = item.read(values, TOKENS)
        assert response == item.read(values, TOKENS)
    grade = item.grade(response, NO_WORDS)
    assert grade.score is None or 0 <= grade.score <= 1
    assert grade.form_score is None or 0 <= grade.form_score <= 1
    assert grade == item.grade(json.loads(json.dumps(response)), NO_WORDS)


@pytest.mark.parametrize("name", ["i-single", "i-picture", "i-hotspot"])
def test_every_other_option_scores_nothing(name: str) -> None:
    item: Any = ITEMS[name]
    for option in getattr(item, "options", None) or item.spots:
        assert item.grade({"choice": option.id}, NO_WORDS).score == (1.0 if option.right else 0.0)


def test_multiple_takes_points_off_for_wrong_ones_but_never_below_nothing() -> None:
    item = ITEMS["i-multiple"]
    assert item.grade({"choices": ["a"]}, NO_WORDS).score == 0.5
    assert item.grade({"choices": ["a", "b", "c"]}, NO_WORDS).score == 0.5
    assert item.grade({"choices": ["c", "d"]}, NO_WORDS).score == 0.0


def test_a_partly_right_match_counts_by_pairs_and_order_by_neighbours() -> None:
    assert ITEMS["i-match"].grade({"pairs": {"a": "a", "b": "x", "c": "b"}}, NO_WORDS).score == pytest.approx(
        1 / 3
    )
    order = ITEMS["i-order"]
    assert order.grade({"order": ["p4", "p3", "p2", "p1"]}, NO_WORDS).score == 0.0
    assert order.grade({"order": ["p2", "p3", "p4", "p1"]}, NO_WORDS).score == pytest.approx(2 / 3)


def test_parts_with_the_same_text_may_change_places() -> None:
    item = make_item(
        "{id: o, type: order, unit: words, parts: [{id: a, text: la}, {id: b, text: e}, {id: c, text: la}]}"
    )
    assert item.grade({"order": ["c", "b", "a"]}, NO_WORDS).score == 1.0


def test_another_accepted_order_is_right() -> None:
    item = make_item(
        "{id: o, type: order, unit: words, accept: [[b, c, a]],"
        " parts: [{id: a, text: oggi}, {id: b, text: io}, {id: c, text: lavoro}]}"
    )
    assert item.grade({"order": ["b", "c", "a"]}, NO_WORDS).score == 1.0
    assert item.grade({"order": ["c", "b", "a"]}, NO_WORDS).score == 0.0


def test_a_scenario_goes_step_by_step_and_counts_its_path() -> None:
    item = ITEMS["i-scenario"]
    first = item.form(TOKENS)
    assert [field.kind for field in first.fields] == ["radio"]
    assert first.consequence == ()
    half = item.read(sent(item, {"path": {"s1": "a"}}), TOKENS)
    assert half == {"path": {"s1": "a"}, "complete": False}
    second = item.form(TOKENS, half)
    assert [field.kind for field in second.fields] == ["hidden", "radio"]
    assert "Nobody may keep it" in second.consequence[0].text
    with pytest.raises(ValueError, match="s2"):
        item.grade(half, NO_WORDS)
    whole = item.read(sent(item, {"path": {"s1": "a", "s2": "a"}}), TOKENS)
    assert whole["complete"] is True
    grade = item.grade(whole, NO_WORDS)
    assert (grade.score, len(grade.notes)) == (0.5, 2)
    assert item.form(TOKENS, whole) == second  # shown again with its last step


def test_the_best_path_is_found_where_the_first_good_choice_leads_nowhere() -> None:
    item = make_item(
        """
        {id: s, type: scenario, start: a, steps: [
          {id: a, text: A, choices: [{id: x, text: stop, points: 2}, {id: y, text: go, points: 1, next: b}]},
          {id: b, text: B, choices: [{id: x, text: good, points: 2}, {id: y, text: bad, points: 0}]}]}
        """
    )
    assert item.grade({"path": {"a": "x"}, "complete": True}, NO_WORDS).score == pytest.approx(2 / 3)
    assert item.grade({"path": {"a": "y", "b": "x"}, "complete": True}, NO_WORDS).score == 1.0


# --- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(ITEMS))
def test_nothing_unknown_and_foreign_answers_are_refused_in_one_sentence(name: str) -> None:
    item = ITEMS[name]
    right = sent(item, KEYS[name])
    refused: list[dict[str, list[str]]] = [
        {},
        {field: [""] for field in right},
        {**right, "response-zz": ["1"]},
    ]
    if item.type not in {"short", "dictation", "gap-type", "form", "number"}:
        refused.append({field: ["zzzzzz"] for field in right})
        refused.append(
            sent(item, KEYS[name], Tokens(b"another key", "s"))
            if item.type not in {"truth", "can-do"}
            else {}
        )
    for values in refused:
        with pytest.raises(Invalid) as error:
            item.read(values, TOKENS)
        assert error.value.message.endswith(".")


@pytest.mark.parametrize("name", [n for n in sorted(ITEMS) if n != "i-multiple"])
def test_doubled_fields_are_refused(name: str) -> None:
    item = ITEMS[name]
    values = {field: [*given, *given] for field, given in sent(item, KEYS[name]).items()}
    with pytest.raises(Invalid):
        item.read(values, TOKENS)


def test_doubled_choices_are_refused() -> None:
    multiple, match, order = ITEMS["i-multiple"], ITEMS["i-match"], ITEMS["i-order"]
    for item, response in (
        (multiple, {"choices": ["a", "a"]}),
        (match, {"pairs": {"a": "a", "b": "a", "c": "c"}}),
    ):
        with pytest.raises(Invalid):
            item.read(sent(item, response), TOKENS)
    values = {field: ["1"] for field in sent(order, KEYS["i-order"])}
    with pytest.raises(Invalid, match="once"):
        order.read(values, TOKENS)


@pytest.mark.parametrize("name", ["i-match", "i-order", "i-gap-choice", "i-gap-type", "i-form"])
def test_a_part_left_out_is_refused(name: str) -> None:
    values = sent(ITEMS[name], KEYS[name])
    values.pop(next(iter(values)))
    with pytest.raises(Invalid):
        ITEMS[name].read(values, TOKENS)


def test_other_fields_of_the_page_are_no_answers() -> None:
    values = {"csrf_token": ["x"], "answer_id": ["y"], **sent(ITEMS["i-single"], KEYS["i-single"])}
    assert ITEMS["i-single"].read(values, TOKENS) == {"choice": "a"}


def test_typed_answers_are_bounded_and_cleaned() -> None:
    item = ITEMS["i-short"]
    with pytest.raises(Invalid, match="500"):
        item.read({"response": ["a" * 501]}, TOKENS)
    assert item.read({"response": [" a\x00b\u202ec\n d "]}, TOKENS) == {"text": "a bc d"}
    for empty in ("...", "\u202e", " ? "):
        with pytest.raises(Invalid):
            item.read({"response": [empty]}, TOKENS)


@pytest.mark.parametrize("text", ["many", "5 or 6", "1/2", "8:30", ""])
def test_what_is_not_one_number_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        ITEMS["i-number"].read({"response": [text]}, TOKENS)


# --- tokens ------------------------------------------------------------------------------------


@given(seeds, st.text(min_size=1, max_size=10), st.text(min_size=1, max_size=10))
def test_a_token_is_short_stable_and_leads_back(seed: str, item_id: str, part: str) -> None:
    tokens = Tokens(b"key", seed)
    token = tokens.token(item_id, part)
    assert len(token) == 6
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyz0123456789")
    assert token == Tokens(b"key", seed).token(item_id, part)
    assert token != Tokens(b"other", seed).token(item_id, part)
    assert tokens.resolve(item_id, token, ["other!", part]) == part


@given(seeds, st.lists(st.integers(), max_size=12))
def test_a_shuffle_keeps_everything_and_repeats_itself(seed: str, values: list[int]) -> None:
    tokens = Tokens(b"key", seed)
    assert sorted(tokens.shuffled("i", values)) == sorted(values)
    assert tokens.shuffled("i", values) == tokens.shuffled("i", values)


def test_neither_place_nor_value_gives_the_right_option_away() -> None:
    item = ITEMS["i-single"]
    places, values = [0, 0, 0], set()
    for n in range(600):
        tokens = Tokens(b"key", f"seed {n}")
        choices = item.form(tokens).fields[0].choices
        right = tokens.token(item.id, "a")
        places[[choice.value for choice in choices].index(right)] += 1
        values.add(right)
    assert all(140 < count < 260 for count in places)  # 200 expected, four standard deviations
    assert len(values) == 600


def test_sorting_by_field_name_or_value_does_not_order_the_parts() -> None:
    item = ITEMS["i-order"]
    orders = set()
    for n in range(50):
        form = item.form(Tokens(b"key", str(n)))
        assert [field.label.text for field in form.fields if field.label] != [
            "Mi",
            "chiamo",
            "Amina",
            "Haddad",
        ]
        orders.add(tuple(f.label.text for f in sorted(form.fields, key=lambda f: f.name) if f.label))
    assert len(orders) > 12


# --- xAPI --------------------------------------------------------------------------------------


def test_statements_carry_ids_of_closed_items_and_never_what_was_typed() -> None:
    expected = {
        "i-single": "a", "i-multiple": "a[,]b", "i-truth": "false", "i-match": "a[.]a[,]b[.]b[,]c[.]c",
        "i-match-pictures": "a[.]a[,]b[.]b[,]c[.]c", "i-order": "p1[,]p2[,]p3[,]p4",
        "i-gap-choice": "a[.]a[,]b[.]b", "i-picture": "a", "i-hotspot": "a", "i-scenario": "s1[.]b[,]s2[.]a",
        "i-can-do": "alone",
    }  # fmt: skip
    assert {name: r for name in ITEMS if (r := ITEMS[name].xapi_response(KEYS[name])) is not None} == expected
    known = {"choice", "matching", "sequencing", "fill-in", "numeric", "performance", "likert"}
    assert {item.interaction for item in ITEMS.values()} == known


def test_every_marked_item_has_a_solution_and_all_media_are_named() -> None:
    assert all(ITEMS[name].solution().lines for name in MARKED)
    assert set(ITEMS["i-picture"].media_ids()) == {"pic-bread", "pic-milk", "clip-come"}
    assert set(ITEMS["i-match-pictures"].media_ids()) == {"pic-bread", "pic-milk", "pic-water"}
