"""Files under their SHA-256, in the instance folder."""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path


class Storage:
    """Content-addressed files: ``<folder>/ab/cd/<sha256>``. Writing the same content twice is one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not all(c in "0123456789abcdef" for c in sha256):
            raise ValueError("not a SHA-256 in hex")
        return self.folder / sha256[:2] / sha256[2:4] / sha256

    def put(self, content: bytes) -> str:
        """Store and return the SHA-256, hex. Durable before it returns: written aside, synced, renamed."""
        name = hashlib.sha256(content).hexdigest()
        file = self.path(name)
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            aside = file.parent / f".{name}.{secrets.token_hex(4)}"
            with aside.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            aside.rename(file)
        return name
