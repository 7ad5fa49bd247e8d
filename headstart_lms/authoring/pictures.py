"""Take a teacher's picture in: decoded and encoded anew, small enough for a slow phone, nothing in it but pixels."""

from __future__ import annotations

import json
import subprocess  # noqa: S404 - runs our own file with our own interpreter
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import picture_process
from .svg import sanitised

#: Bytes of a picture that comes in.
MOST = 12_000_000
#: Seconds on the clock for one picture; its process limits processor time and memory itself.
SECONDS = 20
_SCRIPT = Path(picture_process.__file__)
#: How many uploads may be worked on at once.
SLOTS = threading.BoundedSemaphore(2)
#: Left, top, width and height of what is kept, in per cent.
Crop = Sequence[float]


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept: its content, and the suffix of its file."""

    content: bytes
    suffix: str


def is_drawing(content: bytes) -> bool:
    return b"<svg" in content[:2000].lower() and content.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<"


def is_photo(content: bytes) -> bool:
    """Tell whether a file begins as PNG, JPEG, WebP or GIF does: the first bytes alone decide."""
    return content.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")) or (
        content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    )


def is_heic(content: bytes) -> bool:
    return content[4:8] == b"ftyp" and content[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif")


def picture_of(content: bytes, crop: Crop | None = None) -> Picture:
    """Return an upload as it is kept. Raises Invalid with one sentence for all that is no picture."""
    if len(content) > MOST:
        raise Invalid(_("This picture is larger than 12 MB. Make it smaller."), "too-big")
    if is_drawing(content):
        return Picture(sanitised(content), ".svg")
    if is_heic(content):
        raise Invalid(_("Pictures in HEIC or AVIF are not read here. Save it as JPEG."), "heic")
    if not is_photo(content):
        raise Invalid(_("This is not a picture. Choose a JPEG, PNG, WebP or SVG file."), "no-picture")
    if not SLOTS.acquire(timeout=SECONDS):
        raise Invalid(sentence("busy"), "busy")
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sys.executable, "-I", str(_SCRIPT)], check=False, capture_output=True, timeout=SECONDS,
            input=json.dumps({"crop": None if crop is None else [float(n) for n in crop]}).encode() + b"\n" + content,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Invalid(sentence("too-large"), "too-large") from error
    finally:
        SLOTS.release()
    if done.returncode != 0:  # killed by its own limits
        raise Invalid(sentence("too-large"), "too-large")
    head, _line, made = done.stdout.partition(b"\n")
    answer = json.loads(head)
    if "error" in answer:
        raise Invalid(sentence(answer["error"]), answer["error"])
    return Picture(made, ".webp")


def sentence(reason: str) -> str:
    """Return what to say of a refused picture."""
    return {
        "too-large": lambda: _("This picture has too many pixels. Make it smaller, then choose it again."),
        "too-small": lambda: _("This picture is too small to be seen. Choose another one."),
        "too-busy": lambda: _("This picture cannot be made small enough. Choose one with fewer details."),
        "moves": lambda: _("This picture moves. Choose one that stands still."),
        "busy": lambda: _("Too many pictures came at once. Wait a minute, then try again."),
    }.get(reason, lambda: _("This picture is damaged. Save it again, then choose it once more."))()
