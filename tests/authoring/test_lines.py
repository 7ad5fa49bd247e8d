"""Questions from lines of text: what is read, what is said about what cannot be read, and back again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart_lms.authoring.lines import MAX_ITEMS, read_lines, with_ids, write_lines
from headstart_lms.builtin import item_types

ALL = """
What do you say in the morning?
*Buongiorno!
Buonanotte! -- You say this at night.
> Until the afternoon.
# greetings a1

Which papers do you take?
*Passport
*Four photos
School books

| La farmacia è chiusa il lunedì.
F: The pharmacy is open on Monday.

?: It is far.

Io [sono|ho] di Tunisi e [sono|*ho] 30 anni.

Buongiorno, [mi] chiamo Amina. [Ciao]{it}!

What does it mean?
il pane = bread
il latte = milk
l'acqua = water

How do you say "thank you"?
= grazie
= grazie mille

Make a sentence.
1. Mi chiamo
2. Amina.
"""


def _read(text: str, taught: str | None = "it") -> list[dict[str, Any]]:
    found, problems = read_lines(text, taught)
    assert problems == []
    return with_ids([one.data for one in found], set(), "unit")


def test_each_paragraph_becomes_the_question_it_looks_like() -> None:
    items = _read(ALL)
    assert [item["type"] for item in items] == [
        "single", "multiple", "truth", "truth", "gap-choice", "gap-type", "match", "short", "order",
    ]  # fmt: skip
    for item in items:
        item_types()[item["type"]].model_validate(item)
    assert items[0] == {
        "id": "unit-1", "type": "single", "prompt": "What do you say in the morning?",
        "options": [
            {"id": "a", "text": {"it": "Buongiorno!"}, "right": True},
            {"id": "b", "text": {"it": "Buonanotte!"}, "why": "You say this at night."},
        ],
        "explain": "Until the afternoon.", "tags": ["greetings", "a1"],
    }  # fmt: skip
    assert items[2]["stimulus"] == {"it": "La farmacia è chiusa il lunedì."}
    assert items[3] | {} == {"id": "unit-4", "type": "truth", "statement": "It is far.", "answer": "not-said",
                             "three": True}  # fmt: skip
    assert items[5]["text"] == {"it": "Buongiorno, [[a]] chiamo Amina. [Ciao]{it}!"}
    assert items[4]["gaps"][1]["options"][1].get("right") is True


@pytest.mark.parametrize(
    "text, line, column, says",
    [
        ("One question\nno answer marked", 2, 0, "* before the right answer"),
        ("\n\n*Buongiorno\nBuonanotte", 3, 1, "question in the line above"),
        ("Q?\n*a", 2, 0, "2 to 6 answers"),
        ("Q?\n*a\nb\n*", 4, 1, "missing after the star"),
        ("Q?\n= a\nb", 3, 1, "= before each answer"),
        ("Q?\na = b\nc = d", 3, 0, "Three to six pairs"),
        ("Io [sono|ho] e [ ho | ]", 1, 16, "empty"),
        ("Io [[a]] di [x|y]", 1, 4, "one pair of brackets"),
        ("Io [sono|ho] e [ho].", 1, 16, "two to six answers"),
        ("T: One\nF: Two", 2, 0, "One statement"),
        ("Q\n1. a\nb\n3. c", 3, 1, "number"),
        ("Q?\n*a\nb\n# Weiß", 4, 3, "small letters"),
        ("> only why", 1, 0, "no question"),
        ("x" * 3000, 1, 2000, "too long"),
    ],
)
def test_what_cannot_be_read_is_named_with_line_and_column(
    text: str, line: int, column: int, says: str
) -> None:
    found, problems = read_lines(text, "it")
    assert found == []
    assert [(p.line, p.column) for p in problems] == [(line, column)]
    assert says in problems[0].message


def test_a_broken_paragraph_does_not_hide_the_others() -> None:
    found, problems = read_lines("Q?\n*a\nb\n\nlost\n\nT: It is so.", None)
    assert [one.data["type"] for one in found] == ["single", "truth"]
    assert [(one.line) for one in found] == [1, 7]
    assert [p.line for p in problems] == [5]


def test_too_many_questions_are_refused_in_one_sentence() -> None:
    found, problems = read_lines("T: a\n\n" * (MAX_ITEMS + 5), None)
    assert len(found) == MAX_ITEMS
    assert len(problems) == 1


@settings(max_examples=400, deadline=None)
@given(
    st.text(
        alphabet=st.sampled_from(list("aB *|>#=[]{}?:TF.1 \n\t-\\é\x00\u202e")) | st.characters(),
        max_size=200,
    )
)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    found, problems = read_lines(text, "it")
    count = text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    assert all(1 <= p.line <= count and p.column >= 0 and p.message for p in problems)
    for item in with_ids([one.data for one in found], set(), "x"):
        assert item["type"] in item_types()


word = (
    st.text(alphabet="abcdefghijklmnop àè'", min_size=1, max_size=20)
    .map(lambda s: " ".join(s.split()))
    .filter(bool)
)


@settings(max_examples=200, deadline=None)
@given(
    prompt=word, answers=st.lists(word, min_size=3, max_size=6, unique=True), rights=st.integers(1, 2),
    explain=word, kind=st.sampled_from(["options", "short", "match", "order", "gap", "truth"]),
    taught=st.sampled_from([None, "it"]),
)  # fmt: skip
def test_lines_of_a_question_read_back_as_the_same_question(
    prompt: str, answers: list[str], rights: int, explain: str, kind: str, taught: str | None
) -> None:
    lines = {
        "options": [prompt, *("*" * (n < rights) + a for n, a in enumerate(answers))],
        "short": [prompt, *(f"= {a}" for a in answers)],
        "match": [prompt, *(f"{a} = {prompt}" for a in answers)],
        "order": [prompt, *(f"{n}. {a}" for n, a in enumerate(answers, 1))],
        "gap": [f"{prompt} [{'|'.join(answers)}] {explain}"],
        "truth": [f"| {explain}", f"T: {prompt}"],
    }[kind]
    found, problems = read_lines("\n".join([*lines, f"> {explain}"]), taught)
    assert problems == []
    text = write_lines({"id": "i-1", **found[0].data}, taught)
    assert text is not None
    assert read_lines(text, taught)[0][0].data == found[0].data
