"""Texts of the interface: ``messages.py update`` refreshes the catalogues, ``compile`` makes .mo files.

Languages of learners have every text; languages of offices those that stand on pages where certificates are
checked, and on the certificate itself.
"""

from __future__ import annotations

import fnmatch
import subprocess
import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "headstart_lms" / "translations"
LANGUAGES = ("ar",)
OFFICE_LANGUAGES = ("cs", "de", "hu", "it", "nl", "pt", "sk")
#: Files whose texts an office reads; a leading "!" leaves files out again.
OFFICE_FILES = (
    "headstart_lms/certificates/*",
    # what centres and holders read
    "!headstart_lms/certificates/batches.py",
    "!headstart_lms/certificates/cli.py",
    "!headstart_lms/certificates/forms.py",
    "!headstart_lms/certificates/holder_views.py",
    "!headstart_lms/certificates/key*.py",
    "!headstart_lms/certificates/rules.py",
    "!headstart_lms/certificates/services.py",
    "!*/certificates/certificate.html",
    "!*/certificates/my_checks.html",
    "!*/certificates/new.html",
    "!*/certificates/shared.html",
    "headstart_lms/accounts/templates/headstart/accounts/sign_in.html",
    "headstart_lms/kernel/errors.py",
    "headstart_lms/kernel/limits.py",
    "headstart_lms/kernel/web.py",
    "headstart_lms/templates/headstart/base.html",
    "headstart_lms/templates/headstart/error.html",
    "headstart_lms/templates/headstart/components/field.html",
    "headstart_lms/templates/headstart/components/pager.html",
)


def babel(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *arguments], cwd=ROOT, check=True)


def extract(file: Path = FOLDER / "headstart.pot") -> None:
    """Write the texts of the Python files and templates as they are now."""
    babel(
        "-q", "extract", "-F", "babel.cfg", "-k", "_l", "-k", "pgettext:1c,2", "--omit-header",
        "--sort-by-file", "-o", str(file), "headstart_lms",
    )  # fmt: skip


def is_for_offices(place: str) -> bool:
    """Tell whether a file has texts that an office reads: the last pattern that fits decides."""
    verdict = False
    for pattern in OFFICE_FILES:
        if fnmatch.fnmatch(place, pattern.removeprefix("!")):
            verdict = not pattern.startswith("!")
    return verdict


def office_texts(everything: polib.POFile) -> polib.POFile:
    """Return the part of the texts that offices read."""
    chosen = polib.POFile()
    chosen.extend(e for e in everything if any(is_for_offices(place) for place, _line in e.occurrences))
    return chosen


def update() -> None:
    extract()
    template = FOLDER / "headstart.pot"
    office = FOLDER / "office.pot"
    office_texts(polib.pofile(str(template), encoding="utf-8")).save(str(office))
    for language in (*LANGUAGES, *OFFICE_LANGUAGES):
        source = template if language in LANGUAGES else office
        file = FOLDER / language / "LC_MESSAGES" / "headstart.po"
        command = "update" if file.exists() else "init"
        extra = ["--no-fuzzy-matching", "--ignore-obsolete"] if file.exists() else []
        babel(
            "-q", command, "-D", "headstart", "-i", str(source), "-d", str(FOLDER), "-l", language, "-w", "110",
            *extra,
        )  # fmt: skip
    office.unlink()


def compile_all() -> None:
    for language in (*LANGUAGES, *OFFICE_LANGUAGES):
        file = FOLDER / language / "LC_MESSAGES" / "headstart.po"
        if file.exists():
            babel("-q", "compile", "-D", "headstart", "-d", str(FOLDER), "-l", language)


if __name__ == "__main__":
    {"update": update, "compile": compile_all, "extract": extract}[sys.argv[1]]()
