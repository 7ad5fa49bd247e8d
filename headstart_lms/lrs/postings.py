"""Terms and postings: the inverted index that every filter reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Table, bindparam, event, select
from sqlalchemy.orm import Session

from ..kernel.db import insert_into
from . import terms as t
from .models import Tenant
from .wire import Insert, Kind, Many, Query, Row, Update, ask, write

_tenant: Table = Tenant.__table__  # type: ignore[assignment]

#: Kinds whose rows are never deleted, so that their ids may be remembered between transactions.
_LASTING = frozenset({t.VERB, t.ACTIVITY, t.AUTHORITY})
_CACHE_SIZE = 20_000

#: (tenant id, kind, value) -> (term id, fingerprint of the definition last seen)
_Cache = dict[tuple[int, int, str], tuple[int, bytes]]
_caches: WeakKeyDictionary[Engine, _Cache] = WeakKeyDictionary()
_tenants: WeakKeyDictionary[Engine, dict[UUID, int]] = WeakKeyDictionary()
_last_seq: WeakKeyDictionary[Engine, int] = WeakKeyDictionary()


#: So many values in one IN: SQLite takes 32,766 parameters, PostgreSQL 65,535.
_CHUNK = 5_000
T = TypeVar("T")


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield lists of a length that fits into one IN."""
    rest = iter(values)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


# --- memory that follows the transaction ---------------------------------------------------------


def _remember(session: Session, entries: _Cache) -> None:
    if entries:
        session.info.setdefault("lrs_terms", {}).update(entries)
        session.info["lrs_engine"] = session.connection().engine


@event.listens_for(Session, "after_commit")
def _keep(session: Session) -> None:
    """Remember ids once they are committed: an id of a rolled-back row would point at nothing."""
    if session.in_nested_transaction():
        return
    engine: Engine | None = session.info.pop("lrs_engine", None)
    if engine is None:
        return
    cache = _caches.setdefault(engine, {})
    if len(cache) > _CACHE_SIZE:
        cache.clear()
    cache.update(session.info.pop("lrs_terms", {}))
    _tenants.setdefault(engine, {}).update(session.info.pop("lrs_tenants", {}))
    _last_seq[engine] = max(_last_seq.get(engine, 0), session.info.pop("lrs_seq", 0))


@event.listens_for(Session, "after_rollback")
def _drop(session: Session) -> None:
    for name in ("lrs_engine", "lrs_terms", "lrs_tenants", "lrs_seq"):
        session.info.pop(name, None)


def expect_seq(session: Session, before: int, after: int) -> bool:
    """Forget everything when the numbers went back: this is another database (restored, emptied).

    ``before`` is the last number there was, ``after`` the last one taken now. Return whether it is another.
    """
    engine = session.connection().engine
    is_other = before < _last_seq.get(engine, 0)
    if is_other:
        for memory in (_caches, _tenants, _last_seq):
            memory.pop(engine, None)
    session.info["lrs_seq"] = after
    session.info["lrs_engine"] = engine
    return is_other


# --- tenants ------------------------------------------------------------------------------------


_FIND_TENANT = select(_tenant.c.id).where(_tenant.c.uuid == bindparam("uuid"))


def find_tenant(session: Session, tenant: UUID) -> int:
    """Return the row id of a tenant; 0, which is nobody's, when nothing was ever stored for it."""
    connection = session.connection()
    known = _tenants.get(connection.engine, {}).get(tenant)
    if known is not None:
        return known
    found = connection.execute(_FIND_TENANT, {"uuid": tenant}).scalar()
    if found is not None and tenant not in session.info.get("lrs_tenants", {}):  # else it may be rolled back
        _tenants.setdefault(connection.engine, {})[tenant] = found
    return found or 0


def remembered_tenant(session: Session, tenant: UUID) -> int | None:
    """Return the row id of a tenant without asking the database; None when it is not remembered."""
    return _tenants.get(session.connection().engine, {}).get(tenant)


def tenant_id(session: Session, tenant: UUID) -> int:
    """Return the row id of a tenant, making the row when it is new."""
    connection = session.connection()
    known = _tenants.get(connection.engine, {}).get(tenant)
    if known is not None:
        return known
    found = connection.execute(_FIND_TENANT, {"uuid": tenant}).scalar()
    if found is None:
        connection.execute(
            insert_into(connection.dialect, _tenant).values(uuid=tenant).on_conflict_do_nothing()
        )
        found = connection.execute(_FIND_TENANT, {"uuid": tenant}).scalar_one()
    session.info.setdefault("lrs_tenants", {})[tenant] = found
    session.info["lrs_engine"] = connection.engine
    return int(found)


# --- terms --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Wanted:
    """Terms that statements need: their hashes, and what the statements say about activities and agents."""

    hashes: dict[t.Key, bytes] = field(default_factory=dict)
    #: activity -> definitions, agent -> names; in the order met
    said: dict[t.Key, list[Any]] = field(default_factory=dict)

    def add(self, found: t.Found) -> None:
        """Add what one statement is found by."""
        for key in found.roles:
            self.need(key)
        for kind, told in ((t.ACTIVITY, found.definitions), (t.AGENT, found.names)):
            for value, given in told.items():
                seen = self.said.setdefault((kind, value), [])
                seen.extend(one for one in given if one not in seen)

    def need(self, key: t.Key) -> None:
        if key not in self.hashes:
            self.hashes[key] = t.key_hash(*key)


