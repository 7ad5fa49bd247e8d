"""The JSON API for other programs, and its description."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, jsonify, request
from werkzeug.wrappers import Response

from ..courses.services import list_courses, summary
from ..kernel import i18n, web
from ..kernel.access import access, public
from ..kernel.db import session
from ..version import __version__

bp = Blueprint("exchange", __name__, url_prefix="/api/v1")


@bp.get("/courses")
@access(public)
def courses() -> Response:
    """List what is published, in ``?lang=`` or the language asked for."""
    library = current_app.extensions["headstart"].library
    rows = []
    for book in list_courses(session(), library, i18n.language()):
        row = summary(book)
        row["address"] = web.url("learning.course", slug=book.course.slug)
        rows.append(row)
    response = jsonify({"courses": rows})
    response.headers["Cache-Control"] = "public, max-age=60"
    response.vary.update(["Cookie", "Accept-Language"])
    return response


@bp.get("/openapi.json")
@access(public)
def openapi() -> Response:
    """Describe this API (OpenAPI 3.1)."""
    response = jsonify(description(request.script_root + current_app.extensions["headstart"].prefix))
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


def description(prefix: str) -> dict[str, Any]:
    course = {
        "type": "object",
        "required": [
            "slug",
            "title",
            "kind",
            "destination",
            "units",
            "items",
            "entries",
            "languages",
            "version",
        ],
        "properties": {
            "slug": {"type": "string"},
            "title": {"type": "string"},
            "kind": {"enum": ["language", "workplace", "rights", "orientation"]},
            "destination": {"type": "string", "description": "ISO 3166-1 alpha-2"},
            "units": {"type": "integer"},
            "items": {"type": "integer"},
            "entries": {"type": "integer"},
            "facts": {"type": "integer"},
            "texts": {"type": "integer"},
            "languages": {"type": "array", "items": {"type": "string"}},
            "version": {"type": "string", "description": "edition.correction"},
            "uuid": {"type": "string", "format": "uuid"},
            "digest": {"type": "string", "description": "SHA-256 of the document, hex"},
            "address": {"type": "string"},
        },
    }
    health = {
        "type": "object", "required": ["status"], "properties": {"status": {"type": "string"}},
    }  # fmt: skip

    def answer(schema: dict[str, Any], text: str) -> dict[str, Any]:
        return {"description": text, "content": {"application/json": {"schema": schema}}}

    listed = {
        "type": "object",
        "required": ["courses"],
        "properties": {"courses": {"type": "array", "items": course}},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headstart LMS", "version": __version__,
            "description": "Statements are read and written at /xapi (xAPI 1.0.3 and 2.0) with a credential.",
        },
        "servers": [{"url": prefix or "/"}],
        "paths": {
            "/api/v1/courses": {
                "get": {
                    "summary": "Published courses",
                    "parameters": [{"name": "lang", "in": "query", "schema": {"type": "string"}}],
                    "responses": {"200": answer(listed, "The courses")},
                }
            },
            "/healthz": {"get": {"summary": "The process answers", "responses": {"200": answer(health, "It does")}}},
            "/readyz": {
                "get": {
                    "summary": "The database is there and of this version",
                    "responses": {"200": answer(health, "Ready"), "503": answer(health, "Not ready")},
                }
            },
        },
    }  # fmt: skip
