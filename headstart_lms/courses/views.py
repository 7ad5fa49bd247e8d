"""Pictures and sound of courses."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from ..kernel.access import access, public
from .media import send_media

bp = Blueprint("courses", __name__)


@bp.get("/media/<digest>/<name>")
@access(public)
def media(digest: str, name: str) -> Response:
    """Serve a file of a course under its digest: it never changes, so it may be kept for ever."""
    return send_media(digest, name)
