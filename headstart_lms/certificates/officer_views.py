"""Pages of officers: check many, what was checked, receipts."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO
from uuid import UUID

from flask import Response, current_app, json, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from ..accounts.access import access, current_visitor, signed_in, staff, this_person
from ..kernel import jobs, web
from ..kernel.clock import now
from ..kernel.crypto import Keyring
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError
from ..kernel.i18n import _
from . import bulk, check_jobs, checks, codes, presenting, receipts, uploads
from .asking import RECEIPT, Entry, Outcome
from .check_models import Check
from .context import bp, count, demo, installation, private, sealed
from .reading import Document
from .rules import pick
from .trust import trust_store

OFFICERS = staff("officer")
#: Rows of the trail on one page; uploads by one officer in an hour.
PAGE, UPLOADS = 50, 60


def record(outcome: Outcome) -> Check | None:
    """Write down the check of an officer who is signed in; nobody else's is written down anywhere."""
    visitor = current_visitor()
    if visitor is None or not visitor.has_role("officer") or request.method == "HEAD":
        return None
    if "prefetch" in request.headers.get("Sec-Purpose", ""):
        return None  # the browser looked, not a person
    with transaction() as current:
        person = this_person()
        office = checks.find_office(current, person)
        if office is None:
            return None
        by = checks.Checker(office.name, "page", office.id, person)
        made = check_jobs.note(current, _keyring(), by, outcome)
        uuid = made.uuid if made is not None else None
    return checks.get_check_of(session(), this_person(), uuid) if uuid is not None else None


def office_name() -> str | None:
    """Return the office of an officer who is signed in; None for everybody else."""
    visitor = current_visitor()
    if visitor is None or not visitor.has_role("officer"):
        return None
    office = checks.find_office(session(), this_person())
    return office.name if office is not None else None


def _keyring() -> Keyring:
    found: Keyring = current_app.extensions["headstart"].keyring
    return found


# --- what was checked ------------------------------------------------------------------------------


@bp.get("/centre/checks", endpoint="office")
@access(OFFICERS, for_offices=True)
def office() -> Response:
    """Home of an officer: check one, check many, what was checked."""
    person = this_person()
    mine = request.args.get("of") != "office"
    before = request.args.get("before", "")
    rows = checks.list_for_office(
        session(), person, mine=mine, most=PAGE + 1, before=int(before[:12]) if before.isdecimal() else None
    )
    return private(
        web.render(
            "headstart/certificates/office.html", office=checks.get_office(session(), person), mine=mine,
            rows=rows[:PAGE], older=rows[PAGE - 1].check.number if len(rows) > PAGE else None,
            batches=bulk.list_batches_for(session(), person, now()), presenting=presenting, codes=codes,
            person=person, can_match=lambda check: now() - check.at < checks.MATCH, **demo(),
        )
    )  # fmt: skip


@bp.get("/centre/checks.csv", endpoint="office_table")
@access(OFFICERS, for_offices=True)
def office_table() -> Response:
    """Hand out the trail of the office, for its own files: no names of learners."""
    person = this_person()
    rows = checks.list_for_office(session(), person, mine=request.args.get("of") != "office", most=10_000)
    head = ("checked_at", "officer", "code_or_digest", "given", "state", "reason", "name_matches", "id")
    return _table(
        "checks", bulk.write_rows([head, *([bulk.harmless(cell) for cell in _cells(line)] for line in rows)])
    )


def _cells(line: checks.Line) -> list[object]:
    check = line.check
    code = check.certificate.code if check.certificate else check.asked
    about = codes.show(code) if code else check.digest
    officer = check.officer.login if check.officer else None
    said = {True: "yes", False: "no", None: "not-said"}[line.matches]
    at = check.at.isoformat(timespec="seconds")
    return [at, officer, about, check.form, check.state, check.reason, said, check.uuid]


def _table(name: str, text: str) -> Response:
    response = private(text)
    response.content_type = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    return response


@bp.post("/verify/checks/<uuid:check>/name", endpoint="name_match")
@access(OFFICERS, for_offices=True)
def name_match(check: UUID) -> BaseResponse:
    """Record whether the name matches the document in front of the officer."""
    said = request.form.get("matches", "")
    with transaction() as current:
        checks.get_check_of(current, this_person(), check)
        if said not in ("yes", "no"):
            raise Invalid(_("Say yes or no."))
        checks.record_match(current, _keyring(), this_person(), check, matches=said == "yes", at=now())
    return redirect(web.url("certificates.office"), 303)


@bp.get("/verify/checks/<uuid:check>.receipt.json", endpoint="receipt")
@access(OFFICERS)
def receipt(check: UUID) -> Response:
    """Hand out the signed receipt of a check I made."""
    with transaction() as current:
        found = checks.get_check_of(current, this_person(), check)
        base_url = installation().base_url
        made = receipts.sign(
            current, receipts.make_of_check(found, base_url), keyring=_keyring(), base_url=base_url, at=now()
        )
    response = private(json.dumps(made, ensure_ascii=False, indent=2, sort_keys=False))
    response.content_type = "application/json"
    response.headers["Content-Disposition"] = f"attachment; filename=check-{check}.receipt.json"
    return response


def show_receipt(found: Document) -> Response:
    """Show what a receipt says, and whether it is genuine."""
    verdict = receipts.verify(found, trust_store(session()))
    page = web.render(
        "headstart/certificates/receipt.html", verdict=verdict, receipt=verdict.receipt, presenting=presenting,
        host=installation().host, **demo(verdict.signer is not None and verdict.signer.demo),
    )  # fmt: skip
    if web.wants_json():
        return sealed(
            jsonify({"type": RECEIPT, "genuine": verdict.is_genuine, "reason": verdict.reason,
                     "receipt": verdict.receipt})
        )  # fmt: skip
    return private(page)


