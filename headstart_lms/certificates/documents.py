"""Authenticate a signed document: JSON with Data Integrity proofs, or a VC-JWT.

Order matters: plain terms and pinned contexts, then the key from our own list, then the signature over the
JSON itself (JCS); canonicalisation of RDF comes last, for a stranger's document in a process that can be
killed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from . import proofs, rdfc, signing
from .contexts import UnknownContext
from .errors import Altered, CouldNotCheck, NotRead, UnknownIssuer, VerificationError
from .facts import instant
from .reading import Document, Presented, contexts_in
from .trust import KnownIssuer, TrustedKey, TrustStore

#: Proofs that are looked at; a certificate of ours has two.
MOST_PROOFS = 4
_OPTIONS = {
    "type", "id", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue", "@context",
}  # fmt: skip
#: What the header of a JWT may say: RFC 8037 and RFC 9864 name Ed25519 differently.
_ALGORITHMS: dict[str, signing.Algorithm] = {
    "EdDSA": "EdDSA", "Ed25519": "EdDSA", "RS256": "RS256", "ES256": "ES256",
}  # fmt: skip


def authenticate(presented: Presented, trust: TrustStore) -> KnownIssuer:
    """Return the issuer whose trusted key signed the whole document. Raises VerificationError."""
    _check_contexts(presented.document, trust)
    if presented.header is not None:
        return _authenticate_jwt(presented, trust)
    document = presented.document
    given = document.get("proof")
    listed = given if isinstance(given, list) else [] if given is None else [given]
    if not listed:
        raise NotRead("no-proof")
    if len(listed) > MOST_PROOFS or not all(isinstance(proof, dict) for proof in listed):
        raise NotRead("proof")
    known: list[tuple[Document, TrustedKey]] = []
    others: list[Document] = []
    for proof in listed:
        method = proof.get("verificationMethod")
        key = trust.keys.get(method) if isinstance(method, str) else None
        if key is None or key.alg != "EdDSA" or proof.get("type") != "DataIntegrityProof":
            others.append(proof)
        else:
            known.append((proof, key))
    named = issuer_id(document)
    if not known:
        raise _not_known(named, trust)
    issuer = known[0][1].issuer
    if any(key.issuer.did != named for _proof, key in known):
        raise Altered("issuer-differs")
    if others and issuer.is_own:
        raise Altered("proof")  # our own papers carry our own proofs and no other
    _check_proofs(document, known, trust)
    return issuer


def _listed(jwk: Any, issuer: str, trust: TrustStore) -> TrustedKey | None:
    """Return the key of our list that a JSON Web Key means, for this issuer; None when there is none."""
    try:
        alg, public = signing.from_jwk(jwk)
    except ValueError:
        return None
    return next(
        (
            key
            for key in trust.keys.values()
            if (key.alg, key.public, key.issuer.did) == (alg, public, issuer)
        ),
        None,
    )


def _check_contexts(document: Document, trust: TrustStore) -> None:
    try:
        contexts_in(document, trust.find_context)
    except UnknownContext as error:
        raise CouldNotCheck("context") from error


def issuer_id(document: Document) -> str:
    issuer = document.get("issuer")
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    if not isinstance(named, str):
        raise NotRead("no-issuer")
    return named


def _not_known(named: str, trust: TrustStore) -> VerificationError:
    """An issuer we know did not sign with this key; of an issuer we do not know we can say nothing.

    One from somebody's list may have a new key that our copy of the list does not name yet.
    """
    issuer = trust.issuer(named)
    if issuer is None:
        return UnknownIssuer("issuer-unknown")
    if issuer.listed_by is not None:
        return CouldNotCheck("key-not-listed", issuer.listed)
    return Altered("key-unknown")


def _check_proofs(
    document: Document, known: Sequence[tuple[Document, TrustedKey]], trust: TrustStore
) -> None:
    """Check every proof made with a trusted key, the cheap and strict kind first.

    When the strict one fits, and the document is to the last character what we handed out, the other one is too:
    canonicalising again what we signed ourselves costs 30 times as much (CERTIFICATES 3.3).
    """
    document = proofs.without_proof(document)
    by_suite: dict[str, list[tuple[Document, TrustedKey]]] = {proofs.JCS: [], proofs.RDFC: []}
    for proof, key in known:
        suite = proof.get("cryptosuite")
        if not isinstance(suite, str) or suite not in by_suite:
            raise CouldNotCheck("suite")
        if not set(proof) <= _OPTIONS or proof.get("proofPurpose") != "assertionMethod":
            raise CouldNotCheck("proof-options")
        if "@context" in proof and proof["@context"] != document["@context"]:
            raise Altered("proof-context")
        check_key_time(key, instant(proof.get("created")))
        by_suite[suite].append((proof, key))
    for proof, key in by_suite[proofs.JCS]:
        try:
            data = proofs.jcs_hash(document, _options(proof))
        except ValueError as error:
            raise NotRead("not-json") from error
        _check_signature(key, proof, data)
    is_ours = bool(by_suite[proofs.JCS])
    issued = trust.find_issued(data[32:].hex()) if is_ours and known[0][1].issuer.is_own else None
    for proof, key in by_suite[proofs.RDFC]:
        if issued is not None and proof in issued["proof"]:
            continue  # the very proof that we made for this very JSON: nothing new would be found out
        _check_signature(key, proof, _rdfc_hash(document, _options(proof), trust, is_ours=is_ours))


def _options(proof: Document) -> Document:
    return {name: value for name, value in proof.items() if name != "proofValue"}


def _rdfc_hash(document: Document, options: Document, trust: TrustStore, *, is_ours: bool) -> bytes:
    """Hash for eddsa-rdfc-2022.

    ``is_ours``: a trusted key has signed this very JSON already, so it is no attack.
    """

    def canonicalise(documents: list[Document]) -> list[str]:
        found: Document = {}
        for one in documents:
            found.update(contexts_in(one, trust.find_context))
        if is_ours:
            return [rdfc.canonical(one, found, is_whole=True) for one in documents]
        return rdfc.canonical_apart(documents, found)

    try:
        return proofs.rdfc_hash(document, options, canonicalise)
    except rdfc.Undefined as error:
        raise Altered("undefined") from error
    except rdfc.TookTooLong as error:
        raise CouldNotCheck("too-slow") from error


def _check_signature(key: TrustedKey, proof: Document, data: bytes) -> None:
    try:
        signature = proofs.signature_of(proof)
    except ValueError as error:
        raise Altered("signature") from error
    if not signing.is_signature(key.public, signature, data):
        raise Altered("signature")


def check_key_time(key: TrustedKey, created: datetime | None) -> None:
    if created is None and (key.valid_from or key.valid_until or key.compromised_from):
        raise Altered("key-time")
    if created is not None:
        if key.is_compromised_at(created):
            raise Altered("key-compromised")
        if not key.may_sign_at(created):
            raise Altered("key-time")


def _authenticate_jwt(presented: Presented, trust: TrustStore) -> KnownIssuer:
    """Check a VC-JWT: the key by ``kid`` from our list, its own algorithm, claims equal to what they repeat.

    The header chooses nothing: it must name the algorithm that the list binds to the key (RFC 8725, 3.1). A key
    that it brings along (``jwk``, Open Badges 3.0, 8.2.4) only says which one of the list is meant.
    """
    header, claims, document = presented.header or {}, presented.claims or {}, presented.document
    alg = _ALGORITHMS.get(str(header.get("alg")))
    if alg is None:
        raise CouldNotCheck("suite")
    if not set(header) <= {"alg", "kid", "jwk", "typ", "cty"} or {"kid", "jwk"} <= set(header):
        raise CouldNotCheck("proof-options")
    kid = header.get("kid")
    named = issuer_id(document)
    key = trust.keys.get(kid) if isinstance(kid, str) else _listed(header.get("jwk"), named, trust)
    if key is None:
        raise _not_known(named, trust)
    if key.issuer.did != named:
        raise Altered("issuer-differs")
    if key.alg != alg or not signing.is_signature(key.public, presented.signature, presented.signed, alg):
        raise Altered("signature")
    subject = document.get("credentialSubject")
    repeated = {
        "iss": named, "jti": document.get("id"),
        "sub": subject.get("id") if isinstance(subject, dict) else None,
    }  # fmt: skip
    if any(name in claims and claims[name] != value for name, value in repeated.items()):
        raise Altered("claims")
    for name, member in (("nbf", "validFrom"), ("exp", "validUntil")):
        said = instant(document.get(member))
        if name in claims and (said is None or claims[name] != int(said.timestamp())):
            raise Altered("claims")
    check_key_time(key, instant(document.get("validFrom")))
    return key.issuer
