"""What learners reported: the queue of a course, and for managers that of the courses nobody writes here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, staff, this_person
from ..courses.library import Book, find_course
from ..courses.words import Words
from ..kernel import i18n, web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from ..learning.reports import MOST_CHARACTERS
from . import reports
from .content import Content, item_in
from .context import AUTHORS, bp, draft_for, draft_page, house
from .drafts import LEADERS
from .forms import title_of
from .forms.context import plain, rows_of
from .models import Draft
from .part_pages import Link, content_of, unit_titles, unit_url

MANAGERS = staff(*LEADERS)


def _texts() -> dict[str, Any]:
    return {
        "kinds": {
            "language": _("The language"), "answer": _("The answer"), "media": _("Sound or picture"),
            "other": _("Something else"),
        },
        "states": {"open": _("Open"), "changed": _("Changed"), "right": _("No mistake")},
        "most": MOST_CHARACTERS,
    }  # fmt: skip


def _asked() -> tuple[bool, int]:
    return request.args.get("show") != "settled", min(max(request.args.get("page", 1, type=int), 1), 10_000)


# --- of a draft ----------------------------------------------------------------------------------------


@bp.get("/teach/courses/<uuid:draft>/reports", endpoint="reports")
@access(AUTHORS)
def reports_page(draft: UUID) -> str:
    """What learners of the centre say is wrong in this course; for its authors."""
    return _page(draft_for(draft, "write"))


def _page(draft: Draft, problem: Invalid | None = None) -> str:
    is_open, page = _asked()
    now = content_of(draft)
    rows = reports.list_of_draft(session(), draft, is_open=is_open, page=page)
    counts = reports.count_of_draft(session(), draft)
    return draft_page(
        "reports", draft, "reports", accent=draft.kind, problem=problem, is_open=is_open, counts=counts,
        rows=[(row, *_place(draft, now, row)) for row in rows],
        address=lambda **more: web.url("authoring.reports", draft=draft.uuid, **more),
        settle=lambda row: web.url("authoring.settle_report", draft=draft.uuid, report=row.id),
        **_paged(counts[0] if is_open else counts[1], page), **_texts(),
    )  # fmt: skip


def _paged(count: int, page: int) -> dict[str, int]:
    return {"page": page, "pages": max(1, -(-count // reports.SIZE))}


def _place(draft: Draft, now: Content, row: reports.Row) -> tuple[Link, str]:
    """Return where a report leads in the editor, and what stands there now."""
    if not row.unit_id:
        item = next((one for one in rows_of(now.data, "bank") if one["id"] == row.part_id), None)
        text = _("Questions for tests: %(id)s", id=row.part_id)
        if item is None:
            return Link(text, None), ""
        return Link(text, web.url("authoring.bank_item", draft=draft.uuid, item_id=row.part_id)), title_of(
            item
        )
    title = unit_titles(now.data).get(row.unit_id)
    if title is None:
        return Link(row.unit_id, None), ""
    unit = next(one for one in rows_of(now.data, "units") if one["id"] == row.unit_id)
    item = item_in(unit, row.part_id)
    if item is not None:
        address = web.url("authoring.item", draft=draft.uuid, unit_id=row.unit_id, item_id=row.part_id)
        return Link(title, address), title_of(item)
    block = next((one for one in rows_of(unit, "blocks") if one["id"] == row.part_id), None)
    if block is None:
        return Link(title, unit_url(draft, row.unit_id)), ""
    said = plain(block.get("title")) or plain(block.get("text"))
    return Link(title, unit_url(draft, row.unit_id, row.part_id)), said.replace("\n", " ")[:120]


@bp.post("/teach/courses/<uuid:draft>/reports/<uuid:report>", endpoint="settle_report")
@access(AUTHORS)
def settle_report(draft: UUID, report: UUID) -> Response | tuple[str, int]:
    """Say what became of a report, and answer the learner."""
    try:
        with transaction() as current:
            found = draft_for(draft, "write")
            reports.settle_of_draft(current, found, this_person(), report, **_sent())
    except Invalid as error:
        return _page(draft_for(draft, "write"), error), 422
    return redirect(web.url("authoring.reports", draft=draft, **_again()), 303)


def _sent() -> dict[str, Any]:
    return {
        "state": request.form.get("state", ""), "note": request.form.get("note", ""),
        "all_same": "all_same" in request.form,
    }  # fmt: skip


def _again() -> dict[str, str]:
    return {"show": "settled"} if request.form.get("show") == "settled" else {}


# --- of a centre ---------------------------------------------------------------------------------------


@bp.get("/centre/reports", endpoint="centre_reports")
@access(MANAGERS)
def centre_reports() -> str:
    """What learners of my centre say is wrong in courses that nobody writes here."""
    return _centre_page()


def _centre_page(problem: Invalid | None = None) -> str:
    is_open, page = _asked()
    person = this_person()
    rows = reports.list_of_leader(session(), person, is_open=is_open, page=page)
    counts = reports.count_of_leader(session(), person)
    books = {slug: _book(slug) for slug in {row.course for row in rows}}
    return web.render(
        "headstart/authoring/centre_reports.html", problem=problem, is_open=is_open, counts=counts,
        rows=[(row, *_published_place(books[row.course], row)) for row in rows],
        address=lambda **more: web.url("authoring.centre_reports", **more),
        settle=lambda row: web.url("authoring.settle_at_centre", report=row.id),
        **_paged(counts[0] if is_open else counts[1], page), **_texts(),
    )  # fmt: skip


def _book(slug: str) -> Book | None:
    row = find_course(session(), slug)
    return house().library.book(session(), row.current_digest, i18n.language()) if row is not None else None


def _published_place(book: Book | None, row: reports.Row) -> tuple[Link, str | Words]:
    """Return the course page of a report, the place in words, and what stands there."""
    if book is None:
        return Link(row.course, None), ""
    unit = book.units.get(row.unit_id)
    item = book.items.get(row.part_id) or book.bank.get(row.part_id)
    title = f"{book.course.title.text}: {unit.title.text}" if unit else book.course.title.text
    said: Any = getattr(item, "prompt", None) or getattr(item, "stimulus", None) or ""
    return Link(title, web.url("learning.course", slug=row.course)), said


@bp.post("/centre/reports/<uuid:report>", endpoint="settle_at_centre")
@access(MANAGERS)
def settle_at_centre(report: UUID) -> Response | tuple[str, int]:
    """Say what became of a report on a course that nobody writes here."""
    try:
        with transaction() as current:
            reports.settle_of_leader(current, this_person(), report, **_sent())
    except Invalid as error:
        return _centre_page(error), 422
    return redirect(web.url("authoring.centre_reports", **_again()), 303)