# --- many ------------------------------------------------------------------------------------------


@bp.get("/verify/many", endpoint="many")
@access(OFFICERS, for_offices=True)
def many() -> Response:
    """Ask for a table of codes, a zip file, or several files."""
    return _many_form(None)


def _many_form(problem: LMSError | None) -> Response:
    person = this_person()
    response = private(
        web.render(
            "headstart/certificates/many.html", problem=problem, most=uploads.MOST_ENTRIES,
            megabytes=uploads.MOST_UPLOAD // 1_000_000, office=checks.get_office(session(), person), **demo(),
        )
    )  # fmt: skip
    response.status_code = 200 if problem is None else 422
    return response


@bp.get("/verify/many/template.csv", endpoint="template")
@access(OFFICERS, for_offices=True)
def template() -> Response:
    """Hand out an empty table to fill in."""
    return _table("certificates", bulk.template())


@bp.post("/verify/many", endpoint="many_start")
@access(OFFICERS, for_offices=True, most_bytes=uploads.MOST_UPLOAD)
def many_start() -> BaseResponse:
    """Take the upload in, sealed, and let a job check it."""
    count("many", UPLOADS, 3600, who=str(this_person().uuid))
    with transaction() as current:
        batch = bulk.start(current, this_person(), now())
        uuid, batch_id = batch.uuid, batch.id
        jobs.enqueue(current, check_jobs.FORGET, {}, not_before=now() + bulk.KEPT, key=f"forget:{uuid}")
    try:
        if not _take_in(batch_id):
            raise Invalid(_("Choose a file, or write codes."), "empty")
        with transaction() as current:
            batch = bulk.get_batch_for(current, this_person(), uuid, now())
            batch.is_complete = True
            jobs.enqueue(current, check_jobs.ANSWER, {"batch": batch_id})
    except LMSError as error:
        with transaction() as current:
            bulk.forget_one(current, bulk.get_batch_for(current, this_person(), uuid, now()))
        if web.wants_json():
            raise
        return _many_form(error)
    return redirect(web.url("certificates.many_result", uuid=uuid), 303)


def _take_in(batch_id: int) -> int:
    """Keep what was sent, a few entries at a time; return how many."""
    taken, waiting = 0, list[tuple[int, Entry]]()
    for taken, entry in enumerate(uploads.read_uploads(_sent()), 1):
        waiting.append((taken, entry))
        if len(waiting) >= bulk.STEP:
            _keep(batch_id, waiting)
            waiting = []
    _keep(batch_id, waiting)
    return taken


def _keep(batch_id: int, entries: list[tuple[int, Entry]]) -> None:
    with transaction() as current:
        bulk.add(current, _keyring(), batch_id, entries)


def _sent() -> Iterator[tuple[str, BinaryIO]]:
    """Yield the files of the form, and the text field as a table."""
    text = request.form.get("text", "").strip()
    if text:
        yield "typed.csv", BytesIO(text.encode())
    for file in request.files.getlist("files"):
        if file.filename:
            with file.stream as stream:
                yield file.filename, stream  # type: ignore[misc]


@bp.get("/verify/many/<uuid:uuid>", endpoint="many_result")
@access(OFFICERS, for_offices=True)
def many_result(uuid: UUID) -> Response:
    """Show how far it is, and what came out."""
    batch = bulk.get_batch_for(session(), this_person(), uuid, now())
    progress = bulk.progress_of(session(), batch)
    if web.wants_json():
        return sealed(jsonify({"done": progress.done, "all": progress.all, "is_done": progress.is_done}))
    rows = bulk.results_of(session(), batch, _keyring()) if progress.is_done else []
    return private(
        web.render(
            "headstart/certificates/many_result.html", batch=batch, progress=progress, bulk=bulk, rows=rows,
            summary=bulk.summary(progress), presenting=presenting, until=batch.created + bulk.KEPT, **demo(),
        )
    )  # fmt: skip


@bp.get("/verify/many/<uuid:uuid>/result.csv", endpoint="many_table")
@access(OFFICERS, for_offices=True)
def many_table(uuid: UUID) -> Response:
    """Hand out the result as a table."""
    batch = bulk.get_batch_for(session(), this_person(), uuid, now())
    separator = {"comma": ",", "semicolon": ";"}.get(request.args.get("separator", ""))
    rows = bulk.results_of(session(), batch, _keyring())
    return _table("result", bulk.write_csv(rows, separator=separator))


@bp.post("/verify/many/<uuid:uuid>/delete", endpoint="many_delete")
@access(OFFICERS, for_offices=True)
def many_delete(uuid: UUID) -> BaseResponse:
    """Delete the result before its day is over."""
    with transaction() as current:
        bulk.forget_one(current, bulk.get_batch_for(current, this_person(), uuid, now()))
    return redirect(web.url("certificates.office"), 303)


# --- the learner's side ------------------------------------------------------------------------------


@bp.get("/me/checks", endpoint="my_checks")
@access(signed_in)
def my_checks() -> Response:
    """Who checked my certificates: the office and the day, never the officer."""
    person = this_person()
    return private(
        web.render(
            "headstart/certificates/my_checks.html", rows=checks.list_of_holder(session(), person), codes=codes,
            presenting=presenting, pick=pick,
        )
    )  # fmt: skip
