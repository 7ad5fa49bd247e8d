"""How long translating takes over a large course: a page, an autosave, XLIFF out and in.

python -m benchmarks.translating [course folder]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from headstart_lms import create_app, operations
from headstart_lms.accounts import services as accounts
from headstart_lms.authoring import archives, drafts
from headstart_lms.authoring import translation_store as translations
from headstart_lms.authoring.house import House
from headstart_lms.authoring.translation_page import SIZE
from headstart_lms.courses import catalogue, xliff
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.paths import bundled_courses
from tests.browsing import Browser

LANGUAGE = "ar"


def middle(times: int, run: Callable[[int], Any]) -> str:
    """Return the median time of a run, and the first one, in ms."""
    found = []
    for number in range(times):
        began = time.perf_counter()
        run(number)
        found.append(1000 * (time.perf_counter() - began))
    return f"{statistics.median(found):6.0f} ms (the first {found[0]:.0f})"


def main(folder: Path) -> None:
    """Print the times of one course in one language."""
    with tempfile.TemporaryDirectory() as name:
        app = create_app({"HEADSTART_INSTANCE": name, "HEADSTART_BASE_URL": "http://localhost"})
        with app.app_context():
            operations.init(app, None)
            house = House.of(app.extensions["headstart"])
            with transaction() as current:
                centre = accounts.get_default_centre(current)
                teacher = accounts.make_staff(
                    current, "anna", "quiet-harbour-sings-42", centre=centre, role="teacher"
                )
                files = archives.read_folder(folder).put(house.storage)
                draft = drafts.create_draft(current, teacher, centre, files)
                token = accounts.sign_in(current, teacher, timedelta(hours=8))
                uuid = draft.uuid
            sheet = translations.read_sheet(session(), house, draft, LANGUAGE)
            unit = sheet.course.units[0].id
            raw = xliff.write(sheet.course, LANGUAGE, sheet.held)
            po = len(catalogue.rewritten(None, sheet.course, LANGUAGE, {}))
            print(f"{folder.name}: {len(sheet.source)} texts, PO without translations {po / 1000:.0f} kB")
            print("XLIFF out      ", middle(5, lambda n: xliff.write(sheet.course, LANGUAGE, sheet.held)))
            print("XLIFF in       ", middle(5, lambda n: read_and_take(raw, sheet)))
            db.session.remove()
        browser = Browser(app)
        browser.set_cookie("hs", token)
        at = f"/teach/courses/{uuid}/translations"
        print("languages      ", middle(9, lambda n: browser.open(at)))
        print(f"page, {SIZE} texts ", middle(9, lambda n: browser.open(f"{at}/{LANGUAGE}?part={unit}")))
        page = browser.open(f"{at}/{LANGUAGE}?part={unit}")
        form = page.form(to=f"/{LANGUAGE}")
        field = next(name for name in sorted(form.names) if name.startswith("f-") and "title" in name)
        base = dict(form.filled)["base"]

        def autosave(number: int) -> None:
            nonlocal base
            data = {**form.data({field: f"Text {number}"}), "base": [base], "do": ["autosave"]}
            answer = browser.post(form.action, data, Accept="application/json")
            assert answer.status == 200, answer.text  # noqa: S101 - a wrong run measures nothing
            base = answer.json["base"]

        print("autosave       ", middle(15, autosave))
        print(f"page: {len(page.body.encode()) / 1000:.0f} kB of HTML for {unit}")


def read_and_take(raw: bytes, sheet: Any) -> None:
    offered = xliff.read(raw, source_language=sheet.course.source_language, language=LANGUAGE)
    catalogue.take(sheet.course, sheet.held, offered)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else bundled_courses() / "it-italiano-a1")
