"""Drafts for tests, made by the real services."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person, Role
from headstart_lms.authoring import drafts, store
from headstart_lms.authoring.models import Draft, Revision
from headstart_lms.authoring.paths import is_media, is_text
from headstart_lms.authoring.store import Stored
from headstart_lms.kernel.db import session, transaction

from ..browsing import Browser
from ..cast import CAST, PASSWORD, find_person


def files_of(app: Flask, folder: Path) -> dict[str, bytes | str | Stored]:
    """Return the files of a course folder as a draft takes them."""
    storage = app.extensions["headstart"].storage
    found: dict[str, bytes | str | Stored] = {}
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = file.relative_to(folder).as_posix()
        if is_text(name):
            found[name] = file.read_bytes()
        elif is_media(name):
            found[name] = Stored(storage.put(file.read_bytes()))
    return found


def make_draft(app: Flask, folder: Path, login: str = "bruno", centre: str = "north") -> UUID:
    """Make a draft of a folder; return its id."""
    with app.app_context(), transaction() as current:
        draft = drafts.create_draft(
            current, find_person(current, login), accounts.get_centre(current, centre), files_of(app, folder)
        )
        return draft.uuid


def person_of(login: str) -> Person:
    """Return one of the cast, or staff that a test made."""
    if login in CAST:
        return find_person(session(), login)
    return session().scalars(select(Person).where(Person.login == login)).one()


def draft_of(uuid: UUID, login: str = "bruno", to: drafts.To = "write") -> Draft:
    """Return a draft inside an application context."""
    return drafts.get_draft_for(session(), person_of(login), uuid, to=to)


def save(app: Flask, uuid: UUID, path: str, data: Any, login: str = "bruno", **more: Any) -> int:
    """Save the data of one file as somebody who opened it just now; return the number of the revision."""
    with app.app_context(), transaction() as current:
        draft = draft_of(uuid, login)
        base = {path: store.digest_of(current, draft, path)}
        made: Revision = store.save_data(
            current, draft, find_person(current, login), path, data, base=base, what=more.pop("what", "edit"), **more
        )  # fmt: skip
        return made.n


def staff(app: Flask, login: str, role: Role = "teacher", centre: str = "north") -> Browser:
    """Make somebody who works at a centre, and return her browser."""
    with app.app_context():
        with transaction() as current:
            person = accounts.make_staff(
                current, login, PASSWORD, centre=accounts.get_centre(current, centre), role=role
            )
            token = accounts.sign_in(current, person, timedelta(hours=1))
    browser = Browser(app)
    browser.set_cookie("hs", token)
    return browser
