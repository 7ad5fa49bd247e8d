"""Voices that read a text: each a small class with ``name``, ``languages``, ``missing`` and ``say``."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from ...kernel.errors import Invalid
from .clip import PCM, BadSound
from .needs import DRAFT, Voice
from .sheet import Sex

VoiceNames = Mapping[Sex, str]


class Provider(Protocol):
    """Something that reads a text aloud."""

    name: str

    @property
    def languages(self) -> frozenset[str] | None:
        """Tags of the languages it may speak in a course; None means any."""

    def missing(self) -> str:
        """Say in one sentence what it lacks here; nothing when it can be used."""

    def say(self, text: str, language: str, voice: Voice) -> PCM: ...

    def source(self, language: str, voice: Voice) -> str:
        """Return what ``source`` in media.yaml says of a clip."""


def is_available(provider: Provider) -> bool:
    return not provider.missing()


def _changed(voice: Voice) -> str:
    return "" if not voice.pitch else ", made lower" if voice.pitch < 0 else ", made higher"


def run(*command: str, given: bytes | None = None) -> bytes:
    """Return what a program writes. Raises BadSound with its last line when it fails."""
    done = subprocess.run(  # noqa: S603 - our own programs, the text is an argument or standard input
        list(command), input=given, capture_output=True, check=False, timeout=300
    )
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()
        raise BadSound(f"{Path(command[0]).name} failed: {last[-1] if last else 'no reason given'}")
    return done.stdout


def _wav(file: Path, pitch: int = 0) -> PCM:
    """Read a mono WAV file; the pitch is changed by reading it faster or slower."""
    with wave.open(str(file)) as sound:
        if sound.getsampwidth() != 2 or sound.getnchannels() != 1:
            raise BadSound("the voice gave no 16-bit mono sound")
        raw, rate = sound.readframes(sound.getnframes()), sound.getframerate()
    return PCM.from_bytes(raw, round(rate * (1 + pitch / 100)))


# --- Kokoro -------------------------------------------------------------------------------------

#: How espeak-ng names our languages, and the voices of the model. Its other languages are not listed because nobody
#: heard them for this project; Portuguese is Brazilian, so it does not speak ``pt-PT``.
KOKORO: Mapping[str, tuple[str, VoiceNames]] = {
    "it": ("it", {"female": "if_sara", "male": "im_nicola"}),
    "en": ("en-gb", {"female": "bf_emma", "male": "bm_george"}),
    "pt-BR": ("pt-br", {"female": "pf_dora", "male": "pm_alex"}),
}

#: The model writes affricates and rising diphthongs as one sign; espeak-ng as two with a tie.
_SIGNS = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "s^s": "S", "t^s": "ʦ",
    "t^ʃ": "ʧ", "ɔ^ɪ": "Y",
}  # fmt: skip
#: Italian has no lax vowels and no English diphthongs: heard with 12 sentences, fewer wrong letters.
_ITALIAN = {"ɪ": "i", "ʊ": "u", "lʦ": "lts", "ŋʣ": "nʣ", "I": "ai", "A": "ei", "Y": "oi", "W": "au"}
_STOPS = re.compile(r"([.,!?;:…—]+\s*)")
_SWITCH = re.compile(r"\([a-z-]+\)")  # espeak-ng marks words it takes for another language


def phonemes(text: str, language: str) -> str:
    """Return a text in the model's phonemes (IPA by espeak-ng), with its stops, which give it its melody."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise Invalid("espeak-ng is missing. Install it (Debian: apt-get install espeak-ng).")
    spoken = KOKORO[language][0]
    out: list[str] = []
    for part in _STOPS.split(text):
        if _STOPS.fullmatch(part):
            out.append(part.strip()[0] + " ")
        elif part.strip():
            ipa = run(program, "-v", spoken, "--ipa", "--tie=^", "-q", "--", part).decode()
            out.append(" ".join(_SWITCH.sub("", ipa).split()))
    joined = re.sub(r" ([.,!?;:…—])", r"\1", "".join(out).strip())
    for double, sign in _SIGNS.items():
        joined = joined.replace(double, sign)
    joined = joined.replace("^", "").replace("-", "")
    for sign, plain in _ITALIAN.items() if language == "it" else ():
        joined = joined.replace(sign, plain)
    return joined


