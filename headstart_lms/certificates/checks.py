"""The trail: which office checked which certificate, when, with what answer. Added to, never changed."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from ..accounts.models import Centre, Person
from ..kernel.db import after_commit, insert_into
from ..kernel.errors import Conflict, NotAllowed, NotFound
from ..kernel.i18n import _
from . import proofs
from .asking import Outcome
from .check_models import Channel, Check, CheckHead
from .models import Certificate

PURPOSE = "certificates.checks"
#: Where the end of the trail is kept outside of the database: a file in the folder of keys.
KEPT = "checks.mark"
#: The same question by the same officer within this time is a page loaded again, not another check.
AGAIN = timedelta(minutes=10)
#: How long an officer may say whether the name matches.
MATCH = timedelta(hours=12)


class Marker(Protocol):
    """The part of kernel.crypto.Keyring that is needed here."""

    folder: Path

    def mac(self, purpose: str, *parts: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Checker:
    """Who checks: an officer for her office, or a program."""

    office: str
    channel: Channel
    centre_id: int | None = None
    officer: Person | None = None
    client: str | None = None


def find_office(session: Session, person: Person) -> Centre | None:
    """Return the office a person checks for: where she is an officer, her own centre first; None for others."""
    places = [grant.centre for grant in person.grants if grant.role == "officer" and grant.centre is not None]
    places.sort(key=lambda centre: (centre.id != person.centre_id, centre.id))
    return places[0] if places else None


def get_office(session: Session, person: Person) -> Centre:
    """Return the office a person checks for. Raises NotAllowed."""
    found = find_office(session, person)
    if found is None:
        raise NotAllowed(_("Your account belongs to no office."))
    return found


# --- write ---------------------------------------------------------------------------------------


def record(session: Session, keyring: Marker, by: Checker, outcome: Outcome, at: datetime) -> Check:
    """Add a check to the trail, and return it; the same page loaded again is the same check."""
    known = _find_again(session, by, outcome, at)
    if known is not None:
        return known
    certificate, verdict = outcome.certificate, outcome.verdict
    made = Check(
        uuid=uuid4(), at=at, office=by.office, centre_id=by.centre_id, client=by.client,
        channel=by.channel, form=outcome.entry.form, shown=outcome.shown, state=verdict.state,
        reason=verdict.reason, answers={a.question: [a.said, a.reason] for a in verdict.answers},
        lists=list(outcome.lists),
    )  # fmt: skip
    if by.officer is not None:
        made.officer_id, made.officer_salt = by.officer.id, secrets.token_bytes(16)
        made.officer_mark = _commit(made.officer_salt, str(by.officer.uuid))
    salt = secrets.token_bytes(16)
    if certificate is not None:
        made.subject_mark = _commit(salt, "certificate:" + certificate.code)
        if certificate.erased is None:  # else no link to whom it was about is kept
            made.certificate_id, made.subject_salt = certificate.id, salt
    elif outcome.digest is not None:
        made.digest, made.subject_salt = outcome.digest, salt
        made.subject_mark = _commit(salt, "digest:" + outcome.digest)
    elif outcome.entry.code is not None:
        made.subject_mark = _commit(salt, "code:" + outcome.entry.code)
        if not _is_erased(session, outcome.entry.code):
            made.asked, made.subject_salt = outcome.entry.code, salt
    return _append(session, keyring, made)


def _is_erased(session: Session, code: str) -> bool:
    """Tell whether a code, asked with a wrong year, is that of a person who was erased."""
    query = select(Certificate.id).where(Certificate.code == code, Certificate.erased.is_not(None))
    return session.scalar(query) is not None


def _find_again(session: Session, by: Checker, outcome: Outcome, at: datetime) -> Check | None:
    if by.channel != "page" or by.officer is None or outcome.certificate is None:
        return None
    return session.scalar(
        select(Check)
        .where(
            Check.officer_id == by.officer.id, Check.channel == "page", Check.at > at - AGAIN,
            Check.certificate_id == outcome.certificate.id, Check.form == outcome.entry.form,
            Check.state == outcome.verdict.state, Check.follows.is_(None),
        )
        .order_by(Check.number.desc())
        .limit(1)
    )  # fmt: skip


def record_match(
    session: Session, keyring: Marker, person: Person, uuid: UUID, *, matches: bool, at: datetime
) -> Check:
    """Add the officer's own answer: does the name match the document in front of her?

    Raises NotFound for another person's check, Conflict when it was answered or is too long ago.
    """
    about = get_check_of(session, person, uuid)
    if about.shown != "signed" or at - about.at > MATCH:
        raise Conflict(_("This check cannot be answered any more. Check the certificate again."))
    if session.scalar(select(Check.id).where(Check.follows == about.uuid)) is not None:
        raise Conflict(_("You have answered this already."))
    salt = secrets.token_bytes(16)
    made = Check(
        uuid=uuid4(), at=at, office=about.office, centre_id=about.centre_id, channel=about.channel,
        form=about.form, shown="nothing", state=about.state, reason=about.reason, answers={}, lists=[],
        follows=about.uuid, matches=matches, officer_id=person.id, officer_salt=salt,
        officer_mark=_commit(salt, str(person.uuid)),
    )  # fmt: skip
    return _append(session, keyring, made)


def _append(session: Session, keyring: Marker, made: Check) -> Check:
    """Give a row its place and its mark. The row of the head is locked until the commit."""
    session.execute(
        insert_into(session.get_bind().dialect, CheckHead)
        .values(id=1, number=0, mark="")
        .on_conflict_do_nothing()
    )
    head = session.scalars(
        select(CheckHead).where(CheckHead.id == 1).with_for_update().execution_options(populate_existing=True)
    ).one()
    # a trail that does not fit the file beside the keys never writes a new end into it: that would hide the cut
    is_whole = _compare_kept(session, keyring.folder, head.number, head.mark) is None
    made.number = head.number + 1
    made.mark = mark_of(keyring, head.mark, made)
    head.number, head.mark = made.number, made.mark
    session.add(made)
    session.flush()
    if is_whole and "hs_transaction" in session.info:
        number, mark = made.number, made.mark
        after_commit(lambda: keep_mark(keyring.folder, number, mark))
    return made


# --- the last mark, outside of the database ------------------------------------------------------


def keep_mark(folder: Path, number: int, mark: str) -> None:
    """Write the end of the trail into a file beside the keys, when it is a later one: who can write only into the
    database cannot cut the trail and set its end back.
    """
    file = folder / KEPT
    lock = os.open(folder / f".{KEPT}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = find_kept(folder)
        if kept is not None and kept[0] >= number:
            return
        aside = folder / f".{KEPT}.{os.getpid()}.{secrets.token_hex(4)}"
        opened = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(opened, f"{number} {mark}\n".encode())
        finally:
            os.close(opened)
        aside.replace(file)
    finally:
        os.close(lock)  # closing drops the lock


def find_kept(folder: Path) -> tuple[int, str] | None:
    """Return number and mark of the last row that was kept outside of the database; None when none is kept yet."""
    try:
        number, mark = (folder / KEPT).read_text(encoding="ascii").split()
        return int(number), mark
    except FileNotFoundError:
        return None
    except ValueError:
        return 0, ""


def _compare_kept(session: Session, folder: Path, end: int, mark_of_end: str) -> Trouble | None:
    kept = find_kept(folder)
    if kept is None or kept == (end, mark_of_end):
        return None
    number, mark = kept
    if number == 0:
        return Trouble(end, f"the file {KEPT} beside the keys is damaged")
    if number > end:
        return Trouble(end + 1, "the last rows are missing")
    found = session.scalar(select(Check.mark).where(Check.number == number))
    if found is None or not hmac.compare_digest(found, mark):
        return Trouble(number, "a row was changed")
    return None


def _commit(salt: bytes, value: str) -> str:
    return hashlib.sha256(salt + value.encode()).hexdigest()


def mark_of(keyring: Marker, before: str, row: Check) -> str:
    """Return the mark of a row: HMAC over the mark before it and everything but the two links."""
    content = proofs.jcs(
        {
            "number": row.number, "uuid": str(row.uuid), "at": row.at.isoformat(), "office": row.office,
            "client": row.client, "officer": row.officer_mark, "subject": row.subject_mark,
            "channel": row.channel, "form": row.form, "shown": row.shown, "state": row.state,
            "reason": row.reason, "answers": row.answers, "lists": row.lists,
            "follows": str(row.follows) if row.follows else None, "matches": row.matches,
        }
    )  # fmt: skip
    return keyring.mac(PURPOSE, before.encode(), content).hex()


# --- look ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where the trail does not fit."""

    number: int
    what: str


