"""Translations: what changed is stale, marked words stay, a language is offered when nothing is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polib
import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.cli import headstart
from headstart_lms.courses.services import Published
from headstart_lms.courses.texts import localised, texts
from headstart_lms.courses.translations import kept, refresh

from . import tiny
from .conftest import book


def entry(folder: Path, context: str) -> polib.POEntry:
    catalogue = polib.pofile(str(folder / "translations" / "ar.po"), encoding="utf-8")
    return next(e for e in catalogue if e.msgctxt == context)


def write_entry(folder: Path, context: str, text: str) -> None:
    file = folder / "translations" / "ar.po"
    catalogue = polib.pofile(str(file), encoding="utf-8")
    next(e for e in catalogue if e.msgctxt == context).msgstr = text
    catalogue.save(str(file))


def test_every_text_of_the_source_has_one_place(tmp_path: Path) -> None:
    course = tiny.course_of(tiny.write(tmp_path))
    contexts = [context for context, _text in texts(course)]
    assert len(contexts) == len(set(contexts)) == 36
    assert {
        "course//title", "course/o-one/text", "module/m-one/title", "first//title", "first/f-text/text",
        "first/f-talk/turns.t1.gloss", "first/f-items/intro", "first/i-one/options.b.why", "entries/porta/gloss",
        "facts/eight-days/claim", "media/pic-door/alt", "bank/b-one/statement", "blueprint/final/sections.papers.title",
        "second/i-story/steps.s1.choices.b.result",
    } <= set(contexts)  # fmt: skip


def test_words_that_are_learnt_are_never_translated(tmp_path: Path) -> None:
    course = tiny.course_of(tiny.write(tmp_path))
    assert "Buongiorno!" not in [text for _context, text in texts(course)]
    arabic = localised(course, "ar", {context: "ع" for context, _text in texts(course)})
    talk = arabic.units[0].blocks[3]
    assert (getattr(talk, "turns")[0].text.text, getattr(talk, "turns")[0].gloss.text) == ("Buongiorno!", "ع")  # noqa: B009


def test_a_changed_text_becomes_fuzzy_and_is_not_shown(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "facts.yaml", "within 8 working days", "within 8 days")
    checked = tiny.check(folder)
    assert "facts/eight-days/claim" not in checked.translations["ar"]
    assert [(f.level, f.file, f.path) for f in checked.findings] == [
        ("warning", "translations/ar.po", "facts/eight-days/claim"), ("warning", "translations/ar.po", ""),
    ]  # fmt: skip
    assert checked.findings[0].line > 0
    assert "97 % is translated (35 of 36 texts)" in checked.findings[1].message
    done = CliRunner().invoke(headstart, ["course", "translate", str(folder), "--language", "ar"])
    assert (done.exit_code, done.output) == (0, "ar: 36 texts, 35 done, 1 stale, 0 missing\n")
    stale = entry(folder, "facts/eight-days/claim")
    assert stale.fuzzy
    assert stale.previous_msgid == "You ask for the permit within 8 working days."
    assert stale.msgstr == "ع You ask for the permit within 8 working days."
    assert "facts/eight-days/claim" not in tiny.check(folder).translations["ar"]


def test_refreshing_twice_changes_nothing(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    course = tiny.course_of(folder)
    first = refresh(folder, course, "ar")
    text = (folder / "translations" / "ar.po").read_bytes()
    assert refresh(folder, course, "ar") == first
    assert (folder / "translations" / "ar.po").read_bytes() == text
    assert (first.total, first.done, first.stale, first.missing, first.percent) == (36, 36, 0, 0, 100)


def test_a_new_language_starts_empty_and_keeps_its_tag(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "course.yaml", "[en, ar]", "[en, ar, uk]")
    state = refresh(folder, tiny.course_of(folder), "uk")
    assert (state.done, state.missing, state.percent) == (0, 36, 0)
    assert polib.pofile(str(folder / "translations" / "uk.po")).metadata["Language"] == "uk"


@pytest.mark.parametrize("tag", ["arabic", "AR", "../x", "ar_EG", ""])
def test_what_is_no_language_tag_is_refused(tag: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    done = CliRunner().invoke(headstart, ["course", "translate", str(folder), "--language", tag])
    assert (done.exit_code, done.stderr) == (1, f"headstart: '{tag}' is not a language tag.\n")


def test_a_text_that_moved_brings_its_translation_as_fuzzy(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "units/second.yaml", "title: The second unit", "title: The first unit")
    refresh(folder, tiny.course_of(folder), "ar")
    moved = entry(folder, "second//title")
    assert moved.fuzzy
    assert moved.msgstr == "ع The second unit"


def test_what_is_gone_leaves_the_file(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "units/first.yaml", "    intro: Try it.\n    items", "    items")
    assert [f.path for f in tiny.check(folder).warnings] == ["first/f-items/intro"]
    refresh(folder, tiny.course_of(folder), "ar")
    assert tiny.check(folder).findings == []


@pytest.mark.parametrize(
    "translation",
    ["الصباح", "[Buongiorno] صباح", "[Buongiorno]{fr}", "[buongiorno]{it}", "[Buongiorno]{it} [ciao]{it}"],
)
def test_marked_words_stay_as_they_are(translation: str, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    write_entry(folder, "first/i-one/explain", translation)
    (finding,) = tiny.check(folder).errors
    assert (finding.file, finding.path) == ("translations/ar.po", "first/i-one/explain")
    assert "[Buongiorno]{it}" in finding.message


def test_marked_words_may_move_in_the_sentence(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    write_entry(folder, "first/i-one/explain", "حتى الظهر [Buongiorno]{it}.")
    assert tiny.check(folder).findings == []


def test_gaps_stay_in_a_translation(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path, translated=False)
    tiny.replace(folder, "units/first.yaml", 'text: {it: "Io [[a]] Omar."}', 'text: "I am [[a]] years old."')
    tiny.write_arabic(folder)
    assert tiny.check(folder).findings == []
    write_entry(folder, "first/i-gap/text", "عمري [[b]] سنة")
    assert [f.path for f in tiny.check(folder).errors] == ["first/i-gap/text"]


@given(st.text(), st.text())
def test_what_must_be_kept_is_found_wherever_it_stands(before: str, after: str) -> None:
    assert "[ciao]{it}" in kept(before.replace("[", "") + "[ciao]{it}" + after)


def test_an_unlisted_language_is_a_warning(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    (folder / "translations" / "ar.po").rename(folder / "translations" / "fr.po")
    assert ["course.yaml does not list this language."] == [
        f.message for f in tiny.check(folder).findings if f.file == "translations/fr.po"
    ]


def test_coverage_counts_whole_per_cent_downwards(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    assert not [f for f in tiny.check(folder).findings if "% is translated" in f.message]
    write_entry(folder, "first/i-one/prompt", "")
    (found,) = [f for f in tiny.check(folder).findings if "% is translated" in f.message]
    total = sum(1 for _text in texts(tiny.course_of(folder)))
    assert found.message.startswith(
        f"{100 * (total - 1) // total} % is translated ({total - 1} of {total} texts)"
    )


def test_a_language_is_offered_when_nothing_is_missing(
    folder: Path, in_app: Flask, publish_folder: Callable[[Path], Published]
) -> None:
    tiny.replace(folder, "facts.yaml", "within 8 working days", "within 8 days")
    publish_folder(folder)
    assert book(in_app, language="ar").language == "en"
    tiny.replace(folder, "course.yaml", 'version: "1.0"', 'version: "1.1"')
    tiny.write_arabic(folder)
    publish_folder(folder)
    arabic = book(in_app, language="ar")
    assert (arabic.language, arabic.languages) == ("ar", ("en", "ar"))
    assert arabic.course.title.text == "ع A tiny course"


def test_the_command_says_how_far_every_language_is(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    tiny.replace(folder, "facts.yaml", "within 8 working days", "within 8 days")
    before = (folder / "translations" / "ar.po").read_bytes()
    done = CliRunner().invoke(headstart, ["course", "translate", str(folder), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.output) == [
        {"language": "ar", "total": 36, "done": 35, "stale": 1, "missing": 0, "working": 0, "percent": 97}
    ]
    assert (folder / "translations" / "ar.po").read_bytes() == before


def test_the_command_writes_xliff_and_takes_back_what_another_tool_made_of_it(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path)
    file = tmp_path / "course.xlf"
    call = ["course", "translate", str(folder), "--language", "ar"]
    assert CliRunner().invoke(headstart, [*call, "--xliff", str(file)]).exit_code == 0
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("<target>ع ", "<target>غ ", 1), encoding="utf-8")
    done = CliRunner().invoke(headstart, [*call, "--import", str(file)])
    assert (done.exit_code, done.output.splitlines()) == (
        0, ["course.xlf: 35 same, 1 taken", "ar: 36 texts, 36 done, 0 stale, 0 missing"]
    )  # fmt: skip
    assert "غ " in (folder / "translations" / "ar.po").read_text(encoding="utf-8")
    file.write_bytes(b"<!DOCTYPE x><xliff/>")
    refused = CliRunner().invoke(headstart, [*call, "--import", str(file)])
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert "DTD" in refused.stderr
    assert CliRunner().invoke(headstart, [*call[:3], "--xliff", str(file)]).exit_code == 2