class Kokoro:
    """Kokoro-82M (Apache-2.0), read from a folder: ``model.onnx``, ``vocab.json``, ``voices/*.bin``."""

    name = "kokoro"
    rate = 24_000
    languages = frozenset(KOKORO)

    def __init__(self, folder: Path | None, names: VoiceNames | None = None) -> None:
        self.is_given = folder is not None
        self.folder, self.names = folder or Path(), names or {}

    def missing(self) -> str:
        if not self.is_given:
            return "name the folder of the model with --kokoro (docs/sound.md says how to get it)"
        for name in ("model.onnx", "vocab.json", "voices"):
            if not (self.folder / name).exists():
                return f"there is no {name} in {self.folder} (docs/sound.md says how to get it)"
        for package in ("onnxruntime", "numpy"):
            if importlib.util.find_spec(package) is None:
                return f"the package {package} is missing; install headstart-lms[sound]"
        return "" if shutil.which("espeak-ng") else "espeak-ng is missing (Debian: apt-get install espeak-ng)"

    def voice_name(self, language: str, sex: Sex) -> str:
        return self.names.get(sex) or KOKORO[language][1][sex]

    def source(self, language: str, voice: Voice) -> str:
        return f"Kokoro-82M, voice {self.voice_name(language, voice.sex)}{_changed(voice)}"

    @cached_property
    def _vocab(self) -> dict[str, int]:
        found = json.loads((self.folder / "vocab.json").read_text("utf-8"))
        return dict(found.get("vocab", found))

    @cached_property
    def _session(self) -> Any:
        runtime = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # --jobs says how many work at once
        return runtime.InferenceSession(
            str(self.folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def say(self, text: str, language: str, voice: Voice) -> PCM:
        numpy = importlib.import_module("numpy")
        spoken = voice.phonemes or phonemes(text, language)
        strange = sorted({sign for sign in spoken if sign not in self._vocab})
        if strange:
            raise BadSound(f"the model does not know the phonemes {' '.join(strange)}; write them by hand")
        tokens = [self._vocab[sign] for sign in spoken]
        file = self.folder / "voices" / f"{self.voice_name(language, voice.sex)}.bin"
        if not file.is_file():
            raise BadSound(f"there is no voice {file.name} in {file.parent}")
        styles = numpy.fromfile(file, dtype=numpy.float32).reshape(-1, 1, 256)
        if len(tokens) >= len(styles):
            raise BadSound("the text is too long for one clip; make two of it")
        factor = 1 + voice.pitch / 100
        names = [one.name for one in self._session.get_inputs()]
        feed = (
            numpy.array([[0, *tokens, 0]], dtype=numpy.int64), styles[len(tokens)],
            # another pitch is another speed of play; the words keep their pace
            numpy.array([voice.speed / factor], dtype=numpy.float32),
        )  # fmt: skip
        wave_ = self._session.run(None, dict(zip(names, feed, strict=True)))[0].reshape(-1)
        raw = (numpy.clip(wave_, -0.999, 0.999) * 32767).astype("<i2").tobytes()
        return PCM.from_bytes(raw, round(self.rate * factor))


# --- Piper --------------------------------------------------------------------------------------


class Piper:
    """Piper with voices of the operator, as a program of its own: it is under the GPL."""

    name = "piper"
    languages = None

    def __init__(self, folder: Path | None, names: VoiceNames | None = None) -> None:
        self.is_given = folder is not None
        self.folder, self.names = folder or Path(), names or {}

    @property
    def _program(self) -> str | None:
        beside = Path(sys.executable).parent / "piper"
        return shutil.which("piper") or (str(beside) if beside.is_file() else None)

    def missing(self) -> str:
        if not self.is_given:
            return "name the folder of its voices with --piper"
        if self._program is None:
            return "the program piper is missing (pip install piper-tts)"
        if not self.names:
            return "name its voices in sound.yaml: voices: {piper: {female: ..., male: ...}}"
        for name in self.names.values():
            if not (self.folder / f"{name}.onnx").is_file():
                return f"there is no voice {name}.onnx in {self.folder}"
        return ""

    def source(self, language: str, voice: Voice) -> str:
        return f"Piper, {voice.sex} voice {self.names.get(voice.sex)}{_changed(voice)}"

    def say(self, text: str, language: str, voice: Voice) -> PCM:
        name = self.names.get(voice.sex)
        if name is None:
            raise BadSound(f"sound.yaml names no {voice.sex} voice for piper")
        length = (1 + voice.pitch / 100) / voice.speed
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out.wav"
            run(
                str(self._program), "--model", str(self.folder / f"{name}.onnx"), "--output_file", str(out),
                "--length_scale", f"{length:.3f}", given=text.encode() + b"\n",
            )  # fmt: skip
            return _wav(out, voice.pitch)


# --- espeak-ng ----------------------------------------------------------------------------------


class Espeak:
    """espeak-ng: a robot. For drafts and for tests; its clips are never a model of pronunciation."""

    name = "espeak-ng"
    languages = None

    def __init__(self, names: VoiceNames | None = None) -> None:
        self.names = names or {}

    def missing(self) -> str:
        return "" if shutil.which("espeak-ng") else "it is not installed (Debian: apt-get install espeak-ng)"

    def source(self, language: str, voice: Voice) -> str:
        return f"{DRAFT}, {voice.sex} voice, draft: a robot, no model of pronunciation"

    def say(self, text: str, language: str, voice: Voice) -> PCM:
        variant = self.names.get(voice.sex) or ("f2" if voice.sex == "female" else "m3")
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out.wav"
            run(
                "espeak-ng", "-v", f"{language.lower()}+{variant}", "-s", str(round(160 * voice.speed)),
                "-p", str(max(0, min(99, 50 + voice.pitch))), "-w", str(out), "--", text,
            )  # fmt: skip
            return _wav(out)
