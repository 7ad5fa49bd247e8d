"""The verifier's answer: a state, four separate answers, the signed facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from ..kernel.i18n import _, date
from .errors import Question, Said, State, VerificationError
from .facts import Facts
from .trust import KnownIssuer, Record

QUESTIONS: tuple[Question, ...] = ("genuine", "issuer", "time", "standing")
#: Which state wins when several things are wrong: what the issuer said, then the dates, then what we do not
#: know.
_RANK: tuple[State, ...] = (
    "altered", "unknown", "revoked", "replaced", "suspended", "expired", "not-yet-valid", "could-not-check",
    "valid",
)  # fmt: skip
_GOOD = {"time": "in-time", "standing": "stands"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the four answers. ``reason`` is a stable word for programs."""

    question: Question
    said: Said
    reason: str
    #: Whose trust list names the issuer, and the instant of a list that is too old.
    listed_by: str | None = None
    list_of: datetime | None = None

    @property
    def text(self) -> str:
        """The answer in a sentence, in the language of the page."""
        if self.reason == "issuer-listed":
            return _("It is in the list of %(publisher)s:", publisher=self.listed_by or "")
        if self.list_of is not None:
            return sentence(self.reason) + " " + _("We have the list of %(date)s.", date=date(self.list_of))
        return sentence(self.reason)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a certificate at ``at``. ``facts`` only when its signature fits."""

    state: State
    answers: tuple[Answer, ...]
    at: datetime
    facts: Facts | None = None
    issuer: KnownIssuer | None = None
    #: SHA-256, hex, of the signed data: draws the rosette.
    digest: str | None = None
    record: Record | None = None
    #: Why the state is what it is: a stable word; ``valid`` when nothing is wrong.
    reason: str = "valid"

    @property
    def is_valid(self) -> bool:
        return self.state == "valid"

    @property
    def is_demo(self) -> bool:
        return self.issuer is not None and self.issuer.demo

    @property
    def text(self) -> str:
        """The reason in a sentence, in the language of the page."""
        return sentence(self.reason)

    def answer(self, question: Question) -> Answer:
        return next(answer for answer in self.answers if answer.question == question)


@dataclass(slots=True)
class VerdictBuilder:
    """Collects answers while verifying; what was not asked is not known."""

    at: datetime
    issuer: KnownIssuer | None = None
    facts: Facts | None = None
    digest: str | None = None
    record: Record | None = None
    _answers: dict[Question, Answer] = field(default_factory=dict)
    _found: list[tuple[State, str]] = field(default_factory=list)

    def answer(self, question: Question, said: Said, reason: str) -> None:
        self._answers[question] = Answer(question, said, reason)

    def know(self, issuer: KnownIssuer) -> None:
        """Answer that the issuer is known: one of ours, or from whose list."""
        self.issuer = issuer
        reason = "issuer-known" if issuer.listed_by is None else "issuer-listed"
        self._answers["issuer"] = Answer("issuer", "yes", reason, listed_by=issuer.listed_by)

    def note(self, error: VerificationError) -> None:
        self._answers[error.question] = Answer(
            error.question, error.said, error.reason, list_of=error.list_of
        )
        self._found.append((error.state, error.reason))

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Note what a check raises, and go on: a revoked certificate may be expired too."""
        try:
            yield
        except VerificationError as error:
            self.note(error)

    def refuse(self, error: VerificationError) -> Verdict:
        """End early: nothing of an unproven document is shown, not even its facts."""
        self.note(error)
        self.facts, self.record = None, None
        if error.question == "genuine" and error.state == "altered":
            self.issuer = None
        return self._made("not-checked")

    def done(self) -> Verdict:
        return self._made(None)

    def _made(self, rest: str | None) -> Verdict:
        for question in QUESTIONS:
            if question not in self._answers:
                self.answer(question, "unknown" if rest else "yes", rest or _GOOD[question])
        found: list[tuple[State, str]] = [*self._found, ("valid", "valid")]
        state, reason = min(found, key=lambda one: _RANK.index(one[0]))
        answers = tuple(self._answers[question] for question in QUESTIONS)
        return Verdict(state, answers, self.at, self.facts, self.issuer, self.digest, self.record, reason)


def sentence(reason: str) -> str:
    """Return the sentence of a reason, in the language of the page."""
    return _SENTENCES[reason]()


def sentences() -> dict[str, str]:
    """Return the sentence of every reason, in the language of the page."""
    return {reason: say() for reason, say in _SENTENCES.items()}


