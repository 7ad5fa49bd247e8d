"""Pictures of the courses we ship, found by what they show, for use in a course of one's own."""

from __future__ import annotations

from uuid import UUID

from flask import redirect, request, send_file
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..courses.source import MEDIA_TYPES
from ..kernel import i18n, web
from ..kernel.db import transaction
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from . import bundled, content, media_edit, store
from .context import AUTHORS, bp, draft_for, draft_page, house
from .forms.context import rows_of, text_at
from .media_edit import New
from .part_pages import may_write, pages_of


@bp.get("/teach/courses/<uuid:draft>/pictures", endpoint="pictures")
@access(AUTHORS)
def pictures(draft: UUID) -> str:
    """Find a picture by what it shows."""
    found = draft_for(draft)
    query = " ".join(request.args.get("q", "").split())[:80]
    rows = bundled.search(i18n.language(), query)
    page, pages, first, last = pages_of(len(rows), bundled.SIZE)
    return draft_page(
        "pictures", found, "media", accent=found.kind, rows=rows[first:last], query=query, count=len(rows),
        page=page, pages=pages, may_write=may_write(found),
    )  # fmt: skip


@bp.post("/teach/courses/<uuid:draft>/pictures", endpoint="take_picture")
@access(AUTHORS)
def take_picture(draft: UUID) -> Response:
    """Copy a picture of a course we ship into this one, with its licence and source."""
    draft_for(draft, "write")
    one = bundled.find(request.form.get("course", ""), request.form.get("picture", ""))
    raw = one.path.read_bytes()
    digest = house().storage.put(raw)
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        tree = store.tree(current, found)
        same = [row["id"] for row in rows_of(now.data, "media")
                if tree.get(f"media/{text_at(row, 'file')}") == digest]  # fmt: skip
        if same:
            return redirect(web.url("authoring.media_row", draft=draft, row_id=same[0]), 303)
        wanted = one.id if one.id not in {row["id"] for row in rows_of(now.data, "media")} else ""
        new = New(
            "picture", digest, one.path.suffix, one.id, bundled.alt_in(one, now.course.source), one.licence,
            _("%(source)s (Headstart, %(course)s)", source=one.source, course=one.course), id=wanted,
        )  # fmt: skip
        note = _("Picture: %(name)s", name=one.alt)
        [row_id] = media_edit.add(current, found, this_person(), [new], note=note)
    return redirect(web.url("authoring.media_row", draft=draft, row_id=row_id), 303)


@bp.get("/teach/pictures/<course>/<row_id>", endpoint="shipped_picture")
@access(AUTHORS)
def shipped_picture(course: str, row_id: str) -> Response:
    """Send a picture of a course we ship."""
    one = bundled.find(course, row_id)
    kind = MEDIA_TYPES.get(one.path.suffix)
    if kind is None:
        raise NotFound(_("This picture or sound is not here."))
    response = send_file(one.path, mimetype=kind, conditional=True, max_age=3600)
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
