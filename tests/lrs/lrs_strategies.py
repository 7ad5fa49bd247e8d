"""Statements for tests: one by hand, and any valid one by hypothesis."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hypothesis import strategies as st

Json = dict[str, Any]


def statement(**changes: Any) -> Json:
    """Return a plain statement with a new id; None takes a property away."""
    made: Json = {
        "id": str(uuid4()),
        "actor": {"objectType": "Agent", "mbox": "mailto:amina@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced", "display": {"en": "experienced"}},
        "object": {"objectType": "Activity", "id": "https://learn.example/courses/one"},
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def agent(name: str, base: str = "https://learn.example") -> Json:
    return {"objectType": "Agent", "account": {"homePage": base, "name": name}}


# --- any valid statement ------------------------------------------

words = st.text(st.characters(codec="utf-8"), max_size=12)
iris = st.from_regex(r"https?://[a-z]{1,8}\.example/[a-zA-Z0-9/_.~-]{0,12}", fullmatch=True)
uuids = st.uuids().map(str)
tags = st.sampled_from(
    ["en", "de-AT", "ar", "zh-Hant-TW", "es-419", "sl-rozaj-biske", "x-private", "ckb-Arab"]
)
language_maps = st.dictionaries(tags, words, max_size=2)
timestamps = st.datetimes().map(
    lambda at: f"{at.replace(year=max(at.year, 1)).isoformat(timespec='microseconds')}Z"
)
durations = st.sampled_from(["PT0S", "P3W", "P1Y2M3DT4H5M6.78S", "PT16559.14S", "P1D", "PT0.5M"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
extensions = st.dictionaries(iris, json_values, max_size=2)


def some(
    needed: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]
) -> st.SearchStrategy[Json]:
    """Objects with the needed properties and any of the optional ones."""
    return st.fixed_dictionaries(needed, optional=optional)


_ifis = st.one_of(
    st.from_regex(r"mailto:[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True).map(
        lambda value: {"mbox": value}
    ),
    st.from_regex(r"[0-9a-f]{40}", fullmatch=True).map(lambda value: {"mbox_sha1sum": value}),
    iris.map(lambda value: {"openid": value}),
    st.builds(lambda page, name: {"account": {"homePage": page, "name": name}}, iris, words),
)
agents = st.builds(
    lambda ifi, rest: {**ifi, **rest}, _ifis, some({}, objectType=st.just("Agent"), name=words)
)
members = st.lists(agents, max_size=2)
groups = st.one_of(
    st.builds(
        lambda ifi, rest: {"objectType": "Group", **ifi, **rest}, _ifis, some({}, name=words, member=members)
    ),
    st.builds(lambda member: {"objectType": "Group", "member": member}, members),
)
verbs = some({"id": iris}, display=language_maps)
_components = st.lists(words, max_size=3, unique=True).map(lambda ids: [{"id": one} for one in ids])
_interactions: st.SearchStrategy[Json] = st.one_of(
    some(
        {"interactionType": st.just("choice")},
        choices=_components,
        correctResponsesPattern=st.lists(words, max_size=2),
    ),
    some({"interactionType": st.just("matching")}, source=_components, target=_components),
    some({"interactionType": st.sampled_from(["fill-in", "other", "numeric"])}),
    st.just({}),
)
definitions = st.builds(
    lambda interaction, rest: {**interaction, **rest},
    _interactions,
    some({}, name=language_maps, description=language_maps, type=iris, moreInfo=iris, extensions=extensions),
)
activities = some({"id": iris}, objectType=st.just("Activity"), definition=definitions)
statement_refs = st.fixed_dictionaries({"objectType": st.just("StatementRef"), "id": uuids})
scores = st.builds(
    lambda scaled, bounds: {"scaled": scaled, "min": bounds[0], "raw": bounds[1], "max": bounds[2]},
    st.floats(-1, 1),
    st.lists(st.integers(-1000, 1000), min_size=3, max_size=3, unique=True).map(sorted),
)
results = some(
    {}, score=scores, success=st.booleans(), completion=st.booleans(), response=words, duration=durations,
    extensions=extensions,
)  # fmt: skip
_activity_lists = st.lists(activities, max_size=2)
contexts = some(
    {}, registration=uuids, instructor=agents | groups, team=groups, language=tags, statement=statement_refs,
    contextActivities=some(
        {}, parent=_activity_lists, grouping=_activity_lists, category=_activity_lists, other=_activity_lists
    ),
    extensions=extensions,
)  # fmt: skip
contexts_2 = st.builds(
    lambda context, rest: {**context, **rest},
    contexts,
    some(
        {},
        contextAgents=st.lists(
            some({"objectType": st.just("contextAgent"), "agent": agents},
                 relevantTypes=st.lists(iris, min_size=1, max_size=2)), max_size=2),
        contextGroups=st.lists(
            st.fixed_dictionaries({"objectType": st.just("contextGroup"), "group": groups}), max_size=1),
    ),
)  # fmt: skip
attachments = st.lists(
    some(
        {"usageType": iris, "display": language_maps, "contentType": st.just("text/plain; charset=utf-8"),
         "length": st.integers(0, 10**9),
         "sha2": st.from_regex(r"[0-9a-f]{64}", fullmatch=True), "fileUrl": iris},
        description=language_maps,
    ),
    max_size=2,
)  # fmt: skip


def _statements(context: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    common = {"result": results, "context": context, "timestamp": timestamps, "attachments": attachments}
    named = agents.map(lambda one: {**one, "objectType": "Agent"})
    plain = activities | named | groups | statement_refs
    sub = some(
        {"objectType": st.just("SubStatement"), "actor": agents | groups, "verb": verbs, "object": plain},
        **common,
    )
    return some({"actor": agents | groups, "verb": verbs, "object": plain | sub}, id=uuids, **common)


statements = _statements(contexts)
statements_2 = _statements(contexts_2)
