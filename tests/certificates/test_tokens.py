"""The signed text in the QR code of the paper."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headstart_lms.certificates import cbor, keys, lookup, privacy, services, signing, tokens
from headstart_lms.certificates.models import Certificate, IssuerKey
from headstart_lms.certificates.trust import TrustStore, trust_store
from headstart_lms.certificates.verify import verify
from headstart_lms.kernel import qr

from .conftest import BASE_URL, NOON, World

values = st.recursive(
    st.integers(-(2**63), 2**64 - 1) | st.binary(max_size=300) | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.integers(-99, 99) | st.text(max_size=3), inner)
    ),
    max_leaves=4,
)


def token_of(world: World) -> str:
    made = tokens.make_token(world.session, world.issue(), keyring=world.keyring)
    assert made is not None
    return made


# --- the writing -----------------------------------------------------------------------------------


@given(st.binary(max_size=400))
def test_bytes_survive_the_alphabet_of_qr_codes(data: bytes) -> None:
    text = tokens.to_text(data)
    assert tokens.to_bytes(text) == data
    assert set(text) <= set(tokens.ALPHABET)


@given(values)
def test_what_is_written_is_read_again(value: object) -> None:
    assume(_depth(value) <= cbor.MOST_LEVELS)
    assert cbor.decode(cbor.encode(value)) == value


def _depth(value: object) -> int:
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return 1 + max(map(_depth, inner)) if inner else 0


@given(st.binary(max_size=60))
def test_any_bytes_are_read_in_one_way_or_refused(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except (ValueError, TypeError):
        return
    assert cbor.encode(value) == data


@pytest.mark.parametrize(
    "raw, value",  # RFC 8949, appendix A
    [
        ("00", 0), ("17", 23), ("1818", 24), ("1903e8", 1000), ("1bffffffffffffffff", 2**64 - 1),
        ("3903e7", -1000),
        ("4401020304", b"\x01\x02\x03\x04"), ("6449455446", "IETF"), ("62c3bc", "\u00fc"),
        ("83010203", [1, 2, 3]), ("a201020304", {1: 2, 3: 4}), ("80", []), ("a0", {}),
    ],
)  # fmt: skip
def test_the_examples_of_the_standard(raw: str, value: object) -> None:
    assert cbor.encode(value).hex() == raw
    assert cbor.decode(bytes.fromhex(raw)) == value


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "18",
        "1817",
        "9f01ff",
        "f5",
        "c074",
        "a201020102",
        "a203040102",
        "5a00ffffff00",
        "81" * 8 + "00",
        "a18000",
    ],
)
def test_what_is_not_canonical_or_not_of_our_kinds_is_refused(raw: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        cbor.decode(bytes.fromhex(raw))


# --- the paper ---------------------------------------------------------------------------------------


def test_the_paper_verifies_and_tells_the_signed_facts(world: World) -> None:
    token = token_of(world)
    for text in (token, f"{BASE_URL}/verify/XXXX#{token}", f"  {token}\n".encode()):
        verdict = verify(text, trust=trust_store(world.session), at=NOON)
        assert verdict.is_valid, verdict.reason
    facts = verdict.facts
    assert facts is not None
    assert (facts.passport_name, facts.own_name, facts.year_of_birth) == (
        "AMINA AL-HASSAN",
        "أمينة الحسن",
        1990,
    )
    assert (facts.level, facts.hours, facts.assessment, facts.score) == ("A1", "60", "supervised", "82")
    assert (facts.course, facts.version, facts.kind) == ("it-italiano-a1", "1.2", "language")
    certificate = world.award.certificate
    assert certificate is not None
    assert verdict.digest == certificate.digest[:32]  # so the rosette is the same
    found = lookup.by_document(world.session, token, NOON)
    assert found.certificate is certificate
    assert found.verdict.facts is not None
    assert found.verdict.facts.title == "Italian A1"


def test_the_paper_still_verifies_when_the_person_was_erased(world: World) -> None:
    token = token_of(world)
    privacy.erase(world.session, world.person)
    verdict = lookup.by_document(world.session, token, NOON).verdict
    assert verdict.is_valid
    assert verdict.facts is not None
    assert verdict.facts.passport_name == "AMINA AL-HASSAN"
    certificate = world.session.query(Certificate).one()
    assert tokens.make_token(world.session, certificate, keyring=world.keyring) is None


def test_states_are_told_from_a_token_too(world: World) -> None:
    token = token_of(world)
    store = trust_store(world.session)
    assert verify(token, trust=store, at=NOON + timedelta(days=365 * 3)).state == "expired"
    assert verify(token, trust=store, at=NOON - timedelta(days=3)).state == "not-yet-valid"
    services.revoke(world.session, world.issue(), "error", NOON)
    assert verify(token, trust=store, at=NOON).state == "revoked"
    assert verify(token, trust=TrustStore({}), at=NOON).state == "unknown"


def test_every_changed_character_is_refused(world: World) -> None:
    token = token_of(world)
    trust = trust_store(world.session)
    for at in range(len(token)):
        other = "0" if token[at] != "0" else "1"
        verdict = verify(token[:at] + other + token[at + 1 :], trust=trust, at=NOON)
        assert not verdict.is_valid, at
        assert verdict.facts is None
    for cut in (token[:-1], token[:-3], token + "0", tokens.PREFIX, token.lower()):
        assert not verify(cut, trust=trust, at=NOON).is_valid


def test_a_token_signed_with_our_key_but_not_in_the_register_is_unknown(world: World) -> None:
    certificate = world.issue()
    kept = certificate.digest
    certificate.digest, certificate.token = "0" * 64, None
    token = tokens.make_token(world.session, certificate, keyring=world.keyring)
    certificate.digest = kept
    world.session.flush()
    assert verify(token or "", trust=trust_store(world.session), at=NOON).reason == "not-in-register"


def test_a_token_of_one_certificate_does_not_borrow_the_code_of_another(world: World) -> None:
    certificate = world.issue()
    kept = certificate.code
    certificate.code, certificate.token = "0000000001KJ", None
    token = tokens.make_token(world.session, certificate, keyring=world.keyring)
    certificate.code = kept
    world.session.flush()
    assert verify(token or "", trust=trust_store(world.session), at=NOON).state == "altered"


def test_any_signed_claims_are_read_or_refused(world: World) -> None:
    world.issue()
    [row] = world.session.query(IssuerKey).all()
    seed = keys.open_seed(row, world.keyring)
    protected = cbor.encode({1: -8, 4: tokens.key_id(signing.from_multikey(row.public))})
    trust = trust_store(world.session)

    @given(
        values
        | st.dictionaries(
            st.sampled_from([1, 4, 5, -70_001]), values | st.dictionaries(st.integers(1, 14), values)
        )
    )
    def try_one(claims: object) -> None:
        payload = cbor.encode(claims)
        signature = signing.sign(seed, cbor.encode(["Signature1", protected, b"", payload]))
        token = tokens.PREFIX + tokens.to_text(cbor.encode([protected, {}, payload, signature]))
        assert not verify(token, trust=trust, at=NOON).is_valid

    try_one()


@given(st.text(alphabet=tokens.ALPHABET, max_size=200))
def test_any_text_behind_the_mark_gets_a_verdict(text: str) -> None:
    assert not verify(tokens.PREFIX + text, trust=TrustStore({}), at=NOON).is_valid


def test_the_qr_code_is_one_that_a_cheap_phone_reads(world: World) -> None:
    """Printed 4 cm wide and taken at half the width of a 720p preview: up to version 19, better 15
    (CERTIFICATES 4.2).
    """
    address = services.verify_url(BASE_URL, world.issue().code)
    assert qr.version_of(f"{address}#{token_of(world)}") <= 15


def test_the_paper_keeps_its_qr_code_when_the_key_is_retired_and_loses_it_with_the_person(
    world: World,
) -> None:
    token = token_of(world)
    certificate = world.issue()
    [row] = world.session.query(IssuerKey).all()
    keys.retire(world.session, row, NOON + timedelta(days=1))
    assert row.sealed is None
    assert tokens.make_token(world.session, certificate, keyring=world.keyring) == token
    assert verify(token, trust=trust_store(world.session), at=NOON + timedelta(days=9)).is_valid
    privacy.erase(world.session, world.person)
    assert certificate.token is None


def test_a_certificate_from_before_qr_texts_were_kept_gets_one_while_its_key_lives(world: World) -> None:
    certificate = world.issue()
    kept, certificate.token = certificate.token, None
    assert tokens.make_token(world.session, certificate, keyring=world.keyring) == kept
    [row] = world.session.query(IssuerKey).all()
    assert services.keep_tokens(world.session, row, world.keyring) == 1
    assert certificate.token == kept
    certificate.token = None
    keys.retire(world.session, row, NOON + timedelta(days=1))
    assert tokens.make_token(world.session, certificate, keyring=world.keyring) is None
