"""The pages: what an office sees, what a holder gets, what nobody else may see."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.app import create_app
from headstart_lms.certificates import codes, privacy, services, status
from headstart_lms.certificates.models import Award, Certificate
from headstart_lms.cohorts.models import Enrolment
from headstart_lms.courses.models import Course
from headstart_lms.kernel import clock
from headstart_lms.kernel.db import Base, db, transaction
from headstart_lms.kernel.settings import keep_installation

from .conftest import COURSE, NOON, facts

HTTPS, DEMO = "https://learn.example.org", "http://localhost:8000"
NAMES = ("AMINA AL-HASSAN", "أمينة الحسن")


class Site:
    """An installation with a learner who passed, an award not yet issued, and a second learner."""

    def __init__(self, app: Flask, base_url: str) -> None:
        self.app, self.base_url = app, base_url
        with app.app_context():
            Base.metadata.create_all(db.engine)
            with transaction() as session:
                keep_installation(session, base_url, None)
                centre = accounts.make_centre(
                    session, "amman", "Amman Learning Centre", country="JO", is_default=True
                )
                self.tokens = {}
                for name in ("amina", "dalia"):
                    person = Person(centre=centre, language="en")
                    session.add(person)
                    session.flush()
                    self.tokens[name] = accounts.sign_in(session, person, timedelta(days=365))
                    if name == "amina":
                        self.amina = person.id
                course = Course(
                    uuid=COURSE,
                    slug="it-italiano-a1",
                    kind="language",
                    destination="IT",
                    current_digest="0" * 64,
                )
                amina = session.get(Person, self.amina)
                enrolment = Enrolment(person=amina, course=course, edition=1, language="ar")
                session.add_all([course, enrolment])
                session.flush()
                award = services.award(session, enrolment=enrolment, facts=facts(), at=clock.now())
                self.award = award.uuid

    def client(self, name: str | None = None) -> FlaskClient:
        client = self.app.test_client()
        if name is not None:
            secure = self.base_url.startswith("https")
            client.set_cookie(
                "__Host-hs" if secure else "hs", self.tokens[name], domain=self.host, secure=secure
            )
        return client

    @property
    def host(self) -> str:
        return self.base_url.split("//")[1].split(":")[0]

    def get(self, path: str, who: str | None = None, **more: Any) -> TestResponse:
        return self.client(who).get(path, base_url=self.base_url, **more)

    def post(self, path: str, data: dict[str, Any], who: str | None = None, **more: Any) -> TestResponse:
        headers = {"Sec-Fetch-Site": "same-origin", **more.pop("headers", {})}
        return self.client(who).post(path, data=data, base_url=self.base_url, headers=headers, **more)

    def read(self, path: str) -> Any:
        """Return the JSON that is published at an address."""
        return self.get(path).json

    def ask(self, text: str) -> Any:
        """Return the answer of a check, as a program gets it."""
        return self.post("/verify", {"text": text}, headers={"Accept": "application/json"}).json

    def issue(self) -> str:
        """Issue Amina's certificate and return its code, as shown."""
        answer = self.post(
            "/certificates/new",
            {
                "award": str(self.award),
                "passport_name": NAMES[0],
                "own_name": NAMES[1],
                "year_of_birth": "1990",
            },
            "amina",
        )
        assert answer.status_code == 303, answer.text
        return answer.location.rsplit("/", 1)[-1]

    def certificate(self, code: str) -> Certificate:
        return services.get_certificate(db.session(), code)


