"""Signed statements: what is signed must be what is said, and a certificate that comes along must fit."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart_lms.lrs import signatures
from headstart_lms.lrs.validator import BadRequest
from headstart_lms.xapi.vocabulary import SIGNATURE

from .conftest import Caller
from .lrs_strategies import Json, statement
from .test_lrs_statements_api import attached, multipart, part

KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]
HASHES = {"RS256": hashes.SHA256(), "RS384": hashes.SHA384(), "RS512": hashes.SHA512()}


def certificate(key: Any = KEYS[0], *, days: int = 1, sign_with: Any = None) -> str:
    """Return a certificate of a key, as it stands in ``x5c``."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test")])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, at, at + timedelta(days=days))
    made = builder.sign(sign_with or KEYS[1], hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


def encode(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def jws(payload: Any, *, alg: str = "RS256", key: Any = KEYS[0], **header: Any) -> bytes:
    head = encode(json.dumps({"alg": alg, **header}).encode())
    body = encode(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    signature = key.sign(head + b"." + body, padding.PKCS1v15(), HASHES.get(alg, HASHES["RS256"]))
    return head + b"." + body + b"." + encode(signature)


def signed(caller: Caller, made: Json, signature: bytes) -> Any:
    attachment = attached(signature, usageType=SIGNATURE, contentType="application/octet-stream")
    return multipart(caller, {**made, "attachments": [attachment]}, part(signature))


@pytest.mark.parametrize("alg", HASHES)
def test_a_statement_signed_with_the_key_of_its_certificate_is_stored(lrs: Caller, alg: str) -> None:
    made = statement()
    assert signed(lrs, made, jws(made, alg=alg, x5c=[certificate(), certificate(KEYS[1])])).status_code == 200
    assert lrs.get("/statements", statementId=made["id"]).status_code == 200


def test_without_a_certificate_only_form_and_content_are_checked(lrs: Caller) -> None:
    made = statement()
    head, body, _ = jws(made).split(b".")
    assert signed(lrs, made, b".".join([head, body, encode(b"whatever")])).status_code == 200


def test_a_certificate_that_has_run_out_still_says_whose_key_it_was(lrs: Caller) -> None:
    made = statement()
    assert signed(lrs, made, jws(made, x5c=[certificate(days=1)])).status_code == 200


def _changed(made: Json) -> bytes:
    head, body, signature = jws(made, x5c=[certificate()]).split(b".")
    return b".".join([head, encode(json.dumps({**made, "version": "1.0.0"}).encode()), signature])


def _other_alg(made: Json) -> bytes:
    """The header says RS512, the signature is of RS256."""
    head = encode(json.dumps({"alg": "RS512", "x5c": [certificate()]}).encode())
    body = encode(json.dumps(made).encode())
    signature = KEYS[0].sign(head + b"." + body, padding.PKCS1v15(), hashes.SHA256())
    return b".".join([head, body, encode(signature)])


BAD: dict[str, Callable[[Json], bytes]] = {
    "another key": lambda made: jws(made, key=KEYS[1], x5c=[certificate()]),
    "a changed payload": _changed,
    "another hash": _other_alg,
    "an empty chain": lambda made: jws(made, x5c=[]),
    "no chain": lambda made: jws(made, x5c=None),
    "a chain that is no list": lambda made: jws(made, x5c=certificate()),
    "a chain of numbers": lambda made: jws(made, x5c=[1]),
    "a certificate that is no base64": lambda made: jws(made, x5c=["!"]),
    "a certificate that is none": lambda made: jws(made, x5c=[base64.b64encode(b"no certificate").decode()]),
    "a cut certificate": lambda made: jws(made, x5c=[certificate()[:400]]),
    "a key that is not RSA": lambda made: jws(
        made, x5c=[certificate(ec.generate_private_key(ec.SECP256R1()))]
    ),
    "a second certificate that would fit": lambda made: jws(made, x5c=[certificate(KEYS[1]), certificate()]),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_a_signature_that_does_not_hold_is_refused(lrs: Caller, what: str) -> None:
    made = statement()
    answer = signed(lrs, made, BAD[what](made))
    assert answer.status_code == 400
    assert "2.6" in answer.json["title"]
    assert lrs.all() == []


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256"}, {"alg": ["RS256"]}, {}]
)
def test_other_algorithms_are_refused(lrs: Caller, header: Json) -> None:
    made = statement()
    head, body, signature = jws(made).split(b".")
    odd = b".".join([encode(json.dumps(header).encode()), body, signature])
    assert signed(lrs, made, odd).status_code == 400


def test_an_address_in_the_header_is_not_followed(lrs: Caller) -> None:
    """The tests have no network: a look there would fail."""
    made = statement()
    header: Json = {"x5u": "https://keys.example/x", "jku": "http://127.0.0.1:9/x", "jwk": {"kty": "RSA"}}
    assert signed(lrs, made, jws(made, **header)).status_code == 200


GOOD = statement()
_GOOD_JWS = jws(GOOD, x5c=[certificate()])
_SIGNED = {
    **GOOD,
    "attachments": [attached(_GOOD_JWS, usageType=SIGNATURE, contentType="application/octet-stream")],
}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_changed_byte_of_a_signature_goes_through(data: st.DataObject) -> None:
    sha2 = _SIGNED["attachments"][0]["sha2"]
    signatures.check_signatures([_SIGNED], {sha2: _GOOD_JWS})
    place = data.draw(st.integers(0, len(_GOOD_JWS) - 2))  # the last sign may hold bits that mean nothing
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != _GOOD_JWS[place]))
    changed = _GOOD_JWS[:place] + bytes([other]) + _GOOD_JWS[place + 1 :]
    with pytest.raises(BadRequest):
        signatures.check_signatures([_SIGNED], {sha2: changed})


@given(st.binary(max_size=60))
def test_no_bytes_make_the_check_fail_otherwise(junk: bytes) -> None:
    with pytest.raises(BadRequest):
        signatures.check_signatures([_SIGNED], {_SIGNED["attachments"][0]["sha2"]: junk})
