"""The verifier that a device keeps for the time without a network: page, signed list, worker, manifest."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from flask import Response, current_app, jsonify, make_response, request

from ..accounts.access import access, public
from ..kernel import i18n, web
from ..kernel.clock import now
from ..kernel.db import transaction
from . import bundle as bundles
from . import static_verifier
from .context import bp, installation

#: How long a made list is handed out; and with it how late a device can learn that a certificate was taken back.
FRESH = timedelta(minutes=5)
#: zxing-wasm reads QR codes where the browser cannot; nothing else may be compiled.
POLICY = web.CSP.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")


@dataclass(frozen=True)
class Kept:
    made: datetime
    bundle: dict[str, Any]
    text: bytes
    packed: bytes


_kept: WeakKeyDictionary[Any, Kept] = WeakKeyDictionary()


def current() -> Kept:
    """Return the signed list of this installation, made anew when it is older than five minutes."""
    state, at = current_app.extensions["headstart"], now()
    found = _kept.get(state)
    if found is None or not at - FRESH < found.made <= at:
        with transaction() as opened:
            made = bundles.build(opened, keyring=state.keyring, base_url=installation().base_url, at=at)
        text = bundles.text(made).encode()
        found = _kept[state] = Kept(at, made, text, gzip.compress(text, 6, mtime=0))
    return found


def _language() -> str:
    """Return the language of the page, if the verifier speaks it, else English."""
    return i18n.language() if i18n.language() in current().bundle["texts"] else "en"


@bp.get("/verifier/", endpoint="verifier")
@access(public, for_offices=True)
def verifier() -> Response:
    """Check certificates without a network; the browser can keep this page."""
    state = current_app.extensions["headstart"]
    files = static_verifier.Files(
        styles=tuple(map(_asset, static_verifier.STYLES)), icon=_asset("icons/verifier.svg"),
        bundle="bundle.json", reader=_asset(static_verifier.READER), wasm=_asset(static_verifier.WASM),
        module=_asset(static_verifier.ENTRY), worker="worker.js", manifest="manifest.webmanifest",
    )  # fmt: skip
    response = make_response(static_verifier.page(state.jinja, current().bundle, files, language=_language()))
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.get("/verifier/bundle.json", endpoint="verifier_bundle")
@access(public)
def verifier_bundle() -> Response:
    """Publish the signed list: for this page, and for folders and programs anywhere."""
    kept = current()
    response = make_response(kept.text)
    if request.accept_encodings["gzip"]:
        response = make_response(kept.packed)
        response.headers["Content-Encoding"] = "gzip"
    response.content_type = "application/json"
    response.vary.add("Accept-Encoding")
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=300"
    response.last_modified = kept.made
    return response


@bp.get("/verifier/worker.js", endpoint="verifier_worker")
@access(public)
def verifier_worker() -> Response:
    """Serve the worker with the list of files that it keeps; it changes when one of them does."""
    state = current_app.extensions["headstart"]
    modules = static_verifier.modules(state.static, static_verifier.ENTRY)
    names = [*static_verifier.STYLES, "icons/verifier.svg", "icons/chevron.svg", *modules]
    files = ["./", "manifest.webmanifest", *map(_asset, names)]
    text = (state.static / "js/verifier/worker.js").read_text("utf-8")
    # the page names the publisher's keys: with a new one, devices must fetch it anew
    publisher = json.dumps([current().bundle["publisher"], bundles.publisher_keys(current().bundle)])
    version = f"{web.tree_hash(state.static)}-{hashlib.sha256(publisher.encode()).hexdigest()[:8]}"
    response = make_response(
        f"const FILES = {json.dumps(files)};\nconst VERSION = {json.dumps(version)};\n{text}"
    )
    response.content_type = "text/javascript; charset=utf-8"
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/verifier/manifest.webmanifest", endpoint="verifier_manifest")
@access(public, for_offices=True)
def verifier_manifest() -> Response:
    """Describe the page to a device that installs it."""
    words = current().bundle["texts"][_language()]
    icons = [
        {"src": _asset(f"icons/{name}.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": purpose}
        for name, purpose in (("verifier", "any"), ("verifier-maskable", "maskable"))
    ]
    response = jsonify(
        id="./", name=f"{words['page.title']} · Headstart", short_name=words["page.title"], start_url="./",
        scope="./", display="standalone", background_color="#FBFAF6", theme_color="#FBFAF6", icons=icons,
    )  # fmt: skip
    response.content_type = "application/manifest+json"
    return response


def _asset(name: str) -> str:
    static = current_app.extensions["headstart"].static
    return web.url("static", filename=name, version=web.tree_hash(static))
