"""State, profiles, agents and activities over HTTP."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from headstart_lms.kernel.db import in_transaction, transaction
from headstart_lms.lrs import documents, services
from headstart_lms.lrs.validator import parse_json

from .conftest import Caller
from .lrs_strategies import agent, statement

AMINA = json.dumps(agent("9b2f6c1e-3d52-4d0e-8a57-6f1f0b0c1d2e"))
PLACES: dict[str, tuple[str, dict[str, str]]] = {
    "state": ("/activities/state", {"activityId": "http://a.example/x", "agent": AMINA, "stateId": "s"}),
    "agent profile": ("/agents/profile", {"agent": AMINA, "profileId": "p"}),
    "activity profile": ("/activities/profile", {"activityId": "http://a.example/x", "profileId": "p"}),
}


class Place:
    """One document of one client."""

    def __init__(self, caller: Caller, kind: str) -> None:
        self.caller = caller
        self.path, self.query = PLACES[kind]

    def __call__(
        self, method: str, data: Any = None, headers: Mapping[str, str] | None = None, **query: str
    ) -> Any:
        kind = {"data": data, "content_type": "text/plain"} if isinstance(data, bytes) else {"json": data}
        options = kind if data is not None else {}
        return self.caller(
            method, self.path, headers=headers, query_string={**self.query, **query}, **options
        )

    def make(self, data: Any) -> Any:
        return self("PUT", data, {"If-None-Match": "*"})


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, lrs: Caller) -> Place:
    return Place(lrs, request.param)


@pytest.fixture(params=sorted(PLACES))
def place_2(request: pytest.FixtureRequest, make_caller: Callable[..., Caller]) -> Place:
    return Place(make_caller(version="2.0.0"), request.param)


def test_a_document_comes_back_with_type_etag_and_date(place: Place) -> None:
    assert place.make(b"\x00\xffbytes").status_code == 204
    response = place("GET")
    assert response.data == b"\x00\xffbytes"
    assert response.content_type == "text/plain"
    assert response.headers["ETag"] == f'"{hashlib.sha1(response.data, usedforsecurity=False).hexdigest()}"'
    assert response.headers["Last-Modified"].endswith("GMT")


def test_an_unknown_document_is_404(place: Place) -> None:
    assert place("GET").status_code == 404


def test_post_merges_the_top_level_of_json(place: Place) -> None:
    assert place("POST", {"a": {"x": 1}, "b": 2}).status_code == 204
    assert place("POST", {"a": {"y": 1}, "c": 3}).status_code == 204
    assert place("GET").json == {"a": {"y": 1}, "b": 2, "c": 3}


def test_post_refuses_what_cannot_be_merged_and_changes_nothing(place: Place) -> None:
    place.make({"a": 1})
    assert place("POST", b"text").status_code == 400
    assert place("POST", [1]).status_code == 400
    assert place("POST", b"{", {"Content-Type": "application/json"}).status_code == 400
    assert place("GET").json == {"a": 1}
    etag = place("GET").headers["ETag"]
    place("PUT", b"text", {"If-Match": etag})
    assert place("POST", {"a": 1}).status_code == 400
    assert place("GET").data == b"text"


def test_a_changed_document_is_not_overwritten_by_an_old_etag(place: Place) -> None:
    place.make({"v": 1})
    old = place("GET").headers["ETag"]
    assert place("PUT", {"v": 2}, {"If-Match": old}).status_code == 204
    for method in ("PUT", "POST", "DELETE"):
        assert place(method, {"v": 3} if method != "DELETE" else None, {"If-Match": old}).status_code == 412
    assert place("GET").json == {"v": 2}


def test_if_none_match_stores_only_a_new_document(place: Place) -> None:
    assert place.make({"v": 1}).status_code == 204
    assert place.make({"v": 2}).status_code == 412
    assert place("PUT", {"v": 2}, {"If-Match": "*"}).status_code == 204


def test_delete_takes_the_document_away(place: Place) -> None:
    place.make({"v": 1})
    assert place("DELETE").status_code == 204
    assert place("GET").status_code == 404
    assert place("DELETE").status_code == 204


def test_1_0_state_may_be_overwritten_without_an_etag_as_content_does(lrs: Caller) -> None:
    state = Place(lrs, "state")
    assert state("PUT", {"v": 1}).status_code == 204
    assert state("PUT", {"v": 2}).status_code == 204
    assert state("GET").json == {"v": 2}


@pytest.mark.parametrize("kind", ["agent profile", "activity profile"])
def test_1_0_profiles_want_a_header(lrs: Caller, kind: str) -> None:
    profile = Place(lrs, kind)
    assert profile("PUT", {"v": 1}).status_code == 400
    profile.make({"v": 1})
    refused = profile("PUT", {"v": 2})
    assert refused.status_code == 409
    assert "If-Match" in refused.json["title"]


def test_2_0_refuses_to_overwrite_without_an_etag(place_2: Place) -> None:
    assert place_2("PUT", {"v": 1}).status_code == 204
    assert place_2("PUT", {"v": 2}).status_code == 409
    assert place_2("GET").json == {"v": 1}


def test_two_that_put_with_the_same_etag_do_not_both_win(
    app: Flask, make_caller: Callable[..., Caller]
) -> None:
    places = [Place(make_caller(), "state") for _ in range(4)]
    places[0].make({"v": 0})
    etag = places[0]("GET").headers["ETag"]
    codes: list[int] = []
    threads = [
        threading.Thread(
            target=lambda n=n, p=p: codes.append(p("PUT", {"v": n}, {"If-Match": etag}).status_code)
        )
        for n, p in enumerate(places, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [204, 412, 412, 412]


@pytest.mark.parametrize("missing", ["activityId", "agent", "stateId"])
def test_state_needs_all_its_parameters(lrs: Caller, missing: str) -> None:
    path, query = PLACES["state"]
    less = {name: value for name, value in query.items() if name != missing}
    assert lrs("PUT", path, query_string=less, json={}).status_code == 400


def test_state_ids_are_listed_by_registration_and_since(lrs: Caller) -> None:
    state = Place(lrs, "state")
    registration = str(uuid4())
    state("PUT", {"v": 1}, stateId="one")
    state("PUT", {"v": 1}, stateId="two", registration=registration)
    query = {name: value for name, value in state.query.items() if name != "stateId"}
    assert lrs.get(state.path, **query).json == ["one", "two"]
    assert lrs.get(state.path, **query, registration=registration).json == ["two"]
    assert lrs.get(state.path, **query, since="2100-01-01T00:00:00Z").json == []
    assert lrs("DELETE", state.path, query_string={**query, "registration": registration}).status_code == 204
    assert lrs.get(state.path, **query).json == ["one"]
    assert lrs("DELETE", state.path, query_string=query).status_code == 204
    assert lrs.get(state.path, **query).json == []


def test_state_of_one_registration_is_not_that_of_another(lrs: Caller) -> None:
    state = Place(lrs, "state")
    state("PUT", {"v": 1}, registration=str(uuid4()))
    assert state("GET").status_code == 404


def test_two_spellings_of_a_registration_are_one(lrs: Caller) -> None:
    state = Place(lrs, "state")
    registration = str(uuid4())
    state("PUT", {"v": 1}, registration=registration.upper())
    assert state("GET", registration=registration).json == {"v": 1}


def test_profiles_need_an_id_to_be_deleted(lrs: Caller) -> None:
    assert lrs("DELETE", "/agents/profile", query_string={"agent": AMINA}).status_code == 400
    assert (
        lrs("DELETE", "/activities/profile", query_string={"activityId": "http://a.example/x"}).status_code
        == 400
    )


@pytest.mark.parametrize("change", [
    {"agent": "{}"}, {"agent": "x"}, {"activityId": "x"}, {"registration": "x"},
    {"stateId": ""}, {"stateId": "x" * 9000},
    {"stateId": "a\x00"}, {"more": "1"},
])  # fmt: skip
def test_parameters_that_mean_nothing_are_refused(lrs: Caller, change: dict[str, Any]) -> None:
    assert Place(lrs, "state")("GET", **change).status_code == 400


def test_tenants_see_nothing_of_one_another(place: Place, make_caller: Callable[..., Caller]) -> None:
    place.make({"v": 1})
    stranger = make_caller(tenant=uuid4())
    assert stranger.get(place.path, **place.query).status_code == 404


def test_erasing_a_person_takes_her_documents_along(app: Flask, lrs: Caller) -> None:
    from uuid import UUID

    state, profile = Place(lrs, "state"), Place(lrs, "agent profile")
    state("PUT", {"v": 1})
    profile.make({"v": 1})
    with app.app_context(), transaction() as current:
        services.erase_actor(current, UUID(json.loads(AMINA)["account"]["name"]))
    assert state("GET").status_code == profile("GET").status_code == 404


def test_an_activity_is_told_with_all_that_is_known_of_it(lrs: Caller) -> None:
    lrs.post(statement(object={"id": "http://a.example/x", "definition": {"name": {"en": "X"}}}))
    response = lrs.get("/activities", activityId="http://a.example/x")
    assert response.json == {
        "objectType": "Activity",
        "id": "http://a.example/x",
        "definition": {"name": {"en": "X"}},
    }
    assert lrs.get("/activities", activityId="http://a.example/new").json["id"] == "http://a.example/new"
    assert lrs.get("/activities", activityId="x").status_code == 400
    assert lrs.get("/activities").status_code == 400


def test_an_agent_is_told_as_a_person_with_the_names_seen(lrs: Caller) -> None:
    for name in ("Amina", "A. Haddad"):
        lrs.post(statement(actor={**agent("amina"), "name": name}))
    person = lrs.get("/agents", agent=json.dumps(agent("amina"))).json
    assert person == {
        "objectType": "Person", "account": [agent("amina")["account"]], "name": ["A. Haddad", "Amina"],
    }  # fmt: skip


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_document_is_read_before_others_wait_for_it(
    lrs: Caller, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    was_open: list[bool] = []
    real = parse_json

    def parse(*given: Any, **more: Any) -> Any:
        was_open.append(in_transaction())
        return real(*given, **more)

    monkeypatch.setattr(documents, "parse_json", parse)
    for value in ({"a": 1}, {"b": 2}):
        assert (
            lrs(method, "/activities/state", query_string=PLACES["state"][1], json=value).status_code == 204
        )
    assert was_open == [False, False]
