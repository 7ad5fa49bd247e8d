"""The log of what an issuer did: an append-only chain of hashes, its end signed with the issuer's key.

One chain for each issuer, not one for the installation: an issuer signs for its own acts only, a trust list names
the end of each issuer's log, and two centres that issue at the same moment do not wait for each other. An entry
names nobody, so an erasure leaves the chain as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from ..kernel.db import insert_into
from ..kernel.errors import Invalid
from ..kernel.jobs import enqueue
from . import keys, proofs, signing, trust_list
from .keys import Sealer
from .models import Certificate, IssuerKey, Log, LogEntry, PublishedList
from .trust_list import ListedLog

#: What a certificate is after each act.
ACTS = {
    "issue": "good", "replace": "replaced", "revoke": "revoked", "suspend": "suspended", "reinstate": "good",
}  # fmt: skip
_ACT_OF = {"replaced": "replace", "revoked": "revoke", "suspended": "suspend"}
EMPTY = "0" * 64
_HEAD = re.compile(r"[0-9a-f]{64}\Z")
#: The job that signs the end of a log after an act for which no key was at hand.
SIGN = "certificates.sign-log"


def next_head(head: str, entry: dict[str, Any]) -> str:
    """Return SHA-256, hex, of the 32 bytes of the head before and the RFC 8785 form of the entry."""
    return hashlib.sha256(bytes.fromhex(head) + proofs.jcs(entry)).hexdigest()


def entry_of(row: LogEntry) -> dict[str, Any]:
    """Return an entry as it is hashed."""
    return {
        "sequence": row.sequence, "at": proofs.written(row.at), "act": row.act, "code": row.code,
        "digest": row.digest, "list": row.year, "index": row.place,
    }  # fmt: skip


def append(
    session: Session, certificate: Certificate, act: str, at: datetime, *, is_signed: bool = False
) -> LogEntry:
    """Write an act at the end of the issuer's log; a job signs it, unless the caller does (``is_signed``)."""
    is_first = act == "issue"
    log = _hold(session, certificate.issuer_did, certificate.issuer, but=certificate if is_first else None)
    row = _append(session, log, certificate, act, at)
    if not is_signed:
        name = hashlib.sha256(log.did.encode()).hexdigest()[:40]
        enqueue(session, SIGN, {"did": log.did}, key=f"{SIGN}:{name}")
    return row


def _append(session: Session, log: Log, certificate: Certificate, act: str, at: datetime) -> LogEntry:
    row = LogEntry(
        log_id=log.id, sequence=log.size + 1, at=at.replace(microsecond=0), act=act, code=certificate.code,
        digest=certificate.digest, year=certificate.issued.year, place=certificate.status_index,
    )  # fmt: skip
    row.head = log.head = next_head(log.head, entry_of(row))
    log.size += 1
    session.add(row)
    session.flush()
    return row


def _hold(session: Session, did: str, issuer: str, but: Certificate | None = None) -> Log:
    """Return the log of an issuer, held until the commit. A new one begins with what the register has already."""
    query = select(Log).where(Log.did == did).with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        bind = session.get_bind()
        made = insert_into(bind.dialect, Log).values(did=did, issuer=issuer, size=0, head=EMPTY)
        session.execute(made.on_conflict_do_nothing())
        found = session.scalars(query).one()
        if found.size == 0:
            _adopt(session, found, but)
    return found


def _adopt(session: Session, log: Log, but: Certificate | None) -> None:
    """Write down the certificates that were issued before there was a log."""
    issued = select(Certificate).where(Certificate.issuer_did == log.did).order_by(Certificate.id)
    for certificate in session.scalars(issued).all():
        if but is None or certificate.id != but.id:
            _append(session, log, certificate, "issue", certificate.issued)
            if certificate.standing in _ACT_OF:
                act = _ACT_OF[certificate.standing]
                _append(session, log, certificate, act, certificate.standing_since)
            elif certificate.standing_since.replace(microsecond=0) > certificate.issued:
                _append(session, log, certificate, "reinstate", certificate.standing_since)


