"""What a teacher and a manager look at: groups, who is stuck, which questions are hard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from ..accounts.models import Identity, Person
from ..assessments.models import Answer, Attempt, Sitting
from ..assessments.statistics import ENOUGH, first_tries_in_units
from ..certificates.models import Award, Certificate
from ..cohorts.models import Cohort, Enrolment
from ..courses.library import Book
from ..kernel.clock import now
from ..progress.models import ProgressRow

#: A learner who answered nothing for this long is shown as silent.
SILENT = timedelta(days=7)


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
    in_group = Enrolment.cohort_id == cohort.id
    last = (
        select(Attempt.enrolment_id, func.max(Answer.created).label("at"))
        .join(Answer, Answer.attempt_id == Attempt.id)
        .join(Enrolment, Enrolment.id == Attempt.enrolment_id)
        .where(in_group)
        .group_by(Attempt.enrolment_id)
        .subquery()
    )
    best = (
        select(Sitting.enrolment_id, func.max(Sitting.score).label("score"),
               func.max(case((Sitting.passed.is_(True), 1), else_=0)).label("passed"))
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .where(in_group, Sitting.finished.is_not(None) | Sitting.passed.is_(True))
        .group_by(Sitting.enrolment_id)
        .subquery()
    )  # fmt: skip
    query = (
        select(
            Enrolment.registration, Enrolment.last_unit, Person.uuid, Person.suspended, Identity.passport_name,
            Identity.checked, ProgressRow.units_done, ProgressRow.units_total, last.c.at, best.c.score, best.c.passed,
            Award.id.label("award_id"), Award.uuid.label("award"),
        )
        .join(Person, Person.id == Enrolment.person_id)
        .join(Identity, Identity.person_id == Person.id, isouter=True)
        .join(ProgressRow, ProgressRow.enrolment_id == Enrolment.id, isouter=True)
        .join(last, last.c.enrolment_id == Enrolment.id, isouter=True)
        .join(best, best.c.enrolment_id == Enrolment.id, isouter=True)
        .join(Award, Award.registration == Enrolment.registration, isouter=True)
        .where(in_group)
        .order_by(Enrolment.id)
    )  # fmt: skip
    newest = (  # of each award, whatever its standing: the last one wins
        select(Certificate.award_id, Certificate.code)
        .join(Award, Award.id == Certificate.award_id)
        .join(Enrolment, Enrolment.registration == Award.registration)
        .where(in_group)
        .order_by(Certificate.id)
    )
    codes: dict[int | None, str] = {award_id: code for award_id, code in session.execute(newest)}  # noqa: C416
    return [
        Row(
            number=number, person=row.uuid, registration=row.registration,
            name=row.passport_name if with_names else None, is_name_checked=row.checked is not None,
            units_done=row.units_done or 0, units_total=row.units_total or 0, last_unit=row.last_unit,
            last_answer=row.at, best_test=row.score, is_passed=bool(row.passed),
            state=_state(row.suspended is not None, row.at, row.award is not None), award=row.award,
            certificate=codes.get(row.award_id) if row.award_id else None, is_suspended=row.suspended is not None,
        )
        for number, row in enumerate(session.execute(query), 1)
    ]  # fmt: skip


def _state(is_suspended: bool, last: datetime | None, has_award: bool) -> str:
    if is_suspended:
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


def item_difficulty(session: Session, cohort_id: int, book: Book) -> list[Difficulty]:
    """Return every question that was answered in the group, hardest first; the first answer of each learner counts."""
    found = []
    for item_id, tries in first_tries_in_units(session, Enrolment.cohort_id == cohort_id).items():
        low, high = tries.range
        found.append(
            Difficulty(item_id, book.unit_of_item.get(item_id, ""), tries.answers, tries.share, low, high)
        )
    return sorted(found, key=lambda d: (d.share if d.share is not None else 1, d.item_id))
