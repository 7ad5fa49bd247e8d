"""Award, issue, replace, suspend, revoke, find."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Centre, Identity, Person
from ..accounts.services import Name, set_identity
from ..cohorts.models import Enrolment
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from . import codes, keys, log, proofs, status, tokens
from .credential import StatusEntry, build
from .keys import Sealer
from .models import REASONS, Award, Certificate, IssuerKey
from .rules import AwardFacts, Holder, clean_name, clean_passport_name, clean_year, months_later

__all__ = [
    "AwardFacts", "award", "find_award", "find_certificate", "get_award_for", "get_certificate", "issue",
    "keep_tokens", "list_awards_of", "list_certificates_of", "raise_result", "read_payload", "reinstate", "replace",
    "revoke", "signed_with", "state_identity", "suspend",
]  # fmt: skip


def award(session: Session, *, enrolment: Enrolment, facts: AwardFacts, at: datetime) -> Award:
    """Record that an enrolment has reached what its course certifies. Once for each registration: again, no
    change.

    The first award stands: what was reached is not taken back or improved by later work.
    """
    # two last answers at once must not make two awards
    session.execute(select(Enrolment.id).where(Enrolment.id == enrolment.id).with_for_update())
    known = session.scalar(select(Award).where(Award.registration == enrolment.registration))
    if known is not None:
        return known
    made = Award(
        registration=enrolment.registration, person_id=enrolment.person_id,
        centre_id=enrolment.centre_id,
        course_uuid=facts.course_uuid, facts=facts.model_dump(mode="json"), awarded=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def state_identity(
    session: Session,
    person: Person,
    *,
    passport_name: str,
    own_name: str,
    year_of_birth: int | None,
    at: datetime,
) -> Identity:
    """Write down who a person says she is. Raises Invalid.

    ``own_name`` may be empty: then it is the passport's. A change undoes an earlier check of a document: it
    was another name that was seen.
    """
    passport = clean_passport_name(passport_name)
    own = clean_name(own_name) if own_name.strip() else passport
    year = clean_year(year_of_birth, at.date())
    return set_identity(session, person, Name(passport, own, year))


def holder_of(session: Session, person: Person | None, at: datetime) -> Holder:
    """Return who a certificate will be about. Raises Invalid while the names and the year are not known."""
    identity = person.identity if person is not None else None
    if identity is None or not identity.passport_name or not identity.own_name or not identity.year_of_birth:
        raise Invalid(_("Write the name and the year of birth first."), "identity")
    checked = session.get(Centre, identity.checked_centre_id) if identity.checked_centre_id else None
    return Holder(
        clean_passport_name(identity.passport_name), clean_name(identity.own_name),
        clean_year(identity.year_of_birth, at.date()), checked.name if checked and identity.checked else None,
    )  # fmt: skip


def issue(session: Session, award: Award, *, keyring: Sealer, base_url: str, at: datetime) -> Certificate:
    """Make and sign the certificate of an award; an award that has one gets the same again.

    ``base_url`` is the fixed address of the installation, without a slash at the end. Raises Invalid while
    the person's names and year of birth are not known, Conflict when its certificate was revoked.
    """
    session.execute(select(Award.id).where(Award.id == award.id).with_for_update())
    session.refresh(award, ["certificates"])  # another tap may have issued it while we waited
    newest = award.certificate
    if newest is not None:
        if newest.standing == "revoked":
            raise Conflict(_("This certificate was revoked. Ask the centre."))
        return newest
    return _sign(session, award, keyring=keyring, base_url=base_url, at=at)


def _sign(
    session: Session, award: Award, *, keyring: Sealer, base_url: str, at: datetime,
    instead_of: Certificate | None = None,
) -> Certificate:  # fmt: skip
    holder = holder_of(session, award.person, at)
    facts = AwardFacts.model_validate(award.facts)
    stated = session.get(Centre, award.centre_id) if award.centre_id else None
    centre = keys.issuing_centre(session, stated)
    at = at.astimezone(UTC).replace(microsecond=0)
    key = keys.signing_key(session, centre, keyring=keyring, base_url=base_url, at=at)
    issuer = keys.issuer_of(centre, base_url)
    list_, index = status.take_place(session, centre.slug, issuer.did, at.year)
    code = codes.new_code()
    while find_certificate(session, code) is not None:
        code = codes.new_code()
    until = months_later(at, facts.valid_months) if facts.valid_months else None
    if instead_of is not None:
        until = instead_of.valid_until  # a correction proves nothing newer
    document = build(
        facts, holder, issuer, StatusEntry(status.list_url(base_url, centre.slug, at.year), index),
        address=verify_url(base_url, code), subject=uuid4(), awarded=award.awarded, issued=at,
        valid_until=until,
    )  # fmt: skip
    seed = keys.open_seed(key, keyring)
    signed = proofs.with_proofs(document, seed=seed, method=key.method, at=at)
    made = Certificate(
        code=code, award=award, person_id=award.person_id, centre_id=centre.id, issuer=centre.slug,
        issuer_did=issuer.did, issuer_name=centre.name, kind=facts.kind, course_uuid=facts.course_uuid,
        course_slug=facts.slug, course_version=facts.version, titles=dict(facts.titles), level=facts.level,
        issued=at, valid_from=at, valid_until=until, demo=issuer.demo, status_list_id=list_.id,
        status_index=index, standing="good", standing_since=at, digest=proofs.digest(document),
        signed_with=key.kid, payload=json.dumps(signed, ensure_ascii=False, indent=2),
    )  # fmt: skip
    made.token = tokens.sign_token(made, signed, key, seed)
    session.add(made)
    session.flush()
    log.sign_entry(log.append(session, made, "issue", at, is_signed=True), issuer.did, key, seed, at)
    return made


def raise_result(
    session: Session, registration: UUID, *, blueprint_id: str, score: float, passed_at: datetime | None
) -> None:
    """Let an award say a better result of its test, as long as no certificate was made of it."""
    found = session.scalar(select(Award).where(Award.registration == registration).with_for_update())
    if found is None or found.certificates:
        return
    facts = AwardFacts.model_validate(found.facts)
    before = facts.assessed
    if before.blueprint_id == blueprint_id and before.score is not None and score > before.score:
        better = before.model_copy(update={"score": score, "passed_at": passed_at})
        found.facts = facts.model_copy(update={"assessed": better}).model_dump(mode="json")


def verify_url(base_url: str, code: str) -> str:
    """Return the address that is printed and shown as a QR code."""
    return f"{base_url}/verify/{codes.show(code)}"


def replace(
    session: Session, certificate: Certificate, *, keyring: Sealer, base_url: str, at: datetime,
    reason: str = "name-changed",
) -> Certificate:  # fmt: skip
    """Issue a certificate anew, with the name as it stands now; the old one says by which it was replaced.

    The new one ends when the old one would have, and is suspended when the old one was. Raises Conflict when the
    old one is no longer good or its holder was erased.
    """
    _check_reason(reason)
    # two people who press at once must not make two new ones
    session.execute(select(Certificate.id).where(Certificate.id == certificate.id).with_for_update())
    session.refresh(certificate, ["standing", "reason"])
    if certificate.standing not in ("good", "suspended") or certificate.award is None:
        raise Conflict(_("Only a valid certificate can be replaced."))
    made = _sign(
        session, certificate.award, keyring=keyring, base_url=base_url, at=at, instead_of=certificate
    )
    was = (certificate.standing, certificate.reason)
    certificate.replaced_by = made.code
    _set_standing(session, certificate, "replaced", reason, at)
    if was[0] == "suspended":
        _set_standing(session, made, "suspended", was[1], at)
    session.flush()
    return made


def signed_with(session: Session, key: IssuerKey) -> Sequence[Certificate]:
    """Return what still counts and was signed with a key after it was compromised, oldest first.

    Raises Conflict for a key that is not compromised: what it signed is good.
    """
    if key.compromised_from is None:
        raise Conflict(_("This key is not compromised. What it signed still counts."))
    query = select(Certificate).where(
        Certificate.issuer_did == key.did, Certificate.standing.in_(("good", "suspended")),
        (Certificate.signed_with == key.kid)
        | (
            Certificate.signed_with.is_(None)
            & (Certificate.issued >= key.valid_from) & (Certificate.issued < key.valid_until)
        ),
        Certificate.issued >= key.compromised_from,
    )  # fmt: skip
    return session.scalars(query.order_by(Certificate.id)).all()


def keep_tokens(session: Session, key: IssuerKey, keyring: Sealer) -> int:
    """Sign the QR codes of certificates that have none yet, before their key is destroyed; return how many."""
    query = select(Certificate).where(
        Certificate.issuer_did == key.did, Certificate.signed_with == key.kid,
        Certificate.token.is_(None), Certificate.payload.is_not(None),
    )  # fmt: skip
    made = 0
    for certificate in session.scalars(query).all():
        certificate.token = tokens.make_token(session, certificate, keyring=keyring)
        made += 1
    session.flush()
    return made


def revoke(session: Session, certificate: Certificate, reason: str, at: datetime) -> Certificate:
    """Take a certificate back for good.

    ``reason`` is one of ``models.REASONS``; again, no change. Raises Invalid.
    """
    _check_reason(reason)
    if certificate.standing in ("revoked", "replaced"):
        return certificate
    _set_standing(session, certificate, "revoked", reason, at)
    session.flush()
    return certificate


def suspend(session: Session, certificate: Certificate, reason: str, at: datetime) -> Certificate:
    """Stop a certificate from counting for a while. Raises Invalid, Conflict."""
    _check_reason(reason)
    if certificate.standing not in ("good", "suspended"):
        raise Conflict(_("Only a valid certificate can be suspended."))
    _set_standing(session, certificate, "suspended", reason, at)
    session.flush()
    return certificate


def reinstate(session: Session, certificate: Certificate, at: datetime) -> Certificate:
    """End a suspension. Raises Conflict when there is none."""
    if certificate.standing != "suspended":
        raise Conflict(_("This certificate is not suspended."))
    _set_standing(session, certificate, "good", None, at)
    session.flush()
    return certificate


def _check_reason(reason: str) -> None:
    if reason not in REASONS:
        raise Invalid(_("Choose one of these reasons: %(reasons)s.", reasons=", ".join(REASONS)), "reason")


_ACTS = {"revoked": "revoke", "replaced": "replace", "suspended": "suspend", "good": "reinstate"}


def _set_standing(
    session: Session, certificate: Certificate, standing: str, reason: str | None, at: datetime
) -> None:
    is_new = certificate.standing != standing
    certificate.standing, certificate.reason, certificate.standing_since = standing, reason, at
    if standing in status.SET:
        # the published list no longer tells the truth: it is signed anew at the next reading
        status.forget_signed(session, certificate.status_list_id)
    session.flush()
    if is_new:
        log.append(session, certificate, _ACTS[standing], at)


def find_certificate(session: Session, code: str) -> Certificate | None:
    """Return the certificate of a code (typed in any way), or None.

    Raises codes.CodeError for what is no code.
    """
    return session.scalar(select(Certificate).where(Certificate.code == codes.parse_code(code)))


def get_certificate(session: Session, code: str) -> Certificate:
    found = find_certificate(session, code)
    if found is None:
        raise NotFound(_("There is no certificate with this code."))
    return found


def find_award(session: Session, uuid: Any) -> Award | None:
    return session.scalar(select(Award).where(Award.uuid == uuid))


def get_award_for(session: Session, person: Person, uuid: Any) -> Award:
    """Return an award of this person. Raises NotFound, also for somebody else's."""
    found = find_award(session, uuid)
    if found is None or found.person_id != person.id:
        raise NotFound(_("There is no such award."))
    return found


def list_awards_of(session: Session, person: Person) -> Sequence[Award]:
    return session.scalars(select(Award).where(Award.person_id == person.id).order_by(Award.awarded)).all()


def list_certificates_of(session: Session, person: Person) -> Sequence[Certificate]:
    return session.scalars(
        select(Certificate).where(Certificate.person_id == person.id).order_by(Certificate.issued)
    ).all()


def read_payload(certificate: Certificate) -> dict[str, Any] | None:
    """Return the signed credential, or None after an erasure."""
    if certificate.payload is None:
        return None
    found: dict[str, Any] = json.loads(certificate.payload)
    return found
