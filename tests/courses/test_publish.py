"""Editions and corrections: what may change, what is refused, and that a refusal changes nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from headstart_lms.cli import headstart
from headstart_lms.courses.library import digest_of, get_course
from headstart_lms.courses.models import Course, Edition
from headstart_lms.courses.services import Published
from headstart_lms.kernel.db import session
from headstart_lms.kernel.errors import Conflict, Invalid

from . import tiny
from .conftest import book, editions

Publish = Callable[[Path], Published]


def version(folder: Path, old: str, new: str) -> None:
    tiny.replace(folder, "course.yaml", f'version: "{old}"', f'version: "{new}"')


def test_a_course_is_published_once_and_then_is_the_same(folder: Path, publish_folder: Publish) -> None:
    first = publish_folder(folder)
    assert (first.outcome, first.version) == ("new", "1.0")
    again = publish_folder(folder)
    assert (again.outcome, again.digest) == ("same", first.digest)
    assert editions() == [("1.0", first.digest)]


def test_the_order_of_lines_and_remarks_do_not_make_another_course(
    folder: Path, publish_folder: Publish
) -> None:
    publish_folder(folder)
    tiny.replace(
        folder,
        "course.yaml",
        "hours: 1\nauthors: [Test writers]\n",
        "authors: ['Test writers'] # us\nhours: 1.0\n",
    )
    assert publish_folder(folder).outcome == "same"


CORRECTIONS = {
    "a word of a text": ("units/first.yaml", "**eight** days", "eight days"),
    "the prompt of a question": (
        "units/first.yaml",
        "What do you say in the morning?",
        "What do you say at eight?",
    ),
    "the words of an option": ("units/first.yaml", "Buonanotte!", "Buona notte!"),
    "an explanation": ("units/first.yaml", "is right until the afternoon", "is right until noon"),
    "a fact": ("facts.yaml", "within 8 working days", "within 8 days"),
    "the source of a fact": ("facts.yaml", "read: 2026-01-02", "read: 2026-11-02"),
    "the words for a picture": ("media.yaml", "alt: A door", "alt: A wooden door"),
    "the gloss of a word": ("entries.yaml", "gloss: door", "gloss: a door"),
    "the title of the course": ("course.yaml", "title: A tiny course", "title: A small course"),
    "the words of an outcome": (
        "course.yaml",
        "I can say one thing., topics",
        "I can say something., topics",
    ),
    "the picture itself": ("media/door.svg", "M5 5h30", "M6 5h30"),
}


@pytest.mark.parametrize("change", CORRECTIONS.values(), ids=CORRECTIONS.keys())
def test_a_correction_may_change(change: tuple[str, str, str], folder: Path, publish_folder: Publish) -> None:
    before = publish_folder(folder)
    tiny.replace(folder, *change)
    with pytest.raises(
        Conflict, match=r"little changed, but its version 1\.0 is not newer than the published 1\.0"
    ):
        publish_folder(folder)
    assert editions() == [("1.0", before.digest)]
    version(folder, "1.0", "1.1")
    after = publish_folder(folder)
    assert (after.outcome, after.version) == ("correction", "1.1")
    assert editions() == [("1.0", before.digest), ("1.1", after.digest)]


STRUCTURE = {
    "the id of an option": ("units/first.yaml", 'id: b, text: {it: "Buonanotte!"}', 'id: c, text: {it: "Buonanotte!"}'),
    "the right answer": ("units/first.yaml", "The office is open., answer: false", "The office is open., answer: true"),
    "an answer that is taken": ("units/second.yaml", "[porta, la porta]", "[porta]"),
    "the points of a choice": ("units/second.yaml", "text: Nobody, points: 0", "text: Nobody, points: 1"),
    "the way of a story": ("units/second.yaml", "Nobody may keep it.}", "Nobody may keep it., next: s2}"),
    "the id of an item": ("units/first.yaml", "id: i-truth", "id: i-truth-2"),
    "the type of an item": ("units/first.yaml", "type: truth, statement: The office is open., answer: false",
                            "type: can-do, statement: The office is open."),
    "the id of a block": ("units/first.yaml", "id: f-talk", "id: f-talk-2"),
    "the type of a block": ("units/first.yaml", "id: f-fact, type: fact, fact: eight-days",
                            'id: f-fact, type: link, url: "https://x.example/", text: Look, language: en'),
    "the order of units": ("course.yaml", "[first, second]", "[second, first]"),
    "the certificate rule": ("course.yaml", "{units: all, blueprint: final}", "{units: all}"),
    "how long the certificate is good for": ("course.yaml", "blueprint: final}", "blueprint: final, valid_months: 12}"),
    "the pass mark": ("blueprints.yaml", "{overall: 60}", "{overall: 50}"),
    "the time of a test": ("blueprints.yaml", "minutes: 30", "minutes: 40"),
    "the tries of a test": ("blueprints.yaml", "attempts: 3", "attempts: 4"),
    "an item of the bank": ("bank/all.yaml", "- {id: b-four, type: number",
                            "- {id: b-five, type: number"),
    "the key of an item of the bank": ("bank/all.yaml", "answer: 3.5", "answer: 3"),
    "the tags of an item of the bank": ("bank/all.yaml", "[papers], difficulty: 2", "[papers, x], difficulty: 2"),
    "the id of an outcome": ("course.yaml", "id: o-one", "id: o-uno"),
    "the country": ("course.yaml", "{country: IT}", "{country: DE}"),
    "the kind of course": ("course.yaml", "kind: rights", "kind: workplace"),
    "the hours on the certificate": ("course.yaml", "hours: 1", "hours: 90"),
    "the address of the course": ("course.yaml", "slug: little", "slug: small"),
}  # fmt: skip


@pytest.mark.parametrize("name", STRUCTURE)
def test_a_correction_may_not_change(name: str, folder: Path, publish_folder: Publish, in_app: Flask) -> None:
    before = publish_folder(folder)
    shown = book(in_app)
    file, old, new = STRUCTURE[name]
    if name == "the id of an outcome":  # stands in two files
        tiny.replace(folder, "course.yaml", "id: o-one", "id: o-uno")
        tiny.replace(folder, "units/first.yaml", "[o-one]", "[o-uno]")
        tiny.replace(folder, "units/second.yaml", "[o-one]", "[o-uno]")
    else:
        tiny.replace(folder, file, old, new)
    version(folder, "1.0", "1.1")
    tiny.write_arabic(folder)
    with pytest.raises(
        Conflict, match=r"1\.1 is a correction, but it changes .+ Write 2\.0: a new edition\."
    ):
        publish_folder(folder)
    assert editions() == [("1.0", before.digest)]
    assert book(in_app) is shown


TRUTH = "      - {id: i-truth, type: truth, statement: The office is open., answer: false}\n"
EDITIONS = {
    "a new item": ("units/second.yaml", "      - {id: i-can,",
                   "      - {id: i-new, type: truth, statement: Yes., answer: true}\n      - {id: i-can,"),
    "an item less": ("units/first.yaml", TRUTH, ""),
    "another order of units": ("course.yaml", "[first, second]", "[second, first]"),
    "another pass mark": ("blueprints.yaml", "{overall: 60}", "{overall: 70}"),
    "an item in another unit": ("units/first.yaml", TRUTH, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITIONS)
def test_a_new_edition_may_change(name: str, folder: Path, publish_folder: Publish) -> None:
    publish_folder(folder)
    file, old, new = EDITIONS[name]
    tiny.replace(folder, file, old, new)
    if name == "an item in another unit":
        tiny.replace(folder, "units/second.yaml", "      - {id: i-can,", old + "      - {id: i-can,")
    version(folder, "1.0", "2.0")
    assert publish_folder(folder).outcome == "edition"
    assert [number for number, _digest in editions()] == ["1.0", "2.0"]


KEYS = {
    "the right answer": ("units/first.yaml", "The office is open., answer: false", "The office is open., answer: true"),
    "the type": ("units/first.yaml", "type: truth, statement: The office is open., answer: false",
                 "type: can-do, statement: The office is open."),
    "the ids of options": ("units/first.yaml", 'id: b, text: {it: "Buonanotte!"}', 'id: c, text: {it: "Buonanotte!"}'),
    "the key in the bank": ("bank/all.yaml", "answer: 3.5", "answer: 3"),
}  # fmt: skip


@pytest.mark.parametrize("change", KEYS.values(), ids=KEYS.keys())
def test_a_new_edition_may_not_change_under_an_old_id(
    change: tuple[str, str, str], folder: Path, publish_folder: Publish
) -> None:
    before = publish_folder(folder)
    tiny.replace(folder, *change)
    version(folder, "1.0", "2.0")
    tiny.write_arabic(folder)
    with pytest.raises(Conflict, match="has another type or key than in 1.0. Give it a new id"):
        publish_folder(folder)
    assert editions() == [("1.0", before.digest)]


def test_an_id_keeps_its_meaning_even_after_an_edition_without_it(
    folder: Path, publish_folder: Publish
) -> None:
    publish_folder(folder)
    line = "      - {id: i-truth, type: truth, statement: The office is open., answer: false}\n"
    tiny.replace(folder, "units/first.yaml", line, "")
    version(folder, "1.0", "2.0")
    publish_folder(folder)
    version(folder, "2.0", "3.0")
    tiny.replace(
        folder,
        "units/second.yaml",
        "      - {id: i-can,",
        line.replace("false", "true") + "      - {id: i-can,",
    )
    with pytest.raises(Conflict, match="'i-truth' has another type or key than in 1.0"):
        publish_folder(folder)
    tiny.replace(folder, "units/second.yaml", "open., answer: true", "open., answer: false")
    assert publish_folder(folder).version == "3.0"


def test_learners_keep_their_edition_and_get_its_corrections(
    folder: Path, publish_folder: Publish, in_app: Flask
) -> None:
    publish_folder(folder)
    tiny.replace(folder, "facts.yaml", "8 working days", "8 days")
    version(folder, "1.0", "1.1")
    corrected = publish_folder(folder)
    tiny.replace(folder, "blueprints.yaml", "{overall: 60}", "{overall: 70}")
    version(folder, "1.1", "2.0")
    newest = publish_folder(folder)
    course = get_course(session(), "little")
    assert digest_of(session(), course.id, 1) == corrected.digest
    assert digest_of(session(), course.id, 1, 0) != corrected.digest
    assert course.current_digest == newest.digest


def test_an_older_version_cannot_come_back(folder: Path, publish_folder: Publish, tmp_path: Path) -> None:
    old = shutil.copytree(folder, tmp_path / "old")
    publish_folder(folder)
    tiny.replace(folder, "facts.yaml", "8 working days", "8 days")
    version(folder, "1.0", "1.1")
    publish_folder(folder)
    with pytest.raises(Conflict, match="not newer than the published 1.1"):
        publish_folder(old)


def test_two_courses_cannot_have_one_address(folder: Path, publish_folder: Publish) -> None:
    publish_folder(folder)
    tiny.replace(folder, "course.yaml", f"uuid: {tiny.UUID}", "uuid: 11111111-1111-4111-8111-111111111111")
    with pytest.raises(Conflict, match="Another course is called 'little' already"):
        publish_folder(folder)


def test_a_new_edition_cannot_take_the_address_of_another_course(
    folder: Path, publish_folder: Publish
) -> None:
    publish_folder(folder)
    tiny.replace(folder, "course.yaml", "slug: little", "slug: tiny")  # the course of tests/make.py
    version(folder, "1.0", "2.0")
    with pytest.raises(Conflict, match="Another course is called 'tiny' already"):
        publish_folder(folder)
    assert len(editions()) == 1


def test_a_course_with_errors_is_not_published(folder: Path, publish_folder: Publish, in_app: Flask) -> None:
    before = publish_folder(folder)
    shown = book(in_app)
    version(folder, "1.0", "1.1")
    tiny.replace(folder, "facts.yaml", "  owner: Test writers\n", "")
    with pytest.raises(
        Invalid, match="course has errors and was not published. The first: facts.yaml:1: error"
    ):
        publish_folder(folder)
    assert editions() == [("1.0", before.digest)]
    assert book(in_app) is shown


def test_the_command_publishes_or_refuses_with_one_and_changes_nothing(folder: Path, in_app: Flask) -> None:
    run = CliRunner()
    done = run.invoke(headstart, ["course", "publish", "--json", str(folder)])
    assert done.exit_code == 0, done.output
    assert [(row["slug"], row["outcome"]) for row in json.loads(done.stdout)] == [("little", "new")]
    version(folder, "1.0", "1.1")
    tiny.replace(folder, "units/first.yaml", "type: single", "type: choose")
    before = session().execute(select(func.count()).select_from(Edition)).scalar_one()
    session().rollback()
    refused = run.invoke(headstart, ["course", "publish", str(folder)])
    assert refused.exit_code == 1
    assert "units/first.yaml:" in refused.stderr
    assert "Traceback" not in refused.output + refused.stderr
    assert session().execute(select(func.count()).select_from(Edition)).scalar_one() == before
    assert set(session().scalars(select(Course.slug))) == {"tiny", "little"}


def test_the_list_says_what_is_published(folder: Path, publish_folder: Publish, in_app: Flask) -> None:
    publish_folder(folder)
    done = CliRunner().invoke(headstart, ["course", "list", "--json"])
    row = next(row for row in json.loads(done.output) if row["slug"] == "little")
    named = ("title", "kind", "destination", "units", "items", "entries", "languages", "version")
    assert {key: row[key] for key in named} == {
        "title": "A tiny course", "kind": "rights", "destination": "IT", "units": 2, "items": 10, "entries": 1,
        "languages": ["en", "ar"], "version": "1.0",
    }  # fmt: skip
