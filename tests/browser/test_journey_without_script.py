"""From the first page to a certificate that verifies, on a phone whose browser runs no script."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from .conftest import Site
from .keys import answer, sitting_keys, unit_keys

SLUG = "it-diritti"


def _start(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Start", exact=True).click()
    page.get_by_role("link", name="English").click()
    page.get_by_role("link", name="Italy").click()
    page.get_by_role("button", name="Protection").click()
    expect(page.locator(".hs-code")).to_have_text(re.compile(r"^\w{4}-\w{4}$"))
    page.locator("a[rel=next]").click()
    page.get_by_role("link", name="Rights and duties in Italy").click()
    page.get_by_role("button", name="Start this course").click()


def _learn(page: Page, site: Site) -> None:
    """Follow a[rel=next] from screen to screen and answer everything, until a test stands there."""
    keys = unit_keys(site.app, SLUG)
    answered: set[str] = set()
    for _screen in range(80):
        if "/tests/" in page.url:
            assert answered == set(keys)
            return
        onward = page.locator("a[rel=next]")
        expect(onward).to_have_count(1)
        address = onward.get_attribute("href") or ""
        for form in page.locator("form[data-item]").all():
            item = form.get_attribute("data-item") or ""
            answer(page, item, keys[item])
            band = page.locator(f"[id='{item}-feedback'] .hs-band-head")
            expect(band).to_have_text(re.compile("Right|Saved"))
            answered.add(item)
        assert page.locator("a[rel=next]").get_attribute("href") == address
        page.locator("a[rel=next]").click()
    raise AssertionError("the course has no end")


def _pass_the_test(page: Page, site: Site) -> None:
    page.get_by_role("button", name="Start the test").click()
    keys = sitting_keys(site.app, page.url.split("?")[0].rsplit("/", 1)[1])
    for _question in keys:
        item = page.locator("form[data-item]").get_attribute("data-item") or ""
        answer(page, item, keys[item])
    expect(page.get_by_role("heading", level=1)).to_have_text("You have passed")


def test_from_the_first_page_to_a_valid_certificate(site: Site, visit: Callable[..., Page]) -> None:
    page = visit(java_script_enabled=False)
    _start(page)
    _learn(page, site)
    _pass_the_test(page, site)
    page.get_by_role("link", name="Get the certificate").click()
    page.locator("[name=passport_name]").fill("Mariam Diallo")
    page.locator("[name=own_name]").fill("مريم ديالو")
    page.locator("[name=year_of_birth]").fill("1996")
    page.get_by_role("button", name="Make the certificate").click()
    expect(page.locator(".hs-paper-name").first).to_contain_text("Mariam Diallo")
    code = page.locator(".hs-paper-code").first.inner_text().strip()

    officer = visit(java_script_enabled=False)
    officer.goto("/verify")
    officer.locator("[name=code]").fill(code)
    officer.locator("[name=year]").fill("1996")
    officer.get_by_role("button", name="Check").click()
    expect(officer.locator("[data-state]")).to_have_attribute("data-state", "valid")
    expect(officer.locator("main")).to_contain_text("Mariam Diallo")
    assert officer.locator("[data-said=yes]").count() == 4
