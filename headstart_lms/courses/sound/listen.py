"""Hear the clips of a course with a speech recogniser and count its wrong letters: a sieve, no proof.

Clips are heard in groups first, because a recogniser guesses badly at one short word; those of a group in which
something was wrong are heard again alone, and the better of the two counts.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...kernel.errors import Invalid
from .clip import ffmpeg
from .editing import write_atomically
from .needs import Need
from .voices import run

RATE = 16_000
#: A group: so many clips, so many seconds, so much silence between two.
GROUP, LONGEST, GAP = 8, 26, 0.6
#: From this share of wrong letters on, somebody should listen.
DOUBTFUL = 0.2


@dataclass(frozen=True)
class Heard:
    """What the recogniser made of a clip: ``wrong`` is the share of wrong letters."""

    clip: str
    kind: str
    text: str
    seconds: float
    wrong: float
    heard: str
    sha256: str


def plain(text: str, language: str) -> str:
    """Return the letters that count: no case, accents, spaces or stops; no silent *h* in Italian."""
    text = unicodedata.normalize("NFD", text.lower())
    text = "".join(c for c in text if c.isalnum())
    return re.sub(r"(?<![cg])h", "", text) if language.split("-")[0] == "it" else text


def wrong_letters(texts: Sequence[str], heard: str) -> list[int]:
    """Count the wrong letters of each text in what was heard of all of them, one after the other.

    The smallest number of changed, left out and added letters (Levenshtein); an added one counts for the text
    before it.
    """
    own = [n for n, text in enumerate(texts) for _ in text]
    said = "".join(texts)
    rows = [list(range(len(heard) + 1))]
    for i, letter in enumerate(said, 1):
        above, row = rows[-1], [i]
        for j, other in enumerate(heard, 1):
            row.append(min(row[-1] + 1, above[j] + 1, above[j - 1] + (letter != other)))
        rows.append(row)
    errors, i, j = [0] * len(texts), len(said), len(heard)
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (said[i - 1] != heard[j - 1]):
            errors[own[i - 1]] += said[i - 1] != heard[j - 1]
            i, j = i - 1, j - 1
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            errors[own[i - 1]] += 1
            i -= 1
        else:
            errors[own[max(i - 1, 0)] if own else 0] += 1
            j -= 1
    return errors


class Whisper:
    """faster-whisper with a model from a folder; it writes numbers as words."""

    def __init__(self, folder: Path) -> None:
        if importlib.util.find_spec("faster_whisper") is None:
            raise Invalid("The package faster-whisper is missing; install headstart-lms[sound].")
        if not (folder / "model.bin").is_file():
            raise Invalid(f"There is no model.bin in {folder} (docs/sound.md says how to get it).")
        self._numpy: Any = importlib.import_module("numpy")
        whisper: Any = importlib.import_module("faster_whisper")
        self._model = whisper.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
        vocabulary = self._model.hf_tokenizer.get_vocab()
        # its tokens write a space as Ġ; those with digits are numbers, but for <|0.02|>, which are times
        self._numerals = [
            n for token, n in vocabulary.items() if re.search(r"\d", token) and not token.startswith("<|")
        ]

    def hear(self, samples: bytes, language: str, *, carefully: bool = False, digits: bool = False) -> str:
        """Return what is said in 16-bit samples of 16 kHz; ``digits``: numbers may be written as numbers."""
        unwanted = [-1] if digits else [-1, *self._numerals]
        sound = self._numpy.frombuffer(samples, dtype="<i2").astype("float32") / 32768
        parts, _ = self._model.transcribe(
            sound, language=language.split("-")[0], beam_size=5 if carefully else 1, without_timestamps=True,
            condition_on_previous_text=False, temperature=0.0, suppress_tokens=unwanted,
        )  # fmt: skip
        return " ".join(part.text.strip() for part in parts)


@dataclass(frozen=True)
class _Waiting:
    need: Need
    samples: bytes
    sha256: str


def listen(
    folder: Path,
    needs: Sequence[Need],
    recogniser: Whisper,
    known: dict[str, Heard],
    advance: Callable[[int], None],
) -> Iterator[Heard]:
    """Hear every clip that is there; what ``known`` (by the hash of file and text) holds is not heard again."""
    group: list[_Waiting] = []
    for need in needs:
        if need.row is None or need.row.sha256 is None:
            continue
        file = folder / "media" / need.row.file
        key = heard_key(file, need)
        if key in known:
            yield known[key]
            advance(1)
            continue
        raw = ffmpeg("-v", "error", "-i", str(file), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-").stdout
        waiting = _Waiting(need, raw, key)
        if group and (
            len(group) >= GROUP
            or need.language != group[0].need.language
            or sum(_seconds(one) + GAP for one in (*group, waiting)) > LONGEST
        ):
            yield from _group(group, recogniser)
            advance(len(group))
            group = []
        group.append(waiting)
    if group:
        yield from _group(group, recogniser)
        advance(len(group))


def heard_key(file: Path, need: Need) -> str:
    return hashlib.sha256(file.read_bytes() + need.text.encode()).hexdigest()


def _seconds(waiting: _Waiting) -> float:
    return len(waiting.samples) / 2 / RATE


def _group(group: list[_Waiting], recogniser: Whisper) -> Iterator[Heard]:
    language = group[0].need.language
    silence = bytes(2 * round(GAP * RATE))
    all_heard = recogniser.hear(silence.join(one.samples for one in group), language)
    texts = [plain(one.need.say, language) for one in group]
    errors = wrong_letters(texts, plain(all_heard, language))
    for one, text, count in zip(group, texts, errors, strict=True):
        wrong, heard = count / max(1, len(text)), ""
        if wrong:
            best, heard = min(_alone(one, recogniser), key=lambda found: found[0])
            wrong = min(wrong, best)
        yield Heard(
            one.need.clip,
            one.need.kind,
            one.need.text,
            round(_seconds(one), 2),
            round(wrong, 3),
            heard,
            one.sha256,
        )


def _alone(one: _Waiting, recogniser: Whisper) -> Iterator[tuple[float, str]]:
    """Hear a clip alone, and yield (wrong, heard) for each fair way of comparing."""
    need, language = one.need, one.need.language
    heard = recogniser.hear(one.samples, language, carefully=True)
    for text in {need.say, need.text}:  # names are written as they sound in `say`; either spelling is right
        yield _share(plain(text, language), plain(heard, language)), heard
    # short number words are known better as numbers: 8 and otto sound alike, so their sounds are compared
    heard = recogniser.hear(one.samples, language, carefully=True, digits=True)
    if re.search(r"\d", heard) and shutil.which("espeak-ng"):
        yield _share(_sounds(need.say, language), _sounds(heard, language)), heard


def _share(text: str, heard: str) -> float:
    return wrong_letters([text], heard)[0] / len(text) if text else 1.0


def _sounds(text: str, language: str) -> str:
    """Return a text as espeak-ng says it, in IPA without stress, length and spaces."""
    spelled = run("espeak-ng", "-v", language.lower(), "--ipa", "-q", "--", text).decode()
    return re.sub(r"[ˈˌː\s]|\([a-z-]+\)", "", spelled)


def summary(heard: Sequence[Heard]) -> list[dict[str, Any]]:
    """Count by kind: clips, seconds, wrong letters in per cent of all letters, clips without a fault."""
    rows = []
    for kind in ("listening", "turn", "word"):
        some = [one for one in heard if one.kind == kind]
        letters = sum(len(one.text) for one in some)
        if some:
            rows.append(
                {
                    "kind": kind, "clips": len(some), "seconds": round(sum(one.seconds for one in some)),
                    "wrong_letters": round(100 * sum(one.wrong * len(one.text) for one in some) / max(1, letters), 1),
                    "without_fault": sum(1 for one in some if not one.wrong),
                }
            )  # fmt: skip
    return rows


def doubtful(heard: Sequence[Heard]) -> list[dict[str, Any]]:
    """List the clips somebody should listen to, the worst first."""
    found = sorted((one for one in heard if one.wrong >= DOUBTFUL), key=lambda one: -one.wrong)
    return [
        {"clip": one.clip, "text": one.text, "heard": one.heard, "wrong": round(100 * one.wrong)}
        for one in found
    ]


def read_report(file: Path) -> dict[str, Heard]:
    """Read what an earlier run heard, by hash. Raises Invalid when FILE is no such report."""
    if not file.exists():
        return {}
    try:
        return {row["sha256"]: Heard(**row) for row in json.loads(file.read_text("utf-8"))["heard"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Invalid(f"{file} is no report of this command; name a new file.") from error


def write_report(file: Path, heard: Sequence[Heard]) -> None:
    data = {"kinds": summary(heard), "doubtful": doubtful(heard), "heard": [asdict(one) for one in heard]}
    write_atomically(file, (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode("utf-8"))
