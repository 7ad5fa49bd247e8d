"""What is signed and drawn while nobody waits for it."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from flask import current_app

from ..kernel.clock import now
from ..kernel.db import after_commit, session, transaction
from ..kernel.errors import NotFound
from ..kernel.jobs import job
from . import batches, log, pdf
from .models import Certificate

log_ = logging.getLogger("headstart.certificates")


@job(log.SIGN)
def sign_log(payload: dict[str, Any]) -> None:
    """Sign the end of an issuer's log."""
    state = current_app.extensions["headstart"]
    with transaction() as current:
        log.sign_end(
            current, payload["did"], keyring=state.keyring, base_url=state.installation.base_url, at=now()
        )


@job(batches.WORK)
def work_on_batch(payload: dict[str, Any]) -> None:
    """Issue or draw a slice of a group's certificates, and leave the rest to the next run."""
    uuid = UUID(payload["batch"])
    try:
        state = batches.get_batch(session(), uuid).state
    except NotFound:
        return
    if state == "issuing":
        _issue(uuid)
    elif state == "drawing":
        _draw(uuid)


def _issue(uuid: UUID) -> None:
    batch = batches.get_batch(session(), uuid)
    ready = [row for row in batches.list_rows(session(), batch.cohort, now()) if row.state == "ready"]
    for row in ready[: batches.SLICE]:
        issue_now(row.award_id or 0)
        with transaction() as current:
            batches.count_issued(current, uuid)
    with transaction() as current:
        batches.count_issued(current, uuid)
        batches.go_on(current, uuid, "issuing" if len(ready) > batches.SLICE else "drawing")


def issue_now(award_id: int) -> bool:
    """Issue in a transaction of its own, and tell plugins after the commit; return whether it could be."""
    state = current_app.extensions["headstart"]
    with transaction() as current:
        found = batches.issue_one(
            current, award_id, keyring=state.keyring, base_url=state.installation.base_url, at=now()
        )
        if found is not None and found[1]:
            code = found[0].code
            after_commit(lambda: state.plugins.hook.headstart_certificate_issued(code=code))
    return found is not None


def _draw(uuid: UUID) -> None:
    state = current_app.extensions["headstart"]
    batch = batches.get_batch(session(), uuid)
    purpose = batches.purpose_of(batch)
    drawn = {path.stem for path in batches.kept_papers(state.folder, uuid)}
    failed = {path.stem for path in batches.kept_papers(state.folder, uuid, batches.FAILED)}
    rows = batches.list_rows(session(), batch.cohort, now()) if pdf.is_available() else []
    papers = [(row, batches.stem(row.number, row.code or "")) for row in rows if row.state == "issued"]
    left = [(row, name) for row, name in papers if name not in drawn | failed]
    for row, name in left[: batches.SLICE]:
        try:
            found = _paper(row)
            batches.keep_paper(state.folder, uuid, f"{name}.pdf", state.keyring.seal(purpose, found))
            drawn.add(name)
        except Exception as error:  # one that cannot be drawn must not keep the others from their holders
            session().rollback()
            log_.error("a paper of batch %s could not be drawn (%s)", uuid, type(error).__name__)
            batches.keep_paper(state.folder, uuid, name + batches.FAILED, b"")
            failed.add(name)
        with transaction() as current:
            if not batches.count_drawn(current, uuid, len(drawn), len(failed)):
                return
    with transaction() as current:
        batches.go_on(current, uuid, "drawing" if len(left) > batches.SLICE else "done")


def _paper(row: batches.Row) -> bytes:
    state = current_app.extensions["headstart"]
    certificate = session().get_one(Certificate, row.certificate_id)
    drawn = batches.paper(
        session(), certificate, language=row.language, keyring=state.keyring,
        base_url=state.installation.base_url,
    )  # fmt: skip
    session().rollback()  # nothing is held open while the next one is drawn
    return drawn


@job(batches.SWEEP)
def sweep(payload: dict[str, Any]) -> None:
    """Delete papers that nobody may take any more."""
    folder = current_app.extensions["headstart"].folder
    with transaction() as current:
        over = batches.sweep(current, folder, now())
        after_commit(lambda: batches.delete_folders(over))
