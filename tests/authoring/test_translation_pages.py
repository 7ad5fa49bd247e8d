"""Translating a course in the browser, over HTTP and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import polib
import pytest
from flask import Flask

from headstart_lms.authoring import drafts, glossary, publishing, store
from headstart_lms.authoring.house import House
from headstart_lms.courses import catalogue as catalogues
from headstart_lms.courses import xliff
from headstart_lms.courses.check import check_folder
from headstart_lms.courses.services import publish
from headstart_lms.kernel.db import session, transaction
from headstart_lms.paths import bundled_courses

from ..browsing import Browser, Page
from .drafts import draft_of, make_draft, person_of, save, staff

AsPerson = Callable[[str], Browser]
AIM = "first/first-aim/text"
TITLE = "course//title"
ASK = "first/first-hello/prompt"


@pytest.fixture
def uuid(app: Flask, folder: Path) -> UUID:
    """The tiny course, to be translated into Arabic and Czech; nothing is yet."""
    course = folder / "course.yaml"
    text = course.read_text(encoding="utf-8")
    course.write_text(
        text.replace("support_languages: [en]", "support_languages: [en, ar, cs]"), encoding="utf-8"
    )
    return make_draft(app, folder)


def at(uuid: UUID, path: str = "") -> str:
    return f"/teach/courses/{uuid}/translations{path}"


@pytest.fixture
def catalogue(app: Flask, uuid: UUID) -> Callable[..., dict[str, Any]]:
    """Return the entries of a PO file of the draft by name."""

    def read(language: str = "ar") -> dict[str, Any]:
        with app.app_context():
            text, _digest = store.read_text(session(), draft_of(uuid), f"translations/{language}.po")
        return {entry.msgctxt: entry for entry in polib.pofile(text)}

    return read


def translate(
    browser: Browser, uuid: UUID, values: dict[str, str], part: str = "first", do: str = "save"
) -> Page:
    """Open a part, fill in fields by the names of their texts, press a button."""
    page = browser.open(at(uuid, f"/ar?part={part}"))
    return browser.send(
        page.form(to=at(uuid, "/ar")), {f"f-{name}": text for name, text in values.items()}, do=do
    )


@pytest.mark.every_app
def test_a_text_is_translated_beside_its_source(uuid: UUID, as_person: AsPerson, catalogue: Any) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "/ar?part=first"))
    assert "You learn to say" in page.text
    assert 'dir="rtl"' in page.body
    assert 'lang="ar"' in page.body
    done = translate(bruno, uuid, {AIM: "تتعلم أن تقول [Buongiorno]{it}."})
    assert done.status == 200
    entry = catalogue()[AIM]
    assert entry.msgstr == "تتعلم أن تقول [Buongiorno]{it}."
    assert not entry.flags
    assert entry.msgid == "You learn to say [Buongiorno]{it}."
    assert catalogue()[ASK].msgstr == ""


@pytest.mark.every_app
def test_a_lost_mark_is_said_at_the_field_and_the_text_is_kept_as_not_finished(
    uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno = as_person("bruno")
    page = translate(bruno, uuid, {AIM: "بدون علامة"}, do="save")
    assert "These must stand in the translation as they stand in the source: [Buongiorno]{it}" in page.text
    assert "بدون علامة" in page.body
    assert catalogue()[AIM].flags == ["fuzzy"]
    page = translate(bruno, uuid, {AIM: "مع [Buongiorno]{it}"}, do="save")
    assert catalogue()[AIM].flags == []


@pytest.mark.every_app
def test_what_is_not_finished_stays_open_until_its_tick_is_taken_away(
    uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "/ar?part=first"))
    bruno.send(page.form(to=at(uuid, "/ar")), {f"f-{ASK}": "ماذا تقول؟", f"w-{ASK}": "1"}, do="save")
    assert catalogue()[ASK].flags == ["fuzzy"]
    form = bruno.open(at(uuid, "/ar?part=first&only=open")).form(to=at(uuid, "/ar"))
    assert (f"w-{ASK}", "1") in form.filled
    bruno.send(form, {f"w-{ASK}": []}, do="save")
    assert catalogue()[ASK].flags == []
    assert f"f-{ASK}" not in bruno.open(at(uuid, "/ar?part=first&only=open")).form(to=at(uuid, "/ar")).names


def bring(browser: Browser, uuid: UUID, content: bytes) -> Page:
    """Choose a file on the page of the languages and send it."""
    form = browser.open(at(uuid)).form(to=at(uuid, "/ar/import"))
    return browser.send(form, files={"file": content})


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b'msgctxt "a"\nmsgid ""\n' + b"\n" * 200_001, "more than 200000 lines"),
        (b'msgctxt "a"\nmsgid ""\n' + b'"aaaaaaaaaaaaaaa"\n' * 6_000, "too long. Look at line 2."),
        (b'msgctxt "a"\nmsgid ""\n' + b'"aaaaaaaaaaaaaa"\n\n' * 6_000, "too long. Look at line 2."),
    ],
    ids=["many lines", "one text", "one text with gaps"],
)
def test_a_file_that_would_take_long_to_read_is_refused_before_it_is_read(
    uuid: UUID, as_person: AsPerson, content: bytes, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polib, "pofile", lambda *_a, **_k: pytest.fail("it is read"))
    page = bring(as_person("bruno"), uuid, content)
    assert page.status == 422
    assert sentence in page.text


def test_a_file_is_read_before_the_draft_is_held(
    uuid: UUID, as_person: AsPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    lock, read = store.lock, xliff.offered_in_file

    def holding(*args: Any) -> Any:
        order.append("held")
        return lock(*args)

    def reading(*args: Any) -> Any:
        order.append("read")
        return read(*args)

    monkeypatch.setattr(store, "lock", holding)
    monkeypatch.setattr("headstart_lms.authoring.translation_store.offered_in_file", reading)
    bring(as_person("bruno"), uuid, b'msgid ""\nmsgstr ""\n\nmsgctxt "x"\nmsgid "a"\nmsgstr "b"\n')
    assert order == ["read", "held"]


def change_question(app: Flask, uuid: UUID, text: str) -> None:
    with app.app_context():
        unit, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    unit["blocks"][1]["items"][0]["prompt"] = text
    save(app, uuid, "units/first.yaml", unit)


@pytest.mark.every_app
def test_a_changed_source_makes_its_translation_stale_and_both_sources_are_shown(
    app: Flask, uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno = as_person("bruno")
    translate(bruno, uuid, {ASK: "ماذا تقول صباحا؟"}, do="save")
    change_question(app, uuid, "What do you say at noon?")
    page = bruno.open(at(uuid, "/ar?part=first"))
    assert "The source changed" in page.text
    assert "noon" in page.text
    assert "morning" in page.text
    bruno.send(page.form(to=at(uuid, "/ar")), {f"r-{ASK}": "1"}, do="save")
    entry = catalogue()[ASK]
    assert (entry.msgid, entry.msgstr, entry.flags) == ("What do you say at noon?", "ماذا تقول صباحا؟", [])


@pytest.mark.every_app
def test_a_small_correction_leaves_every_translation_right(
    app: Flask, uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno = as_person("bruno")
    translate(bruno, uuid, {ASK: "ماذا؟"}, do="save")
    change_question(app, uuid, "What do you say in the morning, then?")
    page = bruno.open(at(uuid, "/changed"))
    form = page.form(to=at(uuid, "/changed"))
    bruno.send(form, {"small": form.choices["small"]})
    assert "Nothing changed" in bruno.open(at(uuid, "/changed")).text
    entry = catalogue()[ASK]
    assert entry.msgid.endswith("then?")
    assert not entry.flags
    assert not entry.previous_msgid


def test_a_correction_that_changes_a_marked_word_is_not_small(
    app: Flask, uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno = as_person("bruno")
    translate(bruno, uuid, {AIM: "قل [Buongiorno]{it}"}, do="save")
    with app.app_context():
        unit, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    unit["blocks"][0]["text"] = "You learn to say [Salve]{it}."
    save(app, uuid, "units/first.yaml", unit)
    form = bruno.open(at(uuid, "/changed")).form(to=at(uuid, "/changed"))
    page = bruno.send(form, {"small": form.choices["small"]})
    assert page.status == 422
    assert "the translation must change too" in page.text
    assert "[Salve]{it}" not in catalogue()[AIM].msgid


@pytest.mark.every_app
def test_two_translators_in_one_part_lose_nothing(
    app: Flask, uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno, other = as_person("bruno"), staff(app, "tamar", role="manager")
    mine = bruno.open(at(uuid, "/ar?part=first")).form(to=at(uuid, "/ar"))
    theirs = other.open(at(uuid, "/ar?part=first")).form(to=at(uuid, "/ar"))
    assert (
        other.send(theirs, {f"f-{ASK}": "لها", f"f-{AIM}": "[Buongiorno]{it} لها"}, do="save").status == 200
    )
    page = bruno.send(mine, {f"f-{ASK}": "لي", "f-first//title": "عنوان"}, do="save")
    assert page.status == 409
    assert "Somebody else translated 1 of these texts" in page.text
    assert "لها" in page.body
    assert "لي" in page.body
    now = catalogue()
    assert now[ASK].msgstr == "لها"
    assert now["first//title"].msgstr == "عنوان"  # what nobody else touched is saved
    assert now[AIM].msgstr == "[Buongiorno]{it} لها"  # what I did not touch stays theirs
    assert (
        bruno.send(page.form(to=at(uuid, "/ar")), {}, do="save").status == 200
    )  # I have seen both: mine it is
    assert catalogue()[ASK].msgstr == "لي"


@pytest.mark.every_app
def test_an_autosave_says_the_state_and_the_new_base(uuid: UUID, as_person: AsPerson, catalogue: Any) -> None:
    bruno = as_person("bruno")
    form = bruno.open(at(uuid, "/ar?part=first")).form(to=at(uuid, "/ar"))
    data = form.data({f"f-{ASK}": "ماذا؟"})
    for text in ("ماذا؟", "ماذا تقول؟"):
        data |= {f"f-{ASK}": [text], "do": ["autosave"]}
        answer = bruno.post(form.action, data, Accept="application/json")
        assert answer.status == 200
        assert answer.json["states"][ASK] == ["done", "Done"]
        data["base"] = [answer.json["base"]]
        assert catalogue()[ASK].msgstr == text


@pytest.mark.every_app
def test_next_goes_over_the_parts_and_ends_at_the_table(uuid: UUID, as_person: AsPerson) -> None:
    bruno = as_person("bruno")
    seen = []
    page = bruno.open(at(uuid, "/ar?only=open"))
    for _turn in range(20):
        form = page.form(to=at(uuid, "/ar"))
        marks = {"first/first-aim/text": "[Buongiorno]{it}"}
        fields = [name for name in form.names if name.startswith("f-")]
        seen += fields
        page = bruno.send(form, {name: marks.get(name[2:], "نص") for name in fields}, do="next")
        if page.path.endswith("/translations"):
            break
    assert len(seen) == len(set(seen)) > 20
    assert "get it with the next publishing" in page.text
    assert "100 %" in page.text


@pytest.mark.every_app
def test_only_authors_add_languages_and_translators_write_translations(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    tamar = staff(app, "tamar")
    assert tamar.open(at(uuid)).status == 200
    assert tamar.open(at(uuid, "/ar?part=first")).status == 200
    assert tamar.post(at(uuid, "/ar"), {"base": "x=y", "f-x": "1"}).status == 403
    with app.app_context(), transaction() as current:
        drafts.add_member(current, draft_of(uuid), "tamar", "translator")
    assert translate(tamar, uuid, {ASK: "ماذا؟"}, do="save").status == 200
    assert tamar.post(at(uuid), {"language": "uk"}).status == 403
    assert tamar.post(at(uuid, "/changed"), {"small": "x"}).status == 403
    bruno = as_person("bruno")
    form = bruno.open(at(uuid)).form(to=at(uuid))
    assert "Українська" in bruno.send(form, {"language": "uk"}).text
    assert bruno.send(form, {"language": "ar"}).status == 422
    assert bruno.send(form, {"language": "../x"}).status == 422
    assert bruno.open(at(uuid, "/de")).status == 404


@pytest.mark.every_app
def test_the_same_sentence_is_offered_from_another_course_and_never_filled_in(
    app: Flask, folder: Path, uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno = as_person("bruno")
    with app.app_context(), transaction() as current:
        copied = drafts.copy_draft(current, person_of("bruno"), draft_of(uuid), draft_of(uuid).centre).uuid
    translate(bruno, copied, {ASK: "جملة من هناك"}, do="save")
    page = bruno.open(at(uuid, "/ar?part=first"))
    assert "جملة من هناك" in page.body
    form = page.form(to=at(uuid, "/ar"))
    assert (f"f-{ASK}", "") in form.filled
    bruno.send(form, {}, use=f"{ASK} جملة من هناك")
    assert catalogue()[ASK].msgstr == "جملة من هناك"


def test_the_glossary_stands_beside_a_text_that_has_its_term(
    uuid: UUID, as_person: AsPerson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "en-ar.tsv"
    table.write_text("term\tlocal\ttranslation\tnote\nmorning\tmattina\tصباح\tuntil noon\n", encoding="utf-8")
    monkeypatch.setattr(glossary, "folder", lambda: tmp_path)
    page = as_person("bruno").open(at(uuid, "/ar?part=first"))
    assert page.text.count("until noon") == 1
    assert "mattina" in page.text
    assert "صباح" in page.body


@pytest.mark.parametrize("kind", ["po", "xliff"])
def test_a_file_goes_out_is_translated_and_comes_back_with_a_report(
    uuid: UUID, as_person: AsPerson, catalogue: Any, kind: str
) -> None:
    bruno = as_person("bruno")
    translate(bruno, uuid, {ASK: "ماذا؟"}, do="save")
    answer = bruno.client.get(at(uuid, f"/ar/{kind}"))
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    text = answer.get_data(as_text=True)
    answer.close()
    if kind == "po":
        text = text.replace('msgid "Tiny course"\nmsgstr ""', 'msgid "Tiny course"\nmsgstr "دورة صغيرة"')
    else:
        text = text.replace(
            '<segment state="initial">\n    <source>Tiny course</source>',
            '<segment state="reviewed">\n    <source>Tiny course</source><target>دورة صغيرة</target>',
        )
    page = bring(bruno, uuid, text.encode())
    assert page.status == 200
    assert "1 taken" in page.text
    assert "1 the same as here" in page.text
    assert catalogue()[TITLE].msgstr == "دورة صغيرة"


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "There is no text in this file"),
        (b'msgid "a"\nnonsense\n', "Look at line 2"),
        (b"\x89PNG\r\n\x1a\n\xff\xff", "not readable as PO"),
        (b"<xliff><file>", "This is another version of XLIFF"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><xliff/>', "An XLIFF file has no DTD"),
        (b"<html></html>", "This is not an XLIFF file"),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_sentence_and_nothing_is_written(
    app: Flask, uuid: UUID, as_person: AsPerson, content: bytes, sentence: str
) -> None:
    page = bring(as_person("bruno"), uuid, content)
    assert page.status == 422
    assert sentence in page.text
    with app.app_context():
        assert store.digest_of(session(), draft_of(uuid), "translations/ar.po") is None


def test_a_course_with_errors_of_rules_is_translated_and_one_that_cannot_be_read_says_where(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    bruno = as_person("bruno")
    with app.app_context():
        unit, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    unit["outcomes"] = ["o-none"]
    save(app, uuid, "units/first.yaml", unit)
    assert translate(bruno, uuid, {ASK: "ماذا؟"}, do="save").status == 200
    unit["blocks"][0]["type"] = "nonsense"
    save(app, uuid, "units/first.yaml", unit)
    page = bruno.open(at(uuid))
    assert page.status == 422
    assert any("/units/first" in link["href"] for link in page.links)
    assert bruno.open(at(uuid, "/ar")).status == 422


def test_the_right_answer_is_marked_for_the_translator(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    with app.app_context():
        unit, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    unit["blocks"][1]["items"][0]["options"][0]["text"] = "Good morning"
    save(app, uuid, "units/first.yaml", unit)
    assert as_person("bruno").open(at(uuid, "/ar?part=first")).text.count("the right answer") == 1


def test_what_the_author_takes_out_comes_back_translated_when_it_is_put_back(
    app: Flask, uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno = as_person("bruno")
    translate(bruno, uuid, {ASK: "ماذا؟"}, do="save")
    with app.app_context():
        unit, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    save(app, uuid, "units/first.yaml", {**unit, "blocks": unit["blocks"][:1]})
    translate(bruno, uuid, {AIM: "[Buongiorno]{it}"}, do="save")
    save(app, uuid, "units/first.yaml", unit)
    translate(bruno, uuid, {"first//title": "عنوان"}, do="save")
    entry = catalogue()[ASK]
    assert (entry.msgstr, entry.obsolete, entry.flags) == ("ماذا؟", 0, [])


def test_text_for_what_was_taken_out_meanwhile_is_shown_and_not_lost(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    bruno = as_person("bruno")
    form = bruno.open(at(uuid, "/ar?part=first")).form(to=at(uuid, "/ar"))
    with app.app_context():
        unit, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    save(app, uuid, "units/first.yaml", {**unit, "blocks": unit["blocks"][:1]})
    page = bruno.send(form, {f"f-{ASK}": "كتبت هذا"}, do="save")
    assert page.status == 409
    assert "كتبت هذا" in page.body


@pytest.mark.every_app
def test_a_source_that_changes_while_its_translation_is_written_leaves_it_stale(
    app: Flask, uuid: UUID, as_person: AsPerson, catalogue: Any
) -> None:
    bruno = as_person("bruno")
    translate(bruno, uuid, {ASK: "أولا"}, do="save")
    form = bruno.open(at(uuid, "/ar?part=first")).form(to=at(uuid, "/ar"))
    change_question(app, uuid, "What do you say at night?")
    page = bruno.send(form, {f"f-{ASK}": "ثانيا"}, do="save")
    assert page.status == 409
    assert "The author changed some of these texts" in page.text
    entry = catalogue()[ASK]
    assert (entry.msgstr, entry.previous_msgid) == ("ثانيا", "What do you say in the morning?")
    assert entry.msgid == "What do you say at night?"
    assert entry.flags == ["fuzzy"]


def test_a_language_goes_live_when_it_is_whole_and_is_named_before_it_is_lost(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "/ar?only=open"))
    while not page.path.endswith("/translations"):
        form = page.form(to=at(uuid, "/ar"))
        fields = [name for name in form.names if name.startswith("f-")]
        text = {f"f-{AIM}": "[Buongiorno]{it}"}
        page = bruno.send(form, {name: text.get(name, "نص") for name in fields}, do="next")
    assert "get it with the next publishing" in page.text
    with app.app_context(), transaction() as current:
        house = House.of(app.extensions["headstart"])
        draft = draft_of(uuid)
        publishing.publish(current, house, draft, person_of("bruno"), version="1.0", n=draft.head)
    assert "have it" in bruno.open(at(uuid)).text
    change_question(app, uuid, "What do you say at noon?")
    assert "They lose it with the next publishing" in bruno.open(at(uuid)).text


def test_a_sentence_of_a_published_course_is_offered(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    with app.app_context():
        state = app.extensions["headstart"]
        folder = bundled_courses() / "it-lavoro"
        with transaction() as current:
            checked = check_folder(folder, state.item_types, on=date(2026, 12, 1))
            publish(current, state.storage, state.library, checked)
        sheet = catalogues.held_in(catalogues.parse((folder / "translations" / "ar.po").read_bytes()))
        unit, _digest = store.read_data(session(), draft_of(uuid), "units/first.yaml")
    done = checked.translations["ar"]
    known = next(sheet[name] for name in done if name.startswith("facts/") and "[" not in done[name])
    unit["blocks"][1]["items"][0]["prompt"] = known.source
    save(app, uuid, "units/first.yaml", unit)
    page = as_person("bruno").open(at(uuid, "/ar?part=first"))
    assert known.text in page.body
    assert "Working in Italy" in page.text
