"""A centre, a learner and what she reached; the test data of the standards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from headstart_lms.accounts.models import Centre, Person
from headstart_lms.certificates import contexts, services
from headstart_lms.certificates.models import Award, Certificate
from headstart_lms.certificates.rules import Assessed, AwardFacts
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.models import Course
from headstart_lms.kernel import i18n
from headstart_lms.kernel.crypto import Keyring
from headstart_lms.kernel.db import Base, set_pragmas

VECTORS = Path(__file__).parent.parent / "vectors" / "credentials"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BASE_URL = "https://learn.example.org/start"
COURSE = UUID("6b0f4a3e-9d52-4c1b-8a77-0c1f2d3e4a5b")
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"


def facts(**changes: Any) -> AwardFacts:
    values: dict[str, Any] = {
        "course_uuid": COURSE, "slug": "it-italiano-a1", "kind": "language", "version": "1.2",
        "titles": {"en": "Italian A1", "ar": "الإيطالية A1"}, "hours": 60, "country": "IT", "language": "it",
        "level": "A1", "skills": {"listening": "A1", "reading": "A1"},
        "outcomes": ("Can say who she is", "Can ask for the way"),
        "assessed": Assessed(mode="supervised", blueprint_id="final", score=0.82, passed_at=NOON),
        "valid_months": 24,
    }  # fmt: skip
    return AwardFacts(**{**values, **changes})


def find_context(address: str) -> dict[str, Any]:
    """Our pinned contexts, and the one that only the examples of the standards use."""
    if address == EXAMPLES:
        found: dict[str, Any] = json.loads((VECTORS / "contexts" / "examples-v2.jsonld").read_text())
        return found
    return contexts.context(address)


@dataclass
class World:
    session: Session
    keyring: Keyring
    centre: Centre
    person: Person
    enrolment: Enrolment
    award: Award

    def issue(self, at: datetime = NOON, base_url: str = BASE_URL) -> Certificate:
        return services.issue(self.session, self.award, keyring=self.keyring, base_url=base_url, at=at)

    def document(self, certificate: Certificate) -> dict[str, Any]:
        found = services.read_payload(certificate)
        assert found is not None
        return found

    def another(self, slug: str = "another", **changes: Any) -> Award:
        """Another award of the same learner."""
        uuid = UUID(int=abs(hash(slug)) % 2**64)
        course = Course(uuid=uuid, slug=slug, kind="language", destination="IT", current_digest="0" * 64)
        self.session.add(course)
        self.session.flush()
        enrolment = Enrolment(person=self.person, course=course, edition=1, language="ar")
        self.session.add(enrolment)
        self.session.flush()
        made = facts(course_uuid=uuid, slug=slug, **changes)
        return services.award(self.session, enrolment=enrolment, facts=made, at=NOON)


@pytest.fixture(autouse=True)
def _english() -> None:
    """Start every test in English: the language of the page before stays in this thread."""
    i18n.set_language("en")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = create_engine(f"sqlite:///{tmp_path / 'certificates.sqlite3'}")
    set_pragmas(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


@pytest.fixture
def world(session: Session, tmp_path: Path) -> World:
    centre = Centre(slug="amman", name="Amman Learning Centre", country="JO", is_default=True)
    person = Person(centre=centre, language="ar")
    course = Course(
        uuid=COURSE, slug="it-italiano-a1", kind="language", destination="IT", current_digest="0" * 64
    )
    session.add_all([centre, person, course])
    session.flush()
    enrolment = Enrolment(person=person, course=course, edition=1, language="ar")
    session.add(enrolment)
    session.flush()
    award = services.award(session, enrolment=enrolment, facts=facts(), at=NOON)
    services.state_identity(
        session, person, passport_name="AMINA AL-HASSAN", own_name="أمينة الحسن", year_of_birth=1990, at=NOON
    )
    return World(session, Keyring(tmp_path / "keys"), centre, person, enrolment, award)
