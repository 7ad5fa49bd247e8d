"""Words come again: those of units that were begun, behind a tap, with four answers."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from flask import Flask
from sqlalchemy import func, select

from headstart_lms.assessments.items.base import ItemType
from headstart_lms.assessments.models import Review
from headstart_lms.courses.parts import VocabularyBlock
from headstart_lms.demo import right_response
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import pages
from headstart_lms.learning import services as learning
from tests import cast, make
from tests.browsing import Browser
from tests.commands import run
from tests.conftest import Clock

ITALIAN = "it-italiano-a1"
PAGE = f"/courses/{ITALIAN}/review"


def begin(app: Flask) -> list[str]:
    """Let Amina answer one question of the first unit with words; return the ids of these words."""
    with app.app_context():
        make.make_bundled_course(app, ITALIAN)
        house = make.house_of(app)
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            enrolment = learning.enrol(current, house, amina, ITALIAN, language="en")
            book = house.book_of(current, enrolment)
            tokens = house.tokens_of(enrolment.registration)
            for name in book.unit_order:
                unit = book.units[name]
                words = [e for b in unit.blocks if isinstance(b, VocabularyBlock) for e in b.entries]
                if words:
                    item = unit.items[0]
                    assert isinstance(item, ItemType)
                    values = pages.given_values(item, item.form(tokens), right_response(item), tokens)
                    learning.submit_answer(
                        current, house, amina, slug=ITALIAN, item_id=item.id, answer_id=uuid4(), values=values
                    )
                    return words
    raise AssertionError("no unit of this course has words")


def test_before_any_unit_the_page_says_where_words_come_from(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    with app.app_context():
        make.make_bundled_course(app, ITALIAN)
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            learning.enrol(current, make.house_of(app), amina, ITALIAN, language="en")
    assert "Begin a unit" in as_person("amina").open(PAGE).text


def test_a_word_is_shown_answered_and_followed_by_the_next(
    app: Flask, clock: Clock, as_person: Callable[[str], Browser]
) -> None:
    words = begin(app)
    amina = as_person("amina")
    page = amina.open(PAGE)
    seen = []
    for _word in words[:3]:
        form = page.form(having="entry")
        sent = dict(form.filled)
        seen.append(sent["entry"])
        page = amina.post(PAGE, {**sent, "rating": "good"})
    assert seen == words[:3]
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Review)) == 3
        assert run(app, "progress", "rebuild", "--check").exit_code == 0


def test_the_same_review_sent_twice_is_one_and_with_another_answer_it_is_refused(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    begin(app)
    amina = as_person("amina")
    sent = dict(amina.open(PAGE).form(having="entry").filled)
    for _time in range(2):
        assert amina.client.post(PAGE, data={**sent, "rating": "easy"}).status_code == 303
    assert amina.client.post(PAGE, data={**sent, "rating": "again"}).status_code == 409
    assert amina.client.post(PAGE, data={**sent, "rating": "5"}).status_code == 422
    assert amina.client.post(PAGE, data={**sent, "rating": "good", "entry": "no-such"}).status_code == 404
    assert amina.client.post(PAGE, data={**sent, "rating": "good", "review_id": "x"}).status_code == 422
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Review)) == 1


def test_the_course_says_how_many_words_wait(app: Flask, as_person: Callable[[str], Browser]) -> None:
    words = begin(app)
    text = as_person("amina").open(f"/courses/{ITALIAN}").text
    assert f"Review {min(8, len(words))} words" in text


def test_the_learner_reads_in_her_record_which_word_it_was(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    begin(app)
    amina = as_person("amina")
    form = amina.open(PAGE).form(having="entry")
    amina.post(PAGE, {**dict(form.filled), "rating": "good"})
    assert "Reviewed buongiorno" in " ".join(amina.open("/me/record").text.split())


def test_reviews_are_told_exported_and_erased(app: Flask, as_person: Callable[[str], Browser]) -> None:
    begin(app)
    amina = as_person("amina")
    sent = dict(amina.open(PAGE).form(having="entry").filled)
    amina.post(PAGE, {**sent, "rating": "hard"})
    with app.app_context():
        from headstart_lms.privacy.services import erase, export

        with transaction() as current:
            person = cast.find_person(current, "amina")
            (enrolment,) = [e for e in export(current, person)["enrolments"] if e["course"] == ITALIAN]
            assert [(r["word"], r["rating"]) for r in enrolment["reviews"]] == [(sent["entry"], 2)]
            told = [
                s for s in enrolment["statements"] if s["object"]["id"].endswith(f"/words/{sent['entry']}")
            ]
            assert [s["result"] for s in told] == [{"success": True, "response": "hard"}]
            erase(current, person)
        assert session().scalar(select(func.count()).select_from(Review)) == 0
