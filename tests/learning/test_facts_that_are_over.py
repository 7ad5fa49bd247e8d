"""A fact whose time is over: its page says so, its questions wait, and nobody is kept from the certificate."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from flask import Flask

from headstart_lms.assessments import services as assessments
from headstart_lms.assessments.items.base import ItemType
from headstart_lms.cli import headstart
from headstart_lms.demo import right_response
from headstart_lms.kernel.db import transaction
from headstart_lms.learning import pages
from headstart_lms.learning import services as learning
from tests import cast, make
from tests.browsing import Browser
from tests.commands import run, run_json
from tests.conftest import Clock

SLUG = "buses"
AFTER = datetime(2027, 1, 2, 12, tzinfo=UTC)


def publish(app: Flask, folder: Path, facts: dict[str, str]) -> None:
    make.make_course(app, folder, slug=SLUG, uuid=UUID("5f0c64f4-2f66-4f0a-9a38-0f3a3b8f2b11"), facts=facts)


def answer(app: Flask, *items: str) -> None:
    """Let Amina answer questions of units, rightly."""
    house = make.house_of(app)
    with transaction() as current:
        amina = cast.find_person(current, "amina")
        enrolment = learning.enrol(current, house, amina, SLUG, language="en")
        book = house.book_of(current, enrolment)
        tokens = house.tokens_of(enrolment.registration)
        for name in items:
            item = book.items[name]
            assert isinstance(item, ItemType)
            values = pages.given_values(item, item.form(tokens), right_response(item), tokens)
            learning.submit_answer(
                current, house, amina, slug=SLUG, item_id=name, answer_id=uuid4(), values=values
            )


def sit(app: Flask) -> tuple[UUID, list[str]]:
    """Let Amina begin the final test; return the sitting and its questions."""
    with transaction() as current:
        amina = cast.find_person(current, "amina")
        sitting = learning.start_test(current, make.house_of(app), amina, SLUG, "final")
        return sitting.id, list(assessments.drawn_items(sitting))


def pass_test(app: Flask) -> None:
    sitting_id, drawn = sit(app)
    house = make.house_of(app)
    with transaction() as current:
        amina = cast.find_person(current, "amina")
        book = house.book_of_sitting(current, assessments.get_sitting_for(current, amina.id, sitting_id))
        for name in drawn:
            item = book.bank[name]
            assert isinstance(item, ItemType)
            tokens = house.tokens(sitting_id)
            values = pages.given_values(item, item.form(tokens), right_response(item), tokens)
            learning.submit_test_answer(
                current, house, amina, sitting_id=sitting_id, item_id=name, answer_id=uuid4(), values=values
            )


def test_its_question_waits_and_the_unit_can_be_finished_without_it(
    app: Flask, tmp_path: Path, clock: Clock, as_person: Callable[[str], Browser]
) -> None:
    with app.app_context():
        publish(app, tmp_path, {"first-can": "bus-price"})
        answer(app, "first-hello")
    amina = as_person("amina")
    before = amina.open(f"/courses/{SLUG}/first")
    assert {form.attributes["data-item"] for form in before.item_forms()} == {"first-hello", "first-can"}
    clock.set(AFTER)
    amina = as_person("amina")
    after = amina.open(f"/courses/{SLUG}/first")
    assert {form.attributes["data-item"] for form in after.item_forms()} == {"first-hello"}
    assert "1 question here is being checked" in after.text
    assert str(amina.open(f"/courses/{SLUG}").link(rel="next")).endswith(f"/courses/{SLUG}/second")


def test_an_answer_from_a_page_that_was_open_before_is_still_taken(
    app: Flask, tmp_path: Path, clock: Clock
) -> None:
    with app.app_context():
        publish(app, tmp_path, {"first-can": "bus-price"})
        clock.set(AFTER)
        answer(app, "first-can")


def test_a_test_is_drawn_without_it_and_can_be_passed(app: Flask, tmp_path: Path, clock: Clock) -> None:
    with app.app_context():
        publish(app, tmp_path, {"bank-price": "bus-price"})
        answer(app, "first-hello")
        clock.set(AFTER)
        assert sit(app)[1] == ["bank-thanks"]


def test_a_course_that_became_complete_by_waiting_gives_its_award_at_the_next_look(
    app: Flask, tmp_path: Path, clock: Clock, as_person: Callable[[str], Browser]
) -> None:
    with app.app_context():
        publish(app, tmp_path, {"first-can": "bus-price"})
        answer(app, "first-hello", "second-story")
        pass_test(app)
    assert "Get the certificate" not in as_person("amina").open(f"/courses/{SLUG}").text
    clock.set(AFTER)
    page = as_person("amina").open(f"/courses/{SLUG}")
    assert "Get the certificate" in page.text
    with app.app_context():
        assert run(app, "progress", "rebuild", "--check").exit_code == 0


def test_the_command_lists_what_is_due_on_a_day_with_what_hangs_on_it(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        publish(app, tmp_path, {"first-can": "bus-price", "bank-price": "bus-price"})
    assert run_json(app, "facts", "due", "--on", "2026-12-14") == []
    (review,) = run_json(app, "facts", "due", "--on", "2026-12-15")
    assert (review["fact"], review["why"], review["since"]) == ("bus-price", "review", "2026-12-15")
    (over,) = run_json(app, "facts", "due", "--on", "2026-12-25", "--within", "7")
    assert (over["why"], over["since"], over["items"]) == ("expired", "2026-12-31", 2)
    assert over["used_in"] == ["first", "bank"]
    assert over["url"] == "https://bus.example.org/"


def test_the_command_reads_course_folders_without_an_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADSTART_INSTANCE", str(tmp_path / "none"))
    folder = make.write_course(tmp_path / "course", facts={"first-can": "bus-price"})
    told = CliRunner().invoke(headstart, ["facts", "due", str(folder), "--on", "2027-02-01", "--json"])
    assert [row["fact"] for row in json.loads(told.stdout)] == ["bus-price"]
    assert not (tmp_path / "none").exists()
