"""Erase and purge statements. What is erased stays erased: a tombstone keeps its id."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from . import head, postings
from . import terms as t
from .models import (
    Attachment,
    Document,
    ForwardOutbox,
    Posting,
    Statement,
    StatementAttachment,
    StatementRef,
    Term,
    Tombstone,
)

_CHUNK = 500


def erase_actor(session: Session, actor_name: UUID) -> int:
    """Erase all that is kept under an actor's name; return the number of statements erased.

    These are the statements she is actor or object of (in every tenant), her documents (state, profile), what
    waits to be forwarded, and the terms she is found by. Ids stay as tombstones, so that a replay does not
    bring anything back. Statements already sent to other LRSs are not reached by this.
    """
    head.advance(session, 0)  # no writer may find her terms while they go
    agents = agents_named(session, actor_name)
    if not agents:
        return 0
    erased = 0
    for agent in agents:
        seqs = select(Posting.seq).where(Posting.term_id == agent, Posting.roles.bitwise_and(t.DIRECT) != 0)
        erased += _erase(session, session.scalars(seqs.order_by(Posting.seq)).all())
    session.execute(delete(Document).where(Document.agent_term.in_(agents)))
    session.execute(delete(Posting).where(Posting.term_id.in_(agents)))
    session.execute(delete(Term).where(Term.id.in_(agents)))
    return erased


def agents_named(session: Session, actor_name: UUID) -> Sequence[int]:
    """Return the ids of the terms (one a tenant) of the account with this name."""
    ending = f'%,"{actor_name}"]'
    named = select(Term.id).where(Term.kind == t.AGENT, Term.value.like(ending))
    return session.scalars(named.order_by(Term.id)).all()


def purge(session: Session, *, before: datetime, spare: Iterable[UUID] = (), dry_run: bool = False) -> int:
    """Erase statements stored before an instant; return how many (``dry_run``: how many it would be).

    ``spare`` are registrations whose statements stay: those of live enrolments (DESIGN 3.3).
    """
    head.advance(session, 0)
    hashes = [t.key_hash(t.REGISTRATION, str(registration)) for registration in spare]
    spared = select(Posting.seq).join(Term, Term.id == Posting.term_id).where(Term.hash.in_(hashes))
    old = select(Statement.seq).where(Statement.stored < head.microseconds(before))
    seqs = session.scalars(old.where(Statement.seq.not_in(spared)).order_by(Statement.seq)).all()
    return len(seqs) if dry_run else _erase(session, seqs)


def _erase(session: Session, seqs: Sequence[int]) -> int:
    erased = 0
    for chunk in _chunks(seqs):
        rows = session.execute(
            select(Statement.seq, Statement.id, Statement.tenant_id, Statement.payload).where(
                Statement.seq.in_(chunk)
            )
        ).all()
        if not rows:
            continue
        registrations: set[int] = set()
        for row in rows:
            keys = t.find_terms(json.loads(row.payload)).roles
            ids = postings.find_ids(session, row.tenant_id, keys)
            session.execute(delete(Posting).where(Posting.seq == row.seq, Posting.term_id.in_(ids.values())))
            registrations |= {id_ for (kind, _), id_ in ids.items() if kind == t.REGISTRATION}
        connection = session.connection()
        connection.execute(
            postings.insert_ignoring(connection, Tombstone.__table__).on_conflict_do_nothing(),  # type: ignore[arg-type]
            [{"id": row.id, "tenant_id": row.tenant_id} for row in rows],
        )
        for table in (StatementAttachment, StatementRef, ForwardOutbox, Statement):
            session.execute(delete(table).where(table.seq.in_(chunk)))
        _forget_registrations(session, registrations)
        erased += len(rows)
    unused = ~exists().where(StatementAttachment.sha2 == Attachment.sha2)
    session.execute(delete(Attachment).where(unused))
    return erased


def _forget_registrations(session: Session, ids: set[int]) -> None:
    """Delete registration terms that no statement has any more: they are one person's."""
    used = exists().where(Posting.term_id == Term.id)
    session.execute(delete(Term).where(Term.id.in_(ids), ~used))


def _chunks(seqs: Sequence[int]) -> Iterator[list[int]]:
    rest = iter(seqs)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
