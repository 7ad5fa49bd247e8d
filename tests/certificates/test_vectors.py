"""The certificates of W3C and 1EdTech get the verdict of another verifier, or a stricter one for a written reason.

``EXPECTED.tsv`` was made by Digital Bazaar's and jose's libraries, ``STRICTER.tsv`` says where and why we say less.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from headstart_lms.certificates import reading, signing
from headstart_lms.certificates.errors import VerificationError
from headstart_lms.certificates.trust import KnownIssuer, TrustedKey, TrustStore
from headstart_lms.certificates.verify import verify

from .conftest import VECTORS, find_context

# EXPECTED.tsv was made at this instant
THEN = datetime(2026, 11, 21, tzinfo=UTC)
REVOKED_LIST = (
    "https://raw.githubusercontent.com/1EdTech/digital-credentials-public-validator/refs/heads/main/"
    "inspector-vc/src/test/resources/ob30/bit-string-list/testlist"
)
WORDS = {"expired": "expired", "not yet valid": "not-yet-valid", "credential revoked": "revoked"}


def table(name: str) -> dict[str, tuple[str, str]]:
    """Return {file: (second column, third column)} of a table beside the vectors."""
    rows = [line.split("\t") for line in (VECTORS / name).read_text().splitlines()[2:]]
    return {row[0]: (row[1], row[2] if len(row) > 2 else "") for row in rows}


EXPECTED, STRICTER = table("EXPECTED.tsv"), table("STRICTER.tsv")


def trust_of(raw: bytes) -> TrustStore:
    """Trust the keys that a document names by their own value: the vectors' keys are all of this kind."""
    found: dict[str, TrustedKey] = {}
    try:
        presented = reading.read(raw)
    except VerificationError:
        return TrustStore({}, find_context=find_context)
    document = presented.document
    issuer = document.get("issuer")
    did = issuer.get("id") if isinstance(issuer, dict) else issuer
    if presented.header is not None and "jwk" in presented.header:
        alg, public = signing.from_jwk(presented.header["jwk"])
        found["#jwk"] = TrustedKey("#jwk", public, KnownIssuer(str(did), "Issuer"), alg=alg)
    proof = document.get("proof", [])
    for one in proof if isinstance(proof, list) else [proof]:
        method = str(one.get("verificationMethod"))
        value = method.rsplit("#", 1)[-1].removeprefix("did:key:")
        try:
            found[method] = TrustedKey(method, signing.from_multikey(value), KnownIssuer(str(did), "Issuer"))
        except ValueError:
            continue
    return TrustStore(found, find_context=find_context, find_list=find_list)


def find_list(url: str) -> dict[str, Any] | None:
    if url != REVOKED_LIST:
        return None
    found: dict[str, Any] = json.loads((VECTORS / "1edtech/ob30/bit-string-list/testlist").read_text())
    return found


@pytest.mark.parametrize("name", list(EXPECTED))
def test_others_certificates_get_the_verdict_that_another_verifier_gave(name: str) -> None:
    raw = (VECTORS / name).read_bytes()
    (verified, why), verdict = EXPECTED[name], verify(raw, trust=trust_of(raw), at=THEN)
    is_genuine = verdict.answer("genuine").said == "yes"
    if name in STRICTER:
        assert verified == "true", "only what the other verifier accepts can be judged more strictly"
        assert (verdict.reason, is_genuine, verdict.facts) == (STRICTER[name][0], False, None)
    elif verified == "true":
        assert is_genuine
        # one sample names a kind of revocation list that nobody reads any more
        assert verdict.is_valid or verdict.reason == "list-kind"
    else:
        assert not verdict.is_valid
        assert verdict.state == WORDS[why] if why in WORDS else not is_genuine


def test_every_stricter_verdict_has_its_reason_and_a_vector() -> None:
    assert set(STRICTER) <= set(EXPECTED)
    assert all(len(why) > 15 for _reason, why in STRICTER.values())
    assert sum(verified == "true" for verified, _why in EXPECTED.values()) == 26
