"""Find statements: postings first, payloads after, so that the plan is the same whatever the statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from . import head, postings
from . import terms as t
from .models import Attachment, Posting, Statement, StatementAttachment, Tenant, Term

_statement: Table = Statement.__table__  # type: ignore[assignment]
_posting: Table = Posting.__table__  # type: ignore[assignment]
_term: Table = Term.__table__  # type: ignore[assignment]

_DIRECT = t.DIRECT | t.DIRECT << t.REF_SHIFT
_ANY = _DIRECT | t.RELATED | t.RELATED << t.REF_SHIFT
#: How many seqs are looked at once at least: voided ones among them are passed over.
_STEP = 20


@dataclass(frozen=True, slots=True)
class Filters:
    """What a client asks for (xAPI 1.0.3 Communication 2.1.3; 2.0 4.1.6.1). Instants in microseconds."""

    #: (kind, value): agent, verb, activity, registration
    keys: tuple[t.Key, ...] = ()
    related_agents: bool = False
    related_activities: bool = False
    since: int | None = None
    until: int | None = None
    ascending: bool = False
    #: Only what this authority stored (canonical JSON): the scope statements/read/mine.
    mine: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """A page of statements; ``after`` is the seq to go on from, None at the end."""

    found: list[Found]
    after: int | None


def find_page(
    session: Session,
    tenant: UUID | None,
    filters: Filters,
    *,
    limit: int,
    upper: int,
    after: int | None = None,
) -> Page:
    """Return up to ``limit`` statements that are not voided, newest first unless ``ascending``.

    ``tenant`` None reads every tenant. ``upper`` freezes a walk: seqs above it are never in it. ``after`` is
    where the page before ended.
    """
    low, high = _bounds(session, filters, upper, after)
    if low > high:
        return Page([], None)
    keys = list(filters.keys)
    if filters.mine is not None:
        keys.append((t.AUTHORITY, filters.mine))
    if keys:
        rows = _by_terms(session, tenant, keys, filters, low, high, limit + 1)
    else:
        rows = _latest(session, tenant, filters.ascending, low, high, limit + 1)
    more = rows[limit - 1].seq if len(rows) > limit else None
    return Page(rows[:limit], more)


def _bounds(session: Session, filters: Filters, upper: int, after: int | None) -> tuple[int, int]:
    """Turn instants into numbers: ``stored`` grows with ``seq``."""
    connection = session.connection()
    low, high = 1, upper
    if filters.since is not None:
        later = select(_statement.c.seq).where(_statement.c.stored > filters.since)
        low = connection.execute(later.order_by(_statement.c.stored).limit(1)).scalar() or upper + 1
    if filters.until is not None:
        before = select(_statement.c.seq).where(_statement.c.stored <= filters.until)
        last = connection.execute(before.order_by(_statement.c.stored.desc()).limit(1)).scalar() or 0
        high = min(high, last)
    if after is not None:
        low, high = (max(low, after + 1), high) if filters.ascending else (low, min(high, after - 1))
    return low, high


def _latest(
    session: Session, tenant: UUID | None, ascending: bool, low: int, high: int, count: int
) -> list[Found]:
    seq = _statement.c.seq
    query = select(seq, _statement.c.payload).where(seq >= low, seq <= high, _statement.c.voided.is_(False))
    if tenant is not None:
        query = query.where(_statement.c.tenant_id == postings.find_tenant(session, tenant))
    query = query.order_by(seq if ascending else seq.desc()).limit(count)
    return [Found(row.seq, bytes(row.payload)) for row in session.connection().execute(query)]


def _by_terms(
    session: Session,
    tenant: UUID | None,
    keys: Sequence[t.Key],
    filters: Filters,
    low: int,
    high: int,
    count: int,
) -> list[Found]:
    """Ask each tenant that has all the terms, and merge: a term belongs to one tenant."""
    terms: dict[int, dict[t.Key, int]] = {}
    by_hash = {t.key_hash(*key): key for key in keys}
    query = select(_term.c.tenant_id, _term.c.id, _term.c.hash).where(_term.c.hash.in_(by_hash))
    if tenant is not None:
        query = query.where(_term.c.tenant_id == postings.find_tenant(session, tenant))
    for row in session.connection().execute(query):
        terms.setdefault(row.tenant_id, {})[by_hash[bytes(row.hash)]] = row.id
    pages = [
        _by_postings(session, ids, filters, low, high, count)
        for ids in terms.values()
        if len(ids) == len(by_hash)
    ]
    if len(pages) == 1:
        return pages[0]
    merged = merge(*pages, key=lambda found: found.seq, reverse=not filters.ascending)
    return list(islice(merged, count))


#: The rarest kind first: its postings are walked, the others are looked up.
_RARITY = {t.REGISTRATION: 0, t.AGENT: 1, t.ACTIVITY: 2, t.VERB: 3, t.AUTHORITY: 4}


def _by_postings(
    session: Session, ids: Mapping[t.Key, int], filters: Filters, low: int, high: int, count: int
) -> list[Found]:
    connection = session.connection()
    found: list[Found] = []
    step = max(count, _STEP)
    while low <= high:
        seqs = list(connection.execute(_seqs(ids, filters, low, high).limit(step)).scalars())
        query = select(_statement.c.seq, _statement.c.payload).where(
            _statement.c.seq.in_(seqs), _statement.c.voided.is_(False)
        )
        query = query.order_by(_statement.c.seq if filters.ascending else _statement.c.seq.desc())
        if seqs:
            found.extend(Found(row.seq, bytes(row.payload)) for row in connection.execute(query))
        if len(found) >= count or len(seqs) < step:
            break
        low, high = (seqs[-1] + 1, high) if filters.ascending else (low, seqs[-1] - 1)
    return found[:count]


def _seqs(ids: Mapping[t.Key, int], filters: Filters, low: int, high: int) -> Any:
    first: Any = None
    query: Any = None
    for key in sorted(ids, key=lambda key: _RARITY[key[0]]):
        posting = _posting.alias()
        if query is None:
            first = posting.c.seq
            query = select(first).where(first >= low, first <= high)
            query = query.order_by(first if filters.ascending else first.desc())
        else:
            query = query.where(posting.c.seq == first)
        query = query.where(posting.c.term_id == ids[key])
        related = {t.AGENT: filters.related_agents, t.ACTIVITY: filters.related_activities}.get(key[0], False)
        if not related:
            query = query.where(posting.c.roles.op("&")(_DIRECT) != 0)
    return query


def find_statement(
    session: Session, tenant: UUID | None, statement_id: UUID, *, voided: bool, mine: str | None = None
) -> tuple[Found, int] | None:
    """Return one statement and its ``stored`` (microseconds), among the voided ones or among the others."""
    query = select(_statement).where(_statement.c.id == statement_id, _statement.c.voided.is_(voided))
    if tenant is not None:
        query = query.where(_statement.c.tenant_id == postings.find_tenant(session, tenant))
    row = session.connection().execute(query.order_by(_statement.c.seq).limit(1)).first()
    if row is None:
        return None
    if mine is not None:
        ids = postings.find_ids(session, row.tenant_id, [(t.AUTHORITY, mine)])
        own = select(_posting.c.seq).where(_posting.c.seq == row.seq, _posting.c.term_id.in_(ids.values()))
        if session.connection().execute(own).first() is None:
            return None
    return Found(row.seq, bytes(row.payload)), row.stored


def last_seq(session: Session) -> int:
    """Return the number a new walk is frozen at."""
    return head.last(session)[0]


def contents_of(session: Session, seqs: Sequence[int]) -> dict[str, bytes]:
    """Return the attachments, by their SHA-2, that the store holds for these statements."""
    query = (
        select(Attachment.sha2, Attachment.content)
        .join(StatementAttachment, StatementAttachment.sha2 == Attachment.sha2)
        .where(StatementAttachment.seq.in_(seqs))
        .order_by(Attachment.sha2)
    )
    return {row.sha2: bytes(row.content) for row in session.execute(query)}


def canonical_of(session: Session, tenant: UUID | None, keys: Sequence[t.Key]) -> dict[t.Key, bytes]:
    """Return the canonical JSON known for activities (definition) or agents (names)."""
    by_hash = {t.key_hash(*key): key for key in keys}
    query = select(Term.hash, Term.canonical).where(Term.hash.in_(by_hash), Term.canonical.is_not(None))
    if tenant is not None:
        query = query.join(Tenant, Tenant.id == Term.tenant_id).where(Tenant.uuid == tenant)
    rows = session.execute(query.order_by(Term.id))
    return {by_hash[bytes(row.hash)]: bytes(row.canonical or b"") for row in rows}
