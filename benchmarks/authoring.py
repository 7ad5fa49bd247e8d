"""How much it takes to write one unit of 6 parts and 8 questions: keys, clicks, page loads, by hand in a browser.

    python benchmarks/authoring.py [--json out.json]

Sets an installation up in a temporary folder, opens Chromium, and writes the same unit twice: every question by its
form, and all questions as lines of text. Every character is a key press; every field that is filled is clicked into
first, as by somebody who does not use Tab; a page load is a new document in the window. Seconds are those of the
machine, which thinks of nothing. A unit is finished when the checker finds no error in it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, sync_playwright
from running import free_port

HEADSTART = [sys.executable, "-c", "from headstart_lms.app import main; main()"]

BLOCKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("text", {"text": "After this unit you can greet people and say who you are."}),
    ("dialogue", {"turns.+": "Amina: Buongiorno! = Good morning!\nMarco: Buongiorno, signora. = Good morning, madam."}),
    ("grammar", {"title": "To be", "text": "Say sono for yourself, sei for a friend.",
                 "examples.+": "Sono Amina. = I am Amina."}),
    ("checklist", {"title": "Before you travel", "steps.+": "Take your passport.\nBuy a ticket."}),
    ("scenario", {"title": "Amina arrives", "text": "Amina comes out of the station. She looks for a pharmacy."}),
    ("items", {}),
)  # fmt: skip
QUESTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    ("single", {"prompt": "What do you say in the morning?", "options.+": "Buongiorno!\nBuonanotte!\nArrivederci!"}),
    ("single", {"prompt": "What is il pane?", "options.+": "bread\nmilk\nwater"}),
    ("single", {"prompt": "Who helps the sick?", "options.+": "il medico\nla chiave\nil biglietto"}),
    ("match", {"prompt": "What does it mean?", "pairs.+": "il pane = bread\nil latte = milk\nl'acqua = water"}),
    ("gap-choice", {"text": "Io [sono|sei] di Tunisi."}),
    ("gap-type", {"text": "Buongiorno, [mi] chiamo Amina."}),
    ("short", {"prompt": "How do you say thank you?", "answers": "grazie\ngrazie mille"}),
    ("order", {"prompt": "Make a sentence.", "parts.+": "Mi\nchiamo\nAmina."}),
)  # fmt: skip
#: The same eight, as lines (docs/authoring-parts.md).
LINES = """What do you say in the morning?
*Buongiorno!
Buonanotte!
Arrivederci!

What is il pane?
*bread
milk
water

Who helps the sick?
*il medico
la chiave
il biglietto

What does it mean?
il pane = bread
il latte = milk
l'acqua = water

Io [sono|sei] di Tunisi.

Buongiorno, [mi] chiamo Amina.

How do you say thank you?
= grazie
= grazie mille

Make a sentence.
1. Mi
2. chiamo
3. Amina."""


@dataclass
class Count:
    keys: int = 0
    clicks: int = 0
    page_loads: int = 0
    seconds: float = 0.0


class Hands:
    """Types and clicks, and counts."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, Count()
        page.on("load", self._loaded)

    def _loaded(self, page: Page) -> None:
        self.count.page_loads += 1

    def click(self, what: Locator, *, leads_on: bool = False) -> None:
        self.count.clicks += 1
        if leads_on:
            with self.page.expect_navigation():
                what.click()
        else:
            what.click()

    def fill(self, fields: dict[str, str]) -> None:
        for name, text in fields.items():
            self.click(self.page.locator(f'main [name="f-{name}"]'))
            self.count.keys += len(text)
            self.page.keyboard.type(text)


def write_blocks(hands: Hands) -> None:
    for kind, fields in BLOCKS:
        if hands.page.locator("[data-hs-part]").count():  # in an empty unit the list of kinds is open
            hands.click(hands.page.locator(".hs-add:has(button[value^='add:']) > summary").last)
        hands.click(hands.page.locator(f".hs-add[open] button[value='add:{kind}']"))
        form = hands.page.locator("form[data-hs-autosave]")
        form.wait_for()
        hands.fill(fields)
        hands.click(form.get_by_role("button", name="Save", exact=True).last, leads_on=True)


