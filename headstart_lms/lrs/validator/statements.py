"""Statements, SubStatements, contexts (1.0.3 Data 2.3 to 2.5; 2.0 4.2.2 to 4.2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...xapi.vocabulary import VOIDED
from . import activities as a
from . import actors, formats
from . import values as v
from .actors import _word
from .errors import Problem

STATEMENT: Final = "1.0.3 Data 2.4; 2.0 4.2.2"
OBJECT: Final = "1.0.3 Data 2.4.4; 2.0 4.2.2.3"
REF: Final = "1.0.3 Data 2.4.4.3; 2.0 4.2.2.3"
SUB: Final = "1.0.3 Data 2.4.4.3; 2.0 4.2.2.3"
CONTEXT: Final = "1.0.3 Data 2.4.6; 2.0 4.2.2.5"
CONTEXT_ACTIVITIES: Final = "1.0.3 Data 2.4.6.2; 2.0 4.2.2.5"
VOIDING: Final = "1.0.3 Data 2.3.2; 2.0 4.2.5"

_REF_RULES: Final[v.Rules] = {"objectType": _word("StatementRef", REF), "id": v.uuid}


def statement_ref(value: Any) -> None:
    v.check_object(value, _REF_RULES, {"objectType", "id"}, "A StatementRef", REF)


# --- context ---------------------------------------------------------------------------------------


def _one_or_more_activities(value: Any) -> None:
    if type(value) is dict:  # taken from older clients; given back as an array (Data 2.4.6.2)
        a.activity(value)
    else:
        v.check_list(value, a.activity, "Context activities", CONTEXT_ACTIVITIES)


_CONTEXT_ACTIVITIES_RULES: Final[v.Rules] = dict.fromkeys(
    ("parent", "grouping", "category", "other"), _one_or_more_activities
)


def _context_activities(value: Any) -> None:
    v.check_object(value, _CONTEXT_ACTIVITIES_RULES, frozenset(), "contextActivities", CONTEXT_ACTIVITIES)


def _relevant_types(value: Any) -> None:
    v.check_list(value, v.iri, "relevantTypes", CONTEXT)
    if not value:
        raise Problem(CONTEXT, "relevantTypes must not be empty.")


def _related(kind: str, name: str, check: v.Check) -> v.Check:
    rules: v.Rules = {"objectType": _word(kind, CONTEXT), name: check, "relevantTypes": _relevant_types}

    def one(value: Any) -> None:
        v.check_object(value, rules, {"objectType", name}, f"A {kind}", CONTEXT)

    def many(value: Any) -> None:
        v.check_list(value, one, f"{kind}s", CONTEXT)

    return many


_CONTEXT_RULES_1: Final[v.Rules] = {
    "registration": v.uuid,
    "instructor": actors.actor,
    "team": actors.group,
    "contextActivities": _context_activities,
    "revision": v.text("The revision", CONTEXT),
    "platform": v.text("The platform", CONTEXT),
    "language": v.language,
    "statement": statement_ref,
    "extensions": v.extensions,
}
_CONTEXT_RULES_2: Final[v.Rules] = {
    **_CONTEXT_RULES_1,
    "contextAgents": _related("contextAgent", "agent", actors.agent),
    "contextGroups": _related("contextGroup", "group", actors.group),
}


def _context(rules: v.Rules) -> v.Check:
    def check(value: Any) -> None:
        v.check_object(value, rules, frozenset(), "A context", CONTEXT)

    return check


# --- statements --------------------------------------------------------------------------------------


class _Rules:
    """The rules of one version of the specification."""

    def __init__(self, version: str) -> None:
        context = _context(_CONTEXT_RULES_2 if version[0] == "2" else _CONTEXT_RULES_1)

        def version_of(value: Any) -> None:
            if type(value) is not str or not formats.is_version(value, version):
                known = "1.0 or 1.0.x" if version[0] == "1" else "2.0.x or 1.0.x"
                raise Problem("1.0.3 Data 2.4.10; 2.0 4.2.4.3", f"The version must be {known}.")

        common: v.Rules = {
            "actor": actors.actor,
            "verb": actors.verb,
            "object": lambda value: None,  # checked by _check_object, which knows where it stands
            "result": a.result,
            "context": context,
            "timestamp": v.timestamp,
            "attachments": a.attachments,
        }
        self.sub: v.Rules = {**common, "objectType": _word("SubStatement", SUB)}
        self.top: v.Rules = {
            **common,
            "id": v.uuid,
            "stored": v.timestamp,
            "authority": actors.authority,
            "version": version_of,
        }


_RULES: Final = {"1": _Rules("1.0.3"), "2": _Rules("2.0.0")}
_NEEDED: Final = frozenset({"actor", "verb", "object"})


def check_statement(value: Any, version: str) -> None:
    """Check one statement by the rules of the request's version. Raises Problem."""
    rules = _RULES[version[0]]
    v.check_object(value, rules.top, _NEEDED, "A statement", STATEMENT)
    _check_object(value, rules, is_sub=False)


def _check_object(statement: Mapping[str, Any], rules: _Rules, *, is_sub: bool) -> None:
    target = statement["object"]
    try:
        if type(target) is not dict:
            raise Problem(OBJECT, "The object must be an object.")
        kind = target.get("objectType", "Activity")
        if kind == "Activity":
            a.activity(target)
        elif kind == "Agent":
            actors.agent(target)
        elif kind == "Group":
            actors.group(target)
        elif kind == "StatementRef":
            statement_ref(target)
        elif kind == "SubStatement" and not is_sub:
            v.check_object(target, rules.sub, _NEEDED, "A SubStatement", SUB)
            _check_object(target, rules, is_sub=True)
        elif kind == "SubStatement":
            raise Problem(SUB, "A SubStatement must not hold another one.", "objectType")
        else:
            raise Problem(OBJECT, "There is no such objectType.", "objectType")
    except Problem as problem:
        problem.path.insert(0, "object")
        raise
    if statement["verb"]["id"] == VOIDED and kind != "StatementRef":
        raise Problem(VOIDING, "What is voided must be named by a StatementRef.", "object")
    context = statement.get("context")
    if context and kind != "Activity":
        for name in ("revision", "platform"):
            if name in context:
                raise Problem(CONTEXT, f"“{name}” is only for statements about an activity.", "context", name)
