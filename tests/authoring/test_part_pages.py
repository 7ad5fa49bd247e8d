"""Pages of questions, words, facts, objectives and the bank, over HTTP and without scripts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from headstart_lms.assessments.models import Answer, Sitting
from headstart_lms.authoring import store
from headstart_lms.authoring.content import content_of
from headstart_lms.authoring.models import Revision
from headstart_lms.kernel.db import session, transaction

from ..browsing import Browser
from ..cast import find_person
from ..habits.world import learn, sit_test
from ..make import house_of, write_course
from .drafts import draft_of, make_draft, save
from .test_forms import COURSES

AsPerson = Callable[[str], Browser]
ITALIAN = next(course for course in COURSES if course.name == "it-italiano-a1")


@pytest.fixture
def uuid(app: Flask, folder: Path) -> UUID:
    """The tiny course, teaching Italian, with two words and a fact."""
    course = (folder / "course.yaml").read_text(encoding="utf-8")
    (folder / "course.yaml").write_text(course + "taught: {language: it, level: A1}\n", encoding="utf-8")
    (folder / "entries").mkdir(exist_ok=True)
    (folder / "entries" / "m1.yaml").write_text(
        "# words of the first module\n"
        "- {id: farmacia, kind: noun, word: farmacia, article: la, gender: f, plural: farmacie, gloss: pharmacy}\n"
        "- {id: grazie, kind: phrase, word: grazie, gloss: thank you}\n",
        encoding="utf-8",
    )
    unit = folder / "units" / "first.yaml"
    unit.write_text(
        unit.read_text(encoding="utf-8").replace(
            "  - id: first-practice",
            "  - {id: first-words, type: vocabulary, entries: [farmacia]}\n  - id: first-practice",
        ),
        encoding="utf-8",
    )  # fmt: skip
    return make_draft(app, folder)


@pytest.fixture
def read(app: Flask, uuid: UUID) -> Callable[[str], Any]:
    """Return the data of a file as it is now."""

    def data(path: str) -> Any:
        with app.app_context():
            return store.read_data(session(), draft_of(uuid), path)[0]

    return data


def at(uuid: UUID, path: str) -> str:
    return f"/teach/courses/{uuid}/{path}"


def item_of(unit: Any, name: str) -> Any:
    return next(item for block in unit["blocks"] for item in block.get("items", []) if item["id"] == name)


HELLO = "units/first/items/first-hello"


@pytest.mark.every_app
def test_a_question_is_written_and_says_what_is_missing(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    form = bruno.open(at(uuid, HELLO)).form(to=HELLO)
    page = bruno.send(
        form, {"f-prompt": "What do you say at noon?", "f-options.+": "Arrivederci\nCiao"}, do="save"
    )
    assert page.status == 200
    item = item_of(read("units/first.yaml"), "first-hello")
    assert item["prompt"] == "What do you say at noon?"
    assert [option["id"] for option in item["options"]] == ["a", "b", "c", "d"]
    assert item["options"][3]["text"] == {"it": "Ciao"}

    again = page.form(to=HELLO)
    page = bruno.send(again, {"f-prompt": ""}, do="delete:f-options.a")
    item = item_of(read("units/first.yaml"), "first-hello")
    assert [option["id"] for option in item["options"]] == ["b", "c", "d"]
    assert "prompt" not in item
    assert "not finished yet" in page.text
    assert "Exactly one of the options" in page.text


def test_a_question_that_nobody_touched_is_saved_without_a_change(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    bruno = as_person("bruno")
    bruno.send(bruno.open(at(uuid, HELLO)).form(to=HELLO), {}, do="save")
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Revision)) == 1


def test_an_author_tries_a_question_and_nothing_is_recorded(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    bruno = as_person("bruno")
    form = bruno.open(at(uuid, HELLO)).form(to=HELLO + "/try")
    values = form.choices["response"]
    pages = [bruno.send(form, {"response": value}) for value in values]
    assert sorted("100 %" in page.text for page in pages) == [False, True]
    assert bruno.send(form, {}).status == 422
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Answer)) == 0


def test_what_is_accepted_is_shown_with_both_marks_and_what_learners_read(
    app: Flask, uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    unit = read("units/first.yaml")
    item_of(unit, "first-hello").clear()
    unit["blocks"][-1]["items"][0] = {
        "id": "first-hello", "type": "short", "prompt": "Where do you buy medicine?", "language": "it",
        "answers": ["la farmacia"],
    }  # fmt: skip
    save(app, uuid, "units/first.yaml", unit)
    bruno = as_person("bruno")
    form = next(f for f in bruno.open(at(uuid, HELLO)).forms if "candidates" in f.names)
    page = bruno.send(form, {"candidates": "la farmacia\nfarmacia\nla farmacja\nil pane"})
    assert page.status == 200
    assert "The article is missing." in page.text
    assert "One letter is different." in page.text
    assert page.text.count("100 %") >= 3


def test_two_people_at_one_question_lose_nothing(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    first = bruno.open(at(uuid, HELLO)).form(to=HELLO)
    second = bruno.open(at(uuid, HELLO)).form(to=HELLO)
    other = bruno.open(at(uuid, "units/first/items/first-can")).form(to="items/first-can")
    assert bruno.send(first, {"f-prompt": "One"}, do="save").status == 200
    assert bruno.send(other, {"f-statement": "I can greet."}, do="save").status == 200, (
        "another question is no clash"
    )
    page = bruno.send(second, {"f-prompt": "Two"}, do="save")
    assert page.status == 409
    assert "Two" in page.body
    assert item_of(read("units/first.yaml"), "first-hello")["prompt"] == "One"
    bruno.send(page.form(to=HELLO), {}, do="save")
    assert item_of(read("units/first.yaml"), "first-hello")["prompt"] == "Two"
    assert item_of(read("units/first.yaml"), "first-can")["statement"] == "I can greet."


@pytest.mark.every_app
def test_questions_are_pasted_looked_at_and_then_written(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "paste/questions"))
    text = "What do you say?\n*Grazie\nPrego\n\nlost line\n\nIo [sono|ho] Amina."
    before = read("units/second.yaml")
    page = bruno.send(page.form(to="paste/questions"), {"text": text, "to": "unit:second:+"}, do="look")
    assert "Line 5" in page.text
    assert "2 questions" in page.text
    assert read("units/second.yaml") == before, "nothing is written before it was seen"
    bruno.send(page.form(to="paste/questions"), {"to": "unit:second:+"}, do="write")
    items = read("units/second.yaml")["blocks"][-1]["items"]
    assert [item["type"] for item in items] == ["single", "gap-choice"]
    assert items[0]["options"][0]["text"] == {"it": "Grazie"}
    assert len({item["id"] for item in items}) == 2


def test_words_are_pasted_with_duplicates_named(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "paste/words"))
    table = "gloss\tword\tgender\nchemist\tla farmacia\tf\nbread\til pane\tm\nmilk\til latte\tx"
    page = bruno.send(page.form(to="paste/words"), {"table": table}, do="look")
    assert "Line 4, column 3" in page.text
    assert "1 word is there already" in page.text
    assert len(read("entries/m1.yaml")) == 2
    bruno.send(page.form(to="paste/words"), {}, do="write")
    rows = read("entries/m1.yaml")
    assert [row["id"] for row in rows] == ["farmacia", "grazie", "pane"]
    assert rows[0]["gloss"] == "pharmacy"
    bruno.send(page.form(to="paste/words"), {"twins": "update", "file": "+", "new_file": "M 2!"}, do="write")
    assert read("entries/m1.yaml")[0]["gloss"] == "chemist"


def test_words_go_to_a_new_list_when_asked(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "paste/words"))
    page = bruno.send(page.form(to="paste/words"), {"table": "il pane\tbread"}, do="look")
    bruno.send(page.form(to="paste/words"), {"file": "+", "new_file": "M 2!"}, do="write")
    assert read("entries/m-2.yaml") == [
        {"id": "pane", "kind": "noun", "word": "pane", "article": "il", "gloss": "bread"}
    ]


def test_the_table_of_words_saves_only_what_changed(
    app: Flask, uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    form = bruno.open(at(uuid, "words")).form(to="/words", method="post")
    bruno.send(form, {"f-grazie.gloss": "thanks", "f-farmacia.example.text": "Ecco la farmacia."})
    rows = read("entries/m1.yaml")
    assert rows[1] == {"id": "grazie", "kind": "phrase", "word": "grazie", "gloss": "thanks"}
    assert rows[0]["example"] == {"text": "Ecco la farmacia."}
    with app.app_context():
        assert store.read_text(session(), draft_of(uuid), "entries/m1.yaml")[0].startswith(
            "# words of the first"
        )


def test_a_word_in_use_cannot_be_deleted(uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]) -> None:
    bruno = as_person("bruno")
    answer = bruno.post(at(uuid, "words/farmacia/delete"))
    assert answer.status == 422
    assert "This is used: Say hello" in answer.text
    page = bruno.open(at(uuid, "words/grazie"))
    bruno.send(page.form(to="/delete"), {})
    assert [row["id"] for row in read("entries/m1.yaml")] == ["farmacia"]


@pytest.mark.both_databases
def test_facts_and_objectives_are_made_and_covered(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "facts/+"))
    page = bruno.send(
        page.form(to="/facts/+"),
        {"f-claim": "You have 8 days.", "f-country": "IT", "f-source.title": "Law", "f-owner": "Us",
         "f-source.url": "https://example.org/law"},
        do="save",
    )  # fmt: skip
    [fact] = read("facts.yaml")
    assert fact["id"] == "you-have-8-days"
    assert fact["source"]["url"] == "https://example.org/law"
    assert "Nothing uses the fact" in page.text
    form = bruno.open(at(uuid, HELLO)).form(to=HELLO)
    bruno.send(form, {"f-facts": "you-have-8-days"}, do="save")
    page = bruno.open(at(uuid, "facts"))
    assert "first-hello" in page.text
    assert bruno.post(at(uuid, "facts/you-have-8-days/delete")).status == 422

    page = bruno.open(at(uuid, "outcomes"))
    assert "I can ask for help." in page.text
    page = bruno.send(
        bruno.open(at(uuid, "outcomes/+")).form(to="/outcomes/+"),
        {"f-text": "I can say goodbye.", "f-topics": "communication", "f-skill": "interaction"}, do="save",
    )  # fmt: skip
    assert read("course.yaml")["outcomes"][-1] == {
        "id": "o-i-can-say-goodbye", "text": "I can say goodbye.", "skill": "interaction", "topics": ["communication"],
    }  # fmt: skip
    assert "not taught, not practised" in page.text


def test_the_bank_shows_what_no_test_draws_and_takes_new_questions(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "bank"))
    form = page.form(to="/bank", method="post")
    page = bruno.send(form, {"kind": "truth"})
    assert "not finished yet" in page.text
    form = page.form(having="base", to=page.url.rsplit("/", 1)[-1])
    bruno.send(
        form, {"f-statement": "Bread is food.", "f-answer": "true", "f-tags": "food, words"}, do="save"
    )
    item = read("bank/words.yaml")[-1]
    assert {key: item[key] for key in ("type", "statement", "answer", "tags")} == {
        "type": "truth", "statement": "Bread is food.", "answer": True, "tags": ["food", "words"],
    }  # fmt: skip
    page = bruno.open(at(uuid, f"bank/items/{item['id']}"))
    bruno.send(page.form(to="/delete"), {})
    assert item["id"] not in [row["id"] for row in read("bank/words.yaml")]


def test_every_page_of_a_whole_course_opens_and_every_question_can_be_tried(
    app: Flask, as_person: AsPerson, tmp_path: Path
) -> None:
    folder = tmp_path / "whole"
    shutil.copytree(ITALIAN, folder)
    uuid = make_draft(app, folder)
    bruno = as_person("bruno")
    for path in ("words", "facts", "outcomes", "bank", "words/farmacia", "paste/words", "paste/questions"):
        assert bruno.open(at(uuid, path)).status == 200, path
    with app.app_context():
        data = content_of(session(), draft_of(uuid)).data
    seen = set()
    for unit in data["units"]:
        for block in unit["blocks"]:
            for item in block.get("items", ()):
                if item["type"] not in seen:
                    seen.add(item["type"])
                    page = bruno.open(at(uuid, f"units/{unit['id']}/items/{item['id']}"))
                    assert page.status == 200
                    assert any("/try" in form.action for form in page.forms), item["id"]
    assert len(seen) >= 13


def test_a_colleague_reads_but_does_not_write(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    dmitri = as_person("dmitri")
    for path in ("words", "facts", "outcomes", "bank", HELLO, "facts/+", "paste/words"):
        assert dmitri.open(at(uuid, path)).status == 404


def test_how_often_a_question_was_drawn_is_counted(
    app: Flask, folder: Path, as_person: AsPerson, tmp_path: Path
) -> None:
    uuid = make_draft(app, write_course(tmp_path / "same"))  # the course that learners take
    with app.app_context(), transaction() as current:
        amina = find_person(current, "amina")
        learn(current, house_of(app), amina)
        sit_test(current, house_of(app), amina)
        drawn = next(iter(current.scalars(select(Sitting)).one().drawn.values()))
    page = as_person("bruno").open(at(uuid, "bank"))
    assert "1 test taken at this centre" in page.text
    assert page.body.count('<bdi dir="ltr">1</bdi>') == len(drawn)
    assert "100 %" not in page.text  # of one sitting, a share says nothing
    far = make_draft(app, write_course(tmp_path / "far"), login="dmitri", centre="south")
    assert "1 test taken at this centre" not in as_person("dmitri").open(at(far, "bank")).text
