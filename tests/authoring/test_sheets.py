"""Pasting from a spreadsheet: columns in any order, problems with line and column, nothing hostile gets through."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart_lms.authoring.item_sheet import read_items
from headstart_lms.authoring.sheets import MAX_ROWS, read_rows
from headstart_lms.authoring.word_sheet import COLUMNS, id_of, joined, read_sheet, read_words
from headstart_lms.builtin import item_types
from headstart_lms.courses.document import Entry

HEADED = """Gloss\tWord\tArticle\tGender\tPlural\tExample\tExample gloss
pharmacy\tfarmacia\tla\tf\tfarmacie\tLa farmacia è aperta.\tThe pharmacy is open.
thank you\tgrazie\t\t\t\t\t
"""


def _words(text: str, existing: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    words, problems = read_words(read_sheet(text, "it"), "it", existing or [])
    assert problems == []
    return joined([], words, set(), update=False)


def test_columns_come_in_any_order_when_the_first_row_names_them() -> None:
    rows = _words(HEADED)
    assert rows[0] == {
        "id": "farmacia", "kind": "noun", "word": "farmacia", "article": "la", "gender": "f", "plural": "farmacie",
        "gloss": "pharmacy", "example": {"text": "La farmacia è aperta.", "gloss": "The pharmacy is open."},
    }  # fmt: skip
    assert rows[1] == {"id": "grazie", "kind": "other", "word": "grazie", "gloss": "thank you"}
    for row in rows:
        Entry.model_validate(row)


def test_without_a_head_columns_are_guessed_and_articles_are_taken_off() -> None:
    rows = _words("la farmacia;pharmacy\nl'acqua;water\nandare;to go\nCome va?;How are you?")
    assert [(row.get("article"), row["word"], row["kind"]) for row in rows] == [
        ("la", "farmacia", "noun"), ("l'", "acqua", "noun"), (None, "andare", "verb"), (None, "Come va?", "phrase"),
    ]  # fmt: skip
    rows = _words("f,la,casa,house\nm,il,pane,bread")
    assert rows[1] == {
        "id": "pane",
        "kind": "noun",
        "word": "pane",
        "article": "il",
        "gender": "m",
        "gloss": "bread",
    }


def test_what_each_column_is_can_be_said() -> None:
    sheet = read_sheet("house\tcasa\nbread\tpane", "it", {0: "gloss", 1: "word"})
    words, problems = read_words(sheet, "it", [])
    assert [(word.data["word"], word.data["gloss"]) for word in words] == [
        ("casa", "house"),
        ("pane", "bread"),
    ]
    assert problems == []


def test_words_that_are_there_already_are_named_and_changed_only_when_asked() -> None:
    old = {
        "id": "farmacia",
        "kind": "noun",
        "word": "farmacia",
        "article": "la",
        "gloss": "drug store",
        "picture": "p",
    }
    words, _problems = read_words(read_sheet(HEADED, "it"), "it", [old])
    assert [word.twin for word in words] == ["farmacia", ""]
    left = joined([old], words, {"farmacia"}, update=False)
    assert left[0] == old
    assert [row["id"] for row in left] == ["farmacia", "grazie"]
    new = joined([old], words, {"farmacia"}, update=True)
    assert (new[0]["gloss"], new[0]["plural"], new[0]["picture"]) == ("pharmacy", "farmacie", "p")


@pytest.mark.parametrize(
    "text, line, column, says",
    [
        ("word\tgloss\n\tpharmacy", 2, 1, "word is missing"),
        ("word\tgloss\nfarmacia\t", 2, 2, "what it means"),
        ("word\tgloss\tgender\ncasa\thouse\tneuter", 2, 3, "m, f or mf"),
        ("word\tgloss\tkind\ncasa\thouse\tthing", 2, 3, "noun"),
        ("word\tgloss\texample\ncasa\thouse\tUna casa.", 2, 0, "example means"),
        ("word\tgloss\ncasa\thouse\ncasa\thome", 3, 1, "twice, first in line 2"),
        ("gloss\texample\nhouse\tUna casa", 1, 0, "which column"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named_with_its_cell(
    text: str, line: int, column: int, says: str
) -> None:
    words, problems = read_words(read_sheet(text, "it"), "it", [])
    assert [(p.line, p.column) for p in problems] == [(line, column)]
    assert says in problems[0].message


def test_quotes_of_spreadsheets_are_read_and_an_open_one_is_said() -> None:
    rows, problems = read_rows('a\t"two\nlines"\t"say ""hi"""\nnext\tb\tc')
    assert [row.cells for row in rows] == [("a", "two lines", 'say "hi"'), ("next", "b", "c")]
    assert [row.line for row in rows] == [1, 3]
    assert problems == []
    _rows, problems = read_rows('a\t"never closed\n' + "b\tc\n" * 2000)
    assert len(problems) == 1
    assert "quotation mark" in problems[0].message


