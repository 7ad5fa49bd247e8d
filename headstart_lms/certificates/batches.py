"""The certificates of a whole group: who is ready, issue them all, draw the papers, hand them out in one file.

The papers name people. They lie sealed in the instance folder, under names that say nothing, for a day; part of
their key lies in the batch's row, so that emptying it makes all of them unreadable at once.
"""

from __future__ import annotations

import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from ..accounts.models import Person
from ..cohorts.models import Cohort, Enrolment
from ..kernel import i18n
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from ..kernel.jobs import enqueue
from . import codes, pdf, services
from .keys import Sealer
from .models import Award, Batch, Certificate
from .tokens import make_token

#: How long the papers of a batch can be taken.
KEPT = timedelta(days=1)
#: Certificates that one run of the job deals with, before other jobs have their turn.
SLICE = 40
WORK, SWEEP = "certificates.batch", "certificates.batch-sweep"
FOLDER = "batches"
State = Literal["issued", "ready", "missing", "unfinished", "revoked"]


@dataclass(frozen=True, slots=True)
class Row:
    """One learner of a group and how far her certificate is. ``missing``: what has to be known first."""

    number: int
    person: UUID
    state: State
    award_id: int | None = None
    certificate_id: int | None = None
    code: str | None = None
    name: str | None = None
    missing: str | None = None
    language: str = "en"
    own_name: str | None = None
    year: int | None = None
    is_checked: bool = False


def list_rows(session: Session, cohort: Cohort, at: datetime) -> list[Row]:
    """Return the learners of a group in the order they came, each with the state of her certificate."""
    query = (
        select(Enrolment)
        .where(Enrolment.cohort_id == cohort.id)
        .options(joinedload(Enrolment.person).joinedload(Person.identity))
        .order_by(Enrolment.id)
    )
    enrolments = session.scalars(query).unique().all()
    awards = {
        award.registration: award
        for award in session.scalars(
            select(Award)
            .join(Enrolment, Enrolment.registration == Award.registration)
            .where(Enrolment.cohort_id == cohort.id)
            .options(selectinload(Award.certificates))
        )
    }
    return [
        _row(session, number, enrolment, awards.get(enrolment.registration), at)
        for number, enrolment in enumerate(enrolments, 1)
    ]


def _row(session: Session, number: int, enrolment: Enrolment, award: Award | None, at: datetime) -> Row:
    identity = enrolment.person.identity
    row = Row(number, enrolment.person.uuid, "unfinished", language=enrolment.language)
    if identity is not None:
        row = replace(
            row, name=identity.passport_name, own_name=identity.own_name, year=identity.year_of_birth,
            is_checked=identity.checked is not None,
        )  # fmt: skip
    if award is None:
        return row
    row, made = replace(row, award_id=award.id), award.certificate
    if made is not None:
        is_good = made.standing in ("good", "suspended")
        return replace(
            row, state="issued" if is_good else "revoked", certificate_id=made.id, code=codes.show(made.code)
        )
    try:
        services.holder_of(session, enrolment.person, at)
    except Invalid as error:
        return replace(row, state="missing", missing=error.message)
    return replace(row, state="ready")


# --- a batch ---------------------------------------------------------------------------------------------------------


def start(session: Session, cohort: Cohort, at: datetime) -> Batch:
    """Begin to issue everything that is ready; one that runs already is returned. Raises Conflict when nothing is.

    Two people who press at once get the same batch.
    """
    session.execute(select(Cohort.id).where(Cohort.id == cohort.id).with_for_update())
    running = find_batch(session, cohort, at)
    if running is not None and running.state in ("issuing", "drawing"):
        return running
    total = sum(1 for row in list_rows(session, cohort, at) if row.state in ("issued", "ready"))
    if not total:
        raise Conflict(_("Nobody in this group has a certificate that can be issued now."))
    _withdraw(session, Batch.cohort_id == cohort.id)
    made = Batch(
        cohort_id=cohort.id, total=total, salt=secrets.token_bytes(16), created=at, expires=at + KEPT
    )
    session.add(made)
    session.flush()
    _go_on(session, made)
    enqueue(session, SWEEP, {}, not_before=made.expires)
    return made


def _go_on(session: Session, batch: Batch) -> None:
    enqueue(session, WORK, {"batch": str(batch.uuid)}, key=f"{WORK}:{batch.uuid}")


def go_on(session: Session, uuid: UUID, state: str) -> None:
    """Say what a batch does next, and leave it to a job, unless it was withdrawn meanwhile."""
    batch = get_batch(session, uuid, lock=True)
    if batch.state != "gone":
        batch.state = state
        session.flush()
        if state != "done":
            _go_on(session, batch)


def count_issued(session: Session, uuid: UUID) -> None:
    """Write down how many of the group have a certificate now."""
    batch = get_batch(session, uuid, lock=True)
    query = (
        select(func.count(func.distinct(Award.id)))
        .join(Enrolment, Enrolment.registration == Award.registration)
        .join(Certificate, Certificate.award_id == Award.id)
        .where(Enrolment.cohort_id == batch.cohort_id, Certificate.standing.in_(("good", "suspended")))
    )
    batch.issued = session.scalar(query) or 0
    session.flush()


def count_drawn(session: Session, uuid: UUID, drawn: int, failed: int) -> bool:
    """Write down how many papers there are; return False when they were withdrawn meanwhile."""
    batch = get_batch(session, uuid, lock=True)
    batch.drawn, batch.failed = drawn, failed
    session.flush()
    return batch.state != "gone"


