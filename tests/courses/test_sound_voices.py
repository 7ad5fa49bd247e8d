"""Who says what: voices of a dialogue, words as they are read aloud, ids, phonemes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.courses.sound.editing import quoted, set_fields
from headstart_lms.courses.sound.listen import plain, wrong_letters
from headstart_lms.courses.sound.needs import cast_of, clip_id, voice_in
from headstart_lms.courses.sound.sheet import Sheet
from headstart_lms.courses.sound.voices import phonemes
from headstart_lms.courses.source import read_yaml

from . import sounding, tiny


def pitches(sheet: dict[str, object], *names: str) -> list[int | None]:
    cast, unknown = cast_of(Sheet.model_validate(sheet), "scene", names)
    assert not unknown
    return [cast[name].pitch for name in dict.fromkeys(names)]


def test_two_of_one_sex_in_a_dialogue_have_two_voices() -> None:
    women = {
        "Amina": {"voice": "female"},
        "Joy": {"voice": "female"},
        "Carla": {"voice": "female", "pitch": -10},
    }
    men = {"Luca": {"voice": "male"}, "Ravi": {"voice": "male"}}
    sheet: dict[str, object] = {"speakers": women | men}
    assert pitches(sheet, "Amina", "Luca", "Amina") == [0, 0]
    assert pitches(sheet, "Amina", "Joy") == [0, -10]
    assert pitches(sheet, "Luca", "Ravi") == [0, 9]
    assert pitches(sheet, "Amina", "Carla", "Joy") == [0, -10, 9]  # who has a pitch keeps it
    assert pitches(sheet | {"scenes": {"scene": {"Joy": {"voice": "male"}}}}, "Amina", "Joy") == [0, 0]


def said(folder: Path) -> dict[str, str]:
    return {
        row["clip"]: row["say"] for row in json.loads(sounding.draft(folder, "--dry-run", "--json").stdout)
    }


def test_words_are_read_as_sentences_and_names_as_they_sound(tmp_path: Path) -> None:
    folder = sounding.write(tmp_path / "course")
    tiny.replace(folder, "units/first.yaml", "Buongiorno, signora!", "Ciao Joy, Joyce e Joy!")
    sheet = sounding.SHEET + 'names: {Joy: Giòi}\nclips: {clip-w-ombra: {say: "Un\'ombra?"}}\n'
    (folder / "sound.yaml").write_text(sheet, "utf-8")
    assert said(folder) == {
        "clip-w-porta": "La porta.", "clip-w-ombra": "Un'ombra?", "clip-f-talk-t2": "Ciao Giòi, Joyce e Giòi!",
    }  # fmt: skip


def test_ids_that_would_be_too_long_are_cut_and_stay_apart() -> None:
    one, other = (clip_id(f"a-very-long-name-of-a-dialogue-block-1-{turn}") for turn in ("t1", "t2"))
    assert len(one) <= 40 >= len(other)
    assert one != other
    assert clip_id("w-pane") == "clip-w-pane"


@pytest.mark.parametrize(
    "source, sex, pitch",
    [
        ("Kokoro-82M, voice if_sara", "female", 0), ("Kokoro-82M, voice im_nicola, made higher", "male", 9),
        ("female", "female", 0), ("a man at the station", "male", 0),
        ("Kokoro-82M, voice if_sara, made lower", "female", -10),
    ],
)  # fmt: skip
def test_the_source_of_a_row_says_who_speaks(source: str, sex: str, pitch: int) -> None:
    found = voice_in(source)
    assert found is not None
    assert (found.voice, found.pitch) == (sex, pitch)


def test_a_source_that_names_nobody_names_nobody() -> None:
    assert voice_in("Recorded by Manfred in Germany") is None


def test_italian_has_no_english_vowels_and_keeps_its_stops() -> None:
    spoken = phonemes("Venerdì, alle sei?", "it")
    assert spoken.startswith("venerdˈi, ")
    assert spoken.endswith("?")
    assert not set(spoken) & set("ɪʊAIYW^")


def test_wrong_letters_fall_to_the_text_they_belong_to() -> None:
    assert wrong_letters(["ciao", "bene", "grazie"], "ciaobenegrazie") == [0, 0, 0]
    assert wrong_letters(["ciao", "bene", "grazie"], "ciaopenegraz") == [0, 1, 2]
    assert wrong_letters(["ciao"], "") == [4]
    assert wrong_letters([""], "x") == [1]


@given(st.lists(st.text("abc", max_size=6), min_size=1, max_size=4), st.text("abc", max_size=20))
def test_the_errors_of_all_texts_are_the_errors_of_the_whole(texts: list[str], heard: str) -> None:
    assert sum(wrong_letters(texts, heard)) == wrong_letters(["".join(texts)], heard)[0]


def test_letters_that_are_not_heard_do_not_count() -> None:
    assert plain("Perché l'hai?", "it") == "perchelai"
    assert plain("Hallo, Ärzte!", "de-AT") == "halloarzte"


VALUES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufeff\ufffe\uffff"), min_size=1
)


@given(VALUES)
def test_whatever_a_text_is_it_is_read_back_as_it_was(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "rows.yaml"
        file.write_text(
            "- {id: a, b: [1, {c: 2}]}\n- id: b\n  text: |\n    two\n    lines\n# the end\n", "utf-8"
        )
        set_fields(file, (0,), {"source": quoted(text)}, expected_id="a")
        set_fields(file, (1,), {"text": quoted(text), "more": "{it: x}"}, expected_id="b")
        data = read_yaml(file, "rows.yaml").data
        assert data == [
            {"id": "a", "b": [1, {"c": 2}], "source": text}, {"id": "b", "text": text, "more": {"it": "x"}},
        ]  # fmt: skip
        assert file.read_text("utf-8").endswith("# the end\n")


def test_a_place_that_moved_is_not_written_to(tmp_path: Path) -> None:
    file = tmp_path / "rows.yaml"
    file.write_text("- {id: a}\n- {id: b}\n", "utf-8")
    with pytest.raises(LookupError):
        set_fields(file, (0,), {"audio": "x"}, expected_id="b")
    with pytest.raises(LookupError):
        set_fields(file, (7,), {"audio": "x"}, expected_id="b")
    assert file.read_text("utf-8") == "- {id: a}\n- {id: b}\n"
