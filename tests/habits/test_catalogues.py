"""Catalogues of the interface: complete, with the same placeholders, and with the plurals of their language."""

from __future__ import annotations

import gettext
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polib
import pytest

from headstart_lms.kernel import i18n
from headstart_lms.paths import package_folder

ROOT = package_folder().parent
UI = [tag for tag in i18n.UI_LANGUAGES if tag != "en"]
LEARNERS = [tag for tag in i18n.LEARNER_LANGUAGES if tag not in i18n.UI_LANGUAGES]
OFFICE = [tag for tag in i18n.OFFICE_LANGUAGES if tag not in i18n.LEARNER_LANGUAGES]
LANGUAGES = [*UI, *LEARNERS, *OFFICE]
PLACEHOLDER = re.compile(r"%\((\w+)\)([a-z])|(%%)")
#: Forms of the plural, by language (CLDR; gettext's rule in the header must have as many).
PLURALS = {
    "ar": 6, "cs": 3, "de": 2, "hu": 1, "it": 2, "nl": 2, "pt": 2, "sk": 3, "sq": 2, "tr": 1, "uk": 3,
}  # fmt: skip


def catalogue(language: str) -> polib.POFile:
    name = language.replace("-", "_")
    return polib.pofile(
        str(package_folder() / "translations" / name / "LC_MESSAGES" / "headstart.po"), encoding="utf-8"
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> polib.POFile:
    """Extract the texts from the code as it is now."""
    file = tmp_path_factory.mktemp("messages") / "headstart.pot"
    subprocess.run(
        [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg", "-k", "_l", "-k",
         "pgettext:1c,2", "--omit-header", "-o", str(file), "headstart_lms"],
        cwd=package_folder().parent, check=True,
    )  # fmt: skip
    return polib.pofile(str(file), encoding="utf-8")


@pytest.fixture(scope="module")
def wanted(source: polib.POFile) -> Callable[[str], polib.POFile]:
    """Return what a language must have: everything, or what learners or offices read (tools/messages.py says it)."""
    spec = importlib.util.spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    messages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(messages)
    parts = {
        messages.LANGUAGES: source,
        messages.LEARNER_LANGUAGES: messages.learner_texts(source),
        messages.OFFICE_LANGUAGES: messages.office_texts(source),
    }
    assert [set(tags) for tags in parts] == [set(UI), set(LEARNERS), set(OFFICE)]
    return lambda language: next(texts for tags, texts in parts.items() if language in tags)


def placeholders(text: str) -> list[str]:
    return sorted(match.group(0) for match in PLACEHOLDER.finditer(text))


def test_there_are_texts_to_translate(wanted: Callable[[str], polib.POFile]) -> None:
    assert len(wanted("ar")) > 800
    assert 600 < len(wanted("tr")) < 1200
    assert 250 < len(wanted("de")) < 600


def test_a_source_text_has_only_placeholders_with_names(source: polib.POFile) -> None:
    wrong = [e.msgid for e in source if re.search(r"%(?!\(|%)[a-z]", e.msgid) and "python-format" in e.flags]
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str, wanted: Callable[[str], polib.POFile]) -> None:
    have = {(e.msgctxt, e.msgid) for e in catalogue(language) if e.translated() and not e.obsolete}
    missing = [e.msgid for e in wanted(language) if (e.msgctxt, e.msgid) not in have]
    assert not missing, f"{len(missing)} texts are missing in {language}, the first: {missing[:5]}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_fuzzy_or_left_over(language: str, wanted: Callable[[str], polib.POFile]) -> None:
    texts = {(e.msgctxt, e.msgid) for e in wanted(language)}
    assert [e.msgid for e in catalogue(language) if e.fuzzy] == []
    assert [
        e.msgid for e in catalogue(language) if not e.obsolete and (e.msgctxt, e.msgid) not in texts
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_stay(language: str) -> None:
    wrong = []
    for entry in catalogue(language):
        if not entry.translated() or entry.obsolete:
            continue
        if entry.msgid_plural:
            # "1 unit" may be written without a number where the language has a word for one or two
            allowed = set(placeholders(entry.msgid)) | set(placeholders(entry.msgid_plural))
            wrong += [
                entry.msgid for text in entry.msgstr_plural.values() if not set(placeholders(text)) <= allowed
            ]
            wrong += [
                entry.msgid for number, text in entry.msgstr_plural.items()
                if number >= 3 and set(placeholders(text)) != set(placeholders(entry.msgid_plural))
            ]  # fmt: skip
        elif placeholders(entry.msgid) != placeholders(entry.msgstr):
            wrong.append(entry.msgid)
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_all_their_forms(language: str) -> None:
    po = catalogue(language)
    assert f"nplurals={PLURALS[language]};" in po.metadata["Plural-Forms"]
    wrong = [
        e.msgid for e in po
        if e.msgid_plural and not e.obsolete
        and (len(e.msgstr_plural) != PLURALS[language] or not all(e.msgstr_plural.values()))
    ]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_hold_no_markup_and_no_bidi_controls(language: str) -> None:
    for entry in catalogue(language):
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            assert not re.search(r"<(?!/?(?:strong|em|bdi)\b)[a-z/]", text), entry.msgid
            assert not re.search("[\u202a-\u202e\u2066-\u2069]", text), entry.msgid


@pytest.mark.parametrize(
    "number, word", [(0, "zero"), (1, "one"), (2, "two"), (3, "few"), (11, "many"), (100, "other")]
)
def test_arabic_knows_six_numbers(number: int, word: str) -> None:
    forms = catalogue("ar").metadata["Plural-Forms"]
    rule = forms.split("plural=", 1)[1].rstrip(";")
    index = gettext.c2py(rule)(number)
    assert index == ["zero", "one", "two", "few", "many", "other"].index(word)


def test_the_catalogues_stand_where_the_program_looks() -> None:
    for language in LANGUAGES:
        folder = Path(package_folder()) / "translations" / language.replace("-", "_") / "LC_MESSAGES"
        assert (folder / "headstart.po").is_file()
