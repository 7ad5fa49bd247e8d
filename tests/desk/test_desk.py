"""The desk: what is pressed twice, who may not be touched, groups between two editions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.builtin import item_types
from headstart_lms.courses.check import check_folder
from headstart_lms.courses.services import publish
from headstart_lms.kernel.db import session, transaction
from tests import cast, make
from tests.browsing import Browser
from tests.habits.world import learn, sit_test


@pytest.fixture
def manager(app: Flask, as_person: Callable[[str], Browser]) -> Browser:
    """Bruno, who manages the centre North as well."""
    with app.app_context(), transaction() as current:
        bruno = cast.find_person(current, "bruno")
        accounts.grant_role(current, bruno, "manager", accounts.get_centre(current, "north"))
    return as_person("bruno")


def group(browser: Browser) -> str:
    href = browser.open("/teach").link()
    links = [a["href"] for a in browser.open("/teach").links if "/teach/groups/" in a["href"]]
    assert href is not None
    return links[0]


def is_suspended(app: Flask, name: str) -> bool:
    with app.app_context():
        return cast.find_person(session(), name).is_suspended


def test_suspending_twice_leaves_her_suspended_and_letting_in_is_its_own_button(
    app: Flask, manager: Browser
) -> None:
    page = manager.open(group(manager))
    form = page.form(to="/suspend")
    manager.send(form)
    manager.send(form)  # a second tap, or a colleague with the same page
    assert is_suspended(app, "amina")
    manager.send(manager.open(group(manager)).form(to="/suspend"))
    assert not is_suspended(app, "amina")


@pytest.mark.parametrize("act", ["code", "suspend", "name"])
def test_a_manager_reaches_no_member_of_staff_who_comes_from_the_host(
    app: Flask, manager: Browser, act: str
) -> None:
    with app.app_context():
        with transaction() as current:
            north = accounts.get_centre(current, "north")
            anna = Person(host_id="user:anna", centre_id=north.id)
            current.add(anna)
            accounts.grant_role(current, anna, "admin", None)
            uuid = anna.uuid
        assert manager.post(f"/centre/learners/{uuid}/{act}").status == 404
        assert (
            session().scalar(select(func.count()).where(Person.code_digest.is_not(None), Person.uuid == uuid))
            == 0
        )


def second_edition(app: Flask, folder: Path) -> None:
    """Publish an edition in which the first unit and one question of the bank have gone."""
    make.write_course(folder, version="2.0")
    course = folder / "course.yaml"
    course.write_text(course.read_text().replace("units: [first, second]", "units: [second]"))
    (folder / "units" / "first.yaml").unlink()
    bank = folder / "bank" / "words.yaml"
    bank.write_text(bank.read_text().replace("bank-thanks", "bank-many-thanks"))
    checked = check_folder(folder, item_types(), on=make.CHECKED_ON)
    assert not checked.errors, checked.errors
    state = app.extensions["headstart"]
    with transaction() as current:
        publish(current, state.storage, state.library, checked)


def test_who_began_an_edition_goes_on_in_it_when_there_is_a_newer_one(
    app: Flask, tmp_path: Path, manager: Browser, as_person: Callable[[str], Browser]
) -> None:
    with app.app_context():
        with transaction() as current:
            learn(current, make.house_of(app), cast.find_person(current, "amina"))
            sit_test(current, make.house_of(app), cast.find_person(current, "amina"))
        second_edition(app, tmp_path / "second")
        with transaction() as current:
            learn(current, make.house_of(app), cast.find_person(current, "amina"))
    amina = as_person("amina")
    assert "Say hello" in amina.open("/courses/tiny").text
    assert amina.open("/courses/tiny/first").status == 200
    for path in ("/", "/me", "/me/data", "/courses/tiny/words", "/courses/tiny/tests/final"):
        assert amina.open(path).status == 200, path
    assert manager.open(group(manager)).status == 200
    assert manager.open(group(manager) + "/questions").status == 200
    new = Browser(app)
    assert "Say hello" not in new.open("/courses/tiny").text
    assert new.open("/courses/tiny/first").status == 404


def test_the_content_of_yesterday_is_not_kept_for_ever(
    app: Flask, clock: object, as_person: Callable[[str], Browser]
) -> None:
    amina = as_person("amina")
    library = app.extensions["headstart"].library

    def kept() -> int:
        return sum(len(book.extra) for book in library._books.values())

    amina.open("/courses/tiny/first")
    first = kept()
    for _day in range(3):
        clock.move(hours=10)  # type: ignore[attr-defined]
        assert amina.open("/courses/tiny/first").status == 200
    assert kept() == first
