"""What a reviewer found once: each stays found."""

from __future__ import annotations

import io
import time
import zipfile

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.certificates import reading, signing, uploads
from headstart_lms.certificates.errors import NotRead
from headstart_lms.kernel.db import transaction

from ..browsing import Browser
from ..conftest import Clock
from .office import YEAR, Desk, make_desk


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Desk:
    return make_desk(app)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_kinds_of_zip_that_unpack_without_a_limit_are_not_unpacked(method: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.json", b"0" * 20_000_000)
    (entry,) = uploads.read_uploads([("many.zip", io.BytesIO(out.getvalue()))])
    assert entry.problem == "damaged"


@pytest.mark.parametrize("tail", ["", "\\", '"', "}"])
def test_a_text_that_never_ends_is_read_once(tail: str) -> None:
    text = '{"a":"' + '\\"' * 90_000 + tail
    begun = time.process_time()
    with pytest.raises(NotRead):
        reading.parse(text)
    assert time.process_time() - begun < 2  # quadratic, this took a minute


@pytest.mark.parametrize("year", ["²²²²", "①⑨⑨⓪", "19 9"])
def test_numbers_that_are_none_are_refused_as_a_year(app: Flask, desk: Desk, year: str) -> None:
    anybody = Browser(app)
    assert anybody.post("/verify", {"code": desk.code, "year": year}).status == 422
    assert (
        anybody.client.get(f"/certificates/{desk.code}.json", query_string={"year": year}).status_code == 422
    )
    assert desk.officer("olga").open("/centre/checks?before=²").status == 200


def test_years_of_one_code_cannot_be_tried_through_in_a_day(app: Flask, desk: Desk, clock: Clock) -> None:
    tried = 0
    for hour in range(20):
        anybody = Browser(app)
        for year in range(1950 + 2 * hour, 1952 + 2 * hour):
            tried += anybody.post("/verify", {"code": desk.code, "year": str(year)}).status != 429
        clock.move(hours=1)
    assert tried == 20
    clock.move(hours=24)
    assert "SENTINELLE" in Browser(app).post("/verify", {"code": desk.code, "year": str(YEAR)}).text


def test_a_document_with_a_member_twice_is_refused_by_the_api(app: Flask, desk: Desk) -> None:
    from headstart_lms.lrs.credentials import client_add

    with app.app_context():
        installation = app.extensions["headstart"].installation
        with transaction() as current:
            key = client_add(
                current, "Vienna", iri_base=installation.iri_base, tenant=installation.uuid,
                scopes=["certificates/verify"],
            )  # fmt: skip
    body = '{"document": ' + desk.document.replace("{", '{"issuer": "did:web:evil.example",', 1) + "}"
    answer = app.test_client().post(
        "/api/v1/verify", data=body, content_type="application/json", auth=(key["key"], key["secret"])
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "change", [{"d": "AQAB"}, {"use": "enc"}, {"alg": "RS512"}, {"alg": "ES256"}, {"e": "Aw"}], ids=str
)
def test_a_listed_key_is_public_for_signatures_and_for_its_algorithm(change: dict[str, str]) -> None:
    jwk = signing.to_jwk(signing.new_pair("RS256")[1])
    assert signing.from_jwk(jwk)[0] == "RS256"
    with pytest.raises(ValueError, match=r"key|exponent"):
        signing.from_jwk({**jwk, **change})


def test_an_erased_learner_is_in_no_papers_of_a_group_that_she_left(app: Flask, desk: Desk) -> None:
    from headstart_lms.accounts.models import Person
    from headstart_lms.certificates import batches
    from headstart_lms.certificates.models import Batch, Certificate
    from headstart_lms.cohorts.models import Cohort, Enrolment

    with app.app_context(), transaction() as current:
        certificate = current.scalars(
            select(Certificate).where(Certificate.code == desk.code.replace("-", ""))
        ).one()
        person = current.get_one(Person, certificate.person_id)
        cohort = current.scalars(select(Cohort).where(Cohort.centre_id == certificate.centre_id)).first()
        if cohort is None:
            pytest.fail("the centre of the cast has a group")
        for enrolment in current.scalars(select(Enrolment).where(Enrolment.person_id == person.id)):
            enrolment.cohort_id = None  # she was moved out of it
        batch = Batch(
            cohort_id=cohort.id, state="ready", salt=b"x" * 16, expires=certificate.issued.replace(year=2999)
        )
        current.add(batch)
        current.flush()
        batches.withdraw_for(current, person)
        current.flush()
        current.refresh(batch)
        assert (batch.state, batch.salt) == ("gone", None)
