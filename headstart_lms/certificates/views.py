"""The page where everybody checks a certificate."""

from __future__ import annotations

from flask import Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from ..accounts.access import access, public
from ..kernel import web
from ..kernel.clock import now
from ..kernel.db import session
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import (
    codes,
    holder_views,
    lookup,
    officer_views,
    offline_views,
    offline_words,
    presenting,
    reading,
    rosette,
)
from .asking import Asker, Entry, Outcome, find_receipt
from .check_models import Check
from .context import bp, count_check, count_years, demo, installation, private, read_year, sealed

__all__ = ["bp", "holder_views", "officer_views", "offline_views"]


@bp.get("/verify", endpoint="verify")
@access(public, for_offices=True)
def verify_form() -> Response:
    """Ask for a code, a file, or pasted text."""
    return _form("", None)


@bp.post("/verify", endpoint="verify_answer")
@access(public, changes_nothing=True, for_offices=True)
def verify_answer() -> BaseResponse:
    """Check what was sent: a file, pasted text, or a code with or without the year of birth."""
    count_check()
    file = request.files.get("file")
    text = request.form.get("text", "").strip()
    code = request.form.get("code", "").strip() or lookup.code_in(text)
    if file is not None and file.filename:
        with file.stream as stream:
            data = stream.read(reading.MOST_UPLOAD + 1)
        return _answer_data(file.filename, data)
    if not code:
        if not text:
            return _ask_again(_("Write the code, or choose a file."), "")
        return _answer_data("text", text.encode("utf-8", "replace"))
    try:
        known = codes.parse_code(code)
        year = read_year(request.form.get("year", ""))
    except Invalid as error:
        if web.wants_json():
            raise
        return _ask_again(error.message, code)
    if year is None:
        return redirect(web.url("certificates.verify_code", code=codes.show(known)), 303)
    count_years(known)
    return _answer(Entry("code", code=known, year=year))


@bp.get("/verify/<code>", endpoint="verify_code")
@access(public, for_offices=True)
def verify_code(code: str) -> BaseResponse:
    """Check a code alone: what the QR code opens."""
    count_check()
    try:
        known = codes.parse_code(code)
    except codes.CodeError as error:
        if web.wants_json():
            raise
        return _ask_again(error.message, code)
    return _answer(Entry("code", code=known))


def _answer_data(name: str, data: bytes) -> Response:
    """Answer signed data; a receipt of an earlier check is no certificate, and is shown as what it is."""
    receipt = find_receipt(data)
    if receipt is not None:
        return officer_views.show_receipt(receipt)
    return _answer(Entry(name[:120], data=data))


def _answer(entry: Entry) -> Response:
    """Check, write it down when an officer asks, and show it."""
    outcome = Asker(session(), now()).ask(entry)
    return _show(outcome, officer_views.record(outcome))


def _form(code: str, message: str | None) -> Response:
    response = private(
        web.render(
            "headstart/certificates/verify.html",
            message=message,
            code=code,
            scan=offline_words.page_words(),
            host=installation().host,
            office=officer_views.office_name(),
            **demo(),
        )
    )
    # the reader of QR codes is compiled on this page where the browser has none of its own
    response.headers["Content-Security-Policy"] = offline_views.POLICY
    return response


def _ask_again(message: str, code: str) -> Response:
    response = _form(code, message)
    response.status_code = 422
    return response


def _show(outcome: Outcome, check: Check | None) -> Response:
    """Show a verdict. With signed facts all of them, else what a code alone may show."""
    verdict, certificate, code = outcome.verdict, outcome.certificate, outcome.entry.code
    if verdict.facts is not None:
        rows = presenting.signed_rows(
            verdict.facts,
            verdict.issuer.name if verdict.issuer else None,
            certificate.titles if certificate else None,
        )
    else:
        rows = presenting.public_rows(certificate) if certificate is not None else []
    if web.wants_json():
        response = make_response(presenting.receipt(verdict, rows))
    else:
        response = make_response(
            web.render(
                "headstart/certificates/verdict.html", verdict=verdict, rows=rows, presenting=presenting,
                code=codes.show(certificate.code) if certificate else codes.show(code) if code else None,
                is_known=certificate is not None,
                ask_year=certificate is not None and verdict.facts is None and certificate.erased is None,
                is_erased=certificate is not None and certificate.erased is not None,
                reason=presenting.reason_text(verdict.record.reason) if verdict.record else None,
                replaced_by=codes.show(verdict.record.replaced_by)
                if verdict.record and verdict.record.replaced_by else None,
                rosette=rosette.svg(verdict.digest, _("Rosette of this certificate"))
                if verdict.digest and (certificate is not None or verdict.facts is not None) else None,
                check=check, shown=outcome.shown, host=installation().host, **demo(verdict.is_demo),
            )
        )  # fmt: skip
    response.status_code = 404 if verdict.reason in ("no-such-code", "no-such-pair") else 200
    return sealed(response)
