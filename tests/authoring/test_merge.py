"""Two people in one file: what each changed is there afterwards, and what both changed is lost for neither."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart_lms.authoring import store
from headstart_lms.authoring.merge import GONE, merge, parts, take
from headstart_lms.authoring.models import Mark
from headstart_lms.authoring.yamltext import equal
from headstart_lms.kernel.db import session, transaction

from .drafts import draft_of, make_draft, person_of, save

UNIT: dict[str, Any] = {
    "id": "u", "title": "Old", "minutes": 8,
    "blocks": [
        {"id": "b1", "type": "text", "text": "one"},
        {"id": "b2", "type": "items", "intro": "try",
         "items": [{"id": "i1", "prompt": "?"}, {"id": "i2", "prompt": "??"}]},
        {"id": "b3", "type": "text", "text": "three"},
    ],
}  # fmt: skip


def change(f: Any) -> Any:
    data = copy.deepcopy(UNIT)
    f(data)
    return data


def test_changes_of_different_blocks_come_together() -> None:
    mine = change(lambda d: d["blocks"][0].update(text="mine"))
    theirs = change(lambda d: d["blocks"][2].update(text="theirs"))
    merged = merge(UNIT, mine, theirs)
    assert merged.clashes == ()
    assert [b.get("text") for b in merged.data["blocks"]] == ["mine", None, "theirs"]


def test_changes_of_two_items_of_one_block_and_of_its_introduction_come_together() -> None:
    mine = change(lambda d: d["blocks"][1]["items"][0].update(prompt="mine"))

    def other(d: Any) -> None:
        d["blocks"][1]["items"][1].update(prompt="theirs")
        d["blocks"][1]["intro"] = "do"

    merged = merge(UNIT, mine, change(other))
    assert merged.clashes == ()
    assert [i["prompt"] for i in merged.data["blocks"][1]["items"]] == ["mine", "theirs"]
    assert merged.data["blocks"][1]["intro"] == "do"


def test_the_same_block_changed_by_both_stays_as_it_was_saved_and_says_what_the_other_wrote() -> None:
    mine = change(lambda d: d["blocks"][0].update(text="mine"))
    theirs = change(lambda d: d["blocks"][0].update(text="theirs"))
    merged = merge(UNIT, mine, theirs)
    assert merged.data == theirs
    [clash] = merged.clashes
    assert clash.place == ("blocks", "b1")
    assert (clash.mine["text"], clash.theirs["text"]) == ("mine", "theirs")


@pytest.mark.parametrize("mine_deletes", [True, False])
def test_what_one_deleted_and_the_other_changed_stays(mine_deletes: bool) -> None:
    deleted = change(lambda d: d["blocks"].pop(0))
    changed = change(lambda d: d["blocks"][0].update(text="better"))
    merged = merge(UNIT, deleted, changed) if mine_deletes else merge(UNIT, changed, deleted)
    assert {b["id"]: b.get("text") for b in merged.data["blocks"]}["b1"] == "better"
    [clash] = merged.clashes
    assert (clash.mine if mine_deletes else clash.theirs) is GONE


def test_new_blocks_of_both_stand_where_each_put_them() -> None:
    mine = change(lambda d: d["blocks"].insert(1, {"id": "m", "type": "text", "text": "m"}))
    theirs = change(lambda d: d["blocks"].append({"id": "t", "type": "text", "text": "t"}))
    merged = merge(UNIT, mine, theirs)
    assert [b["id"] for b in merged.data["blocks"]] == ["b1", "m", "b2", "b3", "t"]
    assert merged.clashes == ()


def test_one_moves_a_block_and_the_other_writes_in_it() -> None:
    mine = change(lambda d: d["blocks"].reverse())
    theirs = change(lambda d: d["blocks"][0].update(text="theirs"))
    merged = merge(UNIT, mine, theirs)
    assert [b["id"] for b in merged.data["blocks"]] == ["b3", "b2", "b1"]
    assert merged.data["blocks"][2]["text"] == "theirs"
    assert merged.clashes == ()


def test_both_move_in_another_way_and_are_told() -> None:
    mine = change(lambda d: d["blocks"].reverse())
    theirs = change(lambda d: d["blocks"].append(d["blocks"].pop(0)))
    [clash] = merge(UNIT, mine, theirs).clashes
    assert clash.place == ("blocks", "order")


# --- any two people ---------------------------------------------------------------------------------

NAMES = ["b1", "b2", "b3", "b4", "b5"]


def _items(ids: list[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    texts = st.tuples(*(st.sampled_from(["x", "y", "z"]) for _name in ids))
    return texts.map(lambda found: [{"id": n, "prompt": t} for n, t in zip(ids, found, strict=True)])


ITEMS = st.lists(st.sampled_from(["i1", "i2", "i3"]), unique=True, min_size=1).flatmap(_items)


def _block(name: str) -> st.SearchStrategy[dict[str, Any]]:
    if name == "b2":
        return ITEMS.map(lambda items: {"id": name, "type": "items", "items": list(items)})
    return st.sampled_from(["p", "q", "r"]).map(lambda text: {"id": name, "type": "text", "text": text})


UNITS = st.fixed_dictionaries(
    {
        "id": st.just("u"),
        "title": st.sampled_from(["A", "B", "C"]),
        "blocks": st.lists(st.sampled_from(NAMES), unique=True).flatmap(
            lambda ids: st.tuples(*(_block(name) for name in ids)).map(list)
        ),
    },
    optional={"minutes": st.integers(8, 10)},
)


@given(UNITS, UNITS)
@settings(max_examples=200, deadline=None)
def test_who_works_alone_loses_nothing(base: Any, mine: Any) -> None:
    for merged in (merge(base, mine, base), merge(base, base, mine), merge(base, mine, mine)):
        assert merged.clashes == ()
        assert equal(merged.data, mine)


@given(UNITS, UNITS, UNITS)
@settings(max_examples=400, deadline=None)
def test_every_part_that_somebody_wrote_is_there_or_told_of(base: Any, mine: Any, theirs: Any) -> None:
    merged = merge(base, mine, theirs)
    was, result = dict(parts(base)), dict(parts(merged.data))
    told = [clash.place for clash in merged.clashes]
    for version in (mine, theirs):
        for place, value in parts(version):
            if place in was and equal(was[place], value):
                continue  # not changed by this one
            is_told = any(place[: len(clash)] == clash or clash[: len(place)] == place for clash in told)
            assert is_told or (place in result and equal(result[place], value))
    for clash in merged.clashes:
        assert clash.mine is GONE or clash.theirs is GONE or not equal(clash.mine, clash.theirs)


@given(UNITS, UNITS, UNITS)
@settings(max_examples=200, deadline=None)
def test_it_does_not_matter_who_came_first_when_nothing_clashes(base: Any, mine: Any, theirs: Any) -> None:
    one, two = merge(base, mine, theirs), merge(base, theirs, mine)
    assert len(one.clashes) == len(two.clashes)
    if not one.clashes:
        assert {p: repr(v) for p, v in parts(one.data)} == {p: repr(v) for p, v in parts(two.data)}


@given(UNITS, UNITS, UNITS)
@settings(max_examples=400, deadline=None)
def test_what_is_taken_of_the_clashes_is_there_and_the_rest_stays(base: Any, mine: Any, theirs: Any) -> None:
    merged = merge(base, mine, theirs)
    result = take(merged.data, mine, [clash.place for clash in merged.clashes])
    then = merge(merged.data, result, merged.data)
    assert equal(then.data, result)
    places = {clash.place: clash for clash in merged.clashes if clash.place[-1:] != ("order",)}
    for place, part in parts(result):
        if place in places:
            assert equal(part, places[place].mine)
    touched = {clash.place[:2] for clash in merged.clashes}
    left = [one for one in parts(merged.data) if one[0][:2] not in touched]
    assert all(any(p == place and equal(v, part) for p, v in parts(result)) for place, part in left)
    assert equal(take(result, mine, places), result)


@given(UNITS, UNITS, UNITS)
@settings(max_examples=200, deadline=None)
def test_no_block_comes_twice(base: Any, mine: Any, theirs: Any) -> None:
    ids = [block["id"] for block in merge(base, mine, theirs).data["blocks"]]
    assert len(ids) == len(set(ids))


# --- in the store -----------------------------------------------------------------------------------


def _save_merged(app: Flask, uuid: Any, data: Any, base: str, login: str = "bruno") -> store.Saved:
    with app.app_context(), transaction() as current:
        return store.save_merged(
            current, draft_of(uuid, login), person_of(login), "units/first.yaml", data, base=base, what="edit"
        )


@pytest.mark.both_databases
def test_two_authors_save_one_unit_and_both_are_in_it(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    path = "units/first.yaml"
    with app.app_context():
        mine, opened = store.read_data(session(), draft_of(uuid), path)
    theirs = copy.deepcopy(mine)
    theirs["blocks"][0]["text"] = "Theirs."
    save(app, uuid, path, theirs)
    mine["blocks"][1]["items"][1]["statement"] = "Mine."
    saved = _save_merged(app, uuid, mine, opened)
    assert (saved.merged, saved.clashes) == (True, ())
    with app.app_context():
        data, _digest = store.read_data(session(), draft_of(uuid), path)
    assert data["blocks"][0]["text"] == "Theirs."
    assert data["blocks"][1]["items"][1]["statement"] == "Mine."


@pytest.mark.both_databases
def test_what_was_not_taken_is_kept_and_can_be_read_again(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    path = "units/first.yaml"
    with app.app_context():
        mine, opened = store.read_data(session(), draft_of(uuid), path)
    theirs = copy.deepcopy(mine)
    theirs["blocks"][0]["text"] = "Theirs."
    save(app, uuid, path, theirs)
    mine["blocks"][0]["text"] = "Mine."
    saved = _save_merged(app, uuid, mine, opened)
    assert [clash.place for clash in saved.clashes] == [("blocks", "first-aim")]
    with app.app_context():
        assert store.read_data(session(), draft_of(uuid), path)[0]["blocks"][0]["text"] == "Theirs."
        mark = session().query(Mark).one()
        assert (mark.kind, mark.name, mark.note) == ("kept", path, "blocks.first-aim")
        assert mark.digest is not None
        assert store.data_of(session(), mark.digest, path)["blocks"][0]["text"] == "Mine."


def test_a_form_of_a_file_that_nobody_knows_is_refused(app: Flask, folder: Path) -> None:
    uuid = make_draft(app, folder)
    with pytest.raises(store.Stale):
        _save_merged(app, uuid, {"id": "first"}, "0" * 64)
