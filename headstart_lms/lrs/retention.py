"""Purge what is older than it needs to be: whole months where there are partitions, else statement by statement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, bindparam, delete, exists, text
from sqlalchemy.orm import Session

from ..kernel.clock import now
from . import partitions, postings
from . import terms as t
from .models import Attachment, StatementAttachment
from .partitions import Partition


@dataclass(frozen=True, slots=True)
class Retained:
    """What a purge took: statements, and the months that went in one piece."""

    statements: int
    before: datetime
    months: tuple[str, ...] = ()


def cutoff(at: datetime, months: int) -> datetime:
    """Return the first instant that is kept: ``months`` whole months before the one that runs."""
    return partitions.begin_of(partitions.month_of(at) - months)


def retain_months(session: Session, before: datetime, spare: Iterable[UUID]) -> Retained:
    """Take the months that are over as a whole out of the partitions, except what is to be spared.

    Ids stay as tombstones. Whoever reads or writes statements waits for the commit, so let ``before`` name one month
    at a time. Raises Conflict as ``partitions.have_alone``.
    """
    partitions.have_alone(session)
    connection = session.connection()
    _note_spared(connection, spare)
    count, gone = 0, []
    for part in partitions.old_partitions(session, before):
        taken, kept = _counts(connection, part)
        if taken == 0 and kept:
            continue
        count += taken
        gone.append(part.label)
        _take(connection, part, kept)
    if gone:
        _drop_what_nothing_leads_to(session)
    return Retained(count, before, tuple(gone))


_SPARE = text("INSERT INTO lrs_spared SELECT id FROM lms_term WHERE hash IN :hashes").bindparams(
    bindparam("hashes", expanding=True)
)


def _note_spared(connection: Connection, spare: Iterable[UUID]) -> None:
    """Put the terms of the spared registrations into a table of this connection."""
    for name in ("lrs_spared", "lrs_ended"):
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
        connection.execute(text(f"CREATE TEMPORARY TABLE {name} (id BIGINT PRIMARY KEY)"))
    for chunk in postings.chunks(set(spare)):
        hashes = [t.key_hash(t.REGISTRATION, str(registration)) for registration in chunk]
        connection.execute(_SPARE, {"hashes": hashes})


def _kept(part: Partition) -> str:
    """Return the query of the seqs of a month that stay."""
    posting = part.name(partitions.TABLES[1])
    return f"SELECT seq FROM {posting} WHERE term_id IN (SELECT id FROM lrs_spared)"  # noqa: S608 - our own names


def _counts(connection: Connection, part: Partition) -> tuple[int, int]:
    """Return how many statements of a month go, and how many stay."""
    statement = part.name(partitions.TABLES[0])
    all_ = connection.scalar(text(f"SELECT count(*) FROM {statement}")) or 0  # noqa: S608
    kept = connection.scalar(text(f"SELECT count(*) FROM {statement} WHERE seq IN ({_kept(part)})")) or 0  # noqa: S608
    return all_ - kept, kept


def _take(connection: Connection, part: Partition, kept: int) -> None:
    statement, posting = (part.name(table) for table in partitions.TABLES)
    goes = f"seq >= {part.low} AND seq < {part.high}"
    if kept:
        goes += f" AND seq NOT IN ({_kept(part)})"
    connection.execute(
        text(f"INSERT INTO lms_tombstone (id, tenant_id, erased) SELECT id, tenant_id, :at FROM {statement} "  # noqa: S608
             f"WHERE {goes} ON CONFLICT DO NOTHING"),
        {"at": now()},
    )  # fmt: skip
    connection.execute(
        text(f"INSERT INTO lrs_ended SELECT DISTINCT term_id FROM {posting} JOIN lms_term ON lms_term.id = term_id "  # noqa: S608
             f"WHERE kind = {t.REGISTRATION} AND {goes} ON CONFLICT DO NOTHING")
    )  # fmt: skip
    for table in ("lms_statement_attachment", "lms_statement_ref", "lms_forward_outbox", "lms_launched"):
        connection.execute(text(f"DELETE FROM {table} WHERE {goes}"))  # noqa: S608
    if kept:
        partitions.replace(connection, part, _kept(part))
    else:
        partitions.detach(connection, part)


def _drop_what_nothing_leads_to(session: Session) -> None:
    """Delete registrations without statements, and attachments of none, as ``erasure`` does."""
    connection = session.connection()
    connection.execute(
        text("DELETE FROM lrs_ended WHERE EXISTS (SELECT 1 FROM lms_posting p WHERE p.term_id = lrs_ended.id "
             "AND p.roles & :direct <> 0)"), {"direct": t.DIRECT},
    )  # fmt: skip
    connection.execute(text("DELETE FROM lms_posting WHERE term_id IN (SELECT id FROM lrs_ended)"))
    connection.execute(text("DELETE FROM lms_term WHERE id IN (SELECT id FROM lrs_ended)"))
    session.execute(delete(Attachment).where(~exists().where(StatementAttachment.sha2 == Attachment.sha2)))
