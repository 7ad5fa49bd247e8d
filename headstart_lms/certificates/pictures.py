"""Pictures: a credential baked into a PNG, and the QR code in somebody's photo.

A baked PNG is read chunk by chunk; its pixels are never unpacked. A photo is a stranger's compressed data for C
libraries, so it is decoded in a process of its own that is killed when it takes too much time or memory
(``photo.py``).
"""

from __future__ import annotations

import json
import struct
import subprocess  # noqa: S404 - runs our own file with our own interpreter
import sys
import threading
import zlib
from pathlib import Path

from .errors import CouldNotCheck, NotRead

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
#: Open Badges 3.0, 5.3.1.1: where a baked PNG keeps its credential.
KEYWORD = b"openbadgecredential"
#: Chunks of a PNG that are looked at; ours have about 10, a large photo has 2,000.
MOST_CHUNKS = 20_000
#: Seconds on the clock for one photo; its process limits processor time and memory itself.
SECONDS = 8
_SCRIPT = Path(__file__).parent / "photo.py"
#: How many strangers' photos may be worked on at once.
_slots = threading.BoundedSemaphore(2)


def is_picture(data: bytes) -> bool:
    """Tell whether these bytes begin like a PNG, JPEG or WebP: the first bytes alone decide."""
    return data.startswith((PNG, JPEG)) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def bake(png: bytes, text: str) -> bytes:
    """Return a PNG with a credential in an uncompressed iTXt chunk behind its header."""
    head = 8 + 25  # signature, IHDR
    body = KEYWORD + b"\0\0\0\0\0" + text.encode()
    return png[:head] + _chunk(b"iTXt", body) + png[head:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def find_baked(data: bytes, most: int) -> bytes | None:
    """Return the credential in a PNG, None when there is none. Raises NotRead.

    Refused: a damaged chunk in front of it, a compressed or oversized text, a second one.
    """
    if not data.startswith(PNG):
        return None
    found, at = None, len(PNG)
    for _number in range(MOST_CHUNKS):
        head = data[at : at + 8]
        if len(head) < 8:
            break
        length, kind = struct.unpack(">I4s", head)
        body, end = data[at + 8 : at + 8 + length], at + 12 + length
        if kind == b"iTXt" and body.startswith(KEYWORD + b"\0"):
            if found is not None or end > len(data):
                raise NotRead("picture-damaged")
            if length > most:
                raise NotRead("too-big")
            if zlib.crc32(kind + body) != int.from_bytes(data[end - 4 : end], "big"):
                raise NotRead("picture-damaged")
            found = _text_of(body[len(KEYWORD) + 1 :])
        if kind == b"IEND" or end > len(data):
            break  # what stands behind the end is no picture
        at = end
    return found


def _text_of(body: bytes) -> bytes:
    """Read an iTXt chunk behind its keyword: flag, method, language, translated keyword, text (PNG 11.3.3.4)."""
    flag, rest = body[:1], body[2:]
    parts = rest.split(b"\0", 2)
    if flag != b"\0" or len(parts) != 3:
        raise NotRead("picture-damaged")
    return parts[2]


def read_qr(data: bytes) -> list[str]:
    """Return the texts of the QR codes in a photo. Raises NotRead, CouldNotCheck."""
    if not _slots.acquire(timeout=SECONDS):
        raise CouldNotCheck("too-slow")
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sys.executable, "-I", str(_SCRIPT)],
            check=False,
            capture_output=True,
            timeout=SECONDS,
            input=data,
        )
    except subprocess.TimeoutExpired as error:
        raise CouldNotCheck("too-slow") from error
    finally:
        _slots.release()
    if done.returncode != 0:
        raise CouldNotCheck("too-slow")  # killed by its own limits
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise NotRead(answer["error"])
    found: list[str] = answer["texts"]
    return found
