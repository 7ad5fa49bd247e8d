"""What a phone fetches over a slow network (1 kB = 1000 bytes): budgets of a first visit and of a lesson."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from .conftest import in_language

LESSONS = ("m1-saluti", "m3-giornata?step=2", "m6-job?step=3")


@dataclass
class Load:
    kind: str
    address: str
    sent: int
    encoding: str


def _watch(page: Page) -> list[Load]:
    """Return a list that fills with what the browser loads: bytes as they came, heads included."""
    loads: list[Load] = []
    open_: dict[str, Load] = {}
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def begins(event: dict) -> None:  # type: ignore[type-arg]
        answer = event["response"]
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        open_[event["requestId"]] = Load(event["type"], answer["url"], 0, headers.get("content-encoding", ""))

    def ends(event: dict) -> None:  # type: ignore[type-arg]
        load = open_.pop(event["requestId"], None)
        if load is not None:
            load.sent = int(event["encodedDataLength"])
            loads.append(load)

    session.on("Network.responseReceived", begins)
    session.on("Network.loadingFinished", ends)
    return loads


def _sum(loads: list[Load], kind: str) -> int:
    return sum(load.sent for load in loads if load.kind == kind)


def test_a_first_visit_is_light(visit: Callable[..., Page]) -> None:
    page = visit()
    loads = _watch(page)
    page.goto("/", wait_until="networkidle")
    assert _sum(loads, "Document") <= 6_000
    assert _sum(loads, "Stylesheet") <= 12_500  # three files; their bodies: tests/look/test_weight.py
    assert _sum(loads, "Script") <= 20_000
    assert sum(load.sent for load in loads) <= 60_000
    assert len(loads) <= 12
    for load in loads:
        if load.kind in ("Document", "Stylesheet", "Script"):
            assert load.encoding in ("gzip", "br", "zstd"), load.address


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_lesson_is_light_and_the_next_page_lighter(visit: Callable[..., Page], language: str) -> None:
    page = visit()
    page.goto("/start?step=route&to=IT")
    page.locator("button[name=route]").first.click()
    page.wait_for_url("**/me/code**")
    page.goto("/courses/it-italiano-a1")
    page.get_by_role("button", name="Start this course").click()
    page.wait_for_url("**/m1-saluti**")
    loads = _watch(page)
    for lesson in LESSONS:
        loads.clear()
        page.goto(in_language(f"/courses/it-italiano-a1/{lesson}", language), wait_until="networkidle")
        assert 0 < _sum(loads, "Document") <= 12_000, lesson
        assert _sum(loads, "Stylesheet") + _sum(loads, "Script") == 0, "style and script stay in the browser"
    for words in ("words", "words?unit=m4-shop", "words?q=a"):
        loads.clear()
        page.goto(in_language(f"/courses/it-italiano-a1/{words}", language), wait_until="networkidle")
        assert 0 < _sum(loads, "Document") <= (15_000 if "q=" not in words else 25_000), words
