"""Awards, certificates, keys, lists: what is written down, and what stays when people and courses go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft201909Validator  # type: ignore[import-untyped, unused-ignore]

from headstart_lms.accounts.models import Centre, Person
from headstart_lms.accounts.services import confirm_identity
from headstart_lms.certificates import codes, keys, lookup, privacy, proofs, rosette, services, status
from headstart_lms.certificates.models import Award, Certificate, IssuerKey, StatusList
from headstart_lms.certificates.rules import (
    Assessed,
    clean_name,
    clean_passport_name,
    clean_year,
    facts_of,
    months_later,
)
from headstart_lms.certificates.trust import trust_store
from headstart_lms.certificates.verify import verify
from headstart_lms.kernel.errors import Conflict, Invalid, NotFound

from .conftest import BASE_URL, COURSE, NOON, VECTORS, World, facts

# --- awards --------------------------------------------------------------------------------------


def test_an_enrolment_has_one_award_whatever_happens_later(world: World) -> None:
    again = services.award(
        world.session, enrolment=world.enrolment, facts=facts(level="B2"), at=NOON + timedelta(1)
    )
    assert again.id == world.award.id
    assert again.facts["level"] == "A1"


def test_no_certificate_without_name_and_year(world: World) -> None:
    world.person.identity = None
    world.session.flush()
    with pytest.raises(Invalid, match="name and the year"):
        world.issue()


def test_an_award_that_has_a_certificate_gives_the_same_again(world: World) -> None:
    assert world.issue().code == world.issue(at=NOON + timedelta(days=3)).code
    assert world.session.query(Certificate).count() == 1


def test_a_revoked_certificate_is_not_made_again(world: World) -> None:
    services.revoke(world.session, world.issue(), "fraud", NOON)
    with pytest.raises(Conflict):
        world.issue()


def test_facts_come_from_the_course_document() -> None:
    from headstart_lms.courses.document import Course

    course = Course.model_validate(_course())
    made = facts_of(course, titles={"ar": "الإيطالية"}, score=0.9, passed_at=NOON)
    assert made.titles == {"ar": "الإيطالية", "it": "Italiano A1"}
    assert made.skills == {"listening": "A1"}
    assert made.outcomes == ("Say ciao",)
    assert made.assessed == Assessed(mode="practice", blueprint_id="final", score=0.9, passed_at=NOON)
    assert (made.level, made.language, made.country, made.valid_months) == ("A1", "it", "IT", 12)


def _course() -> dict[str, Any]:
    return {
        "format": 1, "uuid": str(COURSE), "slug": "it-a1", "version": "3.1", "kind": "language",
        "title": {"it": "Italiano A1"}, "summary": "-", "destination": {"country": "IT"},
        "taught": {"language": "it", "level": "A1"}, "source_language": "en", "support_languages": ["ar"],
        "hours": 40, "authors": ["x"], "licence": "CC-BY-4.0",
        "outcomes": [{"id": "greet", "text": "Say [ciao]{it}"}],
        "certificate": {"blueprint": "final", "valid_months": 12},
        "modules": [{"id": "m", "title": "M", "units": ["u"]}],
        "units": [
            {"id": "u", "title": "U", "minutes": 5, "blocks": [{"id": "b", "type": "text", "text": "T"}]},
        ],
        "blueprints": [{
            "id": "final", "title": "Final", "minutes": 10, "pass": {"overall": 60},
            "sections": [
                {"id": "s", "title": "S", "skill": "listening", "draw": [{"tags": ["t"], "count": 1}]},
                {"id": "v", "title": "V", "skill": "use", "draw": [{"tags": ["t"], "count": 1}]},
            ],
        }],
    }  # fmt: skip


# --- what is signed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kind": "rights", "language": None, "level": None, "skills": {}, "valid_months": None},
        {"assessed": Assessed(), "outcomes": ()},
        {"hours": 7.5, "outcomes": ("two\nlines \x00 and a control",)},
    ],
)
def test_a_certificate_passes_the_published_open_badges_schema(world: World, changes: dict[str, Any]) -> None:
    award = world.another(**changes)
    made = services.issue(world.session, award, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    document = world.document(made)
    schema = json.loads((VECTORS / "schema" / "ob_v3p0_achievementcredential_schema.json").read_text())
    schema.pop("$schema")  # it names the meta-schema with an empty fragment, which the library does not know
    errors = sorted(Draft201909Validator(schema).iter_errors(document), key=str)
    assert [error.message for error in errors] == []
    assert verify(json.dumps(document), trust=trust_store(world.session), at=NOON).is_valid


def test_a_name_that_a_centre_checked_says_so(world: World) -> None:
    confirm_identity(world.session, world.person, world.centre)
    verdict = verify(json.dumps(world.document(world.issue())), trust=trust_store(world.session), at=NOON)
    assert verdict.facts is not None
    assert verdict.facts.is_name_checked
    assert verdict.facts.name_checked_by == "Amman Learning Centre"


def test_a_changed_name_is_no_longer_the_one_that_was_checked(world: World) -> None:
    confirm_identity(world.session, world.person, world.centre)
    services.state_identity(
        world.session, world.person, passport_name="AMINA HASAN", own_name="", year_of_birth=1990, at=NOON
    )
    assert world.person.identity is not None
    assert world.person.identity.checked is None
    assert world.person.identity.own_name == "AMINA HASAN"


def test_a_demo_says_so_in_the_signed_text_and_in_the_verdict(world: World) -> None:
    made = world.issue(base_url="http://127.0.0.1:8000")
    document = world.document(made)
    assert made.demo
    assert made.issuer_did == "did:web:localhost%3A8000:centres:amman"
    assert document["name"].startswith("DEMO, proves nothing")
    assert "proves nothing" in document["description"]
    verdict = verify(json.dumps(document), trust=trust_store(world.session), at=NOON)
    assert verdict.is_valid
    assert verdict.is_demo


@pytest.mark.parametrize(
    "base_url, did",
    [
        ("https://learn.example.org", "did:web:learn.example.org:centres:amman"),
        ("https://example.org:8443/a/b", "did:web:example.org%3A8443:a:b:centres:amman"),
        ("http://localhost:5000/x", "did:web:localhost%3A5000:x:centres:amman"),
    ],
)
def test_the_issuer_is_the_centre_as_did_web(base_url: str, did: str) -> None:
    assert keys.did_of(base_url, "centres", "amman") == did
    if base_url.startswith("https"):
        # did:web, 3.2: the document is at the path with /did.json
        _did, _web, host, *steps = did.split(":")
        assert f"https://{unquote(host)}/{'/'.join(steps)}/did.json" == base_url + "/centres/amman/did.json"


# --- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written, name",
    [
        ("  Amina   AL-HASSAN ", "Amina AL-HASSAN"),
        ("\u202eevil\u202c", "evil"),
        ("\u2066A\u2069\u200f", "A"),
        ("Suharto", "Suharto"),
        ("O\u2019Brien", "O\u2019Brien"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("Jose\u0301", "José"),
        ("A\tB\nC\x00", "A B C"),
    ],
)
def test_names_are_cleaned_and_otherwise_kept(written: str, name: str) -> None:
    assert clean_name(written) == name


@pytest.mark.parametrize("written", ["", "  ", "\u200b\u202e", "123", "<b>x</b>", "a@b", "x" * 121])
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        clean_name(written)


def test_the_passport_line_is_latin_and_the_own_name_is_not_bound() -> None:
    assert clean_passport_name("JÜRGEN ÞÓR ŁUKASZ") == "JÜRGEN ÞÓR ŁUKASZ"
    with pytest.raises(Invalid):
        clean_passport_name("Амина")
    assert clean_name("Амина") == "Амина"


def test_years_of_birth_are_possible_ones() -> None:
    assert clean_year(1990, NOON.date()) == 1990
    for year in (None, 0, 1899, 2027):
        with pytest.raises(Invalid):
            clean_year(year, NOON.date())


def test_months_end_at_the_last_day() -> None:
    assert months_later(datetime(2026, 8, 31, tzinfo=UTC), 6) == datetime(2027, 2, 28, tzinfo=UTC)


# --- standing ----------------------------------------------------------------------------------------


def test_suspending_and_reinstating_is_told_and_does_not_touch_the_list(world: World) -> None:
    made = world.issue()
    services.suspend(world.session, made, "under-review", NOON)
    assert lookup.by_code(world.session, made.code, NOON).verdict.state == "suspended"
    assert not status.is_set(_bits(world, made), made.status_index)
    services.reinstate(world.session, made, NOON)
    assert lookup.by_code(world.session, made.code, NOON).verdict.state == "valid"


def test_a_revocation_is_in_the_signed_list_at_once(world: World) -> None:
    made = world.issue()
    before = _list(world, made)
    assert not status.is_set(_bits(world, made), made.status_index)
    assert _list(world, made) == before  # kept, not signed at every reading
    services.revoke(world.session, made, "error", NOON)
    assert status.is_set(_bits(world, made), made.status_index)
    assert lookup.by_code(world.session, made.code, NOON).verdict.state == "revoked"


def test_the_signed_list_verifies_and_is_made_anew_after_a_day(world: World) -> None:
    made = world.issue()
    first = _list(world, made)
    assert verify(first, trust=_as_foreign(world), at=NOON).answer("genuine").said == "yes"
    later = NOON + timedelta(days=1, seconds=1)
    assert _list(world, made, later) != first
    assert verify(first, trust=_as_foreign(world), at=NOON + timedelta(days=8)).state == "expired"


def _as_foreign(world: World) -> Any:
    """Trust our keys as another installation would: without our register."""
    from dataclasses import replace

    store = trust_store(world.session)
    return replace(
        store,
        keys={m: replace(key, issuer=replace(key.issuer, is_own=False)) for m, key in store.keys.items()},
    )


def _list(world: World, made: Certificate, at: datetime = NOON) -> str:
    return status.signed_list(
        world.session, made.issuer, made.issued.year, keyring=world.keyring, base_url=BASE_URL, at=at
    )


def _bits(world: World, made: Certificate) -> bytes:
    return status.decode(json.loads(_list(world, made))["credentialSubject"]["encodedList"])


def test_another_installation_can_check_a_certificate_with_the_list_alone(world: World) -> None:
    from dataclasses import replace

    made = world.issue()
    text = json.dumps(world.document(made))
    assert verify(text, trust=_as_foreign(world), at=NOON).reason == "list-missing"
    listed = replace(_as_foreign(world), find_list=lambda url: json.loads(_list(world, made)))
    assert verify(text, trust=listed, at=NOON).is_valid
    services.revoke(world.session, made, "error", NOON)
    assert verify(text, trust=listed, at=NOON).state == "revoked"


def test_places_in_a_list_are_never_given_twice(world: World) -> None:
    first = world.issue()
    second = services.issue(world.session, world.another(), keyring=world.keyring, base_url=BASE_URL, at=NOON)
    assert first.status_list_id == second.status_list_id
    assert first.status_index != second.status_index
    assert world.session.query(StatusList).count() == 1


def test_lists_that_are_no_lists_are_refused() -> None:
    good = status.encode([0, 131_071])
    bits = status.decode(good)
    assert (len(bits), bits[0], bits[-1]) == (16_384, 0x80, 0x01)
    for bad in ("", "x" + good[1:], good[:40], "uAAAA", "u" + "!" * 8):
        with pytest.raises(ValueError, match=r"list|base64"):
            status.decode(bad)
    with pytest.raises(ValueError, match="outside"):
        status.is_set(bits, 131_072)
    with pytest.raises(ValueError, match="outside"):
        status.encode([-1])


def test_a_list_that_unpacks_to_far_too_much_is_refused() -> None:
    import base64
    import gzip

    bomb = "u" + base64.urlsafe_b64encode(gzip.compress(bytes(30_000_000))).decode().rstrip("=")
    with pytest.raises(ValueError, match="length"):
        status.decode(bomb)


def test_a_corrected_name_replaces_the_paper_without_showing_the_new_name(world: World) -> None:
    old = world.issue()
    services.state_identity(
        world.session,
        world.person,
        passport_name="AMINA HASAN",
        own_name="أمينة حسن",
        year_of_birth=1990,
        at=NOON,
    )
    new = services.replace(world.session, old, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    found = lookup.by_code(world.session, old.code, NOON)
    assert found.verdict.state == "replaced"
    assert found.verdict.record is not None
    assert found.verdict.record.replaced_by == new.code
    assert lookup.by_code(world.session, new.code, NOON).verdict.is_valid
    assert world.award.certificate is not None
    assert world.award.certificate.code == new.code
    with pytest.raises(Conflict):
        services.replace(world.session, old, keyring=world.keyring, base_url=BASE_URL, at=NOON)


def test_a_reason_is_one_of_the_list(world: World) -> None:
    with pytest.raises(Invalid):
        services.revoke(world.session, world.issue(), "because", NOON)


# --- keys ------------------------------------------------------------------------------------------


def test_a_centre_gets_a_new_key_each_quarter_and_old_papers_stay_valid(world: World) -> None:
    old = world.document(world.issue())
    spring = datetime(2027, 2, 1, tzinfo=UTC)
    made = services.issue(world.session, world.another(), keyring=world.keyring, base_url=BASE_URL, at=spring)
    methods = [document["proof"][0]["verificationMethod"] for document in (old, world.document(made))]
    assert [method.split("#")[1] for method in methods] == ["2026q4", "2027q1"]
    assert verify(json.dumps(old), trust=trust_store(world.session), at=spring).is_valid
    document = keys.find_did_document(world.session, made.issuer_did)
    assert document is not None
    assert [entry["id"] for entry in document["verificationMethod"]] == methods
    assert document["assertionMethod"] == methods


def test_a_compromised_key_signs_no_more_and_leaves_the_published_methods(world: World) -> None:
    world.issue()
    [key] = world.session.query(IssuerKey).all()
    keys.mark_compromised(world.session, key, NOON + timedelta(hours=1))
    again = services.issue(
        world.session, world.another(), keyring=world.keyring, base_url=BASE_URL, at=NOON + timedelta(hours=2)
    )
    method = world.document(again)["proof"][0]["verificationMethod"]
    assert method.endswith("#2026q4-2")
    document = keys.find_did_document(world.session, again.issuer_did)
    assert document is not None
    assert document["assertionMethod"] == [method]
    assert len(document["verificationMethod"]) == 2
    with pytest.raises(Conflict):
        keys.open_seed(key, world.keyring)


def test_the_private_key_is_sealed_and_bound_to_its_purpose(world: World) -> None:
    world.issue()
    [key] = world.session.query(IssuerKey).all()
    assert key.sealed is not None
    seed = keys.open_seed(key, world.keyring)
    assert seed not in key.sealed
    with pytest.raises(ValueError, match="another key"):
        world.keyring.open("something-else", key.sealed)


def test_people_without_a_centre_get_it_from_the_default_one(world: World) -> None:
    world.award.centre_id = None
    world.session.flush()
    assert world.issue().issuer == "amman"
    world.centre.is_default = False
    world.session.flush()
    with pytest.raises(NotFound):
        services.issue(
            world.session, _without_centre(world), keyring=world.keyring, base_url=BASE_URL, at=NOON
        )


def _without_centre(world: World) -> Award:
    award = world.another()
    award.centre_id = None
    world.session.flush()
    return award


# --- looking up ------------------------------------------------------------------------------------


def test_a_code_alone_finds_state_and_course_but_no_signed_fact(world: World) -> None:
    made = world.issue()
    found = lookup.by_code(world.session, codes.show(made.code).lower(), NOON)
    assert found.verdict.is_valid
    assert found.verdict.facts is None
    assert found.certificate is made


def test_a_wrong_year_an_unknown_code_and_an_erased_holder_look_the_same(world: World) -> None:
    made = world.issue()
    right = lookup.by_code_and_year(world.session, made.code, 1990, NOON)
    assert right.verdict.facts is not None
    wrong = lookup.by_code_and_year(world.session, made.code, 1991, NOON)
    unknown = lookup.by_code_and_year(world.session, codes.new_code(), 1990, NOON)
    privacy.erase(world.session, world.person)
    erased = lookup.by_code_and_year(world.session, made.code, 1990, NOON)
    assert wrong == unknown == erased


# --- what stays ------------------------------------------------------------------------------------


def test_erasing_a_person_keeps_what_the_paper_needs_and_nothing_more(world: World) -> None:
    made = world.issue()
    text, digest = made.payload or "", made.digest
    exported = privacy.export(world.session, world.person)
    assert exported["certificates"][0]["credential"]["credentialSubject"]["name"] == "AMINA AL-HASSAN"
    assert exported["awards"][0]["facts"]["level"] == "A1"
    assert privacy.erase(world.session, world.person) == 1
    world.session.delete(world.enrolment)
    world.session.delete(world.person)
    world.session.commit()
    [kept] = world.session.query(Certificate).all()
    assert (kept.payload, kept.person_id, kept.award_id) == (None, None, None)
    assert (kept.digest, kept.level, kept.kind, kept.issuer) == (digest, "A1", "language", "amman")
    assert world.session.query(Award).count() == 0
    assert world.session.query(Person).count() == 0
    assert lookup.by_code(world.session, kept.code, NOON).verdict.is_valid
    assert verify(text, trust=trust_store(world.session), at=NOON).is_valid  # the paper still verifies
    services.revoke(world.session, kept, "fraud", NOON)
    assert verify(text, trust=trust_store(world.session), at=NOON).state == "revoked"
    assert b"AL-HASSAN" not in _raw_database(world)


def _raw_database(world: World) -> bytes:
    """Return the bytes of the database file and its log, after a checkpoint."""
    import sqlite3
    from pathlib import Path

    world.session.commit()
    world.session.close()
    engine = world.session.get_bind().engine
    engine.dispose()
    file = Path(str(engine.url.database))
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return b"".join(part.read_bytes() for part in file.parent.glob("certificates.sqlite3*"))


def test_certificates_outlive_person_and_centre_rows(world: World) -> None:
    made = world.issue()
    text = made.payload or ""
    second = Centre(slug="default", name="Default", is_default=True)
    world.session.add(second)
    world.session.delete(world.enrolment)
    world.session.delete(world.person)
    world.session.flush()
    world.session.delete(world.centre)
    world.session.commit()
    world.session.expire_all()
    [kept] = world.session.query(Certificate).all()
    assert (kept.person_id, kept.centre_id) == (None, None)
    assert verify(text, trust=trust_store(world.session), at=NOON).is_valid


# --- the rosette -----------------------------------------------------------------------------------


def test_the_rosette_depends_on_the_first_sixteen_bytes_only() -> None:
    digest = proofs.digest({"a": 1})
    assert rosette.rings(digest) == rosette.rings(digest[:32])
    assert rosette.figure(digest) == rosette.figure(digest)
    for at in range(0, 32, 2):
        other = digest[:at] + f"{int(digest[at : at + 2], 16) ^ 0x55:02x}" + digest[at + 2 :]
        assert rosette.rings(other) != rosette.rings(digest)
    with pytest.raises(ValueError, match="16 bytes"):
        rosette.rings("00ff")


def test_the_rosette_stays_small_and_inside_its_frame() -> None:
    import re

    for seed in range(40):
        drawn = rosette.figure(proofs.digest({"n": seed}))
        assert len(drawn) < 24_000
        numbers = [float(n) for d in re.findall(r' d="([^"]+)"', drawn) for n in re.findall(r"-?\d+", d)]
        assert min(numbers) >= 0
        assert max(numbers) <= rosette.SIDE


def test_the_figure_is_the_one_that_was_printed_on_papers() -> None:
    import hashlib

    drawn = rosette.figure(hashlib.sha256(b"headstart").hexdigest())
    assert hashlib.sha256(drawn.encode()).hexdigest()[:16] == "9b491f4c0772df62"


def test_fingerprints_are_the_same_in_numbers_and_words() -> None:
    public = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    print_of = keys.fingerprint(public)
    assert len(print_of.replace(" ", "")) == 32
    said = keys.spoken(print_of)
    assert len(said.split("-")) == 8
    for typed in (print_of, print_of.upper(), print_of.replace(" ", ""), said, said.replace("-", " ")):
        assert keys.is_same_fingerprint(typed, print_of)
    for typed in ("", print_of[:-1], said[:-1] + "x", "0"):
        assert not keys.is_same_fingerprint(typed, print_of)
    # as RFC drafts of proquints give it: 127.0.0.1 is lusab-babad
    assert keys.spoken("7f00 0001") == "lusab-babad"


def test_a_full_list_says_what_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.issue()
    monkeypatch.setattr(status, "MOST", 1)
    with pytest.raises(Conflict, match="Let another centre issue"):
        services.issue(world.session, world.another(), keyring=world.keyring, base_url=BASE_URL, at=NOON)
