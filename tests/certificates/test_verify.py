"""The verifier against others' data, against changed data, and against attacks."""

from __future__ import annotations

import copy
import json
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from headstart_lms.certificates import keys, proofs, services, signed_files, signing, status
from headstart_lms.certificates.contexts import CREDENTIALS_V2, OPEN_BADGES
from headstart_lms.certificates.errors import NotRead
from headstart_lms.certificates.models import IssuerKey
from headstart_lms.certificates.reading import MOST_BYTES, read
from headstart_lms.certificates.trust import KnownIssuer, TrustedKey, TrustStore, trust_store
from headstart_lms.certificates.verdict import Verdict, sentence
from headstart_lms.certificates.verify import verify

from .conftest import BASE_URL, NOON, World

# --- our own certificates ----------------------------------------------------------------------


def check(world: World, data: Any, at: datetime = NOON) -> Verdict:
    text = data if isinstance(data, str | bytes) else json.dumps(data)
    return verify(text, trust=trust_store(world.session), at=at)


def test_our_certificate_is_valid_and_tells_every_signed_fact(world: World) -> None:
    verdict = check(world, world.document(world.issue()))
    assert verdict.state == "valid"
    assert [answer.said for answer in verdict.answers] == ["yes"] * 4
    facts = verdict.facts
    assert facts is not None
    assert (facts.passport_name, facts.own_name, facts.year_of_birth) == (
        "AMINA AL-HASSAN",
        "أمينة الحسن",
        1990,
    )
    assert (facts.level, facts.skills) == ("A1", {"listening": "A1", "reading": "A1"})
    assert (facts.hours, facts.assessment, facts.score) == ("60", "supervised", "82")
    assert (facts.course, facts.version, facts.country, facts.language) == (
        "it-italiano-a1",
        "1.2",
        "IT",
        "it",
    )
    assert facts.outcomes == ("Can say who she is", "Can ask for the way")
    assert not facts.is_name_checked
    assert facts.valid_until == datetime(2028, 11, 21, 12, tzinfo=UTC)
    assert verdict.issuer is not None
    assert verdict.issuer.name == "Amman Learning Centre"


