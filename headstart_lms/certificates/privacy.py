"""What certificates keep about a person: handed over, erased."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..kernel.clock import now
from . import batches, checks, codes
from .check_models import Check, CheckBatch, CheckItem
from .models import Award, Certificate
from .services import read_payload

#: Tables of this module with data about people; a test compares them with what erase() and export() touch.
TABLES = ("lms_award", "lms_certificate", "lms_check", "lms_check_batch", "lms_check_item")


def export(session: Session, person: Person) -> dict[str, Any]:
    """Return awards and certificates of a person; the signed credentials as they were made."""
    awards = session.scalars(select(Award).where(Award.person_id == person.id).order_by(Award.id))
    certificates = session.scalars(
        select(Certificate).where(Certificate.person_id == person.id).order_by(Certificate.id)
    )
    return {
        "awards": [
            {"id": str(award.uuid), "awarded": award.awarded.isoformat(), "facts": award.facts}
            for award in awards
        ],
        "certificates": [
            {
                "code": codes.show(made.code), "issued": made.issued.isoformat(), "standing": made.standing,
                "issuer": made.issuer_name, "credential": read_payload(made),
            }
            for made in certificates
        ],
        "checks_of_my_certificates": [
            {
                "at": line.check.at.isoformat(), "office": line.check.office, "given": line.check.form,
                "shown": line.check.shown, "state": line.check.state, "name_matched": line.matches,
                "certificate": codes.show(line.check.certificate.code) if line.check.certificate else None,
            }
            for line in checks.list_of_holder(session, person, None)
        ],
        "checks_i_made": [
            {"at": check.at.isoformat(), "office": check.office, "given": check.form, "state": check.state}
            for check in session.scalars(
                select(Check).where(Check.officer_id == person.id, Check.follows.is_(None)).order_by(Check.number)
            )
        ],
    }  # fmt: skip


def erase(session: Session, person: Person) -> int:
    """Delete names, payloads and awards of a person; return how many certificates were stripped.

    What stays says nothing about her: code, digest, issuer, kind, course, level, dates, place in the status
    list, standing. So the paper still verifies, by its own signature (DESIGN 3.5). The trail of checks keeps
    its rows and loses every link to her. Offer her the files before.
    """
    batches.withdraw_for(session, person)
    checks.forget_holder(session, person)
    uploads = select(CheckBatch.id).where(CheckBatch.officer_id == person.id)
    session.execute(delete(CheckItem).where(CheckItem.batch_id.in_(uploads)))
    session.execute(delete(CheckBatch).where(CheckBatch.officer_id == person.id))
    stripped = 0
    for made in session.scalars(select(Certificate).where(Certificate.person_id == person.id)):
        made.payload = None
        made.token = None
        made.person_id = None
        made.award_id = None
        made.erased = now()
        stripped += 1
    session.flush()
    for award in session.scalars(select(Award).where(Award.person_id == person.id)):
        session.delete(award)
    session.flush()
    return stripped