def write_by_forms(hands: Hands) -> None:
    """One form after the other: *Save and write another one* as long as the kind stays, then back to the unit."""
    page, before = hands.page, ""
    for number, (kind, fields) in enumerate(QUESTIONS):
        if kind != before:
            hands.click(page.locator(".hs-add:has(button[value^='item:']) > summary").last)
            hands.click(page.locator(f".hs-add[open] button[value='item:{kind}']"), leads_on=True)
        hands.fill(fields)
        before = kind
        if number + 1 < len(QUESTIONS) and QUESTIONS[number + 1][0] == kind:
            hands.click(page.get_by_role("button", name="Save and write another one"), leads_on=True)
        else:
            hands.click(
                page.locator("#form").get_by_role("button", name="Save", exact=True).last, leads_on=True
            )
            hands.click(page.locator(".hs-crumbs a").last, leads_on=True)  # back to the unit


def write_by_lines(hands: Hands) -> None:
    page = hands.page
    hands.click(page.get_by_role("link", name="Write several questions at once"), leads_on=True)
    hands.click(page.locator("main [name=text]"))
    hands.count.keys += len(LINES)
    page.keyboard.type(LINES)
    hands.click(page.get_by_role("button", name="Look at them first"), leads_on=True)
    hands.click(page.get_by_role("button", name=f"Write {len(QUESTIONS)} questions"), leads_on=True)


def new_unit(page: Page) -> None:
    """Make an empty unit of a language course; this is not counted."""
    page.goto("/teach/courses/new")
    page.get_by_label("Title").fill("A course to measure")
    page.get_by_label("A language module").check()
    page.locator("[name=country]").select_option("IT")
    page.locator("[name=taught]").select_option("it")
    page.get_by_role("button", name="Begin").click()
    page.get_by_placeholder("Title of a new unit").fill("Measured")
    page.get_by_role("button", name="Add unit").click()
    page.get_by_role("link", name="Measured", exact=True).click()
    page.wait_for_load_state()
    for _part in page.locator("[data-hs-part]").all():  # what a new unit begins with
        page.locator("[data-hs-do] button[value^='delete:']").first.click()
        page.wait_for_timeout(1000)


def measure(page: Page, questions: Any) -> dict[str, Any]:
    new_unit(page)
    unit = page.url.split("?")[0].split("#")[0]
    hands = Hands(page)
    began = time.perf_counter()
    write_blocks(hands)
    questions(hands)
    hands.count.seconds = round(time.perf_counter() - began, 1)
    page.remove_listener("load", hands._loaded)
    page.goto(unit)
    errors = page.locator("[data-hs-part] .hs-error").all_inner_texts()
    if errors or page.locator(".hs-item").count() != len(QUESTIONS):
        raise SystemExit(f"the unit is not finished: {errors}")
    return asdict(hands.count)


@contextmanager
def _site(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADSTART_")}
    settings = {**clean, "HEADSTART_INSTANCE": str(folder), "HEADSTART_BASE_URL": address}
    out: list[str] = []
    for words in (["init"], ["course", "publish", "--bundled"], ["demo", "--json"]):
        done = subprocess.run([*HEADSTART, *words], env=settings, capture_output=True, text=True, check=True)  # noqa: S603
        out.append(done.stdout)
    command = [*HEADSTART, "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=settings, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        for _try in range(200):
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=2).close()  # noqa: S310 - our own address
                break
            except OSError:
                time.sleep(0.1)
        yield address, json.loads(out[-1])
    finally:
        server.terminate()
        server.wait(30)


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what it takes to write one unit.")
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as folder,
        _site(Path(folder)) as (address, demo),
        sync_playwright() as started,
    ):
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en", base_url=address)
        secret = next(one["secret"] for one in demo["people"] if one.get("login") == "teacher-north")
        context.request.post(
            "/sign-in", form={"login": "teacher-north", "password": secret}, headers={"Origin": address}
        )
        page = context.new_page()
        found = {
            "blocks": len(BLOCKS), "questions": len(QUESTIONS),
            "characters of the texts": sum(len(t) for _k, fields in (*BLOCKS, *QUESTIONS) for t in fields.values()),
            "questions by forms": measure(page, write_by_forms),
            "questions as lines": measure(page, write_by_lines),
        }  # fmt: skip
        browser.close()
    text = json.dumps(found, indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
