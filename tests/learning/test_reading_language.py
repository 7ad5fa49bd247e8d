"""A course may be offered in a language that the pages do not speak: its texts are read in it all the same."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import polib
import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts.models import Person
from headstart_lms.builtin import item_types
from headstart_lms.certificates.models import Certificate
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.check import check_folder
from headstart_lms.courses.translations import refresh
from headstart_lms.kernel import i18n
from headstart_lms.kernel.db import session
from headstart_lms.paths import bundled_courses

from ..browsing import Browser
from ..journeys.learner import Learner
from ..make import CHECKED_ON, publish_folder, write_course

SOMALI = UUID("3f0c2f5e-0d1e-4a47-8b1e-6f7f3c9f0a77")


@pytest.fixture
def somali(app: Flask, tmp_path: Path) -> Flask:
    """Publish a course whose texts are in Somali too; no page of ours speaks it."""
    folder = write_course(tmp_path / "small", slug="small", uuid=SOMALI)
    head = folder / "course.yaml"
    head.write_text(head.read_text().replace("support_languages: [en]", "support_languages: [en, so]"))
    course = check_folder(folder, item_types(), on=CHECKED_ON).course
    assert course is not None
    refresh(folder, course, "so")
    file = folder / "translations" / "so.po"
    texts = polib.pofile(str(file))
    for entry in texts:
        entry.msgstr = f"Af-Soomaali: {entry.msgid}"
    texts.save()
    with app.app_context():
        publish_folder(app, folder)
    return app


def test_who_reads_somali_chooses_it_and_learns_in_it_up_to_the_certificate(somali: Flask) -> None:
    learner = Learner(somali)
    start = learner.browser.open("/start")
    assert "Soomaali" in start.text
    learner.start(language="so")
    page = learner.enrol("small")
    assert "Af-Soomaali: Say hello" in page.text
    assert '<html lang="en" dir="ltr">' in page.body, "the page itself speaks English"
    assert 'lang="so"' in page.body, "and says which words are Somali"
    result = learner.take_test(learner.work_through(page))
    certificate = learner.take_certificate(result, name="HODAN ALI", own_name="Hodan Cali")
    assert certificate.status == 200
    with somali.app_context():
        assert session().scalars(select(Person).where(Person.language == "so")).one()
        assert session().scalars(select(Enrolment).where(Enrolment.language == "so")).one()
        assert session().scalars(select(Certificate)).one().titles["so"] == "Af-Soomaali: Tiny course"


def test_the_course_page_links_to_itself_in_its_other_languages(somali: Flask) -> None:
    browser = Browser(somali)
    page = browser.open("/courses/small")
    assert "Af-Soomaali" not in page.text
    page = browser.open(next(a["href"] for a in page.links if a.get("hreflang") == "so"))
    assert "Af-Soomaali: Tiny course" in page.text
    assert "Af-Soomaali: Tiny course" in browser.open("/").text, "and it is kept"
    assert "Af-Soomaali" not in browser.open("/courses/small?lang=ar").text


def test_the_page_keeps_the_language_it_had_when_a_course_language_is_chosen(somali: Flask) -> None:
    browser = Browser(somali)
    browser.open("/?lang=ar")
    page = browser.open("/courses/small?lang=so")
    assert '<html lang="ar" dir="rtl">' in page.body
    assert "Af-Soomaali: Tiny course" in page.text
    page = browser.open("/courses/small")
    assert '<html lang="ar" dir="rtl">' in page.body, "also on the next page"
    assert "Af-Soomaali: Tiny course" in page.text
    page = browser.open("/courses/small?lang=tr")
    assert '<html lang="tr" dir="ltr">' in page.body
    assert "Af-Soomaali" not in page.text


def test_files_and_health_ask_nothing_of_the_database_whatever_the_cookie_says(
    somali: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_state: object) -> dict[str, str]:
        raise AssertionError("asked")

    monkeypatch.setattr(type(somali.extensions["headstart"]), "course_languages", refuse)
    browser = Browser(somali)
    browser.set_cookie("hs_lang", "so")
    assert browser.open("/healthz").status == 200
    assert browser.open("/nowhere").status == 404


def test_a_language_that_no_course_has_changes_nothing(somali: Flask) -> None:
    browser = Browser(somali)
    for odd in ("xx", "so-SO", "../so", "so\r\nX: y"):
        page = browser.open(f"/courses/small?lang={odd}")
        assert page.status == 200
        assert "Af-Soomaali" not in page.text
    assert browser.cookie("hs_lang") is None


def test_every_language_of_the_courses_we_ship_is_one_of_the_pages_of_learners() -> None:
    for file in bundled_courses().glob("*/course.yaml"):
        course = check_folder(file.parent, item_types(), on=CHECKED_ON).course
        assert course is not None
        assert set(course.support_languages) <= set(i18n.LEARNER_LANGUAGES), course.slug
