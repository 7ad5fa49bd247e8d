"""Every kind of page, in English and Arabic: axe finds nothing, nothing runs over the edge."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from headstart_lms.accounts import services as accounts
from headstart_lms.kernel.db import transaction
from headstart_lms.lrs.credentials import client_add

from .conftest import Site, in_language
from .usable import faults_of

AMINA, RAVI, OLENA, STAFF = "Amina Haddad", "Ravi Kumar", "Olena Kovalenko", "manager-north"
OFFICER = "officer-north"
OPERATOR = "operator"
LANGUAGE, WORK = "it-italiano-a1", "it-lavoro"


def _enrol(page: Page, slug: str) -> None:
    page.goto(f"/courses/{slug}")
    page.get_by_role("button", name="Start this course").click()
    page.wait_for_url(f"**/courses/{slug}/**")


def _answer_badly(page: Page, unit: str) -> str:
    """Answer the first question of a screen with its first option; return the address of the feedback."""
    page.goto(unit)
    form = page.locator("form[data-item]").first
    form.locator("input[type=radio], input[type=checkbox]").first.check(force=True)
    form.locator("button[type=submit]").click()
    page.wait_for_selector(".hs-band-head")
    return page.url


def _sit(page: Page, slug: str) -> str:
    page.goto(f"/courses/{slug}/tests/final")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/sittings/**")
    return page.url


def _make_operator(site: Site) -> None:
    """Add an admin of the whole installation, a program with a key, and requests of it that were refused."""
    if any(person["login"] == OPERATOR for person in site.demo["people"]):
        return
    with site.app.app_context():
        with transaction() as current:
            accounts.make_staff(current, OPERATOR, "quiet-harbour-sings-42", centre=None, role="admin")
            installation = site.app.extensions["headstart"].installation
            key = client_add(
                current, "Video platform", iri_base=installation.iri_base, tenant=installation.uuid
            )
    basic = base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3"}
    assert site.app.test_client().post("/xapi/statements", json={}, headers=headers).status_code == 400
    site.demo["people"].append({"name": OPERATOR, "login": OPERATOR, "secret": "quiet-harbour-sings-42"})


def _write_a_course(page: Page) -> str:
    """Begin an occupation pack, add a module and a unit; return its address."""
    page.goto("/teach/courses")
    page.get_by_role("link", name="New course").first.click()
    page.get_by_label("Title").fill("Kitchen work in Italy")
    page.get_by_text("An occupation pack").click()
    page.get_by_label("Country it is about").select_option("IT")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(".hs-module")
    course = page.url
    page.get_by_label("Name of a new module").fill("More of it")
    page.get_by_role("button", name="Add module").click()
    page.wait_for_selector("#m-more-of-it")
    page.get_by_label("Title of a new unit").first.fill("The first evening")
    page.get_by_role("button", name="Add unit").first.click()
    page.wait_for_selector("#the-first-evening")
    return urlsplit(course).path


@pytest.fixture(scope="module")
def places(site: Site, chromium: Any) -> Iterator[dict[str, tuple[str | None, str]]]:
    """Return {kind of page: (who sees it, address)}; what they need is done by hand in a browser first."""
    from .conftest import Visits

    visits = Visits(site, chromium)
    page = visits(RAVI)
    for slug in (LANGUAGE, WORK):
        _enrol(page, slug)
    feedback = _answer_badly(page, f"/courses/{LANGUAGE}/m1-saluti")
    sitting = _sit(page, WORK)
    failed = _sit(page, LANGUAGE)
    page.locator("details.hs-card summary").click()
    page.get_by_role("button", name="End the test now").click()
    page.wait_for_selector(".hs-results")
    passed = visits(AMINA)
    passed.goto("/courses/it-diritti/tests/final")
    result = passed.locator("main a[href*='/sittings/']").first.get_attribute("href") or ""
    passed.goto("/me/record")
    line = passed.locator("main a[href*='/me/record/']").first.get_attribute("href") or ""
    _make_operator(site)
    valid, revoked = (site.certificate(state)["code"].replace("-", "") for state in ("valid", "revoked"))
    learner = site.person(AMINA)["id"]
    office = visits(OFFICER)
    office.goto(f"/verify/{valid}")
    office.goto("/verify/many")
    office.locator("details summary", has_text="Or write the codes").click()
    office.get_by_label("Codes, one in a line").fill(f"{valid}\n{revoked}\nnonsense")
    office.get_by_role("button", name="Check all").click()
    office.wait_for_selector("#result", timeout=30_000)
    checked = office.url
    course = _write_a_course(visits(STAFF))
    yield {
        "catalogue": (None, "/"),
        "start: language": (None, "/start"),
        "start: country": (None, "/start?step=to"),
        "start: reason": (None, "/start?step=route&to=IT"),
        "sign in": (None, "/sign-in"),
        "sign in, staff": (None, "/sign-in?as=staff"),
        "course, new": (None, f"/courses/{LANGUAGE}"),
        "check": (None, "/verify"),
        "check without a network": (None, "/verifier/"),
        "valid": (None, f"/verify/{valid}"),
        "revoked": (None, f"/verify/{revoked}"),
        "unknown": (None, "/verify/000000000000"),
        "help": (None, "/help"),
        "privacy": (None, "/privacy"),
        "not here": (None, "/nothing"),
        "course, begun": (RAVI, f"/courses/{LANGUAGE}"),
        "unit: dialogue, match, gaps": (RAVI, f"/courses/{LANGUAGE}/m1-saluti"),
        "unit: table, order, short": (RAVI, f"/courses/{LANGUAGE}/m1-saluti?step=3"),
        "unit: grammar table": (RAVI, f"/courses/{LANGUAGE}/m3-cibo?step=2"),
        "unit: form, picture": (RAVI, f"/courses/{LANGUAGE}/m1-numeri?step=3"),
        "unit: hotspot, long match": (RAVI, f"/courses/{LANGUAGE}/m5-office?step=2"),
        "unit: scenario": (RAVI, f"/courses/{LANGUAGE}/m5-doctor?step=3"),
        "unit: checklist, sources": (RAVI, "/courses/it-diritti/arrive"),
        "unit: pictures, fact": (RAVI, f"/courses/{WORK}/safety?step=2"),
        "feedback": (RAVI, feedback),
        "words": (RAVI, f"/courses/{LANGUAGE}/words"),
        "review words": (RAVI, f"/courses/{LANGUAGE}/review"),
        "words of a unit": (RAVI, f"/courses/{LANGUAGE}/words?unit=m4-shop"),
        "word found": (RAVI, f"/courses/{LANGUAGE}/words?q=pan"),
        "test": (RAVI, f"/courses/{LANGUAGE}/tests/final"),
        "sitting": (RAVI, sitting),
        "failed": (RAVI, failed),
        "journey": (AMINA, "/me"),
        "course, done": (AMINA, "/courses/it-diritti"),
        "passed": (AMINA, result),
        "account": (AMINA, "/me/account"),
        "my data": (AMINA, "/me/data"),
        "code card": (AMINA, "/me/code"),
        "certificate": (AMINA, f"/certificates/{valid}"),
        "award": (OLENA, f"/certificates/new?award={site.certificate('not issued')['award']}"),
        "groups": (STAFF, "/teach"),
        "group": (STAFF, site.group),
        "questions": (STAFF, f"{site.group}/questions"),
        "new group": (STAFF, "/centre/groups/new"),
        "checks": (OFFICER, "/centre/checks"),
        "check one, officer": (OFFICER, "/verify"),
        "check many": (OFFICER, "/verify/many"),
        "checked many": (OFFICER, checked),
        "valid, officer": (OFFICER, f"/verify/{valid}"),
        "who checked": (AMINA, "/me/checks"),
        "name": (STAFF, f"/centre/learners/{learner}/name"),
        "my record": (AMINA, "/me/record"),
        "my record, filtered": (AMINA, "/me/record?kind=tests&since=2020-01-01"),
        "my record, nothing fits": (AMINA, "/me/record?until=2020-01-01"),
        "line of a record": (AMINA, line),
        "record of a learner": (STAFF, f"/teach/learners/{learner}/record"),
        "statements": (OPERATOR, "/centre/statements"),
        "statements, filtered": (OPERATOR, "/centre/statements?verb=passed&client=own"),
        "statement": (OPERATOR, line.replace("/me/record/", "/centre/statements/")),
        "record store": (OPERATOR, "/centre/record-store"),
        "my courses": (STAFF, "/teach/courses"),
        "new course": (STAFF, "/teach/courses/new"),
        "course from a file": (STAFF, "/teach/courses/import"),
        "outline": (STAFF, course),
        "settings of a course": (STAFF, f"{course}/settings"),
        "people of a course": (STAFF, f"{course}/people"),
        "history": (STAFF, f"{course}/history"),
        "two versions": (STAFF, f"{course}/compare?before=1"),
        "publish": (STAFF, f"{course}/publish"),
        "mark tests again": (STAFF, f"{course}/regrade"),
    }
    visits.end()


def _by_person(places: dict[str, tuple[str | None, str]]) -> dict[str | None, list[tuple[str, str]]]:
    people: dict[str | None, list[tuple[str, str]]] = {}
    for kind, (person, address) in places.items():
        people.setdefault(person, []).append((kind, address))
    return people


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_can_be_used_by_everybody(
    places: dict[str, tuple[str | None, str]], visit: Callable[..., Page], language: str
) -> None:
    """axe-core in light and dark; 320 px (WCAG 2.2, 1.4.10), twice the text (1.4.4), the system's colours."""
    faults: dict[str, list[Any]] = {}
    for person, pages in _by_person(places).items():
        page = visit(person, reduced_motion="reduce")
        for kind, address in pages:
            answer = page.goto(in_language(address, language))
            assert answer is not None
            assert answer.status == (404 if kind in ("not here", "unknown") else 200), kind
            assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == (
                [language, "rtl" if language == "ar" else "ltr"]
            ), kind
            found = faults_of(page, large_text=True)
            if found:
                faults[kind] = found
    assert faults == {}


