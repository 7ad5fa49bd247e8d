"""A file is written anew only where its data changed; comments and the layout of the rest stay."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart_lms.authoring.yamltext import dump, equal, rewrite
from headstart_lms.courses.source import parse_yaml
from headstart_lms.paths import bundled_courses

TEXT = """\
# who wrote this, and why

id: first   # never changed
title: Say hello
# how long it takes
minutes: 8
blocks:
  # the aim stands first
  - id: aim
    type: text
    text: |
      One line.

      # no comment
  # then they practise
  - {id: talk, type: link, url: "https://example.org/", text: 'Look', language: en}   # a link

  - id: last
    type: text
    text: "quoted"
# the end
"""


def read(text: str) -> Any:
    return parse_yaml(text.encode(), "x.yaml").data


def changed(change: Any) -> str:
    data = read(TEXT)
    change(data)
    found = rewrite(TEXT, data)
    assert equal(read(found), data)
    return found


def test_nothing_changed_is_the_same_text() -> None:
    assert rewrite(TEXT, read(TEXT)) == TEXT


def test_one_value_changed_is_one_line_changed_and_its_comment_stays() -> None:
    assert changed(lambda d: d.update(minutes=9)) == TEXT.replace("minutes: 8", "minutes: 9")
    assert changed(lambda d: d.update(id="second")) == TEXT.replace("id: first ", "id: second ")


def test_a_block_that_moves_takes_its_comment_along() -> None:
    found = changed(lambda d: d["blocks"].reverse())
    assert found.index("# then they practise\n  - {id: talk") < found.index(
        "# the aim stands first\n  - id: aim"
    )
    assert "# a link" in found


def test_a_block_that_goes_takes_its_comment_along_and_no_other() -> None:
    found = changed(lambda d: d["blocks"].pop(1))
    assert "# then they practise" not in found
    assert "# the aim stands first" in found


def test_a_new_block_leaves_every_other_line_alone() -> None:
    found = changed(lambda d: d["blocks"].append({"id": "new", "type": "text", "text": "Two\n\nlines\n"}))
    assert found.startswith(TEXT.removesuffix("# the end\n"))
    assert found.endswith("  - id: new\n    type: text\n    text: |\n      Two\n\n      lines\n# the end\n")


def test_a_changed_row_on_one_line_stays_on_one_line() -> None:
    found = changed(lambda d: d["blocks"][1].update(text="Read"))
    assert "- {id: talk, type: link, url: 'https://example.org/', text: Read, language: en}\n" in found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9)
    | st.floats(-1e6, 1e6, allow_nan=False).map(lambda f: round(f, 3))
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text("abcdefgh-#:", min_size=1, max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(VALUES.filter(lambda v: v is not None))
@settings(max_examples=150, deadline=None)
def test_whatever_is_written_is_read_back_the_same(value: Any) -> None:
    assert equal(read(dump(value)), value)


FILES = sorted(bundled_courses().rglob("*.yaml"))


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_any_change_of_a_bundled_file_is_read_back_and_says_only_that(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    text = file.read_text("utf-8")
    document = read(text)
    place = copy.deepcopy(document)
    node, steps = place, 0
    while isinstance(node, dict | list) and node and steps < 12:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.integers(0, 4)) == 0:
            node[key] = data.draw(VALUES)
            break
        node, steps = node[key], steps + 1
    found = rewrite(text, place)
    assert equal(read(found), place)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f"{f.parent.name}-{f.stem}")
def test_a_bundled_file_that_is_saved_without_a_change_is_the_same_file(file: Path) -> None:
    text = file.read_bytes().decode("utf-8")
    assert rewrite(text, read(text)) == text


@pytest.mark.parametrize(
    "text",
    ["a:\tb\n", "{a: 1}\n", "- a\n- b\n", "---\na: 1\n", "a: 1", "a: 1\r\nb: 2\r\n", "? a\n: 1\n",
     "a:\n- b\n-   - c\n    - d\n",
     "a: >\n  folded\n  text\nb: |+\n  keep\n\nc: 1\n", "\ufeffa: 1\n"],
)  # fmt: skip
def test_every_way_to_lay_out_a_file_is_read_back_right(text: str) -> None:
    for add in ({"new": "x"}, {"new": ["y", {"id": "z"}]}):
        data = read(text)
        data = {**data, **add} if isinstance(data, dict) else [*data, add]
        assert equal(read(rewrite(text, data)), data)
