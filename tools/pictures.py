"""Make the picture of the README from a running demo: ``pictures.py INSTANCE/demo.json docs/pictures``.

Two real pages side by side, an English course page and an Arabic lesson on a phone. Needs Chromium.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

#: A course that the fourth learner of the demo has begun, and a lesson that the first one opens.
COURSE = "it-diritti"
UNIT = "it-italiano-a1/m1-saluti"
FRAME = """<!doctype html>
<style>
  body {{ margin: 0; padding: 24px; width: 914px; background: #EDE8DC }}
  body {{ display: flex; gap: 24px; align-items: start }}
  img {{ display: block; border-radius: 12px; border: 1px solid #C9C2B2 }}
  .phone {{ border-radius: 26px; border: 7px solid #1B2430 }}
</style>
<img width="558" src="data:image/png;base64,{wide}">
<img class="phone" width="316" src="data:image/png;base64,{phone}">
"""


def shoot(browser: Browser, base_url: str, code: str, path: str, language: str, size: tuple[int, int]) -> str:
    """Sign in with a learner's code and return a page as she sees it: PNG, base64."""
    context = browser.new_context(
        base_url=base_url, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce",
        is_mobile=size[0] < 500, has_touch=size[0] < 500,
    )  # fmt: skip
    page = context.new_page()
    page.goto(f"/sign-in?lang={language}")
    page.fill("input[name=code]", code)
    page.locator("form:has(input[name=code]) [type=submit]").click()
    course = path.split("/")[2]
    page.goto(f"/courses/{course}")
    start = page.locator(f"form[action$='/courses/{course}/enrol'] [type=submit]")
    if start.count():
        start.first.click()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    taken = page.screenshot()
    context.close()
    return base64.b64encode(taken).decode()


def main(demo: Path, folder: Path) -> None:
    made = json.loads(demo.read_text(encoding="utf-8"))
    learners = [p for p in made["people"] if p["role"] == "learner" and not p["suspended"]]
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        wide = shoot(browser, made["base_url"], learners[3]["code"], f"/courses/{COURSE}", "en", (760, 948))
        phone = shoot(browser, made["base_url"], learners[0]["code"], f"/courses/{UNIT}", "ar", (375, 812))
        page = browser.new_page(viewport={"width": 962, "height": 100})
        page.set_content(FRAME.format(wide=wide, phone=phone))
        page.wait_for_load_state("networkidle")
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / "course-and-unit.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
