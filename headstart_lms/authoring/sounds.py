"""Take a teacher's sound or film in: read in a process of its own, made as loud as all others, nothing else in it.

Which reader ffmpeg takes is decided here, by the first bytes: it is never asked to guess, so a playlist that names
other files or addresses is no sound.
"""

from __future__ import annotations

import shutil
import subprocess  # noqa: S404 - runs ffmpeg under limits
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..courses.sound import clip
from ..courses.sound.clip import PCM, RATE, BadSound, Clip
from ..courses.source import MAX_MEDIA
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import limits
from .pictures import SLOTS, is_heic, sentence

#: Bytes of a sound that comes in, and seconds of one that is kept.
MOST = 10_000_000
LONGEST = 60
#: Seconds on the clock and of the processor, and bytes of memory, for one file.
SECONDS, MEMORY = 30, 1024 * 1024 * 1024
#: kbit/s of a sound that is no clip of a word or a turn.
KBIT = 24
_SCRIPT = Path(limits.__file__)


def reader_of(content: bytes) -> str | None:
    """Return the reader of ffmpeg for a file that begins so; None for everything that is no sound or film."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "wav"
    if content[4:8] == b"ftyp" and not is_heic(content):
        return "mov"
    if content[:4] == b"FORM" and content[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    for head, reader in ((b"OggS", "ogg"), (b"\x1aE\xdf\xa3", "matroska"), (b"fLaC", "flac"), (b"ID3", "mp3"),
                         (b"#!AMR", "amr"), (b"caff", "caf")):  # fmt: skip
        if content.startswith(head):
            return reader
    if content[:1] == b"\xff" and content[1:2] in b"\xf0\xf1\xf8\xf9" and len(content) > 8:
        return "aac"
    if content[:1] == b"\xff" and len(content) > 8 and content[1] & 0xE6 in (0xE2, 0xE4, 0xE6):
        return "mp3"
    return None


def is_film(content: bytes, name: str) -> bool:
    """Tell whether a file is a film rather than a sound: both may begin alike, so its name decides."""
    reader = reader_of(content)
    if reader == "matroska":
        return any(codec in content[:8192] for codec in (b"V_VP8", b"V_VP9", b"V_AV1", b"V_MPEG4"))
    return reader == "mov" and name.lower().endswith((".mp4", ".mov", ".m4v"))


def _ffmpeg(
    content: bytes, reader: str, *arguments: str, into: str = "", seconds: int | None = None
) -> bytes:
    """Run ffmpeg over a file under limits; return what it writes into the pipe, or into a file of this name."""
    program = shutil.which("ffmpeg")
    if program is None:
        raise Invalid(
            _("Sound cannot be taken in here: the program ffmpeg is missing. Ask who runs this site.")
        )
    if not SLOTS.acquire(timeout=SECONDS):
        raise Invalid(sentence("busy"), "busy")
    try:
        with tempfile.TemporaryDirectory(prefix="hs-sound-") as folder:
            given = Path(folder) / "given"
            given.write_bytes(content)
            out = str(Path(folder) / into) if into else "pipe:1"
            done = subprocess.run(  # noqa: S603 - arguments of ours, and a file whose reader is fixed
                [sys.executable, "-I", str(_SCRIPT), str(SECONDS), str(MEMORY), str(MAX_MEDIA + 1 if into else 0),
                 program, "-v", "error", "-nostdin", "-protocol_whitelist", "file",
                 "-format_whitelist", reader, "-f", reader, *(["-t", str(seconds)] if seconds else []),
                 "-threads", "1", "-i", str(given), "-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn",
                 *arguments, out],
                check=False, capture_output=True, timeout=SECONDS, cwd=folder, env={"PATH": "/usr/bin:/bin"},
            )  # fmt: skip
            if done.returncode != 0:
                raise Invalid(sound_sentence("unreadable"), "unreadable")
            return Path(out).read_bytes() if into else done.stdout
    except subprocess.TimeoutExpired as error:
        raise Invalid(sound_sentence("slow"), "slow") from error
    finally:
        SLOTS.release()


def decoded(content: bytes) -> PCM:
    """Return an upload as samples. Raises Invalid with one sentence for all that is no sound."""
    if len(content) > MOST:
        raise Invalid(_("This sound is larger than 10 MB. Make it shorter."), "too-big")
    reader = reader_of(content)
    if reader is None:
        raise Invalid(_("This is not a sound. Choose an MP3, M4A, OGG, WAV or FLAC file."), "no-sound")
    raw = _ffmpeg(
        content, reader, "-map", "0:a:0", "-vn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", seconds=LONGEST + 2
    )  # fmt: skip
    pcm = PCM.from_bytes(raw, RATE)
    if not pcm.samples:
        raise Invalid(sound_sentence("unreadable"), "unreadable")
    if pcm.seconds > LONGEST + 1:
        raise Invalid(sound_sentence("too-long"), "too-long")
    return pcm


def cut(pcm: PCM, span: Sequence[float] | None) -> PCM:
    """Return the part between two moments, in seconds; all of it when they make no sense."""
    if span is None:
        return pcm
    first, last = (round(max(0.0, moment) * pcm.rate) for moment in span)
    return PCM(pcm.samples[first:last], pcm.rate) if last - first > pcm.rate // 10 else pcm


def sound_of(content: bytes, text: str | None = None, span: Sequence[float] | None = None) -> Clip:
    """Return an upload as it is kept: trimmed, levelled, Opus. ``text`` makes it a clip of a word or a turn.

    Raises Invalid with one sentence: no sound, silent, clipped, or not the length of its text.
    """
    pcm = cut(decoded(content), span)
    try:
        if text is not None:
            return clip.finish(pcm, text)
        clip.audible(pcm)
        even = clip.levelled(clip.trim(pcm))
        return Clip(clip.encode(even, KBIT), even.seconds, KBIT)
    except BadSound as error:
        raise Invalid(sound_sentence(error.reason), error.reason) from error


def film_of(content: bytes) -> bytes:
    """Return a film as MP4 without place, date and author; its pictures and sound stay as they are."""
    if len(content) > MAX_MEDIA:
        raise Invalid(_("This film is larger than 8 MB. Make it shorter, or smaller."), "too-big")
    if reader_of(content) != "mov":
        raise Invalid(_("Films are taken as MP4 only. Save it as MP4, at most 8 MB."), "film")
    made = _ffmpeg(
        content, "mov", "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", "-fflags", "+bitexact",
        "-movflags", "+faststart", "-f", "mp4", into="film.mp4",
    )  # fmt: skip
    if not 0 < len(made) <= MAX_MEDIA:
        raise Invalid(_("This film is larger than 8 MB. Make it shorter, or smaller."), "too-big")
    return made


def sound_sentence(reason: str) -> str:
    """Return what to say of a refused sound."""
    return {
        "silent": lambda: _("Nothing is heard. Go nearer to the microphone and record it again."),
        "clipped": lambda: _(
            "It is too loud and sounds rough. Go further from the microphone and record it again."
        ),
        "implausible": lambda: _(
            "It is much longer or shorter than the words. Say only what stands here, and record it again."
        ),
        "short": lambda: _("It is too short to be heard. Record it again."),
        "long": lambda: _("It is too long for one word or sentence. Record it again, without waiting."),
        "too-long": lambda: _("This sound is longer than 60 seconds. Cut it, or make two of it."),
        "slow": lambda: _("This sound takes too long to read. Save it as MP3 and choose it again."),
    }.get(reason, lambda: _("This sound cannot be read. Save it as MP3 or WAV, then choose it again."))()
