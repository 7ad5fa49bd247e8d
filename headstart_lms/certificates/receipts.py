"""The receipt of a check: signed JSON that an office can file, and anybody can check later.

Signed with a Data Integrity proof, eddsa-jcs-2022, as certificates are: the receipt stays readable JSON, one
implementation checks both, and keys are found and dated in the same way. It has no ``@context``, so no
verifier can take it for a credential. No name and no fact of the person stands in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ..kernel.errors import Conflict, Invalid
from ..kernel.i18n import _
from ..version import __version__
from . import codes, keys, proofs, signing
from .asking import RECEIPT, Outcome, find_receipt
from .check_models import Check
from .documents import check_key_time
from .errors import NotRead, VerificationError
from .facts import instant
from .keys import Sealer
from .reading import Document
from .standing import SKEW
from .trust import KnownIssuer, TrustStore

FORMAT = 1
#: A receipt is signed right after the check; one that is signed later comes from the trail, and names its row.
AT_ONCE = timedelta(minutes=5)
_OPTIONS = {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}


def make_of_check(check: Check, base_url: str, outcome: Outcome | None = None) -> Document:
    """Return the receipt of a recorded check, unsigned; with the ``outcome`` while it is at hand.

    Raises Conflict when what it is about was erased: then only the moment of the check gives a receipt.
    """
    checked: dict[str, Any] = {"form": check.form}
    if outcome is not None:
        checked |= _checked(outcome)
    elif check.certificate is not None:
        checked |= {"code": codes.show(check.certificate.code), "digest": check.certificate.digest}
    elif check.digest is not None:
        checked["digest"] = check.digest
    elif check.asked is not None:
        checked["code"] = codes.show(check.asked)
    elif check.subject_mark is not None:
        raise Conflict(_("The person asked us to delete the name, so there is no receipt of this check."))
    return _receipt(
        check.uuid, checked, check.at, check.state, check.reason,
        {question: (said, reason) for question, (said, reason) in check.answers.items()}, check.lists,
        base_url, office=check.office, log={"number": check.number, "mark": check.mark},
    )  # fmt: skip


def make_of_outcome(outcome: Outcome, base_url: str, *, office: str | None = None) -> Document:
    """Return the receipt of a check that is in no trail (the command), unsigned."""
    verdict = outcome.verdict
    checked = {"form": outcome.entry.form, **_checked(outcome)}
    answers = {a.question: (a.said, a.reason) for a in verdict.answers}
    return _receipt(
        uuid4(), checked, verdict.at, verdict.state, verdict.reason, answers, outcome.lists, base_url,
        office=office,
    )  # fmt: skip


def _checked(outcome: Outcome) -> dict[str, str]:
    """Return what was checked: the code when there is one, the digest of what was signed."""
    found = {"code": outcome.code, "digest": outcome.digest}
    return {name: value for name, value in found.items() if value is not None}


def _receipt(
    uuid: UUID,
    checked: dict[str, Any],
    at: datetime,
    state: str,
    reason: str,
    answers: Any,
    lists: Any,
    base_url: str,
    *,
    office: str | None,
    log: dict[str, Any] | None = None,
) -> Document:
    made: Document = {
        "type": RECEIPT, "format": FORMAT, "id": f"urn:uuid:{uuid}", "checkedAt": proofs.written(at),
        "checked": checked, "state": state, "reason": reason,
        "answers": {question: {"said": said, "reason": why} for question, (said, why) in answers.items()},
        "lists": list(lists), "verifier": {"address": base_url, "software": f"Headstart LMS {__version__}"},
    }  # fmt: skip
    if office is not None:
        made["office"] = office
    if log is not None:
        made["log"] = log
    return made


def sign(session: Session, receipt: Document, *, keyring: Sealer, base_url: str, at: datetime) -> Document:
    """Return the receipt with its proof, by the present key of the installation's default centre."""
    centre = keys.issuing_centre(session, None)
    key = keys.signing_key(session, centre, keyring=keyring, base_url=base_url, at=at)
    seed = keys.open_seed(key, keyring)
    return {
        **receipt,
        "proof": proofs.sign(receipt, seed=seed, method=key.method, at=at, suite=proofs.JCS),
    }


# --- check ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReceiptVerdict:
    """What is known of a receipt. ``receipt`` only when its signature fits."""

    is_genuine: bool
    #: A stable word, one of the reasons of ``verdict``.
    reason: str
    receipt: Document | None = None
    signer: KnownIssuer | None = None
    signed_at: datetime | None = None

    @property
    def is_signed_later(self) -> bool:
        """Whether it was taken from the trail some time after the check."""
        return bool(self.signed_at and self.checked_at and self.signed_at - self.checked_at > AT_ONCE)

    @property
    def checked_at(self) -> datetime | None:
        return instant(self.receipt["checkedAt"]) if self.receipt else None


def verify(receipt: Document, trust: TrustStore) -> ReceiptVerdict:
    """Check who signed a receipt, and that nothing in it was changed. Never raises for what it holds."""
    try:
        signer, signed_at = _authenticate(receipt, trust)
    except VerificationError as error:
        return ReceiptVerdict(False, error.reason)
    return ReceiptVerdict(True, "signature-fits", proofs.without_proof(receipt), signer, signed_at)


def _authenticate(receipt: Document, trust: TrustStore) -> tuple[KnownIssuer, datetime]:
    """Return who signed a receipt, and when: a centre of the very installation that made the check."""
    proof = receipt.get("proof")
    if not isinstance(proof, dict) or set(proof) != _OPTIONS or proof.get("type") != "DataIntegrityProof":
        raise NotRead("no-proof")
    if proof["cryptosuite"] != proofs.JCS or proof["proofPurpose"] != "assertionMethod":
        raise NotRead("suite")
    method = proof["verificationMethod"]
    key = trust.keys.get(method) if isinstance(method, str) else None
    if key is None:
        raise NotRead("issuer-unknown")
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        signature = proofs.signature_of(proof)
        data = proofs.jcs_hash(proofs.without_proof(receipt), options)
    except ValueError as error:
        raise NotRead("signature") from error
    if not signing.is_signature(key.public, signature, data):
        raise NotRead("signature")
    created, checked = instant(proof["created"]), instant(receipt.get("checkedAt"))
    check_key_time(key, created)
    if not _is_of(key.issuer.did, receipt.get("verifier")):
        raise NotRead("issuer-differs")
    if created is None or checked is None or created < checked - SKEW:
        raise NotRead("date")
    if created > checked + AT_ONCE and not isinstance(receipt.get("log"), dict):
        raise NotRead("date")
    return key.issuer, created


def _is_of(did: str, verifier: Any) -> bool:
    """Tell whether an issuer is a centre of the installation whose address a receipt names."""
    address = verifier.get("address") if isinstance(verifier, dict) else None
    if not isinstance(address, str):
        return False
    try:
        return did.rpartition(":")[0] == keys.did_of(address, "centres")
    except ValueError:
        return False


def get_receipt(data: bytes | str) -> Document:
    """Return the receipt in a file. Raises Invalid when it is none."""
    found = find_receipt(data)
    if found is None:
        raise Invalid(_("This file is no receipt of a check. Take the file that ends in .receipt.json."))
    return found
