"""A learner who reads Turkish (Albanian and Ukrainian have the same texts) meets no English on her way."""

from __future__ import annotations

from gettext import GNUTranslations, NullTranslations

import pytest
from flask import Flask

from headstart_lms.kernel import i18n
from headstart_lms.kernel.access import readers_of

from ..journeys.learner import Learner
from ..make import make_bundled_course
from .access import PERSONAL, address, ask, rules
from .world import World


class _Missing(NullTranslations):
    """Stands behind a catalogue and notes what it does not have."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()

    def gettext(self, message: str) -> str:
        self.texts.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.texts.add(msgid1)
        return msgid1 if n == 1 else msgid2

    def pgettext(self, context: str, message: str) -> str:
        self.texts.add(f"{context}: {message}")
        return message


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Return what was asked for in Turkish and is not there; it grows as pages are opened."""
    turkish = i18n._catalogue.__wrapped__("tr")
    assert isinstance(turkish, GNUTranslations)
    noted = _Missing()
    turkish.add_fallback(noted)
    real = i18n._catalogue
    monkeypatch.setattr(i18n, "_catalogue", lambda language: turkish if language == "tr" else real(language))
    return noted.texts


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("role", ["nobody", "learner"])
def test_every_page_of_a_learner_speaks_her_language(
    world: World, missing: set[str], role: str, method: str
) -> None:
    opened = 0
    for endpoint, its, rule in rules(world.app):
        view = world.app.view_functions[f"headstart.{endpoint}"]
        if its != method or readers_of(view) == "staff":
            continue
        owner = "own" if PERSONAL & rule.arguments else "-"
        ask(world, role, method, address(world, endpoint, owner), language="tr")
        opened += 1
    assert opened > 20
    assert missing == set()


def test_the_whole_way_to_a_certificate_is_in_her_language(app: Flask, missing: set[str]) -> None:
    with app.app_context():
        make_bundled_course(app, "at-arbeit")
    meryem = Learner(app)
    meryem.start(to="AT", language="tr")
    page = meryem.enrol("at-arbeit")
    for _unit in range(3):
        for form in page.item_forms():
            meryem.browser.send(form)  # nothing was chosen
            if last := {name: values[-1:] for name, values in form.choices.items() if name in form.names}:
                meryem.browser.send(form, last)
        page = meryem.work_through(meryem.browser.open(page.url), units=1)
    result = meryem.take_test(meryem.work_through(page))
    certificate = meryem.take_certificate(result, name="MERYEM KAYA", own_name="Meryem Kaya")
    assert certificate.status == 200
    for path in ("/", "/me", "/me/data", "/me/record", "/courses/at-arbeit", "/courses/at-arbeit/words"):
        assert 'lang="tr"' in meryem.browser.open(path).body
    assert missing == set()