@pytest.fixture(params=[HTTPS, DEMO], ids=["https", "demo"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with clock.frozen(NOON):
        app = create_app(
            {
                "HEADSTART_INSTANCE": str(tmp_path / "instance"),
                "HEADSTART_BASE_URL": request.param,
                "TESTING": True,
            }
        )
        yield Site(app, request.param)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def state_of(page: TestResponse) -> str:
    found = re.search(r'data-state="([a-z-]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def nothing_personal(text: str) -> bool:
    return not any(word in text for word in (*NAMES, "1990", "82 %"))


# --- issuing -------------------------------------------------------------------------------------


def test_the_form_issues_the_certificate_and_shows_it(site: Site) -> None:
    assert site.get("/certificates/new", "amina").status_code == 200
    code = site.issue()
    page = site.get(f"/certificates/{code}", "amina")
    assert page.status_code == 200
    assert all(name in page.text for name in NAMES)
    assert code in page.text
    assert "hs-rosette" in page.text
    assert "hs-qr" in page.text
    # the form again leads to the same certificate
    again = site.get(f"/certificates/new?award={site.award}", "amina")
    assert again.location.endswith(f"/certificates/{code}")


def test_a_demo_says_on_every_page_that_it_proves_nothing(site: Site) -> None:
    code = site.issue()
    pages = [
        site.get("/verify"), site.get(f"/verify/{code}"), site.get(f"/certificates/{code}", "amina"),
        site.post("/verify", {"code": code, "year": "1990"}),
        site.post("/verify", {"text": site.get(f"/certificates/{code}.json", "amina").text}),
    ]  # fmt: skip
    for page in pages:
        assert ("proves nothing" in page.text) == (site.base_url == DEMO), page.request.path


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"passport_name": ""}, "Write the name"),
        ({"passport_name": "Амина"}, "Latin letters"),
        ({"year_of_birth": ""}, "four numbers"),
        ({"year_of_birth": "nineteen"}, "four numbers"),
        ({"year_of_birth": "1850"}, "four numbers"),
        ({"own_name": "<script>"}, "only the name"),
    ],
)
def test_a_form_that_is_not_right_keeps_what_was_written(
    site: Site, changes: dict[str, str], sentence: str
) -> None:
    sent = {"award": str(site.award), "passport_name": "AMINA", "own_name": "أمينة", "year_of_birth": "1990"}
    page = site.post("/certificates/new", {**sent, **changes}, "amina")
    assert page.status_code == 422
    assert sentence in page.text
    kept = [value for key, value in sent.items() if key not in changes and key != "award"]
    assert all(f'value="{value}"' in page.text for value in kept)
    with site.app.app_context():
        assert db.session().query(Certificate).count() == 0


def test_one_word_names_and_digits_of_other_scripts_are_fine(site: Site) -> None:
    sent = {"award": str(site.award), "passport_name": "SUHARTO", "own_name": "", "year_of_birth": "١٩٧٠"}
    assert site.post("/certificates/new", sent, "amina").status_code == 303


def test_nobody_issues_or_sees_the_award_of_somebody_else(site: Site) -> None:
    sent = {"award": str(site.award), "passport_name": "DALIA", "own_name": "", "year_of_birth": "1990"}
    assert site.post("/certificates/new", sent, "dalia").status_code == 404
    assert site.get(f"/certificates/new?award={site.award}", "dalia").status_code == 404
    assert site.get("/certificates/new?award=nonsense", "amina").status_code == 404
    assert site.get("/certificates/new", "dalia").status_code == 404
    assert site.get("/certificates/new").status_code == 303
    with site.app.app_context():
        assert db.session().query(Award).one().certificate is None


# --- checking --------------------------------------------------------------------------------------


def test_a_code_alone_shows_no_person(site: Site) -> None:
    code = site.issue()
    page = site.get(f"/verify/{code.lower()}")
    assert (page.status_code, state_of(page)) == (200, "valid")
    assert nothing_personal(page.text)
    assert "Amman Learning Centre" in page.text
    assert "Italian A1" in page.text
    sent = site.post("/verify", {"code": code.replace("-", " ")})
    assert (sent.status_code, sent.location) == (303, f"/verify/{code}")


def test_a_check_is_kept_nowhere_and_told_to_no_other_site(site: Site) -> None:
    for page in (site.get("/verify"), site.get(f"/verify/{site.issue()}")):
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)


def test_code_and_year_show_every_signed_fact(site: Site) -> None:
    page = site.post("/verify", {"code": site.issue(), "year": "1990"})
    assert (page.status_code, state_of(page)) == (200, "valid")
    assert all(text in page.text for text in (*NAMES, "82 %", "Can say who she is", "under supervision"))


def test_a_wrong_year_and_an_unknown_code_are_answered_alike(site: Site) -> None:
    code, unknown = site.issue(), codes.show(codes.new_code())
    pages = [
        site.post("/verify", {"code": one, "year": year}) for one, year in ((code, "1991"), (unknown, "1990"))
    ]
    assert {page.status_code for page in pages} == {404}
    texts = [page.text.replace(code, "CODE").replace(unknown, "CODE") for page in pages]
    assert _without_tokens(texts[0]) == _without_tokens(texts[1])
    files = [
        site.get(f"/certificates/{one}.json?year={year}") for one, year in ((code, "1991"), (unknown, "1990"))
    ]
    assert {page.status_code for page in files} == {404}
    assert files[0].text == files[1].text


