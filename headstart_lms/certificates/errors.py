"""Why a certificate does not verify. Raised inside the verifier; pages get a Verdict instead."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

State = Literal[
    "valid",
    "not-yet-valid",
    "expired",
    "suspended",
    "revoked",
    "replaced",
    "unknown",
    "altered",
    "could-not-check",
]
#: The four questions, in the order they are shown.
Question = Literal["genuine", "issuer", "time", "standing"]
Said = Literal["yes", "no", "unknown"]


class VerificationError(Exception):
    """The document does not verify.

    ``reason`` is a stable word; ``verdict.sentence`` has the sentence for it.
    """

    state: ClassVar[State] = "could-not-check"
    question: ClassVar[Question] = "genuine"
    said: ClassVar[Said] = "no"

    def __init__(self, reason: str, list_of: datetime | None = None) -> None:
        """``list_of``: the instant of the list that is too old to tell."""
        super().__init__(reason)
        self.reason = reason
        self.list_of = list_of


class NotRead(VerificationError):
    """This is no certificate we can read."""

    said = "unknown"


class CouldNotCheck(VerificationError):
    """Readable, but something needed for the check is missing or took too long."""

    said = "unknown"


class Altered(VerificationError):
    """A signature does not fit, or what is signed does not fit together."""

    state = "altered"


class UnknownIssuer(VerificationError):
    """Signed by somebody we do not know; so nobody knows whether it is genuine."""

    state = "unknown"
    question = "issuer"


class ListOld(VerificationError):
    """The trust list that names the issuer is past its time: what it says may no longer be so."""

    question = "issuer"
    said = "unknown"


class NotInRegister(VerificationError):
    """Signed with a key of ours, but we never issued it."""

    state = "unknown"


class NotYetValid(VerificationError):
    state = "not-yet-valid"
    question = "time"


class Expired(VerificationError):
    state = "expired"
    question = "time"


class Suspended(VerificationError):
    state = "suspended"
    question = "standing"


class Revoked(VerificationError):
    state = "revoked"
    question = "standing"


class Replaced(VerificationError):
    state = "replaced"
    question = "standing"


class StandingNotKnown(VerificationError):
    """The issuer's revocation list is not at hand, or too old."""

    question = "standing"
    said = "unknown"
