"""Texts of the interface: ``messages.py update`` refreshes the catalogues, ``compile`` makes .mo files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "headstart_lms" / "translations"
LANGUAGES = ("ar",)


def babel(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *arguments], cwd=ROOT, check=True)


def extract() -> None:
    """Write headstart.pot from the Python files and templates."""
    babel(
        "-q", "extract", "-F", "babel.cfg", "-k", "_l", "-k", "pgettext:1c,2", "--omit-header",
        "--sort-by-file", "-o", str(FOLDER / "headstart.pot"), "headstart_lms",
    )  # fmt: skip


def update() -> None:
    extract()
    for language in LANGUAGES:
        file = FOLDER / language / "LC_MESSAGES" / "headstart.po"
        command = "update" if file.exists() else "init"
        extra = ["--no-fuzzy-matching", "--ignore-obsolete"] if file.exists() else []
        babel(
            "-q", command, "-D", "headstart", "-i", str(FOLDER / "headstart.pot"), "-d", str(FOLDER),
            "-l", language, "-w", "110", *extra,
        )  # fmt: skip


def compile_all() -> None:
    for language in LANGUAGES:
        file = FOLDER / language / "LC_MESSAGES" / "headstart.po"
        if file.exists():
            babel("-q", "compile", "-D", "headstart", "-d", str(FOLDER), "-l", language)


if __name__ == "__main__":
    {"update": update, "compile": compile_all, "extract": extract}[sys.argv[1]]()
