"""Who changed what when; two versions side by side; back to an earlier one; what was kept aside."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import redirect, request
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Conflict, NotFound
from ..kernel.i18n import _
from . import compare, history, outline, publishing, store
from .context import AUTHORS, bp, draft_for, draft_page
from .models import Draft, Mark, Revision

#: Revisions on one page.
PAGE = 50


@bp.get("/teach/courses/<uuid:draft>/history", endpoint="history")
@access(AUTHORS)
def show_history(draft: UUID) -> str:
    """Every version of a course, the newest first."""
    found = draft_for(draft)
    page = _number("page", 1, 1, max(1, -(-found.head // PAGE)))
    query = (
        select(Revision)
        .where(Revision.draft_id == found.id)
        .order_by(Revision.n.desc())
        .options(selectinload(Revision.changes), selectinload(Revision.person))
        .offset((page - 1) * PAGE)
        .limit(PAGE)
    )
    marks: dict[int, list[Mark]] = {}
    for mark in publishing.marks_of(session(), found):
        marks.setdefault(mark.n, []).append(mark)
    return draft_page(
        "history", found, "history", revisions=list(session().scalars(query)), marks=marks, page=page,
        pages=max(1, -(-found.head // PAGE)), whats=_whats(), title_of=_title_of(found), problem=None,
    )  # fmt: skip


def _number(name: str, default: int, low: int, high: int) -> int:
    value = request.values.get(name, "")
    return min(max(int(value), low), high) if value.isdecimal() and len(value) < 10 else default


def _whats() -> dict[str, str]:
    return {
        "new": _("begun"), "edit": _("written"), "autosave": _("written"), "import": _("imported"),
        "restore": _("brought back"), "copy": _("copied"), "translate": _("translated"), "media": _("picture or sound"),
    }  # fmt: skip


def _title_of(draft: Draft) -> Callable[[str], str]:
    """Return a function that says what a file is called now."""
    rows = outline.read(session(), draft)
    units = [*rows.loose, *(unit for module in rows.modules for unit in module.units)]
    titles = {f"units/{unit.id}.yaml": _("Unit: %(title)s", title=unit.title) for unit in units}
    return lambda path: titles.get(path) or compare.title_of(path)


@bp.get("/teach/courses/<uuid:draft>/compare", endpoint="compare")
@access(AUTHORS)
def compare_versions(draft: UUID) -> str:
    """What is different between two versions, in words."""
    found = draft_for(draft)
    after = _number("after", found.head, 0, found.head)
    before = _number("before", max(0, after - 1), 0, found.head)
    if before > after:
        before, after = after, before
    sections = compare.compare(
        session(), store.tree_at(session(), found, before), store.tree_at(session(), found, after)
    )
    return draft_page("compare", found, "history", before=before, after=after, sections=sections)


@bp.post("/teach/courses/<uuid:draft>/restore", endpoint="restore")
@access(AUTHORS)
def restore(draft: UUID) -> Response:
    """Go back to an earlier version: as a new one, nothing of the history goes away."""
    with transaction() as current:
        found = draft_for(draft, "write")
        found = store.lock(current, found)
        seen = request.form.get("head", "")
        if seen and seen != str(found.head):
            raise Conflict(_("Somebody changed the course meanwhile. Look at the history, then go back."))
        history.restore(current, found, this_person(), _number("n", found.head, 0, found.head))
    to = "authoring.draft" if request.form.get("head") else "authoring.history"
    return redirect(web.url(to, draft=draft), 303)


def _kept(draft: Draft, number: int) -> Mark:
    mark = session().scalar(
        select(Mark).where(Mark.id == number, Mark.draft_id == draft.id, Mark.kind == "kept")
    )
    if mark is None or mark.digest is None:
        raise NotFound(_("This text is not kept here."))
    return mark


@bp.route("/teach/courses/<uuid:draft>/kept/<int:number>", methods=["GET", "POST"], endpoint="kept")
@access(AUTHORS)
def kept(draft: UUID, number: int) -> str | Response:
    """What somebody wrote while another one changed the same part: beside what stands there now, to be taken."""
    if request.method == "POST":
        with transaction() as current:
            found = draft_for(draft, "write")
            mark = _kept(found, number)
            if request.form.get("do") == "take":
                _take(found, mark)
            current.delete(mark)
        return redirect(web.url("authoring.history", draft=draft), 303)
    found = draft_for(draft)
    mark = _kept(found, number)
    now = store.digest_of(session(), found, mark.name)
    if now is None:
        sections = compare.compare(session(), {}, {mark.name: str(mark.digest)})
    else:
        there, taken = store.data_of(session(), now, mark.name), store.taken(session(), mark, now)
        sections = compare.compare_data(mark.name, there, taken)
    return draft_page("kept", found, "history", one=mark, sections=sections)


def _take(draft: Draft, mark: Mark) -> None:
    store.save_taken(session(), draft, this_person(), mark, note=_("Taken from what was kept"))
