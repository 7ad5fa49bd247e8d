"""Walk through statements for people who look at them: pages from the newest on, and whole exports.

What ``query`` does for the interface of xAPI, this does for pages: it also finds what was voided, several values of
one filter at once, and everything of one client. Each page costs the same however many statements there are: it looks
at no more than ``WINDOW`` postings and says where to look further. Payloads are read of what is shown, nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, func, literal, select
from sqlalchemy.orm import Session

from . import head, postings
from . import terms as t
from .models import Posting, Statement, Term

_statement: Table = Statement.__table__  # type: ignore[assignment]
_posting: Table = Posting.__table__  # type: ignore[assignment]
_term: Table = Term.__table__  # type: ignore[assignment]

#: So many postings are looked at for one page at most.
WINDOW: Final = 20_000
#: Up to here the postings of a filter are counted, to begin with the rarest.
_COUNTED: Final = 2_000
#: An activity also finds what happened inside it (context activities); the rest must be meant itself.
_MASKS: Final = {t.ACTIVITY: t.DIRECT | t.RELATED}


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody wants to see. Instants are microseconds since 1970; ``since`` is in it, ``until`` is not."""

    #: None looks into every tenant.
    tenant: UUID | None = None
    #: All of these must fit; each is a choice of terms of one kind.
    terms: tuple[frozenset[t.Key], ...] = ()
    since: int | None = None
    until: int | None = None
    #: True: only what was voided; False: only what was not.
    voided: bool | None = None
    #: True: only what the installation wrote itself; False: only what others sent.
    own: bool | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One statement as it is stored. ``stored`` is in microseconds since 1970."""

    id: UUID
    stored: int
    voided: bool
    own: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Statements, newest first. ``before`` is the ``stored`` to go on from, None at the end.

    ``is_cut``: there may be more, but so many others were in between that the looking stopped there.
    """

    found: list[Found]
    before: int | None
    is_cut: bool = False


def find_page(session: Session, search: Search, *, limit: int, before: int | None = None) -> Page:
    """Return up to ``limit`` statements stored before an instant (microseconds), newest first."""
    low, high = _bounds(session, search, before)
    step = _step(session, search, low, high, limit + 1, ascending=False)
    rows = _load(session, step.seqs[:limit], ascending=False)
    if len(step.seqs) > limit:
        return Page(rows, rows[-1].stored if rows else _stored_of(session, step.seqs[limit - 1]))
    if step.seen_to is not None:
        return Page(rows, _stored_of(session, step.seen_to), is_cut=True)
    return Page(rows, None)


def find_one(session: Session, search: Search, statement_id: UUID) -> Found | None:
    """Return one statement if it fits the search, else None."""
    query = select(_statement.c.seq).where(_statement.c.id == statement_id).order_by(_statement.c.seq)
    for seq in session.connection().execute(query).scalars().all():
        low, high = _bounds(session, search, None)
        if low <= seq <= high:
            step = _step(session, search, seq, seq, 1, ascending=True)
            for found in _load(session, step.seqs, ascending=True):
                return found
    return None


def walk(
    reading: Callable[[], AbstractContextManager[Session]], search: Search, *, chunk: int = 500
) -> Iterator[list[Found]]:
    """Yield all statements that fit, oldest first, up to the last one at the beginning of the walk.

    ``reading`` opens a session for each chunk: no transaction stays open while a slow reader takes her time, and no
    more than one chunk is in memory.
    """
    with reading() as session:
        low, high = _bounds(session, search, None)
    while low <= high:
        with reading() as session:
            step = _step(session, search, low, high, chunk, ascending=True)
            rows = _load(session, step.seqs, ascending=True)
        if rows:
            yield rows
        if len(step.seqs) == chunk:
            low = step.seqs[-1] + 1
        elif step.seen_to is not None:
            low = step.seen_to + 1
        else:
            return


# --- steps -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Step:
    """Numbers that fit; ``seen_to`` is the last one looked at when the looking stopped before the end."""

    seqs: list[int]
    seen_to: int | None


def _bounds(session: Session, search: Search, before: int | None) -> tuple[int, int]:
    """Turn instants into numbers: ``stored`` grows with ``seq``, so each is one look into an index."""
    connection = session.connection()
    low, high = 1, head.last(session)[0]
    if search.since is not None:
        later = select(_statement.c.seq).where(_statement.c.stored >= search.since)
        low = connection.execute(later.order_by(_statement.c.stored).limit(1)).scalar() or high + 1
    ends = [end for end in (search.until, before) if end is not None]
    if ends:
        earlier = select(_statement.c.seq).where(_statement.c.stored < min(ends))
        high = connection.execute(earlier.order_by(_statement.c.stored.desc()).limit(1)).scalar() or 0
    return low, high


