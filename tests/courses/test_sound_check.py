"""What `course check` says about sound: each gate finds the course it is there for, and a sound one passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart_lms.courses.source import Finding

from . import sounding, tiny


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sounding.write(tmp_path / "course")


def warned(folder: Path, says: str) -> list[Finding]:
    checked = tiny.check(folder)
    assert not checked.errors, [str(finding) for finding in checked.errors]
    return [finding for finding in checked.warnings if says in finding.message]


def test_missing_sound_is_one_warning_with_its_figures(folder: Path) -> None:
    [found] = warned(folder, "have no sound")
    assert found.message.startswith("2 words and 1 turns have no sound;")
    assert found.file == "sound.yaml"
    sounding.draft(folder)
    assert not warned(folder, "have no sound")


@pytest.mark.parametrize("silent", ["all", "[clip-w-porta, clip-w-ombra, clip-f-talk-t2]"])
def test_what_is_silent_by_intent_is_no_warning(silent: str, folder: Path) -> None:
    (folder / "sound.yaml").write_text(f"{sounding.SHEET}silent: {silent}\n", "utf-8")
    assert not warned(folder, "have no sound")


def test_a_language_nobody_gave_sound_is_no_warning(tmp_path: Path) -> None:
    folder = sounding.write(tmp_path / "course", sheet=None)
    tiny.replace(
        folder, "units/first.yaml", "gloss: Good morning!, audio: clip-hello}", "gloss: Good morning!}"
    )
    tiny.replace(
        folder,
        "units/first.yaml",
        "id: i-truth, type: truth,",
        "id: i-truth, type: truth, audio: clip-hello,",
    )
    assert not warned(folder, "have no sound")


def test_one_clip_is_enough_to_ask_for_the_others(tmp_path: Path) -> None:
    folder = sounding.write(tmp_path / "course", sheet=None)
    assert [found.file for found in warned(folder, "2 words and 1 turns")] == ["course.yaml"]


def test_a_course_that_teaches_no_language_has_none_to_miss(tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "course")
    assert not [finding for finding in tiny.check(folder).warnings if "sound" in finding.message]


def test_a_clip_that_says_another_text_is_found_where_it_is_used(folder: Path) -> None:
    tiny.replace(folder, "media.yaml", 'transcript: {it: "Buongiorno!"}', 'transcript: {it: "Buonasera!"}')
    [found] = warned(folder, "'clip-hello' says another text than this.")
    assert (found.file, found.line) == (
        "units/first.yaml",
        tiny.line_of(folder, "units/first.yaml", "clip-hello"),
    )


def test_a_clip_made_for_another_voice_is_found(folder: Path) -> None:
    sounding.draft(folder)
    assert not warned(folder, "another text or voice")
    tiny.replace(folder, "sound.yaml", "Omar: {voice: male}", "Omar: {voice: female}")
    assert [found.file for found in warned(folder, "was made for another text or voice")] == [
        "units/first.yaml"
    ]


def test_a_unit_that_weighs_too_much_is_found(folder: Path) -> None:
    assert not warned(folder, "kB with its pictures and sound")
    (folder / "media" / "hello.ogg").write_bytes(tiny.SOUND + bytes(299_500))
    [found] = warned(folder, "kB with its pictures and sound, more than 300; split it.")
    assert found.file == "units/first.yaml"
    assert found.message.startswith("The unit has 30")


def test_media_of_a_course_that_weigh_too_much_are_found(folder: Path) -> None:
    for n in range(4):
        (folder / "media" / f"big{n}.ogg").write_bytes(tiny.SOUND + bytes(7_000_000))
        with (folder / "media.yaml").open("a", encoding="utf-8") as out:
            out.write(
                f"- {{id: big{n}, file: big{n}.ogg, kind: audio, transcript: {{it: Sì.}}, licence: X, source: X}}\n"
            )
    [found] = warned(folder, "The media of the course have")
    assert "28.0 MB, more than 25;" in found.message


@pytest.mark.parametrize(
    "sheet, message",
    [
        ("speakers: {Sara: {voice: female}}\n", "It does not say who these are: Omar."),
        ("scenes: {f-talk: {Luca: {voice: male}}}\n", "'Luca' does not speak there."),
        ("silent: [clip-w-gatto]\n", "There is no clip 'clip-w-gatto' in this course."),
        ("clips: {clip-w-gatto: {say: Gatto!}}\n", "There is no clip 'clip-w-gatto' in this course."),
    ],
    ids=["a stranger", "a stranger in a scene", "a silent clip", "a clip"],
)
def test_a_sheet_that_does_not_fit_the_course_is_a_warning(sheet: str, message: str, folder: Path) -> None:
    (folder / "sound.yaml").write_text(sheet, "utf-8")
    assert message in [finding.message for finding in tiny.check(folder).warnings]


@pytest.mark.parametrize(
    "sheet, line, message",
    [
        ("speed: 1\nspeakers: {Sara: {voice: child}}\n", 2, "'child' is not one of 'female' or 'male'."),
        ("silent: some\n", 1, "Write a list of clips here, or all."),
        ("voises: {}\n", 1, "There is no field 'voises' here. Remove it, or check its spelling."),
        ("speakers: [Sara]\n", 1, "Write 'name: value' lines here."),
        ("- Sara\n", 1, "Write 'name: value' lines here."),
        ("speakers: {\n", 2, ""),
        ("\n", 0, "The file is empty."),
    ],
    ids=["voice", "silent", "field", "list for names", "list", "no YAML", "empty"],
)
def test_a_sheet_that_is_wrong_is_an_error_with_its_place(
    sheet: str, line: int, message: str, folder: Path
) -> None:
    (folder / "sound.yaml").write_text(sheet, "utf-8")
    [found] = tiny.check(folder).errors
    assert (found.file, found.line) == ("sound.yaml", line)
    assert message in found.message
    assert sounding.draft(folder).exit_code == 1
