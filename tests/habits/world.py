"""Two centres with a person of every role, and objects of three owners: mine, a colleague's, another centre's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Centre, Person
from headstart_lms.assessments import services as assessments
from headstart_lms.assessments.items.base import ItemType, Tokens
from headstart_lms.authoring import archives, drafts, store
from headstart_lms.authoring.models import Draft, Mark
from headstart_lms.certificates import bulk, checks, codes
from headstart_lms.certificates import services as certificates
from headstart_lms.certificates.asking import Asker, Entry
from headstart_lms.cohorts import services as cohorts
from headstart_lms.cohorts.models import Cohort
from headstart_lms.courses.library import get_course
from headstart_lms.demo import right_response
from headstart_lms.extension import State
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import transaction
from headstart_lms.learning import services as learning
from headstart_lms.learning.models import Report
from headstart_lms.learning.pages import given_values
from headstart_lms.lrs.services import statements_of

from ..cast import PASSWORD, find_person
from ..make import house_of, write_course

SLUG = "tiny"
#: The roles of the table, and who plays them: all at the centre North.
ROLES = {
    "nobody": None, "learner": "amina", "teacher": "bruno", "examiner": "clara", "manager": "mira",
    "officer": "olga", "admin": "anton",
}  # fmt: skip
#: Names that must never be seen by anybody but their owner and the centre's managers.
NAMES = {"own": "Sentinelle Amina", "other": "Sentinelle Nadia", "far": "Sentinelle Faraway"}


@dataclass
class World:
    """Cookies of everybody, and the parts of addresses by owner: ``own`` is the learner's, ``far`` is South's."""

    app: Flask
    tokens: dict[str, str | None] = field(default_factory=dict)
    parts: dict[str, dict[str, str]] = field(default_factory=dict)


def values_of(item: ItemType, tokens: Tokens) -> dict[str, list[str]]:
    """Return the form fields of a fully right answer."""
    response = right_response(item)
    return given_values(item, item.form(tokens), response, tokens)


def learn(
    current: Session, house: learning.House, person: Person, slug: str = SLUG, units: int | None = None
) -> None:
    """Answer every item of the first units right."""
    enrolment = cohorts.get_enrolment_for(current, person, get_course(current, slug))
    book = house.book_of(current, enrolment)
    for name in book.unit_order[:units]:
        for item in book.units[name].items:
            assert isinstance(item, ItemType)
            learning.submit_answer(
                current, house, person, slug=slug, item_id=item.id, answer_id=uuid4(),
                values=values_of(item, house.tokens_of(enrolment.registration)),
            )  # fmt: skip


def sit_test(current: Session, house: learning.House, person: Person, slug: str = SLUG) -> None:
    """Pass the final test."""
    sitting = learning.start_test(current, house, person, slug, "final")
    book = house.book_of_sitting(current, sitting)
    for name in assessments.drawn_items(sitting):
        item = book.bank[name]
        assert isinstance(item, ItemType)
        learning.submit_test_answer(
            current, house, person, sitting_id=sitting.id, item_id=name, answer_id=uuid4(),
            values=values_of(item, house.tokens(sitting.id)),
        )  # fmt: skip


def make_world(app: Flask) -> World:
    """Add to the cast what the table needs. Call in an application context."""
    world = World(app)
    state, house = app.extensions["headstart"], house_of(app)
    with transaction() as current:
        north, south = accounts.get_centre(current, "north"), accounts.get_centre(current, "south")
        for login, role in (("mira", "manager"), ("olga", "officer"), ("anton", "admin")):
            accounts.make_staff(current, login, PASSWORD, centre=north, role=role)
        course = get_course(current, SLUG)
        group = current.scalars(select(Cohort)).one()
        theirs = cohorts.make_cohort(current, centre=north, course=course, title="Morning group")
        away = cohorts.make_cohort(
            current, centre=south, course=course, title="South group", teacher=find_person(current, "dmitri")
        )
        officers = {"own": find_staff(current, "olga")}
        for owner, login, centre in (("other", "oscar", north), ("far", "faro", south)):
            officers[owner] = accounts.make_staff(current, login, PASSWORD, centre=centre, role="officer")
        owners = {"own": (find_person(current, "amina"), group)}
        for owner, centre, cohort in (("other", north, theirs), ("far", south, away)):
            person, _code = accounts.start_learner(
                current, state.keyring, language="en", destination="IT", route="refugee", centre=centre
            )
            learning.enrol(current, house, person, SLUG, language="en", cohort=cohort)
            owners[owner] = (person, cohort)
        for owner, (person, cohort) in owners.items():
            world.parts[owner] = {"person": str(person.uuid), "uuid": str(cohort.uuid)}
            world.parts[owner] |= _history(current, house, state, person, NAMES[owner])
            world.parts[owner] |= _drafted(current, state, owner)
            world.parts[owner] |= _reported(current, person, world.parts[owner]["draft"])
            world.parts[owner] |= _checked(current, state, officers[owner], world.parts[owner]["code"])
        for role, name in ROLES.items():
            world.tokens[role] = None
            if name is not None:
                person = current.scalars(
                    select(Person).where((Person.login == name) | (Person.host_id == f"cast:{name}"))
                ).one()
                world.tokens[role] = accounts.sign_in(current, person, timedelta(hours=12))
    return world


def find_staff(current: Session, login: str) -> Person:
    return current.scalars(select(Person).where(Person.login == login)).one()


def _checked(current: Session, state: State, officer: Person, code: str) -> dict[str, str]:
    """Let an officer check a code, and begin to check many."""
    outcome = Asker(current, now()).ask(Entry("code", code=codes.parse_code(code)))
    office = checks.get_office(current, officer)
    by = checks.Checker(office.name, "page", office.id, officer)
    batch = bulk.start(current, officer, now())
    batch.is_complete = True
    current.flush()
    return {
        "check": str(checks.record(current, state.keyring, by, outcome, now()).uuid), "batch": str(batch.uuid),
    }  # fmt: skip


#: Who writes the course of each owner: a manager may change every one of her centre, a teacher reads it.
AUTHORS = {"own": "bruno", "other": "mira", "far": "dmitri"}


def _drafted(current: Session, state: State, owner: str) -> dict[str, str]:
    """Begin a course, with a text that was kept aside."""
    author = find_staff(current, AUTHORS[owner])
    folder = write_course(state.folder / f"draft-{owner}", slug=f"draft-{owner}", uuid=uuid4())
    (folder / "media").mkdir(exist_ok=True)
    (folder / "media/door.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>')
    (folder / "media.yaml").write_text(
        "- {id: pic-door, file: door.svg, kind: picture, alt: A door, licence: CC0-1.0, source: own drawing}\n"
    )
    head = folder / "course.yaml"
    text = head.read_text(encoding="utf-8").replace("support_languages: [en]", "support_languages: [en, ar]")
    head.write_text(text, encoding="utf-8")
    files = archives.read_folder(folder).put(state.storage)
    centre = current.get_one(Centre, next(grant.centre_id for grant in author.grants))
    draft = drafts.create_draft(current, author, centre, files)
    kept = Mark(draft_id=draft.id, n=1, kind="kept", name="units/first.yaml",
                digest=store.tree(current, draft)["units/first.yaml"])  # fmt: skip
    current.add(kept)
    current.flush()
    return {"draft": str(draft.uuid), "number": str(kept.id)}


def _reported(current: Session, person: Person, draft_id: str) -> dict[str, str]:
    """Let a learner say that something is wrong in a course that nobody writes at her centre."""
    draft = current.scalars(select(Draft).where(Draft.uuid == UUID(draft_id))).one()
    report = Report(
        id=uuid4(), course_id=get_course(current, SLUG).id, centre_id=draft.centre_id, person_id=person.id,
        unit_id="first", part_id="first-hello", edition=1, correction=0, language="en", kind="other",
    )  # fmt: skip
    current.add(report)
    current.flush()
    return {"report": str(report.id)}


def _history(
    current: Session, house: learning.House, state: State, person: Person, name: str
) -> dict[str, str]:
    """Let a person pass the course and take the certificate, then begin another sitting."""
    learn(current, house, person)
    sit_test(current, house, person)
    award = certificates.list_awards_of(current, person)[0]
    certificates.state_identity(
        current, person, passport_name=name, own_name=name, year_of_birth=1990, at=now()
    )
    made = certificates.issue(
        current,
        award,
        keyring=state.keyring,
        base_url=house.installation.base_url,
        at=now(),
    )
    sitting = learning.start_test(current, house, person, SLUG, "final")
    registration = sitting.enrolment.registration
    return {
        "code": codes.show(made.code), "sitting_id": str(sitting.id), "item_id": assessments.drawn_items(sitting)[0],
        "statement": next(statements_of(current, registration=registration))["id"],
    }  # fmt: skip
