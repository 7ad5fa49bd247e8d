"""Pages: check a certificate, the holder's own page and files, the form to issue; what issuers publish."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, make_response, redirect, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from ..accounts.access import access, current_person, public, signed_in, this_person
from ..accounts.models import Centre
from ..kernel import i18n, limits, qr, web
from ..kernel.clock import now
from ..kernel.db import after_commit, session, transaction
from ..kernel.errors import Invalid, NotFound, SignInNeeded
from ..kernel.i18n import _
from . import codes, keys, lookup, pdf, presenting, reading, rosette, services, signed_files, status
from .facts import read_facts
from .forms import HolderForm
from .lookup import Found
from .models import Award, Certificate
from .rules import AwardFacts, pick
from .tokens import find_token, make_token

bp = Blueprint("certificates", __name__)

#: Checks by one address in ten minutes; tries of a year by one address, and for one code, in an hour.
CHECKS, YEARS, YEARS_OF_CODE = 120, 20, 30


# --- check -------------------------------------------------------------------------------------


@bp.get("/verify", endpoint="verify")
@access(public)
def verify_form() -> Response:
    """Ask for a code, a file, or pasted text."""
    return _form("", None)


@bp.post("/verify", endpoint="verify_answer")
@access(public)
def verify_answer() -> BaseResponse:
    """Check what was sent: a file, pasted text, or a code with or without the year of birth."""
    _count("check", CHECKS, 600)
    file = request.files.get("file")
    text = request.form.get("text", "").strip()
    code = request.form.get("code", "").strip() or (_code_in(text) if find_token(text) is None else "")
    if file is not None and file.filename:
        with file.stream as stream:
            data = stream.read(reading.MOST_PDF + 1)
        return _show(lookup.by_document(session(), data, now()))
    if not code:
        if not text:
            return _ask_again(_("Write the code, or choose a file."), "")
        return _show(lookup.by_document(session(), text, now()))
    try:
        known = codes.parse_code(code)
        year = _year(request.form.get("year", ""))
    except Invalid as error:
        if web.wants_json():
            raise
        return _ask_again(error.message, code)
    if year is None:
        return redirect(web.url("certificates.verify_code", code=codes.show(known)), 303)
    _count_years(known)
    return _show(lookup.by_code_and_year(session(), known, year, now()), code=known)


#: A check changes nothing, so any program may send it, and its form needs no token and sets no cookie.
verify_answer.changes_nothing = True  # type: ignore[attr-defined]


@bp.get("/verify/<code>", endpoint="verify_code")
@access(public)
def verify_code(code: str) -> BaseResponse:
    """Check a code alone: what the QR code opens."""
    _count("check", CHECKS, 600)
    try:
        found = lookup.by_code(session(), code, now())
    except codes.CodeError as error:
        if web.wants_json():
            raise
        return _ask_again(error.message, code)
    return _show(found, code=codes.parse_code(code))


def _code_in(text: str) -> str:
    """Return the code in a pasted address of a verifier, or the text itself when it reads as a code."""
    last = text.split("#")[0].split("?")[0].rstrip("/").rsplit("/", 1)[-1] if "://" in text else text
    return last if len(last) <= 40 and codes.is_code(last) else ""


def _year(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if len(text) != 4 or not text.isdigit():
        raise Invalid(_("Write the year of birth with four numbers, for example 1990."), "year")
    return int(text)


def _count(what: str, most: int, seconds: int, who: str | None = None) -> None:
    """Count a try of this address (kept as a keyed hash, for as long as the window lasts)."""
    bucket = current_app.extensions["headstart"].keyring.mac(
        "certificates.limits", what.encode(), (who or request.remote_addr or "").encode()
    )
    with transaction() as current:
        limits.hit(current, bucket.hex(), most, seconds)


def _count_years(code: str) -> None:
    _count("year", YEARS, 3600)
    _count("year-of-code", YEARS_OF_CODE, 3600, who=code)


def _form(code: str, message: str | None) -> Response:
    return _private(
        web.render(
            "headstart/certificates/verify.html",
            message=message,
            code=code,
            host=_installation().host,
            **_demo(),
        )
    )


def _ask_again(message: str, code: str) -> Response:
    response = _form(code, message)
    response.status_code = 422
    return response


def _show(found: Found, code: str | None = None) -> Response:
    """Show a verdict. With signed facts all of them, else what a code alone may show."""
    verdict, certificate = found.verdict, found.certificate
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
                if verdict.digest and certificate is not None else None,
                host=_installation().host, **_demo(verdict.is_demo),
            )
        )  # fmt: skip
    response.status_code = 404 if verdict.reason in ("no-such-code", "no-such-pair") else 200
    return _sealed(response)


# --- the holder --------------------------------------------------------------------------------


@bp.route("/certificates/new", methods=["GET", "POST"], endpoint="new")
@access(signed_in)
def new() -> BaseResponse | str:
    """Ask for the names and the year of birth, and issue the certificate of an award."""
    chosen = _chosen_award(session())
    if chosen.certificate is not None:
        return redirect(web.url("certificates.show", code=codes.show(chosen.certificate.code)), 303)
    form = HolderForm(obj=this_person().identity)
    if request.method == "POST" and form.validate():
        with transaction() as current:
            person = this_person()
            award = services.get_award_for(current, person, chosen.uuid)
            services.state_identity(
                current, person, passport_name=form.passport_name.data or "",
                own_name=form.own_name.data or "",
                year_of_birth=form.year_of_birth.data, at=now(),
            )  # fmt: skip
            code = issue_now(current, award, now()).code
        return redirect(web.url("certificates.show", code=codes.show(code)), 303)
    form.award.data = str(chosen.uuid)
    identity = this_person().identity
    page = web.render(
        "headstart/certificates/new.html", form=form, award=chosen,
        facts=AwardFacts.model_validate(chosen.facts),
        is_checked=identity is not None and identity.checked is not None, presenting=presenting, **_demo(),
    )  # fmt: skip
    response = make_response(page)
    response.status_code = 422 if form.errors else 200
    return response


def issue_now(current: Session, award: Award, at: datetime) -> Certificate:
    """Issue inside an open transaction, and tell plugins after the commit."""
    state = current_app.extensions["headstart"]
    is_new = award.certificate is None
    made = services.issue(current, award, keyring=state.keyring, base_url=_installation().base_url, at=at)
    if is_new:
        code = made.code
        after_commit(lambda: state.plugins.hook.headstart_certificate_issued(code=code))
    return made


def _chosen_award(current: Session) -> Award:
    """Return the award that the address or the form names, else the newest without a certificate."""
    person = this_person()
    named = request.values.get("award", "")
    if named:
        try:
            return services.get_award_for(current, person, UUID(named))
        except ValueError as error:
            raise NotFound(_("There is no such award.")) from error
    waiting = [award for award in services.list_awards_of(current, person) if award.certificate is None]
    if not waiting:
        raise NotFound(_("You have no certificate to make now. Finish a course first."))
    return waiting[-1]


@bp.get("/certificates/<code>", endpoint="show")
@access(public)
def show(code: str) -> BaseResponse:
    """Show a certificate as it is printed: to its holder, or for the code with the year of birth."""
    certificate = _open_certificate(code)
    facts = read_facts(services.read_payload(certificate) or {})
    found = lookup.by_code(session(), certificate.code, now())
    address = services.verify_url(_installation().base_url, certificate.code)
    rows, outcomes = presenting.on_paper(facts)
    page = web.render(
        "headstart/certificates/certificate.html", certificate=certificate, facts=facts,
        verdict=found.verdict,
        code=codes.show(certificate.code), presenting=presenting, address=address,
        rows=rows, outcomes=outcomes,
        own_title=pick(certificate.titles, i18n.language()), year=request.args.get("year"),
        rosette=rosette.svg(certificate.digest, _("Rosette of this certificate")),
        qr=qr.svg(_scanned(certificate, address), _("QR code: opens the page that checks this certificate")),
        has_pdf=pdf.is_available(), **_demo(certificate.demo),
    )  # fmt: skip
    return _private(page)


@bp.get("/certificates/<code>.<any(json,jwt,svg,pdf):kind>", endpoint="file")
@access(public)
def file(code: str, kind: str) -> BaseResponse:
    """Hand out a file of a certificate: to its holder, or for the code with the year of birth."""
    certificate = _open_certificate(code)
    if kind == "pdf":
        address = services.verify_url(_installation().base_url, certificate.code)
        data: str | bytes = pdf.make(certificate, address=address, scanned=_scanned(certificate, address))
    elif kind == "jwt":
        data = signed_files.make_jwt(
            session(), certificate, keyring=current_app.extensions["headstart"].keyring
        )
    else:
        data = signed_files.get_json(certificate) if kind == "json" else signed_files.make_svg(certificate)
    types = {
        "json": "application/vc+ld+json", "jwt": "application/vc+jwt", "svg": "image/svg+xml",
        "pdf": "application/pdf",
    }  # fmt: skip
    response = _private(data)
    response.content_type = types[kind]
    response.headers["Content-Disposition"] = (
        f"attachment; filename=certificate-{codes.show(certificate.code)}.{kind}"
    )
    return response


def _scanned(certificate: Certificate, address: str) -> str:
    """Return what the QR code holds: the address of the check, and in its fragment the signed facts."""
    token = make_token(session(), certificate, keyring=current_app.extensions["headstart"].keyring)
    return address if token is None else f"{address}#{token}"


def _open_certificate(code: str) -> Certificate:
    """Return a certificate that this request may see in full.

    Somebody else's, a wrong year, an unknown code and an erased holder are answered alike (DESIGN 3.5).
    """
    person = current_person()
    year = request.args.get("year")
    if person is None and year is None:
        raise SignInNeeded(_("Sign in to see your certificate."))
    found = services.find_certificate(session(), code) if codes.is_code(code) else None
    if (
        found is not None
        and found.payload is not None
        and person is not None
        and found.person_id == person.id
    ):
        return found
    if year is not None:
        known = found.code if found is not None else code
        _count_years(known)
        found = services.find_certificate(session(), code) if codes.is_code(code) else None
        if found is not None and lookup.is_year_of(found, _year(year)):
            return found
    raise NotFound(_("There is no certificate with this code for you. Check the code and the year of birth."))


# --- what issuers publish ------------------------------------------------------------------------


@bp.get("/centres/<slug>/did.json", endpoint="did")
@access(public)
def did(slug: str) -> Response:
    """Publish the keys of a centre (did:web)."""
    centre = session().scalar(select(Centre).where(Centre.slug == slug))
    if centre is None:
        raise NotFound(_("There is no such centre."))
    name = keys.did_of(_installation().base_url, "centres", centre.slug)
    return _published(keys.find_did_document(session(), name) or keys.did_document(name, []))


@bp.get("/did.json", endpoint="default_did")
@bp.get("/.well-known/did.json", endpoint="well_known_did")
@access(public)
def default_did() -> Response:
    """Publish the keys of the default centre under the installation's own did:web."""
    centre = keys.issuing_centre(session(), None)
    base_url = _installation().base_url
    return _published(
        keys.did_document_of_default(
            session(), keys.did_of(base_url), keys.did_of(base_url, "centres", centre.slug)
        )
    )


