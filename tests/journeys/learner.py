"""A learner who always knows the answer: she reads forms from pages, and what is right from the course document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.assessments.items.base import ItemType
from headstart_lms.assessments.models import Sitting
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.demo import right_response
from headstart_lms.kernel.db import session
from headstart_lms.learning.pages import given_values
from tests.browsing import Browser, Form, Page
from tests.make import house_of

Values = Mapping[str, Sequence[str]]


class Learner:
    """Somebody at a browser who works through a course."""

    def __init__(self, app: Flask, browser: Browser | None = None) -> None:
        self.app = app
        self.browser = browser or Browser(app)
        self.code = ""

    # --- coming ---

    def start(self, *, to: str = "IT", route: str = "labour", language: str = "en") -> Page:
        """Three taps: language, destination, route; then the card with the code, and on to the catalogue."""
        page = self.browser.open("/start")
        page = self.browser.open(
            next(a["href"] for a in page.links if f"lang={language}" in a["href"] and "step=to" in a["href"])
        )
        page = self.browser.open(next(a["href"] for a in page.links if f"to={to}" in a["href"]))
        card = self.browser.send(page.form(to="/start", having="route"), route=route)
        assert card.path.endswith("/me/code"), card.text
        self.code = next(word for word in card.text.split() if len(word) == 9 and word[4] == "-")
        return self.browser.follow(card, rel="next")

    def enrol(self, slug: str) -> Page:
        """Open the course and press its button; return the first screen of the first unit."""
        return self.browser.send(self.browser.open(f"/courses/{slug}").form(to=f"/courses/{slug}/enrol"))

    def person(self) -> Person:
        """Return who sits here. Call in an application context."""
        token = self.browser.cookie("hs")
        assert token is not None
        found = accounts.find_person_by_token(session(), token)
        assert found is not None
        return found

    # --- units ---

    def answer(self, form: Form, values: Values | None = None) -> Page:
        """Answer a question of a unit, rightly unless told otherwise; a story is followed to its end."""
        item_id = form.attributes["data-item"]
        values = self.right_values(item_id) if values is None else values
        while True:
            page = self.browser.send(form, {name: v for name, v in values.items() if name in form.names})
            assert page.status == 200, f"{item_id}: {page.status} {page.text[:400]}"
            if "answer=" in page.url:
                return page
            form = page.form(data_item=item_id)

    def work_through(self, page: Page, *, units: int | None = None) -> Page:
        """Answer everything and take every next step, until it leaves the units (or this many are done)."""
        seen: set[str] = set()
        while (unit := self._unit_of(page)) is not None:
            if unit not in seen and len(seen) == units:
                return page
            seen.add(unit)
            for form in page.item_forms():
                self.answer(form)
            page = self.browser.follow(page, rel="next")
        return page

    def _unit_of(self, page: Page) -> str | None:
        parts = page.path.removeprefix(self.browser.prefix).strip("/").split("/")
        return parts[2] if len(parts) == 3 and parts[0] == "courses" else None

    def right_values(self, item_id: str) -> Values:
        """Return the form fields of a right answer to an item of a unit."""
        with self.app.app_context():
            house, current = house_of(self.app), session()
            for enrolment in current.scalars(
                select(Enrolment).where(Enrolment.person_id == self.person().id)
            ):
                item = house.book_of(current, enrolment).items.get(item_id)
                if isinstance(item, ItemType):
                    tokens = house.tokens_of(enrolment.registration)
                    return given_values(item, item.form(tokens), right_response(item), tokens)
        raise AssertionError(f"no course of hers has the item {item_id}")

    # --- tests ---

    def begin_test(self, page: Page) -> Page:
        """Press the button before a test; return its first question."""
        return self.browser.send(next(form for form in page.forms if form.action.endswith("/start")))

    def right_test_values(self, page: Page) -> Values:
        """Return the form fields of a right answer to the question of a test on a page."""
        (form,) = page.item_forms()
        sitting_id = UUID(urlsplit(form.action).path.split("/sittings/")[1].split("/")[0])
        with self.app.app_context():
            house, current = house_of(self.app), session()
            item = house.book_of_sitting(current, current.get_one(Sitting, sitting_id)).bank[
                form.attributes["data-item"]
            ]
            assert isinstance(item, ItemType)
            tokens = house.tokens(sitting_id)
            return given_values(item, item.form(tokens), right_response(item), tokens)

    def answer_test(self, page: Page) -> Page:
        """Answer the question on a page rightly; return the next one, or the result."""
        (form,) = page.item_forms()
        values = self.right_test_values(page)
        while True:
            page = self.browser.send(form, {name: v for name, v in values.items() if name in form.names})
            assert page.status == 200, page.text[:400]
            same = [f for f in page.item_forms() if f.attributes["data-item"] == form.attributes["data-item"]]
            if not same:
                return page
            form = same[0]

    def take_test(self, page: Page) -> Page:
        """Begin a test and answer all of it rightly; return the result."""
        page = self.begin_test(page)
        while page.item_forms():
            page = self.answer_test(page)
        return page

    # --- all of it ---

    def pass_course(self, slug: str) -> Page:
        """Enrol, do all units and the final test; return the result."""
        return self.take_test(self.work_through(self.enrol(slug)))

    def take_certificate(self, result: Page, *, name: str, own_name: str = "", year: int = 1994) -> Page:
        """Go on from the result, give the name, return the certificate's page."""
        page = self.browser.follow(result, to="/certificates/new", rel="next")
        form = page.form(to="/certificates/new")
        return self.browser.send(form, passport_name=name, own_name=own_name, year_of_birth=str(year))


def certified(
    app: Flask, *, slug: str = "tiny", name: str = "AMINA HADDAD", year: int = 1994
) -> tuple[Learner, str]:
    """Return a learner who passed a course, and the code of her certificate."""
    learner = Learner(app)
    learner.start()
    page = learner.take_certificate(learner.pass_course(slug), name=name, year=year)
    assert page.status == 200, page.text
    return learner, page.path.rsplit("/", 1)[-1]