_SENTENCES: dict[str, Callable[[], str]] = {
    "valid": lambda: _("Everything fits."),
    "signature-fits": lambda: _("The signature fits. Nothing was changed."),
    "register-only": lambda: _("A certificate with this code was issued. Compare it with the paper."),
    "issuer-known": lambda: _("We know who issued it:"),
    "issuer-listed": lambda: _("It is in a list that we accepted:"),
    "trust-list-old": lambda: _("The list that names the issuer is past its time. It may have changed since."),
    "in-time": lambda: _("It is in its time of validity."),
    "stands": lambda: _("It was not taken back."),
    "not-checked": lambda: _("Could not be checked."),
    "too-big": lambda: _("The file is too big to be a certificate."),
    "not-text": lambda: _("This file is no certificate. Take the PDF, a photo of the QR code, or the .json file."),
    "empty": lambda: _("There is nothing to check. Write a code, or choose a file."),
    "no-attachment": lambda: _("This PDF has no signed file inside. Write the code, or take a photo of the QR code."),
    "no-qr": lambda: _("There is no QR code in this picture. Take it again: near, straight, with light."),
    "picture-damaged": lambda: _("This picture is damaged. Take the original file, or write the code."),
    "picture-too-large": lambda: _("This picture has too many pixels. Take a smaller one."),
    "too-deep": lambda: _("This file is built in a way that no certificate is."),
    "too-many": lambda: _("This file is built in a way that no certificate is."),
    "not-json": lambda: _("This is no certificate that we can read."),
    "receipt": lambda: _("This is the receipt of a check, not a certificate. Choose the certificate."),
    "code-form": lambda: _("This is no code. A code has 12 letters and numbers. Compare it with the paper."),
    "year-form": lambda: _("Write the year of birth with four numbers, for example 1990."),
    "code-elsewhere": lambda: _("Only the issuer can look up a code. Take the file, or the text of the QR code."),
    "try-later": lambda: _("Too many years were tried with this code. Check it again in an hour."),
    "locked": lambda: _("This file has a password. Save it without one and send it again."),
    "zip-inside": lambda: _("There is a zip file inside the zip file. Unpack it and send its files."),
    "damaged": lambda: _("This file is damaged. Make it again and send it once more."),
    "token": lambda: _("This QR code is not of a certificate, or it was read only in part. Scan it again."),
    "term": lambda: _("This file is written in a way that can hide something. It counts as not checked."),
    "context": lambda: _("This file uses words that we do not know. It counts as not checked."),
    "no-proof": lambda: _("This file has no signature."),
    "proof": lambda: _("The signatures of this file are not as the issuer makes them."),
    "no-issuer": lambda: _("This file does not say who issued it."),
    "issuer-unknown": lambda: _("We do not know who issued it."),
    "key-unknown": lambda: _("It names a key that this issuer does not have."),
    "key-not-listed": lambda: _("It names a key that is not in our list of this issuer. Our list may be too old."),
    "issuer-differs": lambda: _("It was not signed by the issuer that it names."),
    "proof-context": lambda: _("The signature does not fit. The file was changed."),
    "signature": lambda: _("The signature does not fit. The file was changed."),
    "claims": lambda: _("The parts of this file do not fit together. It was changed."),
    "undefined": lambda: _("The file holds something that was not signed."),
    "date": lambda: _("A date in this file cannot be read."),
    "suite": lambda: _("We cannot check this kind of signature."),
    "proof-options": lambda: _("We cannot check this kind of signature."),
    "too-slow": lambda: _("The check took too long, so we stopped it."),
    "key-time": lambda: _("It was signed at a time when this key was not in use."),
    "key-compromised": lambda: _("It was signed with a key that may be in wrong hands."),
    "not-in-register": lambda: _("The issuer has no record of it. It may not be genuine."),
    "no-such-code": lambda: _("We do not know this code. Compare it with the paper, letter by letter."),
    "no-such-pair": lambda: _("We do not know this code with this year of birth. Check both."),
    "not-yet": lambda: _("It is not valid yet."),
    "expired": lambda: _("Its time is over."),
    "suspended": lambda: _("The issuer says that it does not count for now."),
    "revoked": lambda: _("The issuer took it back."),
    "replaced": lambda: _("The issuer made a new one in its place."),
    "list-kind": lambda: _("The issuer's list of certificates that were taken back could not be read."),
    "list-old": lambda: _("The issuer's list of certificates that were taken back is too old to tell."),
    "list-missing": lambda: _("We do not have the issuer's list of certificates that were taken back."),
    "list-not-usable": lambda: _("The issuer's list of what was taken back is old or does not fit."),
    # said only where there is no network (static/js/verifier)
    "list-stale": lambda: _("The list on this device is too old to know. Get the newest list."),
    "bundle-refused": lambda: _("The list on this device is too old. Nothing is checked with it."),
    "clock": lambda: _("The clock of this device is wrong. Set date and time."),
    "code-only": lambda: _("A code alone needs the network. Scan the QR code or open the file."),
}  # fmt: skip


def known_reasons() -> frozenset[str]:
    """Return every reason there is; they are stable words for programs."""
    return frozenset(_SENTENCES)
