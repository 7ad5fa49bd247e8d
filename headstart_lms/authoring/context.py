"""What the pages of authors share: the blueprint, the house of this application, the draft of an address."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, g, request
from werkzeug.wrappers import Response

from ..accounts.access import staff, this_person
from ..kernel import web
from ..kernel.db import session
from ..kernel.errors import SignInNeeded
from ..kernel.i18n import _
from .drafts import STAFF, To, get_draft_for, may
from .house import House
from .models import Draft

bp = Blueprint("authoring", __name__)

#: Who comes in at all; which draft, ``draft_for`` decides.
AUTHORS = staff(*STAFF)


@bp.after_request
def keep_nowhere(response: Response) -> Response:
    """Unpublished work stays in no cache: a desk is often one computer for many."""
    response.headers["Cache-Control"] = "no-store"
    return response


def house() -> House:
    """Return what the services need of this application."""
    if "hs_authoring" not in g:
        g.hs_authoring = House.of(current_app.extensions["headstart"])
    found: House = g.hs_authoring
    return found


def draft_for(uuid: UUID, to: To = "read") -> Draft:
    """Return the draft of an address for who is here; inside a transaction when it is going to be changed."""
    return get_draft_for(session(), this_person(), uuid, to=to)


def tabs(draft: Draft, here: str) -> list[tuple[str, str, bool]]:
    """Return (label, address, whether it is this page) of the pages of a draft that this program has."""
    named = (
        ("draft", _("Outline")), ("words", _("Words")), ("facts", _("Facts")), ("outcomes", _("Objectives")),
        ("media", _("Media")), ("tests", _("Tests")), ("bank", _("Questions")), ("reports", _("Reports")),
        ("translations", _("Translation")),
        ("settings", _("Settings")), ("people", _("People")), ("history", _("History")), ("publish", _("Publish")),
    )  # fmt: skip
    known = current_app.view_functions
    hidden = () if may(this_person(), draft, "write") else ("reports",)
    return [
        (label, web.url(f"authoring.{name}", draft=draft.uuid), name == here)
        for name, label in named
        if f"headstart.authoring.{name}" in known and name not in hidden
    ]


def draft_page(template: str, draft: Draft, here: str, **more: Any) -> str:
    """Render a page of a draft, with its tabs and what the person may do."""
    person = this_person()
    return web.render(
        f"headstart/authoring/{template}.html", draft=draft, tabs=tabs(draft, here), person=person,
        can=lambda to: may(person, draft, to) and (draft.removed is None or to in ("read", "manage")), **more,
    )  # fmt: skip


@bp.before_request
def check_writer() -> None:
    """Refuse a form that somebody else opened in this browser, before this person signed in. Raises SignInNeeded."""
    writer = request.form.get("writer") if request.method == "POST" else None
    if writer is not None and writer != str(this_person().uuid):
        raise SignInNeeded(_("Somebody else is signed in here now. Sign in again as who wrote this."))


def sent_base(*names: str) -> dict[str, str | None]:
    """Return the digests a form was opened with: a field ``base-<path>`` for each file, empty when it was not there."""
    return {name: request.form.get(f"base-{name}", "") or None for name in names}
