"""The statements resource over HTTP."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from flask import Flask

from headstart_lms.kernel.db import transaction
from headstart_lms.lrs import postings, services
from headstart_lms.xapi import build

from .conftest import TENANT, Caller
from .lrs_strategies import Json, agent, statement

VERSION = "X-Experience-API-Version"
THROUGH = "X-Experience-API-Consistent-Through"


def ids(found: list[Json]) -> list[str]:
    return [one["id"] for one in found]


# --- version ------------------------------------------


@pytest.mark.parametrize(
    "sent, said",
    [
        ("1.0", "1.0.3"),
        ("1.0.0", "1.0.3"),
        ("1.0.3", "1.0.3"),
        ("1.0.9", "1.0.3"),
        ("2.0", "2.0.0"),
        ("2.0.0", "2.0.0"),
    ],
)
def test_the_answer_speaks_the_version_of_the_request(lrs: Caller, sent: str, said: str) -> None:
    response = lrs("GET", "/statements", headers={VERSION: sent})
    assert response.status_code == 200
    assert response.headers[VERSION] == said


@pytest.mark.parametrize("sent", ["", "0.9", "0.95", "1.1.0", "3.0.0", "x", "1.0.3.4"])
def test_other_versions_are_refused_with_the_configured_version(lrs: Caller, sent: str) -> None:
    response = lrs("GET", "/statements", headers={VERSION: sent})
    assert response.status_code == 400
    assert response.headers[VERSION] == "0.95"


def test_about_needs_neither_key_nor_version(app: Flask) -> None:
    response = app.test_client().get("/xapi/about")
    assert response.get_json()["version"] == ["2.0.0", "1.0.3", "1.0.2", "1.0.1", "1.0.0"]


def test_about_tells_a_1_0_client_of_1_0_only(app: Flask) -> None:
    response = app.test_client().get("/xapi/about", headers={VERSION: "1.0.3"})
    assert "2.0.0" not in response.get_json()["version"]


# --- writing ------------------------------------------


def test_put_then_get_gives_the_statement_back(lrs: Caller) -> None:
    made = statement(
        result={"score": {"scaled": 0.1234567890123}, "extensions": {"http://e.example/x": None}}
    )
    assert lrs("PUT", "/statements", query_string={"statementId": made["id"]}, json=made).status_code == 204
    response = lrs.get("/statements", statementId=made["id"])
    assert {name: response.json[name] for name in made} == made
    assert response.json["authority"]["account"]["name"] == f"client:{lrs.key}"
    assert response.headers["Last-Modified"].endswith("GMT")


def test_post_answers_with_the_ids_in_order(lrs: Caller) -> None:
    made = [statement() for _ in range(5)]
    assert lrs.post(*made).json == ids(made)


def test_put_needs_the_id_and_only_one_statement(lrs: Caller) -> None:
    made = statement()
    assert lrs("PUT", "/statements", json=made).status_code == 400
    assert lrs("PUT", "/statements", query_string={"statementId": str(uuid4())}, json=made).status_code == 400
    assert lrs("PUT", "/statements", query_string={"statementId": made["id"]}, json=[made]).status_code == 400
    assert lrs("PUT", "/statements", query_string={"statementId": "x"}, json=made).status_code == 400


def test_an_authority_that_was_sent_is_replaced(lrs: Caller) -> None:
    made = statement(authority=agent("somebody"), stored="2001-01-01T00:00:00Z")
    lrs.post(made)
    kept = lrs.get("/statements", statementId=made["id"]).json
    assert kept["authority"]["account"]["name"] == f"client:{lrs.key}"
    assert not kept["stored"].startswith("2001")


def test_a_replay_is_quiet_and_a_change_is_a_conflict(lrs: Caller) -> None:
    made = statement()
    assert lrs.post(made).status_code == 200
    assert lrs.post(made).status_code == 200
    changed = lrs.post({**made, "result": {"success": True}})
    assert changed.status_code == 409
    assert changed.json["code" if "code" in changed.json else "type"].endswith("conflict")


def test_an_error_names_statement_pointer_and_clause(lrs: Caller) -> None:
    response = lrs.post(statement(), statement(verb={"id": "x"}))
    assert response.status_code == 400
    assert response.json["index"] == 1
    assert response.json["pointer"] == "/verb/id"
    assert "1.0.3 Data 4.1" in response.json["clause"]
    assert response.content_type == "application/problem+json"


def test_what_a_client_stores_is_never_ours(app: Flask, lrs: Caller) -> None:
    context = build.Context("https://learn.example", uuid4(), uuid4(), uuid4(), "1.0", "ar")
    from datetime import UTC, datetime

    forged = build.finished_test(
        context, uuid4(), blueprint_id="final", score=1, passed=True, at=datetime.now(UTC)
    )
    assert lrs.post({**forged, "authority": build.authority("https://learn.example")}).status_code == 200
    with app.app_context(), transaction() as current:
        assert list(services.statements_of(current, registration=context.registration)) == []


def test_voiding_one_of_our_own_statements_is_refused(app: Flask, lrs: Caller) -> None:
    made = statement()
    with app.app_context(), transaction() as current:
        services.store(current, [made], authority=agent("installation"), tenant=TENANT, trusted=True)
    voiding = statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
        object={"objectType": "StatementRef", "id": made["id"]},
    )
    assert lrs.post(voiding).status_code == 403
    assert lrs.get("/statements", statementId=made["id"]).status_code == 200


# --- reading ------------------------------------------


def test_head_is_get_without_a_body(lrs: Caller) -> None:
    made = statement()
    lrs.post(made)
    got, head = (
        lrs.get("/statements", statementId=made["id"]),
        lrs("HEAD", "/statements", query_string={"statementId": made["id"]}),
    )
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["Last-Modified"] == got.headers["Last-Modified"]
    assert int(head.headers["Content-Length"]) == len(got.data)


def test_every_filter_finds_what_fits_and_nothing_else(lrs: Caller) -> None:
    registration = str(uuid4())
    made = statement(
        actor=agent("amina"), verb={"id": "http://v.example/special"}, object={"id": "http://a.example/special"},
        context={"registration": registration,
                 "instructor": agent("bruno"),
                 "contextActivities": {"grouping": [{"id": "http://a.example/course"}]}},
    )  # fmt: skip
    lrs.post(made)
    lrs.post(statement())

    def found(**query: str) -> list[str]:
        return ids(lrs.all(**query))

    for query in (
        {"agent": json.dumps(agent("amina"))}, {"verb": "http://v.example/special"},
        {"activity": "http://a.example/special"}, {"registration": registration},
        {"registration": registration.upper()},
        {"activity": "http://a.example/course", "related_activities": "true"},
        {"agent": json.dumps(agent("bruno")), "related_agents": "true"},
        {"agent": json.dumps(agent(f"client:{lrs.key}")), "related_agents": "true", "verb": "http://v.example/special"},
        {"agent": json.dumps(agent("amina")), "verb": "http://v.example/special",
         "registration": registration},
    ):  # fmt: skip
        assert found(**query) == [made["id"]], query
    for query in (
        {"activity": "http://a.example/course"}, {"agent": json.dumps(agent("bruno"))},
        {"verb": "http://v.example/special", "activity": "http://learn.example/courses/one"},
        {"agent": json.dumps(agent("nobody"))},
    ):  # fmt: skip
        assert found(**query) == [], query


def test_members_and_objects_are_found_by_agent_and_a_substatement_only_as_related(lrs: Caller) -> None:
    wanted = json.dumps(agent("amina"))
    group = {"objectType": "Group", "member": [agent("amina"), agent("x")]}
    member, target = statement(actor=group), statement(object=agent("amina"))
    sub = {
        "objectType": "SubStatement",
        "actor": agent("amina"),
        "verb": {"id": "http://v.example"},
        "object": {"id": "http://a.example"},
    }
    lrs.post(member, target, statement(object=sub))
    assert len(lrs.all(agent=wanted)) == 2
    assert len(lrs.all(agent=wanted, related_agents="true")) == 3


def test_since_and_until_cut_exactly(lrs: Caller) -> None:
    made = [statement() for _ in range(6)]
    lrs.post(*made)
    stored = [one["stored"] for one in lrs.all(ascending="true")]
    assert ids(lrs.all(since=stored[2], ascending="true")) == ids(made)[3:]
    assert ids(lrs.all(until=stored[2], ascending="true")) == ids(made)[:3]
    assert ids(lrs.all(since=stored[0], until=stored[3], limit="1")) == ids(made)[3:0:-1]
    assert lrs.all(since="2100-01-01T00:00:00Z") == []


def test_newest_come_first_unless_ascending(lrs: Caller) -> None:
    made = [statement() for _ in range(3)]
    for one in made:
        lrs.post(one)
    assert ids(lrs.all()) == ids(made)[::-1]
    assert ids(lrs.all(ascending="true")) == ids(made)


@pytest.mark.parametrize("query", [
    {"limit": "-1"}, {"limit": "x"}, {"limit": "1.5"}, {"ascending": "True"},
    {"related_agents": "1"}, {"format": "xml"},
    {"since": "yesterday"}, {"verb": "did"}, {"registration": "1"}, {"agent": "{}"}, {"agent": "amina"},
    {"agent": '{"objectType": "Group", "member": []}'}, {"Verb": "http://v.example"}, {"statementid": "x"},
    {"cursor": "AAAA"}, {"cursor": "ä"}, {"statementId": "x"}, {"attachments": "yes"},
    {"statementId": str(uuid4()), "verb": "http://v.example"},
    {"statementId": str(uuid4()), "voidedStatementId": str(uuid4())},
])  # fmt: skip
def test_parameters_that_mean_nothing_are_refused(lrs: Caller, query: dict[str, str]) -> None:
    assert lrs.get("/statements", **query).status_code == 400


def test_a_parameter_twice_is_refused(lrs: Caller) -> None:
    assert lrs("GET", "/statements?limit=1&limit=2").status_code == 400


def test_an_unknown_statement_is_404(lrs: Caller) -> None:
    assert lrs.get("/statements", statementId=str(uuid4())).status_code == 404
    assert lrs.get("/statements", voidedStatementId=str(uuid4())).status_code == 404


def test_a_plus_in_since_that_was_not_escaped_is_understood(lrs: Caller) -> None:
    assert lrs("GET", "/statements?since=2026-01-01T00:00:00+01:00").status_code == 200


# --- formats ------------------------------------------


def test_ids_gives_only_what_identifies(lrs: Caller) -> None:
    named = {**agent("amina"), "name": "Amina"}
    made = statement(
        actor={"objectType": "Group", "name": "Class", "member": [named]},
        object={"objectType": "Activity", "id": "http://a.example", "definition": {"name": {"en": "x"}}},
    )
    lrs.post(made)
    found = lrs.get("/statements", format="ids").json["statements"][0]
    assert found["actor"] == {"objectType": "Group", "member": [agent("amina")]}
    assert found["object"] == {"id": "http://a.example"}
    assert found["verb"] == {"id": made["verb"]["id"]}


def test_canonical_chooses_one_language_by_what_the_reader_accepts(lrs: Caller) -> None:
    texts = {"en": "Greeting", "de": "Gruß", "ar": "تحية"}
    lrs.post(statement(object={"id": "http://a.example", "definition": {"name": texts}}))

    def name(accept: str) -> Any:
        got = lrs(
            "GET", "/statements", query_string={"format": "canonical"}, headers={"Accept-Language": accept}
        )
        return got.json["statements"][0]["object"]["definition"]["name"]

    assert name("ar, en;q=0.5") == {"ar": "تحية"}
    assert name("de-AT") == {"de": "Gruß"}
    assert name("fr") == {"en": "Greeting"}


def test_exact_gives_the_bytes_that_were_stored(lrs: Caller) -> None:
    odd = '{"b":1.50,"a":[1e2,"\\u00e9"],"z":null}'
    made = statement()
    body = json.dumps(made)[:-1] + ',"context":{"extensions":{"http://e.example/x":' + odd + "}}}"
    lrs("POST", "/statements", data=body, content_type="application/json")
    one = lrs.get("/statements", statementId=made["id"])
    page = lrs.get("/statements")
    assert one.json["context"]["extensions"]["http://e.example/x"] == json.loads(odd)
    assert one.data in page.data


# --- more ------------------------------------------


def test_more_goes_through_everything_once(lrs: Caller) -> None:
    made = [statement() for _ in range(23)]
    lrs.post(*made)
    assert ids(lrs.all(limit="5")) == ids(made)[::-1]
    assert ids(lrs.all(limit="5", ascending="true", verb=made[0]["verb"]["id"])) == ids(made)


def test_a_full_last_page_has_no_more(lrs: Caller) -> None:
    lrs.post(*[statement() for _ in range(4)])
    second = lrs("GET", lrs.get("/statements", limit="2").json["more"]).json
    assert len(second["statements"]) == 2
    assert second["more"] == ""


def test_a_walk_does_not_see_what_is_written_meanwhile(lrs: Caller) -> None:
    made = [statement() for _ in range(6)]
    lrs.post(*made)
    page = lrs.get("/statements", limit="4", ascending="true").json
    lrs.post(statement())
    rest = lrs("GET", page["more"]).json
    assert ids(page["statements"] + rest["statements"]) == ids(made)
    assert rest["more"] == ""


def test_a_walk_passes_over_what_is_voided_meanwhile(lrs: Caller) -> None:
    made = [statement() for _ in range(60)]
    lrs.post(*made)
    page = lrs.get("/statements", limit="2", ascending="true", verb=made[0]["verb"]["id"]).json
    lrs.post(*[
        statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
                  object={"objectType": "StatementRef", "id": one["id"]})
        for one in made[2:55]
    ])  # fmt: skip
    found = page["statements"]
    while page["more"]:
        page = lrs("GET", page["more"]).json
        found += page["statements"]
    assert ids(found) == ids(made)[:2] + ids(made)[55:]


def test_a_more_link_that_was_changed_is_refused(lrs: Caller) -> None:
    lrs.post(*[statement() for _ in range(3)])
    more = lrs.get("/statements", limit="1").json["more"]
    assert lrs("GET", more[:-3] + "AAA").status_code == 400
    assert lrs("GET", more + "&limit=2").status_code == 400


def test_a_more_link_shows_another_client_only_what_is_its_own(
    lrs: Caller, make_caller: Callable[..., Caller]
) -> None:
    lrs.post(*[statement() for _ in range(3)])
    more = lrs.get("/statements", limit="1").json["more"]
    stranger = make_caller(tenant=uuid4())
    assert stranger("GET", more).json["statements"] == []


def test_pollers_and_walkers_lose_and_repeat_nothing_while_others_write(
    app: Flask, make_caller: Callable[..., Caller]
) -> None:
    writers = [make_caller() for _ in range(4)]
    poller, walker = make_caller(), make_caller()
    written: list[str] = []
    failures: list[int] = []
    done = threading.Event()

    def write(caller: Caller) -> None:
        for _ in range(12):
            made = [statement(verb={"id": f"http://v.example/{uuid4()}"}), statement()]
            response = caller.post(*made)
            if response.status_code != 200:
                failures.append(response.status_code)
            written.extend(ids(made))

    seen: list[str] = []

    def poll() -> None:
        since = "2000-01-01T00:00:00Z"
        last = False
        while True:
            page = poller.get("/statements", since=since, ascending="true", limit="7").json["statements"]
            seen.extend(ids(page))
            if page:
                since = page[-1]["stored"]
            elif last:
                return
            last = done.is_set()
            time.sleep(0.005)

    walks: list[list[str]] = []

    def walk() -> None:
        while not done.is_set():
            walks.append(ids(walker.all(limit="9")))

    readers = [threading.Thread(target=poll), threading.Thread(target=walk)]
    threads = [threading.Thread(target=write, args=(caller,)) for caller in writers]
    for thread in readers + threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()
    assert failures == []
    assert len(seen) == len(set(seen)) == len(written) == 96
    assert set(seen) == set(written)
    for walked in walks:
        assert len(walked) == len(set(walked))
        # a walk is the order of storing backwards, without holes
        start = seen.index(walked[0]) if walked else 0
        assert walked == seen[: start + 1][::-1] if walked else True


# --- consistent through ------------------------------------------


def test_every_statements_answer_says_how_far_it_is_complete(lrs: Caller) -> None:
    made = statement()
    posted = lrs.post(made)
    stored = lrs.get("/statements", statementId=made["id"]).json["stored"]
    assert posted.headers[THROUGH] >= stored
    assert lrs.get("/statements", limit="x").headers[THROUGH] >= stored
    assert lrs("GET", "/statements", headers={"Authorization": "Basic x"}).headers[THROUGH] >= stored


def test_a_write_that_is_under_way_holds_the_promise_back(app: Flask, lrs: Caller) -> None:
    lrs.post(statement())
    stored = lrs.all()[0]["stored"]
    started, finish = threading.Event(), threading.Event()

    def write() -> None:
        with app.app_context(), transaction() as current:
            services.store(current, [statement()], authority=agent("x"), tenant=TENANT, trusted=True)
            started.set()
            finish.wait(10)

    thread = threading.Thread(target=write)
    thread.start()
    started.wait(10)
    during = lrs.get("/statements").headers[THROUGH]
    finish.set()
    thread.join()
    after = lrs.get("/statements").headers[THROUGH]
    assert during == stored
    assert after > stored


# --- alternate request syntax ------------------------------------------


def form(caller: Caller, method: str, path: str = "/statements", **fields: str) -> Any:
    return caller("POST", f"{path}?method={method}", data=fields)


def test_1_0_takes_a_form_for_a_request(lrs: Caller) -> None:
    made = statement()
    assert form(lrs, "PUT", statementId=made["id"], content=json.dumps(made)).status_code == 204
    assert ids(form(lrs, "GET", limit="1").json["statements"]) == [made["id"]]


def test_headers_may_stand_in_the_form(app: Flask, lrs: Caller) -> None:
    import base64

    basic = base64.b64encode(f"{lrs.key}:{lrs.secret}".encode()).decode()
    fields = {"Authorization": f"Basic {basic}", VERSION: "1.0.3", "limit": "1"}
    assert app.test_client().post("/xapi/statements?method=GET", data=fields).status_code == 200


def test_2_0_takes_no_form(make_caller: Callable[..., Caller]) -> None:
    assert form(make_caller(version="2.0.0"), "GET", limit="1").status_code == 400


def test_a_form_that_is_not_well_formed_is_refused(lrs: Caller) -> None:
    made = statement()
    content = json.dumps(made)
    assert form(lrs, "PUT", statementId=made["id"]).status_code == 400
    assert form(lrs, "PATCH").status_code == 400
    assert (
        lrs("POST", f"/statements?method=PUT&statementId={made['id']}", data={"content": content}).status_code
        == 400
    )
    assert lrs("PUT", "/statements?method=PUT", data={"content": content}).status_code == 400
    assert lrs("POST", "/statements?method=PUT", json=made).status_code == 400
    odd = lrs(
        "POST", "/statements?method=GET", data=b"%ff=%ff", content_type="application/x-www-form-urlencoded"
    )
    assert odd.status_code == 400


# --- attachments ------------------------------------------


def attached(content: bytes, **changes: Any) -> Json:
    return {
        "usageType": "http://u.example/x", "display": {"en": "x"}, "contentType": "text/plain",
        "length": len(content), "sha2": hashlib.sha256(content).hexdigest(), **changes,
    }  # fmt: skip


def multipart(caller: Caller, first: Any, *parts: tuple[str, bytes], boundary: str = "abc") -> Any:
    line = b"--" + boundary.encode() + b"\r\n"
    body = line + b"Content-Type: application/json\r\n\r\n" + json.dumps(first).encode() + b"\r\n"
    for headers, content in parts:
        body += line + headers.encode() + b"\r\n\r\n" + content + b"\r\n"
    body += b"--" + boundary.encode() + b"--\r\n"
    return caller("POST", "/statements", data=body, content_type=f'multipart/mixed; boundary="{boundary}"')


def part(content: bytes, sha2: str | None = None) -> tuple[str, bytes]:
    hash_ = sha2 or hashlib.sha256(content).hexdigest()
    return (
        f"Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {hash_}",
        content,
    )


@pytest.mark.parametrize("boundary", ["abc", "-------314159265358979323846", "a'()+_,-./:=?"])
def test_an_attachment_comes_back_byte_for_byte(lrs: Caller, boundary: str) -> None:
    content = b"\x00\r\n--ab\xff" * 50
    made = statement(attachments=[attached(content)])
    assert multipart(lrs, made, part(content), boundary=boundary).status_code == 200
    response = lrs.get("/statements", statementId=made["id"], attachments="true")
    assert response.content_type.startswith("multipart/mixed")
    assert b"\r\n\r\n" + content + b"\r\n--" in response.data
    assert made["id"].encode() in response.data
    assert lrs.get("/statements", statementId=made["id"]).json["attachments"] == made["attachments"]


def test_attachments_true_is_multipart_also_without_any(lrs: Caller) -> None:
    lrs.post(statement())
    assert lrs.get("/statements", attachments="true").content_type.startswith("multipart/mixed")


def test_attachments_that_do_not_fit_are_refused(lrs: Caller) -> None:
    content = b"hello"
    made = statement(attachments=[attached(content)])
    assert lrs.post(made).status_code == 400, "no content, no fileUrl"
    assert multipart(lrs, made).status_code == 400, "no content, no fileUrl"
    assert multipart(lrs, made, part(content), part(b"more")).status_code == 400, "one too many"
    assert multipart(lrs, made, part(b"other", hashlib.sha256(content).hexdigest())).status_code == 400, (
        "wrong hash"
    )
    assert multipart(lrs, made, ("Content-Type: text/plain", content)).status_code == 400, "no hash"
    assert multipart(lrs, made, ("no colon", content)).status_code == 400
    bare = part(content)[0].replace("Content-Transfer-Encoding: binary\r\n", "")
    assert multipart(lrs, made, (bare, content)).status_code == 400, "not said to be binary"
    assert lrs.all() == []


def test_a_file_elsewhere_needs_no_content(lrs: Caller) -> None:
    made = statement(attachments=[attached(b"x", fileUrl="http://f.example/x")])
    assert lrs.post(made).status_code == 200


@pytest.mark.parametrize("body", [
    b"", b"--abc", b"--abc\r\n", b"--abc\r\n\r\n{}", b"--abc\r\nContent-Type: application/json\r\n\r\n{}",
    b"--abc--", b"--abc--\r\n", b"--abcContent-Type: application/json\r\n\r\n{}\r\n--abc--",
    b"--abc\r\nContent-Type: text/plain\r\n\r\n{}\r\n--abc--", b"--xyz\r\n\r\n{}\r\n--xyz--",
    b"--abc\r\nContent-Type: application/json\r\n\r\n{}\r\n--abc--", b"\r\n--abc" * 5000 + b"--",
])  # fmt: skip
def test_multipart_that_is_not_well_formed_is_a_bad_request(lrs: Caller, body: bytes) -> None:
    response = lrs("POST", "/statements", data=body, content_type="multipart/mixed; boundary=abc")
    assert response.status_code == 400
    assert lrs("POST", "/statements", data=body, content_type="multipart/mixed").status_code == 400


# --- CORS and errors ------------------------------------------


def test_a_preflight_is_answered_without_a_key(app: Flask) -> None:
    response = app.test_client().options("/xapi/statements", headers={"Origin": "https://content.example"})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]
    assert "PUT" in response.headers["Access-Control-Allow-Methods"]
    assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_method_that_a_resource_does_not_know_is_405(lrs: Caller) -> None:
    response = lrs("DELETE", "/statements")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("data", [
    b"\xff\xfe", b"{", b'{"id":1,"id":2}', b"[NaN]", b"[" * 20_000, b"null", b"1", b'"x"', b"[[]]", b"[null]",
    b'{"actor":{"account":{"homePage":"http://a.example","name":"\\u0000"}},"verb":{"id":"http://v.example"},"x":1}',
    b'{"\\ud800":1}', b"[" + b"{}," * 500 + b"{}]",
])  # fmt: skip
def test_malformed_statements_are_a_bad_request(lrs: Caller, data: bytes) -> None:
    response = lrs("POST", "/statements", data=data, content_type="application/json")
    assert response.status_code == 400
    assert len(response.json["title"]) > 10


def test_a_zero_character_in_a_name_is_stored_and_found(lrs: Caller) -> None:
    made = statement(actor=agent("a\x00b"), result={"response": "x\x00y"})
    assert lrs.post(made).status_code == 200
    assert ids(lrs.all(agent=json.dumps(agent("a\x00b")))) == [made["id"]]


def test_a_very_long_iri_and_name_are_stored_and_found(lrs: Caller) -> None:
    iri = "http://a.example/" + "x" * 7_900
    made = statement(object={"id": iri}, actor=agent("n" * 50_000))
    assert lrs.post(made).status_code == 200
    assert ids(lrs.all(activity=iri)) == [made["id"]]
    assert lrs.post(statement(object={"id": "http://a.example/" + "x" * 8_000})).status_code == 400


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/xml",
        "",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_other_content_types_are_refused(lrs: Caller, kind: str) -> None:
    response = lrs("POST", "/statements", data=json.dumps(statement()), headers={"Content-Type": kind})
    assert response.status_code == 400


def test_too_large_a_body_is_413(lrs: Caller) -> None:
    response = lrs("POST", "/statements", data=b" " * (33 << 20), content_type="application/json")
    assert response.status_code == 413


def test_query_strings_of_any_bytes_are_no_server_error(lrs: Caller) -> None:
    for text in ("%00", "%ff", "%ed%a0%80", quote("\U0001f600")):
        for name in ("verb", "agent", "activity", "registration", "since", "cursor", "statementId", "limit"):
            assert lrs("GET", f"/statements?{name}={text}").status_code == 400


def test_a_batch_that_fills_several_queries_is_stored_like_any_other(
    lrs: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postings, "_CHUNK", 3)
    made = [statement(object={"id": f"http://a.example/{n}"}, actor=agent(f"a{n}")) for n in range(10)]
    made += [
        statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
                  object={"objectType": "StatementRef", "id": one["id"]})
        for one in made[:7]
    ]  # fmt: skip
    assert lrs.post(*made).json == ids(made)
    assert lrs.post(*made).status_code == 200
    assert set(ids(lrs.all())) == set(ids(made)[7:])
    assert set(ids(lrs.all(agent=json.dumps(agent("a2"))))) == {made[12]["id"]}


def test_a_batch_that_would_hold_up_learners_is_413(lrs: Caller) -> None:
    response = lrs(
        "POST", "/statements", data=b"[" + b"{}," * 2_500 + b"{}]", content_type="application/json"
    )
    assert response.status_code == 413
    assert "2500" in response.json["title"]


def test_what_nobody_expected_is_answered_without_a_trace(
    lrs: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a secret of the inside")

    monkeypatch.setattr(services, "store", fail)
    response = lrs.post(statement())
    assert response.status_code == 500
    assert response.headers[VERSION] == "1.0.3"
    assert "secret" not in response.text
    assert response.json["title"].split()[-1] in caplog.text