def find_trouble(session: Session, keyring: Marker, *, last: int | None = None) -> Trouble | None:
    """Follow the trail, all of it or its last rows, and compare with the end that is kept beside the keys; return
    the first place where something was taken out or changed.
    """
    head = session.get(CheckHead, 1)
    end = head.number if head is not None else 0
    start = 1 if last is None else max(1, end - last + 1)
    before = "" if start == 1 else None
    expected = start
    query = select(Check).where(Check.number >= start - (start > 1)).order_by(Check.number)
    for row in session.scalars(query.execution_options(yield_per=500)):
        if before is None:  # the row before the first one looked at gives only its mark
            if row.number != start - 1:
                return Trouble(start - 1, "a row is missing")
            before = row.mark
            continue
        if row.number != expected:
            return Trouble(expected, "a row is missing")
        if not hmac.compare_digest(row.mark, mark_of(keyring, before, row)) or not _links_fit(session, row):
            return Trouble(row.number, "a row was changed")
        before, expected = row.mark, expected + 1
    if expected != end + 1 or (head is not None and end and head.mark != before):
        return Trouble(expected, "the last rows are missing")
    return _compare_kept(session, keyring.folder, end, head.mark if head is not None else "")


def _links_fit(session: Session, row: Check) -> bool:
    """Tell whether the links, as far as they are there, are those that the chain has a digest of."""
    if row.certificate_id is not None or row.digest is not None or row.asked is not None:
        if row.subject_salt is None:
            return False
        value = f"digest:{row.digest}" if row.digest is not None else f"code:{row.asked}"
        if row.certificate_id is not None:
            code = session.scalar(select(Certificate.code).where(Certificate.id == row.certificate_id))
            value = f"certificate:{code}"
        if _commit(row.subject_salt, value) != row.subject_mark:
            return False
    if row.officer_id is not None:
        uuid = session.scalar(select(Person.uuid).where(Person.id == row.officer_id))
        return row.officer_salt is not None and _commit(row.officer_salt, str(uuid)) == row.officer_mark
    return True


