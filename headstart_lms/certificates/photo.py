"""Read QR codes in a photo: a script, so that it can be killed. Bytes come in, JSON goes out.

It trusts nothing: a few formats, limits of dimensions before any pixel is unpacked, limits of processor time
and memory by the system.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

#: Processor seconds and bytes of memory of one photo.
SECONDS = 6
MEMORY = 1024 * 1024 * 1024
#: Pixels that are unpacked. A JPEG of any phone's camera is unpacked smaller than it is.
MOST_PIXELS, MOST_PIXELS_JPEG = 30_000_000, 220_000_000
#: The longer side, in pixels, that is searched: first small and fast, then large for a small code.
SIDES = (1400, 3200)


class Refused(Exception):
    """``args[0]`` is the reason, a stable word of ``verdict.sentence``."""


def read(data: bytes) -> list[str]:
    """Return the texts of the QR codes in a picture. Raises Refused."""
    from PIL import Image  # here: only after the limits of the process are set

    Image.MAX_IMAGE_PIXELS = None  # our own limits, by format
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
            width, height = opened.size
            most = MOST_PIXELS_JPEG if opened.format == "JPEG" else MOST_PIXELS
            if width * height > most or max(width, height) > 30_000:
                raise Refused("picture-too-large")
            if opened.format == "JPEG":  # unpacks at 1/2, 1/4 or 1/8 of the size
                opened.draft("L", (SIDES[-1], SIDES[-1]))
            grey = _grey(opened)
    except Refused:
        raise
    except Exception as error:  # Pillow raises many kinds for a damaged file
        raise Refused("picture-damaged") from error
    for side in SIDES:
        small = grey.copy()
        small.thumbnail((side, side))
        texts = _codes(small)
        if texts or max(grey.size) <= side:
            return texts
    return []


def _grey(picture: Any) -> Any:
    """Return a picture in grey, what is transparent as white paper."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture)
        picture = paper
    return picture.convert("L")


def _codes(grey: Any) -> list[str]:
    import zxingcpp

    pixels = memoryview(grey.tobytes()).cast("B", (grey.height, grey.width))
    found = zxingcpp.read_barcodes(pixels, formats=zxingcpp.barcode_formats_from_str("QRCode"))
    return [code.text for code in found if code.valid]


def _limit_this_process() -> None:
    import resource  # not on every system, and only the script needs it

    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # writes no file


def _main() -> None:
    _limit_this_process()
    try:
        answer: dict[str, Any] = {"texts": read(sys.stdin.buffer.read())}
    except Refused as error:
        answer = {"error": error.args[0]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    _main()
