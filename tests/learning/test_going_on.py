"""Coming back to a course leads to where the next open question is."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from flask import Flask

from headstart_lms.assessments.items.base import ItemType
from headstart_lms.demo import right_response
from headstart_lms.kernel.db import transaction
from headstart_lms.learning import pages
from headstart_lms.learning import services as learning
from tests import cast, make
from tests.browsing import Browser

RIGHTS = "it-diritti"


def answer_the_first_screen(app: Flask) -> str:
    """Let Amina answer what stands on the first screen of the first unit; return the unit's id."""
    make.make_bundled_course(app, RIGHTS)
    house = make.house_of(app)
    with transaction() as current:
        amina = cast.find_person(current, "amina")
        enrolment = learning.enrol(current, house, amina, RIGHTS, language="en")
        book = house.book_of(current, enrolment)
        tokens = house.tokens_of(enrolment.registration)
        unit = book.units[book.unit_order[0]]
        for item in pages.screens(unit)[0].items:
            assert isinstance(item, ItemType)
            values = pages.given_values(item, item.form(tokens), right_response(item), tokens)
            learning.submit_answer(
                current, house, amina, slug=RIGHTS, item_id=item.id, answer_id=uuid4(), values=values
            )
        return unit.id


def test_the_main_button_leads_to_the_first_screen_with_an_open_question(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    with app.app_context():
        unit_id = answer_the_first_screen(app)
    course = as_person("amina").open(f"/courses/{RIGHTS}")
    assert str(course.link(rel="next")).endswith(f"/courses/{RIGHTS}/{unit_id}?step=2")


def test_an_answer_that_is_sent_again_opens_no_new_attempt(app: Flask) -> None:
    with app.app_context():
        make.make_bundled_course(app, RIGHTS)
        house = make.house_of(app)
        answer_id = uuid4()
        attempts = set()
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            enrolment = learning.enrol(current, house, amina, RIGHTS, language="en")
            book = house.book_of(current, enrolment)
            tokens = house.tokens_of(enrolment.registration)
            item = book.units[book.unit_order[0]].items[0]
            assert isinstance(item, ItemType)
            values = pages.given_values(item, item.form(tokens), right_response(item), tokens)
            for _time in range(2):
                outcome = learning.submit_answer(
                    current, house, amina, slug=RIGHTS, item_id=item.id, answer_id=answer_id, values=values
                )
                assert outcome.answer is not None
                attempts.add(outcome.answer.attempt_id)
        assert len(attempts) == 1
        assert outcome.is_replay
