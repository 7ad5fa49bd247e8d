"""What is right: the values a person who knows everything puts into the form of a question."""

from __future__ import annotations

from uuid import UUID

from flask import Flask
from playwright.sync_api import Locator, Page
from sqlalchemy import select

from headstart_lms.assessments import services as assessments
from headstart_lms.assessments.items.base import ItemType, Tokens
from headstart_lms.assessments.models import Sitting
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.library import get_course
from headstart_lms.demo import right_response
from headstart_lms.kernel.db import session
from headstart_lms.learning.pages import given_values
from headstart_lms.learning.services import House

Values = dict[str, list[str]]


def _house(app: Flask) -> House:
    state = app.extensions["headstart"]
    return House.of(state)


def _right(item: object, tokens: Tokens) -> Values:
    assert isinstance(item, ItemType)
    return given_values(item, item.form(tokens), right_response(item), tokens)


def unit_keys(app: Flask, slug: str) -> dict[str, Values]:
    """Return {item: right values} for the units of the person who enrolled in a course last."""
    with app.app_context():
        house, course = _house(app), get_course(session(), slug)
        latest = select(Enrolment).where(Enrolment.course_id == course.id).order_by(Enrolment.id.desc())
        enrolment = session().scalars(latest.limit(1)).one()
        book = house.book_of(session(), enrolment)
        tokens = house.tokens_of(enrolment.registration)
        return {name: _right(item, tokens) for name, item in book.items.items()}


def sitting_keys(app: Flask, sitting_id: str) -> dict[str, Values]:
    """Return {item: right values} for the questions drawn in a sitting."""
    with app.app_context():
        house, sitting = _house(app), session().get_one(Sitting, UUID(sitting_id))
        book, tokens = house.book_of_sitting(session(), sitting), house.tokens(sitting.id)
        return {name: _right(book.bank[name], tokens) for name in assessments.drawn_items(sitting)}


def fill(form: Locator, values: Values) -> None:
    """Put values into a form by its names; a scenario shows only some of its fields at a time."""
    for name, wanted in values.items():
        fields = form.locator(f'[name="{name}"]:not([type="hidden"])')
        if fields.count() == 0:
            continue
        kind = fields.first.evaluate("field => field.type")
        if kind in ("radio", "checkbox"):
            for value in wanted:
                form.locator(f'[name="{name}"][value="{value}"]').check(force=True)
        elif kind == "select-one":
            fields.first.select_option(wanted[0])
        else:
            fields.first.fill(wanted[0])


def answer(page: Page, item: str, values: Values) -> None:
    """Answer a question rightly without the script: a scenario is sent once for each of its steps."""
    for _step in range(12):
        form = page.locator(f'form[data-item="{item}"]')
        fill(form, values)
        form.locator("button[type=submit]").click()
        if page.url.endswith("/answer") or "/answer#" in page.url:
            continue  # the next step of a scenario is the answer to the one before
        return
    raise AssertionError(f"{item} never ended")
