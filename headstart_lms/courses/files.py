"""Where the files of a course come from: a folder, or a mapping (a draft of the editor, an archive)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol


class Files(Protocol):
    """The files of one course by their names, as ``units/permit.yaml``."""

    #: What findings and refusals call the course.
    name: str

    def listed(self, folder: str, suffix: str) -> list[str]:
        """Return the names of the files of a folder with this suffix, sorted."""

    def has(self, name: str) -> bool: ...

    def is_link(self, name: str) -> bool: ...

    def size(self, name: str) -> int: ...

    def read(self, name: str) -> bytes: ...

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file, hex."""


class FolderFiles:
    """The files of a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name

    def listed(self, folder: str, suffix: str) -> list[str]:
        place = self.path / folder
        return sorted(f"{folder}/{file.name}" for file in place.glob("*" + suffix)) if place.is_dir() else []

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def is_link(self, name: str) -> bool:
        return (self.path / name).is_symlink()

    def size(self, name: str) -> int:
        return (self.path / name).stat().st_size

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def digest(self, name: str) -> str:
        return hashlib.sha256(self.read(name)).hexdigest()


class TreeFiles:
    """The files of a tree {name: SHA-256}, read by their digest only when they are looked at."""

    def __init__(
        self,
        name: str,
        tree: Mapping[str, str],
        read: Callable[[str, str], bytes],
        size: Callable[[str, str], int] | None = None,
    ) -> None:
        """``read`` and ``size`` take the name and the digest of a file."""
        self.name = name
        self.tree = tree
        self._read = read
        self._size = size

    def listed(self, folder: str, suffix: str) -> list[str]:
        start = folder + "/"
        return sorted(
            name
            for name in self.tree
            if name.startswith(start) and name.endswith(suffix) and "/" not in name[len(start) :]
        )

    def has(self, name: str) -> bool:
        return name in self.tree

    def is_link(self, name: str) -> bool:
        return False

    def size(self, name: str) -> int:
        return len(self.read(name)) if self._size is None else self._size(name, self.tree[name])

    def read(self, name: str) -> bytes:
        return self._read(name, self.tree[name])

    def digest(self, name: str) -> str:
        return self.tree[name]
