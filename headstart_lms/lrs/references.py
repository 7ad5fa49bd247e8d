"""StatementRefs: who refers to whom, what that makes findable, and what it voids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from ..kernel.db import insert_into
from ..kernel.errors import NotAllowed
from . import postings
from . import terms as t
from .models import Posting, Statement, StatementRef

_statement: Table = Statement.__table__  # type: ignore[assignment]
_posting: Table = Posting.__table__  # type: ignore[assignment]

_WAITING = select(StatementRef.seq, StatementRef.target_id, StatementRef.voiding).where(
    StatementRef.tenant_id == bindparam("tenant"),
    StatementRef.target_id.in_(bindparam("targets", expanding=True)),
)


def referrers(session: Session, tenant: int, targets: Sequence[UUID]) -> list[tuple[int, UUID, bool]]:
    """Return (seq, target, voiding) of the stored statements that refer to these ids."""
    found: list[tuple[int, UUID, bool]] = []
    for chunk in postings.chunks(targets):
        rows = session.connection().execute(_WAITING, {"tenant": tenant, "targets": chunk})
        found += [(row.seq, row.target_id, row.voiding) for row in rows]
    return found


def copy_through_references(session: Session, tenant: int, seqs: Iterable[int]) -> None:
    """Let referring statements be found by all their StatementRef leads to, and those that refer to them.

    ``seqs`` are referring statements that are new or whose target just arrived. Done at insert time, so that
    no query ever needs to follow references.
    """
    affected = set(seqs)
    frontier = affected
    while frontier:
        ids = [
            id_
            for seqs_ in postings.chunks(sorted(frontier))
            for id_ in session.scalars(select(Statement.id).where(Statement.seq.in_(seqs_)))
        ]
        frontier = {seq for seq, _, _ in referrers(session, tenant, ids)} - affected
        affected |= frontier
    connection = session.connection()
    for seq in sorted(affected):
        roles = _reached(session, tenant, seq)
        if not roles:
            continue
        # of what was erased meanwhile the terms are gone, and do not come back
        ids_of = postings.find_ids(session, tenant, roles)
        insert = insert_into(connection.dialect, _posting)
        insert = insert.on_conflict_do_update(
            index_elements=["term_id", "seq"], set_={"roles": _posting.c.roles.op("|")(insert.excluded.roles)}
        )
        rows = [
            {"term_id": ids_of[key], "seq": seq, "roles": role}
            for key, role in roles.items()
            if key in ids_of
        ]
        if rows:
            connection.execute(insert, sorted(rows, key=lambda row: row["term_id"]))


def _reached(session: Session, tenant: int, seq: int) -> dict[t.Key, int]:
    """Return the terms of everything the StatementRefs from ``seq`` on lead to, with shifted roles."""
    reached: dict[t.Key, int] = {}
    seen = {seq}
    while True:
        target = session.execute(
            select(Statement.seq, Statement.payload)
            .join(StatementRef, (StatementRef.target_id == Statement.id) & (StatementRef.seq == seq))
            .where(Statement.tenant_id == tenant)
        ).first()
        if target is None or target.seq in seen:
            return reached
        seq = target.seq
        seen.add(seq)
        for key, role in t.find_terms(json.loads(target.payload)).roles.items():
            reached[key] = reached.get(key, 0) | role << t.REF_SHIFT


def void_statements(session: Session, tenant_id: int, targets: Iterable[UUID], own: bool) -> None:
    """Mark statements voided, except voiding ones, which can never be (xAPI 1.0.3 Data 2.3.2)."""
    voiders = select(StatementRef.seq).where(StatementRef.voiding.is_(True))
    connection = session.connection()
    for ids in postings.chunks(targets):
        which = (
            _statement.c.tenant_id == tenant_id,
            _statement.c.id.in_(ids),
            _statement.c.seq.not_in(voiders),
        )
        ours = select(_statement.c.seq).where(*which, _statement.c.own.is_(True))
        if not own and connection.execute(ours).first():
            raise NotAllowed("This statement was written by the learning system itself; only it can void it.")
        connection.execute(update(_statement).where(*which).values(voided=True))
