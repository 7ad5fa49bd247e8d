"""One answer, from the form to the award: the only place where the modules meet (DESIGN 4)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..assessments import services as assessments
from ..assessments.items.base import Grade, ItemType, Tokens
from ..assessments.items.lexicon import Lexicon
from ..assessments.models import Answer, Sitting
from ..certificates import services as certificates
from ..certificates.rules import facts_of
from ..cohorts import services as cohorts
from ..cohorts.models import Enrolment
from ..courses.library import Book, Library, digest_of, get_course
from ..kernel.clock import now
from ..kernel.errors import Conflict, NotAllowed, NotFound
from ..kernel.i18n import _
from ..kernel.jobs import enqueue
from ..kernel.settings import Installation
from ..lrs import services as lrs
from ..progress import services as progress
from ..progress.rules import Standing
from ..xapi import build

#: How many orders of its options a question of a unit is shown in, over all learners.
VARIANTS = 8


@dataclass(frozen=True)
class House:
    """What the services need of the application: who we are, the courses in memory, the key for form tokens."""

    installation: Installation
    library: Library
    token_key: bytes

    @classmethod
    def of(cls, state: Any) -> House:
        """Return that of an application; ``state`` is its ``app.extensions["headstart"]``."""
        return cls(state.installation, state.library, state.keyring.key("form-tokens"))

    def book_of(self, session: Session, enrolment: Enrolment, language: str | None = None) -> Book:
        """Return the newest correction of the edition this enrolment is on, in a language or its own."""
        digest = digest_of(session, enrolment.course_id, enrolment.edition)
        return self.library.book(session, digest, language or enrolment.language)

    def book_of_sitting(self, session: Session, sitting: Sitting, language: str | None = None) -> Book:
        """Return exactly the version the sitting was drawn from."""
        enrolment = sitting.enrolment
        digest = digest_of(session, enrolment.course_id, sitting.edition, sitting.correction)
        return self.library.book(session, digest, language or enrolment.language)

    def tokens(self, seed: UUID) -> Tokens:
        """Return the names and order of options that belong to one sitting."""
        return Tokens(self.token_key, str(seed))

    def tokens_of(self, registration: UUID) -> Tokens:
        """Return those of an enrolment's units: one of VARIANTS sets, so that pages can be shared and kept."""
        variant = hmac.digest(self.token_key, registration.bytes, "sha256")[0] % VARIANTS
        return Tokens(self.token_key, f"variant {variant}")

    def context(self, enrolment: Enrolment, person: Person, book: Book) -> build.Context:
        return build.Context(
            iri_base=self.installation.iri_base, actor=person.actor, registration=enrolment.registration,
            course_uuid=book.course.uuid, version=book.version, language=enrolment.language,
        )  # fmt: skip

    def tell(
        self, session: Session, enrolment: Enrolment, book: Book, statements: Sequence[dict[str, Any]]
    ) -> Standing:
        """Store statements of ours in the open transaction; return where the learner stands with them."""
        authority = build.authority(self.installation.iri_base)
        lrs.store(session, statements, authority=authority, tenant=self.installation.uuid, trusted=True)
        return progress.refresh(session, enrolment, book.course, statements, self.installation.iri_base)


@dataclass(frozen=True)
class Outcome:
    """What an answer led to."""

    answer: Answer | None
    book: Book
    item: ItemType
    #: None in a test, where nothing is said before the end, and for a branching item that goes on.
    grade: Grade | None = None
    is_replay: bool = False
    #: A branching item that is not at its end: the response so far.
    so_far: dict[str, Any] | None = None
    #: A test that this answer finished.
    finished: Sitting | None = None
    completed_units: tuple[str, ...] = ()
    award_uuid: UUID | None = None


_lexicons: dict[str, Lexicon] = {}


def lexicon_of(book: Book) -> Lexicon:
    """Return the words of a course; made once per published version."""
    found = _lexicons.get(book.digest)
    if found is None:
        if len(_lexicons) > 64:
            _lexicons.clear()
        found = _lexicons[book.digest] = Lexicon.from_course(book.course)
    return found


def enrol(
    session: Session, house: House, person: Person, slug: str, *, language: str, cohort: Any = None
) -> Enrolment:
    """Start a course: enrol, and tell so in a statement."""
    course = get_course(session, slug)
    enrolment, is_new = cohorts.enrol(session, person, course, language=language, cohort=cohort)
    if is_new:
        book = house.book_of(session, enrolment)
        house.tell(
            session, enrolment, book, [build.registered(house.context(enrolment, person, book), at=now())]
        )
    return enrolment