def _without_tokens(text: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", text)


def test_a_mistyped_code_is_pointed_at_and_kept(site: Site) -> None:
    code = site.issue()
    wrong = ("A" if code[0] != "A" else "B") + code[1:]
    page = site.post("/verify", {"code": wrong})
    assert page.status_code == 422
    assert "character 1" in page.text
    assert wrong in page.text
    assert site.get(f"/verify/{wrong}").status_code == 422
    assert site.get(f"/verify/{codes.show(codes.new_code())}").status_code == 404


def test_a_file_pasted_text_and_a_pasted_address_are_checked(site: Site) -> None:
    code = site.issue()
    raw = site.get(f"/certificates/{code}.json", "amina").data
    sent = site.post("/verify", {"file": (io.BytesIO(raw), "certificate.json")})
    assert (sent.status_code, state_of(sent)) == (200, "valid")
    assert NAMES[0] in sent.text
    assert state_of(site.post("/verify", {"text": raw.decode()})) == "valid"
    forged = raw.replace(NAMES[0].encode(), b"SOMEBODY ELSE")
    changed = site.post("/verify", {"file": (io.BytesIO(forged), "certificate.json")})
    assert state_of(changed) == "altered"
    assert "SOMEBODY" not in changed.text
    address = json.loads(raw)["id"]
    assert site.post("/verify", {"text": address}).location == f"/verify/{code}"
    assert site.post("/verify", {"text": ""}).status_code == 422
    assert state_of(site.post("/verify", {"text": "hello"})) == "could-not-check"


def test_a_huge_file_is_refused_without_being_read_through(site: Site) -> None:
    page = site.post("/verify", {"file": (io.BytesIO(b"{" * 300_000), "certificate.json")})
    assert state_of(page) == "could-not-check"
    assert "too big" in page.text


def test_programs_get_the_answer_as_json(site: Site) -> None:
    code = site.issue()
    answer = site.get(f"/verify/{code}", headers={"Accept": "application/json"}).get_json()
    assert answer["state"] == "valid"
    assert set(answer["answers"]) == {"genuine", "issuer", "time", "standing"}
    assert answer["demo"] == (site.base_url == DEMO)
    assert nothing_personal(json.dumps(answer, ensure_ascii=False))


def test_revoked_suspended_and_replaced_are_told_with_date_and_reason(site: Site) -> None:
    code = site.issue()
    with site.app.app_context(), transaction() as session:
        services.suspend(session, services.get_certificate(session, code), "under-review", NOON)
    assert state_of(site.get(f"/verify/{code}")) == "suspended"
    with site.app.app_context(), transaction() as session:
        state = site.app.extensions["headstart"]
        old = services.get_certificate(session, code)
        new = codes.show(
            services.replace(session, old, keyring=state.keyring, base_url=site.base_url, at=NOON).code
        )
    page = site.get(f"/verify/{code}")
    assert state_of(page) == "replaced"
    assert f"/verify/{new}" in page.text
    with site.app.app_context(), transaction() as session:
        services.revoke(session, services.get_certificate(session, new), "fraud", NOON)
    page = site.get(f"/verify/{new}")
    assert state_of(page) == "revoked"
    assert "21 November 2026" in page.text
    assert "in a wrong way" in page.text


def test_guessing_years_ends_soon(site: Site) -> None:
    code = site.issue()
    statuses = [site.post("/verify", {"code": code, "year": str(1900 + n)}).status_code for n in range(25)]
    assert statuses[:20] == [404] * 20
    assert set(statuses[21:]) == {429}
    assert site.get(f"/certificates/{code}.json?year=1990").status_code == 429
    assert site.get(f"/certificates/{code}.json", "amina").status_code == 200


# --- the holder's files ----------------------------------------------------------------------------


def test_files_are_for_the_holder_or_for_code_and_year(site: Site) -> None:
    code = site.issue()
    for kind, start in (
        ("json", b"{"),
        ("jwt", b"ey"),
        ("svg", b"<?xml"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF"),
    ):
        path = f"/certificates/{code}.{kind}"
        mine = site.get(path, "amina")
        assert mine.status_code == 200, kind
        assert mine.data.startswith(start)
        assert mine.headers["Cache-Control"] == "no-store"
        assert site.get(path, "dalia").status_code == 404
        assert site.get(path + "?year=1990").status_code == 200
        assert site.get(path + "?year=1990", "dalia").status_code == 200
        assert site.get(path + "?year=nonsense").status_code in (404, 422)
        assert site.get(path).status_code in (303, 401)
    assert site.get(f"/certificates/{code}", "dalia").status_code == 404
    assert site.get(f"/certificates/{code}").status_code == 303
    assert NAMES[0] in site.get(f"/certificates/{code}?year=1990").text


@pytest.mark.parametrize("kind", ["json", "jwt", "svg", "png", "pdf"])
def test_every_file_verifies_again(site: Site, kind: str) -> None:
    code = site.issue()
    raw = site.get(f"/certificates/{code}.{kind}", "amina").data
    page = site.post("/verify", {"file": (io.BytesIO(raw), f"certificate.{kind}")})
    assert state_of(page) == "valid"


def test_a_token_can_be_had_in_every_algorithm_and_its_key_is_published(site: Site) -> None:
    code = site.issue()
    for alg in ("EdDSA", "RS256", "ES256"):
        token = site.get(f"/certificates/{code}.jwt?alg={alg}", "amina").text
        header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
        assert header["alg"] == alg
        assert site.get(f"/certificates/{code}.jwt?alg={alg}&year=1990").status_code == 200
        assert state_of(site.post("/verify", {"text": token})) == "valid"
        published = site.get("/centres/amman/did.json").json
        assert published is not None
        assert header["kid"] in published["assertionMethod"]
    assert site.get(f"/certificates/{code}.jwt?alg=none", "amina").status_code == 422
    assert site.get(f"/certificates/{code}.jwt?alg=RS256", "dalia").status_code == 404


def test_the_page_has_a_code_for_a_cv_that_shows_no_name(site: Site) -> None:
    code = site.issue()
    page = site.get(f"/certificates/{code}", "amina").text
    address = f"{site.base_url}/verify/{code}"
    assert f'value="{address}"' in page
    assert page.count('class="hs-qr"') == 2
    shown = site.get(f"/verify/{code}").text
    assert "Italian A1" in shown
    assert not any(name in shown for name in NAMES)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_a_photo_of_the_paper_is_checked_by_its_qr_code(site: Site, kind: str) -> None:
    code = site.issue()
    document = pypdfium2.PdfDocument(site.get(f"/certificates/{code}.pdf", "amina").data)
    photo = io.BytesIO()
    document[0].render(scale=2.2).to_pil().save(photo, {"jpg": "JPEG"}.get(kind, kind.upper()))
    small = io.BytesIO()
    document[1].render(scale=2.2).to_pil().save(small, {"jpg": "JPEG"}.get(kind, kind.upper()))
    document.close()
    page = site.post("/verify", {"file": (io.BytesIO(photo.getvalue()), f"photo.{kind}")})
    assert (state_of(page), NAMES[0] in page.text) == ("valid", True)
    page = site.post("/verify", {"file": (io.BytesIO(small.getvalue()), f"photo.{kind}")})
    assert (state_of(page), NAMES[0] in page.text, "Italian A1" in page.text) == ("valid", False, True)


def test_a_photo_without_a_qr_code_says_how_to_take_a_better_one(site: Site) -> None:
    blank = io.BytesIO()
    Image.new("RGB", (300, 200), "white").save(blank, "JPEG")
    page = site.post("/verify", {"file": (io.BytesIO(blank.getvalue()), "photo.jpg")})
    assert state_of(page) == "could-not-check"
    assert "Take it again" in page.text


def test_the_qr_code_and_the_pdf_lead_to_the_check(site: Site) -> None:
    import zxingcpp

    code = site.issue()
    page = site.get(f"/certificates/{code}", "amina").text
    drawn = re.search(r'class="hs-qr"[^>]*viewBox="0 0 (\d+) \d+".*?<path fill="#000" d="([^"]+)"', page)
    assert drawn is not None
    side = int(drawn[1])
    pixels = [bytearray(b"\xff" * (side * 4)) for _row in range(side * 4)]
    for x, y, run in re.findall(r"M(\d+) (\d+)h(\d+)v1", drawn[2]):
        for row in range(int(y) * 4, int(y) * 4 + 4):
            pixels[row][int(x) * 4 : (int(x) + int(run)) * 4] = bytes(int(run) * 4)
    image = memoryview(b"".join(pixels)).cast("B", (side * 4, side * 4))
    read = zxingcpp.read_barcode(image)
    assert read is not None
    address, _mark, token = read.text.partition("#")
    assert address == f"{site.base_url}/verify/{code}"
    checked = site.post("/verify", {"text": read.text})
    assert (state_of(checked), NAMES[0] in checked.text) == ("valid", True)
    assert state_of(site.post("/verify", {"text": token})) == "valid"


def test_the_pdf_carries_the_signed_file(site: Site) -> None:
    code = site.issue()
    pdf = site.get(f"/certificates/{code}.pdf", "amina").data
    assert b"/AFRelationship" in pdf
    assert b"certificate.json" in pdf
    assert b"pdfaid:part" in pdf
    assert b"pdfuaid:part" in pdf


def test_a_long_list_of_what_the_person_can_do_gets_a_page_of_its_own(site: Site) -> None:
    many = tuple(f"Can do thing number {number}" for number in range(24))
    with site.app.app_context(), transaction() as session:
        award = services.find_award(session, site.award)
        assert award is not None
        award.facts = facts(outcomes=many).model_dump(mode="json")
    code = site.issue()
    page = site.get(f"/certificates/{code}", "amina").text
    assert "hs-paper-more" in page
    assert all(outcome in page for outcome in many)
    # the office's page, the learner's page, the list
    assert b"/Count 3" in site.get(f"/certificates/{code}.pdf", "amina").data


def test_without_the_extra_the_pdf_is_not_found_and_the_page_offers_none(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headstart_lms.certificates import pdf

    code = site.issue()
    monkeypatch.setattr(pdf, "is_available", lambda: False)
    answer = site.get(f"/certificates/{code}.pdf", "amina")
    assert answer.status_code == 404
    assert "print the page" in answer.text
    assert ".pdf" not in site.get(f"/certificates/{code}", "amina").text


def test_after_an_erasure_the_code_still_answers_and_the_files_are_gone(site: Site) -> None:
    code = site.issue()
    raw = site.get(f"/certificates/{code}.json", "amina").data
    with site.app.app_context(), transaction() as session:
        person = session.get(Person, site.amina)
        assert person is not None
        privacy.erase(session, person)
    page = site.get(f"/verify/{code}")
    assert state_of(page) == "valid"
    assert nothing_personal(page.text)
    assert site.get(f"/certificates/{code}.json?year=1990").status_code == 404
    assert site.get(f"/certificates/{code}.json", "amina").status_code == 404
    assert state_of(site.post("/verify", {"file": (io.BytesIO(raw), "certificate.json")})) == "valid"


# --- what issuers publish --------------------------------------------------------------------------


def test_the_did_document_has_the_key_that_signed(site: Site) -> None:
    code = site.issue()
    document = site.get(f"/certificates/{code}.json", "amina").get_json()
    published = site.get("/centres/amman/did.json")
    assert published.headers["Access-Control-Allow-Origin"] == "*"
    methods = [method["id"] for method in published.get_json()["verificationMethod"]]
    assert document["proof"][0]["verificationMethod"] in methods
    assert published.get_json()["id"] == document["issuer"]["id"]
    for path in ("/did.json", "/.well-known/did.json"):
        own = site.get(path).get_json()
        assert own["alsoKnownAs"] == [document["issuer"]["id"]]
        assert all(method["controller"] == own["id"] for method in own["verificationMethod"])
    assert site.get("/centres/nowhere/did.json").status_code == 404


def test_the_status_list_is_published_under_the_address_in_the_certificate(site: Site) -> None:
    code = site.issue()
    entry = site.get(f"/certificates/{code}.json", "amina").get_json()["credentialStatus"]
    path = entry["statusListCredential"].removeprefix(site.base_url)
    index = int(entry["statusListIndex"])

    def bit() -> bool:
        published = site.get(path)
        assert published.status_code == 200
        return status.is_set(status.decode(published.get_json()["credentialSubject"]["encodedList"]), index)

    assert not bit()
    with site.app.app_context(), transaction() as session:
        services.revoke(session, services.get_certificate(session, code), "error", NOON)
    assert bit()
    assert site.get("/status/amman/1999").status_code == 404


def test_pages_stand_in_the_language_and_direction_of_the_reader(site: Site) -> None:
    page = site.get(f"/verify/{site.issue()}?lang=ar")
    assert 'lang="ar" dir="rtl"' in page.text
    assert "الإيطالية A1" in page.text
