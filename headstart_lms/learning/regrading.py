"""Mark finished tests again when what counted as right in a question was wrong. No Flask.

A question whose key changed has a new id and names the old ones (``replaces``). Marking again is asked for by a
person who has seen what it would change. It only ever helps: an answer is worth what it was or more, so a test that
was passed stays passed. Certificates that rest on the wrong key are listed, and stand until somebody decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ..accounts.models import Person
from ..assessments import rules
from ..assessments import services as assessments
from ..assessments.items.base import ItemType
from ..assessments.items.lexicon import Lexicon
from ..assessments.models import Answer, Regrade, Sitting
from ..certificates import services as certificates
from ..certificates.models import Award, Certificate
from ..cohorts.models import Enrolment
from ..courses.document import Blueprint, Course
from ..courses.models import Course as CourseRow
from ..kernel.errors import Conflict, Invalid
from ..kernel.i18n import _
from ..kernel.jobs import Job, enqueue
from ..xapi import build
from .services import House, complete_award, lexicon_of

#: The job that marks the tests of one course again.
MARK_AGAIN = "learning.mark-again"
#: Sections of a result that differ by less are the same: they are means of shares.
TINY = 1e-9
#: How a question is marked: by the new key, or right for everybody who answered it.
Way = Literal["key", "all"]
Ways = Mapping[str, Way]


def replaced(course: Course) -> dict[str, ItemType]:
    """Return {earlier id: question of a test that stands in its place now}."""
    return {old: item for item in course.bank if isinstance(item, ItemType) for old in item.replaces}


@dataclass(frozen=True)
class Marked:
    """A finished sitting, as it stands and as it would be."""

    sitting: Sitting
    #: {item id, as drawn: 0 to 1}, what the questions that are marked again are worth then.
    points: Mapping[str, float]
    #: In favour of the learner: what marking again would make of it.
    better: rules.Result
    #: By the new key alone, whoever it helps.
    strict: rules.Result

    @property
    def is_better(self) -> bool:
        had = self.sitting.sections or {}
        gains = [score - had.get(name, 0.0) for name, score in self.better.sections.items()]
        if min(gains, default=0.0) < -TINY or (self.sitting.passed and not self.better.passed):
            return False  # never to anybody's harm
        return max(gains, default=0.0) > TINY or (self.better.passed and not self.sitting.passed)


@dataclass(frozen=True)
class Touched:
    """A certificate whose test would have another result by the new key. It is not changed."""

    certificate: Certificate
    #: 0 to 1, in percent of the whole test: what the certificate says, and what the new key says.
    said: float | None
    strict: float
    #: By the new key no test of hers was passed.
    is_unearned: bool


@dataclass(frozen=True)
class Preview:
    """What marking again would change."""

    #: How many finished sittings have one of the questions.
    seen: int
    better: tuple[Marked, ...]
    certificates: tuple[Touched, ...]

    @property
    def passing(self) -> int:
        """How many tests that were not passed would be."""
        return sum(1 for one in self.better if one.better.passed and not one.sitting.passed)


def checked_ways(course: Course, asked: Mapping[str, str]) -> dict[str, Way]:
    """Return how questions are marked; what is not named stays as it is. Raises Invalid for anything else."""
    known = replaced(course)
    ways: dict[str, Way] = {}
    for old, way in asked.items():
        if way in ("", "leave"):
            continue
        if old not in known or way not in get_args(Way):
            raise Invalid(_("Choose for each question how it is marked."))
        ways[old] = way  # type: ignore[assignment]
    return ways


def count_seen(session: Session, row: CourseRow, questions: Iterable[str]) -> Counter[str]:
    """Return {earlier id: how many finished sittings have the question}."""
    query = (
        select(Sitting.drawn)
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .where(Enrolment.course_id == row.id, Sitting.finished.is_not(None))
    )
    known = set(questions)
    seen: Counter[str] = Counter()
    for drawn in session.scalars(query):
        seen.update(known & {item for items in drawn.values() for item in items})
    return seen


def preview(session: Session, house: House, row: CourseRow, ways: Ways) -> Preview:
    """Return what marking again would change; nothing is written."""
    marked = list(_marked(session, house, row, ways))
    better = tuple(one for one in marked if one.is_better)
    return Preview(len(marked), better, tuple(_certificates(session, house, row, marked)))


def _marked(
    session: Session, house: House, row: CourseRow, ways: Ways, *, digest: str = "", only: UUID | None = None
) -> Iterator[Marked]:
    digest = digest or row.current_digest
    newest = house.library.source(session, digest)
    lexicon = lexicon_of(house.library.book(session, digest, newest.source_language))
    now = replaced(newest)
    query = (
        select(Sitting)
        .options(joinedload(Sitting.enrolment))
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .where(Enrolment.course_id == row.id, Sitting.finished.is_not(None))
        .order_by(Sitting.finished, Sitting.id)
    )
    if only is not None:
        query = query.where(Sitting.id == only)
    sittings = [s for s in session.scalars(query) if ways.keys() & set(assessments.drawn_items(s))]
    for start in range(0, len(sittings), 500):
        yield from _mark(session, house, sittings[start : start + 500], ways, now, lexicon)


def _mark(
    session: Session, house: House, sittings: list[Sitting], ways: Ways, now: Mapping[str, ItemType],
    lexicon: Lexicon,
) -> Iterator[Marked]:  # fmt: skip
    ids = [sitting.id for sitting in sittings]
    before: dict[UUID, Mapping[str, float]] = {}
    for again in session.scalars(select(Regrade).where(Regrade.sitting_id.in_(ids)).order_by(Regrade.id)):
        before[again.sitting_id] = again.questions
    blueprints: dict[tuple[int, int, str], Blueprint] = {}
    given_in: dict[UUID | None, dict[str, Answer]] = defaultdict(dict)
    query = select(Answer).where(Answer.sitting_id.in_(ids)).order_by(Answer.created, Answer.id)
    for answer in session.scalars(query):
        given_in[answer.sitting_id][answer.item_id] = answer
    for sitting in sittings:
        points = dict(before.get(sitting.id, {}))
        answers = given_in[sitting.id]
        version = (sitting.edition, sitting.correction, sitting.blueprint_id)
        if version not in blueprints:
            blueprints[version] = house.book_of_sitting(session, sitting).blueprints[sitting.blueprint_id]
        blueprint = blueprints[version]
        scores: dict[str, list[float]] = {}
        strict: dict[str, list[float]] = {}
        for section, items in sitting.drawn.items():
            for item in items:
                given = answers.get(item)
                # what an earlier run gave is hers
                had = max((given.score or 0.0) if given else 0.0, points.get(item, 0.0))
                by_key = _score(now.get(item), ways.get(item), given, had, lexicon)
                strict.setdefault(section, []).append(by_key)
                scores.setdefault(section, []).append(max(had, by_key))
                if item in ways:
                    points[item] = max(had, by_key)
        yield Marked(sitting, points, rules.result(blueprint, scores), rules.result(blueprint, strict))


def _score(
    item: ItemType | None, way: Way | None, given: Answer | None, had: float, lexicon: Lexicon
) -> float:
    """Return what an answer is worth; one that the new question cannot read is worth what it was."""
    if way is None or given is None:
        return had
    if way == "all":
        return 1.0
    if item is None:
        return had
    try:
        return item.grade(given.response, lexicon).score or 0.0
    except (KeyError, StopIteration, TypeError, ValueError, AttributeError):
        return had  # another kind of question, or an option that is gone


def _certificates(session: Session, house: House, row: CourseRow, marked: list[Marked]) -> Iterator[Touched]:
    """Yield the certificates of the course that say something else than the new key, oldest first."""
    if not marked:
        return
    strict = {one.sitting.id: one.strict for one in marked}
    enrolments = {(one.sitting.enrolment_id, one.sitting.blueprint_id) for one in marked}
    query = (
        select(Certificate, Award, Enrolment.id)
        .join(Award, Award.id == Certificate.award_id)
        .join(Enrolment, Enrolment.registration == Award.registration)
        .where(Enrolment.course_id == row.id, Certificate.standing.in_(("good", "suspended")))
        .order_by(Certificate.id)
    )
    for certificate, award, enrolment_id in session.execute(query):
        final = award.facts.get("assessed", {}).get("blueprint_id")
        if (enrolment_id, final) not in enrolments:
            continue
        sat = session.execute(
            select(Sitting.id, Sitting.score, Sitting.passed).where(
                Sitting.enrolment_id == enrolment_id, Sitting.blueprint_id == final,
                Sitting.finished.is_not(None),
            )
        ).all()  # fmt: skip
        passed = [
            (strict[s.id].score if s.id in strict else s.score or 0.0)
            for s in sat
            if (strict[s.id].passed if s.id in strict else s.passed)
        ]
        said = award.facts.get("assessed", {}).get("score")
        now = max(passed, default=max((strict[s.id].score for s in sat if s.id in strict), default=0.0))
        if not passed or (said is not None and round(now * 100) != round(said * 100)):
            yield Touched(certificate, said, now, is_unearned=not passed)


# --- do it ----------------------------------------------------------------------------------------


def ask(session: Session, row: CourseRow, ways: Ways, person: Person) -> UUID:
    """Have the tests of a course marked again, by the keys of the version that is published now.

    Raises Conflict when it is being done.
    """
    session.execute(select(CourseRow.id).where(CourseRow.id == row.id).with_for_update())
    if is_waiting(session, row):
        raise Conflict(_("The tests are being marked again now. Look here again in a minute."))
    run = uuid4()
    payload = {
        "course": row.id, "ways": dict(ways), "run": str(run), "person": person.id, "digest": row.current_digest,
    }  # fmt: skip
    enqueue(session, MARK_AGAIN, payload, key=f"{MARK_AGAIN}:{row.id}")
    return run


def is_waiting(session: Session, row: CourseRow) -> bool:
    """Tell whether tests of a course wait to be marked again, or are being marked."""
    # a job that is being done has no key any more
    payloads = session.scalars(select(Job.payload).where(Job.kind == MARK_AGAIN, Job.done.is_(False)))
    return any(payload["course"] == row.id for payload in payloads)


def sittings_to_mark(
    session: Session, house: House, course_id: int, ways: Ways, *, digest: str
) -> list[UUID]:
    """Return the sittings that marking again makes better."""
    row = session.get(CourseRow, course_id)
    return [] if row is None else [
        one.sitting.id for one in _marked(session, house, row, ways, digest=digest) if one.is_better
    ]  # fmt: skip


def mark_again(
    session: Session,
    house: House,
    sitting_id: UUID,
    ways: Ways,
    *,
    run: UUID,
    person_id: int | None,
    digest: str,
    at: datetime,
) -> bool:
    """Mark one sitting again, tell it, and write the award when the course is complete with it.

    Returns False, and changes nothing, when it is not better, was done already or is gone.
    """
    found = session.get(Sitting, sitting_id)
    if found is None or found.finished is None:
        return False
    enrolment = session.scalars(
        select(Enrolment).where(Enrolment.id == found.enrolment_id).with_for_update()
    ).one()
    session.refresh(found)
    one = next(_marked(session, house, enrolment.course, ways, digest=digest, only=sitting_id), None)
    if one is None or not one.is_better:
        return False
    if person_id is not None and session.get(Person, person_id) is None:
        person_id = None  # who asked for it has left since
    earlier = regrades_of(session, found)
    first_passed = bool(earlier[0].passed if earlier else found.passed)
    session.add(
        Regrade(
            sitting_id=found.id, run=run, questions=dict(one.points), score=found.score or 0.0,
            passed=bool(found.passed), at=at, person_id=person_id,
        )
    )  # fmt: skip
    found.score, found.passed = one.better.score, one.better.passed
    found.sections = dict(one.better.sections)
    session.flush()
    context = house.context(enrolment, enrolment.person, house.book_of_sitting(session, found))
    told = build.marked_again(
        context, run, found.id, blueprint_id=found.blueprint_id, score=one.better.score,
        passed=one.better.passed, first_passed=first_passed, at=found.finished or at,
    )  # fmt: skip
    house.tell(session, enrolment, house.book_of(session, enrolment), [told])
    if enrolment.closed is None:
        complete_award(session, house, enrolment, at=at)
    certificates.raise_result(
        session, enrolment.registration, blueprint_id=found.blueprint_id, score=one.better.score,
        passed_at=found.finished,
    )  # fmt: skip
    return True


def regrades_of(session: Session, sitting: Sitting) -> Sequence[Regrade]:
    """Return each time a sitting was marked again, the first one first."""
    return session.scalars(select(Regrade).where(Regrade.sitting_id == sitting.id).order_by(Regrade.id)).all()


@dataclass(frozen=True)
class Run:
    """One time the tests of a course were marked again."""

    at: datetime
    person: Person | None
    tests: int
    passed: int


def runs_of(session: Session, row: CourseRow) -> list[Run]:
    """Return how often tests of a course were marked again, the newest first."""
    query = (
        select(Regrade, Sitting.passed)
        .join(Sitting, Sitting.id == Regrade.sitting_id)
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .where(Enrolment.course_id == row.id)
        .order_by(Regrade.id.desc())
    )
    runs: dict[UUID, list[tuple[Regrade, bool]]] = defaultdict(list)
    later: dict[
        UUID, bool
    ] = {}  # what the next run found, the newest first: a pass belongs to the run that gave it
    for again, passes in session.execute(query):
        runs[again.run].append((again, later.get(again.sitting_id, bool(passes)) and not again.passed))
        later[again.sitting_id] = again.passed
    return [
        Run(
            rows[0][0].at, None if (by := rows[0][0].person_id) is None else session.get(Person, by),
            len(rows), sum(gained for _again, gained in rows),
        )
        for rows in runs.values()
    ]  # fmt: skip