def submit_answer(
    session: Session,
    house: House,
    person: Person,
    *,
    slug: str,
    item_id: str,
    answer_id: UUID,
    values: Mapping[str, Sequence[str]],
) -> Outcome:
    """Take an answer to an item of a unit: grade it, record it, tell it, see what it completes.

    Raises NotFound (no such item, not enrolled), Invalid (the form), Conflict (the id was used for something else).
    """
    at = now()
    enrolment = cohorts.get_enrolment_for(session, person, get_course(session, slug), lock=True)
    book = house.book_of(session, enrolment)
    item = _item(book.items.get(item_id))
    unit_id = book.unit_of_item[item_id]
    response = item.read(values, house.tokens_of(enrolment.registration))
    if response.get("complete") is False:
        return Outcome(None, book, item, so_far=response)
    grade = item.grade(response, lexicon_of(book))
    attempt = assessments.find_attempt_of(session, enrolment, answer_id)
    if attempt is None:
        attempt = assessments.open_attempt(session, enrolment, book, unit_id)
    recorded = assessments.record_answer(
        session,
        answer_id=answer_id,
        item_id=item_id,
        response=response,
        score=grade.score,
        attempt=attempt,
        at=at,
    )
    if recorded.is_replay:
        return Outcome(recorded.answer, book, item, grade, is_replay=True)
    enrolment.last_unit = unit_id
    context = house.context(enrolment, person, book)
    told = build.answered(
        context, answer_id, item_id=item_id, unit_id=unit_id, interaction=item.interaction,
        response=item.xapi_response(response), score=grade.score,
        success=None if grade.score is None else grade.is_right, at=at,
    )  # fmt: skip
    before = progress.get_standing(session, enrolment.id, book.course)
    standing = house.tell(session, enrolment, book, [told])
    completed = tuple(
        name for name in standing.order if standing.units[name].is_done and not before.units[name].is_done
    )
    if completed:
        house.tell(
            session, enrolment, book, [build.completed_unit(context, name, at=at) for name in completed]
        )
    award = _award(session, house, enrolment, book, context, standing, at)
    return Outcome(recorded.answer, book, item, grade, completed_units=completed, award_uuid=award)


def start_test(session: Session, house: House, person: Person, slug: str, blueprint_id: str) -> Sitting:
    """Begin a sitting, or go on with the one that is open."""
    at = now()
    enrolment = cohorts.get_enrolment_for(session, person, get_course(session, slug), lock=True)
    book = house.book_of(session, enrolment)
    blueprint = book.blueprints.get(blueprint_id)
    if blueprint is None:
        raise NotFound(_("This course has no such test."))
    if blueprint.mode == "supervised":
        raise NotAllowed(_("This test is taken at a centre, with an examiner. Ask your centre for a date."))
    found = assessments.find_open_sitting(session, enrolment, blueprint_id)
    if found is not None and assessments.is_over(found, at):
        finish_test(session, house, person, found)
    sitting, is_new = assessments.start_sitting(session, enrolment, book, blueprint, at=at)
    if is_new:
        context = house.context(enrolment, person, book)
        told = build.initialized_test(context, sitting.id, blueprint_id=blueprint_id, at=at)
        house.tell(session, enrolment, book, [told])
        overdue = sitting.deadline + assessments.GRACE + timedelta(seconds=5)
        enqueue(
            session, "learning.close-overdue-tests", {}, not_before=overdue, key=f"close-test:{sitting.id}"
        )
    return sitting


def submit_test_answer(
    session: Session,
    house: House,
    person: Person,
    *,
    sitting_id: UUID,
    item_id: str,
    answer_id: UUID,
    values: Mapping[str, Sequence[str]],
) -> Outcome:
    """Take an answer in a test. Nothing is said about it before the end; the last answer ends the test.

    Raises Conflict with the code ``test-over`` when the time is over: the sitting is then closed by the caller's
    next look at it (``close_if_over``), for this transaction is rolled back.
    """
    at = now()
    sitting = assessments.get_sitting_for(session, person.id, sitting_id, lock=True)
    book = house.book_of_sitting(session, sitting)
    if item_id not in assessments.drawn_items(sitting):
        raise NotFound(_("This question is not in this test."))
    item = _item(book.bank.get(item_id))
    response = item.read(values, house.tokens(sitting.id))
    known = assessments.find_answer(session, answer_id)
    if known is None and assessments.is_over(sitting, at):
        raise Conflict(_("The test is over. Your earlier answers are kept."), "test-over")
    if response.get("complete") is False:
        return Outcome(None, book, item, so_far=response)
    grade = item.grade(response, lexicon_of(book))
    recorded = assessments.record_answer(
        session,
        answer_id=answer_id,
        item_id=item_id,
        response=response,
        score=grade.score,
        sitting=sitting,
        at=at,
    )
    if recorded.is_replay:
        return Outcome(
            recorded.answer, book, item, is_replay=True, finished=sitting if sitting.finished else None
        )
    enrolment = sitting.enrolment
    context = house.context(enrolment, person, book)
    told = build.answered(
        context, answer_id, item_id=item_id, blueprint_id=sitting.blueprint_id, sitting_id=sitting.id,
        interaction=item.interaction, response=item.xapi_response(response), score=grade.score,
        success=grade.is_right, at=at,
    )  # fmt: skip
    house.tell(session, enrolment, house.book_of(session, enrolment), [told])
    answered = assessments.latest_answers(session, sitting)
    if all(name in answered for name in assessments.drawn_items(sitting)):
        award = finish_test(session, house, person, sitting)
        return Outcome(recorded.answer, book, item, finished=sitting, award_uuid=award)
    return Outcome(recorded.answer, book, item)


