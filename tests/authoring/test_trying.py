"""Trying a question: the words of a draft are those of the course, and what is right is accepted."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from headstart_lms.assessments.items.base import ItemType, Tokens
from headstart_lms.assessments.items.lexicon import Lexicon
from headstart_lms.authoring import trying
from headstart_lms.authoring.coverage import objectives, topics
from headstart_lms.authoring.forms.context import parts_of
from headstart_lms.builtin import item_types
from headstart_lms.courses.check import check_folder
from headstart_lms.courses.files import FolderFiles
from headstart_lms.courses.source import read_folder

from .test_forms import COURSES

TOKENS = Tokens(b"key", "seed")


@cache
def data_of(folder: Path) -> dict[str, Any]:
    return read_folder(FolderFiles(folder)).data


@pytest.mark.parametrize("folder", COURSES, ids=lambda f: f.name)
def test_a_draft_knows_the_same_words_as_the_published_course(folder: Path) -> None:
    course = check_folder(folder, item_types(), on=date(2026, 11, 22)).course
    assert course is not None
    assert trying.lexicon_of(data_of(folder)) == Lexicon.from_course(course)


@pytest.mark.parametrize("folder", COURSES, ids=lambda f: f.name)
def test_each_accepted_answer_of_our_courses_has_full_marks(folder: Path) -> None:
    data = data_of(folder)
    lexicon = trying.lexicon_of(data)
    for _unit, _place, part in parts_of(data):
        if part["type"] not in ("short", "dictation", "gap-type", "form"):
            continue
        item = trying.item_of(part, item_types(), "en")
        assert isinstance(item, ItemType)
        rows = [row for name in ("gaps", "fields") for row in part.get(name, ())] or [
            {**part, "id": "response"}
        ]
        for row in rows:
            for one in trying.accepted(item, row["id"], row["answers"], lexicon, TOKENS):
                assert (one.meaning, one.problem) == (1.0, ""), (part["id"], one)


def test_an_unfinished_question_says_what_is_missing_and_is_not_shown() -> None:
    found = trying.item_of({"id": "i-1", "type": "single", "options": []}, item_types(), "en")
    assert isinstance(found, trying.Unfinished)
    assert found.problems == ("At least 2 are needed here.",)
    assert isinstance(trying.item_of({"id": "i-1"}, item_types(), "en"), trying.Unfinished)


def test_a_slip_names_the_answer_it_was_held_against() -> None:
    item = trying.item_of(
        {"id": "i-1", "type": "short", "language": "it", "answers": ["il permesso di soggiorno", "un visto"]},
        item_types(), "en",
    )  # fmt: skip
    assert isinstance(item, ItemType)
    slip, wrong, empty = trying.accepted(
        item, "response", ["il permeso di soggiorno", "la casa", "..."], Lexicon("it"), TOKENS
    )
    assert (slip.meaning, slip.form, slip.nearest) == (1.0, 0.7, "il permesso di soggiorno")
    assert slip.remarks == ("One letter is different.",)
    assert wrong.meaning == 0
    assert empty.problem == "Write an answer first."


def test_a_branching_question_goes_on_until_its_story_ends() -> None:
    steps = [
        {"id": "s1", "text": "First?", "choices": [
            {"id": "a", "text": "on", "points": 2, "next": "s2"}, {"id": "b", "text": "end", "points": 0}]},
        {"id": "s2", "text": "Second?", "choices": [
            {"id": "a", "text": "good", "points": 2}, {"id": "b", "text": "bad", "points": 0}]},
    ]  # fmt: skip
    item = trying.item_of(
        {"id": "i-1", "type": "scenario", "start": "s1", "steps": steps}, item_types(), "en"
    )
    assert isinstance(item, ItemType)
    first = {"response-s1": [TOKENS.token("i-1", "s1/a")]}
    so_far = trying.try_answer(item, first, TOKENS, Lexicon())
    assert not isinstance(so_far, trying.Trial)
    done = trying.try_answer(item, first | {"response-s2": [TOKENS.token("i-1", "s2/b")]}, TOKENS, Lexicon())
    assert isinstance(done, trying.Trial)
    assert done.grade.score == 0.5


def test_gaps_in_what_a_course_teaches_are_named() -> None:
    data = {
        "outcomes": [
            {"id": "o-a", "text": "A", "topics": ["health"]}, {"id": "o-b", "text": "B", "topics": ["money"]},
            {"id": "o-c", "text": "C"},
        ],
        "units": [{"id": "u", "outcomes": ["o-a"], "blocks": [{"id": "b", "type": "items", "items": [
            {"id": "i-1", "type": "single"}, {"id": "i-2", "type": "single", "outcomes": ["o-b"]}]}]}],
        "bank": [{"id": "k-1", "type": "single", "topic": "health"},
                 {"id": "k-2", "type": "single", "outcomes": ["o-b"]}],
    }  # fmt: skip
    lines = {line.id: line for line in objectives(data)}
    assert (lines["o-a"].taught, lines["o-a"].practised, lines["o-a"].tested, lines["o-a"].perhaps) == (
        ["u"],
        1,
        0,
        1,
    )
    assert lines["o-a"].gaps == ()
    assert lines["o-b"].gaps == ("taught",)
    assert lines["o-c"].gaps == ("taught", "practised", "tested")
    assert {topic.name: topic.tested for topic in topics(data, list(lines.values()))} == {
        "health": 1,
        "money": 0,
    }
