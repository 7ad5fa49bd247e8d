"""The record of a person: her own page, her teacher's, her manager's; the operator's pages; files of all of them."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import tracemalloc
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select
from sqlalchemy.orm import Session

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.lrs import services as lrs
from headstart_lms.lrs.browsing import Search
from headstart_lms.lrs.credentials import client_add
from headstart_lms.lrs.models import Statement
from headstart_lms.privacy import services as privacy
from headstart_lms.records import export
from headstart_lms.xapi import build
from headstart_lms.xapi import vocabulary as v
from tests import cast
from tests.browsing import Browser, Page
from tests.habits.world import learn, sit_test
from tests.lrs.lrs_strategies import agent, statements
from tests.make import TINY_UUID, house_of


def act(app: Flask, name: str = "amina") -> str:
    """Let a learner pass the tiny course; return her public id."""
    with app.app_context(), transaction() as current:
        person = cast.find_person(current, name)
        learn(current, house_of(app), person)
        sit_test(current, house_of(app), person)
        return str(person.uuid)


def make_operator(app: Flask) -> None:
    """Make Clara an admin of the whole installation."""
    with app.app_context(), transaction() as current:
        accounts.grant_role(current, cast.find_person(current, "clara"), "admin", None)


def payloads(app: Flask) -> list[bytes]:
    with app.app_context():
        return [bytes(one) for one in session().scalars(select(Statement.payload).order_by(Statement.seq))]


def sentences(page: Page) -> list[str]:
    """Return the sentences of a record, as they are read out."""
    marks = ("/me/record/", "/record/", "/statements/")
    hrefs = [
        link["href"] for link in page.links if any(mark in urlsplit(link["href"]).path for mark in marks)
    ]
    assert len(hrefs) == len(set(hrefs))
    return hrefs


@pytest.fixture
def amina(app: Flask, as_person: Callable[[str], Browser]) -> Browser:
    act(app)
    return as_person("amina")


# --- her own record ------------------------------------------------------------------------------------


@pytest.mark.every_app
def test_a_learner_reads_what_she_did_newest_first(amina: Browser) -> None:
    page = amina.open("/me/record")
    assert page.status == 200
    order = ["Earned the certificate of “Tiny course”", "Finished Tiny course", "Passed Final test"]
    order += ["Answered What do you say in the morning? correctly", "Began Tiny course"]
    places = [page.text.index(text.replace("“", "“")) for text in order]
    assert places == sorted(places)
    assert "100 %" in page.text
    assert page.response.headers["Cache-Control"] == "no-store"


def test_who_did_nothing_yet_is_told_where_to_begin(as_person: Callable[[str], Browser]) -> None:
    page = as_person("clara").open("/me/record")
    assert "Nothing was noted yet" in page.text


def test_the_record_is_linked_from_my_data(amina: Browser) -> None:
    assert amina.follow(amina.open("/me/data"), "/me/record").status == 200


def test_filters_are_plain_forms_and_each_can_be_taken_away(amina: Browser) -> None:
    form = amina.open("/me/record").form(having="kind")
    assert form.method == "get"
    page = amina.send(form, kind="tests", course="tiny")
    assert "Passed Final test" in page.text
    assert "Answered" not in page.text
    assert "What: Tests" in page.text
    chip = next(link["href"] for link in page.links if link["href"].endswith("?course=tiny"))
    assert "Answered" in amina.open(chip).text
    nothing = amina.open("/me/record?until=2020-01-01")
    assert nothing.status == 200
    assert "Nothing fits" in nothing.text


@pytest.mark.parametrize(
    "query", ["course=nothing", "kind=x", "since=yesterday", "until=99999-01-01", "since=9999-99-99"]
)
def test_a_filter_that_cannot_be_read_is_said_and_shows_nothing(amina: Browser, query: str) -> None:
    page = amina.open(f"/me/record?{query}")
    assert page.status == 422
    assert "Please look at this again" in page.text
    assert amina.open(f"/me/record.csv?{query}").status == 422


@pytest.mark.parametrize("before", ["", "0", "-1", "x", "9" * 17, "9" * 40, "٣"])
def test_a_place_to_go_on_from_that_is_none_breaks_nothing(amina: Browser, before: str) -> None:
    assert amina.open(f"/me/record?before={before}").status == 200


def test_pages_go_on_where_the_last_one_ended(amina: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart_lms.records.views.LINES", 2)
    page, seen = amina.open("/me/record"), []
    for _page in range(20):
        seen += sentences(page)
        older = page.link(rel="next")
        if older is None:
            break
        page = amina.open(older)
    files = amina.client.get("/me/record.jsonl").get_data().splitlines()
    assert [one.rsplit("/", 1)[1] for one in seen] == [json.loads(line)["id"] for line in files][::-1]


def test_one_line_is_shown_with_the_json_that_is_stored(app: Flask, amina: Browser) -> None:
    page = amina.open(sentences(amina.open("/me/record"))[0])
    statement = json.loads(payloads(app)[-1])
    shown = html.unescape(page.body.split("<code>")[1].split("</code>")[0])
    assert json.loads(shown) == statement
    assert html.unescape(page.body.split("<code>")[2].split("</code>")[0]).encode() == payloads(app)[-1]
    assert "the language xAPI" in page.text


def test_a_line_that_was_withdrawn_is_shown_and_says_that_it_does_not_count(
    app: Flask, amina: Browser
) -> None:
    with app.app_context(), transaction() as current:
        installation = app.extensions["headstart"].installation
        last = current.scalars(select(Statement.id).order_by(Statement.seq.desc()).limit(1)).one()
        lrs.void(current, last, authority=build.authority(installation.iri_base), tenant=installation.uuid)
    page = amina.open("/me/record")
    assert page.text.count("withdrawn, does not count") == 1
    assert "Took back" not in page.text


# --- a test that still runs ------------------------------------------------------------------------------


def test_while_a_test_runs_no_page_and_no_file_tells_what_an_answer_was_worth(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    amina, bruno = as_person("amina"), as_person("bruno")
    page = amina.post("/courses/tiny/tests/final/start")
    for form in page.item_forms()[:1]:
        amina.post(urlsplit(form.action).path, {"answer_id": str(uuid4()), "response": "grazie 3"})
    person = cast.person_id(app, "amina")
    for browser, path in ((amina, "/me/record"), (bruno, f"/teach/learners/{person}/record")):
        shown = browser.open(path)
        assert "the result is shown when the test is over" in shown.text
        assert " 0 %" not in shown.text
        assert " 100 %" not in shown.text
        one = browser.open(sentences(shown)[0])
        assert "The test still runs" in one.text
        assert "scaled" not in one.body
        for form_ in ("csv", "jsonl"):
            file = browser.client.get(f"{path}.{form_}").get_data().decode()
            assert v.REGISTERED in file
            assert v.ANSWERED not in file


@pytest.mark.parametrize("value", [["x"], {"a": 1}, 5, None, True])
def test_whatever_a_program_puts_into_an_extension_breaks_no_page(
    app: Flask, as_person: Callable[[str], Browser], value: Any
) -> None:
    amina = as_person("amina")
    amina.post("/courses/tiny/tests/final/start")
    say_about(app, {"verb": {"id": v.ANSWERED}, "object": {"id": "urn:x:1"},
                    "context": {"extensions": {v.ATTEMPT_ID: value}}})  # fmt: skip
    check_every_page(app, amina, as_person("bruno"))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=statements)
def test_whatever_a_program_says_about_her_can_be_shown(
    app: Flask, as_person: Callable[[str], Browser], one: dict[str, Any]
) -> None:
    amina = as_person("amina")
    amina.post("/courses/tiny/tests/final/start")
    say_about(app, {name: value for name, value in one.items() if name != "id"})
    check_every_page(app, amina, as_person("bruno"))


def say_about(app: Flask, said: dict[str, Any]) -> None:
    """Store what a program says that Amina did."""
    with app.app_context(), transaction() as current:
        installation = app.extensions["headstart"].installation
        name = str(cast.find_person(current, "amina").actor)
        actor = {"objectType": "Agent", "account": {"homePage": installation.iri_base, "name": name}}
        lrs.store(
            current, [{**said, "actor": actor}], authority=agent("client:x"), tenant=installation.uuid,
            trusted=False, attachments=None,
        )  # fmt: skip


def check_every_page(app: Flask, amina: Browser, bruno: Browser) -> None:
    """Open every page and file that her statements are in."""
    desk = f"/teach/learners/{cast.person_id(app, 'amina')}/record"
    for browser, base in ((amina, "/me/record"), (bruno, desk)):
        page = browser.open(base)
        assert page.status == 200
        for link in sentences(page)[:3]:
            assert browser.open(link).status == 200
        for form in ("csv", "jsonl"):
            answer = browser.client.get(f"{base}.{form}")
            assert answer.status_code == 200
            assert answer.get_data()
    with app.app_context():
        assert privacy.export(session(), cast.find_person(session(), "amina"))["statements"]


# --- the desk ----------------------------------------------------------------------------------------------


def test_a_teacher_reads_the_courses_of_her_groups_under_a_number(
    app: Flask, amina: Browser, as_person: Callable[[str], Browser]
) -> None:
    bruno = as_person("bruno")
    group = next(link["href"] for link in bruno.open("/teach").links if "/teach/groups/" in link["href"])
    page = bruno.follow(bruno.open(group), to="/record")
    assert "Learner 1" in page.text
    assert "Passed Final test" in page.text
    with app.app_context(), transaction() as current:
        # another course, in no group of his: it is not for him
        enrolment = current.scalars(select(Enrolment)).one()
        enrolment.cohort_id = None
    assert bruno.open(page.path).status == 404


def test_a_teacher_sees_only_the_registrations_of_her_groups(
    app: Flask, amina: Browser, as_person: Callable[[str], Browser]
) -> None:
    person = cast.person_id(app, "amina")
    with app.app_context(), transaction() as current:
        house = house_of(app)
        amina_ = cast.find_person(current, "amina")
        elsewhere = build.Context(
            iri_base=house.installation.iri_base, actor=amina_.actor, registration=uuid4(), course_uuid=TINY_UUID,
            version="1.0", language="en",
        )  # fmt: skip
        from headstart_lms.kernel.clock import now

        lrs.store(
            current, [build.registered(elsewhere, at=now())], authority=build.authority(house.installation.iri_base),
            tenant=house.installation.uuid, trusted=True,
        )  # fmt: skip
        accounts.grant_role(
            current, cast.find_person(current, "clara"), "manager", accounts.get_centre(current, "north")
        )
    bruno, manager = as_person("bruno"), as_person("clara")
    assert bruno.open(f"/teach/learners/{person}/record").body.count("Began") == 1
    assert manager.open(f"/teach/learners/{person}/record").body.count("Began") == 2
    assert len(bruno.client.get(f"/teach/learners/{person}/record.jsonl").get_data().splitlines()) + 1 == len(
        manager.client.get(f"/teach/learners/{person}/record.jsonl").get_data().splitlines()
    )


def test_staff_have_no_record_at_the_desk(app: Flask, as_person: Callable[[str], Browser]) -> None:
    dmitri = as_person("dmitri")
    assert dmitri.open(f"/teach/learners/{cast.person_id(app, 'dmitri')}/record").status == 404
    assert dmitri.open(f"/teach/learners/{cast.person_id(app, 'amina')}/record").status == 404


# --- files -------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_json_lines_are_the_stored_bytes_oldest_first(app: Flask, amina: Browser) -> None:
    response = amina.client.get("/me/record.jsonl")
    assert response.get_data() == b"".join(one + b"\n" for one in payloads(app))
    assert response.content_type == "application/jsonl; charset=utf-8"
    assert response.headers["Content-Disposition"] == 'attachment; filename="my-record.jsonl"'
    assert "Content-Length" not in response.headers


@pytest.mark.both_databases
def test_csv_opens_in_a_spreadsheet_and_says_the_same(app: Flask, amina: Browser) -> None:
    data = amina.client.get("/me/record.csv?kind=answers").get_data()
    assert data.startswith(b"\xef\xbb\xbfid,stored,")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    told = [json.loads(one) for one in payloads(app)]
    answers = [one for one in told if one["verb"]["id"] == v.ANSWERED]
    assert [row["id"] for row in rows] == [one["id"] for one in answers]
    assert rows[0]["sentence"] == "Answered “What do you say in the morning?” correctly"
    assert (rows[0]["success"], rows[0]["score"], rows[0]["within"]) == ("yes", "1", "Say hello")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    assert export.safe(text).startswith("'")
    assert export.safe("Buongiorno = hello") == "Buongiorno = hello"


def test_what_others_named_cannot_run_in_a_spreadsheet(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    make_operator(app)
    send(app, {"id": "urn:x:1", "definition": {"name": {"en": '=HYPERLINK("http://evil.example")'}}},
         verb={"id": "urn:x:did", "display": {"en": "=cmd"}})  # fmt: skip
    data = (
        as_person("clara").client.get("/centre/statements.csv?client=others").get_data().decode("utf-8-sig")
    )
    (row,) = csv.DictReader(io.StringIO(data, newline=""))
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


@pytest.mark.both_databases
def test_a_file_takes_the_same_memory_however_long_it_is(app: Flask) -> None:
    with app.app_context():
        house = house_of(app)
        authority = build.authority(house.installation.iri_base)
        peaks = []
        for _round in range(2):
            with transaction() as current:
                made = [plain_statement(n) for n in range(2_000)]
                lrs.store(current, made, authority=authority, tenant=house.installation.uuid, trusted=True)
            for form in ("jsonl", "csv"):
                tracemalloc.start()
                length = sum(1 for _piece in stream(form))
                peaks.append(tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
                assert length >= 4
        jsonl, csv_, jsonl_2, csv_2 = peaks
        assert jsonl_2 < 1.3 * jsonl + 200_000
        assert csv_2 < 1.3 * csv_ + 200_000


def plain_statement(number: int) -> dict[str, Any]:
    return {
        "actor": {"account": {"homePage": "https://other.example", "name": f"u{number % 50}"}},
        "verb": {"id": v.ANSWERED}, "object": {"id": f"https://other.example/{number % 90}"},
        "result": {"success": True, "response": "x" * 400},
    }  # fmt: skip


def stream(form: str) -> Any:
    return export.stream(
        form, lambda: Session(db.engine), Search(), lambda _iri, _statement: None, language="en"
    )


# --- the operator --------------------------------------------------------------------------------------------


def send(app: Flask, target: dict[str, Any], **more: Any) -> dict[str, str]:
    """Send a statement as a program with a key of its own; return the key."""
    with app.app_context(), transaction() as current:
        installation = app.extensions["headstart"].installation
        key = client_add(current, "Video platform", iri_base=installation.iri_base, tenant=installation.uuid)
    statement = {
        "actor": {"account": {"homePage": "http://video.example", "name": "u-77"}}, "verb": {"id": v.COMPLETED},
        "object": target, **more,
    }  # fmt: skip
    basic = base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3"}
    assert app.test_client().post("/xapi/statements", json=statement, headers=headers).status_code == 200
    assert app.test_client().post("/xapi/statements", json={}, headers=headers).status_code == 400
    return key


@pytest.mark.both_databases
def test_an_operator_finds_statements_by_every_filter(
    app: Flask, amina: Browser, as_person: Callable[[str], Browser]
) -> None:
    make_operator(app)
    key = send(app, {"id": "http://video.example/film"})["key"]
    clara = as_person("clara")
    told = [json.loads(one) for one in payloads(app)]
    registration = told[0]["context"]["registration"]
    actor = told[0]["actor"]["account"]["name"]
    course = f"{app.extensions['headstart'].installation.iri_base}/courses/{TINY_UUID}"
    counts = {
        "": len(told), "verb=answered": sum(one["verb"]["id"] == v.ANSWERED for one in told),
        f"verb={quote(v.PASSED)}": 1,
        f"course={TINY_UUID}": len(told) - 1, f"activity={quote(course)}": len(told) - 1,
        "activity=" + quote("http://video.example/film"): 1, f"registration={registration}": len(told) - 1,
        f"actor={actor}": len(told) - 1, "client=own": len(told) - 1, "client=others": 1, f"client=client:{key}": 1,
        "client=client:nobody": 0, "voided=only": 0, "voided=without": len(told), "since=2020-01-01": len(told),
        "until=2020-01-01": 0, f"verb=completed&client=own&registration={registration}": 3,
    }  # fmt: skip
    found = {}
    for query in counts:
        page = clara.open(f"/centre/statements?{query}")
        assert page.status == 200
        lines = clara.client.get(f"/centre/statements.jsonl?{query}").get_data().splitlines()
        assert len(lines) == len(sentences(page))
        found[query] = len(lines)
    assert found == counts
    for bad in (
        "verb=no iri",
        "course=x",
        "registration=1",
        "actor=mary@example.org",
        "voided=perhaps",
        "since=x",
    ):
        assert clara.open(f"/centre/statements?{bad}").status == 422, bad


def test_an_operator_reads_one_statement_of_another_program(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    make_operator(app)
    send(app, {"id": "http://video.example/film", "definition": {"name": {"it": "Il <film>"}}})
    clara = as_person("clara")
    page = clara.open(sentences(clara.open("/centre/statements?client=others"))[0])
    assert "Finished Il <film>" in page.text
    assert "Video platform" in page.text
    assert "does not count for the certificate" in page.text


def test_the_panel_shows_who_connects_and_what_was_refused(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    make_operator(app)
    send(app, {"id": "http://video.example/film"})
    clara = as_person("clara")
    page = clara.follow(clara.open("/centre/statements"), to="/centre/record-store")
    assert page.status == 200
    assert "Video platform" in page.text
    assert "400" in page.text
    assert "in the last minute" in page.text


def test_statements_of_another_tenant_are_not_the_operators(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    make_operator(app)
    with app.app_context(), transaction() as current:
        lrs.store(current, [plain_statement(1)], authority=build.authority("https://x.example"), tenant=UUID(int=7),
                  trusted=False)  # fmt: skip
    assert (
        "https://other.example"
        not in as_person("clara").client.get("/centre/statements.jsonl").get_data().decode()
    )


def test_the_desk_links_to_the_store_only_for_operators(
    app: Flask, as_person: Callable[[str], Browser]
) -> None:
    assert as_person("clara").open("/teach").link("/centre/statements") is None
    make_operator(app)
    assert as_person("clara").open("/teach").link("/centre/statements") is not None


def test_no_page_and_no_file_of_a_record_names_her(app: Flask, amina: Browser) -> None:
    with app.app_context():
        uuid = str(session().scalars(select(Person.uuid).where(Person.host_id == "cast:amina")).one())
    for path in ("/me/record", "/me/record.csv", "/me/record.jsonl"):
        assert uuid not in amina.client.get(path).get_data().decode()
