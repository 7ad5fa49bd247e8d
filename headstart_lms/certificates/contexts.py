"""The JSON-LD contexts we know: shipped, pinned by SHA-256, never fetched (CERTIFICATES 1.1, 3.4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "contexts"
CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
MULTIKEY = "https://w3id.org/security/multikey/v1"
#: Named in DID documents only, which nobody canonicalises: not pinned.
JWK = "https://w3id.org/security/jwk/v1"
DID = "https://www.w3.org/ns/did/v1"

#: {address: (file, SHA-256)}. A changed context would change what a signature says.
PINNED: Mapping[str, tuple[str, str]] = {
    CREDENTIALS_V2: (
        "credentials-v2.jsonld", "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"),
    "https://w3id.org/security/data-integrity/v1": (
        "data-integrity-v1.jsonld", "c6e5073f4bd4bf6d08f245736e6f32c29b012860b18583644b2d71e1de862669"),
    "https://w3id.org/security/data-integrity/v2": (
        "data-integrity-v2.jsonld", "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4"),
    MULTIKEY: (
        "multikey-v1.jsonld", "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597"),
    DID: (
        "did-v1.jsonld", "adefa50311393eb1bd788a38ac9fe2696c65367928f6996812cd54577394f4da"),
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json": (
        "ob-v3p0-3.0.1.json", "cfc147db5fd5e3575b06bd471fe04784e92de69296f64a351b8dff0ec3372e9c"),
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json": (
        "ob-v3p0-3.0.2.json", "bba433989e1e700ca60838a3c22378e7d8381aeb0c9590f9ddf84d1714f10296"),
    OPEN_BADGES: (
        "ob-v3p0-3.0.3.json", "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84"),
    "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json": (
        "ob-v3p0-extensions.json", "146f85aa16effd7ca1da8056eb443f53ce1eca8a34186cb062832c0a97d889c3"),
}  # fmt: skip


class UnknownContext(LookupError):
    """A context address that is not pinned."""


@cache
def context(address: str) -> dict[str, Any]:
    """Return a pinned context document. Raises UnknownContext; RuntimeError when our own file was changed."""
    if address not in PINNED:
        raise UnknownContext(address)
    name, expected = PINNED[address]
    raw = (FOLDER / name).read_bytes()
    if hashlib.sha256(raw).hexdigest() != expected:
        raise RuntimeError(f"the context file {name} is not the pinned one; install the package again")
    found: dict[str, Any] = json.loads(raw)
    return found
