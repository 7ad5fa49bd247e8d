"""Record this: the list of what nobody has said, a recording for each text, without scripts."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from headstart_lms.authoring import store
from headstart_lms.kernel.db import session

from ..browsing import Browser, Page
from .drafts import draft_of, make_draft, save
from .uploads import sound, wav

AsPerson = Callable[[str], Browser]
ENTRIES = """# words of the tiny course
- {id: casa, kind: noun, word: casa, article: la, gender: f, plural: case, gloss: house}
- {id: pane, kind: noun, word: pane, article: il, gender: m, plural: pani, gloss: bread, audio: clip-w-pane}
"""
MEDIA = """
- {id: clip-w-pane, file: pane.ogg, kind: audio, transcript: {it: il pane}, licence: CC-BY-4.0, source: a voice,
   voice: synthetic, recipe: 0123456789ab}
- {id: clip-listen, file: listen.ogg, kind: audio, transcript: {it: Arriva il treno.}, licence: CC-BY-4.0,
   source: female}
"""
DIALOGUE = """blocks:
  - id: first-talk
    type: dialogue
    turns:
      - {id: t1, speaker: Anna, text: {it: Come stai?}, gloss: How are you?}
"""


@pytest.fixture
def uuid(app: Flask, folder: Path) -> UUID:
    head = folder / "course.yaml"
    head.write_text(head.read_text("utf-8") + "taught: {language: it, level: A1}\n", "utf-8")
    (folder / "entries.yaml").write_text(ENTRIES, "utf-8")
    (folder / "media.yaml").write_text(MEDIA, "utf-8")
    (folder / "media").mkdir()
    (folder / "media/pane.ogg").write_bytes(sound())
    unit = folder / "units/first.yaml"
    unit.write_text(unit.read_text("utf-8").replace("blocks:\n", DIALOGUE), "utf-8")
    return make_draft(app, folder)


@pytest.fixture
def read(app: Flask, uuid: UUID) -> Callable[[str], Any]:
    def read(path: str) -> Any:
        with app.app_context():
            found = store.read_data(session(), draft_of(uuid), path)[0]
            session().rollback()
            return found

    return read


def address(uuid: UUID, more: str = "") -> str:
    return f"/teach/courses/{uuid}/record{more}"


def record(browser: Browser, page: Page, raw: bytes | None, **values: str) -> Page:
    form = page.form(to="/record", method="post")
    data: dict[str, Any] = form.data({k: v for k, v in values.items() if k not in ("start", "end")})
    data |= {k: v for k, v in values.items() if k in ("start", "end")}  # from the script only
    if raw is not None:
        data["sound"] = (io.BytesIO(raw), "recording")
    response = browser.client.post(
        form.action, data=data, headers={"Sec-Fetch-Site": "same-origin"}, follow_redirects=True
    )
    return Page(response, response.request.url)


@pytest.mark.every_app
def test_the_list_has_what_has_no_sound_in_the_order_of_learners(uuid: UUID, as_person: AsPerson) -> None:
    bruno = as_person("bruno")
    page = bruno.open(address(uuid))
    texts = [text for text in ("Come stai?", "la casa", "Arriva il treno.", "il pane") if text in page.body]
    assert texts == ["Come stai?", "la casa", "Arriva il treno."]
    assert page.body.index("Come stai?") < page.body.index("la casa") < page.body.index("Arriva il treno.")
    assert "Anna" in page.text
    assert "il pane" in bruno.open(address(uuid, "?which=computer")).body


@pytest.mark.both_databases
def test_a_recorded_line_stands_in_its_dialogue_at_once_and_the_next_text_comes(
    app: Flask, uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = record(bruno, bruno.open(address(uuid)), sound(0.8, "webm"), by="Giulia", licence="CC0-1.0")
    assert page.status == 200
    row = read("media.yaml")[-1]
    assert row == {
        "id": "clip-first-talk-t1", "file": "clip-first-talk-t1.ogg", "kind": "audio",
        "transcript": {"it": "Come stai?"}, "licence": "CC0-1.0", "source": "recorded by Giulia", "voice": "human",
    }  # fmt: skip
    assert read("units/first.yaml")["blocks"][0]["turns"][0]["audio"] == "clip-first-talk-t1"
    assert "la casa" in page.text
    assert "Come stai?" not in page.text
    assert ("by", "Giulia") in page.form(to="/record", method="post").filled
    history = bruno.open(f"/teach/courses/{uuid}/history")
    assert "Recorded: Come stai?" in history.text
    with app.app_context():
        assert store.read_text(session(), draft_of(uuid), "entries.yaml")[0] == ENTRIES
        session().rollback()


def test_a_word_is_linked_and_comments_of_its_file_stay(
    app: Flask, uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(address(uuid, "?clip=clip-w-casa"))
    record(bruno, page, sound(0.7, "mp3"), by="")
    assert read("entries.yaml")[0]["audio"] == "clip-w-casa"
    assert read("media.yaml")[-1]["source"] == "own recording"
    with app.app_context():
        assert store.read_text(session(), draft_of(uuid), "entries.yaml")[0].startswith("# words of")
        session().rollback()


def test_a_person_takes_the_place_of_a_computers_voice(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    record(bruno, bruno.open(address(uuid, "?which=computer")), sound(0.7))
    row = read("media.yaml")[0]
    assert (row["voice"], row["file"]) == ("human", "pane.ogg")
    assert "recipe" not in row
    assert "Nothing to record here" in bruno.open(address(uuid, "?which=computer")).text


def test_a_listening_clip_keeps_its_row(uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]) -> None:
    bruno = as_person("bruno")
    record(bruno, bruno.open(address(uuid, "?clip=clip-listen")), sound(2.0))
    row = read("media.yaml")[1]
    assert (row["file"], row["voice"], row["transcript"]) == (
        "listen.ogg",
        "human",
        {"it": "Arriva il treno."},
    )


def test_only_the_part_between_two_moments_is_kept(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    bruno = as_person("bruno")
    page = bruno.open(address(uuid, "?clip=clip-w-casa"))
    assert record(bruno, page, sound(6.0), start="", end="").status == 422
    assert record(bruno, page, sound(6.0), start="1.0", end="2.0").status == 200


@pytest.mark.parametrize(
    "raw,said",
    [
        (None, "Record it first"),
        (b"<script>alert(1)</script>", "This is not a sound"),
        (wav(b"\0\0" * 48_000), "Nothing is heard"),
    ],
    ids=["nothing", "a page", "silence"],
)
def test_a_recording_that_does_not_do_is_refused_and_the_text_stays_in_front(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any], raw: bytes | None, said: str
) -> None:
    bruno = as_person("bruno")
    page = record(bruno, bruno.open(address(uuid, "?clip=clip-w-casa")), raw, by="Giulia")
    assert page.status == 422
    assert said in page.text
    assert '<p class="hs-say-text" id="say" tabindex="-1" lang="it" dir="ltr">la casa</p>' in page.body
    assert ("by", "Giulia") in page.form(to="/record", method="post").filled
    assert len(read("media.yaml")) == 2


def test_a_text_that_changed_while_it_was_recorded_gets_no_wrong_recording(
    app: Flask, uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.open(address(uuid, "?clip=clip-w-casa"))
    save(app, uuid, "entries.yaml", read("entries.yaml")[1:])
    page = record(bruno, page, sound(0.7))
    assert page.status == 404
    assert "Go on with the next one." in page.text
    assert len(read("media.yaml")) == 2


def test_an_unfinished_course_has_its_list_too(
    app: Flask, uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    unit = read("units/first.yaml")
    unit["blocks"].append({"id": "broken", "type": "dialogue", "turns": [{"id": "x"}]})
    unit.pop("minutes")
    save(app, uuid, "units/first.yaml", unit)
    assert "Come stai?" in as_person("bruno").open(address(uuid)).body


def test_what_is_not_written_yet_is_not_recorded(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    hole = "\u270e Write here."
    save(app, uuid, "entries.yaml", [{"id": "word-1", "kind": "phrase", "word": hole, "gloss": hole}])
    page = as_person("bruno").open(f"/teach/courses/{uuid}/record")
    assert page.status == 200
    assert hole not in page.text
    assert "Come stai?" in page.text
