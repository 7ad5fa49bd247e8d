"""My data: see it, take it, delete it. And the page that says what is kept."""

from __future__ import annotations

import json

from flask import Blueprint, current_app, make_response, redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, clear_browser, public, signed_in, this_person
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import erased as erased_people
from . import services

bp = Blueprint("privacy", __name__)


@bp.get("/privacy")
@access(public)
def policy() -> str:
    """What we keep, why, how long, who sees it."""
    return web.render("headstart/privacy/policy.html")


@bp.get("/me/data")
@access(signed_in)
def my_data() -> Response:
    """What we hold about me."""
    response = make_response(
        web.render(
            "headstart/privacy/data.html", data=services.export(session(), this_person()), problem=None
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/me/data")
@access(signed_in)
def take_data() -> Response:
    """Give everything as one JSON file."""
    response = make_response(
        json.dumps(services.export(session(), this_person()), ensure_ascii=False, indent=1)
    )
    response.mimetype = "application/json"
    response.headers["Content-Disposition"] = 'attachment; filename="my-headstart-data.json"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/me/erase")
@access(signed_in)
def erase() -> Response:
    """Delete me. The form asks for one tick, so that a slip of the finger deletes nothing."""
    if request.form.get("sure") != "yes":
        raise Invalid(_("Tick the box first, if you want to delete everything."))
    with transaction() as current:
        erased_people.erase(current, this_person(), current_app.extensions["headstart"].folder)
    response = redirect(web.url("privacy.erased"), 303)
    clear_browser(response)
    return response


@bp.get("/erased")
@access(public)
def erased() -> str:
    """Confirm that it is done."""
    return web.render("headstart/privacy/erased.html")
