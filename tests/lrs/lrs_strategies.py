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
timestamps = st.builds(
    lambda at, digits, offset: at.strftime("%Y").zfill(4) + at.strftime("-%m-%dT%H:%M:%S") + digits + offset,
    st.datetimes(),
    st.sampled_from(["", ".5", ".123456", ".123456789"]),
    st.sampled_from(["Z", "z", "+00:00", "+05:30", "-03:30", "+0100", "-05", "+14:00"]),
)
durations = st.sampled_from([
    "PT0S", "P3W", "P1Y2M3DT4H5M6.78S", "PT16559.14S", "P1D", "PT0.5M", "PT0,5H", "P0Y", "PT1H30M", "P1M", "P1.5W",
])  # fmt: skip
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
_patterns = st.lists(words, max_size=2)
_described = st.lists(
    some({"id": words}, description=language_maps), max_size=3, unique_by=lambda part: part["id"]
)


def _interaction(*names: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return some({"interactionType": st.sampled_from(names)}, correctResponsesPattern=_patterns, **parts)


_interactions: st.SearchStrategy[Json] = st.one_of(
    _interaction("choice", "sequencing", choices=_described),
    _interaction("likert", scale=_described),
    _interaction("matching", source=_components, target=_described),
    _interaction("performance", steps=_described),
    _interaction("true-false", "fill-in", "long-fill-in", "numeric", "other"),
    st.just({}),
)
definitions = st.builds(
    lambda interaction, rest: {**interaction, **rest},
    _interactions,
    some({}, name=language_maps, description=language_maps, type=iris, moreInfo=iris, extensions=extensions),
)
activities = some({"id": iris}, objectType=st.just("Activity"), definition=definitions)
statement_refs = st.fixed_dictionaries({"objectType": st.just("StatementRef"), "id": uuids})
_numbers = st.integers(-1000, 1000) | st.floats(-1000, 1000).map(lambda value: value + 0.0)
scores = st.one_of(
    st.builds(
        lambda scaled, bounds: {"scaled": scaled, "min": bounds[0], "raw": bounds[1], "max": bounds[2]},
        st.floats(-1, 1) | st.sampled_from([-1, 0, 1]),
        st.lists(_numbers, min_size=3, max_size=3, unique=True).map(sorted),
    ),
    some({}, scaled=st.floats(-1, 1)),
    st.fixed_dictionaries({"raw": _numbers}),
)
results = some(
    {}, score=scores, success=st.booleans(), completion=st.booleans(), response=words, duration=durations,
    extensions=extensions,
)  # fmt: skip
_activity_lists = st.lists(activities, max_size=2)
contexts = some(
    {}, registration=uuids | uuids.map(str.upper), instructor=agents | groups, team=groups, language=tags,
    statement=statement_refs,
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
         "sha2": st.from_regex(r"[0-9a-fA-F]{64}|[0-9a-f]{56}|[0-9a-f]{96}|[0-9a-f]{128}", fullmatch=True),
         "fileUrl": iris},
        description=language_maps,
    ),
    max_size=2,
)  # fmt: skip


_about_activities = some({}, revision=words, platform=words)


def _statements(
    context: st.SearchStrategy[Json], versions: tuple[str, ...], **more: st.SearchStrategy[Any]
) -> st.SearchStrategy[Json]:
    """Any statement: of every kind of actor and object, with a SubStatement or without, with everything optional."""
    named = agents.map(lambda one: {**one, "objectType": "Agent"})
    actors = agents | groups
    about_others = named | groups | statement_refs
    common = {"result": results, "timestamp": timestamps, "attachments": attachments}
    about_activity = st.builds(lambda one, rest: {**one, **rest}, context, _about_activities)

    def with_object(needed: dict[str, st.SearchStrategy[Any]], inner: st.SearchStrategy[Any] | None) -> Any:
        others = about_others if inner is None else about_others | inner
        outer = {} if inner is None else {"id": uuids, "version": st.sampled_from(versions), **more}
        base = {**needed, "actor": actors, "verb": verbs}
        return some({**base, "object": activities}, context=about_activity, **common, **outer) | some(
            {**base, "object": others}, context=context, **common, **outer
        )

    made: st.SearchStrategy[Json] = with_object(
        {}, with_object({"objectType": st.just("SubStatement")}, None)
    )
    return made


_authorities = agents | st.lists(agents, min_size=2, max_size=2).map(
    lambda both: {"objectType": "Group", "member": both}
)
statements = _statements(contexts, ("1.0", "1.0.0", "1.0.3"))
statements_2 = _statements(contexts_2, ("1.0.3", "2.0.0", "2.0"))
#: As a client may send them: with what the store writes itself.
sent_statements = _statements(contexts, ("1.0.0",), authority=_authorities, stored=timestamps)
sent_statements_2 = _statements(contexts_2, ("2.0.0",), authority=_authorities, stored=timestamps)
