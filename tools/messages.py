"""Texts of the interface: ``messages.py update`` refreshes the catalogues, ``compile`` makes .mo files.

Languages of the whole interface have every text; languages of learners what stands on their pages and on those of
offices; languages of offices what stands on pages where certificates are checked, and on the certificate itself.
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
LEARNER_LANGUAGES = ("sq", "tr", "uk")
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
#: Files whose texts a learner reads, besides those of offices.
LEARNER_FILES = (
    "headstart_lms/accounts/*",
    "headstart_lms/assessments/*",
    "headstart_lms/certificates/forms.py",
    "headstart_lms/certificates/holder_views.py",
    "headstart_lms/certificates/rules.py",
    "headstart_lms/certificates/services.py",
    "*/certificates/certificate.html",
    "*/certificates/my_checks.html",
    "*/certificates/new.html",
    "*/certificates/shared.html",
    "headstart_lms/cohorts/*",
    "headstart_lms/courses/library.py",
    "headstart_lms/courses/media.py",
    "headstart_lms/kernel/*",
    "headstart_lms/learning/*",
    "headstart_lms/lrs/sentences.py",
    "headstart_lms/privacy/*",
    "headstart_lms/records/*",
    "!*/records/learner.html",
    "!*/records/state.html",
    "!*/records/store.html",
    "headstart_lms/templates/*",
)


def babel(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "babel.messages.frontend", *arguments], cwd=ROOT, check=True)


def extract(file: Path = FOLDER / "headstart.pot") -> None:
    """Write the texts of the Python files and templates as they are now."""
    babel(
        "-q", "extract", "-F", "babel.cfg", "-k", "_l", "-k", "pgettext:1c,2", "--omit-header",
        "--sort-by-file", "-o", str(file), "headstart_lms",
    )  # fmt: skip


def is_among(place: str, patterns: tuple[str, ...]) -> bool:
    """Tell whether a file is meant by patterns: the last one that fits decides."""
    verdict = False
    for pattern in patterns:
        if fnmatch.fnmatch(place, pattern.removeprefix("!")):
            verdict = not pattern.startswith("!")
    return verdict


def texts_of(everything: polib.POFile, *files: tuple[str, ...]) -> polib.POFile:
    """Return the texts that stand in a file that one of the lists of patterns means."""
    chosen = polib.POFile()
    chosen.extend(
        e for e in everything
        if any(is_among(place, patterns) for place, _line in e.occurrences for patterns in files)
    )  # fmt: skip
    return chosen


def office_texts(everything: polib.POFile) -> polib.POFile:
    """Return the part of the texts that offices read."""
    return texts_of(everything, OFFICE_FILES)


def learner_texts(everything: polib.POFile) -> polib.POFile:
    """Return the part of the texts that learners and offices read."""
    return texts_of(everything, OFFICE_FILES, LEARNER_FILES)


def update() -> None:
    extract()
    template = FOLDER / "headstart.pot"
    everything = polib.pofile(str(template), encoding="utf-8")
    part = FOLDER / "part.pot"
    for languages, texts in (
        (LANGUAGES, everything),
        (LEARNER_LANGUAGES, learner_texts(everything)),
        (OFFICE_LANGUAGES, office_texts(everything)),
    ):
        # without a header, as extract() writes: Babel would take its rule of the plural for the language's
        part.write_text("\n".join(map(str, texts)), encoding="utf-8")
        for language in languages:
            file = FOLDER / language / "LC_MESSAGES" / "headstart.po"
            command = "update" if file.exists() else "init"
            extra = ["--no-fuzzy-matching", "--ignore-obsolete"] if file.exists() else []
            babel(
                "-q", command, "-D", "headstart", "-i", str(part), "-d", str(FOLDER), "-l", language, "-w", "110",
                *extra,
            )  # fmt: skip
    part.unlink()


def compile_all() -> None:
    for language in (*LANGUAGES, *LEARNER_LANGUAGES, *OFFICE_LANGUAGES):
        file = FOLDER / language / "LC_MESSAGES" / "headstart.po"
        if file.exists():
            babel("-q", "compile", "-D", "headstart", "-d", str(FOLDER), "-l", language)


if __name__ == "__main__":
    {"update": update, "compile": compile_all, "extract": extract}[sys.argv[1]]()
