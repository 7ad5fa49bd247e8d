"""Read our statements back: what the fold over them needs to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from . import vocabulary as v

Kind = Literal["registered", "started", "answered", "tested", "completed", "finished", "earned"]


@dataclass(frozen=True, slots=True)
class Act:
    """What one statement tells.

    ``kind``: ``registered`` (enrolment), ``started`` (a sitting began), ``answered`` (an item),
    ``tested`` (a sitting ended: ``success`` says passed or failed), ``completed`` (a unit),
    ``finished`` (the course), ``earned`` (the certificate). ``scaled`` is 0 to 1.
    """

    kind: Kind
    course_uuid: UUID
    at: datetime
    item_id: str | None = None
    unit_id: str | None = None
    blueprint_id: str | None = None
    sitting_id: UUID | None = None
    scaled: float | None = None
    success: bool | None = None
    response: str | None = None
    version: str | None = None


def act(statement: Mapping[str, Any], iri_base: str) -> Act | None:
    """Return what a statement of ours tells; None when it is not of our profile.

    Pass only statements the store marks as our own (DESIGN 3.3): this reads meaning, it does not check who
    wrote them.
    """
    verb = statement["verb"]["id"]
    target = statement["object"]
    if target.get("objectType", "Activity") != "Activity":
        return None
    place = v.place(target["id"], iri_base)
    if place is None or place.word_id is not None:  # reviews of words move no progress
        return None
    result = statement.get("result", {})
    context = statement.get("context", {})
    known: dict[str, Any] = {
        "course_uuid": place.course_uuid,
        "at": datetime.fromisoformat(statement["timestamp"]),
        "scaled": result.get("score", {}).get("scaled"),
        "success": result.get("success"),
        "response": result.get("response"),
        "version": context.get("revision"),
    }
    sitting = context.get("extensions", {}).get(v.ATTEMPT_ID)
    if sitting is not None:
        known["sitting_id"] = UUID(sitting)
    if place.is_certificate:
        return Act("earned", **known) if verb == v.EARNED else None
    if place.part_id is None:
        kinds: dict[str, Kind] = {v.REGISTERED: "registered", v.COMPLETED: "finished"}
        return Act(kinds[verb], **known) if verb in kinds else None
    return _part_act(verb, place.part_id, _parent(context, iri_base), known)


def launched_act(statement: Mapping[str, Any], iri_base: str, actor: UUID) -> Act | None:
    """Return the answer that launched content tells of a person; None for all else it may say.

    Content marks what it asked itself, and no more: a test, a unit and a certificate are ours to tell. The
    store's clock counts, not the content's.
    """
    account = statement["actor"].get("account", {})
    if account != {"homePage": iri_base, "name": str(actor)} or statement["verb"]["id"] != v.ANSWERED:
        return None
    told = {**statement, "timestamp": statement["stored"], "context": {}}
    return act(told, iri_base)


def _part_act(verb: str, part_id: str, parent: tuple[str, str] | None, known: dict[str, Any]) -> Act | None:
    if verb == v.COMPLETED:
        return Act("completed", unit_id=part_id, **known)
    if verb == v.INITIALIZED:
        return Act("started", blueprint_id=part_id, **known)
    if verb in (v.PASSED, v.FAILED):
        return Act("tested", blueprint_id=part_id, **{**known, "success": verb == v.PASSED})
    if verb == v.ANSWERED:
        if parent is not None:
            known["blueprint_id" if parent[0] == v.TEST else "unit_id"] = parent[1]
        return Act("answered", item_id=part_id, **known)
    return None


def _parent(context: Mapping[str, Any], iri_base: str) -> tuple[str, str] | None:
    """Return (activity type, part id) of the unit or test an answer was given in."""
    parents = context.get("contextActivities", {}).get("parent", [])
    for parent in parents if isinstance(parents, list) else [parents]:
        place = v.place(parent["id"], iri_base)
        kind = parent.get("definition", {}).get("type")
        if place is not None and place.part_id is not None and kind in (v.UNIT, v.TEST):
            return kind, place.part_id
    return None


def activity_item(iri: str, iri_base: str) -> str | None:
    """Return the unit, item or test id an IRI of ours names, else None."""
    found = v.place(iri, iri_base)
    return found.part_id if found else None
