"""The real server with the bundled courses and the demo, and the system's Chromium in front of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from headstart_lms import create_app
from headstart_lms.kernel.db import db

HEADSTART = [sys.executable, "-c", "from headstart_lms.app import main; main()"]
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Site:
    """A running installation: its address, what ``headstart demo`` said, the same application here."""

    address: str
    demo: dict[str, Any]
    app: Flask

    def person(self, name: str) -> dict[str, Any]:
        return next(person for person in self.demo["people"] if name in (person["name"], person["login"]))

    def certificate(self, state: str) -> dict[str, Any]:
        return next(one for one in self.demo["certificates"] if one["state"] == state)

    @property
    def group(self) -> str:
        return f"/teach/groups/{self.demo['cohorts'][0]['id']}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str, server: subprocess.Popen[bytes]) -> None:
    for _try in range(200):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer within 20 seconds")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Set an installation up in a folder, with the courses and the demo, and serve it."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADSTART_")}
    settings = {**clean, "HEADSTART_INSTANCE": str(folder), "HEADSTART_BASE_URL": address}

    def headstart(*words: str) -> str:
        done = subprocess.run([*HEADSTART, *words], env=settings, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode == 0, done.stderr
        return done.stdout

    headstart("init")
    headstart("course", "publish", "--bundled")
    demo = json.loads(headstart("demo", "--json"))
    server = subprocess.Popen([*HEADSTART, "serve", "--port", str(port)], env=settings)  # noqa: S603
    try:
        _wait(address, server)
        app = create_app({"HEADSTART_INSTANCE": str(folder), "HEADSTART_BASE_URL": address})
        yield Site(address, demo, app)
        with app.app_context():
            db.engine.dispose()
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Run the driver for one file at a time: two at once in a thread disturb each other."""
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found is not None, "the browser tests need Chromium (Debian: apt-get install chromium)"
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    started = playwright.chromium.launch(executable_path=found, args=arguments)
    yield started
    started.close()


class Visits:
    """Opens pages as somebody, and watches: no request leaves the site, no script or policy complains."""

    def __init__(self, site: Site, chromium: Browser) -> None:
        self._site, self._chromium = site, chromium
        self._contexts: list[BrowserContext] = []
        self.strangers: list[str] = []
        self.complaints: list[str] = []

    def __call__(self, person: str | None = None, **options: Any) -> Page:
        phone = {"viewport": {"width": 360, "height": 740}, "locale": "en", "base_url": self._site.address}
        context = self._chromium.new_context(**{**phone, **options})
        context.set_default_timeout(8000)
        # the first page of a large draft is checked whole, beside whatever else the machine does
        context.set_default_navigation_timeout(30_000)
        self._contexts.append(context)
        context.on("request", lambda request: self._look_at(request.url))
        context.on("console", self._listen)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        if person is not None:
            self.sign_in(context, person)
        return context.new_page()

    def sign_in(self, context: BrowserContext, name: str) -> None:
        person = self._site.person(name)
        form = {"code": person["code"]} if "code" in person else {"login": name, "password": person["secret"]}
        headers = {"Origin": self._site.address}
        answer = context.request.post("/sign-in", form=form, headers=headers, max_redirects=0)
        assert answer.status == 303, f"{name} could not sign in: {answer.status}"

    def _look_at(self, url: str) -> None:
        if url.startswith(("data:", "blob:")):
            return
        if urlsplit(url).netloc != urlsplit(self._site.address).netloc:
            self.strangers.append(url)

    def _listen(self, message: ConsoleMessage) -> None:
        # Chromium reports every 4xx here; what such a page says is tested where it belongs.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(f"{message.text} ({message.location.get('url')})")

    def end(self) -> None:
        for context in self._contexts:
            context.close()
        assert self.strangers == []
        assert self.complaints == []


@pytest.fixture
def visit(site: Site, chromium: Browser) -> Iterator[Callable[..., Page]]:
    visits = Visits(site, chromium)
    yield visits
    visits.end()


def in_language(path: str, language: str) -> str:
    """Return an address of the site in a language."""
    address, mark, fragment = path.partition("#")
    return f"{address}{'&' if '?' in address else '?'}lang={language}{mark}{fragment}"
