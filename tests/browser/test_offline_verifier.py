"""The verifier without a network: from a folder (``file:``), and kept on the device by its worker."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, ViewportSize, expect

from headstart_lms import create_app
from headstart_lms.certificates import bundle as bundles
from headstart_lms.certificates import (
    codes,
    keys,
    pdf,
    rosette,
    services,
    signed_files,
    static_verifier,
    tokens,
)
from headstart_lms.certificates.models import Certificate
from headstart_lms.kernel import qr

from ..certificates.conftest import BASE_URL, NOON, VECTORS, World, session, world
from ..certificates.offline import find_chromium
from .conftest import AXE, Site

__all__ = ["session", "world"]

NAME = "AMINA AL-HASSAN"
PHONE: ViewportSize = {"width": 360, "height": 740}


class Desk:
    """An office's computer without a network: the folder on a stick, and a browser in front of it."""

    def __init__(self, world: World, folder: Path, chromium: Browser) -> None:
        self.world, self.folder, self._chromium = world, folder, chromium
        self.app = create_app({"HEADSTART_INSTANCE": str(folder.parent / "instance")})
        self.certificate = world.issue()
        self.pages: list[Page] = []
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.script = ""

    def build(self, made: datetime = NOON) -> None:
        state, current, keyring = self.app.extensions["headstart"], self.world.session, self.world.keyring
        bundle = bundles.build(current, keyring=keyring, base_url=BASE_URL, at=made)
        files = static_verifier.files_of_folder(state.jinja, state.static, bundle)
        key = keys.signing_key(current, self.world.centre, keyring=keyring, base_url=BASE_URL, at=made)
        signed = bundles.sign(static_verifier.manifest(files, bundle), [key], keyring=keyring, at=made)
        static_verifier.write(self.folder, files, signed)

    def open(self, at: datetime = NOON, **options: Any) -> Page:
        if not self.folder.exists():
            self.build()
        context = self._chromium.new_context(**{"viewport": PHONE, "locale": "en", **options})
        context.set_offline(True)
        context.set_default_timeout(10_000)
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type == "error" else None,
        )
        if self.script:
            context.add_init_script(self.script)
        page = context.new_page()
        page.clock.set_fixed_time(at)
        page.goto((self.folder / "index.html").as_uri())
        page.locator("html[data-ready]").wait_for(state="attached")
        self.pages.append(page)
        return page

    @property
    def token(self) -> str:
        made = tokens.make_token(self.world.session, self.certificate, keyring=self.world.keyring)
        assert made is not None
        return f"{BASE_URL}/verify/{self.certificate.code}#{made}"

    @property
    def json(self) -> str:
        assert self.certificate.payload is not None
        return self.certificate.payload

    def end(self) -> None:
        for page in self.pages:
            page.context.close()
        # a refused camera or a missing network is told to the person, not to the console
        assert self.complaints == []
        assert [url for url in self.requests if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture
def desk(world: World, tmp_path: Path, chromium: Browser) -> Iterator[Desk]:
    made = Desk(world, tmp_path / "verifier", chromium)
    yield made
    made.end()


def hand_in(page: Page, name: str, content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    kinds = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml"}
    kind = kinds.get(name.rsplit(".", 1)[-1], "application/json")
    page.set_input_files("#f-file", {"name": name, "mimeType": kind, "buffer": data})


def paste(page: Page, text: str) -> None:
    page.locator("summary").click()
    page.fill("#f-text", text)
    page.locator("#form button[type=submit]").click()


def answers(page: Page) -> dict[str, str]:
    page.locator("#answer .hs-verdict").wait_for()
    return {
        str(row.get_attribute("data-question")): str(row.get_attribute("data-said"))
        for row in page.locator("#answer [data-question]").all()
    }


def state(page: Page) -> tuple[str | None, str | None]:
    head = page.locator("#answer .hs-verdict")
    head.wait_for()
    return head.get_attribute("data-state"), head.get_attribute("data-reason")


# --- from a folder, the network off --------------------------------------------------------------


@pytest.mark.parametrize("form", ["qr", "json", "jwt", "svg", "pdf", "png", "fragment"])
def test_a_certificate_is_checked_from_a_folder_without_a_network(desk: Desk, form: str) -> None:
    page = desk.open()
    made: dict[str, Callable[[], str | bytes]] = {
        "json": lambda: desk.json,
        "jwt": lambda: signed_files.make_jwt(
            desk.world.session, desk.certificate, keyring=desk.world.keyring
        ),
        "svg": lambda: signed_files.make_svg(desk.certificate),
        "pdf": lambda: pdf.make(desk.certificate, address=BASE_URL, scanned=desk.token),
        "png": lambda: baked_png(desk.json),
    }
    if form == "qr":
        paste(page, desk.token)
    elif form == "fragment":
        page.evaluate("text => { location.hash = text; }", desk.token.partition("#")[2])
    else:
        hand_in(page, f"certificate.{form}", made[form]())
    assert answers(page) == dict.fromkeys(("genuine", "issuer", "time", "standing"), "yes")
    assert state(page) == ("valid", "valid")
    facts = page.locator(".hs-facts").inner_text()
    for fact in (NAME, "أمينة الحسن", "1990", "Italian A1", "A1", "82 %", "21 November 2028"):
        assert fact in facts
    assert "Compare with the document in front of you." in page.locator("#answer").inner_text()
    lines = sum(ring.lines for ring in rosette.rings(desk.certificate.digest))
    assert page.locator(".hs-rosette path").count() == lines
    assert "HS1" not in page.url


def baked_png(text: str) -> bytes:
    """A picture with the credential in an iTXt chunk (Open Badges 3.0, 5.3.1)."""
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    head = chunk(b"IHDR", bytes([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]))
    kept = chunk(b"iTXt", b"openbadgecredential\0\0\0\0\0" + text.encode())
    return b"\x89PNG\r\n\x1a\n" + head + kept + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def test_what_was_altered_is_refused_and_nothing_of_it_is_shown(desk: Desk) -> None:
    page = desk.open()
    for content in (desk.json.replace('"A1"', '"B2"'), desk.json.replace(NAME, "SOMEBODY ELSE")):
        hand_in(page, "certificate.json", content)
        assert state(page) == ("altered", "signature")
        assert page.locator(".hs-facts").count() == 0
        assert "SOMEBODY" not in page.content()
        page.get_by_role("button", name="Check another one").click()
    head, mark, tail = desk.token.rpartition("HS1:")
    paste(page, head + mark + tail[:200] + ("A" if tail[200] != "A" else "B") + tail[201:])
    assert state(page)[0] in ("altered", "could-not-check")


def test_what_the_issuer_took_back_and_what_it_holds_up(desk: Desk) -> None:
    services.suspend(desk.world.session, desk.certificate, "under-review", NOON)
    desk.build()
    page = desk.open()
    paste(page, desk.token)
    assert state(page) == ("suspended", "suspended")
    services.revoke(desk.world.session, desk.certificate, "fraud", NOON)
    desk.build()
    page = desk.open()
    hand_in(page, "certificate.json", desk.json)
    assert state(page) == ("revoked", "revoked")
    assert answers(page) == {"genuine": "yes", "issuer": "yes", "time": "yes", "standing": "no"}
    assert page.locator(".hs-verdict-octagon").count() == 1
    assert NAME in page.locator(".hs-facts").inner_text()


def test_an_issuer_that_is_not_in_the_list_is_unknown(desk: Desk) -> None:
    page = desk.open()
    hand_in(page, "badge.json", (VECTORS / "1edtech/ob30/simple.json").read_bytes())
    assert state(page) == ("unknown", "issuer-unknown")
    assert answers(page)["genuine"] == "unknown"
    assert page.locator(".hs-facts").count() == 0


def test_an_expired_one_says_until_when(desk: Desk) -> None:
    late = NOON + timedelta(days=731)
    desk.build(late)
    page = desk.open(late)
    paste(page, desk.token)
    assert state(page) == ("expired", "expired")
    assert "It was valid until 21 November 2028." in page.locator(".hs-verdict").inner_text()


def test_a_list_grows_old_in_front_of_everybody(desk: Desk) -> None:
    page = desk.open(NOON + timedelta(days=3))
    assert "3 days ago" in page.locator("#list-age").inner_text()
    assert page.locator("#trouble").is_hidden()
    page = desk.open(NOON + timedelta(days=8))
    assert "too old to say" in page.locator("#trouble").inner_text()
    paste(page, desk.token)
    assert state(page) == ("could-not-check", "list-stale")
    assert answers(page) == {"genuine": "yes", "issuer": "yes", "time": "yes", "standing": "unknown"}
    page = desk.open(NOON + timedelta(days=31))
    assert "Nothing is checked with it" in page.locator("#trouble").inner_text()
    paste(page, desk.token)
    assert state(page) == ("could-not-check", "bundle-refused")
    assert NAME not in page.content()


def test_a_clock_that_is_wrong_is_said(desk: Desk) -> None:
    page = desk.open(NOON - timedelta(days=90))
    assert "clock of this device is wrong" in page.locator("#trouble").inner_text()
    paste(page, desk.token)
    assert state(page) == ("could-not-check", "clock")


def test_a_typed_code_is_read_and_a_wrong_character_is_pointed_at(desk: Desk) -> None:
    page = desk.open()
    code = desk.certificate.code
    wrong = code[:6] + ("7" if code[6] != "7" else "8") + code[7:]
    page.fill("#f-code", codes.show(wrong).lower())
    page.keyboard.press("Enter")
    expect(page.locator("#f-code-error")).to_contain_text("Look at character 7 again.")
    expect(page.locator("#f-code")).to_be_focused()
    page.fill("#f-code", codes.show(code))
    page.keyboard.press("Enter")
    assert state(page) == ("could-not-check", "code-only")
    assert "Scan the QR code or open the file." in page.locator(".hs-verdict").inner_text()
    link = page.get_by_role("link", name="Check it with the network")
    assert link.get_attribute("href") == f"{BASE_URL}/verify/{codes.show(code)}"


def test_nothing_of_what_was_checked_stays(desk: Desk) -> None:
    page = desk.open()
    hand_in(page, "certificate.json", desk.json)
    page.locator(".hs-facts").wait_for()
    page.get_by_role("button", name="Check another one").click()
    expect(page.locator("#f-code")).to_be_focused()
    assert NAME not in page.content()
    kept = page.evaluate("() => JSON.stringify({...localStorage, ...sessionStorage})")
    assert NAME not in kept
    assert desk.certificate.code not in kept
    assert set(json.loads(kept)) == {"headstart-verifier-list"}
    page.get_by_role("button", name="Remove this page and its list").click()
    expect(page.locator("#list-message")).to_contain_text("They are removed.")
    assert page.evaluate("() => localStorage.length") == 0


def test_the_language_of_the_office_is_kept_and_arabic_runs_from_the_right(desk: Desk) -> None:
    page = desk.open(locale="de-AT")
    assert page.locator("html").get_attribute("lang") == "de"
    hand_in(page, "certificate.json", desk.json)
    page.locator(".hs-facts").wait_for()
    assert "21. November 2026" in page.locator(".hs-facts").inner_text()
    page.select_option("#language", "ar")
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert "صالحة" in page.locator(".hs-verdict h1").inner_text()
    assert NAME in page.locator(".hs-facts").inner_text()
    page.reload()
    page.locator("html[data-ready]").wait_for(state="attached")
    assert page.locator("html").get_attribute("lang") == "ar"


def test_a_newer_list_comes_as_a_file_an_older_or_a_stranger_s_is_not_taken(
    desk: Desk, tmp_path: Path
) -> None:
    desk.build()
    page = desk.open(NOON + timedelta(days=6))
    message = page.locator("#list-message")
    services.revoke(desk.world.session, desk.certificate, "fraud", NOON)
    newer = bundle_of(desk.world, NOON + timedelta(days=5))
    forged = json.loads(newer)
    forged["statusLists"] = json.loads(bundle_of(desk.world, NOON))["statusLists"] | {"more": {}}
    hand_in(page, "bundle.json", json.dumps(forged))
    expect(message).to_contain_text("not signed by the publisher")
    hand_in(page, "bundle.json", newer)
    expect(message).to_contain_text("The list is new now.")
    assert "yesterday" in page.locator("#list-age").inner_text()
    hand_in(page, "bundle.json", bundle_of(desk.world, NOON + timedelta(days=4)))
    expect(message).to_contain_text("older than the one here")
    paste(page, desk.token)
    assert state(page) == ("revoked", "revoked")
    # kept on this device: the folder on the stick has the older one still
    page.reload()
    page.locator("html[data-ready]").wait_for(state="attached")
    assert "yesterday" in page.locator("#list-age").inner_text()


def bundle_of(world: World, at: datetime) -> str:
    return bundles.text(bundles.build(world.session, keyring=world.keyring, base_url=BASE_URL, at=at))


def test_a_new_key_of_the_publisher_is_accepted_because_the_old_one_signs_too(desk: Desk) -> None:
    desk.build()
    page = desk.open(NOON + timedelta(days=50))
    # the quarter has changed, so has the key
    hand_in(page, "bundle.json", bundle_of(desk.world, NOON + timedelta(days=49)))
    expect(page.locator("#list-message")).to_contain_text("The list is new now.")


def test_a_list_that_only_a_strange_key_signed_is_not_taken(desk: Desk) -> None:
    desk.build()
    page = desk.open(NOON + timedelta(days=1))
    world = desk.world
    known = json.loads(bundle_of(world, NOON + timedelta(hours=1)))
    key = keys.signing_key(world.session, world.centre, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    keys.mark_compromised(world.session, key, NOON)
    other = json.loads(bundle_of(world, NOON + timedelta(hours=2)))
    assert [proof["verificationMethod"] for proof in other["proof"]] != [
        known["proof"][0]["verificationMethod"]
    ]
    hand_in(page, "bundle.json", json.dumps(other))
    expect(page.locator("#list-message")).to_contain_text("not signed by the publisher")


def test_everything_can_be_done_with_the_keyboard(desk: Desk) -> None:
    page = desk.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    reached = []
    for _press in range(14):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.localName"))
    for name in ("language", "scan", "f-file", "f-code", "summary", "button", "renew", "forget"):
        assert name in reached
    page.locator("#f-code").focus()
    page.keyboard.type(codes.show(desk.certificate.code))
    page.keyboard.press("Enter")
    page.locator("#answer .hs-verdict").wait_for()
    assert page.evaluate("document.activeElement.localName") == "h1"


@pytest.mark.parametrize("language, width", [("en", 360), ("ar", 360), ("de", 1280)])
def test_the_page_is_accessible_and_fits(desk: Desk, language: str, width: int) -> None:
    page = desk.open(locale=language, viewport={"width": width, "height": 800})

    def look() -> None:
        page.evaluate(AXE)
        found = page.evaluate("axe.run({preload: false})")["violations"]
        assert [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    look()
    hand_in(page, "certificate.json", desk.json)
    page.locator(".hs-facts").wait_for()
    look()
    page.locator("[data-hs-again]").click()
    page.fill("#f-code", "7K3M")
    page.keyboard.press("Enter")
    page.locator("#f-code-error").wait_for()
    look()


# --- photos and the camera -----------------------------------------------------------------------


def photo_of(chromium: Browser, text: str, *, kind: str = "image/jpeg") -> tuple[bytes, bytes]:
    """Return a photo of a printed QR code, and the same as one frame of a film (YUV4MPEG2, 1280 x 720): tilted, a
    little blurred, on grey paper.
    """
    page = chromium.new_page()
    svg = str(qr.svg(text, "")).replace(
        "<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600" ', 1
    )
    drawn = page.evaluate(
        """async ([svg, kind]) => {
          const picture = new Image();
          picture.src = "data:image/svg+xml;base64," + btoa(svg);
          await picture.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [1280, 720];
          const c = canvas.getContext("2d");
          c.fillStyle = "#cfcac0"; c.fillRect(0, 0, 1280, 720);
          c.filter = "blur(0.8px)"; c.translate(640, 360); c.rotate(0.1); c.drawImage(picture, -300, -300, 600, 600);
          const data = c.getImageData(0, 0, 1280, 720).data;
          let luma = "";
          for (let at = 0; at < data.length; at += 4) {
            luma += String.fromCharCode(16 + (0.257 * data[at] + 0.504 * data[at + 1] + 0.098 * data[at + 2]));
          }
          return [canvas.toDataURL(kind, 0.8).split(",")[1], btoa(luma)];
        }""",
        [svg, kind],
    )
    page.close()
    luma = base64.b64decode(drawn[1])
    film = (
        b"YUV4MPEG2 W1280 H720 F5:1 Ip A1:1 C420jpeg\n"
        + (b"FRAME\n" + luma + bytes([128]) * (1280 * 720 // 2)) * 2
    )
    return base64.b64decode(drawn[0]), film


def test_a_photo_of_the_paper_is_read_on_the_device(desk: Desk, chromium: Browser) -> None:
    page = desk.open()
    photo, _film = photo_of(chromium, desk.token)
    page.set_input_files("#f-file", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    assert state(page) == ("valid", "valid")
    page.get_by_role("button", name="Check another one").click()
    photo, _film = photo_of(chromium, desk.token, kind="image/png")
    page.set_input_files("#f-file", {"name": "photo.png", "mimeType": "image/png", "buffer": photo})
    assert state(page) == ("valid", "valid")
    page.get_by_role("button", name="Check another one").click()
    page.set_input_files(
        "#f-file", {"name": "cat.png", "mimeType": "image/png", "buffer": baked_png("{}")[:60]}
    )
    expect(page.locator("#f-file-error")).to_contain_text("no QR code in this photo")


@pytest.fixture
def filmed(playwright: Playwright, tmp_path: Path, chromium: Browser) -> Iterator[Callable[[str], Browser]]:
    """A browser whose camera looks at a printed QR code."""
    started: list[Browser] = []

    def film(text: str) -> Browser:
        file = tmp_path / "camera.y4m"
        file.write_bytes(photo_of(chromium, text)[1])
        started.append(
            playwright.chromium.launch(
                executable_path=find_chromium(),
                args=[
                    "--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream",
                    "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={file}",
                ],
            )
        )  # fmt: skip
        return started[-1]

    yield film
    for browser in started:
        browser.close()


def test_the_camera_reads_the_paper_without_a_network(desk: Desk, filmed: Callable[[str], Browser]) -> None:
    desk._chromium = filmed(desk.token)
    page = desk.open()
    page.get_by_role("button", name="Scan with the camera").click()
    page.locator("#answer .hs-verdict").wait_for(timeout=20_000)
    assert state(page) == ("valid", "valid")
    assert page.evaluate("document.getElementById('video').srcObject") is None
    assert page.locator("#camera").is_hidden()


def test_a_browser_that_reads_qr_codes_itself_is_let_do_it(
    desk: Desk, filmed: Callable[[str], Browser]
) -> None:
    desk._chromium = filmed("https://example.org/")
    desk.script = """
      self.BarcodeDetector = class { static async getSupportedFormats() { return ["qr_code"]; }
        async detect(source) { return source.videoWidth ? [{rawValue: TEXT}] : []; } };
    """.replace("TEXT", json.dumps(desk.token))
    page = desk.open()
    page.get_by_role("button", name="Scan with the camera").click()
    assert state(page) == ("valid", "valid")
    assert not [url for url in desk.requests if "zxing" in url]


def test_a_qr_code_of_something_else_is_said_and_the_camera_goes_on(
    desk: Desk, filmed: Callable[[str], Browser]
) -> None:
    desk._chromium = filmed("https://example.org/menu")
    page = desk.open()
    page.get_by_role("button", name="Scan with the camera").click()
    expect(page.locator("#scan-message")).to_have_text(
        "This QR code is not of a certificate.", timeout=20_000
    )
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.locator("#scan")).to_be_focused()
    assert page.evaluate("document.getElementById('video').srcObject") is None


def test_a_refused_camera_says_what_to_do_instead(desk: Desk) -> None:
    page = desk.open()
    page.get_by_role("button", name="Scan with the camera").click()
    expect(page.locator("#scan-message")).to_have_text(re.compile("choose a photo of the QR code", re.I))
    expect(page.locator("#scan")).to_be_focused()


# --- from the site ---------------------------------------------------------------------------------


def find_token(site: Site) -> tuple[str, str]:
    with site.app.app_context():
        from headstart_lms.kernel.db import session as current

        code = site.certificate("valid")["code"].replace("-", "")
        certificate = current().query(Certificate).filter_by(code=code).one()
        keyring = site.app.extensions["headstart"].keyring
        token = tokens.make_token(current(), certificate, keyring=keyring)
        assert certificate.payload is not None
        return f"{site.address}/verify/{code}#{token}", certificate.payload


def test_the_camera_of_the_page_with_the_network_hands_in_what_it_read(
    site: Site, filmed: Callable[[str], Browser]
) -> None:
    page = filmed(find_token(site)[0]).new_page(base_url=site.address, viewport=PHONE, locale="en")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto("/verify")
    page.get_by_role("button", name="Scan with the camera").click()
    page.locator("section.hs-verdict[data-state=valid]").wait_for(timeout=20_000)
    assert "Amina Haddad" in page.locator(".hs-facts").inner_text()
    assert complaints == []


def test_the_page_with_the_network_reads_a_photo_on_the_device(
    site: Site, chromium: Browser, visit: Callable[..., Page]
) -> None:
    page = visit()
    page.goto("/verify")
    photo, _film = photo_of(chromium, find_token(site)[0])
    page.set_input_files("#f-file", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    page.locator("section.hs-verdict[data-state=valid]").wait_for()
    assert "Amina Haddad" in page.locator(".hs-facts").inner_text()


KEPT = """(await Promise.all((await caches.keys()).map(async (name) =>
  (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname)))).flat()"""


def wait_until(page: Page, script: str) -> None:
    """Wait for a script to answer true; the page's policy forbids Playwright's own way."""
    for _try in range(100):
        if page.evaluate(script):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never true: {script}")


def test_the_page_stays_on_the_device_and_works_when_the_network_is_gone(
    site: Site, visit: Callable[..., Page]
) -> None:
    page = visit()
    page.goto("/verifier/")
    page.locator("html[data-ready]").wait_for(state="attached")
    wait_until(page, "() => navigator.serviceWorker.controller !== null")
    # where the browser reads no QR codes, the reader is kept too
    wait_until(page, f"async () => ({KEPT}).some((path) => path.endsWith('.wasm'))")
    page.context.set_offline(True)
    page.goto("/verifier/")
    page.locator("html[data-ready]").wait_for(state="attached")
    assert page.locator("#demo").is_visible()
    hand_in(page, "certificate.json", find_token(site)[1])
    assert state(page) == ("valid", "valid")
    assert "Amina Haddad" in page.locator(".hs-facts").inner_text()
    page.get_by_role("button", name="Get the newest list").click()
    expect(page.locator("#list-message")).to_contain_text("could not be reached")
    page.context.set_offline(False)
    page.get_by_role("button", name="Get the newest list").click()
    expect(page.locator("#list-message")).to_contain_text("This is the newest list there is.")


def test_the_worker_keeps_to_its_scope(site: Site, visit: Callable[..., Page]) -> None:
    page = visit()
    page.goto("/verifier/")
    page.locator("html[data-ready]").wait_for(state="attached")
    scopes = page.evaluate(
        "async () => (await navigator.serviceWorker.getRegistrations()).map((one) => one.scope)"
    )
    assert scopes == [f"{site.address}/verifier/"]
    page.goto("/verify")
    assert page.evaluate("navigator.serviceWorker.controller") is None
    kept = page.evaluate(f"async () => {KEPT}")
    assert all(path.startswith(("/verifier/", "/static/")) for path in kept)
