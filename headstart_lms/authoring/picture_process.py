"""Make a small picture of an uploaded one: a script, so that it can be killed. Bytes come in, bytes go out.

In: a line of JSON (``crop``: left, top, width, height in per cent, or null), then the file. Out: a line of JSON
(``width``, ``height``, or ``error``, a stable word of ``pictures.sentence``), then the picture as WebP.

It trusts nothing: a few formats, limits of dimensions before any pixel is unpacked, limits of processor time and
memory by the system. Only pixels leave it: every other thing a file can hold stays behind.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

SECONDS = 12
MEMORY = 1024 * 1024 * 1024
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
#: Pixels that are unpacked. A JPEG of any phone's camera is unpacked smaller than it is.
MOST_PIXELS, MOST_PIXELS_JPEG = 30_000_000, 220_000_000
#: The longer side a JPEG is unpacked to at least, so that a part of it can be cut out.
UNPACKED = 2000
WIDTHS, TALLEST, SMALLEST = (480, 400, 320, 240), 640, 8
LARGEST = 25_000
QUALITIES = (82, 74, 66, 58, 48, 38)


class Refused(Exception):
    """``args[0]`` is the reason, a stable word."""


def small(data: bytes, crop: list[float] | None) -> tuple[bytes, int, int]:
    """Return the picture as WebP of at most LARGEST bytes, its width and height. Raises Refused."""
    from PIL import Image, ImageOps  # here: only after the limits of the process are set

    Image.MAX_IMAGE_PIXELS = None  # our own limits, by format
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            width, height = opened.size
            most = MOST_PIXELS_JPEG if opened.format == "JPEG" else MOST_PIXELS
            if width * height > most or max(width, height) > 30_000:
                raise Refused("too-large")
            if min(width, height) < SMALLEST:
                raise Refused("too-small")
            if getattr(opened, "n_frames", 1) > 1:
                raise Refused("moves")
            if opened.format == "JPEG":  # unpacks at 1/2, 1/4 or 1/8 of the size
                opened.draft("RGB", (UNPACKED, UNPACKED))
            opened.load()
            picture = _plain(ImageOps.exif_transpose(opened))
    except Refused:
        raise
    except MemoryError as error:
        raise Refused("too-large") from error
    except Exception as error:  # Pillow raises many kinds for a damaged file
        raise Refused("damaged") from error
    return _encoded(_cropped(picture, crop))


def _plain(picture: Any) -> Any:
    """Return pixels in the colours of the web and nothing else: no profile, place, author, comment, thumbnail."""
    from PIL import Image, ImageCms

    profile = picture.info.get("icc_profile")
    if picture.mode in ("I;16", "I;16B", "I"):
        picture = picture.point(lambda value: value / 256).convert("L")
    has_holes = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    if profile and picture.mode in ("RGB", "RGBA", "CMYK"):
        try:
            mode = "RGBA" if picture.mode == "RGBA" else "RGB"
            given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            picture = ImageCms.profileToProfile(
                picture, given, ImageCms.createProfile("sRGB"), outputMode=mode
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass  # a profile nobody can read changes nothing
    picture = picture.convert("RGBA" if has_holes else "RGB")
    clean = Image.frombytes(picture.mode, picture.size, picture.tobytes())
    if has_holes and clean.getchannel("A").getextrema() == (255, 255):
        clean = clean.convert("RGB")
    return clean


def _cropped(picture: Any, crop: list[float] | None) -> Any:
    if crop is None:
        return picture
    left, top, width, height = (min(max(value, 0.0), 100.0) / 100 for value in crop)
    across, down = picture.size
    x, y = min(round(left * across), across - SMALLEST), min(round(top * down), down - SMALLEST)
    right = max(x + SMALLEST, min(across, x + round(width * across)))
    bottom = max(y + SMALLEST, min(down, y + round(height * down)))
    return picture.crop((x, y, right, bottom))


def _encoded(picture: Any) -> tuple[bytes, int, int]:
    from PIL import Image

    for across in WIDTHS:
        made = picture.copy()
        made.thumbnail((across, TALLEST), Image.Resampling.LANCZOS)
        for quality in QUALITIES:
            out = io.BytesIO()
            made.save(out, "WEBP", quality=quality, method=6, exif=b"", icc_profile=b"", xmp=b"")
            if out.tell() <= LARGEST:
                return out.getvalue(), made.width, made.height
    raise Refused("too-busy")


def _limit_this_process() -> None:
    import resource  # not on every system, and only the script needs it

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # writes no file


def _main() -> None:
    _limit_this_process()
    asked = json.loads(sys.stdin.buffer.readline())
    content = b""
    try:
        content, width, height = small(sys.stdin.buffer.read(), asked["crop"])
        answer: dict[str, Any] = {"width": width, "height": height}
    except Refused as error:
        answer = {"error": error.args[0]}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + content)


if __name__ == "__main__":
    _main()
