"""The JSON API for other programs, and its description."""

from __future__ import annotations

from flask import Blueprint, current_app, jsonify, request
from werkzeug.wrappers import Response

from ..courses.services import list_courses, summary
from ..kernel import i18n, web
from ..kernel.access import access, public
from ..kernel.replica import read_lagging
from .openapi import description
from .verify_api import bp as verify_bp

bp = Blueprint("exchange", __name__)
bp.register_blueprint(verify_bp)


@bp.get("/api/v1/courses")
@access(public)
def courses() -> Response:
    """List what is published, in ``?lang=`` or the language asked for."""
    library = current_app.extensions["headstart"].library
    rows = []
    for book in read_lagging(lambda current: list_courses(current, library, i18n.language())):
        row = summary(book)
        row["address"] = web.url("learning.course", slug=book.course.slug)
        rows.append(row)
    response = jsonify({"courses": rows})
    response.headers["Cache-Control"] = "public, max-age=60"
    response.vary.update(["Cookie", "Accept-Language"])
    return response


@bp.get("/api/v1/openapi.json")
@access(public)
def openapi() -> Response:
    """Describe this API (OpenAPI 3.1)."""
    response = jsonify(description(request.script_root + current_app.extensions["headstart"].prefix))
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
