"""The questions for tests: the list with tags, difficulty and exposure; new ones, and taking one out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import bank, content, store
from .context import AUTHORS, bp, draft_for, draft_page
from .forms import form_of, kinds, new_id
from .forms.context import topic_names
from .item_numbers import is_published, numbers_in_tests
from .part_pages import asked, content_of, findings_of, may_write, pages_of

#: Rows of one page.
SIZE = 50


@bp.get("/teach/courses/<uuid:draft>/bank", endpoint="bank")
@access(AUTHORS)
def bank_page(draft: UUID) -> str:
    """The questions for tests, by file; ``?q=`` looks in words, ids and tags."""
    found = draft_for(draft)
    now = content_of(found)
    every = bank.bank_rows(now)
    query, rows = asked(
        every, lambda row: f"{row.id} {row.title} {' '.join(row.tags)} {row.topic} {row.kind}"
    )
    page, pages, first, last = pages_of(len(rows), SIZE)
    errors = {
        f.path.split(".")[1] for f in findings_of(found, "bank") if f.path.count(".") and f.level == "error"
    }
    return draft_page(
        "bank", found, "bank", accent=found.kind, rows=rows[first:last], count=len(rows),
        total=len(every), query=query, page=page, pages=pages, exposure=bank.exposure(session(), found),
        is_published=is_published(session(), found), tries=numbers_in_tests(session(), found),
        kinds=[form for form in kinds("item") if form.kind != "can-do"], files=now.files("bank") or ["bank.yaml"],
        labels={form.kind: form.label for form in kinds("item")}, topics=topic_names(), errors=errors,
        may_write=may_write(found),
        untagged=sum(1 for row in every if not row.draws),
    )  # fmt: skip


@bp.post("/teach/courses/<uuid:draft>/bank", endpoint="add_bank_item")
@access(AUTHORS)
def add_bank_item(draft: UUID) -> Response:
    """Begin a question for tests, of a kind and in a file."""
    kind, path = request.form.get("kind", ""), request.form.get("file", "")
    draft_for(draft, "write")
    if kind not in {form.kind for form in kinds("item")}:
        raise Invalid(_("Choose what kind of question it is."))
    with transaction() as current:
        found = draft_for(draft, "write")
        now = content.content_of(current, found)
        if path not in (now.files("bank") or ["bank.yaml"]):
            raise Invalid(_("Choose where the question goes."))
        name = new_id(now.ids(), path.removesuffix(".yaml").replace("/", "-"))
        data: list[Any] = []
        digest = store.digest_of(current, found, path)
        if digest is not None:
            data, digest = store.read_data(current, found, path)
        rows = [*data, form_of(kind, "item").blank(name, now.course.for_bank())]
        store.save_data(current, found, this_person(), path, rows, base={path: digest}, what="edit")
    return redirect(web.url("authoring.bank_item", draft=draft, item_id=name), 303)


@bp.post("/teach/courses/<uuid:draft>/bank/items/<item_id>/delete", endpoint="delete_bank_item")
@access(AUTHORS)
def delete_bank_item(draft: UUID, item_id: str) -> Response:
    """Take a question out of the bank. The history of the course can bring it back."""
    with transaction() as current:
        found = draft_for(draft, "write")
        content.delete_row(current, found, this_person(), "bank", item_id)
    return redirect(web.url("authoring.bank", draft=draft), 303)