def test_too_many_rows_are_one_sentence() -> None:
    rows, problems = read_rows("a\tb\n" * (MAX_ROWS + 10))
    assert (len(rows), len(problems)) == (MAX_ROWS, 1)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab\t;,\"'\n\r\x00|*=[]la ")) | st.characters(), max_size=200))
def test_any_paste_is_read_or_refused_with_a_place(text: str) -> None:
    words, problems = read_words(read_sheet(text, "it"), "it", [])
    for row in joined([], words, set(), update=True):
        Entry.model_validate(row)
    _items, more = read_items(text, "it")
    assert all(p.line >= 1 and p.column >= 0 and p.message for p in [*problems, *more])


cell = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(
    st.permutations(list(COLUMNS)), st.lists(cell, min_size=1, max_size=5, unique_by=str.casefold), st.data()
)
def test_a_table_written_by_a_program_reads_back(
    order: list[str], words: list[str], data: st.DataObject
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=data.draw(st.sampled_from("\t;,")))
    writer.writerow([name.replace("_", " ") for name in order])
    for word in words:
        row = {"word": word, "gloss": "g" + word, "article": "la", "gender": "f", "plural": "-", "kind": "noun",
               "example": "e" + word, "example_gloss": "x" + word, "hint": "h" + word}  # fmt: skip
        writer.writerow([row[name] for name in order])
    found, problems = read_words(read_sheet(out.getvalue(), "it"), "it", [])
    assert problems == []
    assert [one.data["word"] for one in found] == words
    assert [one.data["hint"] for one in found] == ["h" + word for word in words]


def test_questions_come_one_a_row() -> None:
    text = (
        "Question\tRight\tWrong 1\tWrong 2\tExplanation\tTags\tDifficulty\tTopic\tRead\n"
        "What do you say?\tBuongiorno\tBuonanotte\tArrivederci\tIn the morning.\tgreetings, a1\t2\tcommunication\t\n"
        "It is open.\tfalse\t\t\t\t\t\t\tChiuso il lunedì\n"
        "How do you say thank you?\tgrazie|grazie mille\t\t\t\t\t\t\t\n"
        "Which papers?\tPassport|Photos\tBooks\t\t\t\t\t\t\n"
        "Io [sono|ho] Amina.\t\t\t\t\t\t\t\t\n"
    )
    found, problems = read_items(text, "it")
    assert problems == []
    assert [one.data["type"] for one in found] == ["single", "truth", "short", "multiple", "gap-choice"]
    assert found[0].data["tags"] == ["greetings", "a1"]
    assert found[0].data["difficulty"] == 2
    assert found[1].data["stimulus"] == {"it": "Chiuso il lunedì"}
    for n, one in enumerate(found):
        item_types()[one.data["type"]].model_validate({"id": f"i-{n}", **one.data})


def test_a_row_that_is_no_question_is_named() -> None:
    text = "Question,Right,Wrong,Topic\nWhat?,,no,\n,a,b,\nWhat?,yes,no,cooking\n"
    found, problems = read_items(text, "it")
    assert found == []
    assert [(p.line, p.column) for p in problems] == [(2, 2), (3, 1), (4, 4)]


def test_ids_of_words_are_plain_letters_or_a_number() -> None:
    assert id_of("Università!", set()) == "universita"
    assert id_of("straße", {"strasse"}) == "strasse-2"
    assert id_of("привет", set()) == "w-1"
    assert id_of("привет", {"w-1"}) == "w-2"
