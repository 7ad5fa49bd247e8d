"""Find statements: postings first, payloads after, so that the plan is the same whatever the statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from itertools import islice
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from . import postings
from . import terms as t
from .models import Attachment, Posting, StatementAttachment, Tenant, Term
from .wire import Many, Query, Row, ask

_posting: Table = Posting.__table__  # type: ignore[assignment]

_DIRECT = t.DIRECT | t.DIRECT << t.REF_SHIFT
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
    tenant_id = None if tenant is None else postings.find_tenant(session, tenant)
    keys = list(filters.keys)
    if filters.mine is not None:
        keys.append((t.AUTHORITY, filters.mine))
    low, high, terms = _look_up(session, tenant_id, keys, filters, upper)
    if after is not None:
        low, high = (max(low, after + 1), high) if filters.ascending else (low, min(high, after - 1))
    if low > high:
        return Page([], None)
    if keys:
        pages = [_by_postings(session, ids, filters, low, high, limit + 1) for ids in terms]
        merged = merge(*pages, key=lambda found: found.seq, reverse=not filters.ascending)
        rows = pages[0] if len(pages) == 1 else list(islice(merged, limit + 1))
    else:
        rows = _latest(session, tenant_id, filters.ascending, low, high, limit + 1)
    more = rows[limit - 1].seq if len(rows) > limit else None
    return Page(rows[:limit], more)


_AFTER = "SELECT seq FROM lms_statement WHERE stored > :since ORDER BY stored LIMIT 1"
_UNTIL = "SELECT seq FROM lms_statement WHERE stored <= :until ORDER BY stored DESC LIMIT 1"


def _look_up(
    session: Session, tenant_id: int | None, keys: Sequence[t.Key], filters: Filters, upper: int
) -> tuple[int, int, list[dict[t.Key, int]]]:
    """Turn instants into numbers (``stored`` grows with ``seq``) and keys into ids, in one round trip.

    Return the first and the last seq to look at, and the ids in each tenant that has all the terms: a term
    belongs to one tenant.
    """
    by_hash = {t.key_hash(*key): key for key in keys}
    queries = []
    if filters.since is not None:
        queries.append(Query(_AFTER, {"since": filters.since}))
    if filters.until is not None:
        queries.append(Query(_UNTIL, {"until": filters.until}))
    if keys:
        queries.append(postings.known_query(tenant_id, list(by_hash)))
    answers = iter(ask(session.connection(), *queries) if queries else [])
    low, high = 1, upper
    if filters.since is not None:
        low = _number(next(answers), upper + 1)
    if filters.until is not None:
        high = min(high, _number(next(answers), 0))
    found: dict[int, dict[t.Key, int]] = {}
    for its_tenant, id_, hash_ in next(answers, []):
        found.setdefault(its_tenant, {})[by_hash[bytes(hash_)]] = id_
    return low, high, [ids for ids in found.values() if len(ids) == len(by_hash)]


def _number(rows: Sequence[Row], default: int) -> int:
    return rows[0][0] if rows else default


def _latest(
    session: Session, tenant_id: int | None, ascending: bool, low: int, high: int, count: int
) -> list[Found]:
    values = {"low": low, "high": high, "count": count}
    if tenant_id is not None:
        values["tenant"] = tenant_id
    query = Query(
        "SELECT seq, payload FROM lms_statement WHERE seq >= :low AND seq <= :high AND NOT voided"  # noqa: S608
        f"{'' if tenant_id is None else ' AND tenant_id = :tenant'}"
        f" ORDER BY seq {'ASC' if ascending else 'DESC'} LIMIT :count",
        values,
    )
    return [Found(seq, payload) for seq, payload in ask(session.connection(), query)[0]]


#: The rarest kind first: its postings are walked, the others are looked up.
_RARITY = {t.REGISTRATION: 0, t.AGENT: 1, t.ACTIVITY: 2, t.VERB: 3, t.AUTHORITY: 4}


def _by_postings(
    session: Session, ids: Mapping[t.Key, int], filters: Filters, low: int, high: int, count: int
) -> list[Found]:
    found: list[Found] = []
    step = max(count, _STEP)
    ordered = sorted(ids, key=lambda key: _RARITY[key[0]])
    related = {t.AGENT: filters.related_agents, t.ACTIVITY: filters.related_activities}
    sql = _page_sql(tuple(related.get(kind, False) for kind, _ in ordered), filters.ascending)
    terms = {f"t{number}": ids[key] for number, key in enumerate(ordered)}
    while low <= high:
        query = Query(sql, {"low": low, "high": high, "count": step, **terms})
        rows = ask(session.connection(), query)[0]
        found.extend(Found(seq, payload) for seq, payload in rows if payload is not None)
        if len(found) >= count or len(rows) < step:
            break
        low, high = (rows[-1][0] + 1, high) if filters.ascending else (low, rows[-1][0] - 1)
    return found[:count]


@lru_cache
def _page_sql(related: tuple[bool, ...], ascending: bool) -> str:
    """Return the query for seqs that have all terms, with their payloads: NULL where voided or erased.

    Payloads come by a subquery for each of the few seqs, which no statistics can turn into a scan.
    """
    order = "ASC" if ascending else "DESC"
    tables = "lms_posting p0"
    where = "p0.term_id = :t0 AND p0.seq >= :low AND p0.seq <= :high"
    for number, is_related in enumerate(related):
        if number:
            tables += (
                f" JOIN lms_posting p{number} ON p{number}.seq = p0.seq AND p{number}.term_id = :t{number}"
            )
        if not is_related:
            where += f" AND (p{number}.roles & {_DIRECT}) <> 0"
    return f"""
        SELECT p.seq, (SELECT s.payload FROM lms_statement s WHERE s.seq = p.seq AND NOT s.voided)
        FROM (SELECT p0.seq FROM {tables} WHERE {where} ORDER BY p0.seq {order} LIMIT :count) p
        ORDER BY p.seq {order}
    """  # noqa: S608 - nothing of a client's is in it


_ONE = "SELECT seq, tenant_id, stored, payload FROM lms_statement WHERE id {ids} AND voided = "


def find_statement(
    session: Session, tenant: UUID | None, statement_id: UUID, *, voided: bool, mine: str | None = None
) -> tuple[Found, int] | None:
    """Return one statement and its ``stored`` (microseconds), among the voided ones or among the others."""
    values = {} if tenant is None else {"tenant": postings.find_tenant(session, tenant)}
    sql = _ONE + ("TRUE" if voided else "FALSE") + (" AND tenant_id = :tenant" if values else "")
    query = Query(f"{sql} ORDER BY seq LIMIT 1", values, {"ids": Many("uuid", [statement_id])})
    rows = ask(session.connection(), query)[0]
    if not rows:
        return None
    seq, tenant_id, stored, payload = rows[0]
    if mine is not None:
        ids = postings.find_ids(session, tenant_id, [(t.AUTHORITY, mine)])
        own = select(_posting.c.seq).where(_posting.c.seq == seq, _posting.c.term_id.in_(ids.values()))
        if session.connection().execute(own).first() is None:
            return None
    return Found(seq, payload), stored


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
