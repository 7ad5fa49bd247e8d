"""Everything authors can do stands in a plain form: found by following links, and sent without any script."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from flask import Flask

from headstart_lms.kernel.access import rule_of

from ..browsing import Browser, Form, Page
from .drafts import make_draft, save, staff
from .uploads import jpeg

#: What only a script asks for: how a text reads while it is written. Without one, the saved part shows it.
ONLY_SCRIPTS = {"authoring.markdown"}
#: Stands in a form only when something has happened before; sent where that is made.
ELSEWHERE = {
    "authoring.delete_test": "test_blueprints.py", "authoring.describe_media": "test_media_pages.py",
    "authoring.kept": "test_courses_pages.py", "authoring.regrade_now": "test_regrading.py",
    "authoring.settle_at_centre": "test_reports.py",
    "authoring.settle_report": "test_reports.py", "authoring.small_corrections": "test_translation_pages.py",
    "authoring.undo": "test_units.py",
}  # fmt: skip
#: Only a finished course is translated and published, so these are sent before a question is begun; and what
#: takes away what others need is sent last.
FIRST, LAST = ("language", "transla", "publish"), ("delete", "restore", "import", "away")


def turn(endpoint: str) -> tuple[bool, int, str]:
    late = next((n for n, word in enumerate(LAST, 1) if word in endpoint), 0)
    return not any(word in endpoint for word in FIRST), late, endpoint


@pytest.fixture
def mira(app: Flask) -> Browser:
    """A manager: she may do everything at her centre."""
    return staff(app, "mira", "manager")


@pytest.fixture
def uuid(app: Flask, folder: Path, mira: Browser) -> UUID:
    """A small course with a word, a fact, a picture and a second language."""
    head = (
        (folder / "course.yaml")
        .read_text("utf-8")
        .replace("support_languages: [en]", "support_languages: [en, ar]")
    )
    (folder / "course.yaml").write_text(head + "taught: {language: it, level: A1}\n", "utf-8")
    (folder / "entries.yaml").write_text(
        "- {id: grazie, kind: phrase, word: grazie, gloss: thank you}\n", "utf-8"
    )
    made = make_draft(app, folder)
    form = mira.open(f"/teach/courses/{made}/media").form(having="said")
    rights = {"said": "A door", "licence": "CC-BY-4.0", "source": "own photo"}
    page = mira.send(form, rights, files={"file": jpeg()})
    assert page.status == 200, page.text
    save(app, made, "facts.yaml", [{
        "id": "days", "claim": "You have 8 days.", "country": "IT", "review_by": "2027-01-01", "owner": "Us",
        "source": {"title": "Law", "url": "https://example.org/", "read": "2026-01-01"},
    }])  # fmt: skip
    return made


def endpoint_of(app: Flask, address: str, method: str) -> str:
    path = urlsplit(address).path
    found, _parts = app.url_map.bind("localhost").match(path, method=method)
    return str(found).removeprefix("headstart.")


def crawl(app: Flask, browser: Browser) -> dict[str, tuple[str, Form]]:
    """Follow every link below My courses; return {endpoint: (page, form)} of the forms that send something."""
    found: dict[str, tuple[str, Form]] = {}
    waiting, seen, kinds = ["/teach/courses"], set[str](), dict[str, int]()
    while waiting:
        address = waiting.pop(0)
        plain = address.split("#")[0]
        if plain in seen:
            continue
        seen.add(plain)
        endpoint = endpoint_of(app, address, "GET")
        kinds[endpoint] = kinds.get(endpoint, 0) + 1
        if kinds[endpoint] > 8:
            continue
        page = browser.open(address)
        assert page.status == 200, address
        for form in page.forms:
            if form.method == "post":
                found.setdefault(endpoint_of(app, form.action, "POST"), (plain, form))
        waiting += [
            urlsplit(link["href"]).path + (f"?{query}" if (query := urlsplit(link["href"]).query) else "")
            for link in page.links if "/teach/courses" in link["href"] and "download" not in link
        ]  # fmt: skip
    return found


def send(browser: Browser, page: str, form: Form) -> Page:
    """Send a form as it stands, by its first button."""
    fresh = next(
        one for one in browser.open(page).forms if one.action == form.action and one.names == form.names
    )
    do = fresh.choices.get("do", [])
    return browser.send(fresh, {"do": do[0]} if do else {})


def test_every_form_of_authors_is_found_by_links_and_sent_without_a_script(
    app: Flask, uuid: UUID, mira: Browser
) -> None:
    forms = crawl(app, mira)
    wanted = {
        rule.endpoint.removeprefix("headstart.") for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint.startswith("headstart.authoring.")
        and rule_of(app.view_functions[rule.endpoint]) is not None
    }  # fmt: skip
    assert wanted - set(forms) == ONLY_SCRIPTS | set(ELSEWHERE)
    for endpoint in sorted(wanted & set(forms), key=turn):
        page, form = forms[endpoint]
        answer = send(mira, page, form)
        assert answer.status in (200, 409, 422), (endpoint, page, answer.status)
        assert re.search(r"<h1[^>]*>(?!\s*</h1>)", answer.body), (
            f"{endpoint}: a page to read, whatever came of it"
        )
