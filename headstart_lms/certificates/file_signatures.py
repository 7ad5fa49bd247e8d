"""Who signed a file that says whom to believe: a trust list, or the bundle of the verifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..kernel.errors import Invalid
from . import keys, proofs, signing
from .documents import check_key_time
from .errors import VerificationError
from .facts import instant
from .reading import Document
from .trust import KnownIssuer, TrustedKey
from .verdict import sentence

_OPTIONS = {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of the signatures of the files: to be made with one of these keys, or nothing at all."""

    is_unsigned: bool = False
    #: Multikeys, and fingerprints in numbers or words.
    publisher_keys: tuple[str, ...] = ()
    fingerprints: tuple[str, ...] = ()

    @property
    def names_keys(self) -> bool:
        return bool(self.publisher_keys or self.fingerprints)

    def fits(self, public: str) -> bool:
        printed = keys.fingerprint(public)
        return public in self.publisher_keys or any(
            keys.is_same_fingerprint(given, printed) for given in self.fingerprints
        )


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signed a file; ``issuer`` is None for one that only the person named."""

    public: str
    created: datetime
    issuer: KnownIssuer | None


def check_signature(
    found: Document, name: str, listed_keys: Mapping[str, TrustedKey], demand: Demand
) -> Signer | None:
    """Return who signed a file: its publisher, with a key in it and in the time of that key, or a key that the
    person named. None only where she asks for no signature. Raises Invalid.
    """
    given, publisher = found.get("proof"), found.get("publisher")
    listed = given if isinstance(given, list) else [given] if isinstance(given, dict) else []
    did = publisher.get("did") if isinstance(publisher, dict) else None
    problem, signers = "is not signed", []
    for proof in (one for one in listed if isinstance(one, dict)):
        key = listed_keys.get(str(proof.get("verificationMethod")))
        publics = demand.publisher_keys
        if key is not None and key.alg == "EdDSA":
            publics = (signing.to_multikey(key.public),)
        if not publics:
            problem = "is signed with a key that does not stand in it"
            continue
        if (
            proof.get("type") != "DataIntegrityProof" or proof.get("cryptosuite") != proofs.JCS
            or proof.get("proofPurpose") != "assertionMethod" or not set(proof) <= _OPTIONS
        ):  # fmt: skip
            problem = "has a kind of signature that is not read here"
            continue
        public = next((one for one in publics if _fits(found, proof, one)), None)
        if public is None and key is None:
            problem = "is signed with a key that does not stand in it"
            continue
        if public is None:
            raise Invalid(f"{name} was changed: its signature does not fit. Get it again.", "signature")
        try:
            created = instant(proof["created"])
            if created is None:
                raise ValueError("a signature says when it was made")
            if key is not None:
                check_key_time(key, created)
        except VerificationError as error:
            problem = f"cannot be believed: {sentence(error.reason).rstrip('.')}"
            continue
        except (KeyError, ValueError):
            problem = "has a signature without a date"
            continue
        if key is not None and did is not None and key.issuer.did != did:
            problem = "is signed by somebody else than its publisher"
            continue
        signers.append(Signer(public, created, None if key is None else key.issuer))
    if demand.names_keys:
        chosen = next((one for one in signers if demand.fits(one.public)), None)
        if chosen is None:
            raise Invalid(
                f"{name} is not signed with the key that you named. Do not use it; call the publisher.",
                "publisher-key",
            )
        return chosen
    if not signers and not demand.is_unsigned:
        raise Invalid(
            f"{name} {problem}. Get it again; to believe it all the same, give --unsigned.", "signature"
        )
    return signers[0] if signers else None


def _fits(found: Document, proof: Document, public: str) -> bool:
    options = {member: value for member, value in proof.items() if member != "proofValue"}
    try:
        data = proofs.jcs_hash(proofs.without_proof(found), options)
        return signing.is_signature(signing.from_multikey(public), proofs.signature_of(proof), data)
    except ValueError:
        return False