def _step(session: Session, search: Search, low: int, high: int, count: int, *, ascending: bool) -> _Step:
    if low > high:
        return _Step([], None)
    connection = session.connection()
    choices = _term_ids(session, search)
    if choices is None:
        return _Step([], None)
    window, rest = _window(session, search, choices, low, high, ascending=ascending)
    inner = window.subquery()
    query = (
        select(inner.c.seq)
        .join(_statement, _statement.c.seq == inner.c.seq)
        .where(*_columns(session, search))
    )
    for ids, mask in rest:
        posting = _posting.alias()
        query = query.where(
            select(literal(1))
            .where(posting.c.seq == inner.c.seq, posting.c.term_id.in_(ids), _has(posting, mask))
            .exists()
        )
    query = query.order_by(inner.c.seq if ascending else inner.c.seq.desc()).limit(count)
    seqs = list(connection.execute(query).scalars())
    if len(seqs) == count:
        return _Step(seqs, None)
    edge = func.max(inner.c.seq) if ascending else func.min(inner.c.seq)
    looked, last = connection.execute(select(func.count(), edge).select_from(inner)).one()
    return _Step(seqs, last if looked == WINDOW else None)


def _window(
    session: Session,
    search: Search,
    choices: list[tuple[list[int], int]],
    low: int,
    high: int,
    *,
    ascending: bool,
) -> tuple[Select[Any], list[tuple[list[int], int]]]:
    """Return the numbers to look at, from the rarest filter there is, and the filters that are left to try."""
    if search.voided or not choices:
        seq = _statement.c.seq
        query = select(seq).where(seq >= low, seq <= high)
        if search.voided:
            query = query.where(_statement.c.voided.is_(True))  # its own index: few are
        return query.order_by(seq if ascending else seq.desc()).limit(WINDOW), choices
    sized = sorted(choices, key=lambda choice: _size(session, choice[0]))
    ids, mask = sized[0]
    posting = _posting.alias()
    query = select(posting.c.seq).where(
        posting.c.term_id.in_(ids), posting.c.seq >= low, posting.c.seq <= high, _has(posting, mask)
    )
    if len(ids) > 1:
        query = query.distinct()
    return query.order_by(posting.c.seq if ascending else posting.c.seq.desc()).limit(WINDOW), sized[1:]


def _has(posting: Any, mask: int) -> ColumnElement[bool]:
    found: ColumnElement[bool] = posting.c.roles.op("&")(mask) != 0
    return found


def _size(session: Session, ids: Sequence[int]) -> int:
    """Count postings of terms, but not further than it takes to know which filter is rare."""
    some = select(literal(1)).where(_posting.c.term_id.in_(ids)).limit(_COUNTED).subquery()
    return session.connection().execute(select(func.count()).select_from(some)).scalar_one()


def _term_ids(session: Session, search: Search) -> list[tuple[list[int], int]] | None:
    """Return (ids, roles) for each filter; None when one of them cannot be met."""
    by_hash = {t.key_hash(*key): key for choice in search.terms for key in choice}
    if not by_hash:
        return None if any(not choice for choice in search.terms) else []
    query = select(_term.c.id, _term.c.hash).where(_term.c.hash.in_(by_hash))
    if search.tenant is not None:
        query = query.where(_term.c.tenant_id == postings.find_tenant(session, search.tenant))
    ids: dict[t.Key, list[int]] = {}
    for id_, hash_ in session.connection().execute(query):
        ids.setdefault(by_hash[bytes(hash_)], []).append(id_)
    found = []
    for choice in search.terms:
        known = sorted(id_ for key in choice for id_ in ids.get(key, ()))
        if not known:
            return None
        kind = next(iter(choice))[0]
        found.append((known, _MASKS.get(kind, t.DIRECT)))
    return found


def _columns(session: Session, search: Search) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if search.tenant is not None:
        where.append(_statement.c.tenant_id == postings.find_tenant(session, search.tenant))
    if search.voided is not None:
        where.append(_statement.c.voided.is_(search.voided))
    if search.own is not None:
        where.append(_statement.c.own.is_(search.own))
    return where


def _load(session: Session, seqs: Sequence[int], *, ascending: bool) -> list[Found]:
    if not seqs:
        return []
    c = _statement.c
    query = select(c.id, c.stored, c.voided, c.own, c.payload).where(c.seq.in_(seqs))
    query = query.order_by(c.seq if ascending else c.seq.desc())
    return [
        Found(row.id, row.stored, row.voided, row.own, bytes(row.payload))
        for row in session.connection().execute(query)
    ]


def _stored_of(session: Session, seq: int) -> int:
    """Return the instant to go on from below a number; its statement may have been erased since it was looked at."""
    query = select(_statement.c.stored).where(_statement.c.seq >= seq).order_by(_statement.c.seq).limit(1)
    found = session.connection().execute(query).scalar()
    return head.last(session)[1] + 1 if found is None else int(found)