@dataclass(slots=True)
class Lookup:
    """Terms on their way to ids: what is remembered, and what the database is asked for."""

    tenant: int
    wanted: Wanted
    ids: dict[t.Key, int]
    asked: dict[bytes, t.Key]
    #: What is remembered of the definitions told now, once that is committed.
    fingerprints: dict[t.Key, bytes]

    @property
    def query(self) -> Query:
        return Query(_FIND_TERMS, {"tenant": self.tenant}, {"hashes": Many("bytea", list(self.asked))})


_FIND_TERMS = "SELECT id, hash, canonical FROM lms_term WHERE tenant_id = :tenant AND hash {hashes}"
_TERM_COLUMNS: dict[str, Kind] = {
    "tenant_id": "bigint", "hash": "bytea", "kind": "smallint", "value": "text", "canonical": "bytea",
}  # fmt: skip


def look_up(session: Session, tenant: int, wanted: Wanted) -> Lookup:
    """Return the ids that are remembered, and the query for the others.

    Ask it behind the lock of writers (head.lock): erasing a person deletes terms under it.
    """
    cache = _caches.get(session.connection().engine, {})
    lookup = Lookup(tenant, wanted, {}, {}, {})
    for key, hash_ in wanted.hashes.items():
        known = cache.get((tenant, *key))
        said = wanted.said.get(key)
        if said and key[0] == t.ACTIVITY:
            lookup.fingerprints[key] = t.key_hash(t.ACTIVITY, t.canonical_json(said[-1]).decode())
            if known is not None and (len(said) > 1 or known[1] != lookup.fingerprints[key]):
                known = None
        if known is None:
            lookup.asked[hash_] = key
        else:
            lookup.ids[key] = known[0]
    return lookup


def settle(session: Session, lookup: Lookup, rows: Sequence[Row]) -> list[Update]:
    """Fill in the ids from what the lookup's query found; make the terms that are new, in sorted order.

    Return what is left to write: definitions of activities and names of agents laid over what was known.
    """
    changed: list[tuple[int, bytes]] = []
    missing = dict(lookup.asked)
    for id_, hash_, canonical in rows:
        key = missing.pop(bytes(hash_))
        lookup.ids[key] = id_
        old = json.loads(canonical) if canonical else None
        new = _told(key, old, lookup.wanted.said.get(key, []))
        if new != old:
            changed.append((id_, t.canonical_json(new)))
    if missing:
        _make(session, lookup, missing)
    _remember(
        session,
        {
            (lookup.tenant, *key): (lookup.ids[key], lookup.fingerprints.get(key, b""))
            for key in lookup.asked.values()
            if key[0] in _LASTING
        },
    )
    return [Update("lms_term", "canonical", "bytea", sorted(changed))] if changed else []


def _told(key: t.Key, old: Any, said: Sequence[Any]) -> Any:
    """Lay what was said over what was known: a definition, or the last names."""
    if not said:
        return old
    if key[0] == t.ACTIVITY:
        return t.merge_definitions(old or {}, said)
    return sorted({*(old or []), *said})[-20:]


def _make(session: Session, lookup: Lookup, missing: Mapping[bytes, t.Key]) -> None:
    rows: list[Row] = []
    for hash_, key in sorted(missing.items()):
        told = _told(key, None, lookup.wanted.said.get(key, []))
        rows.append((lookup.tenant, hash_, *key, None if told is None else t.canonical_json(told)))
    connection = session.connection()
    write(connection, Insert("lms_term", _TERM_COLUMNS, rows, ignore_known=True))
    made = Query(_FIND_TERMS, {"tenant": lookup.tenant}, {"hashes": Many("bytea", list(missing))})
    lookup.ids.update((missing[bytes(hash_)], id_) for id_, hash_, _ in ask(connection, made)[0])


def known_query(tenant: int | None, hashes: Sequence[bytes]) -> Query:
    """Return the query for (tenant id, term id, hash) of the terms there are, of one tenant or of all."""
    where = "" if tenant is None else " AND tenant_id = :tenant"
    values = {} if tenant is None else {"tenant": tenant}
    sql = "SELECT tenant_id, id, hash FROM lms_term WHERE hash {hashes}" + where  # noqa: S608 - our own words
    return Query(sql, values, {"hashes": Many("bytea", hashes)})


def find_ids(session: Session, tenant: int, keys: Iterable[t.Key]) -> dict[t.Key, int]:
    """Return the term ids of those keys that exist."""
    by_hash = {t.key_hash(*key): key for key in keys}
    if not by_hash:
        return {}
    rows = ask(session.connection(), known_query(tenant, list(by_hash)))[0]
    return {by_hash[bytes(hash_)]: id_ for _, id_, hash_ in rows}


def get_ids(session: Session, tenant: int, keys: Iterable[t.Key]) -> dict[t.Key, int]:
    """Return the term ids of all keys, making those that are new. Call it behind the lock of writers."""
    wanted = Wanted()
    for key in keys:
        wanted.need(key)
    lookup = look_up(session, tenant, wanted)
    if lookup.asked:
        settle(session, lookup, ask(session.connection(), lookup.query)[0])
    return lookup.ids