def adopt(session: Session) -> int:
    """Begin a log for every issuer that has none yet; return how many were begun."""
    logged = select(Log.did)
    query = select(Certificate.issuer_did, Certificate.issuer).where(Certificate.issuer_did.not_in(logged))
    found = session.execute(query.distinct()).all()
    for did, issuer in found:
        _hold(session, did, issuer)
    return len(found)


# --- the signed end --------------------------------------------------------------------------------------------------


def head_document(did: str, size: int, head: str, at: datetime) -> dict[str, Any]:
    return {"type": "HeadstartLogHead", "issuer": did, "size": size, "head": head, "at": proofs.written(at)}


def sign_entry(row: LogEntry, did: str, key: IssuerKey, seed: bytes, at: datetime) -> None:
    document = head_document(did, row.sequence, row.head, row.at)
    row.proof = json.dumps(proofs.sign(document, seed=seed, method=key.method, at=at, suite=proofs.JCS))


def sign_end(
    session: Session, did: str, *, keyring: Sealer, base_url: str, at: datetime
) -> dict[str, Any] | None:
    """Return the signed end of an issuer's log, signed now when it is not; None when there is no log.

    Only an issuer of this installation's present address signs.
    """
    log = session.scalar(select(Log).where(Log.did == did))
    if log is None or log.size == 0:
        return None
    row = _last(session, log)
    if row.proof is None:
        centre = keys.find_centre(session, log.issuer)
        if centre is None or keys.issuer_of(centre, base_url).did != did:
            return None
        # the centre is held before the log, as where certificates are issued
        key = keys.signing_key(session, centre, keyring=keyring, base_url=base_url, at=at)
        held = select(Log).where(Log.id == log.id).with_for_update().execution_options(populate_existing=True)
        row = _last(session, session.scalars(held).one())
        if row.proof is None:
            sign_entry(row, did, key, keys.open_seed(key, keyring), at)
            session.flush()
    return _signed(did, row)


def find_signed_end(session: Session, did: str) -> dict[str, Any] | None:
    """Return the end of a log when it is signed already: a read without a write."""
    log = session.scalar(select(Log).where(Log.did == did))
    if log is None or log.size == 0:
        return None
    row = _last(session, log)
    return None if row.proof is None else _signed(did, row)


def _last(session: Session, log: Log) -> LogEntry:
    query = select(LogEntry).where(LogEntry.log_id == log.id).options(undefer(LogEntry.proof))
    return session.scalars(query.order_by(LogEntry.sequence.desc()).limit(1)).one()


def _signed(did: str, row: LogEntry) -> dict[str, Any]:
    document = head_document(did, row.sequence, row.head, row.at)
    return {**document, "proof": json.loads(row.proof or "null")}


# --- check -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Report:
    """What a check of one issuer's log found; without problems it is right."""

    did: str
    size: int = 0
    head: str = EMPTY
    certificates: int = 0
    signatures: int = 0
    #: How many acts at the end no signature covers yet.
    unsigned: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        self.problems.append(problem)

    @property
    def is_right(self) -> bool:
        return not self.problems


def check(session: Session) -> list[Report]:
    """Compute every log anew, and compare it with its signatures and with the register of certificates."""
    dids = {*session.scalars(select(Log.did)), *session.scalars(select(Certificate.issuer_did).distinct())}
    published = _published_ends(session)
    return [_check_one(session, did, published.get(did)) for did in sorted(dids)]


def _published_ends(session: Session) -> dict[str, ListedLog | str]:
    """Return the end of each log as our last published trust list names it; a text: why it cannot be told."""
    kept = session.scalar(select(PublishedList).order_by(PublishedList.id))
    if kept is None:
        return {}
    known = {
        key.method: key.public for key in session.scalars(select(IssuerKey))
    }  # fmt: skip
    try:
        document, found = trust_list.read(kept.signed)
        trust_list.check_signature(document, found, {}, known)
    except Invalid:
        changed = "the trust list that was published last was changed: its signature does not fit"
        return dict.fromkeys({key.split("#")[0] for key in known}, changed)
    return {issuer.did: issuer.log for issuer in found.issuers if issuer.log is not None}


