"""The verifier without a network, run in a real browser on what a test hands it."""

from __future__ import annotations

import base64
import mimetypes
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, sync_playwright

STATIC = Path(__file__).parents[2] / "static"
#: http and no loopback: the browser keeps its own cryptography to itself here, as on an office's intranet.
HOST = "http://verifier.test"
MODULES = """
  import {verify} from "/js/verifier/verify.js"; import {List, pinned} from "/js/verifier/list.js";
  import {canonical, parse} from "/js/verifier/json.js"; import {decode} from "/js/verifier/cbor.js";
  import {parseCode} from "/js/verifier/codes.js"; import {figure} from "/js/verifier/rosette.js";
  import {rowsOf, Words} from "/js/verifier/words.js";
  Object.assign(self, {verify, List, pinned, canonical, parse, decode, parseCode, figure, rowsOf, Words, ready: true});
"""


def find_chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found is not None, "the browser tests need Chromium (Debian: apt-get install chromium)"
    return found


def _serve(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if path == "/":
        route.fulfill(body=f"<!doctype html><script type=module>{MODULES}</script>", content_type="text/html")
        return
    file = STATIC / path.lstrip("/")
    kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file.name)[0]
    route.fulfill(body=file.read_bytes(), content_type=kind or "application/octet-stream")


@contextmanager
def browser_page() -> Iterator[Page]:
    """Open a page that has the verifier's modules and no network."""
    with sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield page_at(chromium, f"{HOST}/")
        chromium.close()


def page_at(chromium: Browser, address: str) -> Page:
    page = chromium.new_page()
    page.route("**/*", _serve)
    page.goto(address)
    page.wait_for_function("self.ready === true")
    return page


CHECK = """async ([bundle, cases, at]) => {
  const list = new List(bundle, () => true);
  const found = [];
  for (const [kind, text] of cases) {
    const data = kind === "text" ? text : Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const verdict = await verify(data, list, at);
    found.push({state: verdict.state, reason: verdict.reason, issuer: verdict.issuer?.name ?? null,
      answers: Object.fromEntries(Object.values(verdict.answers).map((a) => [a.question, [a.said, a.reason]])),
      facts: verdict.facts, digest: verdict.digest});
  }
  return found;
}"""


def check(page: Page, bundle: str, cases: Sequence[str | bytes], at: datetime) -> list[dict[str, Any]]:
    """Check cases at an instant with a bundle, as the offline page does."""
    given = [
        ["text", one] if isinstance(one, str) else ["bytes", base64.b64encode(one).decode()] for one in cases
    ]
    found: list[dict[str, Any]] = []
    for start in range(0, len(given), 500):
        found += page.evaluate(CHECK, [bundle, given[start : start + 500], int(at.timestamp() * 1000)])
    return found