def variants(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the document with one character changed, for every text and every member name in it."""

    def changed(text: str) -> str:
        at = len(text) // 2
        other = "7" if text[at] != "7" else "8"
        return text[:at] + other + text[at + 1 :]

    def put(container: Any, steps: tuple[Any, ...], value: Any) -> Any:
        if not steps:
            return value
        fresh = copy.copy(container)
        fresh[steps[0]] = put(container[steps[0]], steps[1:], value)
        return fresh

    def walk(value: Any, steps: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
        if isinstance(value, str):
            yield steps, put(document, steps, changed(value) if value else "7")
        elif isinstance(value, bool):
            yield steps, put(document, steps, not value)
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from walk(inner, (*steps, number))
            yield (*steps, "dropped"), put(document, steps, value[:-1])
        else:
            for name, inner in value.items():
                renamed = {changed(key) if key == name else key: kept for key, kept in value.items()}
                yield (*steps, name, "renamed"), put(document, steps, renamed)
                yield from walk(inner, (*steps, name))

    yield from walk(document, path)


def test_every_change_of_a_certificate_is_refused(world: World) -> None:
    document = world.document(world.issue())
    trust = trust_store(world.session)
    tried = 0
    for path, changed in variants(document):
        if path == ("proof", "dropped"):
            continue  # a proof set may be shortened; what is left still signs everything
        verdict = verify(json.dumps(changed), trust=trust, at=NOON)
        assert not verdict.is_valid, path
        assert verdict.facts is None, path
        tried += 1
    assert tried > 250


def test_one_proof_left_still_signs_everything(world: World) -> None:
    document = world.document(world.issue())
    for proof in document["proof"]:
        alone = {**document, "proof": proof}
        assert check(world, alone).is_valid
        assert check(world, {**alone, "name": "Italian C2"}).state == "altered"


def test_another_layout_of_the_same_json_is_the_same_certificate(world: World) -> None:
    document = world.document(world.issue())
    assert check(world, json.dumps(document, sort_keys=True, ensure_ascii=True).encode()).is_valid
    assert check(
        world, b"\xef\xbb\xbf" + json.dumps(document, indent=9, ensure_ascii=False).encode()
    ).is_valid


@pytest.mark.parametrize("member", ["validUntil", "credentialStatus"])
def test_a_member_renamed_to_its_full_address_is_refused(world: World, member: str) -> None:
    """The RDF, and so the rdfc signature, stays the same; the expiry would be gone (CERTIFICATES 3.4)."""
    document = world.document(world.issue())
    rdfc_proof = next(p for p in document["proof"] if p["cryptosuite"] == proofs.RDFC)
    value = document.pop(member)
    document["proof"] = rdfc_proof
    typed = {"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": value}
    document[f"https://www.w3.org/2018/credentials#{member}"] = typed if member == "validUntil" else value
    verdict = check(world, document, at=NOON + timedelta(days=365 * 5))
    assert (verdict.state, verdict.reason, verdict.facts) == ("could-not-check", "term", None)


def test_a_member_that_no_context_defines_is_refused_under_rdfc_alone(world: World) -> None:
    document = world.document(world.issue())
    document["proof"] = next(p for p in document["proof"] if p["cryptosuite"] == proofs.RDFC)
    document["credentialSubject"]["levelOverall"] = "C2"
    assert (check(world, document).state, check(world, document).reason) == ("altered", "undefined")


def test_a_certificate_signed_by_a_key_of_ours_but_not_in_the_register_is_unknown(world: World) -> None:
    certificate = world.issue()
    document = proofs.without_proof(world.document(certificate))
    document["credentialSubject"]["name"] = "SOMEBODY ELSE"
    key = keys.signing_key(world.session, world.centre, keyring=world.keyring, base_url=BASE_URL, at=NOON)
    forged = proofs.with_proofs(document, seed=keys.open_seed(key, world.keyring), method=key.method, at=NOON)
    verdict = check(world, forged)
    assert (verdict.state, verdict.reason, verdict.facts) == ("unknown", "not-in-register", None)


def test_an_issuer_we_do_not_know_is_unknown_and_nothing_of_it_is_shown(world: World) -> None:
    document = world.document(world.issue())
    verdict = verify(json.dumps(document), trust=TrustStore({}), at=NOON)
    assert (verdict.state, verdict.reason) == ("unknown", "issuer-unknown")
    assert verdict.facts is None
    assert verdict.answer("genuine").said == "unknown"


def test_a_known_issuer_with_a_key_it_does_not_have_is_altered(world: World) -> None:
    document = world.document(world.issue())
    for proof in document["proof"]:
        proof["verificationMethod"] = proof["verificationMethod"] + "-9"
    assert check(world, document).reason == "key-unknown"


def test_a_key_of_one_issuer_does_not_sign_for_another(world: World) -> None:
    document = world.document(world.issue())
    trust = trust_store(world.session)
    [key] = trust.keys.values()
    other = TrustedKey(key.method, key.public, KnownIssuer("did:web:other.example", "Other"))
    verdict = verify(json.dumps(document), trust=TrustStore({key.method: other}), at=NOON)
    assert (verdict.state, verdict.reason) == ("altered", "issuer-differs")


def test_dates_decide_and_both_troubles_are_told(world: World) -> None:
    certificate = world.issue()
    document = world.document(certificate)
    assert check(world, document, NOON - timedelta(days=1)).state == "not-yet-valid"
    late = NOON + timedelta(days=365 * 3)
    assert check(world, document, late).state == "expired"
    services.revoke(world.session, certificate, "fraud", late)
    verdict = check(world, document, late)
    assert verdict.state == "revoked"
    assert [verdict.answer(q).said for q in ("time", "standing")] == ["no", "no"]


def test_signatures_made_outside_the_time_of_a_key_do_not_count(world: World) -> None:
    document = world.document(world.issue())
    [key] = world.session.query(IssuerKey).all()
    key.valid_from = NOON + timedelta(days=1)
    world.session.flush()
    assert check(world, document).reason == "key-time"
    key.valid_from = NOON - timedelta(days=1)
    keys.mark_compromised(world.session, key, NOON)
    assert check(world, document).reason == "key-compromised"
    key.compromised_from = NOON + timedelta(seconds=1)
    world.session.flush()
    assert check(world, document).is_valid


# --- other issuers -------------------------------------------------------------------------------


def foreign(index: str = "7", **changes: Any) -> tuple[dict[str, Any], bytes, KnownIssuer]:
    issuer = KnownIssuer("did:web:school.example", "School")
    document = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES], "id": "urn:uuid:8f3f8a52-43cf-44a5-a8f4-4eb2b4d9ed11",
        "type": ["VerifiableCredential", "OpenBadgeCredential"], "issuer": issuer.did,
        "validFrom": proofs.written(NOON),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "urn:x", "type": ["Achievement"], "name": "Sewing", "description": "-",
                "criteria": {"narrative": "-"},
            },
        },
        "credentialStatus": {
            "id": f"https://school.example/list#{index}", "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation", "statusListIndex": index, "statusListCredential": "https://school.example/list",
        },
    }  # fmt: skip
    return {**document, **changes}, signing.new_seed(), issuer


@pytest.mark.parametrize(
    "set_, age, state, reason",
    [
        ([], 0, "valid", "valid"),
        ([7], 0, "revoked", "revoked"),
        ([], 8, "could-not-check", "list-old"),
        ([7], 8, "revoked", "revoked"),
        ([], None, "could-not-check", "list-missing"),
    ],
)
def test_the_list_of_another_issuer_is_read_when_it_is_at_hand_and_fresh(
    set_: list[int], age: int | None, state: str, reason: str
) -> None:
    document, seed, issuer = foreign()
    method = issuer.did + "#1"
    key = TrustedKey(method, signing.public_key(seed), issuer)

    def stored(url: str) -> dict[str, Any] | None:
        if age is None:
            return None
        at = NOON - timedelta(days=age)
        listed = status.credential(_issuer(issuer), url, set_, at=at)
        return proofs.with_proofs(listed, seed=seed, method=method, at=at)

    signed = proofs.with_proofs(document, seed=seed, method=method, at=NOON)
    verdict = verify(json.dumps(signed), trust=TrustStore({method: key}, find_list=stored), at=NOON)
    assert (verdict.state, verdict.reason) == (state, reason)
    assert verdict.answer("genuine").said == "yes"


def test_a_list_signed_by_somebody_else_does_not_count() -> None:
    document, seed, issuer = foreign()
    other, other_seed = KnownIssuer("did:web:other.example", "Other"), signing.new_seed()
    method, other_method = issuer.did + "#1", other.did + "#1"

    def stored(url: str) -> dict[str, Any]:
        listed = status.credential(_issuer(other), url, [], at=NOON)
        return proofs.with_proofs(listed, seed=other_seed, method=other_method, at=NOON)

    trust = TrustStore(
        {
            method: TrustedKey(method, signing.public_key(seed), issuer),
            other_method: TrustedKey(other_method, signing.public_key(other_seed), other),
        },
        find_list=stored,
    )
    signed = proofs.with_proofs(document, seed=seed, method=method, at=NOON)
    assert verify(json.dumps(signed), trust=trust, at=NOON).reason == "list-not-usable"


def _issuer(known: KnownIssuer) -> Any:
    from headstart_lms.certificates.credential import Issuer

    return Issuer(known.did, known.name, "https://school.example")


# --- tokens and pictures -------------------------------------------------------------------------


def test_the_jwt_form_is_the_same_certificate(world: World) -> None:
    certificate = world.issue()
    token = signed_files.make_jwt(world.session, certificate, keyring=world.keyring)
    verdict = check(world, token)
    assert verdict.is_valid
    assert verdict.digest == certificate.digest


def test_every_changed_character_of_a_jwt_is_refused(world: World) -> None:
    token = signed_files.make_jwt(world.session, world.issue(), keyring=world.keyring)
    trust = trust_store(world.session)
    for at in [*range(0, len(token), 7), len(token) - 1]:
        other = "A" if token[at] != "A" else "B"
        assert not verify(token[:at] + other + token[at + 1 :], trust=trust, at=NOON).is_valid


def test_a_jwt_without_signature_algorithm_or_with_its_own_key_is_refused(world: World) -> None:
    token = signed_files.make_jwt(world.session, world.issue(), keyring=world.keyring)
    _head, body, tail = token.split(".")
    [key] = trust_store(world.session).keys.values()
    for header in (
        {"alg": "none", "kid": key.method}, {"alg": "HS256", "kid": key.method},
        {"alg": "EdDSA", "jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}},
        {"alg": "EdDSA", "kid": key.method, "crit": ["x"], "x": 1},
    ):  # fmt: skip
        head = signed_files._base64url(json.dumps(header).encode())
        assert not check(world, f"{head}.{body}.{tail}").is_valid


def test_the_baked_picture_holds_the_certificate(world: World) -> None:
    certificate = world.issue()
    picture = signed_files.make_svg(certificate)
    assert check(world, picture).is_valid
    assert check(world, picture.replace("AMINA", "SAMIRA")).state == "altered"


# --- attacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "empty"),
        (b"\xff\xfe\x00", "not-text"),
        (b"x" * (MOST_BYTES + 1), "too-big"),
        (b"[" * 50_000, "too-deep"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "too-deep"),
        (b"[1,2]", "not-json"),
        (b"{", "not-json"),
        (b'{"a": NaN}', "not-json"),
        (b'{"a": 1, "a": 2}', "not-json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not-json"),
        (json.dumps({"a": [0] * 6000}).encode(), "too-many"),
        (b'{"a": 1}', "context"),
        (b'{"@context": "https://www.w3.org/ns/credentials/v2"}', "context"),
        (json.dumps({"@context": [CREDENTIALS_V2, {"name": "http://schema.org/other"}]}).encode(), "context"),
        (json.dumps({"@context": [CREDENTIALS_V2], "@id": "x"}).encode(), "term"),
        (json.dumps({"@context": [CREDENTIALS_V2], "a": {"@context": [CREDENTIALS_V2]}}).encode(), "context"),
        (json.dumps({"@context": [CREDENTIALS_V2], "issuer": "x"}).encode(), "no-proof"),
        (b"<svg>" * 10, "not-json"),
        (b"a.b.c", "not-json"),
        (b"%PDF-1.7 " + b"x" * 12_000_000, "too-big"),
        (
            b"%PDF-1.7\n" + (b"stream\n" + zlib.compress(b" " * 1_000_000) + b"endstream\n") * 900,
            "no-attachment",
        ),
        (b"%PDF-1.7 stream", "no-attachment"),
        (b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><svg/>", "not-json"),
    ],
)
def test_hostile_files_are_refused_with_a_sentence(data: bytes, reason: str) -> None:
    verdict = verify(data, trust=TrustStore({}), at=NOON)
    assert (verdict.state, verdict.reason) == ("could-not-check", reason)
    assert sentence(reason)


def test_a_context_that_is_not_pinned_is_never_fetched() -> None:
    document, seed, issuer = foreign()
    document["@context"] = [CREDENTIALS_V2, "https://attacker.example/context"]
    signed = {**document, "proof": {"type": "DataIntegrityProof", "verificationMethod": issuer.did + "#1"}}
    key = TrustedKey(issuer.did + "#1", signing.public_key(seed), issuer)
    verdict = verify(json.dumps(signed), trust=TrustStore({key.method: key}), at=NOON)
    assert (verdict.state, verdict.reason) == ("could-not-check", "context")


def test_text_that_is_no_unicode_and_numbers_that_json_cannot_carry_are_refused(world: World) -> None:
    text = json.dumps(world.document(world.issue()))
    assert not check(world, text.replace("AMINA", "\\ud800")).is_valid
    assert not check(world, text.replace('"60"', "9007199254740993")).is_valid


def test_a_graph_built_to_be_slow_is_stopped_after_two_seconds() -> None:
    """A clique of blank nodes: canonicalisation of it takes hours (RDFC-1.0, 7.1)."""
    document, seed, issuer = foreign()
    names = [f"_:e{number}" for number in range(12)]
    document["credentialSubject"]["achievement"] = [
        {
            "id": name, "type": ["Achievement"],
            "related": [{"id": other, "type": ["Related"]} for other in names if other != name],
        }
        for name in names
    ]  # fmt: skip
    method = issuer.did + "#1"
    small = {"@context": document["@context"]}
    some = proofs.sign(small, seed=seed, method=method, at=NOON, suite=proofs.JCS)
    proof = {**{k: v for k, v in some.items() if k != "@context"}, "cryptosuite": proofs.RDFC}
    key = TrustedKey(method, signing.public_key(seed), issuer)
    start = time.monotonic()
    verdict = verify(json.dumps({**document, "proof": proof}), trust=TrustStore({method: key}), at=NOON)
    assert (verdict.state, verdict.reason) == ("could-not-check", "too-slow")
    assert time.monotonic() - start < 6


def test_reading_refuses_before_any_signature_is_looked_at() -> None:
    with pytest.raises(NotRead):
        read(b'{"@context": []}')
