"""A key was wrong: finished tests are marked again, after a look at what it changes, and nobody loses by it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts.models import Person
from headstart_lms.assessments.models import Regrade, Sitting
from headstart_lms.authoring import drafts, store
from headstart_lms.authoring.content import content_of
from headstart_lms.certificates.models import Certificate
from headstart_lms.kernel import jobs
from headstart_lms.kernel.db import session, transaction
from headstart_lms.learning import regrading
from headstart_lms.lrs.services import statements_of
from headstart_lms.privacy.services import erase, export
from headstart_lms.progress import services as progress

from ..browsing import Browser, Page
from ..journeys.learner import Learner
from ..make import house_of
from .drafts import draft_of, make_draft, save, staff
from .test_publishing import publish

BANK = "bank/words.yaml"


@pytest.fixture
def bruno(as_person: Callable[[str], Browser]) -> Browser:
    return as_person("bruno")


@pytest.fixture
def draft(app: Flask, bruno: Browser, folder: Path) -> UUID:
    """A published course in whose test 5 - 2 is 4, and which is passed with everything right."""
    file = folder / BANK
    file.write_text(file.read_text().replace("answer: 3", "answer: 4"))
    tests = folder / "blueprints.yaml"
    tests.write_text(tests.read_text().replace("overall: 50", "overall: 100"))
    uuid = make_draft(app, folder)
    assert publish(bruno, uuid).status == 200
    return uuid


class Sitter(Learner):
    """A learner who takes the test of the small course and says what the bus leaves her."""

    def take(self, price: str) -> Page:
        self.start()
        page = self.begin_test(self.work_through(self.enrol("small")))
        while page.item_forms():
            (form,) = page.item_forms()
            values = dict(self.right_test_values(page))
            if form.attributes["data-item"].startswith("bank-price"):
                values = {name: [price] for name in values}
            page = self.browser.send(form, values)
        return page

    @property
    def sitting(self) -> str:
        return self.result.path.rsplit("/", 1)[-1]

    def sit(self, price: str) -> Sitter:
        self.result = self.take(price)
        return self


def mend_key(app: Flask, bruno: Browser, uuid: UUID, answer: int = 3) -> None:
    """Change the key in the draft, press the button for new ids, publish."""

    def turn(rows: Any) -> None:
        next(row for row in rows if row["id"].startswith("bank-price"))["answer"] = answer

    with app.app_context():
        rows, _digest = store.read_data(session(), draft_of(uuid), BANK)
    turn(rows)
    save(app, uuid, BANK, rows)
    page = bruno.open(f"/teach/courses/{uuid}/publish")
    bruno.send(next(form for form in page.forms if ("do", "renew") in form.filled))
    assert publish(bruno, uuid).status == 200


def look(bruno: Browser, uuid: UUID, **ways: str) -> Page:
    """Choose how each question is marked, and look at what would change."""
    page = bruno.open(f"/teach/courses/{uuid}/regrade")
    form = next(form for form in page.forms if form.method == "get")
    return bruno.send(form, {f"way-{old.replace('_', '-')}": way for old, way in ways.items()})


def mark_again(app: Flask, bruno: Browser, page: Page) -> Page:
    """Press the button, and let the jobs be done."""
    after = bruno.send(page.form(to="/regrade", having="csrf_token"))
    assert after.status == 200, after.text
    assert "being marked again now" in after.text
    with app.app_context():
        jobs.run_all()
    return bruno.open(after.path)


@pytest.mark.both_databases
def test_a_test_failed_by_a_wrong_key_is_passed_after_it_was_marked_again(
    app: Flask, bruno: Browser, draft: UUID
) -> None:
    amina = Sitter(app).sit("3")
    assert "Not yet passed" in amina.result.text
    mend_key(app, bruno, draft)
    assert "1 question of the published tests" in bruno.open(f"/teach/courses/{draft}/publish").text

    page = look(bruno, draft, bank_price="key")
    assert "1 finished test has these questions." in page.text
    assert "1 that was not passed is passed then." in page.text
    assert "50 %" not in page.text, "she learns at another centre"
    assert "Not yet passed" in amina.browser.open(amina.result.path).text, "looking changes nothing"

    done = mark_again(app, bruno, page)
    assert "1 test marked again , 1 passed by it" in done.text.replace(": ", " ").replace("again,", "again ,")
    result = amina.browser.open(amina.result.path)
    assert "You have passed" in result.text
    assert "We found a mistake in this test and marked it again" in result.text
    assert "Before: 50 %" in result.text
    assert "There was a mistake in this question." in result.text
    certificate = amina.take_certificate(result, name="AMINA HADDAD")
    assert certificate.status == 200
    with app.app_context():
        house = house_of(app)
        count, differences = progress.rebuild(
            session(), house.library, house.installation.iri_base, write=False
        )
        assert count
        assert differences == [], "the statements tell the new result too"
        registration = session().get_one(Sitting, UUID(amina.sitting)).enrolment.registration
        told = [
            s for s in statements_of(session(), registration=registration)
            if s["verb"]["id"].endswith(("/passed", "/failed"))
        ]  # fmt: skip
    first, second = sorted(told, key=lambda s: s["result"]["score"]["scaled"])
    assert first["verb"]["id"].endswith("/failed")
    assert second["verb"]["id"].endswith("/passed")
    assert second["context"]["statement"]["id"] == first["id"]
    assert second["timestamp"] == first["timestamp"]


def test_a_certificate_that_rests_on_the_wrong_key_is_listed_and_stays(
    app: Flask, bruno: Browser, draft: UUID
) -> None:
    nadia = Sitter(app).sit("4")
    certificate = nadia.take_certificate(nadia.result, name="NADIA HADDAD")
    code = certificate.path.rsplit("/", 1)[-1]
    with app.app_context(), transaction() as current:
        current.scalars(select(Certificate)).one().centre_id = draft_of(draft).centre_id
    mend_key(app, bruno, draft)
    page = look(bruno, draft, bank_price="key")
    assert code in page.text
    assert "0 of them get a better result." in page.text
    assert "not passed by the new key" in page.text
    assert "Marking again would change nothing." in page.text
    assert not [form for form in page.forms if form.method == "post" and "way-bank-price" in form.names]
    with app.app_context():
        assert session().scalars(select(Certificate)).one().standing == "good"
    assert "You have passed" in nadia.browser.open(nadia.result.path).text
    assert nadia.browser.open(f"/certificates/{code}").status == 200


def test_certificates_of_other_centres_are_only_counted(app: Flask, bruno: Browser, draft: UUID) -> None:
    nadia = Sitter(app).sit("4")
    code = nadia.take_certificate(nadia.result, name="NADIA HADDAD").path.rsplit("/", 1)[-1]
    with app.app_context():
        issuer = session().scalars(select(Certificate)).one().issuer_name
    mend_key(app, bruno, draft)
    page = look(bruno, draft, bank_price="key")
    assert f"{issuer} : 1 certificate" in page.text.replace(f"{issuer}:", f"{issuer} :")
    assert code not in page.text


def test_a_broken_question_can_be_right_for_everybody(app: Flask, bruno: Browser, draft: UUID) -> None:
    amina = Sitter(app).sit("7")
    mend_key(app, bruno, draft)
    assert "0 of them get a better result." in look(bruno, draft, bank_price="key").text
    mark_again(app, bruno, look(bruno, draft, bank_price="all"))
    assert "You have passed" in amina.browser.open(amina.result.path).text


def test_points_of_an_earlier_run_are_never_taken_back(app: Flask, bruno: Browser, draft: UUID) -> None:
    lucky, right = Sitter(app).sit("7"), Sitter(app).sit("3")
    mend_key(app, bruno, draft)
    mark_again(app, bruno, look(bruno, draft, bank_price="all"))
    assert "Marking again would change nothing." in look(bruno, draft, bank_price="key").text
    mend_key(app, bruno, draft, answer=5)
    assert "Marking again would change nothing." in look(bruno, draft, bank_price="key").text
    for learner in (lucky, right):
        assert "You have passed" in learner.browser.open(learner.result.path).text


def test_who_did_not_answer_gets_no_points(app: Flask, bruno: Browser, draft: UUID) -> None:
    empty = Sitter(app)
    empty.start()
    page = empty.begin_test(empty.work_through(empty.enrol("small")))
    empty.browser.send(next(form for form in page.forms if form.action.endswith("/finish")))
    mend_key(app, bruno, draft)
    assert "0 of them get a better result." in look(bruno, draft, bank_price="all").text


def test_single_results_are_shown_of_the_own_centre_only(app: Flask, bruno: Browser, draft: UUID) -> None:
    amina, _far = Sitter(app).sit("3"), Sitter(app).sit("3")
    with app.app_context(), transaction() as current:
        current.get_one(Person, amina.person().id).centre_id = draft_of(draft).centre_id
    mend_key(app, bruno, draft)
    page = look(bruno, draft, bank_price="key")
    assert "2 of them get a better result." in page.text
    assert page.body.count("passed then</span>") == 1
    assert "50 %" in page.text


def test_what_is_marked_is_what_was_looked_at(app: Flask, bruno: Browser, draft: UUID) -> None:
    amina = Sitter(app).sit("3")
    mend_key(app, bruno, draft)
    page = look(bruno, draft, bank_price="key")
    mend_key(app, bruno, draft, answer=5)
    refused = bruno.send(page.form(to="/regrade", having="digest"))
    assert refused.status == 409
    assert "published again meanwhile" in refused.text
    assert "Not yet passed" in amina.browser.open(amina.result.path).text


def test_a_better_result_stands_on_a_certificate_that_is_made_later(
    app: Flask, bruno: Browser, folder: Path
) -> None:
    file = folder / BANK
    file.write_text(file.read_text().replace("answer: 3", "answer: 4"))
    uuid = make_draft(app, folder)
    publish(bruno, uuid)
    amina = Sitter(app).sit("3")
    assert "You have passed" in amina.result.text, "with half of the points"
    mend_key(app, bruno, uuid)
    mark_again(app, bruno, look(bruno, uuid, bank_price="key"))
    certificate = amina.take_certificate(amina.browser.open(amina.result.path), name="AMINA HADDAD")
    assert "100 %" in certificate.text
    assert "50 %" not in certificate.text


def test_who_asked_for_it_may_be_gone_when_it_is_done(app: Flask, bruno: Browser, draft: UUID) -> None:
    amina = Sitter(app).sit("3")
    mira = staff(app, "mira", "manager")
    mend_key(app, bruno, draft)
    mira.send(look(mira, draft, bank_price="key").form(to="/regrade", having="digest"))
    with app.app_context(), transaction() as current:
        erase(current, current.scalars(select(Person).where(Person.login == "mira")).one())
    with app.app_context():
        jobs.run_all()
    assert "You have passed" in amina.browser.open(amina.result.path).text
    assert "somebody who left" in bruno.open(f"/teach/courses/{draft}/regrade").text


def test_one_test_that_cannot_be_marked_keeps_no_other_from_it(
    app: Flask, bruno: Browser, draft: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Sitter(app).sit("3"), Sitter(app).sit("3")
    mend_key(app, bruno, draft)
    page = look(bruno, draft, bank_price="key")
    bruno.send(page.form(to="/regrade", having="digest"))
    real = regrading.mark_again

    def breaks(current: Any, house: Any, sitting_id: UUID, *args: Any, **more: Any) -> bool:
        if str(sitting_id) == first.sitting:
            raise RuntimeError("broken")
        return real(current, house, sitting_id, *args, **more)

    monkeypatch.setattr(regrading, "mark_again", breaks)
    with app.app_context():
        jobs.run_all()
    assert "You have passed" in second.browser.open(second.result.path).text
    waiting = bruno.open(f"/teach/courses/{draft}/regrade")
    assert "being marked again now" in waiting.text, "it is tried again"


def test_a_new_question_never_gets_the_id_of_one_that_was_replaced(
    app: Flask, bruno: Browser, draft: UUID
) -> None:
    mend_key(app, bruno, draft)
    with app.app_context():
        ids = content_of(session(), draft_of(draft)).ids()
    assert {"bank-price", "bank-price-new"} <= ids


def test_marking_again_twice_changes_nothing_more(app: Flask, bruno: Browser, draft: UUID) -> None:
    amina = Sitter(app).sit("3")
    mend_key(app, bruno, draft)
    page = look(bruno, draft, bank_price="key")
    mark_again(app, bruno, page)
    again = bruno.send(page.form(to="/regrade", having="digest"))
    assert again.status == 409
    assert "would change nothing" in again.text
    assert amina.sitting
    with app.app_context():
        assert len(session().scalars(select(Regrade)).all()) == 1


def test_a_key_that_changed_twice_is_followed_to_the_newest_question(
    app: Flask, bruno: Browser, draft: UUID
) -> None:
    amina = Sitter(app).sit("3")
    mend_key(app, bruno, draft, answer=5)
    mark = look(bruno, draft, bank_price="key")
    assert "0 of them get a better result." in mark.text
    mend_key(app, bruno, draft, answer=3)
    mark_again(app, bruno, look(bruno, draft, bank_price="key"))
    assert "You have passed" in amina.browser.open(amina.result.path).text


def test_nothing_is_offered_while_no_key_changed(app: Flask, bruno: Browser, draft: UUID) -> None:
    page = bruno.open(f"/teach/courses/{draft}/regrade")
    assert "No question of the published tests has another key" in page.text
    assert "Mark tests again" not in bruno.open(f"/teach/courses/{draft}/publish").text
    refused = bruno.open(f"/teach/courses/{draft}/regrade?way-bank-price=key")
    assert refused.status == 422
    assert "Choose for each question how it is marked." in refused.text


def test_who_only_translates_marks_nothing_again(app: Flask, bruno: Browser, draft: UUID) -> None:
    mend_key(app, bruno, draft)
    tara = staff(app, "tara")
    with app.app_context(), transaction() as current:
        drafts.add_member(current, draft_of(draft, to="manage"), "tara", "translator")
    assert tara.open(f"/teach/courses/{draft}/regrade").status in (403, 404)
    assert tara.post(f"/teach/courses/{draft}/regrade", {"way-bank-price": "all"}).status in (403, 404)


def test_her_data_tells_that_a_test_was_marked_again_and_goes_with_her(
    app: Flask, bruno: Browser, draft: UUID
) -> None:
    amina = Sitter(app).sit("3")
    mend_key(app, bruno, draft)
    mark_again(app, bruno, look(bruno, draft, bank_price="key"))
    with app.app_context(), transaction() as current:
        person = current.get_one(Person, amina.person().id)
        (test,) = (t for e in export(current, person)["enrolments"] for t in e["tests"])
        assert test["marked_again"][0]["questions"] == {"bank-price": 1.0}
        assert test["marked_again"][0]["score_before"] == 0.5
        erase(current, person)
        assert current.scalars(select(Regrade)).all() == []
