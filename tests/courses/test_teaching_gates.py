"""Gates of teaching: each finds the course it is there for, and lets a sound one pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.courses.document import Entry
from headstart_lms.courses.teaching import finder, grade_level

from . import tiny

HARD = (
    "Notwithstanding administrative irregularities, competent authorities investigate applications individually. "
    * 20
)
TAUGHT = "kind: language\ntaught: {language: it, level: A1}"


def language_course(folder: Path) -> Path:
    """Make the tiny course teach Italian; its one word is asked for twice and stands in its dialogue."""
    tiny.write(folder)
    tiny.replace(folder, "course.yaml", "kind: rights", TAUGHT)
    tiny.replace(folder, "course.yaml", "topics: [rights]}", "topics: [rights], skill: reading}")
    tiny.replace(
        folder, "units/first.yaml", 'text: {it: "Buongiorno, signora!"}', 'text: {it: "Apro la porta!"}'
    )
    tiny.replace(folder, "units/first.yaml", "text: {it: sono}", "text: {it: le porte}")
    return folder


def found(folder: Path, says: str) -> list[Any]:
    return [finding for finding in tiny.check(folder).findings if says in finding.message]


def test_a_sound_course_passes_every_gate(tmp_path: Path) -> None:
    folder = language_course(tmp_path)
    assert not found(folder, "questions a word needs")
    assert not found(folder, "stands in no dialogue")


@pytest.mark.parametrize(
    "file, old, new, says, place",
    [
        (
            "units/first.yaml", "text: {it: le porte}", "text: {it: sono}",
            "'porta' is used in 1 of the 2 questions", "entries.yaml",
        ),
        ("units/first.yaml", "Apro la porta!", "Apro!", "'porta' stands in no dialogue and no text", "entries.yaml"),
        ("bank/all.yaml", "topic: rights", "topic: health", "No item of the bank tests the outcome", "course.yaml"),
        ("units/first.yaml", "in **eight** days.", HARD, "years of school", "units/first.yaml"),
        (
            "units/second.yaml", "answers: [porta, la porta]", "answers: [porta, portà]",
            "two words of this course", "units/second.yaml",
        ),
    ],
    ids=["asked once", "told nowhere", "not tested", "hard to read", "a minimal pair"],
)  # fmt: skip
def test_a_gate_names_the_place(file: str, old: str, new: str, says: str, place: str, tmp_path: Path) -> None:
    folder = language_course(tmp_path)
    with (folder / "entries.yaml").open("a", encoding="utf-8") as more:
        more.write(
            "- {id: porta-2, kind: verb, word: portà, gloss: to bring (a word made up for this test)}\n"
        )
    tiny.replace(folder, file, old, new)
    assert [finding.file for finding in found(folder, says)][:1] == [place]


def test_an_outcome_that_only_a_unit_without_marked_questions_teaches_is_named(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(
        folder,
        "course.yaml",
        "topics: [rights]}",
        "topics: [rights]}\n  - {id: o-two, text: Two., topics: [rights]}",
    )
    text = (folder / "units" / "first.yaml").read_text("utf-8")
    head, _items, _rest = text.partition("  - id: f-items")
    tail = "  - id: f-items\n    type: items\n    items: [{id: i-one, type: can-do, statement: I can.}]\n"
    (folder / "units" / "first.yaml").write_text(head.replace("[o-one]", "[o-two]") + tail, "utf-8")
    assert found(folder, "No unit practises the outcome 'o-two'")


def test_a_unit_with_very_many_questions_is_named(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    names = ["first", "second", "third", "fourth"]
    tiny.replace(folder, "course.yaml", "units: [first, second]", f"units: [{', '.join(names)}]")
    for name in names[2:]:
        rows = "".join(
            f"      - {{id: {name}-i{n}, type: number, prompt: How much is {n} and 1?, answer: {n + 1}}}\n"
            for n in range(23)
        )
        (folder / "units" / f"{name}.yaml").write_text(
            f"id: {name}\ntitle: {name}\nminutes: 10\nblocks:\n"
            f"  - {{id: {name}-t, type: text, text: Count.}}\n"
            f"  - id: {name}-b\n    type: items\n    items:\n{rows}",
            "utf-8",
        )
    assert [finding.file for finding in found(folder, "23 marked questions")] == [
        "units/third.yaml",
        "units/fourth.yaml",
    ]


def test_right_options_that_stand_at_one_place_are_named(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    rows = "".join(
        f"- {{id: b-s{n}, type: single, prompt: Which is number {n}?, tags: [papers], "
        f"options: [{{id: a, text: Number {n}, right: true}}, {{id: b, text: Number {n + 1}}}]}}\n"
        for n in range(20)
    )
    with (folder / "bank" / "all.yaml").open("a", encoding="utf-8") as more:
        more.write(rows)
    assert found(folder, "the right option is number 1")
    text = (folder / "bank" / "all.yaml").read_text("utf-8")
    for n in range(10):
        text = text.replace(
            f"options: [{{id: a, text: Number {n}, right: true}}, {{id: b, text: Number {n + 1}}}]",
            f"options: [{{id: a, text: Number {n + 1}}}, {{id: b, text: Number {n}, right: true}}]",
        )
    (folder / "bank" / "all.yaml").write_text(text, "utf-8")
    assert not found(folder, "the right option is number")


@pytest.mark.parametrize(
    "word, forms, language, text",
    [
        ("lavorare", (), "it", "io lavoro qui"),
        ("rosso", (), "it", "due mele rosse"),
        ("andare", ("vado", "va"), "it", "domani vado a casa"),
        ("buona notte", (), "it", "buona notte a tutti"),
        ("arbeiten", (), "de", "ich arbeite heute"),
    ],
)
def test_a_word_is_found_in_its_forms(word: str, forms: tuple[str, ...], language: str, text: str) -> None:
    entry = Entry.model_validate({"id": "e", "kind": "verb", "word": word, "gloss": "x", "forms": forms})
    assert finder(entry, language)(text)
    assert not finder(entry, language)("qualcosa di altro")


@given(st.text(max_size=200))
def test_any_text_has_a_grade_level(text: str) -> None:
    assert grade_level(text) < 10_000


def test_longer_sentences_and_longer_words_ask_for_more_school() -> None:
    short = "You go to the office. You ask for the form."
    assert grade_level(short) < 4 < 9 < grade_level(HARD)