def test_a_page_has_one_main_action_and_one_next_step(
    places: dict[str, tuple[str | None, str]], visit: Callable[..., Page]
) -> None:
    """The next step of a unit is a[rel=next], exactly one; a screen to read has one main button."""
    faults: dict[str, int] = {}
    for person, pages in _by_person(places).items():
        page = visit(person)
        for kind, address in pages:
            page.goto(address)
            if kind.startswith("unit") or kind == "feedback":
                assert page.locator("a[rel=next]").count() == 1, kind
            elif (count := page.locator("main .hs-button-main:visible").count()) > 1:
                faults[kind] = count
    assert faults == {}


def test_code_cards_are_printed_two_in_a_row_and_nothing_else(site: Site, visit: Callable[..., Page]) -> None:
    page = visit(STAFF, viewport={"width": 794, "height": 1123})
    page.goto(site.group)
    page.locator("[name=count]").fill("3")
    page.get_by_role("button", name="Add and show the cards").click()
    page.wait_for_selector(".hs-cards")
    page.emulate_media(media="print")
    cards = [card.bounding_box() for card in page.locator(".hs-cards > li").all()]
    assert len(cards) == 3
    assert all(box is not None for box in cards)
    first, second, third = (box for box in cards if box is not None)
    assert first["y"] == second["y"] < third["y"]
    assert first["x"] + first["width"] <= second["x"] + 1
    for gone in ("header", "footer", "h1", ".hs-buttons"):
        assert not page.locator(gone).first.is_visible(), gone
    # a long code of a QR picture is of no use when it breaks
    assert all(code.bounding_box()["height"] < 60 for code in page.locator(".hs-code").all())  # type: ignore[index]
