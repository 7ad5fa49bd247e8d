"""Erase and purge statements. What is erased stays erased: a tombstone keeps its id."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, bindparam, delete, exists, select
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.db import insert_into
from . import head, postings
from . import terms as t
from .models import (
    Attachment,
    Document,
    ForwardOutbox,
    Launch,
    Launched,
    Posting,
    Statement,
    StatementAttachment,
    StatementRef,
    Term,
    Tombstone,
)

log = logging.getLogger("headstart.lrs")
#: Statements that ``purge_some`` looks at in one transaction.
_PART = 1_000

_posting: Table = Posting.__table__  # type: ignore[assignment]
_tombstone: Table = Tombstone.__table__  # type: ignore[assignment]


def erase_actor(session: Session, actor_name: UUID) -> int:
    """Erase all that is kept under an actor's name; return the number of statements erased.

    These are the statements she is actor or object of (in every tenant), her documents (state, profile), the
    content opened for her, what waits to be forwarded, and the terms she is found by. Ids stay as tombstones,
    so that a replay does not bring anything back. Statements already sent to other LRSs are not reached.
    """
    head.advance(session, 0)  # no writer may find her terms while they go
    session.execute(delete(Launch).where(Launch.account_name == str(actor_name)))
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
    kept, after, total = list(spare), 0, 0
    while True:
        count, last = purge_some(session, before=before, spare=kept, after=after, dry_run=dry_run)
        total += count
        if last is None:
            return total
        after = last


def purge_some(
    session: Session, *, before: datetime, spare: Iterable[UUID], after: int = 0, dry_run: bool = False
) -> tuple[int, int | None]:
    """Do a part of ``purge``: the next 1,000 statements after a number.

    Returns how many were erased and the number to go on after, None at the end. Learners' answers wait while
    a part is erased, so give each part a transaction of its own.
    """
    if not dry_run:
        head.advance(session, 0)
    old = select(Statement.seq).where(Statement.stored < head.microseconds(before), Statement.seq > after)
    seqs = session.scalars(old.order_by(Statement.seq).limit(_PART)).all()
    if not seqs:
        return 0, None
    hashes = {t.key_hash(t.REGISTRATION, str(registration)) for registration in spare}
    of = select(Posting.seq, Term.hash).join(Term, Term.id == Posting.term_id)
    found = session.execute(of.where(Posting.seq.in_(seqs), Term.kind == t.REGISTRATION))
    spared = {row.seq for row in found if bytes(row.hash) in hashes}
    gone = [seq for seq in seqs if seq not in spared]
    last = seqs[-1] if len(seqs) == _PART else None
    return (len(gone) if dry_run else _erase(session, gone)), last


def displace(session: Session, tenant_id: int, ids: Iterable[UUID]) -> set[UUID]:
    """Delete what others stored under ids of our own acts; return these ids.

    The id of one of our statements can be worked out by whoever knows the act. Nobody may use that to keep
    our statement out.
    """
    theirs = {
        row.seq: row.id
        for chunk in postings.chunks(ids)
        for row in session.execute(
            select(Statement.seq, Statement.id).where(
                Statement.id.in_(chunk), Statement.tenant_id == tenant_id, Statement.own.is_(False)
            )
        )
    }
    if theirs:
        log.warning("statements of others stood under ids of our own acts and were deleted: %s", theirs)
        _erase(session, theirs, keep_ids=False)
    return set(theirs.values())


def _erase(session: Session, seqs: Iterable[int], *, keep_ids: bool = True) -> int:
    erased = 0
    connection = session.connection()
    for chunk in postings.chunks(seqs):
        query = select(Statement.seq, Statement.id, Statement.tenant_id, Statement.payload)
        rows = session.execute(query.where(Statement.seq.in_(chunk))).all()
        for tenant_id in {row.tenant_id for row in rows}:
            _unpost(session, tenant_id, [(r.seq, r.payload) for r in rows if r.tenant_id == tenant_id])
        if rows and keep_ids:
            tombs = insert_into(connection.dialect, _tombstone).on_conflict_do_nothing()
            connection.execute(
                tombs, [{"id": row.id, "tenant_id": row.tenant_id, "erased": now()} for row in rows]
            )
        for table in (StatementAttachment, StatementRef, ForwardOutbox, Launched, Statement):
            session.execute(delete(table).where(table.seq.in_(chunk)))
        erased += len(rows)
    unused = ~exists().where(StatementAttachment.sha2 == Attachment.sha2)
    session.execute(delete(Attachment).where(unused))
    return erased


def _keys(statement: Mapping[str, Any]) -> set[t.Key]:
    """Return what a stored statement is found by; ``services`` adds the authority of those of others as a whole."""
    return {*t.find_terms(statement).roles, (t.AUTHORITY, t.canonical_json(statement["authority"]).decode())}


def _unpost(session: Session, tenant_id: int, statements: Sequence[tuple[int, bytes]]) -> None:
    """Delete the postings of statements, and the registrations that no other statement is of."""
    keys = {seq: _keys(json.loads(payload)) for seq, payload in statements}
    ids = postings.find_ids(session, tenant_id, {key for found in keys.values() for key in found})
    session.connection().execute(
        delete(_posting).where(_posting.c.seq == bindparam("one"), _posting.c.term_id == bindparam("term")),
        [{"one": seq, "term": ids[key]} for seq, found in keys.items() for key in found if key in ids],
    )
    registrations = [id_ for (kind, _), id_ in ids.items() if kind == t.REGISTRATION]
    direct = select(Posting.term_id).where(
        Posting.term_id.in_(registrations), Posting.roles.bitwise_and(t.DIRECT) != 0
    )
    # a registration is one person's: what is left may only be references that led to her statements
    gone = [id_ for id_ in registrations if id_ not in set(session.scalars(direct))]
    session.execute(delete(Posting).where(Posting.term_id.in_(gone)))
    session.execute(delete(Term).where(Term.id.in_(gone)))
