"""Every course that comes with the program, in the editor: each form saved as it stands, exported to what it was."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from headstart_lms.authoring.content import content_of
from headstart_lms.kernel.db import session

from ..browsing import Browser
from .drafts import draft_of, make_draft
from .test_forms import COURSES

#: All pages of lists are opened, and every third unit. Of parts of units, of their questions and of those of banks,
#: the first of each kind is opened and saved; of words, facts, objectives, pictures and sounds one row in fifty.
#: The forms of all parts and all questions are read without HTTP in ``test_forms.py``; every file is compared here.
UNITS, PER_KIND, ROWS = 3, 1, 50


def _first_of_each_kind(rows: list[tuple[str, Any]]) -> Iterator[str]:
    seen: dict[str, int] = {}
    for address, item in rows:
        seen[item["type"]] = seen.get(item["type"], 0) + 1
        if seen[item["type"]] <= PER_KIND:
            yield address


def _addresses(data: Any) -> Iterator[str]:
    """Return what is opened below the address of a draft."""
    yield from ("", "/settings", "/people", "/history", "/publish", "/words", "/facts", "/outcomes", "/bank")
    yield from ("/media", "/record", "/pictures", "/tests", "/reports", "/paste/words", "/paste/questions")
    parts: list[tuple[str, Any]] = []
    questions: list[tuple[str, Any]] = []
    for n, unit in enumerate(data["units"]):
        here = f"/units/{unit['id']}"
        if n % UNITS == 0:
            yield f"{here}?open={unit['id']}"
        for block in unit["blocks"]:
            parts.append((f"{here}?open={block['id']}", block))
            questions += [(f"{here}/items/{item['id']}", item) for item in block.get("items", ())]
    yield f"/units/{data['units'][0]['id']}/preview"
    yield from _first_of_each_kind(parts)
    yield from _first_of_each_kind(questions)
    yield from _first_of_each_kind([(f"/bank/items/{item['id']}", item) for item in data.get("bank", ())])
    yield from (f"/tests/{row['id']}" for row in data.get("blueprints", ()))
    for table, rows in (
        ("words", "entries"),
        ("facts", "facts"),
        ("outcomes", "outcomes"),
        ("media", "media"),
    ):
        yield from (f"/{table}/{row['id']}" for row in data.get(rows, ())[::ROWS])


def _exported(bruno: Browser, here: str) -> dict[str, bytes]:
    archive = zipfile.ZipFile(io.BytesIO(bruno.open(here + "/export").response.get_data()))
    names = [name for name in archive.namelist() if not name.endswith("/")]
    return {name.split("/", 1)[1]: archive.read(name) for name in names}


@pytest.mark.parametrize("course", COURSES, ids=lambda course: course.name)
def test_a_course_that_is_opened_and_saved_without_a_change_is_what_it_was(
    app: Flask, as_person: Callable[[str], Browser], course: Path
) -> None:
    uuid: UUID = make_draft(app, course)
    with app.app_context():
        data = content_of(session(), draft_of(uuid)).data
    bruno = as_person("bruno")
    here = f"/teach/courses/{uuid}"
    saved = 0
    for address in _addresses(data):
        page = bruno.open(here + address)
        assert page.status == 200, address
        for form in page.forms:
            if "base" in form.names and "do" in form.names and "save" in form.choices.get("do", ()):
                answer = bruno.send(form, do="save")
                assert answer.status == 200, (address, answer.text[:300])
                saved += 1
    assert saved > 20
    with app.app_context():
        assert draft_of(uuid).head == 1, "nothing was changed, so nothing was written"
    files = {
        file.relative_to(course).as_posix(): file.read_bytes() for file in course.rglob("*") if file.is_file()
    }
    assert _exported(bruno, here) == files
