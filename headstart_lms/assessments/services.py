"""Attempts, sittings and answers: opened, recorded once, closed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..cohorts.models import Enrolment
from ..courses.document import Blueprint
from ..courses.library import Book
from ..kernel.clock import now
from ..kernel.errors import Conflict, NotFound
from ..kernel.i18n import _
from . import rules
from .models import Answer, Attempt, Sitting

#: An answer sent in the last second of a slow line still counts.
GRACE = timedelta(seconds=10)
#: A new attempt at a unit begins when the last one is older than this.
ATTEMPT_LENGTH = timedelta(hours=12)


def open_attempt(session: Session, enrolment: Enrolment, book: Book, unit_id: str) -> Attempt:
    """Return the attempt that answers to a unit's items belong to; it pins the version they were given on."""
    attempt = session.scalars(
        select(Attempt)
        .where(Attempt.enrolment_id == enrolment.id, Attempt.unit_id == unit_id)
        .order_by(Attempt.started.desc())
        .limit(1)
    ).first()
    version = (book.course.edition, book.course.correction)
    if (
        attempt is None
        or (attempt.edition, attempt.correction) != version
        or attempt.started < now() - ATTEMPT_LENGTH
    ):
        attempt = Attempt(
            enrolment_id=enrolment.id, unit_id=unit_id, edition=version[0], correction=version[1]
        )
        session.add(attempt)
        session.flush()
    return attempt


def find_answer(session: Session, answer_id: UUID) -> Answer | None:
    return session.get(Answer, answer_id)


def find_attempt_of(session: Session, enrolment: Enrolment, answer_id: UUID) -> Attempt | None:
    """Return the attempt of this enrolment that an answer belongs to: one sent again opens no new attempt."""
    return session.scalar(
        select(Attempt)
        .join(Answer, Answer.attempt_id == Attempt.id)
        .where(Answer.id == answer_id, Attempt.enrolment_id == enrolment.id)
    )


@dataclass(frozen=True)
class Recorded:
    answer: Answer
    is_replay: bool


def record_answer(
    session: Session,
    *,
    answer_id: UUID,
    item_id: str,
    response: Mapping[str, Any],
    score: float | None,
    attempt: Attempt | None = None,
    sitting: Sitting | None = None,
    at: datetime,
) -> Recorded:
    """Add an answer; the same id with the same content again is the same answer, with other content a Conflict."""
    mine = {"attempt": attempt.enrolment_id if attempt else None, "sitting": sitting.id if sitting else None}
    known = session.get(Answer, answer_id)
    if known is None:
        answer = Answer(
            id=answer_id, attempt_id=attempt.id if attempt else None, sitting_id=sitting.id if sitting else None,
            item_id=item_id, response=dict(response), score=score, created=at,
        )  # fmt: skip
        try:
            with session.begin_nested():
                session.add(answer)
            return Recorded(answer, is_replay=False)
        except IntegrityError:
            known = session.get(Answer, answer_id)
            if known is None:
                raise
    theirs = {
        "attempt": session.get_one(Attempt, known.attempt_id).enrolment_id if known.attempt_id else None,
        "sitting": known.sitting_id,
    }
    if mine != theirs or known.item_id != item_id or known.response != dict(response):
        raise Conflict(
            _("You sent another answer before. Load the page again, then answer once more."), "answer-id-used"
        )
    return Recorded(known, is_replay=True)


# --- tests -----------------------------------------------------------------------------------------


def find_open_sitting(session: Session, enrolment: Enrolment, blueprint_id: str) -> Sitting | None:
    return session.scalar(
        select(Sitting).where(
            Sitting.enrolment_id == enrolment.id,
            Sitting.blueprint_id == blueprint_id,
            Sitting.finished.is_(None),
        )
    )


def list_sittings(
    session: Session, enrolment: Enrolment, blueprint_id: str | None = None
) -> Sequence[Sitting]:
    """Return the sittings of an enrolment in their order, of one test or (None) of all."""
    query = select(Sitting).where(Sitting.enrolment_id == enrolment.id)
    if blueprint_id is not None:
        query = query.where(Sitting.blueprint_id == blueprint_id)
    return session.scalars(query.order_by(Sitting.number)).all()


