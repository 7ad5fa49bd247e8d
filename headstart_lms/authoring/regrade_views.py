"""Mark finished tests again: which questions, what it would change, which certificates rest on the wrong key."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from flask import current_app, redirect, request
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..assessments.items.base import ItemType
from ..certificates import codes
from ..courses.models import Course as CourseRow
from ..courses.words import Words
from ..kernel import web
from ..kernel.db import session, transaction
from ..kernel.errors import Conflict, Invalid, LMSError, NotAllowed
from ..kernel.i18n import _
from ..learning import regrading
from ..learning.services import House as Learning
from . import owners
from .context import AUTHORS, bp, draft_for, draft_page, house
from .models import Draft

#: So many rows of a table are shown; the numbers above it count all.
ROWS = 100


@bp.get("/teach/courses/<uuid:draft>/regrade", endpoint="regrade")
@access(AUTHORS)
def regrade(draft: UUID) -> str | tuple[str, int]:
    """What marking finished tests again would change."""
    found = draft_for(draft, "manage")
    try:
        return _page(found, request.args)
    except LMSError as error:
        if error.status != 422:
            raise
        return _page(found, MultiDict(), error), error.status


@bp.post("/teach/courses/<uuid:draft>/regrade", endpoint="regrade_now")
@access(AUTHORS)
def regrade_now(draft: UUID) -> Response | tuple[str, int]:
    """Mark them again, as it was shown."""
    try:
        row, ways = _looked_at(draft)
        # before the transaction: it may take a while
        if not regrading.preview(session(), _learning(), row, ways).better:
            raise Conflict(_("Marking again would change nothing."))
        with transaction() as current:
            row, ways = _looked_at(draft)
            regrading.ask(current, row, ways, this_person())
    except LMSError as error:
        if error.status not in (409, 422):
            raise
        return _page(draft_for(draft, "manage"), MultiDict(), error), error.status
    return redirect(web.url("authoring.regrade", draft=draft), 303)


def _looked_at(draft: UUID) -> tuple[CourseRow, dict[str, regrading.Way]]:
    """Return the course of a sent form and how its questions are marked. Raises Conflict when it changed since."""
    row = _row(draft_for(draft, "manage"))
    if row is None:
        raise Invalid(_("This course is not published yet. Nobody has taken its tests."))
    if request.form.get("digest") != row.current_digest:
        raise Conflict(_("The course was published again meanwhile. Look at what would change once more."))
    course = house().library.source(session(), row.current_digest)
    return row, regrading.checked_ways(course, _asked(request.form))


def _learning() -> Learning:
    return Learning.of(current_app.extensions["headstart"])


def _row(draft: Draft) -> CourseRow | None:
    """Return the published course of a draft, if there is one. Raises NotAllowed when it is not theirs."""
    row = session().scalar(select(CourseRow).where(CourseRow.uuid == draft.course_uuid))
    if row is None:
        return None
    if refusal := owners.refusal_of(session(), draft, row):
        raise NotAllowed(refusal)
    return row


def _asked(sent: MultiDict[str, str]) -> dict[str, str]:
    """Return {id of a question: how it is marked}: a field ``way-<id>`` for each."""
    return {name[4:]: value for name, value in sent.items() if name.startswith("way-")}


def _title(item: ItemType) -> str:
    words = (getattr(item, name, None) for name in ("prompt", "statement", "text", "stimulus"))
    return next((one.text for one in words if isinstance(one, Words)), item.id)


def _page(draft: Draft, sent: MultiDict[str, str], problem: LMSError | None = None) -> str:
    current, learning, row = session(), _learning(), _row(draft)
    if row is None:
        return draft_page("regrade", draft, "publish", problem=problem, questions=(), runs=(), preview=None)
    course = house().library.source(current, row.current_digest)
    questions = regrading.replaced(course)
    ways = regrading.checked_ways(course, _asked(sent))
    seen = regrading.count_seen(current, row, questions)
    preview = regrading.preview(current, learning, row, ways) if ways else None
    touched = preview.certificates if preview else ()
    return draft_page(
        "regrade", draft, "publish", problem=problem, ways=ways, preview=preview, most=ROWS, digest=row.current_digest,
        rows=[one for one in preview.better if one.sitting.enrolment.centre_id == draft.centre_id] if preview else (),
        questions=[(old, _title(item), seen[old]) for old, item in questions.items()], show_code=codes.show,
        choices=[
            ("leave", _("Leave it as it was")), ("key", _("By the new key")),
            ("all", _("Right for everybody who answered it")),
        ],
        own=[one for one in touched if one.certificate.centre_id == draft.centre_id],
        others=sorted(
            Counter(one.certificate.issuer_name for one in touched if one.certificate.centre_id != draft.centre_id)
            .items()
        ),
        runs=regrading.runs_of(current, row), is_waiting=regrading.is_waiting(current, row),
    )  # fmt: skip
