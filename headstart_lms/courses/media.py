"""Hand out pictures and sound of courses."""

from __future__ import annotations

from pathlib import Path

from flask import current_app, send_file
from werkzeug.wrappers import Response

from ..kernel.errors import NotFound
from ..kernel.i18n import _
from .source import MEDIA_TYPES


def send_media(digest: str, name: str) -> Response:
    """Send a file of a course, found by its SHA-256 (hex); ``name`` says its kind. Raises NotFound."""
    kind = MEDIA_TYPES.get(Path(name).suffix)
    try:
        path = current_app.extensions["headstart"].storage.path(digest)
    except ValueError:
        path = None
    if kind is None or path is None or not path.is_file():
        raise NotFound(_("This picture or sound is not here."))
    response = send_file(path, mimetype=kind, conditional=True, etag=digest)
    response.cache_control.public = True
    response.cache_control.max_age = 31536000
    response.cache_control.immutable = True
    response.cache_control.no_cache = None
    # whatever is in the file, it can run nothing here
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
