"""What the script adds to answering: the page stays, an answer that does not arrive is kept."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import Site

UNIT = "/courses/it-italiano-a1/m1-saluti"


@pytest.fixture
def unit(visit: Callable[..., Page]) -> Page:
    """A new learner in her first unit."""
    page = visit()
    page.goto("/start?step=route&to=IT")
    page.locator("button[name=route]").first.click()
    page.wait_for_url("**/me/code**")
    page.goto("/courses/it-italiano-a1")
    page.get_by_role("button", name="Start this course").click()
    page.wait_for_url(f"**{UNIT}**")
    return page


def _send(page: Page, option: int = 0) -> None:
    form = page.locator("form[data-item]").first
    form.locator("input[type=radio]").nth(option).check(force=True)
    form.locator("button[type=submit]").last.click()


def test_the_question_is_answered_where_it_stands(unit: Page) -> None:
    unit.evaluate("window.isTheSame = true")
    questions = unit.locator(".hs-question").count()
    _send(unit)
    band = unit.locator(".hs-band")
    expect(band).to_be_focused()
    expect(band).to_be_in_viewport(ratio=0.99)
    assert unit.evaluate("window.isTheSame") is True
    assert "answer=" in unit.url
    expect(unit.locator("[data-hs-end] .hs-meta")).to_have_text(f"{questions - 1} questions are still open")
    band.get_by_role("link", name="Next question").click()
    second = unit.locator(".hs-question").nth(1)
    expect(second).to_be_focused()
    expect(second.locator("legend")).to_be_in_viewport()
    unit.reload()
    expect(unit.locator(".hs-band")).to_have_count(1)  # the address names the answer


def test_every_answer_has_an_id_of_its_own_made_when_it_is_sent(unit: Page) -> None:
    sent: list[str] = []

    def note(route: Route) -> None:
        sent.append(parse_qs(route.request.post_data or "")["answer_id"][0])
        route.continue_()

    unit.route("**/answer", note)
    offered = unit.locator("form[data-item] [name=answer_id]").first.input_value()
    for option in (0, 1, 1):
        _send(unit, option)
        expect(unit.locator(".hs-band")).to_be_focused()
        unit.locator("h1").click()  # leaves the band, so that the next focus is news
    assert len({offered, *sent}) == 4


def test_an_answer_that_does_not_arrive_stays_and_is_sent_again_under_its_id(unit: Page) -> None:
    sent: list[str] = []

    def lose(route: Route) -> None:
        sent.append(parse_qs(route.request.post_data or "")["answer_id"][0])
        if len(sent) == 1:
            route.abort("internetdisconnected")
        else:
            route.continue_()

    unit.route("**/answer", lose)
    _send(unit, 2)
    problem = unit.locator(".hs-not-arrived")
    expect(problem).to_be_focused()
    expect(problem).to_contain_text("did not arrive")
    form = unit.locator("form[data-item]").first
    expect(form.locator("input[type=radio]").nth(2)).to_be_checked()
    form.locator("button[type=submit]").click()
    expect(unit.locator(".hs-band")).to_be_focused()
    assert problem.count() == 0
    assert sent[0] == sent[1]


def test_an_answer_after_the_session_ended_shows_what_the_server_says(unit: Page) -> None:
    unit.context.clear_cookies()
    _send(unit)
    expect(unit.get_by_role("heading", level=1)).to_have_text("Please sign in again")


def test_going_back_and_answering_again_is_no_conflict(unit: Page) -> None:
    _send(unit)
    expect(unit.locator(".hs-band")).to_be_focused()
    unit.locator("a[rel=next]").click()
    unit.wait_for_url("**step=2**")
    unit.go_back()
    _send(unit, 1)
    expect(unit.locator(".hs-band")).to_be_focused()
    expect(unit.locator(".hs-band-head")).to_have_count(1)


def test_the_code_of_the_picture_fills_itself_in(site: Site, visit: Callable[..., Page]) -> None:
    """The code stands behind the # of the QR picture: no server log ever holds it."""
    code = site.person("Learner 2 south")["code"]
    page = visit()
    page.goto(f"/sign-in#{code}")
    expect(page.locator("[name=code]")).to_have_value(code)
    assert "#" not in page.url
    page.keyboard.press("Enter")
    page.wait_for_url("**/me")


def test_the_clock_of_a_test_counts_minutes(visit: Callable[..., Page]) -> None:
    page = visit("Olena Kovalenko")
    page.clock.install()
    page.goto("/courses/it-diritti/tests/final")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/sittings/**")
    left = page.locator("[data-hs-left]")
    expect(left).to_have_text("35 minutes")
    page.clock.run_for(31 * 60_000)
    expect(left).to_have_text("4 minutes")
    expect(page.locator("[data-hs-clock]")).to_have_class("hs-clock hs-is-short")
