"""Ask for one page as one role: shared by the table of access and whoever writes a new row of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from headstart_lms.kernel.db import db

from .world import SLUG, World

#: Parts of addresses that are the same for everybody.
COMMON = {
    "slug": SLUG, "unit_id": "first", "item_id": "first-hello", "blueprint_id": "final", "digest": "0" * 64,
    "name": "door.svg", "filename": "css/base.css", "version": "0", "issuer": "north", "year": "2026", "kind": "json",
    "form": "csv",
    "launch": UUID(int=1), "language": "ar", "table": "outcomes", "row_id": "o-ask", "part_id": "first-aim",
}  # fmt: skip
#: Addresses whose ``slug`` is the short name of a centre.
CENTRES = {"issuers.did": "north", "issuers.log": "north"}
PERSONAL = {"person", "uuid", "sitting_id", "code", "check", "statement", "draft", "report"}


def rules(app: Flask) -> list[tuple[str, str, Rule]]:
    """Return (endpoint without ``headstart.``, method, rule) of every address of ours."""
    found = []
    for rule in app.url_map.iter_rules():
        assert rule.endpoint.startswith("headstart."), rule.endpoint
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            found.append((rule.endpoint.removeprefix("headstart."), method, rule))
    return sorted(found, key=lambda row: (row[0], row[1]))


def address(world: World, endpoint: str, owner: str) -> str:
    """Return the path of an endpoint for an object of one owner (``-``: an object that belongs to nobody)."""
    values = {**COMMON, **world.parts.get(owner, {})}
    values["slug"] = CENTRES.get(endpoint, SLUG)
    if endpoint == "learning.answer" or endpoint.startswith("authoring."):
        values["item_id"] = "first-hello"
    if "_media" in endpoint or endpoint == "authoring.media_row":
        values["row_id"] = "pic-door"
    if endpoint == "authoring.shipped_picture":
        values |= {"course": "it-italiano-a1", "row_id": "pic-apple"}
    if endpoint == "authoring.translation_file":
        values["kind"] = "xliff"
    if "bank_" in endpoint:
        values["item_id"] = "bank-thanks"
    if endpoint.startswith("certificates.many"):
        values["uuid"] = values.get("batch", "")
    rule = next(rule for name, _method, rule in rules(world.app) if name == endpoint)
    with world.app.test_request_context():
        given: dict[str, Any] = {name: values[name] for name in rule.arguments}
        return world.app.url_for(rule.endpoint, **given)


def ask(world: World, role: str, method: str, path: str, *, language: str | None = None) -> TestResponse:
    """Send one request with an empty form, as a page of ours would; leave the database as it was."""
    client = world.app.test_client()
    if language is not None:
        client.set_cookie("hs_lang", language, domain="localhost")
    token = world.tokens[role]
    if token is not None:
        client.set_cookie("hs", token, domain="localhost")
    with unchanged(world.app) if method != "GET" else nullcontext():
        return client.open(path, method=method, headers={"Sec-Fetch-Site": "same-origin"}, buffered=True)


@contextmanager
def unchanged(app: Flask) -> Iterator[None]:
    """Put the database back as it was."""
    folder = Path(app.config["HEADSTART_INSTANCE"])
    file, kept = folder / "headstart.sqlite3", folder / "kept.sqlite3"
    if not kept.exists():
        with app.app_context():
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            db.engine.dispose()
        shutil.copy(file, kept)
    try:
        yield
    finally:
        with app.app_context():
            db.engine.dispose()
        for rest in ("-wal", "-shm"):
            file.with_name(file.name + rest).unlink(missing_ok=True)
        shutil.copy(kept, file)
