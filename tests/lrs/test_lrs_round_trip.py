"""Whatever the validator takes is stored and comes back equal; whatever is changed for the worse is refused."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from headstart_lms.lrs.validator import InvalidStatement, check_batch

from .conftest import Caller
from .lrs_strategies import Json, sent_statements, sent_statements_2, statement, statements, statements_2
from .test_lrs_statements_api import multipart, part

SLOW = settings(
    deadline=None, max_examples=20,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
    ],
)  # fmt: skip
#: What the store adds or writes itself (1.0.3 Data 2.4.7 to 2.4.10).
ADDED = {"id", "stored", "authority", "version", "timestamp"}


@pytest.fixture(params=["1.0.3", "2.0.0"])
def caller(request: pytest.FixtureRequest, make_caller: Callable[..., Caller]) -> Caller:
    return make_caller(version=request.param)


def expected(caller: Caller, sent: Json, kept: Json) -> Json:
    """Return what must come back: what was sent, with what the store adds."""
    made = {name: value for name, value in sent.items() if name not in ("stored", "authority")}
    made["authority"] = kept["authority"]
    made["stored"] = kept["stored"]
    made.setdefault("id", kept["id"])
    made.setdefault("timestamp", kept["stored"])
    made.setdefault("version", "1.0.0" if caller.version == "1.0.3" else "2.0.0")
    return made


@SLOW
@given(data=st.data())
def test_a_batch_comes_back_equal_over_http(caller: Caller, data: st.DataObject) -> None:
    any_one = sent_statements if caller.version == "1.0.3" else sent_statements_2
    batch = data.draw(st.lists(any_one, min_size=1, max_size=3))
    for one in batch:
        one.pop("id", None)  # the same id with other content, drawn again, would be a conflict
    batch[0]["id"] = str(uuid4())
    answer = caller("POST", "/statements", json=batch)
    assert answer.status_code == 200, answer.json
    for one, id_ in zip(batch, answer.json, strict=True):
        kept = caller.get("/statements", statementId=id_).json
        assert kept == expected(caller, one, kept)
        assert kept["authority"]["account"]["name"] == f"client:{caller.key}"
        assert kept.keys() - one.keys() <= ADDED
    page = caller.get("/statements", limit=str(len(batch))).json["statements"]
    assert [one["id"] for one in page] == answer.json[::-1]
    assert [set(map(str, one)) for one in page] == [
        set(caller.get("/statements", statementId=id_).json) for id_ in answer.json[::-1]
    ]


@SLOW
@given(data=st.data())
def test_a_put_and_the_same_again_change_nothing(caller: Caller, data: st.DataObject) -> None:
    made = data.draw(statements if caller.version == "1.0.3" else statements_2)
    made["id"] = str(uuid4())
    query = {"statementId": made["id"]}
    assert caller("PUT", "/statements", query_string=query, json=made).status_code == 204
    first = caller.get("/statements", **query).data
    assert caller("PUT", "/statements", query_string=query, json=made).status_code == 204
    assert caller.get("/statements", **query).data == first
    kept = json.loads(first)
    # what came back may be sent on to another store, and back
    assert caller("POST", "/statements", json=kept).status_code == 200
    assert caller.get("/statements", **query).data == first


@SLOW
@given(
    content=st.binary(max_size=300),
    size=st.sampled_from(["sha224", "sha256", "sha384", "sha512"]),
    nested=st.booleans(),
)
def test_an_attachment_comes_back_with_any_bytes_and_any_sha_2(
    caller: Caller, content: bytes, size: str, nested: bool
) -> None:
    sha2 = hashlib.new(size, content).hexdigest()
    attachment = {
        "usageType": "http://u.example/x", "display": {"en": "x"}, "contentType": "application/octet-stream",
        "length": len(content), "sha2": sha2,
    }  # fmt: skip
    made = statement(attachments=[attachment])
    if nested:
        inner = {name: value for name, value in made.items() if name != "id"}
        made = statement(object={**inner, "objectType": "SubStatement"})
    assert multipart(caller, made, part(content, sha2), boundary="b" + uuid4().hex).status_code == 200
    answer = caller.get("/statements", statementId=made["id"], attachments="true")
    boundary = answer.content_type.partition("boundary=")[2].strip('"').encode()
    pieces = answer.data.split(b"--" + boundary)
    assert pieces[2].partition(b"\r\n\r\n")[2] == content + b"\r\n"


@SLOW
@given(data=st.data())
def test_a_single_context_activity_comes_back_as_a_list(caller: Caller, data: st.DataObject) -> None:
    """The one thing that is rewritten: clients before 1.0 sent an object (1.0.3 Data 2.4.6.2)."""
    iri = data.draw(st.sampled_from(["http://a.example/1", "http://a.example/2"]))
    kind = data.draw(st.sampled_from(["parent", "grouping", "category", "other"]))
    made = statement(context={"contextActivities": {kind: {"id": iri}}})
    caller.post(made)
    kept = caller.get("/statements", statementId=made["id"]).json
    assert kept["context"] == {"contextActivities": {kind: [{"id": iri}]}}
    assert caller.post(made).status_code == 200


@SLOW
@given(data=st.data())
def test_a_stored_statement_is_found_by_what_stands_in_it(caller: Caller, data: st.DataObject) -> None:
    made = data.draw(statements if caller.version == "1.0.3" else statements_2)
    made["id"] = str(uuid4())
    made.setdefault("context", {})["registration"] = str(uuid4())
    assert caller.post(made).status_code == 200
    queries = [{"verb": made["verb"]["id"]}, {"registration": made["context"]["registration"]}]
    actor = {name: value for name, value in made["actor"].items() if name in IFIS or name == "objectType"}
    if IFIS & actor.keys():
        queries.append({"agent": json.dumps(actor)})
    if made["object"].get("objectType", "Activity") == "Activity":
        queries.append({"activity": made["object"]["id"]})
    for query in queries:
        found = caller.get("/statements", limit="1", **query).json["statements"]
        assert [one["id"] for one in found] == [made["id"]], quote(str(query))


IFIS = {"account", "mbox", "mbox_sha1sum", "openid"}


# --- changes for the worse ---------------------------------------------------------------------------------


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield (path, value) of all that rules are about; what stands inside extensions is anybody's."""
    if path:
        yield path, value
    if path and path[-1] == "extensions":
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def pointer(path: tuple[Any, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


MAPS = {"display", "description", "name"}
#: property -> values of the right JSON type that break its format
WRONG: dict[str, tuple[Any, ...]] = {
    "mbox": ("a@b.example", "mailto:", "mailto:a@b@c", ""), "mbox_sha1sum": ("0" * 39, "g" * 40),
    "openid": ("no iri", ""), "homePage": ("a.example", "http://a.example/<"),
    "registration": ("1", "urn:uuid:6b1c4a6c-9d0f-4f0e-9c55-0a5b1f5e9d11"),
    "timestamp": ("2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00-00:00", "2026-13-01T00:00:00Z"),
    "duration": ("1H", "PT", "P1H", "P1Y1W"), "language": ("e", "en_US", ""),
    "contentType": ("text", "text/", "a b/c"), "sha2": ("0" * 63, "g" * 64), "fileUrl": ("file", "http://a b"),
    "usageType": ("x", ""), "type": ("quiz",), "moreInfo": ("here",), "length": (-1, 1.5, True),
    "success": ("true", 1), "completion": ("false", 0), "objectType": ("nothing", "activity", ""),
    "interactionType": ("guess", ""), "version": ("0.9", "1.1.0", "3.0", ""), "scaled": (1.0001, -2, "1"),
    "raw": ("1", True), "min": ("1", True), "max": ("1", True), "response": (1, ["a"]), "revision": (1,),
    "platform": (True,),
}  # fmt: skip
#: Objects that need all of these.
NEEDED: tuple[set[str], ...] = (
    {"usageType", "display", "contentType", "length", "sha2"}, {"homePage", "name"}, {"actor", "verb", "object"},
)  # fmt: skip


def refused_at(made: Json, where: str, version: str, *, exactly: bool = True) -> None:
    good = statement()
    with pytest.raises(InvalidStatement) as caught:
        check_batch([good, made], version)
    assert caught.value.index == 1
    assert ("1.0.3 Data" in caught.value.clause) or ("2.0 4" in caught.value.clause)
    if exactly:
        assert caught.value.pointer == where
    else:
        assert where.startswith(caught.value.pointer) or caught.value.pointer.startswith(
            where.rpartition("/")[0]
        )


def change(made: Json, path: tuple[Any, ...], new: Any) -> Json:
    changed = copy.deepcopy(made)
    value: Any = changed
    for step in path[:-1]:
        value = value[step]
    if new is ...:
        del value[path[-1]]
    else:
        value[path[-1]] = new
    return changed


MUTATED = settings(
    deadline=None, max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip
VERSIONED = [("1.0.3", statements), ("2.0.0", statements_2)]
by_version = pytest.mark.parametrize("version, any_one", VERSIONED, ids=["1.0.3", "2.0.0"])


@by_version
@MUTATED
@given(data=st.data())
def test_a_value_of_the_wrong_format_is_named_with_its_place(
    version: str, any_one: st.SearchStrategy[Json], data: st.DataObject
) -> None:
    made = data.draw(any_one)
    found = [path for path, _ in places(made) if path[-1] in WRONG and not MAPS & set(map(str, path[:-1]))]
    assume(found)
    path = data.draw(st.sampled_from(found))
    wrong = data.draw(st.sampled_from(WRONG[path[-1]]))
    changed = change(made, path, wrong)
    # a wrong word for what an object is makes its other properties wrong too: they may stand before it
    refused_at(changed, pointer(path), version, exactly=path[-1] not in ("objectType", "interactionType"))


@by_version
@MUTATED
@given(data=st.data())
def test_null_is_named_with_its_place(
    version: str, any_one: st.SearchStrategy[Json], data: st.DataObject
) -> None:
    made = data.draw(any_one)
    path, _ = data.draw(st.sampled_from(list(places(made))))
    refused_at(
        change(made, path, None),
        pointer(path),
        version,
        exactly=path[-1] not in ("objectType", "interactionType"),
    )


@by_version
@MUTATED
@given(data=st.data())
def test_a_needed_property_that_is_missing_is_named_by_its_object(
    version: str, any_one: st.SearchStrategy[Json], data: st.DataObject
) -> None:
    made = data.draw(any_one)
    found = [
        (path, name)
        for path, value in [((), made), *places(made)]
        if isinstance(value, dict) and not MAPS & set(map(str, path)) and "extensions" not in path
        for needed in NEEDED
        if needed <= value.keys()
        for name in needed
    ]
    found += [
        (path, "id")
        for path, value in places(made)
        if path[-1] in ("verb", "object", "statement") and isinstance(value, dict) and "id" in value
    ]
    path, name = data.draw(st.sampled_from(found))
    refused_at(change(made, (*path, name), ...), pointer(path), version)


@by_version
@MUTATED
@given(data=st.data())
def test_a_second_identifier_or_none_is_refused(
    version: str, any_one: st.SearchStrategy[Json], data: st.DataObject
) -> None:
    made = data.draw(any_one)
    people = [
        (path, value)
        for path, value in places(made)
        if isinstance(value, dict) and IFIS & value.keys() and "extensions" not in path
    ]
    assume(people)
    path, person = data.draw(st.sampled_from(people))
    other = "openid" if "openid" not in person else "mbox"
    more = change(made, (*path, other), "http://o.example/" if other == "openid" else "mailto:a@b.example")
    refused_at(more, pointer(path), version)
    if "member" not in person:
        own = next(iter(IFIS & person.keys()))
        refused_at(change(made, (*path, own), ...), pointer(path), version)


@by_version
@MUTATED
@given(data=st.data(), word=st.sampled_from(["x", "Actor", "id ", "stored_", "objecttype"]))
def test_an_unknown_property_is_named_with_its_place(
    version: str, any_one: st.SearchStrategy[Json], data: st.DataObject, word: str
) -> None:
    made = data.draw(any_one)
    maps = {"display", "description", "extensions"}
    objects = [
        path
        for path, value in [((), made), *places(made)]
        if isinstance(value, dict)
        and not (path and (path[-1] in maps or path[-2:] == ("definition", "name")))
    ]
    path = (*data.draw(st.sampled_from(objects)), word)
    refused_at(change(made, path, 1), pointer(path), version)


@SLOW
@given(data=st.data())
def test_over_http_a_refused_batch_names_statement_place_and_clause_and_stores_nothing(
    caller: Caller, data: st.DataObject
) -> None:
    made = data.draw(statements)
    made.pop("id", None)
    made["id"] = str(uuid4())
    path, _ = data.draw(st.sampled_from([one for one in places(made) if one[0][-1] != "objectType"]))
    assume(path[-1] != "interactionType")
    before = statement()
    answer = caller("POST", "/statements", json=[before, change(made, path, None)])
    assert answer.status_code == 400
    assert (answer.json["index"], answer.json["pointer"]) == (1, pointer(path))
    assert answer.json["clause"] in answer.json["title"]
    assert caller.get("/statements", statementId=before["id"]).status_code == 404
