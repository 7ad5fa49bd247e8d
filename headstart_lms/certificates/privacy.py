"""What certificates keep about a person: handed over, erased."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..kernel.clock import now
from . import batches, codes
from .models import Award, Certificate
from .services import read_payload

#: Tables of this module with data about people; a test compares them with what erase() and export() touch.
TABLES = ("lms_award", "lms_certificate")


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
    }  # fmt: skip


def erase(session: Session, person: Person) -> int:
    """Delete names, payloads and awards of a person; return how many certificates were stripped.

    What stays says nothing about her: code, digest, issuer, kind, course, level, dates, place in the status
    list, standing. So the paper still verifies, by its own signature (DESIGN 3.5). Offer her the files
    before.
    """
    batches.withdraw_for(session, person)
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
