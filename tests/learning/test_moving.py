"""A new edition: learners move when they want, and keep what they did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.assessments.items.base import ItemType
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.library import get_course
from headstart_lms.demo import right_response
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import pages
from headstart_lms.learning import services as learning
from tests import cast, make
from tests.browsing import Browser
from tests.commands import run, run_json

SLUG = "trams"
UUID_ = UUID("6a1d75e5-3a77-4a1b-8b49-1f4b4c9a3c22")


@pytest.fixture
def begun(app: Flask, tmp_path: Path) -> Path:
    """Amina has done the first unit of edition 1."""
    with app.app_context():
        make.make_course(app, tmp_path, slug=SLUG, uuid=UUID_)
        house = make.house_of(app)
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            enrolment = learning.enrol(current, house, amina, SLUG, language="en")
            book = house.book_of(current, enrolment)
            tokens = house.tokens_of(enrolment.registration)
            for item in book.units["first"].items:
                assert isinstance(item, ItemType)
                values = pages.given_values(item, item.form(tokens), right_response(item), tokens)
                learning.submit_answer(
                    current, house, amina, slug=SLUG, item_id=item.id, answer_id=uuid4(), values=values
                )
    return tmp_path


def publish_second(app: Flask, folder: Path) -> None:
    """Publish edition 2: the second unit has another question, with an id of its own."""
    unit = folder / "units" / "second.yaml"
    text = unit.read_text(encoding="utf-8")
    course = folder / "course.yaml"
    unit.write_text(text.replace("second-story", "second-tale"), encoding="utf-8")
    course.write_text(course.read_text(encoding="utf-8").replace('"1.0"', '"2.0"'), encoding="utf-8")
    with app.app_context():
        make.publish_folder(app, folder)


def edition(app: Flask) -> int:
    with app.app_context():
        amina = cast.find_person(session(), "amina")
        row = get_course(session(), SLUG)
        found = session().scalar(
            select(Enrolment.edition).where(Enrolment.person_id == amina.id, Enrolment.course_id == row.id)
        )
        assert found is not None
        return found


def test_the_course_page_offers_the_new_edition_and_what_was_done_stays(
    app: Flask, begun: Path, as_person: Callable[[str], Browser]
) -> None:
    amina = as_person("amina")
    assert "new edition" not in amina.open(f"/courses/{SLUG}").text
    publish_second(app, begun)
    page = amina.open(f"/courses/{SLUG}")
    assert "Then 1 unit is left to do." in page.text
    after = amina.send(page.form(to=f"/courses/{SLUG}/move"))
    assert "1 / 2 units done" in after.text
    assert "new edition" not in after.text
    assert edition(app) == 2
    assert 'data-item="second-tale"' in amina.client.get(f"/courses/{SLUG}/second").text
    assert run(app, "progress", "rebuild", "--check").exit_code == 0


def test_the_command_moves_everybody_and_says_so_before(app: Flask, begun: Path) -> None:
    publish_second(app, begun)
    told = run_json(app, "course", "move", SLUG, "--dry-run")
    assert (told["moved"], told["edition"], edition(app)) == (1, 2, 1)
    assert run_json(app, "course", "move", SLUG)["moved"] == 1
    assert edition(app) == 2
    assert run_json(app, "course", "move", SLUG)["moved"] == 0
    refused = run(app, "course", "move", "no-such-course")
    assert refused.exit_code == 1


def test_who_sits_in_a_test_is_moved_later(
    app: Flask, begun: Path, as_person: Callable[[str], Browser]
) -> None:
    with app.app_context(), transaction() as current:
        amina = cast.find_person(current, "amina")
        learning.start_test(current, make.house_of(app), amina, SLUG, "final")
    publish_second(app, begun)
    assert run_json(app, "course", "move", SLUG)["in_a_test"] == 1
    assert as_person("amina").post(f"/courses/{SLUG}/move").status == 409
    assert edition(app) == 1


def test_an_edition_that_is_not_there_is_refused(app: Flask, begun: Path) -> None:
    told = run(app, "course", "move", SLUG, "--to", "7")
    assert told.exit_code == 1
    assert "This version of the course is not here" in told.stderr
