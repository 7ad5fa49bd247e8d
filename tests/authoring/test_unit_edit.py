"""What a writer does to a unit changes what she meant, and nothing else."""

from __future__ import annotations

import copy
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.authoring import unit_edit
from headstart_lms.courses.parts import Id

Unit = dict[str, Any]


@st.composite
def units(draw: st.DrawFn) -> Unit:
    """Units of up to six blocks, some with items; all ids different."""
    names = draw(
        st.lists(st.from_regex(r"\A[a-z][a-z0-9-]{0,38}[a-z0-9]?\Z"), min_size=1, max_size=24, unique=True)
    )
    blocks: list[Unit] = []
    for number, name in enumerate(names):
        if number and blocks[-1]["type"] == "items" and draw(st.booleans()):
            blocks[-1]["items"].append({"id": name, "type": "single", "prompt": f"Question {number}"})
        elif draw(st.booleans()):
            blocks.append({"id": name, "type": "items", "items": []})
        else:
            blocks.append({"id": name, "type": "text", "text": f"Text {number}"})
    return {"id": "unit", "title": "Title", "minutes": 10, "blocks": blocks}


def ids(unit: Unit) -> list[str]:
    return [part["id"] for part in unit_edit.parts(unit)]


@given(units(), st.data())
def test_every_operation_leaves_the_unit_it_was_given_alone(unit: Unit, data: st.DataObject) -> None:
    before, chosen = copy.deepcopy(unit), data.draw(st.sampled_from(ids(unit)))
    unit_edit.move(unit, chosen, 1)
    unit_edit.duplicate(unit, chosen, set())
    unit_edit.delete(unit, chosen)
    unit_edit.replace(unit, chosen, {"type": "text", "text": "new"})
    unit_edit.add_block(unit, {"id": "zz", "type": "text"}, after=chosen)
    assert unit == before


@given(units(), st.data(), st.sampled_from([-1, 1]))
def test_moving_keeps_every_part_once_and_changes_no_part(unit: Unit, data: st.DataObject, by: Any) -> None:
    chosen = data.draw(st.sampled_from(ids(unit)))
    moved = unit_edit.move(unit, chosen, by)
    assert sorted(ids(moved)) == sorted(ids(unit))
    if unit_edit.block_of(unit, chosen) is not None:
        assert unit_edit.get_part(moved, chosen) == unit_edit.get_part(unit, chosen)


@given(units(), st.data())
def test_up_undoes_down_unless_the_part_was_at_the_edge(unit: Unit, data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(ids(unit)))
    down = unit_edit.move(unit, chosen, 1)
    assert unit_edit.move(down, chosen, -1) == unit or down == unit


@given(units(), st.data(), st.sets(st.from_regex(r"\A[a-z][a-z0-9-]{0,39}\Z"), max_size=5))
def test_a_copy_has_new_valid_ids_and_says_the_same(
    unit: Unit, data: st.DataObject, others: set[str]
) -> None:
    chosen = data.draw(st.sampled_from(ids(unit)))
    taken = others | set(ids(unit))
    grown, twin_id = unit_edit.duplicate(unit, chosen, taken)
    found = ids(grown)
    assert len(found) == len(set(found))
    new = set(found) - set(ids(unit))
    assert twin_id in new
    assert not new & taken
    pattern = Id.__metadata__[0].metadata[0].pattern  # type: ignore[attr-defined]
    assert all(re.match(pattern, name) for name in new)
    twin, source = unit_edit.get_part(grown, twin_id), unit_edit.get_part(unit, chosen)
    assert [part.get("text", part.get("prompt")) for part in (twin, *twin.get("items", []))] == [
        part.get("text", part.get("prompt")) for part in (source, *source.get("items", []))
    ]
    assert unit_edit.delete(grown, twin_id) == unit


@given(units(), st.data())
def test_what_is_moved_before_another_stands_there(unit: Unit, data: st.DataObject) -> None:
    blocks = [block["id"] for block in unit["blocks"]]
    one, other = data.draw(st.sampled_from(blocks)), data.draw(st.sampled_from(blocks))
    moved = [block["id"] for block in unit_edit.move_to(unit, one, other)["blocks"]]
    assert one == other or moved.index(one) + 1 == moved.index(other)
    assert [name for name in moved if name != one] == [name for name in blocks if name != one]


def test_an_item_at_the_end_of_its_block_goes_into_the_next_block_of_items() -> None:
    unit = {"blocks": [
        {"id": "a", "type": "items", "items": [{"id": "one"}, {"id": "two"}]},
        {"id": "t", "type": "text"},
        {"id": "b", "type": "items", "items": [{"id": "three"}]},
    ]}  # fmt: skip
    moved = unit_edit.move(unit, "two", 1)
    assert [item["id"] for item in moved["blocks"][0]["items"]] == ["one"]
    assert [item["id"] for item in moved["blocks"][2]["items"]] == ["two", "three"]
    assert unit_edit.move(moved, "two", -1) == unit


def test_a_block_comes_behind_the_block_of_the_item_that_was_looked_at() -> None:
    unit = {"blocks": [{"id": "a", "type": "items", "items": [{"id": "one"}]}, {"id": "t", "type": "text"}]}
    grown = unit_edit.add_block(unit, {"id": "new", "type": "text"}, after="one")
    assert [block["id"] for block in grown["blocks"]] == ["a", "new", "t"]


def test_two_states_of_a_part_have_two_digests_whatever_the_order_of_their_fields() -> None:
    assert unit_edit.digest({"id": "a", "text": "x"}) == unit_edit.digest({"text": "x", "id": "a"})
    assert unit_edit.digest({"id": "a", "text": "x"}) != unit_edit.digest({"id": "a", "text": "y"})
