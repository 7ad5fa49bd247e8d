"""Words that come again: which one is next, and what a learner said of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..assessments import spacing
from ..assessments.models import Review
from ..assessments.spacing import Look, Plan
from ..cohorts import services as cohorts
from ..cohorts.models import Enrolment
from ..courses.library import Book, get_course
from ..courses.parts import VocabularyBlock
from ..kernel.clock import now
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from ..progress import services as progress
from ..xapi import build
from .services import House


def plan_of(session: Session, enrolment: Enrolment, book: Book, at: datetime) -> Plan:
    """Return what a learner reviews next: words of the units she has begun."""
    rows = session.execute(
        select(Review.id, Review.entry_id, Review.rating, Review.at).where(
            Review.enrolment_id == enrolment.id
        )
    )
    looks = [Look(row.id, row.entry_id, row.rating, row.at) for row in rows]
    return spacing.plan(_met(session, enrolment, book), looks, at)


def _met(session: Session, enrolment: Enrolment, book: Book) -> list[str]:
    """Return the entries of the units that were begun, each once, in the order of the course."""
    standing = progress.get_standing(session, enrolment.id, book.course)
    begun = [book.units[name] for name in standing.order if standing.units[name].answered]
    blocks = [block for unit in begun for block in unit.blocks if isinstance(block, VocabularyBlock)]
    return list(dict.fromkeys(name for block in blocks for name in block.entries))


def submit_review(
    session: Session, house: House, person: Person, *, slug: str, entry_id: str, review_id: UUID, said: str
) -> None:
    """Record how well a word was known, and tell it. The same review again changes nothing.

    Raises NotFound (no such word), Invalid (``said`` is none of spacing.RATINGS), Conflict (the id was used for
    another review).
    """
    at = now()
    enrolment = cohorts.get_enrolment_for(session, person, get_course(session, slug), lock=True)
    book = house.book_of(session, enrolment)
    if entry_id not in book.entries:
        raise NotFound(_("There is no such word in this course."))
    if said not in spacing.RATINGS:
        raise Invalid(_("Choose one of the four answers."), "rating")
    rating = spacing.RATINGS[said]
    known = session.get(Review, review_id)
    if known is not None:
        if (known.enrolment_id, known.entry_id, known.rating) != (enrolment.id, entry_id, rating):
            raise Conflict(_("This was sent before with another answer. The first one counts."))
        return
    session.add(Review(id=review_id, enrolment_id=enrolment.id, entry_id=entry_id, rating=rating, at=at))
    session.flush()
    context = house.context(enrolment, person, book)
    told = build.reviewed(context, review_id, entry_id=entry_id, said=said, knew=rating > 1, at=at)
    house.tell(session, enrolment, book, [told])
