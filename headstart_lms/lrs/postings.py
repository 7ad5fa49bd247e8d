"""Terms and postings: the inverted index that every filter reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Table, bindparam, event, select, update
from sqlalchemy.orm import Session

from ..kernel.db import insert_into
from . import terms as t
from .models import Tenant, Term

_term: Table = Term.__table__  # type: ignore[assignment]
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


def expect_seq(session: Session, before: int, after: int) -> None:
    """Forget everything when the numbers went back: this is another database (restored, emptied).

    ``before`` is the last number there was, ``after`` the last one taken now.
    """
    engine = session.connection().engine
    if before < _last_seq.get(engine, 0):
        for memory in (_caches, _tenants, _last_seq):
            memory.pop(engine, None)
    session.info["lrs_seq"] = after
    session.info["lrs_engine"] = engine


# --- tenants ------------------------------------------------------------------------------------


_FIND_TENANT = select(_tenant.c.id).where(_tenant.c.uuid == bindparam("uuid"))


def find_tenant(session: Session, tenant: UUID) -> int:
    """Return the row id of a tenant; 0, which is nobody's, when nothing was ever stored for it."""
    connection = session.connection()
    known = _tenants.get(connection.engine, {}).get(tenant)
    return known or connection.execute(_FIND_TENANT, {"uuid": tenant}).scalar() or 0


def tenant_id(session: Session, tenant: UUID) -> int:
    """Return the row id of a tenant, making the row when it is new."""
    connection = session.connection()
    known = _tenants.get(connection.engine, {}).get(tenant)
    if known is not None:
        return known
    found = connection.execute(_FIND_TENANT, {"uuid": tenant}).scalar()
    if found is None:
        connection.execute(insert_into(connection.dialect, _tenant).values(uuid=tenant).on_conflict_do_nothing())
        found = connection.execute(_FIND_TENANT, {"uuid": tenant}).scalar_one()
    session.info.setdefault("lrs_tenants", {})[tenant] = found
    session.info["lrs_engine"] = connection.engine
    return int(found)


# --- terms --------------------------------------------------------------------------------------

_FIND_TERMS = select(_term.c.id, _term.c.hash).where(
    _term.c.tenant_id == bindparam("tenant"), _term.c.hash.in_(bindparam("hashes", expanding=True))
)


def find_ids(session: Session, tenant: int, keys: Iterable[t.Key]) -> dict[t.Key, int]:
    """Return the term ids of those keys that exist."""
    by_hash = {t.key_hash(*key): key for key in keys}
    found: dict[t.Key, int] = {}
    for hashes in chunks(by_hash):
        rows = session.connection().execute(_FIND_TERMS, {"tenant": tenant, "hashes": hashes})
        found.update({by_hash[bytes(hash_)]: id_ for id_, hash_ in rows})
    return found


def get_ids(session: Session, tenant: int, keys: Iterable[t.Key]) -> dict[t.Key, int]:
    """Return the term ids of all keys; new ones are inserted in sorted order, so that no two writers lock
    them crosswise."""
    connection = session.connection()
    cache = _caches.get(connection.engine, {})
    ids: dict[t.Key, int] = {}
    unknown: list[t.Key] = []
    for key in keys:
        known = cache.get((tenant, *key))
        if known is None:
            unknown.append(key)
        else:
            ids[key] = known[0]
    if not unknown:
        return ids
    ids.update(find_ids(session, tenant, unknown))
    new = [key for key in unknown if key not in ids]
    if new:
        rows = [
            {"tenant_id": tenant, "hash": t.key_hash(*key), "kind": key[0], "value": key[1]} for key in new
        ]
        rows.sort(key=lambda row: row["hash"])  # type: ignore[arg-type, return-value]
        connection.execute(insert_into(connection.dialect, _term).on_conflict_do_nothing(), rows)
        ids.update(find_ids(session, tenant, new))
    _remember(session, {(tenant, *key): (ids[key], b"") for key in unknown if key[0] in _LASTING})
    return ids


def learn_definitions(
    session: Session,
    tenant: int,
    ids: Mapping[t.Key, int],
    definitions: Mapping[str, Sequence[Mapping[str, Any]]],
    names: Mapping[str, Sequence[str]],
) -> None:
    """Lay new definitions of activities and new names of agents over what is known; rows in order of id."""
    connection = session.connection()
    cache = _caches.get(connection.engine, {})
    todo: dict[int, tuple[t.Key, Any]] = {}
    fresh: _Cache = {}
    for iri, given in definitions.items():
        key = (t.ACTIVITY, iri)
        fingerprint = t.key_hash(t.ACTIVITY, t.canonical_json(given[-1]).decode())
        known = cache.get((tenant, *key))
        if len(given) > 1 or known is None or known[1] != fingerprint:
            todo[ids[key]] = (key, given)
            fresh[(tenant, *key)] = (ids[key], fingerprint)
    for value, given_names in names.items():
        todo[ids[t.AGENT, value]] = ((t.AGENT, value), given_names)
    if not todo:
        return
    query = select(_term.c.id, _term.c.canonical).order_by(_term.c.id)
    rows = [
        row for ids in chunks(sorted(todo)) for row in connection.execute(query.where(_term.c.id.in_(ids)))
    ]
    for id_, canonical in rows:
        (kind, _value), given = todo[id_]
        old = json.loads(canonical) if canonical else None
        new: Any
        if kind == t.ACTIVITY:
            new = t.merge_definitions(old or {}, given)
        else:
            new = sorted({*(old or []), *given})[-20:]
        if new != old:
            connection.execute(update(_term).where(_term.c.id == id_).values(canonical=t.canonical_json(new)))
    _remember(session, fresh)