def sittings_left(session: Session, enrolment: Enrolment, blueprint: Blueprint) -> int:
    taken = session.scalar(
        select(func.count()).where(Sitting.enrolment_id == enrolment.id, Sitting.blueprint_id == blueprint.id)
    )
    return max(0, blueprint.attempts - (taken or 0))


def start_sitting(
    session: Session, enrolment: Enrolment, book: Book, blueprint: Blueprint, *, at: datetime
) -> tuple[Sitting, bool]:
    """Return the open sitting, or draw a new one; the flag tells whether it is new.

    Raises Conflict when all attempts are used. Two taps at once make one sitting: the unique index decides.
    """
    found = find_open_sitting(session, enrolment, blueprint.id)
    if found is not None:
        return found, False
    before = list_sittings(session, enrolment, blueprint.id)
    if len(before) >= blueprint.attempts:
        raise Conflict(
            _("You have used all your tries for this test. Ask your centre what you can do."), "no-tries-left"
        )
    seen = frozenset(item for sitting in before for items in sitting.drawn.values() for item in items)
    seed = secrets.token_hex(16)
    sitting = Sitting(
        enrolment_id=enrolment.id, blueprint_id=blueprint.id, edition=book.course.edition,
        correction=book.course.correction, number=len(before) + 1, seed=seed,
        drawn=rules.draw(blueprint, book.course.bank, seed, seen, book.course.paused(at.date())), plays={}, started=at,
        deadline=at + timedelta(minutes=blueprint.minutes),
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(sitting)
    except IntegrityError:
        found = find_open_sitting(session, enrolment, blueprint.id)
        if found is None:
            raise Conflict(
                _("You have used all your tries for this test. Ask your centre what you can do.")
            ) from None
        return found, False
    return sitting, True


def get_sitting_for(session: Session, person_id: int, sitting_id: UUID, *, lock: bool = False) -> Sitting:
    """Return a sitting of this person; anybody else's is not there. ``lock``: as in cohorts.get_enrolment_for."""
    query = (
        select(Sitting)
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .where(Sitting.id == sitting_id, Enrolment.person_id == person_id)
    )
    if lock:
        enrolment = (
            select(Enrolment)
            .join(Sitting, Enrolment.id == Sitting.enrolment_id)
            .where(Sitting.id == sitting_id, Enrolment.person_id == person_id)
            .with_for_update(of=Enrolment)
        )
        session.scalar(enrolment.execution_options(populate_existing=True))
        # what another answer changed while this one waited
        query = query.execution_options(populate_existing=True)
    sitting = session.scalar(query)
    if sitting is None:
        raise NotFound(_("There is no such test."))
    return sitting


def drawn_items(sitting: Sitting) -> list[str]:
    return [item for items in sitting.drawn.values() for item in items]


def latest_answers(session: Session, sitting: Sitting) -> dict[str, Answer]:
    """Return the answer that counts for each item: the last one given."""
    answers = session.scalars(
        select(Answer).where(Answer.sitting_id == sitting.id).order_by(Answer.created, Answer.id)
    )
    return {answer.item_id: answer for answer in answers}


def is_over(sitting: Sitting, at: datetime) -> bool:
    return sitting.finished is not None or at > sitting.deadline + GRACE


def close_sitting(session: Session, sitting: Sitting, blueprint: Blueprint, *, at: datetime) -> rules.Result:
    """Finish a sitting: what was not answered counts 0; the blueprint's rule decides."""
    answers = latest_answers(session, sitting)
    scores = {
        section: [(answers[item].score or 0.0) if item in answers else 0.0 for item in items]
        for section, items in sitting.drawn.items()
    }
    result = rules.result(blueprint, scores)
    sitting.finished = min(at, sitting.deadline + GRACE)
    sitting.score, sitting.passed, sitting.sections = result.score, result.passed, dict(result.sections)
    session.flush()
    return result


def overdue_sittings(session: Session, at: datetime) -> Sequence[Sitting]:
    return session.scalars(
        select(Sitting).where(Sitting.finished.is_(None), Sitting.deadline < at - GRACE).limit(200)
    ).all()
