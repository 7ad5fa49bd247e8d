"""Who may look at whose record, what a search means, and the lines that are shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..assessments.models import Sitting
from ..cohorts.models import Cohort, Enrolment
from ..cohorts.services import list_cohorts_for
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from ..lrs import terms as t
from ..lrs.browsing import Found, Search
from ..lrs.sentences import Name, NameOf, Sentence, activity_name, course_of, sentence
from ..xapi import vocabulary as v

#: What a learner can ask for: a word in the address, and the verbs it stands for.
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "answers": (v.ANSWERED,),
    "tests": (v.INITIALIZED, v.PASSED, v.FAILED),
    "finished": (v.COMPLETED, v.EARNED),
}


# --- whose record ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """A learner as a member of staff sees her: ``enrolments`` are those this person may look into.

    ``name`` is for those who check documents; others see ``number``, her place in the group.
    """

    person: Person
    enrolments: tuple[Enrolment, ...]
    is_whole: bool
    group: Cohort | None
    number: int | None
    name: str | None

    @property
    def registrations(self) -> frozenset[UUID] | None:
        """The registrations the view is limited to; None when it is not."""
        return None if self.is_whole else frozenset(e.registration for e in self.enrolments)


def get_learner_for(session: Session, me: Person, uuid: UUID) -> Seen:
    """Return a learner of my centre (manager, admin) or of my groups (teacher); anybody else's is not there."""
    learner = session.scalar(select(Person).where(Person.uuid == uuid))
    if learner is None or learner.login is not None or any(g.role != "learner" for g in learner.grants):
        raise NotFound(_("There is no such learner."))
    all_of_hers = enrolments_of(session, learner)
    is_whole = bool(me.roles_at(learner.centre_id) & {"manager", "admin"})
    groups = {group.id: group for group in list_cohorts_for(session, me)}
    enrolments = tuple(e for e in all_of_hers if is_whole or e.cohort_id in groups)
    if not is_whole and not enrolments:
        raise NotFound(_("There is no such learner."))
    enrolment = next((e for e in enrolments if e.cohort_id in groups), None)
    group = groups[enrolment.cohort_id] if enrolment and enrolment.cohort_id else None
    checks = is_whole or (group is not None and bool(me.roles_at(group.centre_id) & {"manager", "admin"}))
    identity = learner.identity if checks else None
    return Seen(
        learner, enrolments, is_whole, group, _number(session, enrolment) if enrolment else None,
        identity.passport_name if identity else None,
    )  # fmt: skip


def enrolments_of(session: Session, person: Person) -> Sequence[Enrolment]:
    """Return all enrolments of a person, the newest first."""
    query = select(Enrolment).where(Enrolment.person_id == person.id).order_by(Enrolment.id.desc())
    return session.scalars(query).all()


def _number(session: Session, enrolment: Enrolment) -> int:
    """Return her place in the group, as the group's table counts."""
    return session.scalar(
        select(func.count()).where(Enrolment.cohort_id == enrolment.cohort_id, Enrolment.id <= enrolment.id)
    ) or 0  # fmt: skip


def open_sittings(session: Session, person: Person) -> frozenset[str]:
    """Return the ids of her tests that still run."""
    query = (
        select(Sitting.id)
        .join(Enrolment, Enrolment.id == Sitting.enrolment_id)
        .where(Enrolment.person_id == person.id, Sitting.finished.is_(None))
    )
    return frozenset(str(id_) for id_ in session.scalars(query))


# --- what is looked for --------------------------------------------------------------------------------


def person_search(
    person: Person,
    iri_base: str,
    *,
    tenant: UUID | None = None,
    registrations: Iterable[UUID] | None = None,
    verbs: Sequence[str] = (),
    since: int | None = None,
    until: int | None = None,
) -> Search:
    """Return the search for what one person did; ``registrations`` None is everything, empty is nothing."""
    terms = [frozenset({agent_key(iri_base, person.actor)})]
    if registrations is not None:
        terms.append(frozenset((t.REGISTRATION, str(one)) for one in registrations))
    if verbs:
        terms.append(frozenset((t.VERB, verb) for verb in verbs))
    return Search(tenant=tenant, terms=tuple(terms), since=since, until=until)


def agent_key(iri_base: str, actor: UUID) -> t.Key:
    """Return the term of a person of ours."""
    value = t.agent_value({"account": {"homePage": iri_base, "name": str(actor)}})
    return (t.AGENT, str(value))


# --- what is shown -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One statement as it is shown. ``is_open``: its test still runs, so neither its result nor its JSON is shown."""

    found: Found
    statement: Mapping[str, Any]
    sentence: Sentence
    course: Name | None
    at: datetime
    is_open: bool

    @property
    def stored(self) -> datetime:
        return instant(self.found.stored)


def make_line(found: Found, name_of: NameOf, open_tests: frozenset[str] = frozenset()) -> Line:
    """Read one payload and say what it tells."""
    statement = json.loads(found.payload)
    is_open = is_of_open_test(statement, open_tests)
    told = sentence(statement, name_of, is_open=is_open)
    iri = course_of(statement)
    course = None
    if iri is not None and iri != statement["object"].get("id"):
        course = activity_name(_grouping(statement, iri), statement, name_of)
    if course is not None and told.within is not None and course.plain == told.within.plain:
        course = None
    return Line(found, statement, told, course, _happened(statement, found), is_open)


def is_of_open_test(statement: Mapping[str, Any], open_tests: frozenset[str]) -> bool:
    """Tell whether a statement belongs to a test that still runs: nothing may tell before its end (DESIGN 4)."""
    sitting = statement.get("context", {}).get("extensions", {}).get(v.ATTEMPT_ID)
    return isinstance(sitting, str) and sitting in open_tests  # other programs may put any JSON there


def _grouping(statement: Mapping[str, Any], iri: str) -> Mapping[str, Any]:
    found = t.as_list(statement["context"]["contextActivities"]["grouping"])
    return next(one for one in found if one["id"] == iri)


def _happened(statement: Mapping[str, Any], found: Found) -> datetime:
    """Return when it happened; when it was stored, if the statement's own time is none that can be shown."""
    try:
        at = datetime.fromisoformat(str(statement["timestamp"]).upper())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (KeyError, ValueError, OverflowError):
        return instant(found.stored)


def instant(micros: int) -> datetime:
    """Return microseconds since 1970 as an instant."""
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
