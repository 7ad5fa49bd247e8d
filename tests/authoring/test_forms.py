"""Forms of blocks and items: what is shown and sent back is what was there; what is typed stands in the course."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from headstart_lms.authoring.forms import (
    CourseContext,
    FieldView,
    PartForm,
    fields_to_values,
    form_of,
    kinds,
    new_id,
    place,
    record_form,
    wants_form_again,
)
from headstart_lms.authoring.forms.context import parts_of
from headstart_lms.authoring.yamltext import dump, equal
from headstart_lms.builtin import item_types
from headstart_lms.courses.files import FolderFiles
from headstart_lms.courses.parts import AnyBlock
from headstart_lms.courses.source import Finding, parse_yaml, read_folder

COURSES = sorted(file.parent for file in (Path(__file__).parents[2] / "course_content").glob("*/course.yaml"))
ITALIAN = CourseContext(source="en", taught="it", languages=("en", "it"))
BLOCK = TypeAdapter(AnyBlock)


def _parts(folder: Path) -> Iterator[tuple[dict[str, Any], PartForm, CourseContext]]:
    data = read_folder(FolderFiles(folder)).data
    course = CourseContext.from_data(data)
    for unit, where, part in parts_of(data):
        form = form_of(part["type"], "block" if where.count(".") == 3 else "item")
        yield part, form, course if unit else course.for_bank()


@pytest.mark.parametrize("folder", COURSES, ids=lambda f: f.name)
def test_a_form_that_nobody_touched_changes_nothing(folder: Path) -> None:
    count = 0
    for part, form, course in _parts(folder):
        found = form.read(fields_to_values(form.fields(part, course)), part, course)
        assert found == part
        assert list(found) == list(part), "also the order of the keys stays"
        count += 1
    assert count > 100


@pytest.mark.parametrize("folder", COURSES, ids=lambda f: f.name)
def test_a_form_shows_all_there_is(folder: Path) -> None:
    """Read into an empty part, what a form shows makes the same part: no field is missing in the form."""
    types = item_types()
    for part, form, course in _parts(folder):
        empty = {"id": part["id"], "type": part["type"]}
        if part["type"] == "items":
            empty["items"] = part["items"]
        found = form.read(fields_to_values(form.fields(part, course)), empty, course)
        if part["type"] == "order" and "accept" in part:
            found["accept"] = part["accept"]  # orders are written with the numbers of parts that are there
        if form.of == "item":
            kind = types[part["type"]]
            assert kind.model_validate(found) == kind.model_validate(part)
        else:
            context = {"item_types": types}
            assert BLOCK.validate_python(found, context=context) == BLOCK.validate_python(
                part, context=context
            )


def test_every_item_type_and_block_type_has_a_form() -> None:
    assert {form.kind for form in kinds("item")} == set(item_types())
    assert {form.kind for form in kinds("block")} == {
        "text", "dialogue", "vocabulary", "grammar", "picture", "audio", "video", "checklist", "fact", "scenario",
        "link", "items",
    }  # fmt: skip


# what a file can say: our reader refuses NUL
odd = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
texts = odd | st.dictionaries(st.sampled_from(["it", "en", "ar", "x", "pt-BR"]), odd, min_size=1, max_size=2)
scalars = texts | st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, -2.25, 3.0])
rows = st.lists(
    scalars
    | st.fixed_dictionaries({"id": st.sampled_from(["a", "b", "right", "p1", "Z!", "a-text"])}, optional={
        "text": scalars, "right": scalars, "why": scalars, "left": scalars, "answers": st.lists(scalars, max_size=3),
        "options": st.lists(st.fixed_dictionaries({"id": st.sampled_from("ab"), "text": scalars}), max_size=3),
        "choices": scalars, "x": scalars, "left_picture": scalars, "more": scalars,
    }),
    max_size=3,
)  # fmt: skip
KEYS = [
    "text", "prompt", "stimulus", "options", "pairs", "parts", "gaps", "fields", "steps", "spots", "turns", "examples",
    "answers", "answer", "accept", "facts", "outcomes", "tags", "three", "unit", "start", "media", "entries", "plays",
]  # fmt: skip
broken = st.dictionaries(st.sampled_from(KEYS), scalars | rows | st.lists(scalars, max_size=3), max_size=6)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([*kinds("item"), *kinds("block")]), broken)
def test_also_a_broken_part_comes_back_as_it_was(form: PartForm, data: dict[str, Any]) -> None:
    part = {"id": "i-1", "type": form.kind, "unit": "words", "language": "it", **data}
    values = fields_to_values(form.fields(part, ITALIAN))
    found = form.read(values, part, ITALIAN)
    if form.kind == "scenario" and form.of == "item":
        (
            part.pop("start", None),
            found.pop("start", None),
        )  # the program keeps the start on a step that is there
    if form.kind == "truth" and part.get("answer") == "not-said":
        part["three"] = found["three"]
    assert found == part


TYPED = ("text", "area", "markdown")


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([f for f in (*kinds("item"), *kinds("block")) if f.kind not in ("vocabulary", "fact")]),
    st.text(max_size=60),
)
def test_what_is_typed_stands_in_the_part(form: PartForm, typed: str) -> None:
    part = form.blank("n-1", ITALIAN)
    values = fields_to_values(form.fields(part, ITALIAN))
    field = next(f for f in form.fields(part, ITALIAN) if f.control in TYPED)
    values[field.name] = [typed.replace("\n", "\r\n")]
    found = form.read(values, part, ITALIAN)
    shown = next(f for f in form.fields(found, ITALIAN) if f.name == field.name)
    if form.kind.startswith("gap"):
        return  # brackets become gaps
    assert "".join(shown.value.split()) == "".join(_as_sent(typed).split())
    again = form.read(fields_to_values(form.fields(found, ITALIAN)), found, ITALIAN)
    assert again == found


def _as_sent(text: str) -> str:
    from headstart_lms.authoring.forms.fields import clean

    return clean(text.replace("\n", "\r\n"))


def _named(fields: tuple[FieldView, ...], path: str) -> FieldView:
    return next(field for field in fields if field.path == path)


def test_lines_become_answers_and_the_first_is_right() -> None:
    form = form_of("single", "item")
    part = form.blank("i-1", ITALIAN)
    values = fields_to_values(form.fields(part, ITALIAN))
    values |= {
        "f-prompt": ["What do you say?"],
        "f-prompt.lang": [""],
        "f-options.+": ["Buongiorno!\r\nBuonanotte!"],
    }
    assert form.read(values, part, ITALIAN) == {
        "id": "i-1", "type": "single", "prompt": "What do you say?",
        "options": [
            {"id": "a", "text": {"it": "Buongiorno!"}, "right": True}, {"id": "b", "text": {"it": "Buonanotte!"}}
        ],
    }  # fmt: skip
    values["f-options.+"] = ["Buongiorno!\n*Buonanotte!"]
    options = form.read(values, part, ITALIAN)["options"]
    assert [option.get("right") for option in options] == [None, True]


def test_brackets_become_gaps_and_leave_with_their_row() -> None:
    form = form_of("gap-choice", "item")
    part = form.blank("i-1", ITALIAN)
    values = fields_to_values(form.fields(part, ITALIAN))
    values["f-text"] = ["Io [sono|ho] di Tunisi e [sono|*ho] 30 anni. [Ciao]{it}"]
    part = form.read(values, part, ITALIAN)
    assert part["text"] == {"it": "Io [[a]] di Tunisi e [[b]] 30 anni. [Ciao]{it}"}
    assert part["gaps"][1]["options"] == [
        {"id": "a", "text": {"it": "sono"}}, {"id": "b", "text": {"it": "ho"}, "right": True}
    ]  # fmt: skip
    item_types()["gap-choice"].model_validate(part)

    values = fields_to_values(form.fields(part, ITALIAN)) | {"do": ["delete:f-gaps.a"]}
    assert wants_form_again(values)
    without = form.read(values, part, ITALIAN)
    assert without["text"] == {"it": "Io sono di Tunisi e [[b]] 30 anni. [Ciao]{it}"}
    assert [gap["id"] for gap in without["gaps"]] == ["b"]

    values = fields_to_values(form.fields(part, ITALIAN))
    values["f-text"] = ["Io [[a]] di Tunisi e [abito|vivo] qui."]
    changed = form.read(values, part, ITALIAN)
    assert [gap["id"] for gap in changed["gaps"]] == ["a", "c"], "an id is not used twice"


def test_rows_move_and_keep_what_the_form_does_not_know() -> None:
    form = form_of("checklist", "block")
    part = {"id": "b1", "type": "checklist", "title": "Papers", "new-key": 1,
            "steps": [{"id": "s1", "text": "One", "other": [1]}, {"id": "s2", "text": "Two"}]}  # fmt: skip
    values = fields_to_values(form.fields(part, ITALIAN)) | {"do": ["down:f-steps.s1"]}
    moved = form.read(values, part, ITALIAN)
    assert moved["steps"] == [{"id": "s2", "text": "Two"}, {"id": "s1", "text": "One", "other": [1]}]
    assert moved["new-key"] == 1


def test_reading_twice_against_the_same_part_makes_the_same_rows() -> None:
    """An autosave while somebody writes must not add the same row again and again."""
    form = form_of("picture", "item")
    part = form.blank("i-1", ITALIAN)
    values = fields_to_values(form.fields(part, ITALIAN)) | {"f-options.+1.text": ["pane"]}
    assert form.read(values, part, ITALIAN) == form.read(values, part, ITALIAN)
    assert len(form.read(values, part, ITALIAN)["options"]) == 1


def test_words_of_a_block_are_written_as_they_are_learnt() -> None:
    course = CourseContext.from_data({
        "source_language": "en", "taught": {"language": "it"},
        "entries": [{"id": "farmacia", "word": "farmacia", "article": "la", "gloss": "pharmacy"},
                    {"id": "grazie", "word": "grazie", "gloss": "thank you"}],
    })  # fmt: skip
    form = form_of("vocabulary", "block")
    part = {"id": "b1", "type": "vocabulary", "entries": ["farmacia"]}
    assert _named(form.fields(part, course), "entries").value == "la farmacia"
    values = {"f-entries": ["La Farmacia\ngrazie\nprego"]}
    assert form.read(values, part, course)["entries"] == ["farmacia", "grazie", "prego"]


def test_findings_stand_at_their_field_or_the_nearest_one_around_it() -> None:
    form = form_of("single", "item")
    part = {"id": "i-1", "type": "single", "options": [{"id": "a", "text": "x"}]}
    prefix = "units.u.blocks.b.items.i-1"
    findings = [
        Finding("error", "units/u.yaml", 1, f"{prefix}.options.a.text", "1"),
        Finding("error", "units/u.yaml", 1, f"{prefix}.options.a.extra", "2"),
        Finding("error", "units/u.yaml", 1, f"{prefix}.prompt", "3"),
        Finding("error", "units/u.yaml", 1, prefix, "4"),
        Finding("error", "units/u.yaml", 1, f"{prefix}0.prompt", "5"),
    ]
    placed = place(findings, prefix, form.fields(part, ITALIAN))
    assert {path: [f.message for f in found] for path, found in placed.items()} == {
        "options.a.text": ["1"], "options.a": ["2"], "prompt": ["3"], "": ["4"],
    }  # fmt: skip


def test_new_ids_are_free_and_begin_with_a_letter() -> None:
    assert new_id({"permit-1"}, "permit") == "permit-2"
    assert new_id(set(), "8 Tage!") == "p-8-tage-1"
    assert len(new_id(set(), "x" * 90)) <= 40


FORMS = [*kinds("item"), *kinds("block"), record_form("entry"), record_form("fact"), record_form("outcome")]
NAMES = st.sampled_from(
    ["f-text", "f-text.lang", "f-prompt", "f-options", "f-options.a.text", "f-options.a.text.lang", "f-options.right",
     "f-options.+", "f-options.+1.text", "f-gaps", "f-tolerance",
     "f-gaps.a.options", "f-gaps.a.options.+", "f-steps", "f-steps.+1.text",
     "f-steps.+1.choices", "f-steps.+1.choices.+1.points", "f-steps.s1.choices.a.next", "f-spots", "f-spots.+1.x",
     "f-answers", "f-answer", "f-three", "f-facts", "f-accept", "f-entries", "f-entries.more", "f-tags", "f-difficulty",
     "f-plays", "f-media", "f-source.url", "f-example.text", "f-topics", "do"]
)  # fmt: skip
SENT = st.dictionaries(
    NAMES,
    st.lists(
        st.sampled_from(["", "a", "+1", "s1", "~0", "1", "it", "0.00001", "1e9", "٣", "up:f-options.a",
                         "delete:f-gaps.a", "[a|b] [[a]]"])
        | st.text(max_size=12),
        max_size=3,
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(FORMS), broken, SENT)
def test_whatever_is_sent_is_read_and_can_be_written(
    form: PartForm, data: dict[str, Any], values: dict[str, list[str]]
) -> None:
    part = {"id": "i-1", "type": form.kind, **data}
    found = form.read(values, part, ITALIAN.for_bank())
    assert equal(parse_yaml(dump(found).encode(), "x").data, found)
    assert form.fields(found, ITALIAN)


WITH_MEDIA = CourseContext.from_data({
    "source_language": "en", "taught": {"language": "it"},
    "media": [{"id": f"pic-{n}", "kind": "picture", "alt": f"Picture {n}"} for n in (1, 2)]
    + [{"id": "clip", "kind": "audio"}, {"id": "film", "kind": "video"}],
    "facts": [{"id": "eight-days", "claim": "You have 8 days."}],
    "entries": [{"id": "pane", "word": "pane", "article": "il", "gloss": "bread"}],
})  # fmt: skip
#: What a teacher types into the form of each kind, send by send, beginning with an empty one.
TYPED_IN: dict[str, list[dict[str, str]]] = {
    "item single": [{"f-prompt": "Q?", "f-options.+": "*a\nb"}],
    "item multiple": [{"f-prompt": "Q?", "f-options.+": "*a\n*b\nc"}],
    "item truth": [{"f-statement": "So.", "f-answer": "not-said"}],
    "item match": [{"f-pairs.+": "il pane = bread\nil latte = milk\nl'acqua = water", "f-extra.+": "meat"}],
    "item order": [{"f-parts.+": "Mi chiamo\nAmina"}, {"f-accept": "2 1"}],
    "item gap-choice": [{"f-text": "Io [sono|ho] Amina."}, {"f-gaps.a.options.+": "sei"}],
    "item gap-type": [{"f-text": "Mi [chiamo|chiamavo] Amina."}],
    "item short": [{"f-prompt": "Q?", "f-answers": "grazie\ngrazie mille"}],
    "item form": [
        {"f-fields.+1.label": "Cognome", "f-fields.+1.kind": "name", "f-fields.+1.answers": "Haddad"},
        {"f-fields.+1.label": "Nato il", "f-fields.+1.kind": "date", "f-fields.+1.answers": "1994-05-03"},
    ],
    "item dictation": [{"f-audio": "clip", "f-answers": "Come ti chiami?"}],
    "item picture": [
        {"f-options.+1.picture": "pic-1", "f-options.right": "+1"}, {"f-options.+1.picture": "pic-2"},
    ],
    "item number": [{"f-prompt": "How much?", "f-answer": "3,5", "f-unit": "euros"}],
    "item hotspot": [
        {"f-picture": "pic-1", "f-spots.+1.label": "top", "f-spots.+1.x": "0", "f-spots.+1.y": "0",
         "f-spots.+1.width": "50", "f-spots.+1.height": "12,5", "f-spots.right": "+1"},
        {"f-spots.+1.label": "low", "f-spots.+1.x": "0", "f-spots.+1.y": "50", "f-spots.+1.width": "9",
         "f-spots.+1.height": "9"},
    ],
    "item scenario": [
        {"f-steps.+1.text": "It is his.", "f-steps.+1.choices.+1.text": "I ask.", "f-steps.+1.choices.+1.points": "2"},
        {"f-steps.s1.choices.+1.text": "I wait.", "f-steps.s1.choices.+1.points": "0"},
    ],
    "item can-do": [{"f-statement": "I can say my name."}],
    "block text": [{"f-text": "## Aim\n\nSay **hello**."}],
    "block dialogue": [{"f-turns.+": "Amina: Buongiorno! = Good morning!\nBruno: Ciao! = Hello!"}],
    "block vocabulary": [{"f-entries": "il pane"}],
    "block grammar": [{"f-title": "To be", "f-text": "One rule.", "f-examples.+": "Sono Amina. = I am Amina."}],
    "block picture": [{"f-media": "pic-1", "f-caption": "A picture."}],
    "block audio": [{"f-media": "clip"}],
    "block video": [{"f-media": "film", "f-title": "A film"}],
    "block checklist": [{"f-title": "Papers", "f-steps.+": "Passport\nPhotos"}],
    "block fact": [{"f-fact": "eight-days"}],
    "block scenario": [{"f-title": "Amina", "f-text": "A story."}],
    "block link": [{"f-url": "https://example.org/", "f-text": "A page", "f-language": "it"}],
}  # fmt: skip


@pytest.mark.parametrize("form", [f for f in (*kinds("item"), *kinds("block")) if f.kind != "items"],
                         ids=lambda f: f"{f.of} {f.kind}")  # fmt: skip
def test_every_kind_is_written_from_nothing_without_a_script(form: PartForm) -> None:
    part = form.blank("n-1", WITH_MEDIA)
    for typed in TYPED_IN[f"{form.of} {form.kind}"]:
        shown = fields_to_values(form.fields(part, WITH_MEDIA))
        unknown = {name for name in typed if name not in shown and not name.endswith((".right", "f-answer"))}
        assert unknown == set(), "the form has these fields"
        part = form.read(shown | {name: [text] for name, text in typed.items()}, part, WITH_MEDIA)
    if form.of == "item":
        item_types()[form.kind].model_validate(part)
    else:
        BLOCK.validate_python(part, context={"item_types": item_types()})
