"""What a statement can be found by: pure functions over its JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .validator.formats import truncated_duration

#: Kinds of terms.
VERB: Final = 1
AGENT: Final = 2
ACTIVITY: Final = 3
REGISTRATION: Final = 4
AUTHORITY: Final = 5

#: Roles, a bit mask. DIRECT is what the plain filters look for: actor, object, verb, registration.
#: RELATED is what ``related_agents`` and ``related_activities`` add. The same two, shifted, stand on a
#: statement whose StatementRef leads to a match (xAPI 1.0.3 Communication 2.1.3).
DIRECT: Final = 1
RELATED: Final = 2
REF_SHIFT: Final = 2

Key = tuple[int, str]

CONTEXT_ACTIVITIES: Final = ("parent", "grouping", "category", "other")


@dataclass(slots=True)
class Found:
    """Everything one statement is found by, and what it says about activities and agents."""

    roles: dict[Key, int] = field(default_factory=dict)
    #: activity IRI -> definitions, in the order met
    definitions: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    #: agent value -> names
    names: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: int, value: str, role: int) -> None:
        key = (kind, value)
        self.roles[key] = self.roles.get(key, 0) | role


def key_hash(kind: int, value: str) -> bytes:
    """Return the 16 bytes a term is looked up by."""
    return hashlib.sha256(f"{kind}:{value}".encode()).digest()[:16]


def agent_value(agent: Mapping[str, Any]) -> str | None:
    """Return the inverse functional identifier of an agent or identified group as text; None if anonymous."""
    if "account" in agent:
        account = agent["account"]
        return json.dumps([account["homePage"], account["name"]], separators=(",", ":"))
    for name in ("mbox", "mbox_sha1sum", "openid"):
        if name in agent:
            return json.dumps(agent[name])
    return None


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def find_terms(statement: Mapping[str, Any]) -> Found:
    """Return what a valid statement is found by, without what its StatementRef leads to."""
    found = Found()
    found.add(VERB, statement["verb"]["id"], DIRECT)
    registration = statement.get("context", {}).get("registration")
    if registration is not None:
        found.add(REGISTRATION, registration.lower(), DIRECT)
    _add_parts(found, statement, DIRECT)
    if "authority" in statement:
        _add_agent(found, statement["authority"], RELATED)
    return found


def registration_in(payload: bytes) -> str:
    """Return the registration of a stored statement that has one."""
    return str(json.loads(payload)["context"]["registration"])


def ref_target(statement: Mapping[str, Any]) -> str | None:
    """Return the id a statement's StatementRef points to, in lower case."""
    target = statement["object"]
    return str(target["id"]).lower() if target.get("objectType") == "StatementRef" else None


def _add_parts(found: Found, statement: Mapping[str, Any], role: int) -> None:
    """Add actor, object and context of a statement or (``role`` RELATED) of a SubStatement."""
    _add_agent(found, statement["actor"], role)
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        _add_activity(found, target, role)
    elif kind in ("Agent", "Group"):
        _add_agent(found, target, role)
    elif kind == "SubStatement":
        _add_parts(found, target, RELATED)
    context = statement.get("context", {})
    for agent in _context_agents(context):
        _add_agent(found, agent, RELATED)
    for name in CONTEXT_ACTIVITIES:
        for activity in as_list(context.get("contextActivities", {}).get(name, [])):
            _add_activity(found, activity, RELATED)


def _context_agents(context: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for name in ("instructor", "team"):
        if name in context:
            yield context[name]
    for related in context.get("contextAgents", ()):
        yield related["agent"]
    for related in context.get("contextGroups", ()):
        yield related["group"]


def _add_agent(found: Found, agent: Mapping[str, Any], role: int) -> None:
    value = agent_value(agent)
    if value is not None:
        found.add(AGENT, value, role)
        if "name" in agent:
            found.names.setdefault(value, []).append(agent["name"])
    for member in agent.get("member", ()):
        _add_agent(found, member, role)


def _add_activity(found: Found, activity: Mapping[str, Any], role: int) -> None:
    iri = activity["id"]
    found.add(ACTIVITY, iri, role)
    if activity.get("definition"):
        found.definitions.setdefault(iri, []).append(activity["definition"])


def merge_definitions(old: Mapping[str, Any], new: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an activity definition with later ones laid over it; languages and extensions add up."""
    merged = dict(old)
    for definition in new:
        for name, value in definition.items():
            if name in ("name", "description", "extensions") and isinstance(merged.get(name), dict):
                merged[name] = {**merged[name], **value}
            else:
                merged[name] = value
    return merged


def canonical_json(value: Any) -> bytes:
    """Return JSON with sorted keys: equal bytes for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def is_same_statement(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Tell whether a statement sent again is the stored one (xAPI 1.0.3 Communication 2.1.1).

    What the store adds itself does not count: id (equal anyway), stored, authority, version, and a timestamp
    that was not sent.
    """
    ignored = {"id", "stored", "authority", "version"} | ({"timestamp"} if "timestamp" not in sent else set())
    kept = [{name: s[name] for name in s if name not in ignored} for s in (stored, sent)]
    return canonical_json(_comparable(kept[0])) == canonical_json(_comparable(kept[1]))


def _comparable(statement: dict[str, Any]) -> dict[str, Any]:
    """Return a statement with durations cut to 0.01 s, as they are compared (1.0.3 Data 4.6; 2.0 4.2.7)."""
    duration = statement.get("result", {}).get("duration")
    if duration is not None:
        statement["result"] = {**statement["result"], "duration": truncated_duration(duration)}
    if statement["object"].get("objectType") == "SubStatement":
        statement["object"] = _comparable(dict(statement["object"]))
    return with_activity_lists(statement)


def with_activity_lists(statement: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy in which every context activity stands in an array.

    A single activity is taken from older clients, an array is given back (1.0.3 Data 2.4.6.2).
    """
    made = dict(statement)
    activities = made.get("context", {}).get("contextActivities")
    if activities and any(type(value) is dict for value in activities.values()):
        lists = {name: as_list(value) for name, value in activities.items()}
        made["context"] = {**made["context"], "contextActivities": lists}
    if made["object"].get("objectType") == "SubStatement":
        made["object"] = with_activity_lists(made["object"])
    return made


def is_same_act(stored: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Tell whether one of our own statements tells the act that the stored one tells.

    Its id is made of the act, so a second telling may differ in time, language and version, never in who,
    what and with which result.
    """

    def core(s: Mapping[str, Any]) -> Any:
        return [s["actor"], s["verb"]["id"], s["object"]["id"], s.get("result"),
                s.get("context", {}).get("registration")]  # fmt: skip

    return canonical_json(core(stored)) == canonical_json(core(told))
