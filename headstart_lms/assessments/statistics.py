"""How questions were answered: at the first try, by many; with the range that a number of answers allows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Subquery, func, select
from sqlalchemy.orm import Session

from ..cohorts.models import Enrolment
from .models import Answer, Attempt, Sitting

#: Fewer answers say nothing about a question (DOMAIN 4.3).
ENOUGH = 30


@dataclass(frozen=True)
class FirstTries:
    """How many learners answered a question, and their mean score at the first try, 0 to 1."""

    answers: int
    share: float

    @property
    def is_enough(self) -> bool:
        return self.answers >= ENOUGH

    @property
    def range(self) -> tuple[float, float]:
        return wilson(self.share, self.answers)


def first_tries_in_units(session: Session, where: ColumnElement[bool]) -> Mapping[str, FirstTries]:
    """Return {item id: first answers of each enrolment that ``where`` (on Enrolment) chooses} in units."""
    first = (
        select(Answer.item_id, Answer.score,
               func.row_number().over(partition_by=(Attempt.enrolment_id, Answer.item_id),
                                      order_by=(Answer.created, Answer.id)).label("turn"))
        .join(Attempt, Attempt.id == Answer.attempt_id)
        .join(Enrolment, Enrolment.id == Attempt.enrolment_id)
        .where(where, Answer.score.is_not(None))
        .subquery()
    )  # fmt: skip
    return _means(session, first)


def first_tries_in_tests(session: Session, where: ColumnElement[bool]) -> Mapping[str, FirstTries]:
    """Return {item id: what each enrolment answered in the first sitting that had the question}.

    Only sittings that are over count, and of each the answer that counted: the last one.
    """
    first = (
        select(Answer.item_id, Answer.score,
               func.row_number().over(partition_by=(Sitting.enrolment_id, Answer.item_id),
                                      order_by=(Sitting.started, Answer.created.desc(), Answer.id)).label("turn"))
        .join(Sitting, Sitting.id == Answer.sitting_id)
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .where(where, Sitting.finished.is_not(None), Answer.score.is_not(None))
        .subquery()
    )  # fmt: skip
    return _means(session, first)


def _means(session: Session, first: Subquery) -> Mapping[str, FirstTries]:
    """Return how many there are of each item, and their mean; ``turn`` is 1 in the rows that count."""
    query = (
        select(first.c.item_id, func.count(), func.avg(first.c.score))
        .where(first.c.turn == 1)
        .group_by(first.c.item_id)
    )
    return {item: FirstTries(count, float(mean)) for item, count, mean in session.execute(query)}


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a share (E. B. Wilson 1927), bounds in 0 to 1."""
    if n == 0:
        return 0.0, 1.0
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)
