"""``sound.yaml``: who speaks in a course, how names and hard words are said, what stays silent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from ..parts import Id, Language, Part
from ..source import BrokenFile, Finding, SourceFile, read_yaml

FILE = "sound.yaml"

Sex = Literal["female", "male"]
Pitch = Annotated[int, Field(ge=-30, le=30)]
Speed = Annotated[float, Field(ge=0.5, le=1.5)]


class Speaker(Part):
    """How a person of the dialogues speaks; ``pitch`` in per cent, lower below 0."""

    voice: Sex
    pitch: Pitch | None = None


class Saying(Part):
    """How one clip is said, where the rule does not do: its words, its phonemes (IPA), its voice."""

    say: str | None = None
    phonemes: str | None = None
    voice: Sex | None = None
    pitch: Pitch | None = None
    speed: Speed | None = None


class Sheet(Part):
    language: Language | None = None
    licence: str | None = None
    speed: Speed = 0.9
    speakers: dict[str, Speaker] = {}
    scenes: dict[Id, dict[str, Speaker]] = {}
    voices: dict[Literal["kokoro", "piper", "espeak-ng"], dict[Sex, str]] = {}
    names: dict[str, str] = {}
    clips: dict[Id, Saying] = {}
    silent: Literal["all"] | tuple[Id, ...] = ()

    def is_silent(self, clip: str) -> bool:
        return self.silent == "all" or clip in self.silent

    def speaker(self, scene: str, name: str) -> Speaker | None:
        """Return who speaks as ``name`` in a dialogue; None when the sheet does not say."""
        return self.scenes.get(scene, {}).get(name) or self.speakers.get(name)


def read_sheet(folder: Path, sentence: Callable[[Any], str]) -> tuple[Sheet | None, list[Finding]]:
    """Read the sheet of a course folder: None when there is none or it is wrong, and what is wrong.

    ``sentence`` says one problem of validation in words.
    """
    if not (folder / FILE).exists():
        return None, []
    try:
        source = read_yaml(folder / FILE, FILE)
        return Sheet.model_validate(source.data), []
    except BrokenFile as error:
        return None, [error.finding]
    except ValidationError as error:
        return None, list(_findings(source, error, sentence))


def _findings(
    source: SourceFile, error: ValidationError, sentence: Callable[[Any], str]
) -> Iterator[Finding]:
    known: set[tuple[int, str]] = set()
    for problem in error.errors():
        at: tuple[str | int, ...] = ()
        for step in problem["loc"]:
            if (*at, step) in source.lines:
                at = (*at, step)
        line, path = source.lines.get(at, 0), ".".join(str(step) for step in at)
        # `silent` is a word or a list: both are tried, and one sentence is enough
        text = "Write a list of clips here, or all." if at[:1] == ("silent",) else sentence(problem)
        if (line, text) not in known:
            known.add((line, text))
            yield Finding("error", FILE, line, path, text)
