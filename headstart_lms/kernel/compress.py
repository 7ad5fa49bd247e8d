"""gzip for pages and static files when the application is ours; a host or a proxy does it its own way."""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Response, request

TYPES = frozenset(
    {"text/html", "text/css", "text/javascript", "image/svg+xml", "application/manifest+json", "text/plain"}
)
#: Smaller answers fit one packet anyway.
WORTH = 600
_PAGE_LEVEL, _FILE_LEVEL = 4, 9


@lru_cache(maxsize=512)
def _file(tag: str, content: bytes) -> bytes:
    return gzip.compress(content, _FILE_LEVEL, mtime=0)


def compress(response: Response) -> Response:
    """Compress what is text and large enough, for browsers that accept it. Statements stay byte for byte."""
    if (
        response.status_code != 200
        or response.mimetype not in TYPES
        or "Content-Encoding" in response.headers
        or "Content-Range" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    if request.method == "HEAD" or not request.accept_encodings["gzip"]:
        return response
    is_file = response.direct_passthrough
    response.direct_passthrough = False
    content = response.get_data()
    if len(content) < WORTH:
        return response
    tag, _weak = response.get_etag()
    packed = _file(tag, content) if is_file and tag else gzip.compress(content, _PAGE_LEVEL, mtime=0)
    response.set_data(packed)
    response.headers["Content-Encoding"] = "gzip"
    if tag:
        response.set_etag(tag, weak=True)  # the same file in another coding
    return response
