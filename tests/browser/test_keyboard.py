"""A whole unit with the keyboard alone: each question is reached, answered and left; the focus is seen."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from .conftest import Site
from .keys import Values, unit_keys

SLUG = "it-diritti"


def _reach(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press a key until the target has the focus."""
    for _press in range(120):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{target} cannot be reached with {key}")


def _choose(page: Page, form: Locator, values: Values) -> None:
    """Answer with Tab, arrows, space, Enter and letters, in the order of the page."""
    tiles = form.locator(".hs-order-tiles button")
    if tiles.count():
        places = {name.removeprefix("response-"): int(place[0]) for name, place in values.items()}
        parts = form.locator("[data-hs-part] select").all()
        order = [places[(part.get_attribute("name") or "").removeprefix("response-")] for part in parts]
        for place in range(1, len(order) + 1):
            tile = tiles.nth(order.index(place))
            is_further = place == 1 or order.index(place) > order.index(place - 1)
            _reach(page, tile, "Tab" if is_further else "Shift+Tab")
            page.keyboard.press("Enter")
        return
    for field in form.locator("input:not([type=hidden]), select").all():
        wanted, kind = values.get(field.get_attribute("name") or ""), field.evaluate("node => node.type")
        if wanted is None:
            continue
        if kind == "radio":
            if field.get_attribute("value") != wanted[0]:
                continue
            group = form.locator(f'input[name="{field.get_attribute("name")}"]')
            _reach(page, group.first)
            _reach(page, field, "ArrowDown")
            page.keyboard.press("Space")
        elif kind == "checkbox":
            if field.get_attribute("value") in wanted:
                _reach(page, field)
                page.keyboard.press("Space")
        elif kind == "select-one":
            _reach(page, field)
            for _step in range(field.locator("option").count()):
                if field.input_value() != wanted[0]:
                    page.keyboard.press("ArrowDown")
            assert field.input_value() == wanted[0]
        else:
            _reach(page, field)
            page.keyboard.type(wanted[0])


def _focus_is_seen(page: Page) -> None:
    """The focused thing lies in the window, not under the bar at its foot (WCAG 2.2, 2.4.11)."""
    covered = page.evaluate(
        """() => {
          const node = document.activeElement, box = node.getBoundingClientRect();
          const bar = document.querySelector(".hs-sticky-action");
          const floor = bar && !bar.contains(node) ? bar.getBoundingClientRect().top : innerHeight;
          return box.bottom <= 0 || box.top >= floor;
        }"""
    )
    assert not covered, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_the_first_unit_is_learned_with_the_keyboard_alone(site: Site, visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/start?step=route&to=IT")
    _reach(page, page.locator("button[name=route]").nth(2))
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/code**")
    page.goto(f"/courses/{SLUG}")
    _reach(page, page.get_by_role("button", name="Start this course"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/courses/{SLUG}/**")
    first = page.url
    keys = unit_keys(site.app, SLUG)
    for _screen in range(6):
        questions = [node.get_attribute("data-item") or "" for node in page.locator("form[data-item]").all()]
        for name in questions:
            form = page.locator(f'form[data-item="{name}"]')
            head = page.locator(f"[id='{name}-feedback'] .hs-band-head")
            for _step in range(12):
                _choose(page, form, keys[name])
                _reach(page, form.locator("button[type=submit]"))
                _focus_is_seen(page)
                page.keyboard.press("Enter")
                page.wait_for_selector(".hs-question:not([aria-busy]) .hs-band:focus, .hs-question:focus")
                if head.count():
                    break
            assert page.evaluate("document.activeElement.id") == f"{name}-feedback"
            assert head.inner_text() in ("Right", "Saved")
            onward = page.locator(f"[id='{name}-feedback'] a")
            if name == questions[-1]:
                expect(page.locator(".hs-question-done")).to_have_count(len(questions))
            else:
                _reach(page, onward)
                _focus_is_seen(page)
                page.keyboard.press("Enter")
                assert page.evaluate("document.activeElement.id") == questions[questions.index(name) + 1]
        onward = page.locator("a[rel=next]")
        before, target = page.url, onward.get_attribute("href") or ""
        _reach(page, onward)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(f"^(?!{re.escape(before)}$)"))
        if first.split("?")[0] not in page.url:
            break
        assert target.split("?")[-1] in page.url
    else:
        raise AssertionError("the unit has no end")
    page.goto(f"/courses/{SLUG}")
    expect(page.locator(".hs-stat").first).to_contain_text("1 / 13")


def test_the_first_stop_of_a_page_is_the_way_past_its_head(visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_record_is_filtered_and_read_with_the_keyboard_alone(
    site: Site, visit: Callable[..., Page]
) -> None:
    page = visit("Amina Haddad")
    page.goto("/me/record")
    _reach(page, page.locator(".hs-record-filter > summary"))
    page.keyboard.press("Enter")
    _reach(page, page.locator("#f-kind"))
    page.keyboard.press("T")  # Tests
    _reach(page, page.locator(".hs-record-filter button[type=submit]"))
    page.keyboard.press("Enter")
    page.wait_for_url("**kind=tests**")
    first = page.locator(".hs-record a").first
    _reach(page, first)
    page.keyboard.press("Enter")
    page.wait_for_url("**/me/record/**")
    _reach(page, page.locator(".hs-raw").first)
