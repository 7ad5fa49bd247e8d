"""Where the course has no recording of words it teaches, the page leaves room for the phone's own voice."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from headstart_lms.kernel.db import transaction
from headstart_lms.learning import services as learning
from tests import cast, make
from tests.browsing import Browser
from tests.courses import sounding, tiny

HOLDER = re.compile(
    r'<span class="hs-speaker" data-hs-say="([^"]*)" data-lang="([^"]*)" data-label="([^"]*)" hidden>'
)


@pytest.fixture
def read(app: Flask, as_person: Callable[[str], Browser], tmp_path: Path) -> Callable[[str], str]:
    """Publish a course of Italian with one clip, enrol Amina, and return a function that reads a page as she does."""
    folder = sounding.write(tmp_path / "course")
    tiny.replace(folder, "course.yaml", "slug: tiny", "slug: little")
    for name in ("b-one", "b-two"):
        tiny.replace(
            folder,
            "bank/all.yaml",
            f"id: {name}, type: truth,",
            f"id: {name}, type: truth, stimulus: {{it: Sì}},",
        )
    tiny.replace(
        folder,
        "units/first.yaml",
        "id: i-truth, type: truth,",
        "id: i-truth, type: truth, stimulus: {it: Aperto},",
    )
    with app.app_context():
        make.publish_folder(app, folder)
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            learning.enrol(current, make.house_of(app), amina, "little", language="en")
    client = as_person("amina").client
    return lambda path: client.get(path).get_data(as_text=True)


def holders(html: str) -> list[tuple[str, str, str]]:
    return [(unescape(said), language, unescape(label)) for said, language, label in HOLDER.findall(html)]


def test_words_and_turns_without_a_clip_have_room_for_it_and_others_do_not(
    read: Callable[[str], str],
) -> None:
    found = [one for step in (1, 2) for one in holders(read(f"/courses/little/first?step={step}"))]
    assert {("la porta", "it", "Phone voice"), ("l'ombra", "it", "Phone voice")} <= set(found)
    assert ("Buongiorno, signora!", "it", "Phone voice: Omar") in found
    assert ("Aperto", "it", "Phone voice") in found
    assert not [said for said, _language, _label in found if said == "Buongiorno!"]  # Sara's turn has a clip


def test_a_test_is_read_by_the_learner_alone(app: Flask, read: Callable[[str], str]) -> None:
    with app.app_context():
        with transaction() as current:
            amina = cast.find_person(current, "amina")
            sitting = learning.start_test(current, make.house_of(app), amina, "little", "final")
            address = f"/sittings/{sitting.id}"
    html = read(address)
    assert "Sì" in html
    assert not holders(html)
    assert "data-hs-aloud" not in html


def test_texts_and_questions_of_a_unit_can_be_read_aloud(read: Callable[[str], str]) -> None:
    html = read("/courses/little/first?step=2")
    assert re.search(
        r'<fieldset class="hs-item[^>]*>\s*<legend[^>]*>.*?</legend>\s*<span class="hs-speaker hs-aloud"',
        html,
        re.S,
    )
    assert re.search(
        r'<div class="hs-block"><span class="hs-speaker hs-aloud"', read("/courses/little/first")
    )