def find_batch(session: Session, cohort: Cohort, at: datetime) -> Batch | None:
    """Return the newest batch of a group whose papers can still be taken, or None."""
    query = select(Batch).where(Batch.cohort_id == cohort.id, Batch.state != "gone", Batch.expires > at)
    return session.scalar(query.order_by(Batch.id.desc()).limit(1))


def get_batch(session: Session, uuid: UUID, *, lock: bool = False) -> Batch:
    query = select(Batch).where(Batch.uuid == uuid)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound(_("These papers are no longer here. Make them again."))
    return found


def _withdraw(session: Session, where: object) -> None:
    """Make the papers of batches unreadable; their files are swept by a job."""
    session.execute(
        update(Batch).where(where, Batch.state != "gone").values(state="gone", salt=None)  # type: ignore[arg-type]
    )
    enqueue(session, SWEEP, {})


def withdraw_for(session: Session, person: Person) -> None:
    """Make unreadable what batches hold of a person: the papers of every group of the centres that she was at.

    She may have been in another group when they were drawn. Others' papers are made again in minutes.
    """
    issued = select(Certificate.centre_id).where(Certificate.person_id == person.id)
    present = (
        select(Cohort.centre_id)
        .join(Enrolment, Enrolment.cohort_id == Cohort.id)
        .where(Enrolment.person_id == person.id)
    )
    groups = select(Cohort.id).where(Cohort.centre_id.in_(issued) | Cohort.centre_id.in_(present))
    held = session.scalar(select(Batch.id).where(Batch.cohort_id.in_(groups), Batch.state != "gone").limit(1))
    if held is not None:
        _withdraw(session, Batch.cohort_id.in_(groups))


def sweep(session: Session, folder: Path, at: datetime) -> list[Path]:
    """Forget batches whose time is over; return the folders of papers that may be deleted after the commit."""
    session.execute(
        update(Batch).where(Batch.expires <= at, Batch.state != "gone").values(state="gone", salt=None)
    )
    kept = {str(uuid) for uuid in session.scalars(select(Batch.uuid).where(Batch.state != "gone"))}
    home = folder / FOLDER
    return [path for path in home.iterdir() if path.name not in kept] if home.is_dir() else []


def delete_folders(paths: Sequence[Path]) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


# --- issue -----------------------------------------------------------------------------------------------------------


def issue_one(
    session: Session, award_id: int, *, keyring: Sealer, base_url: str, at: datetime
) -> tuple[Certificate, bool] | None:
    """Issue the certificate of an award in the open transaction; the flag says whether it is new.

    None when it cannot be any more: the person was erased, changed her name to none, or it was revoked meanwhile.
    """
    award = session.get(Award, award_id)
    if award is None:
        return None
    before = award.certificate
    try:
        made = services.issue(session, award, keyring=keyring, base_url=base_url, at=at)
    except (Invalid, Conflict):
        return None
    return made, before is None or made.id != before.id


# --- papers ----------------------------------------------------------------------------------------------------------


def paper(
    session: Session, certificate: Certificate, *, language: str, keyring: Sealer, base_url: str
) -> bytes:
    """Return the PDF of a certificate with its own QR code, the title in the learner's language beside the English."""
    address = services.verify_url(base_url, certificate.code)
    token = make_token(session, certificate, keyring=keyring)
    with i18n.in_language(language):
        return pdf.make(
            certificate, address=address, scanned=address if token is None else f"{address}#{token}"
        )


def purpose_of(batch: Batch) -> str:
    """Return what the papers of a batch are sealed for. Raises NotFound when they were withdrawn."""
    if batch.salt is None:
        raise NotFound(_("These papers are no longer here. Make them again."))
    return f"certificates.batch:{batch.salt.hex()}"


def keep_paper(folder: Path, batch: UUID, name: str, sealed: bytes) -> None:
    """Write a sealed paper of a batch."""
    home = folder / FOLDER / str(batch)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(home / name, sealed)


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only this program's user may read, whole or not at all."""
    aside = file.with_name(f".{file.name}")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    aside.replace(file)


def stem(number: int, code: str) -> str:
    """Return the name of a paper's file: the learner's number in the group and the code, never a name."""
    return f"{number:03d}-{code}"


#: What is written in place of a paper that could not be drawn, so that it is not tried for ever.
FAILED = ".failed"


def kept_papers(folder: Path, batch: UUID, suffix: str = ".pdf") -> list[Path]:
    """Return the papers of a batch that are drawn; with ``FAILED``, what could not be."""
    home = folder / FOLDER / str(batch)
    return sorted(home.glob(f"[0-9]*{suffix}")) if home.is_dir() else []


class _Pieces:
    """A file that is read while it is written: what a zip of any size needs."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Nothing is open here."""

    def take(self) -> bytes:
        taken, self._written = b"".join(self._written), []
        return taken


def stream_zip(papers: Sequence[Path], purpose: str, keyring: Sealer, at: datetime) -> Iterator[bytes]:
    """Yield a zip of papers in pieces; one paper at a time is in memory."""
    out = _Pieces()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in papers:
            info = zipfile.ZipInfo(path.name, at.timetuple()[:6])
            archive.writestr(info, keyring.open(purpose, path.read_bytes()))
            yield out.take()
    yield out.take()
