"""Two offices with officers, and a learner of another centre whose certificate they check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.certificates import codes, signed_files
from headstart_lms.certificates import services as certificates
from headstart_lms.certificates.models import Certificate
from headstart_lms.certificates.tokens import make_token
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import services as learning

from ..browsing import Browser
from ..cast import PASSWORD, find_person
from ..habits.world import learn, sit_test
from ..make import house_of

NAMES = ("SENTINELLE AMINA", "أمينة الحسن")
YEAR = 1987
OFFICERS = {"olga": "vienna", "otto": "vienna", "petra": "brno"}
OFFICES = {"vienna": "Integration Office Vienna", "brno": "Office Brno"}


@dataclass
class Desk:
    """The application, and what the officers have in front of them."""

    app: Flask
    code: str
    document: str
    token: str

    def officer(self, login: str) -> Browser:
        browser = Browser(self.app)
        with self.app.app_context(), transaction() as current:
            person = current.scalars(select(Person).where(Person.login == login)).one()
            token = accounts.sign_in(current, person, timedelta(hours=12))
        browser.set_cookie("hs", token)
        return browser

    def certificate(self) -> Certificate:
        return certificates.get_certificate(session(), self.code)

    def revoke(self) -> None:
        with self.app.app_context(), transaction() as current:
            certificates.revoke(current, certificates.get_certificate(current, self.code), "error", now())


def make_desk(app: Flask) -> Desk:
    """Add offices, officers and a certificate to the cast."""
    with app.app_context():
        state, house = app.extensions["headstart"], house_of(app)
        with transaction() as current:
            for slug, name in OFFICES.items():
                accounts.make_centre(current, slug, name, country="AT", is_office=True)
            for login, slug in OFFICERS.items():
                accounts.make_staff(
                    current, login, PASSWORD, centre=accounts.get_centre(current, slug), role="officer"
                )
            made = issue(current, house, app, find_person(current, "amina"))
            code = codes.show(made.code)
        found = certificates.get_certificate(session(), code)
        return Desk(
            app, code, signed_files.get_json(found),
            make_token(session(), found, keyring=state.keyring) or "",
        )  # fmt: skip


def issue(current: Session, house: learning.House, app: Flask, person: Person) -> Certificate:
    learn(current, house, person)
    sit_test(current, house, person)
    award = certificates.list_awards_of(current, person)[0]
    certificates.state_identity(
        current, person, passport_name=NAMES[0], own_name=NAMES[1], year_of_birth=YEAR, at=now()
    )
    return certificates.issue(
        current,
        award,
        keyring=app.extensions["headstart"].keyring,
        base_url=house.installation.base_url,
        at=now(),
    )


def nothing_personal(text: str) -> bool:
    """Tell that neither name nor year of birth stands in a text; four digits inside a digest are no year."""
    year = re.search(rf"(?<![0-9A-Za-z-]){YEAR}(?![0-9A-Za-z-])", text)
    return year is None and not any(name in text for name in NAMES)
