"""Build our statements, as JSON-ready dicts, out of tincan's objects.

tincan takes 0.4 ms for a whole Statement, so its parts are made once, kept, and merged here
(LRS.md 5); ``tests/xapi`` proves that each result reads back equal through ``tincan.Statement``.
Nothing here takes a name, an e-mail address or free text; that is how none can get in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

import tincan

from ..kernel.clock import timestamp
from . import vocabulary as v

Statement = dict[str, Any]

#: tincan speaks 1.0.3, and our statements use nothing that 1.0.3 does not know.
VERSION = "1.0.3"


@dataclass(frozen=True, slots=True)
class Context:
    """Who acts, in which enrolment, on which state of which course.

    ``iri_base`` has no trailing slash; ``version`` is "edition.correction"; ``language`` a BCP 47 tag.
    """

    iri_base: str
    actor: UUID
    registration: UUID
    course_uuid: UUID
    version: str
    language: str

    @property
    def course(self) -> str:
        return v.course_iri(self.iri_base, self.course_uuid)

    def part(self, part_id: str) -> str:
        return v.part_iri(self.iri_base, self.course_uuid, part_id)


def statement_id(act_id: UUID, verb: str) -> UUID:
    """Return the id of the statement that tells of an act with this verb: the same one every time."""
    return uuid5(act_id, verb)


def actor(iri_base: str, name: UUID) -> dict[str, Any]:
    """Return a person as statements know her: an account with a random name, nothing else."""
    return dict(_actor(iri_base, str(name)))


def authority(iri_base: str) -> dict[str, Any]:
    """Return the installation itself as an agent: the authority of its own statements."""
    return dict(_actor(iri_base, "installation"))


def registered(context: Context, *, at: datetime) -> Statement:
    """Tell that an enrolment began."""
    return _statement(context, context.registration, v.REGISTERED, _course(context), at=at)


def initialized_test(context: Context, sitting_id: UUID, *, blueprint_id: str, at: datetime) -> Statement:
    """Tell that a sitting of a test began."""
    test = _activity(context.part(blueprint_id), v.TEST)
    return _statement(
        context, sitting_id, v.INITIALIZED, test, at=at, parent=_course(context), sitting_id=sitting_id
    )


def answered(
    context: Context,
    act_id: UUID,
    *,
    item_id: str,
    interaction: str,
    at: datetime,
    unit_id: str | None = None,
    blueprint_id: str | None = None,
    sitting_id: UUID | None = None,
    response: str | None = None,
    score: float | None = None,
    success: bool | None = None,
) -> Statement:
    """Tell of one answer, given in a unit or in a sitting of a test.

    ``response`` is made of authored option ids (xAPI 1.0.3 Data 2.4.4.1: joined by ``[,]`` or ``[.]``); typed
    text never comes here. ``score`` is 0 to 1, None for items that are not marked. Raises ValueError when
    neither or both of unit and test are named.
    """
    if (unit_id is None) == (blueprint_id is None):
        raise ValueError("an answer belongs either to a unit or to a test")
    if unit_id is not None:
        parent = _activity(context.part(unit_id), v.UNIT)
    else:
        parent = _activity(context.part(str(blueprint_id)), v.TEST)
    return _statement(
        context, act_id, v.ANSWERED, _activity(context.part(item_id), v.ITEM, interaction),
        at=at, parent=parent, sitting_id=sitting_id,
        result=_result(score=score, success=success, response=response),
    )  # fmt: skip


def reviewed(
    context: Context, act_id: UUID, *, entry_id: str, said: str, knew: bool, at: datetime
) -> Statement:
    """Tell of one look at a word. ``said`` is how well it was known: again, hard, good or easy."""
    word = _activity(v.word_iri(context.iri_base, context.course_uuid, entry_id), v.WORD)
    return _statement(context, act_id, v.INTERACTED, word, at=at, result=_result(success=knew, response=said))


def finished_test(
    context: Context, sitting_id: UUID, *, blueprint_id: str, score: float, passed: bool, at: datetime
) -> Statement:
    """Tell the result of a sitting: ``passed`` or ``failed`` by the blueprint's rule; ``score`` is 0 to 1."""
    return _statement(
        context, sitting_id, v.PASSED if passed else v.FAILED, _activity(context.part(blueprint_id), v.TEST),
        at=at, parent=_course(context), sitting_id=sitting_id,
        result=_result(score=score, success=passed, completion=True),
    )  # fmt: skip