@bp.get("/status/<issuer>/<int:year>", endpoint="status")
@access(public)
def status_list(issuer: str, year: int) -> Response:
    """Publish the signed revocation list of an issuer and year."""
    text = status.find_fresh(session(), issuer, year, now())
    if text is None:
        with transaction() as current:
            text = status.signed_list(
                current, issuer, year, keyring=current_app.extensions["headstart"].keyring,
                base_url=_installation().base_url, at=now(),
            )  # fmt: skip
    return _published(text)


# --- shared --------------------------------------------------------------------------------------


def _installation() -> Any:
    return current_app.extensions["headstart"].installation


def _demo(certificate_is_demo: bool = False) -> dict[str, bool]:
    return {"is_demo": certificate_is_demo or _installation().is_demo}


def _private(body: str | bytes) -> Response:
    return _sealed(make_response(body))


def _sealed(response: Response) -> Response:
    """Mark a page that may name a person: kept nowhere, found by no search engine, told to no other site.

    ``same-origin`` and not ``no-referrer``: that would make older browsers post our forms with ``Origin:
    null``.
    """
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _published(document: dict[str, Any] | str) -> Response:
    """Publish for programs anywhere: readable from other sites, kept for an hour."""
    response = make_response(document)
    response.content_type = "application/json" if isinstance(document, dict) else "application/vc+ld+json"
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
