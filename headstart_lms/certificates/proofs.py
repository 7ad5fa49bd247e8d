"""Data Integrity proofs: eddsa-jcs-2022 and eddsa-rdfc-2022 (W3C Data Integrity EdDSA Cryptosuites 1.0)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import base58
import rfc8785

from . import contexts, rdfc, signing

JCS, RDFC = "eddsa-jcs-2022", "eddsa-rdfc-2022"
SUITES = (JCS, RDFC)
Document = dict[str, Any]
#: Canonicalises (document, proof options) and returns both as canonical N-Quads.
Canonicaliser = Callable[[list[Document]], list[str]]


def jcs(document: Mapping[str, Any]) -> bytes:
    """Return the RFC 8785 form. Raises ValueError for what JSON of that RFC cannot hold."""
    try:
        if _is_plain(document):  # then the json module writes the same, in a fifth of the time
            return _PLAIN.encode(document).encode()
        return rfc8785.dumps(dict(document))
    except rfc8785.CanonicalizationError as error:
        raise ValueError(str(error)) from error
    except UnicodeEncodeError as error:  # a lone surrogate
        raise ValueError("the text is not valid Unicode") from error


_PLAIN = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
_EXACT = 2**53


def _is_plain(document: Mapping[str, Any]) -> bool:
    """Tell whether a document has nothing that RFC 8785 writes in its own way: numbers that are not small whole
    ones (3.2.2.3), member names outside of ASCII, which it sorts by UTF-16 (3.2.3).
    """
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind is dict:
            for name in value:
                if type(name) is not str or not name.isascii():
                    return False
            waiting.extend(value.values())
        elif kind is list:
            waiting.extend(value)
        elif kind is int:
            if not -_EXACT < value < _EXACT:
                return False
        elif kind is not str and kind is not bool and value is not None:
            return False
    return True


def without_proof(document: Mapping[str, Any]) -> Document:
    return {name: value for name, value in document.items() if name != "proof"}


def digest(document: Mapping[str, Any]) -> str:
    """Return SHA-256, hex, of the RFC 8785 form without proofs: the rosette draws it."""
    return hashlib.sha256(jcs(without_proof(document))).hexdigest()


def jcs_hash(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    """Return the 64 bytes that an eddsa-jcs-2022 proof signs: hash of the options, then of the document
    (3.3.4). The second half is ``digest``.
    """
    return hashlib.sha256(jcs(options)).digest() + hashlib.sha256(jcs(document)).digest()


def rdfc_hash(document: Mapping[str, Any], options: Mapping[str, Any], canonicalise: Canonicaliser) -> bytes:
    """Return the 64 bytes that an eddsa-rdfc-2022 proof signs (3.2.4). Raises rdfc.Undefined."""
    with_context = {"@context": document["@context"], **options}
    of_options, of_document = canonicalise([with_context, dict(document)])
    return hashlib.sha256(of_options.encode()).digest() + hashlib.sha256(of_document.encode()).digest()


def canonicalise_here(documents: list[Document]) -> list[str]:
    """Canonicalise in this process: our own documents, or such as a trusted key has signed under JCS."""
    return [rdfc.canonical(document, contexts_of(document, contexts.context)) for document in documents]


def contexts_of(document: Mapping[str, Any], find: Callable[[str], Document]) -> dict[str, Document]:
    """Return the documents of all contexts that a document names. Raises what ``find`` raises."""
    named = document["@context"]
    return {address: find(address) for address in (named if isinstance(named, list) else [named])}


def written(at: datetime) -> str:
    """Write an instant as an XSD dateTimeStamp in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def sign(document: Document, *, seed: bytes, method: str, at: datetime, suite: str) -> Document:
    """Return one proof over a document without proofs. ``method`` is the DID URL of the key."""
    options: Document = {
        "type": "DataIntegrityProof", "cryptosuite": suite, "created": written(at),
        "verificationMethod": method, "proofPurpose": "assertionMethod",
    }  # fmt: skip
    if suite == JCS:
        if "@context" in document:
            options["@context"] = document["@context"]
        data = jcs_hash(document, options)
    else:
        data = rdfc_hash(document, options, canonicalise_here)
    value = base58.b58encode(signing.sign(seed, data)).decode("ascii")
    return {**options, "proofValue": "z" + value}


def with_proofs(document: Document, *, seed: bytes, method: str, at: datetime) -> Document:
    """Return the document with its proof set: rdfc as Open Badges asks, jcs because it signs what is shown.

    Raises rdfc.Undefined when the document holds what its contexts do not define.
    """
    made = [sign(document, seed=seed, method=method, at=at, suite=suite) for suite in (RDFC, JCS)]
    return {**document, "proof": made}


def signature_of(proof: Mapping[str, Any]) -> bytes:
    """Return the 64 bytes of a proof's value. Raises ValueError."""
    text = proof.get("proofValue")
    if not isinstance(text, str) or not text.startswith("z") or len(text) > 100:
        raise ValueError("a proof value is base58btc and starts with z")
    raw = base58.b58decode(text[1:])
    # base58 has one spelling for each value; other spellings are refused, not repaired
    if len(raw) != 64 or base58.b58encode(raw).decode("ascii") != text[1:]:
        raise ValueError("a proof value has 64 bytes")
    return raw
