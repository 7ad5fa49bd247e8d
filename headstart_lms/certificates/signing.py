"""Ed25519 with Multikey, RSA and P-256 for tokens: the only place of this module that imports
``cryptography``.
"""

from __future__ import annotations

import base64
from typing import Any, Literal

import base58
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

#: JOSE names (RFC 7518, 3.1; RFC 8037, 3.1). Open Badges 3.0 asks verifiers for RS256 at least.
Algorithm = Literal["EdDSA", "RS256", "ES256"]
RSA_BITS = 2048
#: Bits of others' keys that are looked at: what is larger costs time to check.
_RSA_SIZES = range(2048, 4097)

#: multicodec ed25519-pub, as a varint (Controlled Identifiers 1.0, 2.2.2).
_PUBLIC_PREFIX = b"\xed\x01"
SEED_LENGTH = 32


def new_seed() -> bytes:
    """Return the 32 private bytes of a new key."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_key(seed: bytes) -> bytes:
    """Return the 32 public bytes that belong to a seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def sign(seed: bytes, data: bytes) -> bytes:
    """Return the 64 bytes of the signature."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(data)


def is_signature(public: bytes, signature: bytes, data: bytes, alg: Algorithm = "EdDSA") -> bool:
    """Tell whether ``signature`` over ``data`` was made with a key and its one algorithm.

    ``public``: 32 bytes for EdDSA, else a DER SubjectPublicKeyInfo.
    """
    try:
        if alg == "EdDSA":
            Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
            return True
        key = serialization.load_der_public_key(public)
        if alg == "RS256" and isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA_SIZES:
            key.verify(signature, data, padding.PKCS1v15(), SHA256())
            return True
        if alg == "ES256" and isinstance(key, ec.EllipticCurvePublicKey) and len(signature) == 64:
            if not isinstance(key.curve, ec.SECP256R1):
                return False
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return False


# --- keys for tokens -----------------------------------------------------------------------------


def new_pair(alg: Algorithm) -> tuple[bytes, bytes]:
    """Return a new key for tokens: (PKCS 8, SubjectPublicKeyInfo), both DER. Raises ValueError for EdDSA."""
    made: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if alg == "RS256":
        made = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    elif alg == "ES256":
        made = ec.generate_private_key(ec.SECP256R1())
    else:
        raise ValueError(f"{alg} keys are made by new_seed()")
    form = serialization.Encoding.DER
    return (
        made.private_bytes(form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        made.public_key().public_bytes(form, serialization.PublicFormat.SubjectPublicKeyInfo),
    )


def sign_token(alg: Algorithm, private: bytes, data: bytes) -> bytes:
    """Return the signature of a token as JOSE writes it. ``private``: the seed for EdDSA, else PKCS 8."""
    if alg == "EdDSA":
        return sign(private, data)
    # our own key, which nobody else can have sealed: checking its numbers again costs 30 ms
    key = serialization.load_der_private_key(private, password=None, unsafe_skip_rsa_key_validation=True)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        halves = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
        return b"".join(half.to_bytes(32, "big") for half in halves)
    raise ValueError("this is no key for tokens")


def to_jwk(public: bytes) -> dict[str, str]:
    """Return a DER SubjectPublicKeyInfo as a JSON Web Key (RFC 7517). Raises ValueError."""
    key = serialization.load_der_public_key(public)
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _whole(numbers.n), "e": _whole(numbers.e), "alg": "RS256"}
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        point = key.public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": _whole(point.x, 32),
            "y": _whole(point.y, 32),
            "alg": "ES256",
        }
    raise ValueError("this is no key for tokens")


def from_jwk(jwk: Any) -> tuple[Algorithm, bytes]:
    """Return the algorithm and the DER form of a public JSON Web Key: RSA or P-256. Raises ValueError."""
    try:
        made: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
        if "d" in jwk or jwk.get("use", "sig") != "sig":
            raise ValueError("this is no public key for signatures")
        if jwk["kty"] == "RSA":
            alg: Algorithm = "RS256"
            made = rsa.RSAPublicNumbers(_number(jwk["e"]), _number(jwk["n"])).public_key()
            if made.key_size not in _RSA_SIZES or _number(jwk["e"]) != 65537:
                raise ValueError("an RSA key has 2048 to 4096 bits and the exponent 65537")
        elif jwk["kty"] == "EC" and jwk["crv"] == "P-256":
            alg = "ES256"
            made = ec.EllipticCurvePublicNumbers(
                _number(jwk["x"]), _number(jwk["y"]), ec.SECP256R1()
            ).public_key()
        else:
            raise ValueError("this is no key for tokens")
        if jwk.get("alg", alg) != alg:
            raise ValueError("the key is for another algorithm")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is no JSON Web Key") from error
    return alg, made.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _whole(number: int, length: int | None = None) -> str:
    raw = number.to_bytes(length or (number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _number(text: Any) -> int:
    if not isinstance(text, str) or len(text) > 1000:  # 4096 bits are 683 characters
        raise ValueError("this key is too long")
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")


# --- Multikey ------------------------------------------------------------------------------------


def to_multikey(public: bytes) -> str:
    return "z" + base58.b58encode(_PUBLIC_PREFIX + public).decode("ascii")


def from_multikey(text: str) -> bytes:
    """Return the 32 public bytes. Raises ValueError when the text is no Ed25519 Multikey."""
    if not text.startswith("z"):
        raise ValueError("a Multikey starts with z (multibase base58btc)")
    raw = base58.b58decode(text[1:])
    if not raw.startswith(_PUBLIC_PREFIX) or len(raw) != len(_PUBLIC_PREFIX) + SEED_LENGTH:
        raise ValueError("this is no Ed25519 Multikey")
    return raw[len(_PUBLIC_PREFIX) :]
