"""A demo instance to look at and to test against: two centres, people of every role, courses passed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from .accounts import services as accounts
from .accounts.models import Centre, Person
from .assessments import services as assessments
from .assessments.items.base import ItemType, Tokens
from .certificates import codes
from .certificates import services as certificates
from .certificates.models import Award, Certificate
from .cohorts import services as cohorts
from .cohorts.models import Cohort
from .courses.library import get_course
from .courses.services import list_courses
from .kernel.clock import now
from .kernel.db import session, transaction
from .kernel.errors import Invalid
from .learning import services as learning
from .learning.pages import given_values

CENTRES = (("north", "Centre North (demo)"), ("south", "Centre South (demo)"))
STAFF = ("admin", "manager", "teacher", "examiner", "officer")
NAMES = {
    ("north", 1): ("Amina Haddad", "أمينة حداد", 1994),
    ("north", 2): ("Olena Kovalenko", "Олена Коваленко", 1987),
    ("south", 1): ("Ravi Kumar", "रवि कुमार", 1999),
}


def build(app: Flask) -> dict[str, Any]:
    """Make or refresh the demo; every run gives new passwords and codes. Returns what the contract names.

    Raises Invalid on an instance that is not a demo, or before a course is published.
    """
    state = app.extensions["headstart"]
    if not state.installation.is_demo:
        raise Invalid(
            "This is not a demo instance (its address is https). The demo would put strangers into it."
        )
    books = list_courses(session(), state.library, "en")
    if not books:
        raise Invalid("There is no course yet. Run 'headstart course publish --bundled' first.")
    slug = next((b.course.slug for b in books if b.course.slug == "it-diritti"), books[0].course.slug)
    house = learning.House.of(state)
    people: list[dict[str, Any]] = []
    for short, title in CENTRES:
        with transaction() as current:
            people += _centre(current, house, state, short, title, slug)
    for short, number in (("north", 1), ("north", 2), ("south", 1)):
        with transaction() as current:
            _pass(current, house, _learner(current, short, number), slug)
    with transaction() as current:
        half = _learner(current, "south", 2)
        _learn(current, house, half, slug, units=2)
    with transaction() as current:
        for short in ("north", "south"):
            _issue(current, state, _learner(current, short, 1))
        revoked = _certificate(current, _learner(current, "south", 1))
        if revoked is not None and revoked.standing == "good":
            certificates.revoke(current, revoked, "error", now())
    return {
        "base_url": state.installation.base_url,
        "people": people,
        "certificates": _certificates(session(), slug),
        "courses": [b.course.slug for b in books],
        "cohorts": [
            {"id": str(c.uuid), "title": c.title, "centre": c.centre.slug, "course": c.course.slug}
            for c in session().scalars(select(Cohort).order_by(Cohort.id))
        ],
    }


def _centre(
    current: Session, house: learning.House, state: Any, short: str, title: str, slug: str
) -> list[dict[str, Any]]:
    centre = current.scalar(select(Centre).where(Centre.slug == short))
    if centre is None:
        centre = accounts.make_centre(current, short, title, country="IT")
    people = []
    teacher: Person | None = None
    for role in STAFF:
        login = f"{role}-{short}"
        password = "-".join(secrets.token_hex(3) for _part in range(4))
        person = current.scalar(select(Person).where(Person.login == login))
        if person is None:
            person = accounts.make_staff(current, login, password, centre=centre, role=role)
        else:
            accounts.set_password(current, person, password)
        teacher = person if role == "teacher" else teacher
        people.append(_entry(role, centre, login, login, {"secret": password}, person))
    cohort = current.scalar(select(Cohort).where(Cohort.centre_id == centre.id))
    if cohort is None:
        cohort = cohorts.make_cohort(
            current, centre=centre, course=get_course(current, slug), title=f"Group {short}", teacher=teacher
        )
    for number in (1, 2, 3):
        learner = _find_learner(current, cohort, number)
        if learner is None:
            learner, code = accounts.start_learner(
                current, state.keyring, language="ar" if number == 1 and short == "north" else "en",
                destination="IT", route="labour", centre=centre,
            )  # fmt: skip
            learner.host_id = f"demo:{short}:{number}"
            learning.enrol(current, house, learner, slug, language=learner.language, cohort=cohort)
        else:
            code = accounts.replace_code(current, state.keyring, learner)
        if number == 3:
            accounts.suspend(current, learner)
        name = NAMES.get((short, number), (f"Learner {number} {short}", "", 0))[0]
        people.append(_entry("learner", centre, name, None, {"code": accounts.show_code(code)}, learner))
    return people


def _entry(
    role: str, centre: Centre, name: str, login: str | None, secret: Mapping[str, str], person: Person
) -> dict[str, Any]:
    return {
        "role": role, "centre": centre.slug, "name": name, "login": login, **secret, "id": str(person.uuid),
        "suspended": person.is_suspended,
    }  # fmt: skip


def _find_learner(current: Session, cohort: Cohort, number: int) -> Person | None:
    return current.scalar(select(Person).where(Person.host_id == f"demo:{cohort.centre.slug}:{number}"))


def _learner(current: Session, short: str, number: int) -> Person:
    return current.scalars(select(Person).where(Person.host_id == f"demo:{short}:{number}")).one()


# --- learning, as a person would ---------------------------------------------------------------------


def right_response(item: ItemType) -> dict[str, Any]:
    """Return a fully right response to an item, in the form its ``read`` would give."""
    spec: Any = item
    match item.type:
        case "single" | "picture":
            return {"choice": next(o.id for o in spec.options if o.right)}
        case "hotspot":
            return {"choice": next(s.id for s in spec.spots if s.right)}
        case "multiple":
            return {"choices": [o.id for o in spec.options if o.right]}
        case "truth":
            return {"choice": spec.key}
        case "can-do":
            return {"choice": "with-help"}
        case "match":
            return {"pairs": {p.id: p.id for p in spec.pairs}}
        case "order":
            return {"order": [p.id for p in spec.parts]}
        case "gap-choice":
            return {"gaps": {g.id: next(o.id for o in g.options if o.right) for g in spec.gaps}}
        case "gap-type":
            return {"texts": {g.id: g.answers[0] for g in spec.gaps}}
        case "form":
            return {"texts": {f.id: f.answers[0] for f in spec.fields}}
        case "short" | "dictation":
            return {"text": spec.answers[0]}
        case "number":
            return {"text": f"{spec.answer:g}"}
        case "scenario":
            return {"path": _best_path(spec, spec.start)[1], "complete": True}
    raise Invalid(f"The demo does not know how to answer an item of the type {item.type}.")


def _best_path(spec: Any, step_id: str | None) -> tuple[float, dict[str, str]]:
    if step_id is None:
        return 0, {}
    step = next(s for s in spec.steps if s.id == step_id)
    best: tuple[float, dict[str, str]] = (-1, {})
    for choice in step.choices:
        points, path = _best_path(spec, choice.next)
        if choice.points + points > best[0]:
            best = (choice.points + points, {step.id: choice.id, **path})
    return best


def _values(item: ItemType, tokens: Tokens) -> dict[str, list[str]]:
    response = right_response(item)
    return given_values(item, item.form(tokens), response, tokens)


def _learn(
    current: Session, house: learning.House, person: Person, slug: str, units: int | None = None
) -> None:
    enrolment = cohorts.get_enrolment_for(current, person, get_course(current, slug))
    book = house.book_of(current, enrolment)
    for name in book.unit_order[:units]:
        for item in book.units[name].items:
            assert isinstance(item, ItemType)  # noqa: S101 - the registry makes nothing else
            learning.submit_answer(
                current, house, person, slug=slug, item_id=item.id, answer_id=uuid4(),
                values=_values(item, house.tokens_of(enrolment.registration)),
            )  # fmt: skip


def _pass(current: Session, house: learning.House, person: Person, slug: str) -> None:
    if certificates.list_awards_of(current, person):
        return
    _learn(current, house, person, slug)
    enrolment = cohorts.get_enrolment_for(current, person, get_course(current, slug))
    book = house.book_of(current, enrolment)
    if book.course.certificate.blueprint is None:
        return
    sitting = learning.start_test(current, house, person, slug, book.course.certificate.blueprint)
    drawn = house.book_of_sitting(current, sitting)
    for name in assessments.drawn_items(sitting):
        item = drawn.bank[name]
        assert isinstance(item, ItemType)  # noqa: S101
        learning.submit_test_answer(
            current, house, person, sitting_id=sitting.id, item_id=name, answer_id=uuid4(),
            values=_values(item, house.tokens(sitting.id)),
        )  # fmt: skip


def _issue(current: Session, state: Any, person: Person) -> None:
    award = certificates.list_awards_of(current, person)[0]
    if award.certificate is not None:
        return
    short, number = str(person.host_id).split(":")[1:]
    passport, own, year = NAMES[short, int(number)]
    certificates.state_identity(
        current, person, passport_name=passport, own_name=own, year_of_birth=year, at=now()
    )
    if person.centre is not None and short == "north":
        accounts.confirm_identity(current, person, person.centre)
    certificates.issue(current, award, keyring=state.keyring, base_url=state.installation.base_url, at=now())


def _certificate(current: Session, person: Person) -> Certificate | None:
    awards = certificates.list_awards_of(current, person)
    return awards[0].certificate if awards else None


def _certificates(current: Session, slug: str) -> list[dict[str, Any]]:
    found = []
    for (short, number), (name, _own, year) in NAMES.items():
        award = current.scalars(
            select(Award)
            .join(Person, Person.id == Award.person_id)
            .where(Person.host_id == f"demo:{short}:{number}")
        ).first()
        if award is None:
            continue
        made = award.certificate
        state = "not issued" if made is None else "valid" if made.standing == "good" else made.standing
        found.append(
            {
                "code": codes.show(made.code) if made else None, "year_of_birth": year if made else None,
                "state": state, "person": name, "course": slug, "award": str(award.uuid),
            }
        )  # fmt: skip
    return found
