"""Check a signed document: JSON with Data Integrity proofs, or a VC-JWT.

Order matters: limits and plain terms, then the key from our own list, then the signature over the JSON itself
(JCS); canonicalisation of RDF comes last, for a stranger's document in a process that can be killed. What is
decided and shown is read from the signed JSON only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from . import proofs, rdfc, signing, status
from .contexts import UnknownContext
from .errors import (
    Altered,
    CouldNotCheck,
    Expired,
    NotInRegister,
    NotRead,
    NotYetValid,
    Replaced,
    Revoked,
    StandingNotKnown,
    Suspended,
    UnknownIssuer,
    VerificationError,
)
from .facts import instant, read_facts
from .reading import Document, Presented, contexts_in, read
from .trust import KnownIssuer, Record, TrustedKey, TrustStore
from .verdict import Verdict, VerdictBuilder

#: Proofs that are looked at; a certificate of ours has two.
MOST_PROOFS = 4
#: Clocks of issuers and verifiers differ.
SKEW = timedelta(minutes=5)
_OPTIONS = {
    "type", "id", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue", "@context",
}  # fmt: skip


def verify_document(data: bytes | str, *, trust: TrustStore, at: datetime) -> Verdict:
    """Check a document at an instant. Never raises for what it holds."""
    made = VerdictBuilder(at)
    try:
        presented = read(data)
        made.issuer = issuer = authenticate(presented, trust)
        made.answer("issuer", "yes", "issuer-known")
        document = presented.document
        made.digest = _digest(document)
        record = find_own_record(issuer, made.digest, trust)
        made.facts = facts = read_facts(document)
        made.answer("genuine", "yes", "signature-fits")
    except VerificationError as error:
        return made.refuse(error)
    made.record = record
    with made.noting():
        check_standing(document, record, trust, at)
    with made.noting():
        check_time(facts.valid_from, facts.valid_until, at)
    return made.done()


def _digest(document: Document) -> str:
    try:
        return proofs.digest(document)
    except ValueError as error:
        raise NotRead("not-json") from error


# --- genuine, and by whom ----------------------------------------------------------------------


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
        if key is None or proof.get("type") != "DataIntegrityProof":
            others.append(proof)
        else:
            known.append((proof, key))
    named = _issuer_id(document)
    if not known:
        raise _not_known(named, trust)
    issuer = known[0][1].issuer
    if any(key.issuer.did != named for _proof, key in known):
        raise Altered("issuer-differs")
    if others and issuer.is_own:
        raise Altered("proof")  # our own papers carry our own proofs and no other
    _check_proofs(proofs.without_proof(document), known, trust)
    return issuer


def _check_contexts(document: Document, trust: TrustStore) -> None:
    try:
        contexts_in(document, trust.find_context)
    except UnknownContext as error:
        raise CouldNotCheck("context") from error


def _issuer_id(document: Document) -> str:
    issuer = document.get("issuer")
    named = issuer.get("id") if isinstance(issuer, dict) else issuer
    if not isinstance(named, str):
        raise NotRead("no-issuer")
    return named


def _not_known(named: str, trust: TrustStore) -> VerificationError:
    """An issuer we know did not sign with this key; of an issuer we do not know we can say nothing."""
    return UnknownIssuer("issuer-unknown") if trust.issuer(named) is None else Altered("key-unknown")


def _check_proofs(
    document: Document, known: Sequence[tuple[Document, TrustedKey]], trust: TrustStore
) -> None:
    """Check every proof made with a trusted key, the cheap and strict kind first."""
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
    for proof, key in by_suite[proofs.RDFC]:
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
            return [rdfc.canonical(one, found) for one in documents]
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
    """Check a VC-JWT: EdDSA only, the key by ``kid`` from our list, claims equal to what they repeat."""
    header, claims, document = presented.header or {}, presented.claims or {}, presented.document
    if header.get("alg") not in ("EdDSA", "Ed25519"):
        raise CouldNotCheck("suite")
    if not set(header) <= {"alg", "kid", "typ", "cty"}:
        raise CouldNotCheck("proof-options")
    kid = header.get("kid")
    named = _issuer_id(document)
    key = trust.keys.get(kid) if isinstance(kid, str) else None
    if key is None:
        raise _not_known(named, trust)
    if key.issuer.did != named:
        raise Altered("issuer-differs")
    if not signing.is_signature(key.public, presented.signature, presented.signed):
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


# --- still standing, and in time -----------------------------------------------------------------


def find_own_record(issuer: KnownIssuer, digest: str, trust: TrustStore) -> Record | None:
    """Return our record of a certificate of ours. A signature on one that we never issued is a forgery."""
    if not issuer.is_own:
        return None
    record = trust.find_record(digest)
    if record is None:
        raise NotInRegister("not-in-register")
    return record


def check_time(valid_from: datetime, valid_until: datetime | None, at: datetime) -> None:
    if at + SKEW < valid_from:
        raise NotYetValid("not-yet")
    if valid_until is not None and at >= valid_until:
        raise Expired("expired")


def check_record(record: Record) -> None:
    """Raise what our register says against a certificate."""
    if record.standing == "good":
        return
    kinds: dict[str, type[VerificationError]] = {
        "revoked": Revoked, "replaced": Replaced, "suspended": Suspended,
    }  # fmt: skip
    raise kinds[record.standing](record.standing)


def check_standing(document: Document, record: Record | None, trust: TrustStore, at: datetime) -> None:
    """Check that the issuer still stands by it: our register for ours, else the issuer's stored, signed list.
    """
    if record is not None:
        check_record(record)
        return
    entry = document.get("credentialStatus")
    if entry is None:
        return  # this issuer does not revoke
    if not isinstance(entry, dict) or entry.get("type") != "BitstringStatusListEntry":
        raise StandingNotKnown("list-kind")
    url, index, purpose = (
        entry.get(name) for name in ("statusListCredential", "statusListIndex", "statusPurpose")
    )
    if isinstance(index, int) and not isinstance(index, bool):
        index = str(index)  # the standard wants a string; some issuers write a number
    if not isinstance(url, str) or not isinstance(index, str) or not (index.isascii() and index.isdigit()):
        raise StandingNotKnown("list-kind")
    listed = trust.find_list(url)
    if listed is None:
        raise StandingNotKnown("list-missing")
    _check_list(listed, _issuer_id(document), purpose, int(index[:9]), trust, at)


def _check_list(
    listed: Document, issuer: str, purpose: Any, index: int, trust: TrustStore, at: datetime
) -> None:
    """Read one bit of a signed list.

    It must be signed by the issuer itself, for the same purpose, and be fresh.
    """
    try:
        presented = read(proofs.jcs(listed))
        signer = authenticate(presented, trust)
        check_time(*_span(listed), at)
        bits = _bits(listed, purpose)
        is_set = status.is_set(bits, index)
    except (VerificationError, ValueError) as error:
        raise StandingNotKnown("list-not-usable") from error
    if signer.did != issuer:
        raise StandingNotKnown("list-not-usable")
    if is_set:
        raise Suspended("suspended") if purpose == "suspension" else Revoked("revoked")


def _span(document: Document) -> tuple[datetime, datetime | None]:
    start = instant(document.get("validFrom"))
    if start is None:
        raise Altered("date")
    return start, instant(document.get("validUntil"))


def _bits(listed: Document, purpose: Any) -> bytes:
    subject = listed.get("credentialSubject")
    if not isinstance(subject, dict) or subject.get("statusPurpose") != purpose:
        raise ValueError("the list has another purpose")
    encoded = subject.get("encodedList")
    if not isinstance(encoded, str):
        raise ValueError("the list is empty")
    return status.decode(encoded)
