"""The holder's pages: make the certificate, see it, take its files."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import Response, current_app, make_response, redirect, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from ..accounts.access import access, current_person, public, signed_in, this_person
from ..kernel import i18n, qr, web
from ..kernel.clock import now
from ..kernel.db import after_commit, session, transaction
from ..kernel.errors import Invalid, NotFound, SignInNeeded
from ..kernel.i18n import _
from . import checks, codes, lookup, pdf, pictures, presenting, rosette, services, signed_files
from .context import bp, count_years, demo, installation, private, read_year
from .facts import read_facts
from .forms import HolderForm
from .models import Award, Certificate
from .rules import AwardFacts, pick
from .tokens import make_token


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
        is_checked=identity is not None and identity.checked is not None, presenting=presenting, **demo(),
    )  # fmt: skip
    response = make_response(page)
    response.status_code = 422 if form.errors else 200
    return response


def issue_now(current: Session, award: Award, at: datetime) -> Certificate:
    """Issue inside an open transaction, and tell plugins after the commit."""
    state = current_app.extensions["headstart"]
    is_new = award.certificate is None
    made = services.issue(current, award, keyring=state.keyring, base_url=installation().base_url, at=at)
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
    address = services.verify_url(installation().base_url, certificate.code)
    rows, outcomes = presenting.on_paper(facts)
    page = web.render(
        "headstart/certificates/certificate.html", certificate=certificate, facts=facts,
        verdict=found.verdict,
        code=codes.show(certificate.code), presenting=presenting, address=address,
        rows=rows, outcomes=outcomes,
        own_title=pick(certificate.titles, i18n.reading()), year=request.args.get("year"),
        rosette=rosette.svg(certificate.digest, _("Rosette of this certificate")),
        qr=qr.svg(_scanned(certificate, address), _("QR code: opens the page that checks this certificate")),
        share=qr.svg(address, _("QR code for a CV: opens the check of the code")),
        has_pdf=pdf.is_available(),
        is_mine=(person := current_person()) is not None and person.id == certificate.person_id,
        checks=checks.count_of_certificate(session(), certificate), **demo(certificate.demo),
    )  # fmt: skip
    return private(page)


@bp.get("/certificates/<code>.<any(json,jwt,svg,png,pdf):kind>", endpoint="file")
@access(public)
def file(code: str, kind: str) -> BaseResponse:
    """Hand out a file of a certificate: to its holder, or for the code with the year of birth."""
    certificate = _open_certificate(code)
    if kind == "jwt":
        return _handed_out(_token(certificate, request.args.get("alg", "EdDSA")), certificate.code, kind)
    if kind == "pdf":
        address = services.verify_url(installation().base_url, certificate.code)
        data: str | bytes = pdf.make(certificate, address=address, scanned=_scanned(certificate, address))
    elif kind == "png":
        data = pictures.bake(pdf.draw_badge(certificate), signed_files.get_json(certificate))
    else:
        data = signed_files.get_json(certificate) if kind == "json" else signed_files.make_svg(certificate)
    return _handed_out(data, certificate.code, kind)


def _token(certificate: Certificate, alg: str) -> str:
    """Return the VC-JWT in an algorithm; its key is made now when the centre has none yet."""
    known = next((name for name in signed_files.ALGORITHMS if name == alg), None)
    if known is None:
        raise Invalid(_("Choose one of these: %(list)s.", list=", ".join(signed_files.ALGORITHMS)), "alg")
    keyring, code = current_app.extensions["headstart"].keyring, certificate.code
    if known == "EdDSA":
        return signed_files.make_jwt(session(), certificate, keyring=keyring)
    with transaction() as current:
        found = services.get_certificate(current, code)
        return signed_files.make_jwt(current, found, keyring=keyring, alg=known)


_TYPES = {
    "json": "application/vc+ld+json", "jwt": "application/vc+jwt", "svg": "image/svg+xml", "png": "image/png",
    "pdf": "application/pdf",
}  # fmt: skip


def _handed_out(data: str | bytes, code: str, kind: str) -> Response:
    response = private(data)
    response.content_type = _TYPES[kind]
    response.headers["Content-Disposition"] = f"attachment; filename=certificate-{codes.show(code)}.{kind}"
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
        count_years(known)
        found = services.find_certificate(session(), code) if codes.is_code(code) else None
        if found is not None and lookup.is_year_of(found, read_year(year)):
            return found
    raise NotFound(_("There is no certificate with this code for you. Check the code and the year of birth."))
