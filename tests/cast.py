"""The people of the tests, and the browsers they sit at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.cohorts import services as cohorts
from headstart_lms.courses.library import get_course
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import services as learning

from .browsing import Browser
from .make import house_of


@dataclass(frozen=True)
class Role:
    """Who somebody is: a learner has a centre and a course, staff have a user name."""

    name: str
    centre: str
    roles: tuple[str, ...]


#: Amina learns in Bruno's group at the centre North; Dmitri works at South and must see nothing of North.
CAST: dict[str, Role] = {
    one.name: one
    for one in (
        Role("amina", "north", ("learner",)),
        Role("bruno", "north", ("teacher",)),
        Role("clara", "north", ("examiner",)),
        Role("dmitri", "south", ("manager", "teacher")),
    )
}
PASSWORD = "quiet-harbour-sings-42"
GROUP = "Evening group"


def make_cast(app: Flask, slug: str) -> None:
    """Make two centres, the four people, and Bruno's group with Amina in it. Call in an application context."""
    state, house = app.extensions["headstart"], house_of(app)
    with transaction() as current:
        for centre in ("north", "south"):
            accounts.make_centre(current, centre, f"Centre {centre.title()}", country="IT")
        for one in CAST.values():
            home = accounts.get_centre(current, one.centre)
            if "learner" in one.roles:
                continue
            made = accounts.make_staff(current, one.name, PASSWORD, centre=home, role=one.roles[0])
            for role in one.roles[1:]:
                accounts.grant_role(current, made, role, home)
        north = accounts.get_centre(current, "north")
        group = cohorts.make_cohort(
            current,
            centre=north,
            course=get_course(current, slug),
            title=GROUP,
            teacher=find_person(current, "bruno"),
        )
        amina, _code = accounts.start_learner(
            current, state.keyring, language="en", destination="IT", route="labour", centre=north
        )
        amina.host_id = "cast:amina"
        learning.enrol(current, house, amina, slug, language="en", cohort=group)


def find_person(current: Session, name: str) -> Person:
    """Return one of the cast."""
    learner = "learner" in CAST[name].roles
    where = Person.host_id == f"cast:{name}" if learner else Person.login == name
    return current.scalars(select(Person).where(where)).one()


def sign_in(app: Flask, name: str) -> Browser:
    """Return a browser at which one of the cast is signed in."""
    browser = Browser(app)
    with app.app_context():
        with transaction() as current:
            token = accounts.sign_in(current, find_person(current, name), timedelta(hours=12))
        browser.set_cookie("__Host-hs" if app.extensions["headstart"].is_secure else "hs", token)
    return browser


def person_id(app: Flask, name: str) -> str:
    """Return the public id of one of the cast."""
    with app.app_context():
        return str(find_person(session(), name).uuid)
