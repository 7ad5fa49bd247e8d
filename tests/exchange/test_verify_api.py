"""POST /api/v1/verify: what a program of an office gets, and what it does not."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped, unused-ignore]
from openapi_spec_validator import validate
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from headstart_lms.certificates import checks, receipts
from headstart_lms.certificates.check_models import Check
from headstart_lms.certificates.reading import MOST_UPLOAD
from headstart_lms.certificates.trust import trust_store
from headstart_lms.kernel.db import session, transaction
from headstart_lms.lrs import credentials

from ..cast import sign_in
from ..certificates.office import NAMES, YEAR, Desk, make_desk, nothing_personal
from ..conftest import Clock

NAME = "Case system of Vienna"


class Program:
    """A program of an office: its key, and how it asks."""

    def __init__(
        self, app: Flask, quota: int | None = None, scopes: tuple[str, ...] = ("certificates/verify",)
    ) -> None:
        self.app = app
        with app.app_context(), transaction() as current:
            made = credentials.client_add(
                current, NAME, iri_base="http://localhost", scopes=scopes, quota=quota
            )
        self.key, self.secret = made["key"], made["secret"]
        pair = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        self.headers = {"Authorization": f"Basic {pair}"}

    def ask(self, body: Any, path: str = "/api/v1/verify", **headers: str) -> TestResponse:
        return self.app.test_client().post(path, json=body, headers={**self.headers, **headers})

    def send(self, data: bytes, kind: str, query: str = "") -> TestResponse:
        return self.app.test_client().post(
            "/api/v1/verify" + query, data=data, content_type=kind, headers=self.headers
        )

    def batch(self, entries: Any) -> TestResponse:
        return self.ask({"entries": entries}, "/api/v1/verify/batch")


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Desk:
    return make_desk(app)


@pytest.fixture
def program(app: Flask) -> Program:
    return Program(app)


@pytest.fixture
def described(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = app.test_client().get("/api/v1/openapi.json").get_json()
    return found


def fits(described: dict[str, Any], name: str, data: Any) -> None:
    """Raise when an answer is not what the description says."""
    Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
    ).validate(data)


# --- what is answered --------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_a_code_alone_shows_nothing_about_the_person(
    app: Flask, desk: Desk, program: Program, described: dict[str, Any]
) -> None:
    answer = program.ask({"code": desk.code}).get_json()
    assert (answer["state"], answer["shown"]) == ("valid", "public")
    assert set(answer["certificate"]) == {
        "code",
        "kind",
        "level",
        "course",
        "issued",
        "valid_until",
        "issuer",
    }
    assert answer["certificate"]["course"]["slug"] == "tiny"
    assert nothing_personal(json.dumps(answer, ensure_ascii=False))
    fits(described, "Answer", answer)


def test_code_and_year_the_file_and_the_qr_text_show_every_signed_fact(
    desk: Desk, program: Program, described: dict[str, Any]
) -> None:
    address = f"http://localhost/verify/{desk.code}#{desk.token}"
    answers = [
        program.ask({"code": desk.code, "year": YEAR}),
        program.ask({"document": json.loads(desk.document)}),
        program.ask({"document": desk.document}),
        program.ask({"text": desk.token}),
        program.ask({"text": address}),
        program.send(desk.document.encode(), "application/vc+ld+json"),
        program.send(desk.token.encode(), "text/plain"),
    ]
    for answer in answers:
        data = answer.get_json()
        assert answer.status_code == 200
        assert (data["state"], data["shown"]) == ("valid", "signed")
        found = data["certificate"]
        assert (found["passport_name"], found["own_name"], found["year_of_birth"]) == (*NAMES, YEAR)
        assert found["issuer"]["name"] == "Centre North"
        assert found["name_checked"] is False
        assert {name: one["said"] for name, one in data["answers"].items()} == dict.fromkeys(
            ("genuine", "issuer", "time", "standing"), "yes"
        )
        fits(described, "Answer", data)


def test_jwt_svg_and_pdf_are_taken_as_they_are(desk: Desk, program: Program, app: Flask) -> None:
    amina = sign_in(app, "amina")
    for kind, mime in (("jwt", "application/jwt"), ("svg", "image/svg+xml"), ("pdf", "application/pdf")):
        data = amina.open(f"/certificates/{desk.code}.{kind}").response.get_data()
        assert program.send(data, mime).get_json()["state"] == "valid", kind


def test_the_printed_address_without_its_signed_part_is_a_code(desk: Desk, program: Program) -> None:
    answer = program.ask({"text": f"http://localhost/verify/{desk.code}"}).get_json()
    assert (answer["given"], answer["state"]) == ("code", "valid")


def test_what_is_not_valid_is_an_answer_and_no_error(
    desk: Desk, program: Program, described: dict[str, Any]
) -> None:
    desk.revoke()
    answers = [
        program.ask({"code": desk.code}),
        program.ask({"code": "0000-0000-0000"}),
        program.ask({"code": "nonsense"}),
        program.ask({"code": desk.code, "year": "90"}),
        program.ask({"document": desk.document.replace(NAMES[0], "SOMEBODY")}),
        program.send(b"\x89PNG nothing", "image/png"),
        program.send(b"", "application/pdf"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 7
    data = [answer.get_json() for answer in answers]
    reasons = [one["reason"] for one in data]
    assert reasons[:5] == ["revoked", "no-such-code", "code-form", "year-form", "signature"]
    assert reasons[6] == "empty"
    assert data[0]["standing"]["class"] == "error"
    assert "12 letters" in data[2]["remark"]
    for one in data:
        fits(described, "Answer", one)


def test_an_unknown_code_and_a_wrong_year_are_answered_alike(desk: Desk, program: Program) -> None:
    wrong = program.ask({"code": desk.code, "year": 1950}).get_json()
    unknown = program.ask({"code": "0000-0000-0000", "year": 1950}).get_json()
    for answer in (wrong, unknown):
        del answer["check"]
    assert wrong == unknown


def test_the_tries_of_years_for_a_code_are_limited_whoever_asks(
    app: Flask, desk: Desk, program: Program
) -> None:
    entries = [{"code": desk.code, "year": 1930 + n} for n in range(40)]
    reasons = [one["reason"] for one in program.batch(entries).get_json()["results"]]
    assert reasons == ["no-such-pair"] * 20 + ["try-later"] * 20
    assert Program(app).ask({"code": desk.code, "year": YEAR}).get_json()["reason"] == "try-later"


# --- receipts and the trail --------------------------------------------------------------------------


def test_a_receipt_is_given_when_it_is_asked_for(app: Flask, desk: Desk, program: Program) -> None:
    assert "receipt" not in program.ask({"code": desk.code}).get_json()
    by_member = program.ask({"code": desk.code, "receipt": True}).get_json()["receipt"]
    by_query = program.send(desk.token.encode(), "text/plain", "?receipt=1").get_json()["receipt"]
    with app.app_context():
        trust = trust_store(session())
        assert receipts.verify(by_member, trust).is_genuine
        assert receipts.verify(by_query, trust).is_genuine
    assert by_member["office"] == NAME
    assert nothing_personal(json.dumps(by_query, ensure_ascii=False))


@pytest.mark.both_databases
def test_the_learner_sees_the_program_that_asked(app: Flask, desk: Desk, program: Program) -> None:
    program.ask({"code": desk.code, "year": YEAR})
    program.batch([{"code": desk.code}, {"code": "000000000000"}])
    page = sign_in(app, "amina").open("/me/checks")
    assert page.text.count(NAME) == 2
    with app.app_context():
        assert session().scalar(select(func.count(Check.id))) == 3
        assert checks.find_trouble(session(), app.extensions["headstart"].keyring) is None


@pytest.mark.both_databases
def test_programs_that_ask_at_once_leave_one_chain_without_gaps(
    app: Flask, desk: Desk, program: Program
) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: program.ask({"code": desk.code, "id": str(n)}), range(30)))
    assert {answer.status_code for answer in answers} == {200}
    assert min(int(answer.headers["RateLimit-Remaining"]) for answer in answers) == 4970
    with app.app_context():
        assert checks.find_trouble(session(), app.extensions["headstart"].keyring) is None
        assert checks.count(session()) == 30


# --- many --------------------------------------------------------------------------------------------


def test_a_batch_answers_each_entry_in_its_place(
    desk: Desk, program: Program, described: dict[str, Any]
) -> None:
    entries = [
        {"id": "a", "code": desk.code}, {"id": "b"}, {"code": 7}, 7, {"text": desk.token, "receipt": True},
        {"code": desk.code, "document": "x"}, {"code": desk.code, "name": "x"},
    ]  # fmt: skip
    answer = program.batch(entries)
    found = answer.get_json()["results"]
    assert [one["number"] for one in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [one.get("state") for one in found] == ["valid", None, None, None, "valid", None, None]
    assert found[0]["id"] == "a"
    assert "exactly one" in found[1]["error"]["title"]
    assert "receipt" in found[4]
    assert answer.headers["RateLimit-Remaining"] == "4998"
    schema = described["paths"]["/api/v1/verify/batch"]["post"]["responses"]["200"]["content"][
        "application/json"
    ]["schema"]
    Draft202012Validator({**schema, "components": described["components"]}).validate(answer.get_json())


@pytest.mark.parametrize("entries", [[], None, "x", [{"code": "x"}] * 501])
def test_a_batch_of_nothing_or_of_too_much_is_refused(program: Program, entries: Any) -> None:
    answer = program.batch(entries)
    assert answer.status_code == 422
    assert "1 to 500" in answer.get_json()["title"]


# --- keys and quotas ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/verify", "/api/v1/verify/batch"])
@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !", "Basic eDp5", "Bearer x:y", "Bearer x", "Digest x", "Basic eA=="]
)
def test_without_a_key_nothing_is_answered(app: Flask, path: str, header: str) -> None:
    answer = app.test_client().post(path, json={"code": "x"}, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_key_as_bearer_is_taken_and_a_revoked_one_is_not(app: Flask, program: Program) -> None:
    headers = {"Authorization": f"Bearer {program.key}:{program.secret}"}
    client = app.test_client()
    assert client.post("/api/v1/verify", json={"code": "x"}, headers=headers).status_code == 200
    with app.app_context(), transaction() as current:
        credentials.client_revoke(current, program.key)
    assert client.post("/api/v1/verify", json={"code": "x"}, headers=headers).status_code == 401


@pytest.mark.parametrize("scope", ["all", "all/read", "statements/read"])
def test_a_key_for_statements_checks_no_certificates(app: Flask, scope: str) -> None:
    answer = Program(app, scopes=(scope,)).ask({"code": "x"})
    assert answer.status_code == 403
    assert "certificates/verify" in answer.get_json()["title"]


def test_a_key_for_certificates_reads_no_statements(app: Flask, program: Program) -> None:
    headers = {**program.headers, "X-Experience-API-Version": "2.0.0"}
    assert app.test_client().get("/xapi/statements", headers=headers).status_code == 403


def test_the_checks_of_a_day_are_counted_by_entry_and_end(app: Flask, clock: Clock) -> None:
    program = Program(app, quota=5)
    first = program.ask({"code": "x"})
    assert (first.headers["RateLimit-Limit"], first.headers["RateLimit-Remaining"]) == ("5", "4")
    assert first.headers["RateLimit-Reset"] == str(12 * 3600)
    over = program.batch([{"code": "x"}] * 5)
    assert over.status_code == 429
    assert over.headers["Retry-After"] == str(12 * 3600)
    assert program.batch([{"code": "x"}] * 4).headers["RateLimit-Remaining"] == "0"
    assert program.ask({"code": "x"}).status_code == 429
    assert Program(app).ask({"code": "x"}).status_code == 200
    clock.move(hours=12, seconds=1)
    assert program.ask({"code": "x"}).status_code == 200


def test_the_setting_says_how_many_when_the_key_says_nothing(app: Flask, program: Program) -> None:
    app.config["HEADSTART_VERIFY_QUOTA"] = 1
    assert program.ask({"code": "x"}).status_code == 200
    assert program.ask({"code": "x"}).status_code == 429


# --- bad requests ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, kind, status",
    [
        (b"{", "application/json", 400), (b"\xff", "application/json", 400), (b"[]", "application/json", 422),
        (b"{}", "application/json", 422), (b'{"code": "x", "year": true}', "application/json", 422),
        (b'{"text": "x", "year": 1990}', "application/json", 422), (b'{"code": "x", "id": 7}', "application/json", 422),
        (b"<x/>", "text/html", 415), (b"a=b", "application/x-www-form-urlencoded", 415),
        (b"x" * (MOST_UPLOAD + 1), "application/pdf", 413), (b"[" * 100_000, "application/json", 400),
    ],
)  # fmt: skip
def test_a_request_that_cannot_be_read_is_a_problem_with_a_sentence(
    program: Program, described: dict[str, Any], data: bytes, kind: str, status: int
) -> None:
    answer = program.send(data, kind)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    fits(described, "Problem", answer.get_json())
    assert answer.get_json()["title"].endswith(".")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(
    st.sampled_from(["code", "year", "document", "text", "id", "receipt", "x"]), x), max_leaves=8))  # fmt: skip
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_json_is_answered(app: Flask, program: Program, described: dict[str, Any], body: Any) -> None:
    answer = program.send(json.dumps(body).encode(), "application/json")
    assert answer.status_code in (200, 422), answer.text
    fits(described, "Answer" if answer.status_code == 200 else "Problem", answer.get_json())


@pytest.mark.parametrize("query", ["?receipt=yes", "?receipt=1&receipt=1", "?receipt="])
def test_a_receipt_is_asked_for_with_one_word(program: Program, query: str) -> None:
    assert program.send(b'{"code": "x"}', "application/json", query).status_code == 422


# --- the description ---------------------------------------------------------------------------------


def test_the_description_is_openapi_3_1_and_knows_every_address(
    app: Flask, described: dict[str, Any]
) -> None:
    validate(described)
    ours = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    assert ours - {"/api/v1/openapi.json"} == {
        path for path in described["paths"] if path.startswith("/api/")
    }


@pytest.mark.mounted
def test_the_description_of_a_mounted_one_names_the_prefix(app: Flask) -> None:
    found = app.test_client().get("/learn/api/v1/openapi.json").get_json()
    assert found["servers"] == [{"url": "/learn"}]
