"""Publish a course: what the checker says, what kind of change it is, who is touched, sign-off, now or later."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, this_person
from ..kernel import web
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import Conflict, Invalid, LMSError
from ..kernel.i18n import _
from ..learning.regrading import replaced
from . import new_ids, outline, publishing
from .context import AUTHORS, bp, draft_for, draft_page, house
from .draft_views import findings_of
from .drafts import may
from .models import Draft


@bp.get("/teach/courses/<uuid:draft>/publish", endpoint="publish")
@access(AUTHORS)
def publish(draft: UUID) -> str:
    """What publishing this course now would be."""
    return _page(draft_for(draft))


def _page(draft: Draft, problem: LMSError | None = None) -> str:
    current = session()
    checked = house().check(draft)
    plan = publishing.plan(current, house(), draft, checked)
    return draft_page(
        "publish", draft, "publish", checked=checked, plan=plan, problem=problem,
        now=now(), **findings_of(draft),
        needs_sign_off=publishing.needs_sign_off(current, draft.centre),
        signed=publishing.signed(current, draft, draft.head),
        is_author=any(m.person_id == this_person().id and m.role == "author" for m in draft.members)
        or publishing.has_written(current, draft, this_person()),
        replaced=_replaced(draft, plan),
        marks=publishing.marks_of(current, draft, "published", "refused", "signed")[:20],
    )  # fmt: skip


def _replaced(draft: Draft, plan: publishing.Plan) -> int:
    """Return in how many questions of published tests the key changed, for who may have the tests marked again."""
    if plan.published is None or plan.refusal or not may(this_person(), draft, "manage"):
        return 0
    return len(replaced(house().library.source(session(), plan.published.digest)))


@bp.post("/teach/courses/<uuid:draft>/publish", endpoint="publish_now")
@access(AUTHORS)
def publish_now(draft: UUID) -> Response | tuple[str, int]:
    """Publish, now or at an hour; sign off; take an hour back; give changed questions new ids."""
    try:
        with transaction():
            _do(draft)
    except LMSError as error:
        if error.status not in (403, 409, 422):
            raise
        return _page(draft_for(draft), error), error.status
    return redirect(web.url("authoring.publish", draft=draft), 303)


def _do(uuid: UUID) -> None:
    current, person = session(), this_person()
    do = request.form.get("do", "")
    if do == "sign":
        found = draft_for(uuid, "review")
        publishing.sign_off(current, found, person, _sent_n(), request.form.get("note", ""))
        return
    found = draft_for(uuid, "manage")
    if found.removed is not None:
        raise Conflict(_("This course was put away. Take it out again first."))
    if do == "stop":
        publishing.unschedule(found)
    elif do == "renew":
        plan = publishing.plan(current, house(), found, house().check(found))
        new_ids.renew_ids(outline.Act(current, found, person), [item for item, _version in plan.keys])
    elif do in ("now", "later"):
        _publish(found, do)
    else:
        raise Invalid(_("Choose what to do."))


def _publish(draft: Draft, do: str) -> None:
    current, person = session(), this_person()
    if _sent_n() != draft.head:
        raise Conflict(_("Somebody changed the course meanwhile. Look at it again, then publish."))
    checked = house().check(draft)
    if checked.errors:
        raise Invalid(_("The checker found errors. Mend them first, then publish."))
    if checked.warnings and request.form.get("warnings") != "yes":
        raise Invalid(_("Read the warnings, and say that you publish with them."))
    plan = publishing.plan(current, house(), draft, checked)
    if plan.refusal:
        raise Conflict(plan.refusal)
    if plan.kind == "same":
        raise Conflict(_("This is published already. Nothing changed."))
    version = plan.version
    if plan.kind == "correction" and request.form.get("as") == "edition" and plan.published is not None:
        version = f"{plan.published.edition + 1}.0"
    if do == "now":
        publishing.publish(current, house(), draft, person, n=draft.head, version=version)
    else:
        publishing.schedule(current, draft, person, _sent_time(), n=draft.head, version=version)


def _sent_n() -> int:
    value = request.form.get("n", "")
    return int(value) if value.isdecimal() and len(value) < 10 else -1


def _sent_time() -> datetime:
    """Return the hour a form names, in UTC as the form says."""
    try:
        return datetime.strptime(request.form.get("at", ""), "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise Invalid(_("Write a day and an hour, for example 2027-01-15T08:00.")) from None
