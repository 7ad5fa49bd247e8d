"""The model that speaks and the one that listens, with stand-ins for both: what they are given, what comes of it."""

from __future__ import annotations

import importlib.machinery
import json
import sys
from array import array
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy
import pytest

from headstart_lms.courses.sound.clip import BadSound
from headstart_lms.courses.sound.needs import Voice
from headstart_lms.courses.sound.voices import Kokoro

from . import sounding, tiny
from .sounding import run

VOCAB = {sign: n for n, sign in enumerate("$ .?aegilmoprstuˈːɔ", 1)}


def module(monkeypatch: pytest.MonkeyPatch, name: str, **members: Any) -> None:
    made = ModuleType(name)
    made.__spec__ = importlib.machinery.ModuleSpec(name, None)
    for key, value in members.items():
        setattr(made, key, value)
    monkeypatch.setitem(sys.modules, name, made)


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Put a stand-in for the model's runtime in place; return what it is fed."""
    calls: list[dict[str, Any]] = []

    class Session:
        def __init__(self, path: str, options: Any, providers: list[str]) -> None:
            assert path.endswith("model.onnx")

        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name=name) for name in ("tokens", "style", "speed")]

        def run(self, wanted: None, feed: dict[str, Any]) -> list[Any]:
            calls.append(feed)
            seconds = 0.1 * feed["tokens"].shape[1]
            time = numpy.arange(int(24_000 * seconds)) / 24_000
            return [(0.3 * numpy.sin(2 * numpy.pi * 200 * time)).astype(numpy.float32)]

    module(monkeypatch, "onnxruntime", InferenceSession=Session, SessionOptions=SimpleNamespace)
    return calls


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "kokoro"
    (folder / "voices").mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"")
    (folder / "vocab.json").write_text(json.dumps({"vocab": VOCAB}), "utf-8")
    for n, name in enumerate(("if_sara", "im_nicola")):
        rows = numpy.arange(20, dtype=numpy.float32)[:, None] + 100 * n
        numpy.repeat(rows, 256, axis=1).tofile(folder / "voices" / f"{name}.bin")
    return folder


def test_phonemes_become_numbers_and_the_style_is_that_of_their_count(
    fed: list[dict[str, Any]], model: Path
) -> None:
    pcm = Kokoro(model).say("Porta.", "it", Voice("male"))
    [feed] = fed
    tokens = feed["tokens"][0].tolist()
    spoken = "pˈɔrta."
    assert tokens == [0, *(VOCAB[sign] for sign in spoken), 0]
    assert feed["style"].shape == (1, 256)
    assert feed["style"][0][0] == 100 + len(spoken)
    assert feed["speed"].tolist() == pytest.approx([0.9])
    assert (pcm.rate, type(pcm.samples)) == (24_000, array)


def test_a_lower_voice_is_played_slower_and_keeps_its_pace(fed: list[dict[str, Any]], model: Path) -> None:
    pcm = Kokoro(model).say("Porta.", "it", Voice("female", pitch=-10))
    assert pcm.rate == 21_600
    assert fed[0]["speed"].tolist() == pytest.approx([1.0])
    assert fed[0]["style"][0][0] < 100


def test_phonemes_by_hand_are_taken_as_they_are(fed: list[dict[str, Any]], model: Path) -> None:
    Kokoro(model).say("anything", "it", Voice("female", phonemes="il ore?"))
    assert fed[0]["tokens"][0].tolist() == [0, *(VOCAB[sign] for sign in "il ore?"), 0]
    with pytest.raises(BadSound, match="does not know the phonemes @"):
        Kokoro(model).say("anything", "it", Voice("female", phonemes="il @re?"))
    with pytest.raises(BadSound, match="too long for one clip"):
        Kokoro(model).say("anything", "it", Voice("female", phonemes="ore " * 9))


def test_a_course_gets_the_voices_of_the_model(
    fed: list[dict[str, Any]], model: Path, tmp_path: Path
) -> None:
    folder = sounding.write(tmp_path / "course")
    (folder / "sound.yaml").write_text(
        sounding.SHEET + 'clips: {clip-f-talk-t2: {phonemes: "rosa", pitch: -10}, clip-w-porta: {phonemes: "porta"}, '
        'clip-w-ombra: {phonemes: "ore", voice: female}}\n', "utf-8",
    )  # fmt: skip
    result = run("build", folder, "--kokoro", model, "--jobs", "2")
    assert result.exit_code == 0, result.output
    rows = {row.id: row for row in tiny.course_of(folder).media}
    assert rows["clip-f-talk-t2"].source == "Kokoro-82M, voice im_nicola, made lower"
    assert rows["clip-w-ombra"].source == "Kokoro-82M, voice if_sara"
    assert "0 clips made" in run("build", folder, "--kokoro", model).output


