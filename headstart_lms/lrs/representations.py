"""The formats ``ids`` and ``canonical`` (1.0.3 Communication 2.1.3; 2.0 4.1.6.1). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from . import terms as t

Json = dict[str, Any]
_IFIS: Final = ("account", "mbox", "mbox_sha1sum", "openid")
_CONTEXT_LISTS: Final = (("contextAgents", "agent"), ("contextGroups", "group"))


def ids_only(statement: Mapping[str, Any]) -> Json:
    """Return a statement with no more of agents, verbs and activities than identifies them."""
    return rewrite(statement, _agent_id, lambda verb: {"id": verb["id"]}, _activity_id)


def canonical(
    statement: Mapping[str, Any], definitions: Mapping[str, Json], choose: Callable[[Mapping[str, str]], str]
) -> Json:
    """Return a statement with the store's own definitions of activities, each text in one language.

    ``choose`` picks the tag out of a language map by what the reader asked for.
    """

    def one_language(texts: Mapping[str, str]) -> dict[str, str]:
        if not texts:
            return {}
        tag = choose(texts)
        return {tag: texts[tag]}

    def activity(value: Mapping[str, Any]) -> Json:
        made = dict(value)
        definition = definitions.get(value["id"], value.get("definition"))
        if definition is not None:
            made["definition"] = _localized(definition, one_language)
        return made

    def verb(value: Mapping[str, Any]) -> Json:
        return {**value, "display": one_language(value["display"])} if "display" in value else dict(value)

    return rewrite(statement, dict, verb, activity)


def activity_ids(statement: Mapping[str, Any]) -> set[str]:
    """Return the IRIs of all activities in a statement."""
    found: set[str] = set()

    def collect(activity: Mapping[str, Any]) -> Json:
        found.add(activity["id"])
        return dict(activity)

    rewrite(statement, dict, dict, collect)
    return found


def _localized(definition: Mapping[str, Any], one: Callable[[Mapping[str, str]], dict[str, str]]) -> Json:
    made = dict(definition)
    for name in ("name", "description"):
        if name in made:
            made[name] = one(made[name])
    for name in ("choices", "scale", "source", "target", "steps"):
        if name in made:
            made[name] = [
                {**part, "description": one(part["description"])} if "description" in part else part
                for part in made[name]
            ]
    return made


def rewrite(
    statement: Mapping[str, Any],
    agent: Callable[[Mapping[str, Any]], Json],
    verb: Callable[[Mapping[str, Any]], Json],
    activity: Callable[[Mapping[str, Any]], Json],
) -> Json:
    made = dict(statement)
    made["actor"] = agent(made["actor"])
    made["verb"] = verb(made["verb"])
    target = made["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        made["object"] = activity(target)
    elif kind in ("Agent", "Group"):
        made["object"] = agent(target)
    elif kind == "SubStatement":
        made["object"] = rewrite(target, agent, verb, activity)
    if "authority" in made:
        made["authority"] = agent(made["authority"])
    if "context" in made:
        made["context"] = _rewrite_context(made["context"], agent, activity)
    return made


def _rewrite_context(
    context: Mapping[str, Any],
    agent: Callable[[Mapping[str, Any]], Json],
    activity: Callable[[Mapping[str, Any]], Json],
) -> Json:
    made = dict(context)
    for name in ("instructor", "team"):
        if name in made:
            made[name] = agent(made[name])
    for name, inner in _CONTEXT_LISTS:
        if name in made:
            made[name] = [{**one, inner: agent(one[inner])} for one in made[name]]
    if "contextActivities" in made:
        made["contextActivities"] = {
            name: [activity(one) for one in t.as_list(value)]
            for name, value in made["contextActivities"].items()
        }
    return made


def _agent_id(value: Mapping[str, Any]) -> Json:
    kept = {name: value[name] for name in ("objectType", *_IFIS) if name in value}
    if not any(name in value for name in _IFIS):
        kept["member"] = [_agent_id(member) for member in value.get("member", ())]
    return kept


def _activity_id(value: Mapping[str, Any]) -> Json:
    return {"id": value["id"]}
