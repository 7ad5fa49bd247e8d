"""The lights go out while a text saves itself over HTTP: what the page was told is saved, is there."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

from headstart_lms import create_app
from headstart_lms.accounts import services as accounts
from headstart_lms.authoring import drafts, store
from headstart_lms.authoring.models import Draft
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.paths import bundled_courses

from .classroom import SLUG, free_port, kill, make_instance, serve

UNIT = "arrive"


def make_draft(folder: Path, port: int) -> tuple[str, str, str]:
    """Set up an instance with a teacher and her draft; return her session, its id, and the id of a text."""
    app = make_instance(folder, port)
    course = bundled_courses() / SLUG
    files = {
        file.relative_to(course).as_posix(): file.read_bytes()
        for file in course.rglob("*") if file.suffix in (".yaml", ".po")
    }  # fmt: skip
    with app.app_context():
        with transaction() as current:
            centre = accounts.get_default_centre(current)
            teacher = accounts.make_staff(
                current, "bruno", "correct horse battery", centre=centre, role="teacher"
            )
            draft = drafts.create_draft(current, teacher, centre, files)
            unit, _digest = store.read_data(current, draft, f"units/{UNIT}.yaml")
            part = next(block["id"] for block in unit["blocks"] if block["type"] == "text")
            made = accounts.sign_in(current, teacher, timedelta(days=1)), str(draft.uuid), part
        db.session.remove()
        db.engine.dispose()
    return made


class Writer(threading.Thread):
    """Types on, and saves as the page does: with the base that the last answer gave."""

    def __init__(self, port: int, token: str, draft: str, part: str) -> None:
        super().__init__(daemon=True)
        self.port, self.part = port, part
        self.address = f"/teach/courses/{draft}/units/{UNIT}"
        self.headers = {
            "Cookie": f"hs={token}", "Sec-Fetch-Site": "same-origin", "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        self.taken = -1

    def run(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            line.request(
                "GET", f"{self.address}?open={self.part}", headers={**self.headers, "Accept": "text/html"}
            )
            page = unescape(line.getresponse().read().decode())
            base, opened = (
                re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("base", "opened")
            )
            for number in range(10_000):
                body = {"base": base, "opened": opened, "f-text": f"Number {number}", "do": "autosave"}
                line.request("POST", f"{self.address}/parts/{self.part}", urlencode(body), self.headers)
                answer = line.getresponse()
                said = answer.read()
                if answer.status != 200:
                    return
                base, self.taken = json.loads(said)["base"], number
        except (OSError, http.client.HTTPException):
            return  # the lights are out


def test_a_kill_during_autosave_loses_no_text_that_the_page_was_told_is_saved(tmp_path: Path) -> None:
    folder, port = tmp_path / "instance", free_port()
    token, draft, part = make_draft(folder, port)
    for round_ in range(3):
        with serve(folder, port) as process:
            writer = Writer(port, token, draft, part)
            writer.start()
            deadline = time.monotonic() + 60
            while writer.taken < 4 + 3 * round_ and writer.is_alive() and time.monotonic() < deadline:
                time.sleep(0.005)
            kill(process)
            writer.join(30)
        assert writer.taken >= 4 + 3 * round_
        app = create_app({"HEADSTART_INSTANCE": str(folder)})
        with app.app_context():
            row = session().query(Draft).one()
            unit, _digest = store.read_data(session(), row, f"units/{UNIT}.yaml")
            text = next(block["text"] for block in unit["blocks"] if block["id"] == part)
            number = int(text.split()[1])
            assert writer.taken <= number <= writer.taken + 1, (
                "what was said to be saved is there, or the one after it"
            )
            assert store.tree_at(session(), row, row.head) == store.tree(session(), row), (
                "tree and history agree"
            )
            for path in store.tree(session(), row):
                if not path.startswith("media/"):
                    store.read_text(session(), row, path)
            session().rollback()
            db.engine.dispose()