def get_check_of(session: Session, person: Person, uuid: UUID) -> Check:
    """Return a check that a person made herself. Raises NotFound."""
    found = session.scalar(
        select(Check).where(Check.uuid == uuid, Check.officer_id == person.id, Check.follows.is_(None))
    )
    if found is None:
        raise NotFound(_("There is no such check."))
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """One check as a list shows it, with what the officer answered later."""

    check: Check
    matches: bool | None


def list_for_office(
    session: Session, person: Person, *, mine: bool, most: int = 50, before: int | None = None
) -> list[Line]:
    """Return the newest checks of a person, or of her whole office."""
    office = get_office(session, person)
    query = select(Check).where(Check.follows.is_(None))
    query = query.where(Check.officer_id == person.id if mine else Check.centre_id == office.id)
    if before is not None:
        query = query.where(Check.number < before)
    query = query.options(joinedload(Check.certificate), joinedload(Check.officer))
    return _with_matches(session, session.scalars(query.order_by(Check.number.desc()).limit(most)).all())


def list_of_holder(session: Session, person: Person, most: int | None = 200) -> list[Line]:
    """Return who checked the certificates of a learner, newest first."""
    query = (
        select(Check)
        .join(Certificate, Certificate.id == Check.certificate_id)
        .where(Certificate.person_id == person.id, Check.follows.is_(None))
        .options(joinedload(Check.certificate))
        .order_by(Check.number.desc())
        .limit(most)
    )
    return _with_matches(session, session.scalars(query).all())


def count_of_certificate(session: Session, certificate: Certificate) -> int:
    query = select(func.count(Check.id)).where(Check.certificate_id == certificate.id)
    return session.scalar(query) or 0


def count(session: Session) -> int:
    """Return how many rows the trail should have."""
    head = session.get(CheckHead, 1)
    return head.number if head is not None else 0


def _with_matches(session: Session, rows: Sequence[Check]) -> list[Line]:
    query = select(Check.follows, Check.matches).where(Check.follows.in_([row.uuid for row in rows]))
    said = {follows: matches for follows, matches in session.execute(query)}  # noqa: C416
    return [Line(row, said.get(row.uuid)) for row in rows]


def forget_holder(session: Session, person: Person) -> None:
    """Cut the links from the trail to a person: to her certificates, and to her as an officer."""
    theirs = select(Certificate.id).where(Certificate.person_id == person.id)
    session.execute(
        update(Check).where(Check.certificate_id.in_(theirs)).values(certificate_id=None, subject_salt=None)
    )
    codes = select(Certificate.code).where(Certificate.person_id == person.id)
    session.execute(update(Check).where(Check.asked.in_(codes)).values(asked=None, subject_salt=None))
    session.execute(
        update(Check).where(Check.officer_id == person.id).values(officer_id=None, officer_salt=None)
    )
