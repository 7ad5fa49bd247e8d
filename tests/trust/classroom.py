"""A classroom at a real server: thirty learners, each with the answers she is going to send."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID, uuid4

from flask import Flask

from headstart_lms import create_app, operations
from headstart_lms.accounts import services as accounts
from headstart_lms.assessments.items.base import ItemType
from headstart_lms.builtin import item_types
from headstart_lms.courses.check import check_folder
from headstart_lms.courses.services import publish
from headstart_lms.demo import right_response
from headstart_lms.kernel.clock import today
from headstart_lms.kernel.db import db, transaction
from headstart_lms.learning import services as learning
from headstart_lms.learning.pages import given_values
from headstart_lms.paths import bundled_courses

SLUG = "it-diritti"


@dataclass(frozen=True)
class Sheet:
    """One answer, ready to be sent. The id makes sending it again the same answer."""

    answer_id: UUID
    path: str
    body: str


@dataclass
class Learner:
    token: str
    registration: UUID
    sheets: list[Sheet] = field(default_factory=list)


@dataclass(frozen=True)
class Sent:
    """What became of an answer: ``status`` 0 when the line broke. ``began`` and ``seconds`` by the monotonic clock."""

    answer_id: UUID
    status: int
    began: float
    seconds: float
    error: str = ""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def make_instance(folder: Path, port: int) -> Flask:
    """Set up an instance as an operator does, with one course that we ship."""
    app = create_app({"HEADSTART_INSTANCE": str(folder), "HEADSTART_BASE_URL": f"http://127.0.0.1:{port}"})
    with app.app_context():
        operations.init(app, None)
        state = app.extensions["headstart"]
        checked = check_folder(bundled_courses() / SLUG, item_types(), on=today())
        with transaction() as current:
            publish(current, state.storage, state.library, checked)
        db.session.remove()
    return app


def make_learners(app: Flask, count: int, units: int) -> list[Learner]:
    """Enrol learners, sign them in, and write the right answers to the first units."""
    learners = []
    with app.app_context():
        state = app.extensions["headstart"]
        house = learning.House.of(state)
        with transaction() as current:
            for _number in range(count):
                person, _code = accounts.start_learner(
                    current, state.keyring, language="en", destination="IT", route="labour"
                )
                enrolment = learning.enrol(current, house, person, SLUG, language="en")
                token = accounts.sign_in(current, person, timedelta(days=1))
                learner = Learner(token, enrolment.registration)
                book, tokens = house.book_of(current, enrolment), house.tokens_of(enrolment.registration)
                for name in book.unit_order[:units]:
                    for item in book.units[name].items:
                        assert isinstance(item, ItemType)
                        values = given_values(item, item.form(tokens), right_response(item), tokens)
                        answer_id = uuid4()
                        learner.sheets.append(
                            Sheet(answer_id, f"/courses/{SLUG}/items/{item.id}/answer",
                                  urlencode({"answer_id": str(answer_id), **values}, doseq=True))
                        )  # fmt: skip
                learners.append(learner)
        db.session.remove()
        db.engine.dispose()
    return learners


@contextmanager
def serve(
    folder: Path, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``headstart serve`` in a process group of its own until it answers; end it afterwards."""
    log = folder / "server.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).with_name("headstart")), "serve", "--port", str(port)],
            env={**os.environ, "HEADSTART_INSTANCE": str(folder), **(environment or {})},
            stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    try:
        for _try in range(200):
            assert process.poll() is None, log.read_text("utf-8")
            try:
                with socket.create_connection(("127.0.0.1", port), 1):
                    break
            except OSError:
                time.sleep(0.05)
        else:
            raise AssertionError("the server does not answer: " + log.read_text("utf-8"))
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the server and its workers at once, as the end of a battery does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Burst:
    """Everybody sends her answers one after the other, all at the same time."""

    def __init__(self, port: int, learners: list[Learner], *, skip: frozenset[UUID] = frozenset()) -> None:
        self.port = port
        self.sent: list[Sent] = []
        self.stop = threading.Event()
        self._guard = threading.Lock()
        self._go = threading.Barrier(len(learners) + 1)
        self._threads = [
            threading.Thread(target=self._learn, args=(learner, skip), daemon=True) for learner in learners
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        self._go.wait()

    def join(self, seconds: float = 120) -> None:
        for thread in self._threads:
            thread.join(seconds)
            assert not thread.is_alive(), "a learner waits for ever"

    @property
    def taken(self) -> list[Sent]:
        """What the server acknowledged."""
        with self._guard:
            return [one for one in self.sent if one.status == 303]

    def _learn(self, learner: Learner, skip: frozenset[UUID]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {
            "Cookie": f"hs={learner.token}", "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        self._go.wait()
        for sheet in learner.sheets:
            if self.stop.is_set():
                break
            if sheet.answer_id in skip:
                continue
            began = time.monotonic()
            status, error = 0, ""
            try:
                connection.request("POST", sheet.path, sheet.body, headers)
                response = connection.getresponse()
                response.read()
                status = response.status
            except (OSError, http.client.HTTPException) as problem:
                error = repr(problem)
                connection.close()
            with self._guard:
                self.sent.append(Sent(sheet.answer_id, status, began, time.monotonic() - began, error))
            if error:
                break
        connection.close()
