"""A teacher at the editor: she writes parts and questions by their forms, as they stand in the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page, expect

Fields = Mapping[str, Any]


class Teacher:
    """Writes into one draft. Fields are named as in the forms, without their ``f-``."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.course = ""

    def go(self, path: str = "") -> None:
        answer = self.page.goto(self.course + path)
        assert answer is not None
        assert answer.status == 200, f"{path}: {answer.status}"

    def press(self, name: str, *, nth: int = 0) -> None:
        """Press a button that leads to another page."""
        button = self.page.locator("main").get_by_role("button", name=name, exact=True).nth(nth)
        with self.page.expect_navigation():
            button.click()

    def fill(self, fields: Fields) -> None:
        """Fill fields by their names: True ticks, a list ticks these values, ``@2`` is the second of a choice."""
        for name, wanted in fields.items():
            found = self.page.locator(f'main [name="f-{name}"]:not([type=hidden])')
            expect(found.first, f"a field {name} on {self.page.url}").to_be_attached()
            for folded in found.first.locator("xpath=ancestor::details[not(@open)]").all():
                folded.locator("> summary").click()
            kind = found.first.evaluate("field => field.type")
            if kind in ("radio", "checkbox"):
                for value in ["1"] if wanted is True else [wanted] if isinstance(wanted, str) else wanted:
                    self.page.locator(f'main [name="f-{name}"][value="{value}"]').check()
            elif kind == "select-one":
                if str(wanted).startswith("@"):
                    found.first.select_option(index=int(wanted[1:]))
                else:
                    found.first.select_option(str(wanted))
            else:
                found.first.fill(str(wanted))

    # --- blocks ------------------------------------------------------------------------------------------

    def add_block(self, kind: str, fields: Fields | None = None) -> str:
        """Add a part after the last one by the keyboard, and fill it in; return its id."""
        add = self.page.locator("[data-hs-unit] .hs-add:has(button[value^='add:']) > summary").last
        add.focus()
        self.page.keyboard.press("Enter")
        choose = self.page.locator(f".hs-add[open] button[value='add:{kind}']")
        choose.focus()
        self.page.keyboard.press("Enter")
        form = self.page.locator("form[data-hs-autosave]")
        opened = self.page.locator(".hs-part.hs-is-open")
        expect(opened.locator(".hs-part-kind")).to_be_visible()
        name = (opened.get_attribute("id") or "").removeprefix("part-")
        self.fill(fields or {})
        with self.page.expect_navigation():
            form.get_by_role("button", name="Save", exact=True).last.click()
        return name

    def open_block(self, name: str) -> None:
        """Open the form of a part that is there."""
        self.page.locator(f"#part-{name} [data-hs-edit]").first.click()
        expect(self.page.locator("form[data-hs-autosave]")).to_be_visible()

    def save_block(self, name: str, fields: Fields) -> None:
        """Change a part that is there."""
        self.open_block(name)
        form = self.page.locator("form[data-hs-autosave]")
        self.fill(fields)
        with self.page.expect_navigation():
            form.get_by_role("button", name="Save", exact=True).last.click()

    # --- questions ---------------------------------------------------------------------------------------

    def add_item(self, kind: str, *steps: Fields) -> str:
        """Add a question to the last block of questions and fill its form in; each further step comes after a save."""
        add = self.page.locator(".hs-add:has(button[value^='item:'])").last
        add.locator("> summary").focus()
        self.page.keyboard.press("Enter")
        choose = add.locator(f"button[value='item:{kind}']")
        choose.focus()
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        name = re.sub(r"[?#].*", "", self.page.url).rsplit("/", 1)[1]
        unit = self.page.url.rsplit("/items/", 1)[0]
        for fields in steps:
            self.save_item(fields)
        self.page.goto(unit)
        return name

    def save_item(self, fields: Fields) -> None:
        """Fill in the form of a question that is open, and save it."""
        self.fill(fields)
        with self.page.expect_navigation():
            self.page.locator("#form").get_by_role("button", name="Save", exact=True).last.click()

    def is_finished(self) -> bool:
        """Tell whether the question on the page can be tried as a learner."""
        return self.page.locator(".hs-try").count() == 1
