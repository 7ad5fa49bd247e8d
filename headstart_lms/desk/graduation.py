"""The certificates of a group, all at once: who is ready, issue them, take the papers."""

from __future__ import annotations

from uuid import UUID

from flask import current_app, redirect
from werkzeug.wrappers import Response

from ..accounts.access import access, is_staff_at, this_person
from ..certificates import batches, pdf
from ..cohorts import services as cohorts
from ..cohorts.models import Cohort
from ..kernel import web
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from .views import MANAGERS, bp


def _group_of_mine(uuid: UUID) -> Cohort:
    """Return a group of a centre I manage; every other one is not there."""
    person = this_person()
    found = cohorts.get_cohort_for(session(), person, uuid)
    if not is_staff_at(person, found.centre_id, "manager", "admin"):
        raise NotFound(_("There is no such group."))
    return found


@bp.get("/centre/groups/<uuid:uuid>/certificates", endpoint="certificates")
@access(MANAGERS)
def certificates(uuid: UUID) -> str:
    """Who has a certificate, who can get one now, what is missing; and how far the papers are."""
    group = _group_of_mine(uuid)
    rows = batches.list_rows(session(), group, now())
    counts = {state: sum(1 for row in rows if row.state == state) for state in ("issued", "ready", "missing")}
    return web.render(
        "headstart/desk/certificates.html", cohort=group, rows=rows, counts=counts,
        batch=batches.find_batch(session(), group, now()), has_pdf=pdf.is_available(),
    )  # fmt: skip


@bp.post("/centre/groups/<uuid:uuid>/certificates", endpoint="issue_all")
@access(MANAGERS)
def issue_all(uuid: UUID) -> Response:
    """Issue all that are ready and draw the papers, as a job."""
    with transaction() as current:
        batches.start(current, _group_of_mine(uuid), now())
    return redirect(web.url("desk.certificates", uuid=uuid), 303)


@bp.get("/centre/groups/<uuid:uuid>/certificates.zip", endpoint="papers")
@access(MANAGERS)
def papers(uuid: UUID) -> Response:
    """Hand out the papers of a group in one file."""
    group = _group_of_mine(uuid)
    state = current_app.extensions["headstart"]
    batch = batches.find_batch(session(), group, now())
    kept = [] if batch is None else batches.kept_papers(state.folder, batch.uuid)
    if batch is None or batch.state != "done" or not kept:
        raise NotFound(_("These papers are no longer here. Make them again."))
    pieces = batches.stream_zip(kept, batches.purpose_of(batch), state.keyring, batch.created)
    response = current_app.response_class(pieces, mimetype="application/zip")
    response.headers["Content-Disposition"] = (
        f'attachment; filename="certificates-{batch.created:%Y-%m-%d}.zip"'
    )
    response.headers["Cache-Control"] = "no-store"
    return response
