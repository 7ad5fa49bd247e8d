"""Officers: what they check is written down, the learner sees it, nobody takes it away."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from headstart_lms import operations
from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.certificates import checks, codes, services
from headstart_lms.certificates.check_models import Check, CheckHead
from headstart_lms.kernel.crypto import Keyring
from headstart_lms.kernel.db import session, transaction
from headstart_lms.kernel.errors import Invalid
from headstart_lms.privacy import services as privacy

from ..browsing import Browser, Page
from ..cast import PASSWORD, find_person, sign_in
from ..conftest import Clock
from .office import NAMES, OFFICES, YEAR, Desk, make_desk, nothing_personal


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Desk:
    return make_desk(app)


def rows(app: Flask) -> list[Check]:
    with app.app_context():
        found = list(session().scalars(select(Check).order_by(Check.number)))
        session().expunge_all()
        return found


def keyring(app: Flask) -> Keyring:
    found: Keyring = app.extensions["headstart"].keyring
    return found


def check_file(browser: Browser, content: bytes) -> Page:
    return browser.send(browser.open("/verify").form(having="file"), files={"file": content})


# --- what is written down ----------------------------------------------------------------------------


@pytest.mark.every_app
def test_each_form_of_a_check_by_an_officer_leaves_one_row_without_a_name(app: Flask, desk: Desk) -> None:
    olga = desk.officer("olga")
    olga.open(f"/verify/{desk.code}")
    olga.post("/verify", {"code": desk.code, "year": str(YEAR)})
    olga.post("/verify", {"text": desk.token})
    check_file(olga, desk.document.encode())
    found = rows(app)
    assert [(row.form, row.shown, row.state) for row in found] == [
        ("code", "public", "valid"), ("code-year", "signed", "valid"), ("qr", "signed", "valid"),
        ("file", "signed", "valid"),
    ]  # fmt: skip
    assert {row.office for row in found} == {OFFICES["vienna"]}
    assert [row.number for row in found] == [1, 2, 3, 4]
    everything = json.dumps(
        [{c.key: str(getattr(row, c.key)) for c in Check.__table__.columns} for row in found]
    )
    assert nothing_personal(everything)


def test_who_is_not_signed_in_leaves_nothing(app: Flask, desk: Desk, browser: Browser) -> None:
    browser.open(f"/verify/{desk.code}")
    browser.post("/verify", {"code": desk.code, "year": str(YEAR)})
    check_file(browser, desk.document.encode())
    sign_in(app, "bruno").open(f"/verify/{desk.code}")
    assert rows(app) == []
    assert "We do not keep what you check" in browser.open("/verify").text


def test_an_officer_is_told_before_that_the_check_is_recorded(desk: Desk) -> None:
    page = desk.officer("olga").open("/verify")
    assert "We do not keep what you check" not in page.text
    assert "Every check is recorded" in page.text


def test_a_page_loaded_again_is_the_same_check_and_ten_minutes_later_another(
    app: Flask, desk: Desk, clock: Clock
) -> None:
    olga = desk.officer("olga")
    for _time in range(3):
        olga.open(f"/verify/{desk.code}")
    assert len(rows(app)) == 1
    desk.officer("otto").open(f"/verify/{desk.code}")
    assert len(rows(app)) == 2
    clock.move(minutes=11)
    olga.open(f"/verify/{desk.code}")
    assert len(rows(app)) == 3


def test_a_browser_that_only_looks_ahead_checks_nothing(app: Flask, desk: Desk) -> None:
    olga = desk.officer("olga")
    olga.open(f"/verify/{desk.code}", sec_purpose="prefetch;prerender")
    olga.client.head(f"/verify/{desk.code}")
    assert rows(app) == []


def test_a_certificate_that_changed_its_state_is_written_down_again(app: Flask, desk: Desk) -> None:
    olga = desk.officer("olga")
    olga.open(f"/verify/{desk.code}")
    desk.revoke()
    olga.open(f"/verify/{desk.code}")
    assert [row.state for row in rows(app)] == ["valid", "revoked"]


def test_a_code_that_is_not_there_and_a_wrong_year_are_written_down_without_saying_which(
    app: Flask, desk: Desk
) -> None:
    olga = desk.officer("olga")
    olga.post("/verify", {"code": desk.code, "year": "1991"})
    olga.post("/verify", {"code": "000000000000", "year": "1991"})
    first, second = rows(app)
    assert (first.reason, first.certificate_id, first.asked) == (
        "no-such-pair",
        None,
        codes.parse_code(desk.code),
    )
    assert (second.reason, second.certificate_id, second.asked) == ("no-such-pair", None, "000000000000")
    page = olga.open("/centre/checks")
    assert (desk.code in page.text, "0000-0000-0000" in page.text) == (True, True)
    with app.app_context():
        assert checks.find_trouble(session(), keyring(app)) is None


def test_the_answer_about_the_name_is_added_once_and_by_the_one_who_checked(app: Flask, desk: Desk) -> None:
    olga = desk.officer("olga")
    page = olga.post("/verify", {"code": desk.code, "year": str(YEAR)})
    form = page.form("/name")
    stranger = desk.officer("otto").post(form.action, {"matches": "yes"})
    assert stranger.status == 404
    done = olga.send(form, matches="no")
    assert done.path == "/centre/checks"
    assert olga.post(form.action, {"matches": "yes"}).status == 409
    first, second = rows(app)
    assert (second.follows, second.matches) == (first.uuid, False)
    assert first.matches is None
    assert "no" in done.text


def test_a_code_alone_asks_nothing_about_a_name_it_does_not_show(desk: Desk) -> None:
    page = desk.officer("olga").open(f"/verify/{desk.code}")
    assert not [form for form in page.forms if form.action.endswith("/name")]
    assert nothing_personal(page.body)


# --- who sees it -------------------------------------------------------------------------------------


def test_the_learner_sees_the_office_and_the_day_and_not_the_officer(app: Flask, desk: Desk) -> None:
    desk.officer("olga").open(f"/verify/{desk.code}")
    desk.officer("petra").post("/verify", {"code": desk.code, "year": str(YEAR)})
    amina = sign_in(app, "amina")
    assert "2 checks by offices" in amina.open(f"/certificates/{desk.code}").text
    page = amina.open("/me/checks")
    assert page.text.index(OFFICES["brno"]) < page.text.index(OFFICES["vienna"])
    assert "21 November 2026" in page.text
    assert "olga" not in page.body
    assert "They did not see your name" in page.text
    assert "They saw everything that stands on the paper" in page.text


def test_nobody_else_sees_who_checked_it(app: Flask, desk: Desk, browser: Browser) -> None:
    desk.officer("olga").open(f"/verify/{desk.code}")
    by_year = browser.open(f"/certificates/{desk.code}?year={YEAR}")
    assert "checks by offices" not in by_year.text
    assert OFFICES["vienna"] not in by_year.text
    assert OFFICES["vienna"] not in sign_in(app, "bruno").open("/me/checks").text


def test_an_officer_sees_her_own_checks_and_those_of_her_office_and_no_other(desk: Desk) -> None:
    desk.officer("olga").open(f"/verify/{desk.code}")
    assert desk.code in desk.officer("olga").open("/centre/checks").text
    otto = desk.officer("otto")
    assert desk.code not in otto.open("/centre/checks").text
    assert desk.code in otto.open("/centre/checks?of=office").text
    assert "olga" in otto.open("/centre/checks.csv?of=office").response.text
    petra = desk.officer("petra")
    assert desk.code not in petra.open("/centre/checks").text
    assert desk.code not in petra.open("/centre/checks?of=office").text


def test_a_long_trail_has_pages(app: Flask, desk: Desk) -> None:
    with app.app_context():
        for _number in range(60):
            with transaction() as current:
                olga = current.scalars(select(Person).where(Person.login == "olga")).one()
                checks._append(current, keyring(app), Check(
                    uuid=uuid4(), at=desk.certificate().issued, office="x", channel="page",
                    form="code", shown="nothing", state="unknown", reason="no-such-code", answers={}, lists=[],
                    officer_id=olga.id, officer_salt=b"x", officer_mark=checks._commit(b"x", str(olga.uuid)),
                ))  # fmt: skip
    browser = desk.officer("olga")
    page = browser.open("/centre/checks")
    assert page.body.count("<tr>") == 51
    older = next(link["href"] for link in page.links if "before=" in link["href"])
    assert browser.open(older).body.count("<tr>") == 11


# --- erasing -----------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_after_the_erasure_of_the_learner_the_trail_is_whole_and_leads_to_nobody(
    app: Flask, desk: Desk
) -> None:
    for year in (YEAR, 1950):
        desk.officer("olga").post("/verify", {"code": desk.code, "year": str(year)})
    with app.app_context():
        with transaction() as current:
            amina = find_person(current, "amina")
            exported = privacy.export(current, amina)
            privacy.erase(current, amina)
        assert exported["checks_of_my_certificates"][0]["office"] == OFFICES["vienna"]
        assert "olga" not in json.dumps(exported)
    for row in rows(app):
        assert (row.certificate_id, row.digest, row.asked, row.subject_salt) == (None, None, None, None)
    with app.app_context():
        assert checks.find_trouble(session(), keyring(app)) is None
    page = desk.officer("olga").open("/centre/checks")
    assert page.status == 200
    assert desk.code not in page.body
    # the paper is still checked, and that leads to nobody either
    desk.officer("otto").open(f"/verify/{desk.code}")
    desk.officer("otto").post("/verify", {"code": desk.code, "year": "1950"})
    later = rows(app)[2:]
    assert [(row.certificate_id, row.asked, row.state) for row in later] == [
        (None, None, "valid"), (None, None, "unknown"),
    ]  # fmt: skip
    with app.app_context():
        assert checks.find_trouble(session(), keyring(app)) is None


@pytest.mark.both_databases
def test_an_officer_who_is_erased_leaves_the_trail_of_the_office_whole(app: Flask, desk: Desk) -> None:
    desk.officer("olga").open(f"/verify/{desk.code}")
    with app.app_context():
        with transaction() as current:
            privacy.erase(current, current.scalars(select(Person).where(Person.login == "olga")).one())
        assert checks.find_trouble(session(), keyring(app)) is None
    assert rows(app)[0].officer_id is None
    assert desk.code in desk.officer("otto").open("/centre/checks?of=office").text


# --- nothing can be taken out ------------------------------------------------------------------------


def _damage_first_row(app: Flask) -> None:
    with app.app_context(), transaction() as current:
        current.execute(update(Check).where(Check.number == 2).values(state="revoked"))


def _take_out(app: Flask) -> None:
    with app.app_context(), transaction() as current:
        current.execute(delete(Check).where(Check.number == 2))


def _cut_off(app: Flask) -> None:
    with app.app_context(), transaction() as current:
        current.execute(delete(Check).where(Check.number == 3))


def _point_elsewhere(app: Flask) -> None:
    with app.app_context(), transaction() as current:
        other = current.scalars(select(Person).where(Person.login == "petra")).one()
        current.execute(update(Check).where(Check.number == 2).values(officer_id=other.id))


def _forget_head(app: Flask) -> None:
    with app.app_context(), transaction() as current:
        current.execute(delete(CheckHead))


@pytest.mark.parametrize(
    "damage, number",
    [(_damage_first_row, 2), (_take_out, 2), (_cut_off, 3), (_point_elsewhere, 2), (_forget_head, 4)],
)
def test_what_is_taken_out_or_changed_is_found(app: Flask, desk: Desk, damage: object, number: int) -> None:
    for login in ("olga", "otto", "petra"):
        desk.officer(login).open(f"/verify/{desk.code}")
    with app.app_context():
        assert checks.find_trouble(session(), keyring(app)) is None
        assert checks.find_trouble(session(), keyring(app), last=1) is None
    damage(app)  # type: ignore[operator]
    with app.app_context():
        trouble = checks.find_trouble(session(), keyring(app))
        assert trouble is not None
        assert trouble.number == number
        doctor = {check.name: check.is_well for check in operations.doctor(app)}
        assert doctor["checks"] is False


def test_no_page_deletes_or_changes_a_row(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if "checks" in rule.rule and "/name" not in rule.rule:
            assert "POST" not in (rule.methods or set())
            assert "DELETE" not in (rule.methods or set())


# --- offices -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["teacher", "manager", "examiner", "learner"])
def test_an_office_has_officers_and_admins_and_teaches_nobody(app: Flask, desk: Desk, role: str) -> None:
    with app.app_context(), transaction() as current:
        office = accounts.get_centre(current, "vienna")
        olga = current.scalars(select(Person).where(Person.login == "olga")).one()
        with pytest.raises(Invalid, match="An office checks certificates"):
            accounts.grant_role(current, olga, role, office)


def test_an_office_takes_no_learners_and_publishes_no_keys(app: Flask, desk: Desk, browser: Browser) -> None:
    with app.app_context(), pytest.raises(Invalid), transaction() as current:
        accounts.start_learner(
            current, keyring(app), language="en", destination=None, route=None,
            centre=accounts.get_centre(current, "vienna"),
        )  # fmt: skip
    assert browser.open("/centres/vienna/did.json").status == 404
    assert browser.open("/centres/north/did.json").status == 200


def test_an_officer_of_a_centre_checks_in_the_name_of_the_centre(app: Flask, desk: Desk) -> None:
    with app.app_context(), transaction() as current:
        north = accounts.get_centre(current, "north")
        accounts.make_staff(current, "nora", PASSWORD, centre=north, role="officer")
    desk.officer("nora").open(f"/verify/{desk.code}")
    assert rows(app)[0].office == "Centre North"


def test_an_officer_lands_on_her_checks_after_signing_in(app: Flask, desk: Desk, browser: Browser) -> None:
    page = browser.open("/sign-in?as=staff")
    landed = browser.send(page.form(having="password"), login="olga", password=PASSWORD)
    assert landed.path == "/centre/checks"
    assert "Nothing was checked yet" in landed.text
    assert landed.link("/verify/many") is not None


def test_the_services_issue_to_nobody_of_an_office(app: Flask, desk: Desk) -> None:
    with app.app_context():
        assert desk.certificate().issuer == "north"
        assert NAMES[0] in (services.read_payload(desk.certificate()) or {})["credentialSubject"]["name"]