def finish_test(session: Session, house: House, person: Person, sitting: Sitting) -> UUID | None:
    """Close a sitting and draw the consequences; return the award when the course is complete now."""
    if sitting.finished is not None:
        return None
    at = now()
    enrolment = sitting.enrolment
    book = house.book_of_sitting(session, sitting)
    result = assessments.close_sitting(session, sitting, book.blueprints[sitting.blueprint_id], at=at)
    context = house.context(enrolment, person, book)
    told = build.finished_test(
        context,
        sitting.id,
        blueprint_id=sitting.blueprint_id,
        score=result.score,
        passed=result.passed,
        at=at,
    )
    current = house.book_of(session, enrolment)
    standing = house.tell(session, enrolment, current, [told])
    return _award(session, house, enrolment, current, context, standing, at)


def complete(session: Session, house: House, person: Person, slug: str) -> UUID | None:
    """Write the award of a course that became complete without an answer: what was open is not asked any more."""
    enrolment = cohorts.get_enrolment_for(session, person, get_course(session, slug), lock=True)
    return complete_award(session, house, enrolment, at=now())


def complete_award(session: Session, house: House, enrolment: Enrolment, *, at: datetime) -> UUID | None:
    """Look anew where an enrolment stands; write the award when nothing is missing."""
    book = house.book_of(session, enrolment)
    standing = house.tell(session, enrolment, book, [])
    context = house.context(enrolment, enrolment.person, book)
    return _award(session, house, enrolment, book, context, standing, at)


def close_if_over(session: Session, house: House, person: Person, sitting: Sitting) -> bool:
    """Close a sitting whose time is over; return True when it was closed now."""
    if sitting.finished is None and assessments.is_over(sitting, now()):
        finish_test(session, house, person, sitting)
        return True
    return False


def count_launched(session: Session, house: House, registration: UUID) -> None:
    """Count what launched content told of an open enrolment, and draw the consequences of an answer."""
    query = select(Enrolment).where(Enrolment.registration == registration, Enrolment.closed.is_(None))
    enrolment = session.scalar(query.with_for_update())
    if enrolment is None:
        return
    at, book = now(), house.book_of(session, enrolment)
    before = progress.get_standing(session, enrolment.id, book.course)
    progress.rebuild(
        session, house.library, house.installation.iri_base, write=True, registration=registration
    )
    standing = progress.get_standing(session, enrolment.id, book.course)
    context = house.context(enrolment, enrolment.person, book)
    told = [
        build.completed_unit(context, name, at=at)
        for name in standing.order
        if standing.units[name].is_done and not before.units[name].is_done
    ]
    if told:
        house.tell(session, enrolment, book, told)
    _award(session, house, enrolment, book, context, standing, at)


def _item(item: Any) -> ItemType:
    if not isinstance(item, ItemType):
        raise NotFound(_("There is no such question."))
    return item


def _award(
    session: Session,
    house: House,
    enrolment: Enrolment,
    book: Book,
    context: build.Context,
    standing: Standing,
    at: datetime,
) -> UUID | None:
    """Write the award when everything the course asks for is done; once per enrolment."""
    if not standing.is_complete:
        return None
    titles = {
        language: house.library.book(session, book.digest, language).course.title.text
        for language in book.languages
    }
    source = house.library.book(session, book.digest, book.course.source_language).course
    score = passed_at = None
    if standing.blueprint is not None:
        best = session.execute(
            select(Sitting.score, Sitting.finished)
            .where(
                Sitting.enrolment_id == enrolment.id,
                Sitting.blueprint_id == standing.blueprint,
                Sitting.passed.is_(True),
            )
            .order_by(Sitting.score.desc())
            .limit(1)
        ).first()
        if best is not None:
            score, passed_at = best
    facts = facts_of(source, titles=titles, score=score, passed_at=passed_at)
    made = certificates.award(session, enrolment=enrolment, facts=facts, at=at)
    if made.awarded != at:  # it was reached before: told already
        return made.uuid
    told = [build.completed_course(context, at=at), build.earned(context, made.uuid, at=at)]
    house.tell(session, enrolment, book, told)
    return made.uuid
