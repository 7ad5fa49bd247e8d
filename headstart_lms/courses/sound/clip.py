"""From samples to a clip: cut, made as loud as all others, coded as Opus, and looked at. Needs ffmpeg."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path

from ...kernel.errors import Invalid

#: EBU R 128 integrated loudness of a clip, and the highest sample (-1.5 dBFS).
LOUDNESS, PEAK = -19.0, 0.84
#: Where the soft limiter begins.
KNEE = 0.7
#: Silence kept before the first and after the last sound, in seconds.
LEAD, TAIL = 0.06, 0.12
#: What is softer than this share of the peak, over 10 ms, is silence.
SILENCE = 0.012
LARGEST = 12_000
RATES = (24, 20, 18, 16, 14, 12)
RATE = 48_000
_FULL = 32768


@dataclass(frozen=True)
class PCM:
    """Sound as samples: mono, 16 bit, ``rate`` a second."""

    samples: array[int]
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @classmethod
    def from_bytes(cls, raw: bytes, rate: int) -> PCM:
        """Read little-endian 16-bit samples."""
        samples = array("h", raw[: len(raw) // 2 * 2])
        if sys.byteorder == "big":
            samples.byteswap()
        return cls(samples, rate)

    def to_bytes(self) -> bytes:
        samples = self.samples
        if sys.byteorder == "big":
            samples = array("h", samples)
            samples.byteswap()
        return samples.tobytes()


@dataclass(frozen=True)
class Clip:
    """A finished clip: its file, its length in seconds, its bit rate in kbit/s."""

    content: bytes
    seconds: float
    kbit: int


class BadSound(Exception):
    """The sound is no clip: one sentence that says why, and ``reason``, a stable word for pages that translate it."""

    def __init__(self, message: str, reason: str = "unreadable") -> None:
        super().__init__(message)
        self.reason = reason


def ffmpeg(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run ffmpeg. Raises Invalid when it is not installed, BadSound when it fails."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise Invalid("ffmpeg is missing. Install it (Debian: apt-get install ffmpeg).")
    done = subprocess.run(  # noqa: S603 - ffmpeg with arguments of ours
        [program, "-hide_banner", "-nostdin", *arguments]
        if not given
        else [program, "-hide_banner", *arguments],
        input=given or None, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()
        raise BadSound(f"ffmpeg cannot read it: {last[-1] if last else 'no reason given'}")
    return done


def read_sound(file: Path) -> PCM:
    """Read a recording of any kind ffmpeg knows."""
    done = ffmpeg("-v", "error", "-i", str(file), "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    return PCM.from_bytes(done.stdout, RATE)


def finish(pcm: PCM, text: str) -> Clip:
    """Make a clip of a sound that says ``text``. Raises BadSound when it is silent, clipped or cannot say that."""
    audible(pcm)
    cut = trim(pcm)
    _plausible(cut.seconds - LEAD - TAIL, text)
    even = levelled(cut)
    for kbit in RATES:
        content = encode(even, kbit)
        if len(content) <= LARGEST:
            return Clip(content, even.seconds, kbit)
    why = f"it lasts {even.seconds:.0f} s, too long for {LARGEST // 1000} kB; make two clips of it"
    raise BadSound(why, "long")


def audible(pcm: PCM) -> None:
    """Raise BadSound when nothing is heard, or it was recorded too loud."""
    peak = max((abs(s) for s in pcm.samples), default=0)
    if peak < 0.01 * _FULL:
        raise BadSound("it is silent", "silent")
    at_the_top = sum(1 for s in pcm.samples if abs(s) >= 32700)
    if at_the_top > 0.002 * len(pcm.samples):
        raise BadSound("it is clipped: record it again, less loud", "clipped")


_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")


def _plausible(seconds: float, text: str) -> None:
    """Refuse what is far too short or too long for its text: something was lost, or something else was said.

    The 479 first clips of it-italiano-a1 take 0.06 to 0.21 s a letter; a person may speak slower than that.
    """
    letters = len(_LETTER.findall(text)) + 6 * len(_DIGIT.findall(text))
    if not 0.035 * letters <= seconds <= 0.35 * letters + 1.5:
        raise BadSound(f"{seconds:.1f} s is not the length of '{text[:40]}'", "implausible")


def trim(pcm: PCM) -> PCM:
    """Cut the silence at both ends, but for LEAD and TAIL; add silence where there is less."""
    samples, step = pcm.samples, max(1, pcm.rate // 100)
    limit = (SILENCE * max(abs(s) for s in samples)) ** 2 * step
    loud = [n for n in range(0, len(samples) - step + 1, step)
            if sum(s * s for s in samples[n : n + step]) > limit]  # fmt: skip
    if not loud:
        raise BadSound("it is silent", "silent")
    first, last = loud[0], loud[-1] + step
    lead, tail = round(LEAD * pcm.rate), round(TAIL * pcm.rate)
    kept = samples[max(0, first - lead) : last + tail]
    before, after = max(0, lead - first), max(0, last + tail - len(samples))
    _fade(kept, min(round(0.005 * pcm.rate), len(kept) // 4), min(round(0.02 * pcm.rate), len(kept) // 4))
    return PCM(array("h", bytes(2 * before)) + kept + array("h", bytes(2 * after)), pcm.rate)


def _fade(samples: array[int], start: int, end: int) -> None:
    for n in range(start):
        samples[n] = samples[n] * n // start
    for n in range(end):
        samples[-1 - n] = samples[-1 - n] * n // end


_INTEGRATED = re.compile(rb"I:\s+(-?[\d.]+|-inf|nan) LUFS")


def loudness(pcm: PCM) -> float:
    """Measure the integrated loudness, in LUFS (EBU R 128). Short clips get silence behind them: it does not count."""
    done = ffmpeg(
        "-f", "s16le", "-ar", str(pcm.rate), "-ac", "1", "-i", "-",
        "-af", "apad=whole_dur=0.6,ebur128=framelog=verbose", "-f", "null", "-", given=pcm.to_bytes(),
    )  # fmt: skip
    found = _INTEGRATED.findall(done.stderr)
    value = found[-1].decode() if found else "nan"
    if value in ("nan", "-inf"):
        raise BadSound("it is too short to be heard", "short")
    return float(value)


def levelled(pcm: PCM) -> PCM:
    """Bring the sound to LOUDNESS; what would be higher than PEAK is bent down softly, and made up for once."""
    for _ in range(2):
        gain = 10 ** ((LOUDNESS - loudness(pcm)) / 20)
        pcm = PCM(array("h", (_bent(s * gain / _FULL) for s in pcm.samples)), pcm.rate)
    return pcm


def _bent(value: float) -> int:
    size = abs(value)
    if size > KNEE:  # a tangent at the knee that ends at the peak
        over = (size - KNEE) / (PEAK - KNEE)
        size = KNEE + (PEAK - KNEE) * over / (1 + over)
    return round(size * (_FULL - 1)) if value >= 0 else -round(size * (_FULL - 1))


def encode(pcm: PCM, kbit: int) -> bytes:
    """Return the samples as Opus in Ogg, without metadata."""
    return ffmpeg(
        "-v", "error", "-f", "s16le", "-ar", str(pcm.rate), "-ac", "1", "-i", "-",
        "-ac", "1", "-ar", str(RATE), "-c:a", "libopus", "-b:a", f"{kbit}k", "-vbr", "on",
        "-application", "audio" if kbit > 16 else "voip", "-frame_duration", "60", "-map_metadata", "-1",
        "-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "ogg", "-", given=pcm.to_bytes(),
    ).stdout  # fmt: skip
