"""Tests of a course over HTTP: the form, the pass rule in words, what is drawn, a sample, all sittings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from headstart_lms.accounts import services as accounts
from headstart_lms.assessments.models import Answer, Attempt, Sitting
from headstart_lms.assessments.pass_rules import pass_rule_words
from headstart_lms.authoring import blueprint_edit, store
from headstart_lms.authoring.forms import CourseContext, fields_to_values
from headstart_lms.authoring.models import Revision
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.document import Blueprint
from headstart_lms.kernel import i18n
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import services as learning
from headstart_lms.paths import bundled_courses

from ..browsing import Browser
from ..make import house_of, write_course
from .drafts import draft_of, make_draft, save, staff

AsPerson = Callable[[str], Browser]
COURSE = CourseContext()


@pytest.fixture
def uuid(app: Flask, folder: Path) -> UUID:
    return make_draft(app, folder)


@pytest.fixture
def read(app: Flask, uuid: UUID) -> Callable[[str], Any]:
    def data(path: str) -> Any:
        with app.app_context():
            return store.read_data(session(), draft_of(uuid), path)[0]

    return data


def at(uuid: UUID, path: str = "") -> str:
    return f"/teach/courses/{uuid}/tests{path}"


def questions(*rows: tuple[str, str, int, str]) -> list[dict[str, Any]]:
    """Return a bank: (id, tag, difficulty, topic)."""
    return [
        {"id": name, "type": "number", "prompt": f"How much is {name}?", "answer": 3, "tags": [tag],
         "difficulty": level, **({"topic": topic} if topic else {})}
        for name, tag, level, topic in rows
    ]  # fmt: skip


# --- the form ------------------------------------------------------------------------------------------


@pytest.mark.every_app
def test_a_test_is_written_from_nothing_without_a_script(
    app: Flask, uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.send(bruno.open(at(uuid)).form(having="title"), {"title": "Half-way test"})
    assert page.path.endswith("/tests/test-1")
    assert "not finished" in page.text
    form = page.form(to="/tests/test-1")
    page = bruno.send(
        form,
        {
            "f-minutes": "15", "f-attempts": "2", "f-sections.+1.title": "Words",
            "f-sections.+1.draw": "words: 1",
            "f-rule.of.r1.percent": "50",
        },
        do="save",
    )  # fmt: skip
    form = page.form(to="/tests/test-1")
    assert form.choices["f-rule.of.+1.parts"] == ["p1"]
    page = bruno.send(form, {"f-rule.of.+1.percent": "40", "f-rule.of.+1.kind": "each"}, do="save")
    assert read("blueprints.yaml")[1] == {
        "id": "test-1", "title": "Half-way test", "minutes": 15, "attempts": 2,
        "sections": [{"id": "p1", "title": "Words", "draw": [{"tags": ["words"], "count": 1}]}],
        "pass": {"all": [{"overall": 50}, {"each": 40}]},
    }  # fmt: skip
    assert "To pass you need: 50 % of the points in all and at least 40 % in each part." in page.text


def test_a_test_that_nobody_touched_is_saved_without_a_change(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    bruno = as_person("bruno")
    bruno.send(bruno.open(at(uuid, "/final")).form(to="/tests/final"), {}, do="save")
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Revision)) == 1


@pytest.mark.parametrize(
    "name", sorted(path.parent.name for path in bundled_courses().glob("*/blueprints.yaml"))
)
def test_the_tests_of_every_course_we_ship_come_back_as_they_are(name: str) -> None:
    for before in yaml.safe_load((bundled_courses() / name / "blueprints.yaml").read_text(encoding="utf-8")):
        values = fields_to_values(blueprint_edit.fields(before, COURSE))
        after = blueprint_edit.read(values, before, COURSE)
        assert after == before
        assert list(after) == list(before)


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_is_kept(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    form = bruno.open(at(uuid, "/final")).form(to="/tests/final")
    page = bruno.send(form, {"f-minutes": "half an hour", "f-rule.of.r1.percent": "many"}, do="save")
    [row] = read("blueprints.yaml")
    assert (row["minutes"], row["pass"]) == ("half an hour", {"overall": "many"})
    assert 'value="half an hour"' in page.body
    assert "The test is not finished yet:" in page.text
    assert "not finished" in bruno.open(at(uuid)).text


def test_a_test_without_a_title_is_not_begun(
    uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    bruno = as_person("bruno")
    page = bruno.send(bruno.open(at(uuid)).form(having="title"), {"title": "  "})
    assert page.status == 422
    assert "Write a title." in page.text
    assert len(read("blueprints.yaml")) == 1


def test_a_test_is_deleted_and_the_history_has_it(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    bruno = as_person("bruno")
    bruno.send(bruno.open(at(uuid)).form(having="title"), {"title": "Half-way test"})
    page = bruno.open(at(uuid, "/test-1"))
    after = bruno.send(page.form(to="/delete"))
    assert "Half-way test" not in after.text
    assert bruno.open(at(uuid, "/test-1")).status == 404
    assert "Deleted: Half-way test" in bruno.open(f"/teach/courses/{uuid}/history").text
    # that of the certificate is not offered for deleting
    assert all(not form.action.endswith("/delete") for form in bruno.open(at(uuid, "/final")).forms)


def test_readers_read_and_others_see_nothing(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    tina = staff(app, "tina")
    page = tina.open(at(uuid, "/final"))
    assert page.status == 200
    assert "<fieldset disabled>" in page.body
    assert tina.post(at(uuid), {"title": "Mine"}).status == 403
    for path in ("", "/final", "/final/sample", "/final/sittings"):
        assert as_person("dmitri").open(at(uuid, path)).status == 404
        assert as_person("amina").open(at(uuid, path)).status == 404
    assert as_person("bruno").open(at(uuid, "/nothing")).status == 404


# --- pass rules ----------------------------------------------------------------------------------------

_percent = st.integers(0, 100)
_simple = st.one_of(
    st.builds(lambda n: {"overall": n}, _percent),
    st.builds(lambda n: {"each": n}, _percent),
    st.builds(lambda n: {"section": "a", "min": n}, _percent),
    st.builds(lambda n: {"group": ["a", "b"], "min": n}, _percent),
)


def _groups(inner: Any) -> Any:
    rules = st.lists(inner, min_size=1, max_size=4)
    return st.one_of(
        st.builds(lambda r: {"all": r}, rules), st.builds(lambda r: {"any": r}, rules),
        st.builds(lambda r: {"atleast": len(r), "of": r}, rules),
    )  # fmt: skip


_rules = st.one_of(_simple, _groups(_simple), _groups(st.one_of(_simple, _groups(_simple))))


def _blueprint(rule: Any) -> dict[str, Any]:
    draw = [{"tags": ["x"], "count": 1}]
    return {
        "id": "t", "title": "T", "minutes": 5,
        "sections": [{"id": name, "title": name.upper(), "draw": draw} for name in ("a", "b")], "pass": rule,
    }  # fmt: skip


@given(_rules)
def test_every_rule_of_two_levels_comes_back_as_it_is(rule: Any) -> None:
    before = _blueprint(rule)
    assert not blueprint_edit.is_deep(before)
    values = fields_to_values(blueprint_edit.fields(before, COURSE))
    assert blueprint_edit.read(values, before, COURSE) == before


@given(_rules)
def test_a_rule_that_is_written_anew_means_the_same(rule: Any) -> None:
    """What the form writes of the rows reads in words as what it was made of."""
    rows = blueprint_edit.rule_rows(rule)
    assert rows is not None
    with i18n.in_language("en"):
        old, new = (
            pass_rule_words(Blueprint.model_validate(_blueprint(one)))
            for one in (rule, blueprint_edit.rule_of(rows))
        )
    assert new == old


def test_a_rule_with_more_levels_stays_as_it_is(
    app: Flask, uuid: UUID, as_person: AsPerson, read: Callable[[str], Any]
) -> None:
    [row] = read("blueprints.yaml")
    deep = {"all": [{"any": [{"all": [{"overall": 50}, {"each": 20}]}, {"overall": 80}]}, {"overall": 40}]}
    save(app, uuid, "blueprints.yaml", [{**row, "pass": deep}])
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "/final"))
    assert "more levels than this form" in page.text
    bruno.send(page.form(to="/tests/final"), {"f-minutes": "12"}, do="save")
    [after] = read("blueprints.yaml")
    assert (after["minutes"], after["pass"]) == (12, deep)


@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
                    lambda inner: st.one_of(st.lists(inner, max_size=3),
                                            st.dictionaries(st.sampled_from(["overall", "each", "all", "any", "of",
                                                                             "atleast", "section", "group", "min"]),
                                                            inner, max_size=3)),
                    max_leaves=8))  # fmt: skip
def test_no_rule_breaks_the_form(rule: Any) -> None:
    before = _blueprint(rule)
    values = fields_to_values(blueprint_edit.fields(before, COURSE))
    assert blueprint_edit.read(values, before, COURSE) == before


# --- what is drawn -------------------------------------------------------------------------------------


def test_the_page_says_whether_the_bank_has_enough(app: Flask, uuid: UUID, as_person: AsPerson) -> None:
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "/final"))
    assert "2 more for twice as many" in page.text  # two of two
    assert "too few sittings" in page.text
    save(app, uuid, "bank/words.yaml", questions(("q1", "words", 1, "")))
    assert "1 is missing" in bruno.open(at(uuid, "/final")).text
    assert "has not enough questions" in bruno.open(at(uuid, "/final/sample")).text
    assert "has not enough questions" in bruno.open(at(uuid, "/final/sittings")).text
    save(app, uuid, "bank/words.yaml", questions(*((f"q{n}", "words", 1, "") for n in range(4))))
    assert "yes" in bruno.open(at(uuid, "/final")).text


def test_a_sample_is_what_the_program_draws_and_can_be_seen_again(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    save(app, uuid, "bank/words.yaml", questions(*((f"q{n}", "words", 1 + n % 3, "") for n in range(12))))
    bruno = as_person("bruno")
    page = bruno.open(at(uuid, "/final/sample?seed=abc"))
    shown = [form.attributes["data-item"] for form in page.item_forms()]
    assert len(shown) == 2
    again = bruno.open(at(uuid, "/final/sample?seed=abc"))
    assert [form.attributes["data-item"] for form in again.item_forms()] == shown
    samples = {
        tuple(
            form.attributes["data-item"]
            for form in bruno.open(at(uuid, f"/final/sample?seed={n}")).item_forms()
        )
        for n in range(8)
    }
    assert len(samples) > 1
    tried = bruno.send(page.item_forms()[0], {"response": "3"})
    assert "100 %" in tried.text
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Answer)) == 0


def test_a_question_that_is_not_finished_is_left_out_and_counted(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    rows = questions(*((f"q{n}", "words", 1, "") for n in range(4)))
    del rows[0]["answer"]
    save(app, uuid, "bank/words.yaml", rows)
    bruno = as_person("bruno")
    assert "1 question of the bank is not finished" in bruno.open(at(uuid, "/final")).text
    shown = {
        form.attributes["data-item"]
        for n in range(6) for form in bruno.open(at(uuid, f"/final/sample?seed={n}")).item_forms()
    }  # fmt: skip
    assert shown == {"q1", "q2", "q3"}


def test_all_sittings_say_which_questions_come_always_and_which_never(
    app: Flask, uuid: UUID, as_person: AsPerson
) -> None:
    """Of topics with one question and topics with many, the draw takes one of each topic: the lonely one always."""
    save(app, uuid, "bank/words.yaml",
         questions(("lonely", "words", 1, "health"), *((f"q{n}", "words", 1, "money") for n in range(5))))  # fmt: skip
    page = as_person("bruno").open(at(uuid, "/final/sittings"))
    assert "1 question is in every sitting" in page.text
    assert "lonely" in page.text
    assert "is never drawn" not in page.text
    assert "Of 1000 sittings drawn now, different: 5" in page.text


# --- numbers -------------------------------------------------------------------------------------------


def _answers(app: Flask, count: int, right: int, centre: str = "north") -> None:
    """Let learners of a centre answer the first question of a unit and sit a test, the first ``right`` of them well."""
    state = app.extensions["headstart"]
    with app.app_context(), transaction() as current:
        for number in range(count):
            person, _code = accounts.start_learner(
                current, state.keyring, language="en", destination="IT", route="labour",
                centre=accounts.get_centre(current, centre),
            )  # fmt: skip
            enrolment: Enrolment = learning.enrol(current, house_of(app), person, "tiny", language="en")
            attempt = Attempt(enrolment_id=enrolment.id, unit_id="first", edition=1, correction=0)
            sitting = Sitting(
                enrolment_id=enrolment.id, blueprint_id="final", edition=1, correction=0, number=1, seed="x",
                drawn={"words": ["bank-thanks", "bank-price"]}, deadline=now(), finished=now(), score=1.0, passed=True,
            )  # fmt: skip
            current.add_all([attempt, sitting])
            current.flush()
            score = 1.0 if number < right else 0.0
            current.add_all(
                [
                    Answer(
                        id=uuid4(), attempt_id=attempt.id, item_id="first-hello", response={}, score=score
                    ),
                    Answer(
                        id=uuid4(), sitting_id=sitting.id, item_id="bank-thanks", response={}, score=score
                    ),
                ]
            )


@pytest.mark.both_databases
def test_questions_show_how_they_were_answered_when_enough_learners_of_the_centre_did(
    app: Flask, as_person: AsPerson, tmp_path: Path
) -> None:
    uuid = make_draft(app, write_course(tmp_path / "same"))
    _answers(app, 29, 20)
    _answers(app, 40, 0, "south")  # not their own: they count for nobody here
    bruno = as_person("bruno")
    pages = [
        f"/teach/courses/{uuid}/{path}"
        for path in ("units/first/items/first-hello", "bank/items/bank-thanks", "bank")
    ]
    for path in pages:
        page = bruno.open(path)
        assert "too few answers" in page.text
        assert "69 %" not in page.text
        assert "29 learners" not in page.text
    _answers(app, 1, 1)
    # Wilson, 21 of 30 at 95 %: 52 to 83 %
    for path in pages:
        assert "70 % ( 52–83 % ) · 30 learners" in bruno.open(path).text
    assert "100 %" in bruno.open(at(uuid, "/final")).text  # how often the most drawn question came


def test_a_course_that_is_not_published_has_no_numbers(uuid: UUID, as_person: AsPerson) -> None:
    page = as_person("bruno").open(f"/teach/courses/{uuid}/bank")
    assert "Right at the first try" not in page.text
