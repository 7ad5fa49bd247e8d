"""What a teacher and a manager look at: groups, who is stuck, which questions are hard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..assessments.models import Answer, Attempt, Sitting
from ..certificates.models import Award, Certificate
from ..cohorts.models import Cohort, Enrolment
from ..courses.library import Book
from ..kernel.clock import now
from ..progress.models import ProgressRow

#: A learner who answered nothing for this long is shown as silent.
SILENT = timedelta(days=7)
#: Fewer answers say nothing about a question (DOMAIN 4.3).
ENOUGH = 30


@dataclass(frozen=True)
class Row:
    """One learner of a group, as the table shows her: by number, never by name."""

    number: int
    person: UUID
    registration: UUID
    name: str | None
    is_name_checked: bool
    units_done: int
    units_total: int
    last_unit: str | None
    last_answer: datetime | None
    best_test: float | None
    is_passed: bool
    state: str
    award: UUID | None
    certificate: str | None
    is_suspended: bool


def cohort_rows(session: Session, cohort: Cohort, *, with_names: bool) -> list[Row]:
    """Return the learners of a group in the order they came; columns only, no JSON.

    Names are for those who check documents (``with_names``); a teacher sees numbers.
    """
    last = (
        select(Attempt.enrolment_id, func.max(Answer.created).label("at"))
        .join(Answer, Answer.attempt_id == Attempt.id)
        .group_by(Attempt.enrolment_id)
        .subquery()
    )
    best = (
        select(Sitting.enrolment_id, func.max(Sitting.score).label("score"))
        .where(Sitting.finished.is_not(None))
        .group_by(Sitting.enrolment_id)
        .subquery()
    )
    passed = set(
        session.scalars(
            select(Sitting.enrolment_id)
            .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
            .where(Enrolment.cohort_id == cohort.id, Sitting.passed.is_(True))
        )
    )
    query = (
        select(Enrolment, Person, ProgressRow.units_done, ProgressRow.units_total, last.c.at, best.c.score)
        .join(Person, Person.id == Enrolment.person_id)
        .join(ProgressRow, ProgressRow.enrolment_id == Enrolment.id, isouter=True)
        .join(last, last.c.enrolment_id == Enrolment.id, isouter=True)
        .join(best, best.c.enrolment_id == Enrolment.id, isouter=True)
        .where(Enrolment.cohort_id == cohort.id)
        .order_by(Enrolment.id)
    )
    rows = []
    found = session.execute(query).all()
    registrations = [row[0].registration for row in found]
    awards = {
        a.registration: a for a in session.scalars(select(Award).where(Award.registration.in_(registrations)))
    }
    for number, (enrolment, person, done, total, at, score) in enumerate(found, 1):
        award = awards.get(enrolment.registration)
        certificate: Certificate | None = award.certificate if award else None
        identity = person.identity
        rows.append(
            Row(
                number=number, person=person.uuid, registration=enrolment.registration,
                name=identity.passport_name if with_names and identity else None,
                is_name_checked=bool(identity and identity.checked), units_done=done or 0, units_total=total or 0,
                last_unit=enrolment.last_unit, last_answer=at, best_test=score, is_passed=enrolment.id in passed,
                state=_state(person, done or 0, at, award is not None), award=award.uuid if award else None,
                certificate=certificate.code if certificate else None, is_suspended=person.is_suspended,
            )
        )  # fmt: skip
    return rows


def _state(person: Person, done: int, last: datetime | None, has_award: bool) -> str:
    if person.is_suspended:
        return "suspended"
    if has_award:
        return "finished"
    if last is None:
        return "not-begun"
    return "silent" if last < now() - SILENT else "learning"


@dataclass(frozen=True)
class Difficulty:
    """How often a question was right at the first try. ``share`` 0 to 1, with its Wilson interval at 95 %."""

    item_id: str
    unit_id: str
    answers: int
    share: float | None
    low: float
    high: float

    @property
    def is_enough(self) -> bool:
        return self.answers >= ENOUGH


def item_difficulty(session: Session, cohort: Cohort, book: Book) -> list[Difficulty]:
    """Return every question that was answered in the group, hardest first; the first answer of each learner counts."""
    first = (
        select(Attempt.enrolment_id, Answer.item_id, Answer.score,
               func.row_number().over(partition_by=(Attempt.enrolment_id, Answer.item_id),
                                      order_by=(Answer.created, Answer.id)).label("turn"))
        .join(Attempt, Attempt.id == Answer.attempt_id)
        .join(Enrolment, Enrolment.id == Attempt.enrolment_id)
        .where(Enrolment.cohort_id == cohort.id, Answer.score.is_not(None))
        .subquery()
    )  # fmt: skip
    query = (
        select(first.c.item_id, func.count(), func.avg(first.c.score))
        .where(first.c.turn == 1)
        .group_by(first.c.item_id)
    )
    found = []
    for item_id, count, mean in session.execute(query):
        low, high = wilson(float(mean), count)
        found.append(Difficulty(item_id, book.unit_of_item.get(item_id, ""), count, float(mean), low, high))
    return sorted(found, key=lambda d: (d.share if d.share is not None else 1, d.item_id))


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a share (E. B. Wilson 1927), bounds in 0 to 1."""
    if n == 0:
        return 0.0, 1.0
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)
