"""What the learner's pages share: the blueprint, the house of this application, what a form sent."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, current_app, g, request

from ..accounts.models import Person
from ..certificates import services as certificates
from ..certificates.models import Award
from ..cohorts.models import Enrolment
from ..courses.library import Book
from ..kernel import i18n
from ..kernel.db import session
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from .services import House

bp = Blueprint("learning", __name__)


def house() -> House:
    """Return what the services need of this application."""
    state = current_app.extensions["headstart"]
    if "hs_house" not in g:
        g.hs_house = House.of(state)
    found: House = g.hs_house
    return found


def book_of(enrolment: Enrolment) -> Book:
    """Return the course of an enrolment in the language of the page, if it is offered in it."""
    return house().book_of(session(), enrolment, i18n.reading())


def award_of(person: Person | None, enrolment: Enrolment | None) -> Award | None:
    """Return what an enrolment has earned."""
    if person is None or enrolment is None:
        return None
    awards = certificates.list_awards_of(session(), person)
    return next((award for award in awards if award.registration == enrolment.registration), None)


def form_values() -> dict[str, list[str]]:
    """Return the answer fields of the form, each with all its values."""
    return {name: values for name, values in request.form.lists() if name.startswith("response")}


def sent_answer_id() -> UUID:
    """Return the id the client gave its answer; raise Invalid when there is none."""
    try:
        return UUID(request.form.get("answer_id", ""))
    except ValueError:
        raise Invalid(_("This form is not complete. Load the page again and answer once more.")) from None
