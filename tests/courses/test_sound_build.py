"""`headstart audio build`: a course gets the sound it lacks, and its files keep their form."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from headstart_lms.courses.document import Entry, Media
from headstart_lms.courses.parts import DialogueBlock

from . import sounding, tiny
from .sounding import draft, run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sounding.write(tmp_path / "course")


def entry(folder: Path, name: str) -> Entry:
    return next(e for e in tiny.course_of(folder).entries if e.id == name)


def media(folder: Path) -> dict[str, Media]:
    return {row.id: row for row in tiny.course_of(folder).media}


def turns(folder: Path) -> list[str | None]:
    block = next(b for b in tiny.course_of(folder).units[0].blocks if isinstance(b, DialogueBlock))
    return [turn.audio for turn in block.turns]


def test_words_and_turns_without_sound_get_it_and_everything_else_stays(folder: Path) -> None:
    before = sounding.tree(folder)
    result = draft(folder)
    assert result.exit_code == 0, result.output
    assert "3 clips made" in result.output
    after = sounding.tree(folder)
    assert set(after) - set(before) == {f"media/clip-{n}.ogg" for n in ("f-talk-t2", "w-ombra", "w-porta")}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"entries.yaml", "units/first.yaml", "media.yaml"}
    # the block mapping got a line after its last, with the comments where they were; the flow mapping got a pair
    assert after["entries.yaml"].decode() == sounding.ENTRIES.replace(
        "picture: pic-door\n", "picture: pic-door\n  audio: clip-w-porta\n"
    ).replace("gloss: shadow}", "gloss: shadow, audio: clip-w-ombra}")
    assert turns(folder) == ["clip-hello", "clip-f-talk-t2"]
    assert after["media.yaml"].startswith(before["media.yaml"])
    row = media(folder)["clip-w-ombra"]
    assert row.transcript is not None
    assert (row.transcript.text, row.transcript.lang, row.voice) == ("l'ombra", "it", "synthetic")
    assert row.licence == "CC-BY-4.0"
    assert (folder / "media" / row.file).read_bytes()[:4] == b"OggS"


def test_a_second_run_makes_nothing_and_a_changed_text_is_made_anew(folder: Path) -> None:
    draft(folder)
    first = sounding.tree(folder)
    assert "0 clips made" in draft(folder).output
    assert sounding.tree(folder) == first
    tiny.replace(
        folder, "units/first.yaml", 'text: {it: "Buongiorno, signora!"}', 'text: {it: "Buonasera, Sara!"}'
    )
    warnings = [
        f
        for f in tiny.check(folder).warnings
        if "says another text" in f.message or "another text or" in f.message
    ]
    assert [(f.file, f.line) for f in warnings] == [
        ("units/first.yaml", tiny.line_of(folder, "units/first.yaml", "Buonasera, Sara!"))
    ]
    assert "1 clips made" in draft(folder).output
    row = media(folder)["clip-f-talk-t2"]
    assert row.transcript is not None
    assert row.transcript.text == "Buonasera, Sara!"
    assert not [f for f in tiny.check(folder).warnings if "another text" in f.message]


def test_another_voice_or_another_way_to_say_it_makes_the_clip_anew(folder: Path) -> None:
    draft(folder)
    sheet = sounding.SHEET.replace("Omar: {voice: male}", "Omar: {voice: female}") + "names: {ombra: òmbra}\n"
    (folder / "sound.yaml").write_text(sheet, "utf-8")
    made = json.loads(draft(folder, "--json").stdout)["made"]
    assert {row["clip"] for row in made} == {"clip-f-talk-t2", "clip-w-ombra"}


def test_work_that_was_stopped_is_taken_up_where_it_was(folder: Path) -> None:
    draft(folder, "--only", "w-porta")
    assert entry(folder, "porta").audio == "clip-w-porta"
    assert entry(folder, "ombra").audio is None
    # stopped between the row and the reference: the sound is there, and is only linked
    text = (folder / "entries.yaml").read_text("utf-8")
    (folder / "entries.yaml").write_text(text.replace("  audio: clip-w-porta\n", ""), "utf-8")
    made = (folder / "media" / "clip-w-porta.ogg").stat().st_mtime_ns
    assert "2 clips made" in (result := draft(folder)).output
    assert "1 linked" in result.output
    assert entry(folder, "porta").audio == "clip-w-porta"
    assert (folder / "media" / "clip-w-porta.ogg").stat().st_mtime_ns == made


def test_a_listening_clip_is_asked_for_by_a_row_whose_file_is_missing(folder: Path) -> None:
    with (folder / "media.yaml").open("a", encoding="utf-8") as out:
        out.write(
            "- {id: clip-l1, file: clip-l1.ogg, kind: audio, transcript: {it: Il treno parte alle otto.},"
            " licence: CC0-1.0, source: male voice}\n"
        )
    tiny.replace(
        folder, "units/first.yaml", "id: i-truth, type: truth,", "id: i-truth, type: truth, audio: clip-l1,"
    )
    assert [f.message for f in tiny.check(folder).errors] == ["There is no file media/clip-l1.ogg."]
    assert draft(folder).exit_code == 0
    row = media(folder)["clip-l1"]
    assert row.source.startswith("espeak-ng, male voice")
    assert (row.voice, row.licence) == ("synthetic", "CC0-1.0")
    assert "0 clips made" in draft(folder).output


def test_a_listening_clip_without_a_voice_is_refused_by_name(folder: Path) -> None:
    with (folder / "media.yaml").open("a", encoding="utf-8") as out:
        out.write(
            "- {id: clip-l1, file: clip-l1.ogg, kind: audio, transcript: {it: Sì.}, licence: X, source: to do}\n"
        )
    result = draft(folder)
    assert result.exit_code == 1
    assert "Nobody said who speaks these clips: clip-l1." in result.stderr


def test_speakers_nobody_named_are_listed_together_and_nothing_is_made(folder: Path) -> None:
    (folder / "sound.yaml").write_text("speakers: {Elena: {voice: female}}\n", "utf-8")
    before = sounding.tree(folder)
    result = draft(folder)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "Sara, Omar" in result.stderr
    assert "Traceback" not in result.output
    assert sounding.tree(folder) == before


def test_what_is_silent_stays_silent_until_a_person_says_it(folder: Path, tmp_path: Path) -> None:
    (folder / "sound.yaml").write_text(sounding.SHEET + "silent: [clip-w-ombra]\n", "utf-8")
    assert "1 silent" in draft(folder).output
    assert entry(folder, "ombra").audio is None
    assert not [f for f in tiny.check(folder).warnings if "have no sound" in f.message]
    sounding.tone(tmp_path / "said" / "clip-w-ombra.wav")
    by_hand = ("build", folder, "--recordings", tmp_path / "said", "--recorded-by", "Anna Conti")
    assert "1 clips made" in run(*by_hand, "--recording-licence", "CC-BY-SA-4.0").output
    row = media(folder)["clip-w-ombra"]
    assert (row.voice, row.source, row.licence) == ("human", "Anna Conti", "CC-BY-SA-4.0")
    assert "0 clips made" in run(*by_hand).output


def test_a_recording_takes_the_place_of_a_computer_voice_and_no_computer_takes_it_back(
    folder: Path, tmp_path: Path
) -> None:
    draft(folder)
    sounding.tone(tmp_path / "said" / "clip-w-porta.wav")
    run("build", folder, "--recordings", tmp_path / "said", "--recorded-by", "Anna Conti")
    assert media(folder)["clip-w-porta"].voice == "human"
    assert "clip-w-porta" not in draft(folder, "--again", "--dry-run").output
    tiny.replace(folder, "entries.yaml", "article: la", "article: una")
    result = draft(folder)
    assert result.exit_code == 1
    assert "1 clips left, a person recorded an older text; record it again: clip-w-porta" in result.stderr
    assert media(folder)["clip-w-porta"].voice == "human"
    assert [f.file for f in tiny.check(folder).warnings if "says another text" in f.message] == [
        "entries.yaml"
    ]


@pytest.mark.parametrize(
    "make, why",
    [
        ({"loud": 0.001}, "it is silent"),
        ({"loud": 5.0}, "it is clipped"),
        ({"seconds": 9.0}, "9.0 s is not the length of 'la porta'"),
        ({"seconds": 0.02}, "is not the length of 'la porta'"),
    ],
    ids=["silent", "clipped", "too long", "too short"],
)
def test_a_bad_recording_is_refused_and_leaves_nothing(
    make: dict[str, float], why: str, folder: Path, tmp_path: Path
) -> None:
    sounding.tone(
        tmp_path / "said" / "clip-w-porta.wav", make.get("seconds", 0.8), loud=make.get("loud", 0.3)
    )
    before = sounding.tree(folder)
    result = run(
        "build", folder, "--provider", "files", "--recordings", tmp_path / "said", "--recorded-by", "Anna"
    )
    assert result.exit_code == 1
    assert "clip-w-porta: not made," in result.stderr
    assert why in result.stderr
    assert sounding.tree(folder) == before


def test_a_file_that_is_no_sound_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "said").mkdir()
    (tmp_path / "said" / "clip-w-porta.mp3").write_bytes(b"no sound at all")
    result = run("build", folder, "--recordings", tmp_path / "said", "--recorded-by", "Anna")
    assert result.exit_code == 1
    assert "clip-w-porta: not made, ffmpeg cannot read it" in result.stderr


def test_clips_are_cut_alike_loud_alike_and_small(folder: Path, tmp_path: Path) -> None:
    text = "Questa frase è lunga e dice tante cose, una dopo l'altra, fino alla fine del respiro."
    tiny.replace(folder, "units/first.yaml", '"Buongiorno, signora!"', f'"{text}"')
    for name, loud in (("clip-w-porta", 0.05), ("clip-w-ombra", 0.4)):
        sounding.tone(tmp_path / "said" / f"{name}.wav", loud=loud)
    sounding.tone(tmp_path / "said" / "clip-f-talk-t2.wav", seconds=6.5)
    result = run("build", folder, "--recordings", tmp_path / "said", "--recorded-by", "Anna", "--json")
    made = {row["clip"]: row for row in json.loads(result.stdout)["made"]}
    assert {row["bytes"] <= 12_000 for row in made.values()} == {True}
    assert made["clip-f-talk-t2"]["kbit"] < 24 == made["clip-w-porta"]["kbit"]
    for name in ("clip-w-porta", "clip-w-ombra"):
        assert made[name]["seconds"] == pytest.approx(0.8 + 0.06 + 0.12, abs=0.05)
        assert loudness(folder / "media" / f"{name}.ogg") == pytest.approx(-19, abs=1)


def loudness(file: Path) -> float:
    """Measure as EBU R 128 does, with a reader of its own."""
    ffmpeg = shutil.which("ffmpeg")
    assert ffmpeg
    done = subprocess.run(  # noqa: S603
        [ffmpeg, "-hide_banner", "-i", str(file), "-af", "loudnorm=print_format=json", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(json.loads(done.stderr[done.stderr.rindex("{") :])["input_i"])


def test_a_robot_speaks_only_in_drafts_and_a_draft_is_no_course_to_publish(folder: Path) -> None:
    result = run("build", folder, "--provider", "espeak-ng")
    assert result.exit_code == 1
    assert "no model of pronunciation" in result.stderr
    draft(folder)
    assert "robot" in media(folder)["clip-w-porta"].source
    assert [f.message for f in tiny.check(folder).warnings if "3 clips are drafts" in f.message]


@pytest.mark.parametrize("name", ["list.csv", "list.json"])
def test_the_list_of_what_to_record_keeps_what_people_wrote_into_it(
    name: str, folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / name
    (folder / "sound.yaml").write_text(sounding.SHEET + "silent: [clip-w-ombra]\n", "utf-8")
    result = run("build", folder, "--queue", file)
    assert result.exit_code == 0
    assert "4 clips to record" in result.output
    rows = read_list(file)
    assert {row["clip"]: row["why"] for row in rows} == {
        "clip-f-talk-t2": "has no sound", "clip-w-porta": "has no sound", "clip-hello": "computer voice",
        "clip-w-ombra": "silent: the computer says it badly",
    }  # fmt: skip
    turn = next(row for row in rows if row["clip"] == "clip-f-talk-t2")
    assert (turn["speaker"], turn["voice"], turn["used"]) == ("Omar", "male", "first/f-talk/t2")
    for row in rows:
        row["who"] = "Anna" if row["clip"] == "clip-w-porta" else ""
    write_list(file, rows)
    draft(folder, "--only", "w-porta")
    run("build", folder, "--queue", file)
    found = {row["clip"]: row for row in read_list(file)}
    assert (found["clip-w-porta"]["who"], found["clip-w-porta"]["why"]) == ("Anna", "has a robot's voice")


def read_list(file: Path) -> list[dict[str, str]]:
    if file.suffix == ".json":
        rows: list[dict[str, str]] = json.loads(file.read_text("utf-8"))
        return rows
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def write_list(file: Path, rows: list[dict[str, str]]) -> None:
    if file.suffix == ".json":
        file.write_text(json.dumps(rows), "utf-8")
        return
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_another_file_is_not_overwritten_by_the_list(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text('{"my": "notes"}', "utf-8")
    result = run("build", folder, "--queue", tmp_path / "notes.json")
    assert result.exit_code == 1
    assert "is not such a list" in result.stderr
    assert (tmp_path / "notes.json").read_text("utf-8") == '{"my": "notes"}'


def test_a_dry_run_says_what_would_be_made_and_touches_nothing(folder: Path) -> None:
    before = sounding.tree(folder)
    result = draft(folder, "--dry-run", "--json")
    rows = {row["clip"]: row for row in json.loads(result.stdout)}
    assert rows["clip-f-talk-t2"]["speaker"] == "Omar"
    assert rows["clip-w-porta"]["say"] == "La porta."
    assert sounding.tree(folder) == before


def test_a_course_with_other_errors_is_mended_first(folder: Path) -> None:
    tiny.replace(folder, "units/first.yaml", "minutes: 10", "minutes: 100")
    result = draft(folder)
    assert result.exit_code == 1
    assert "mend them first" in result.stderr


def test_references_that_were_written_in_advance_are_filled(folder: Path) -> None:
    tiny.replace(folder, "entries.yaml", "gloss: shadow}", "gloss: shadow, audio: clip-w-ombra}")
    assert tiny.check(folder).errors
    assert draft(folder).exit_code == 0
    assert not tiny.check(folder).errors


def test_windows_line_ends_and_missing_last_ones_survive(folder: Path) -> None:
    for name in ("entries.yaml", "media.yaml"):
        text = (folder / name).read_text("utf-8").rstrip("\n").replace("\n", "\r\n")
        (folder / name).write_bytes(text.encode())
    assert draft(folder).exit_code == 0
    for name in ("entries.yaml", "media.yaml"):
        lines = (folder / name).read_bytes().split(b"\n")
        assert all(line.endswith(b"\r") for line in lines[:-1])
    assert entry(folder, "porta").audio == "clip-w-porta"


def test_a_language_no_voice_speaks_is_left_and_said(folder: Path, tmp_path: Path) -> None:
    model = fake_kokoro(tmp_path / "kokoro")
    (folder / "sound.yaml").write_text(sounding.SHEET + "language: de\n", "utf-8")
    tiny.replace(folder, "units/first.yaml", 'text: {it: "Buongiorno, signora!"}', 'text: {de: "Guten Tag!"}')
    result = run("build", folder, "--kokoro", model)
    assert "clips left, no voice here speaks 'de'" in result.stderr
    assert result.exit_code == 1


def fake_kokoro(folder: Path) -> Path:
    pytest.importorskip("onnxruntime")
    (folder / "voices").mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"")
    (folder / "vocab.json").write_text("{}", "utf-8")
    return folder


@pytest.mark.parametrize(
    "arguments, says",
    [
        ((), "Nothing here can speak"),
        (("--provider", "kokoro"), "kokoro cannot be used: name the folder"),
        (("--provider", "piper"), "piper cannot be used: name the folder"),
    ],
)
def test_a_voice_that_is_not_there_is_one_clear_line(
    arguments: tuple[str, ...], says: str, folder: Path
) -> None:
    result = run("build", folder, *arguments)
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [("--provider", "record"), ("--provider", "files")])
def test_a_provider_without_its_place_is_wrong_usage(arguments: tuple[str, ...], folder: Path) -> None:
    assert run("build", folder, *arguments).exit_code == 2


def test_piper_is_run_as_a_program_with_the_voices_of_the_sheet(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = sounding.tone(tmp_path / "tone.wav")
    program = tmp_path / "bin" / "piper"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\necho "$@" >> "$(dirname "$0")/calls"\n'
        'while [ $# -gt 0 ]; do [ "$1" = --output_file ] && out=$2; shift; done\n'
        f'cat >> "$(dirname "$0")/said"\ncp {sound} "$out"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    (tmp_path / "voices").mkdir()
    for name in ("paola", "riccardo"):
        (tmp_path / "voices" / f"{name}.onnx").write_bytes(b"")
    sheet = sounding.SHEET + "voices: {piper: {female: paola, male: riccardo}}\nlicence: CC-BY-SA-4.0\n"
    (folder / "sound.yaml").write_text(sheet, "utf-8")
    result = run("build", folder, "--piper", tmp_path / "voices")
    assert result.exit_code == 0, result.output
    row = media(folder)["clip-f-talk-t2"]
    assert (row.source, row.licence) == ("Piper, male voice riccardo", "CC-BY-SA-4.0")
    assert "Buongiorno, signora!" in (program.parent / "said").read_text("utf-8")
    assert "riccardo.onnx" in (program.parent / "calls").read_text("utf-8")
    assert "0 clips made" in run("build", folder, "--piper", tmp_path / "voices").output
