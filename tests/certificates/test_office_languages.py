"""An office reads every word of its pages in its own language."""

from __future__ import annotations

import gettext
import io

import pytest
from flask import Flask

from headstart_lms.certificates import offline_words, presenting
from headstart_lms.certificates.reasons import REASONS
from headstart_lms.certificates.verdict import sentence
from headstart_lms.kernel import i18n, jobs

from ..browsing import Browser
from ..conftest import Clock
from .office import YEAR, Desk, make_desk

LANGUAGES = [tag for tag in i18n.OFFICE_LANGUAGES if tag != "en"]


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Desk:
    return make_desk(app)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Collect the texts that are shown and are not in the catalogue of the page's language."""
    found: set[str] = set()
    real = i18n._catalogue

    class Watched(gettext.NullTranslations):
        def __init__(self, language: str) -> None:
            super().__init__()
            self.texts, self.language = real(language), language
            self.known = getattr(self.texts, "_catalog", {})

        def gettext(self, message: str) -> str:
            if self.language != "en" and message not in self.known:
                found.add(message)
            return self.texts.gettext(message)

        def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
            if self.language != "en" and (msgid1, self.texts.plural(n)) not in self.known:  # type: ignore[attr-defined]
                found.add(msgid1)
            return self.texts.ngettext(msgid1, msgid2, n)

    monkeypatch.setattr(i18n, "_catalogue", Watched)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_an_office_is_in_its_language(
    app: Flask, desk: Desk, missing: set[str], language: str
) -> None:
    anybody, officer = Browser(app), desk.officer("olga")
    for path in ("/verify", f"/verify/{desk.code}", "/verify/000000000000", "/verify/7K3M-92QF-X4QZ", "/sign-in",
                 "/sign-in?as=staff", "/verifier/"):  # fmt: skip
        mark = "&" if "?" in path else "?"
        page = anybody.open(f"{path}{mark}lang={language}")
        assert f'lang="{language}"' in page.body, path
    anybody.post("/verify", {"code": desk.code, "year": str(YEAR)})
    anybody.post("/verify", {"text": desk.document.replace("Tiny", "Huge")})
    anybody.post("/verify", {"code": "nonsense"})
    for path in ("/verify", f"/verify/{desk.code}", "/centre/checks", "/verify/many"):
        officer.open(f"{path}?lang={language}")
    many = officer.post("/verify/many", {"text": f"{desk.code}\nnonsense", "files": [(io.BytesIO(b""), "")]})
    with app.app_context():
        jobs.run_all()
    officer.open(many.path)
    desk.revoke()
    anybody.open(f"/verify/{desk.code}")
    assert missing == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_and_fact_has_words_in_every_language(missing: set[str], language: str) -> None:
    with i18n.in_language(language):
        for reason in REASONS:
            assert sentence(reason)
        assert offline_words.texts()[language]
        assert presenting.country_name("AT") != ""
    assert missing == set()
