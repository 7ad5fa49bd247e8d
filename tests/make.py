"""Things tests need, made by the real services."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy.orm import Session

from headstart_lms.accounts.models import Person
from headstart_lms.builtin import item_types
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.check import Checked, check_folder
from headstart_lms.courses.services import Published, publish
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import services as learning
from headstart_lms.paths import bundled_courses

#: The day courses are checked on; the clock of a test may say something else.
CHECKED_ON = date(2026, 11, 23)
TINY_UUID = UUID("0a4f1f5e-2f0b-4d58-9d0c-7c1f0f6f5a11")

_COURSE = """
format: 1
uuid: {uuid}
slug: {slug}
version: "{version}"
kind: orientation
title: Tiny course
summary: Two units and a test.
destination: {{country: IT}}
source_language: en
support_languages: [en]
hours: 1
authors: [The tests]
licence: CC-BY-4.0
outcomes:
  - {{id: o-ask, text: I can ask for help., topics: [communication]}}
certificate: {{units: all, blueprint: final}}
modules:
  - {{id: all, title: Everything, units: [first, second]}}
"""

_BLUEPRINTS = """
- id: final
  title: Final test
  minutes: 10
  attempts: 2
  sections:
    - {id: words, title: Words, draw: [{tags: [words], count: 2}]}
  pass: {overall: 50}
"""

_FIRST = """
id: first
title: Say hello
minutes: 8
outcomes: [o-ask]
blocks:
  - {id: first-aim, type: text, text: "You learn to say [Buongiorno]{it}."}
  - id: first-practice
    type: items
    items:
      - id: first-hello
        type: single
        prompt: What do you say in the morning?
        options:
          - {id: a, text: {it: Buongiorno}, right: true}
          - {id: b, text: {it: Buonanotte}}
      - id: first-can
        type: can-do
        statement: I can say hello.
"""

_SECOND = """
id: second
title: Somebody keeps your passport
minutes: 8
outcomes: [o-ask]
blocks:
  - id: second-practice
    type: items
    items:
      - id: second-story
        type: scenario
        start: s1
        steps:
          - id: s1
            text: Your employer keeps your passport.
            choices:
              - {id: a, text: I say nothing., points: 0, result: He keeps it., next: s2}
              - {id: b, text: I ask for it., points: 2, result: He says no., next: s2}
          - id: s2
            text: What now?
            choices:
              - {id: a, text: I call a union., points: 2, result: They help.}
              - {id: b, text: Nothing., points: 0, result: He keeps it.}
"""

_BANK = """
- id: bank-thanks
  type: short
  prompt: How do you say "thank you"?
  language: it
  answers: [grazie]
  tags: [words]
- id: bank-price
  type: number
  prompt: The bus costs 2 euros. You pay with 5. How much do you get back?
  answer: 3
  tags: [words]
"""


_FACTS = """
- id: bus-price
  claim: The bus costs 2 euros.
  country: IT
  valid_until: 2026-12-31
  review_by: 2026-12-15
  source: {title: Prices, url: "https://bus.example.org/", read: 2026-11-01}
  owner: The tests
"""


def write_course(
    folder: Path,
    *,
    slug: str = "tiny",
    uuid: UUID = TINY_UUID,
    version: str = "1.0",
    facts: Mapping[str, str] | None = None,
) -> Path:
    """Write the source of a course of two units, three items and a test of two questions.

    ``facts``: {item id: fact id}; the course then has the fact ``bus-price``, good until the end of 2026.
    """
    parts = {
        "course.yaml": _COURSE.format(slug=slug, uuid=uuid, version=version),
        "blueprints.yaml": _BLUEPRINTS,
        "units/first.yaml": _FIRST,
        "units/second.yaml": _SECOND,
        "bank/words.yaml": _BANK,
    }
    if facts:
        parts["facts.yaml"] = _FACTS
        for item, fact in facts.items():
            pattern = re.compile(rf"^( *)- id: {item}$", re.MULTILINE)
            parts = {name: pattern.sub(rf"\g<0>\n\1  facts: [{fact}]", text) for name, text in parts.items()}
    for name, text in parts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def make_course(
    app: Flask,
    folder: Path,
    *,
    slug: str = "tiny",
    uuid: UUID = TINY_UUID,
    facts: Mapping[str, str] | None = None,
) -> Published:
    """Write, check and publish the tiny course. Call in an application context."""
    written = write_course(folder, slug=slug, uuid=uuid, facts=facts)
    return _publish(app, check_folder(written, item_types(), on=CHECKED_ON))


def make_bundled_course(app: Flask, slug: str) -> Published:
    """Publish one of the courses we ship. Call in an application context."""
    return _publish(app, check_folder(bundled_courses() / slug, item_types(), on=CHECKED_ON))


def publish_folder(app: Flask, folder: Path) -> Published:
    """Check and publish a course folder. Call in an application context."""
    return _publish(app, check_folder(folder, item_types(), on=CHECKED_ON))


def _publish(app: Flask, checked: Checked) -> Published:
    assert not checked.errors, [str(finding) for finding in checked.errors]
    state = app.extensions["headstart"]
    with transaction() as current:
        return publish(current, state.storage, state.library, checked)


def house_of(app: Flask) -> learning.House:
    """Return what the services need of an application. Call in an application context."""
    state = app.extensions["headstart"]
    return learning.House.of(state)


def make_enrolment(app: Flask, person: Person, slug: str = "tiny", language: str = "en") -> Enrolment:
    """Enrol a person. Call in an application context."""
    house = house_of(app)
    with transaction() as current:
        enrolment = learning.enrol(current, house, current.merge(person), slug, language=language)
        number = enrolment.id
    found: Session = session()
    return found.get_one(Enrolment, number)