def marked_again(
    context: Context, run: UUID, sitting_id: UUID, *, blueprint_id: str, score: float, passed: bool,
    first_passed: bool, at: datetime,
) -> Statement:  # fmt: skip
    """Tell the better result of a sitting that was marked again; it names the statement of its first result.

    ``at`` is the end of the sitting: when the learner did it has not changed, only what it is worth.
    """
    told = _statement(
        context, uuid5(run, str(sitting_id)), v.PASSED if passed else v.FAILED,
        _activity(context.part(blueprint_id), v.TEST), at=at, parent=_course(context), sitting_id=sitting_id,
        result=_result(score=score, success=passed, completion=True),
    )  # fmt: skip
    first = statement_id(sitting_id, v.PASSED if first_passed else v.FAILED)
    told["context"]["statement"] = {"objectType": "StatementRef", "id": str(first)}
    return told


def completed_unit(context: Context, unit_id: str, *, at: datetime) -> Statement:
    """Tell that a unit was worked through; one statement per enrolment and unit, however often it is told."""
    unit = _activity(context.part(unit_id), v.UNIT)
    act_id = uuid5(context.registration, unit["id"])
    return _statement(
        context, act_id, v.COMPLETED, unit, at=at, parent=_course(context), result=_result(completion=True)
    )


def completed_course(context: Context, *, at: datetime) -> Statement:
    """Tell that everything the course asks for is done; one statement per enrolment."""
    act_id = uuid5(context.registration, context.course)
    return _statement(context, act_id, v.COMPLETED, _course(context), at=at, result=_result(completion=True))


def earned(context: Context, award_id: UUID, *, at: datetime) -> Statement:
    """Tell that the certificate of the course was earned. The code of the paper is not in it."""
    certificate = _activity(v.certificate_iri(context.iri_base, context.course_uuid), v.CREDENTIAL)
    return _statement(context, award_id, v.EARNED, certificate, at=at, parent=_course(context))


# --- parts, made by tincan, kept ------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _actor(iri_base: str, name: str) -> dict[str, Any]:
    agent = tincan.Agent(account=tincan.AgentAccount(home_page=iri_base, name=name))
    return _json(agent)


@lru_cache(maxsize=64)
def _verb(iri: str) -> dict[str, Any]:
    return _json(tincan.Verb(id=iri, display=tincan.LanguageMap({"en": v.VERB_DISPLAY[iri]})))


@lru_cache(maxsize=8192)
def _activity(iri: str, kind: str, interaction: str | None = None) -> dict[str, Any]:
    definition = tincan.ActivityDefinition(type=kind)
    if interaction is not None:
        definition.interaction_type = interaction
    return _json(tincan.Activity(id=iri, definition=definition))


def _course(context: Context) -> dict[str, Any]:
    return _activity(context.course, v.COURSE)


def _result(*, score: float | None = None, **properties: bool | str | None) -> dict[str, Any] | None:
    known = {name: value for name, value in properties.items() if value is not None}
    if score is not None:
        known["score"] = tincan.Score(scaled=round(score, 4))
    return _json(tincan.Result(**known)) if known else None


def _json(part: Any) -> dict[str, Any]:
    made: dict[str, Any] = part.as_version(VERSION)
    return made


def _statement(
    context: Context,
    act_id: UUID,
    verb: str,
    activity: dict[str, Any],
    *,
    at: datetime,
    parent: dict[str, Any] | None = None,
    result: dict[str, Any] | None = None,
    sitting_id: UUID | None = None,
) -> Statement:
    activities: dict[str, Any] = {"grouping": [_course(context)]}
    if parent is not None:
        activities = {"parent": [parent], **activities}
    about: dict[str, Any] = {
        "registration": str(context.registration),
        "contextActivities": activities,
        "revision": context.version,
        "language": context.language,
    }
    if sitting_id is not None:
        about["extensions"] = {v.ATTEMPT_ID: str(sitting_id)}
    statement: Statement = {
        "id": str(statement_id(act_id, verb)),
        "actor": _actor(context.iri_base, str(context.actor)),
        "verb": _verb(verb),
        "object": activity,
        "context": about,
        "timestamp": timestamp(at),
        "version": VERSION,
    }
    if result is not None:
        statement["result"] = result
    return statement
