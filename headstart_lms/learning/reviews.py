"""The page where words come again."""

from __future__ import annotations

from uuid import UUID, uuid4

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, signed_in, this_person
from ..cohorts import services as cohorts
from ..courses.library import get_course
from ..kernel import web
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import pages, reviewing
from .context import book_of, bp, house


@bp.get("/courses/<slug>/review")
@access(signed_in)
def review(slug: str) -> str:
    """Show one word that is due: one side, and behind a tap the other side with four answers."""
    enrolment = cohorts.get_enrolment_for(session(), this_person(), get_course(session(), slug))
    book = book_of(enrolment)
    plan = reviewing.plan_of(session(), enrolment, book, now())
    return web.render(
        "headstart/learning/review.html", accent=book.course.kind, book=book, course=book.course, plan=plan,
        entry=book.entries[plan.entry_id] if plan.entry_id else None, review_id=uuid4(),
        media=pages.media_of(book), is_begun=plan.entry_id is not None or plan.reviewed_today or plan.then,
        ratings=[("again", _("I did not know it")), ("hard", _("Hard")), ("good", _("I knew it")), ("easy", _("Easy"))],
    )  # fmt: skip


@bp.post("/courses/<slug>/review")
@access(signed_in)
def review_answer(slug: str) -> Response:
    """Take what the learner said of a word; go on with the next one."""
    try:
        review_id = UUID(request.form.get("review_id", ""))
    except ValueError:
        raise Invalid(_("This form is not complete. Load the page again and answer once more.")) from None
    with transaction() as current:
        reviewing.submit_review(
            current, house(), this_person(), slug=slug, entry_id=request.form.get("entry", ""),
            review_id=review_id, said=request.form.get("rating", ""),
        )  # fmt: skip
    return redirect(web.url("learning.review", slug=slug), 303)
