"""Ed25519 and Multikey: the only place of this module that imports ``cryptography``."""

from __future__ import annotations

import base58
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

#: multicodec ed25519-pub and ed25519-priv, as varints (Controlled Identifiers 1.0, 2.2.2).
_PUBLIC_PREFIX = b"\xed\x01"
_PRIVATE_PREFIX = b"\x80\x26"
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


def is_signature(public: bytes, signature: bytes, data: bytes) -> bool:
    """Tell whether ``signature`` over ``data`` was made with the key of the 32 bytes ``public``."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        return False
    return True


def to_multikey(public: bytes) -> str:
    return "z" + base58.b58encode(_PUBLIC_PREFIX + public).decode("ascii")


def from_multikey(text: str) -> bytes:
    """Return the 32 public bytes. Raises ValueError when the text is no Ed25519 Multikey."""
    return _decode(text, _PUBLIC_PREFIX)


def from_secret_multikey(text: str) -> bytes:
    """Return the 32 private bytes. Raises ValueError when the text is no Ed25519 secret Multikey."""
    return _decode(text, _PRIVATE_PREFIX)


def _decode(text: str, prefix: bytes) -> bytes:
    if not text.startswith("z"):
        raise ValueError("a Multikey starts with z (multibase base58btc)")
    raw = base58.b58decode(text[1:])
    if not raw.startswith(prefix) or len(raw) != len(prefix) + SEED_LENGTH:
        raise ValueError("this is no Ed25519 Multikey")
    return raw[len(prefix) :]
