"""A small course of Italian with people who talk, and sounds to make clips of."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

from click.testing import CliRunner, Result

from headstart_lms.cli import headstart

from . import tiny

SHEET = """\
# who speaks
speakers:
  Sara: {voice: female}   # a comment stays
  Omar: {voice: male}
"""

ENTRIES = """\
# The door, and what goes through it
- id: porta
  kind: noun
  word: porta
  article: la
  gender: f
  plural: porte
  gloss: door        # not "gate"
  picture: pic-door
- {id: ombra, kind: noun, word: ombra, article: "l'", gender: f, plural: ombre, gloss: shadow}
"""


def write(folder: Path, sheet: str | None = SHEET) -> Path:
    """Write the tiny course as a course of Italian: two words, two turns of which one has a clip."""
    tiny.write(folder, translated=False)
    tiny.replace(folder, "course.yaml", "kind: rights", "kind: rights\ntaught: {language: it, level: A1}")
    tiny.replace(folder, "course.yaml", "support_languages: [en, ar]", "support_languages: [en]")
    tiny.replace(folder, "units/first.yaml", "entries: [porta]", "entries: [porta, ombra]")
    (folder / "entries.yaml").write_text(ENTRIES, "utf-8")
    if sheet is not None:
        (folder / "sound.yaml").write_text(sheet, "utf-8")
    return folder


def run(*arguments: str | Path) -> Result:
    """Run ``headstart audio ...``; an exception of another kind than an exit is a failure of the program."""
    result = CliRunner().invoke(headstart, ["audio", *(str(argument) for argument in arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def draft(folder: Path, *more: str | Path) -> Result:
    return run("build", folder, "--provider", "espeak-ng", "--draft", *more)


def tone(
    file: Path, seconds: float = 0.8, *, loud: float = 0.3, silence: float = 0.5, rate: int = 16_000
) -> Path:
    """Write a WAV file: silence, a tone with harmonics, silence; louder than 1 is cut off, as a bad recording is."""
    quiet = array("h", bytes(2 * int(silence * rate)))
    sound = array("h")
    for n in range(int(seconds * rate)):
        value = sum(math.sin(2 * math.pi * 180 * k * n / rate) / k for k in (1, 2, 3, 5)) * loud
        sound.append(int(32767 * max(-1.0, min(1.0, value))))
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((quiet + sound + quiet).tobytes())
    return file


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, to see what changed."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
