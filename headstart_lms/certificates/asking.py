"""One question to the verifier, by whichever door it comes: page, bulk check, API, command."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from . import codes, lookup
from .check_models import Form, Shown
from .errors import NotRead
from .facts import instant
from .lookup import Found
from .models import Certificate
from .reading import Document, parse
from .tokens import find_token
from .trust import TrustStore, trust_store
from .verdict import Verdict, VerdictBuilder
from .verify import verify

#: The ``type`` of the receipt of a check.
RECEIPT = "HeadstartVerificationReceipt"


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody hands in: a code, a code with a year, or signed data. ``problem``: it could not be read."""

    #: The name of the file, or of the file with the table.
    label: str
    #: The line of the table, from 1.
    row: int | None = None
    code: str | None = None
    year: int | None = None
    data: bytes | None = None
    #: A stable reason and, when there is a better one than its own, a sentence.
    problem: str | None = None
    remark: str | None = None

    @property
    def form(self) -> Form:
        if self.problem is not None:
            return "none"  # nothing is asked of the verifier
        if self.data is not None:
            return "qr" if find_token(self.data) is not None else "file"
        if self.code is None:
            return "none"
        return "code" if self.year is None else "code-year"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out, and which lists it rests on."""

    entry: Entry
    verdict: Verdict
    certificate: Certificate | None = None
    lists: tuple[dict[str, Any], ...] = ()

    @property
    def shown(self) -> Shown:
        if self.verdict.facts is not None:
            return "signed"
        return "public" if self.certificate is not None else "nothing"

    @property
    def digest(self) -> str | None:
        """The digest of what was signed; of an upload that is none, the SHA-256 of its bytes."""
        if self.certificate is not None:
            return self.certificate.digest
        if self.verdict.facts is not None:
            return self.verdict.digest
        return hashlib.sha256(self.entry.data).hexdigest() if self.entry.data is not None else None

    @property
    def code(self) -> str | None:
        """The code, as shown: the one that was asked, or the one of the certificate that was found."""
        if self.certificate is not None:
            return codes.show(self.certificate.code)
        if self.verdict.record is not None:
            return codes.show(self.verdict.record.code)
        return codes.show(self.entry.code) if self.entry.code else None


class Asker:
    """Asks with one trust store, and writes down which lists were looked into.

    ``may_try`` counts a try of a year for a code and tells whether it is allowed; without a session codes
    cannot be looked up: then only signed data is checked, against ``trust``.
    """

    def __init__(
        self,
        session: Session | None,
        at: datetime,
        *,
        trust: TrustStore | None = None,
        lists: tuple[dict[str, Any], ...] = (),
        may_try: Callable[[str], bool] = lambda code: True,
    ) -> None:
        self._session, self._at, self._may_try, self._given = session, at, may_try, trust
        self._known_lists = lists
        self._used: list[dict[str, Any]] = []

    @cached_property
    def _trust(self) -> TrustStore:
        """Return whom to believe, made when signed data is handed in: a code alone needs only the register."""
        trust = self._given
        if trust is None:
            assert self._session is not None  # noqa: S101 - one of the two is given
            trust = trust_store(self._session)
        return replace(trust, find_list=self._find_list(trust.find_list))

    def _find_list(self, find: Callable[[str], Document | None]) -> Callable[[str], Document | None]:
        def noting(url: str) -> Document | None:
            found = find(url)
            if found is not None:
                self._used.append(
                    {"kind": "status-list", "id": url, "dated": _text(found.get("validFrom")),
                     "until": _text(found.get("validUntil")), "age": age(found.get("validFrom"), self._at)}
                )  # fmt: skip
            return found

        return noting

    def ask(self, entry: Entry) -> Outcome:
        """Answer one entry. Never raises for what was handed in."""
        self._used = []
        if entry.problem is not None:
            return Outcome(entry, self.refused(entry.problem))
        if entry.data is not None and find_receipt(entry.data) is not None:
            found = Found(self.refused("receipt"), None)
        elif entry.data is not None:
            found = self._of_data(entry.data)
        elif self._session is None:
            found = Found(self.refused("code-elsewhere"), None)
        elif entry.year is None:
            found = lookup.by_code(self._session, entry.code or "", self._at)
        elif not self._may_try(entry.code or ""):
            found = Found(self.refused("try-later"), None)
        else:
            found = lookup.by_code_and_year(
                self._session, entry.code or "", entry.year, self._at, self._trust
            )
        return Outcome(entry, found.verdict, found.certificate, self._lists(found.verdict, entry))

    def refused(self, reason: str) -> Verdict:
        return VerdictBuilder(self._at).refuse(NotRead(reason))

    def _of_data(self, data: bytes) -> Found:
        if self._session is None:
            return Found(verify(data, trust=self._trust, at=self._at), None)
        return lookup.by_document(self._session, data, self._at, self._trust)

    def _lists(self, verdict: Verdict, entry: Entry) -> tuple[dict[str, Any], ...]:
        """Return what the answer rests on; ages in whole seconds."""
        found = [*self._known_lists, *self._used]
        asked_register = entry.data is None or (verdict.issuer is not None and verdict.issuer.is_own)
        if self._session is not None and asked_register:
            at = self._at.isoformat(timespec="seconds")
            found.append({"kind": "register", "id": "own", "dated": at, "until": None, "age": 0})
        return tuple(found)


def find_receipt(data: bytes | str) -> Document | None:
    """Return a receipt in an upload; None when it is something else."""
    head = data[:4_096] if isinstance(data, str) else data[:4_096].decode("utf-8", "replace")
    if not head.lstrip("\ufeff \r\n\t").startswith("{") or len(data) > 50_000:
        return None
    try:
        document = parse(data if isinstance(data, str) else data.decode("utf-8-sig"))
    except (NotRead, UnicodeDecodeError):
        return None
    return document if document.get("type") == RECEIPT else None


def age(dated: Any, at: datetime) -> int | None:
    """Return the age in whole seconds of something dated; None when its date cannot be read."""
    try:
        start = instant(dated)
    except Exception:  # a list whose date cannot be read is judged by the verifier
        return None
    return None if start is None else max(0, int((at - start).total_seconds()))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= 40 else None