@pytest.mark.parametrize("lost", ["model.onnx", "vocab.json"])
def test_a_model_that_is_not_whole_is_one_clear_line(
    lost: str, fed: list[dict[str, Any]], model: Path, tmp_path: Path
) -> None:
    (model / lost).unlink()
    result = run("build", sounding.write(tmp_path / "course"), "--kokoro", model)
    assert result.exit_code == 1
    assert f"kokoro cannot be used: there is no {lost} in" in result.stderr


# --- listening ----------------------------------------------------------------------------------


@pytest.fixture
def whisper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[float, list[int]]]:
    """Put a stand-in for the recogniser in place: it hears `porta` as `forta`, and the rest well.

    Returns (seconds, tokens it was told to leave out) of every call.
    """
    (tmp_path / "whisper").mkdir()
    (tmp_path / "whisper" / "model.bin").write_bytes(b"")
    calls: list[tuple[float, list[int]]] = []

    class Model:
        hf_tokenizer = SimpleNamespace(get_vocab=lambda: {"a": 1, "8": 2, "Ġ14": 3, "<|0.02|>": 4})

        def __init__(self, folder: str, **how: Any) -> None:
            assert how["device"] == "cpu"

        def transcribe(self, sound: Any, *, language: str, suppress_tokens: list[int], **how: Any) -> Any:
            assert language == "it"
            calls.append((len(sound) / 16_000, suppress_tokens))
            is_group = len(calls) == 1
            text = "Buongiorno, signora! La forta. L'ombra. Buongiorno!" if is_group else "La forta"
            return [SimpleNamespace(text=f" {text}")], None

    module(monkeypatch, "faster_whisper", WhisperModel=Model)
    return calls


def test_clips_are_heard_together_and_a_doubtful_one_again_alone(
    whisper: list[tuple[float, list[int]]], tmp_path: Path
) -> None:
    folder = sounding.write(tmp_path / "course")
    sounding.draft(folder)
    (folder / "media" / "hello.ogg").write_bytes((folder / "media" / "clip-w-porta.ogg").read_bytes())
    tiny.replace(
        folder,
        "units/first.yaml",
        '- {id: t1, speaker: Sara, text: {it: "Buongiorno!"}',
        "- {id: t1, speaker: Sara, text: Good morning!",
    )
    tiny.replace(folder, "units/first.yaml", ", audio: clip-hello}", "}")
    arguments = ("listen", folder, "--whisper", tmp_path / "whisper", "--report", tmp_path / "heard.json")
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [(row["kind"], row["clips"], row["without_fault"]) for row in found["kinds"]] == [
        ("listening", 1, 1), ("turn", 1, 1), ("word", 2, 1),
    ]  # fmt: skip
    assert found["kinds"][2]["wrong_letters"] == pytest.approx(100 * (8 / 7) / 15, abs=0.1)
    assert found["doubtful"] == []
    assert len(whisper) == 3  # all, then one alone, then once more with numbers allowed
    assert whisper[0][1] == [-1, 2, 3]
    assert whisper[2][1] == [-1]
    assert whisper[0][0] > 3 * whisper[1][0]
    # a second run hears nothing again, and says the same
    assert json.loads(run(*arguments, "--json").stdout) == found
    assert len(whisper) == 3


def test_another_file_is_not_overwritten_by_the_report(
    whisper: list[tuple[float, list[int]]], tmp_path: Path
) -> None:
    folder = sounding.write(tmp_path / "course")
    (tmp_path / "mine.json").write_text("[1]", "utf-8")
    result = run("listen", folder, "--whisper", tmp_path / "whisper", "--report", tmp_path / "mine.json")
    assert result.exit_code == 1
    assert "is no report of this command" in result.stderr
    assert (tmp_path / "mine.json").read_text("utf-8") == "[1]"


def test_a_folder_without_the_recogniser_is_one_clear_line(
    whisper: list[tuple[float, list[int]]], tmp_path: Path
) -> None:
    result = run("listen", sounding.write(tmp_path / "course"), "--whisper", tmp_path)
    assert result.exit_code == 1
    assert "There is no model.bin in" in result.stderr