def _check_one(session: Session, did: str, published: ListedLog | str | None) -> Report:
    report = Report(did)
    log = session.scalar(select(Log).where(Log.did == did))
    if log is None:
        report.note("this issuer has certificates and no log: run “headstart init”")
        return report
    public = {
        key.method: key for key in session.scalars(select(IssuerKey).where(IssuerKey.did == did))
    }  # fmt: skip
    standings: dict[str, tuple[str, datetime]] = {}
    unsigned: list[int] = []
    for row in _entries(session, log):
        report.size += 1
        if row.sequence != report.size:
            report.note(f"entry {report.size} is missing")
            report.size = row.sequence
        report.head = next_head(report.head, entry_of(row))
        if report.head != row.head:
            report.note(f"entry {row.sequence} was changed")
            if _HEAD.match(row.head):
                report.head = row.head  # so that one change is one problem
        if isinstance(published, ListedLog) and row.sequence == published.size and row.head != published.head:
            report.note(f"entry {row.sequence} is another one than our published trust list says")
        _follow(report, standings, row)
        if row.proof is None:
            report.unsigned += 1
            if (
                row.act == "issue" and report.signatures
            ):  # those before the first signature were there before the log
                unsigned.append(row.sequence)
            continue
        report.unsigned = 0
        report.signatures += 1
        if not _is_signed(did, row, public):
            report.note(f"the signature at entry {row.sequence} does not fit")
    for sequence in unsigned:
        report.note(f"the signature at entry {sequence} was taken away")
    if (log.size, log.head) != (report.size, report.head):
        report.note(
            f"the log ends at entry {report.size}, and should end at {log.size}: entries were taken away"
        )
    elif isinstance(published, ListedLog) and published.size > report.size:
        report.note(
            f"the log ends at entry {report.size}, and our published trust list says {published.size}: "
            "entries were taken away"
        )
    if isinstance(published, str):
        report.note(published)
    _compare(session, report, standings)
    return report


def _entries(session: Session, log: Log) -> Iterator[LogEntry]:
    query = select(LogEntry).where(LogEntry.log_id == log.id).options(undefer(LogEntry.proof))
    yield from session.scalars(query.order_by(LogEntry.sequence).execution_options(yield_per=500))


def _follow(report: Report, standings: dict[str, tuple[str, datetime]], row: LogEntry) -> None:
    known = standings.get(row.digest)
    if (known is None) != (row.act == "issue") or row.act not in ACTS:
        report.note(f"entry {row.sequence} does not follow from what was before")
    standings[row.digest] = ACTS.get(row.act, "good"), row.at


def _is_signed(did: str, row: LogEntry, public: dict[str, IssuerKey]) -> bool:
    try:
        proof = json.loads(row.proof or "")
        key = public[proof["verificationMethod"]]
        options = {name: value for name, value in proof.items() if name != "proofValue"}
        data = proofs.jcs_hash(head_document(did, row.sequence, row.head, row.at), options)
        return signing.is_signature(signing.from_multikey(key.public), proofs.signature_of(proof), data)
    except (ValueError, KeyError, TypeError):
        return False


def _compare(session: Session, report: Report, standings: dict[str, tuple[str, datetime]]) -> None:
    """Compare with the register: every certificate stands in the log, with its standing and the last act on it, and
    no other does.
    """
    query = select(Certificate.code, Certificate.digest, Certificate.standing, Certificate.standing_since)
    found = session.execute(query.where(Certificate.issuer_did == report.did).order_by(Certificate.id))
    for code, digest, standing, since in found:
        report.certificates += 1
        if digest not in standings:
            report.note(f"certificate {code} is in the register and not in the log")
            continue
        said, at = standings.pop(digest)
        if said != standing:
            report.note(f"certificate {code} is {standing} in the register and {said} in the log")
        # who suspends again, for another reason, changes the time and not the standing
        elif standing != "suspended" and since.replace(microsecond=0) > at:
            report.note(f"certificate {code} was {standing} in the register after its last act in the log")
    if standings:
        report.note(f"{len(standings)} certificates are in the log and not in the register")
