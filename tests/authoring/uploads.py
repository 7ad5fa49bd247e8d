"""Files as people choose them, and as enemies make them."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import zlib
from functools import lru_cache
from typing import Any

from PIL import Image

FFMPEG = shutil.which("ffmpeg")


def jpeg(width: int = 300, height: int = 200, *, kind: str = "JPEG", turned: bool = False) -> bytes:
    """A photo as a phone makes it: with the place, the author, a comment; ``turned``: it lies on its side."""
    picture = Image.radial_gradient("L").resize((width, height)).convert("RGB")
    out = io.BytesIO()
    if kind != "JPEG":
        picture.save(out, kind)
        return out.getvalue()
    exif = Image.Exif()
    exif[0x013B] = "Secret Author"
    exif[0x0112] = 6 if turned else 1
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (45.0, 27.0, 51.0)
    place[3], place[4] = "E", (9.0, 11.0, 24.0)
    picture.save(out, "JPEG", exif=exif, comment=b"Secret comment", quality=85)
    return out.getvalue()


def picture_in(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def png_head(width: int, height: int) -> bytes:
    """The beginning of a PNG that says it is so large, with a few bytes of pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


def moving(kind: str = "GIF") -> bytes:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=50)
    return out.getvalue()


@lru_cache(maxsize=32)
def sound(seconds: float = 1.0, form: str = "ogg", *more: str, volume: float = 0.3) -> bytes:
    """A tone with silence around it, in some form."""
    assert FFMPEG is not None
    codec = {"ogg": ["-c:a", "libopus"], "webm": ["-c:a", "libopus"], "adts": ["-c:a", "aac"]}.get(form, [])
    done = subprocess.run(  # noqa: S603
        [FFMPEG, "-v", "error", "-f", "lavfi", "-i", f"sine=f=440:d={seconds}",
         "-af", f"volume={volume * 8},adelay=400|400,apad=pad_dur=0.5", *codec, *more, "-f", form, "-"],
        check=True, capture_output=True,
    )  # fmt: skip
    return done.stdout


def wav(samples: bytes, *, says: int | None = None) -> bytes:
    """A WAV file of 16-bit mono samples; ``says`` is the length its header claims."""
    size = len(samples) if says is None else says
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", min(size + 36, 2**32 - 1), b"WAVE", b"fmt ", 16, 1, 1, 48_000,
                       96_000, 2, 16, b"data", size)  # fmt: skip
    return head + samples


def film(path: Any) -> bytes:
    """A film of one second that says where it was taken, and by whom."""
    assert FFMPEG is not None
    subprocess.run(  # noqa: S603
        [FFMPEG, "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-f", "lavfi", "-i", "sine=d=1",
         "-metadata", "location=+45.46+009.19/", "-metadata", "artist=Secret Author", "-c:v", "libx264",
         "-c:a", "aac", str(path)],
        check=True,
    )  # fmt: skip
    return bytes(path.read_bytes())
