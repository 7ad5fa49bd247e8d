"""Store statements, and read back those of a registration.

Take row locks before ``store``: from there to the commit all writers of statements wait for one another
(head.advance). Nothing here commits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    Boolean,
    LargeBinary,
    Table,
    bindparam,
    cast,
    insert,
    null,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from ..kernel.db import insert_into
from ..kernel.errors import Conflict
from ..xapi.vocabulary import VOIDED
from . import head, postings, references
from . import terms as t
from .erasure import displace, erase_actor
from .models import Attachment, Posting, Statement, StatementAttachment, StatementRef, Term, Tombstone
from .outbox import put_in_outbox
from .validator import check_batch

__all__ = ["StoreResult", "erase_actor", "statements_of", "store", "void"]

_statement: Table = Statement.__table__  # type: ignore[assignment]
_posting: Table = Posting.__table__  # type: ignore[assignment]
_ref: Table = StatementRef.__table__  # type: ignore[assignment]
_attachment: Table = Attachment.__table__  # type: ignore[assignment]
_statement_attachment: Table = StatementAttachment.__table__  # type: ignore[assignment]
_tombstone: Table = Tombstone.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of one statement: ``duplicate`` means that it was here, or was erased, before."""

    id: UUID
    outcome: Literal["stored", "duplicate"]
    #: Microseconds since 1970; after the commit everything stored up to then can be read.
    at: int


@dataclass(slots=True)
class _New:
    """A statement on its way in."""

    id: UUID
    body: dict[str, Any]
    seq: int = 0
    stored: int = 0
    payload: bytes = b""


def store(
    session: Session,
    statements: Sequence[Mapping[str, Any]],
    *,
    authority: Mapping[str, Any],
    tenant: UUID,
    trusted: bool,
    version: str = "1.0.3",
    attachments: Mapping[str, bytes] | None = None,
    checked: bool = False,
) -> list[StoreResult]:
    """Store a batch, all or nothing, in the caller's transaction; return what became of each, in order.

    ``trusted``: written by this installation itself; only such statements count for progress. ``version`` is
    the request's xAPI version. ``attachments`` maps SHA-256 (hex) to bytes. ``checked`` says that the caller
    ran the validator. Raises validator.InvalidStatement (400), Conflict when an id is known with other
    content (xAPI 1.0.3 Communication 2.1.1), NotAllowed when somebody else voids a statement of ours.
    """
    if not checked:
        check_batch(statements, version)
    new = [_prepare(statement) for statement in statements]
    if not new:
        return []
    last_seq, last_stored, targets = head.advance(session, len(new))
    tenant_id = postings.tenant_id(session, tenant)
    known, waiting = _find_known(session, tenant_id, [one.id for one in new])
    if trusted and known:
        for id_ in displace(session, tenant_id, known):
            del known[id_]
    results = []
    fresh: list[_New] = []
    for number, one in enumerate(new, 1):
        one.seq = last_seq - len(new) + number
        one.stored = last_stored - len(new) + number
        if one.id in known:
            _refuse_other_content(one, known[one.id], trusted)
            results.append(StoreResult(one.id, "duplicate", one.stored))
            continue
        results.append(StoreResult(one.id, "stored", one.stored))
        _complete(one, authority, version)
        fresh.append(one)
    if fresh:
        _insert(session, tenant_id, fresh, trusted)
        _insert_attachments(session, fresh, attachments or {})
        _follow_references(session, tenant_id, fresh, waiting, trusted)
        if targets:
            put_in_outbox(session, [(one.seq, one.body) for one in fresh], own=trusted)
    return results


def void(session: Session, statement_id: UUID, *, authority: Mapping[str, Any], tenant: UUID) -> UUID:
    """Void a statement in the installation's own name; return the id of the voiding statement.

    Whoever calls this rebuilds the progress of the registration (DESIGN 3.3).
    """
    statement = {
        "actor": dict(authority),
        "verb": {"id": VOIDED, "display": {"en": "voided"}},
        "object": {"objectType": "StatementRef", "id": str(statement_id)},
    }
    return store(session, [statement], authority=authority, tenant=tenant, trusted=True)[0].id


def statements_of(session: Session, *, registration: UUID) -> Iterator[dict[str, Any]]:
    """Yield the installation's own, non-voided statements of a registration, in the order stored."""
    rows = session.connection().execute(_OF_REGISTRATION, {
        "hash": t.key_hash(t.REGISTRATION, str(registration)),
    })  # fmt: skip
    for (payload,) in rows:
        yield json.loads(payload)


_OF_REGISTRATION = (
    select(Statement.payload)
    .join(Posting, Posting.seq == Statement.seq)
    .join(Term, Term.id == Posting.term_id)
    .where(
        Term.hash == bindparam("hash"),
        Posting.roles.bitwise_and(t.DIRECT) != 0,
        Statement.own.is_(True),
        Statement.voided.is_(False),
    )
    .order_by(Statement.seq)
)


# --- steps of store --------------------------------------------------------------------------------


def _prepare(statement: Mapping[str, Any]) -> _New:
    body = t.with_activity_lists(statement)
    given = body.get("id")
    id_ = UUID(given) if given is not None else uuid4()
    return _New(id_, body)


_IDS: Any = bindparam("ids", expanding=True)
_TENANT: Any = bindparam("tenant")
_NO_PAYLOAD = cast(null(), LargeBinary).label("payload")
_NO_SEQ = cast(null(), BigInteger).label("seq")
_NO_FLAG = cast(null(), Boolean).label("voiding")
_KNOWN = union_all(
    select(_statement.c.id, _statement.c.payload, _NO_SEQ, _NO_FLAG).where(
        _statement.c.id.in_(_IDS), _statement.c.tenant_id == _TENANT
    ),
    select(_tombstone.c.id, _NO_PAYLOAD, _NO_SEQ, _NO_FLAG).where(
        _tombstone.c.id.in_(_IDS), _tombstone.c.tenant_id == _TENANT
    ),
    select(_ref.c.target_id, _NO_PAYLOAD, _ref.c.seq, _ref.c.voiding).where(
        _ref.c.target_id.in_(_IDS), _ref.c.tenant_id == _TENANT
    ),
)

#: seq, target, voiding: a statement that refers to one of ours
_Waiting = tuple[int, UUID, bool]


def _find_known(
    session: Session, tenant_id: int, ids: list[UUID]
) -> tuple[dict[UUID, bytes | None], list[_Waiting]]:
    """Return the payloads of ids that are here (None: erased), and the statements that refer to ids."""
    known: dict[UUID, bytes | None] = {}
    waiting: list[_Waiting] = []
    for chunk in postings.chunks(ids):
        rows = session.connection().execute(_KNOWN, {"ids": chunk, "tenant": tenant_id})
        for id_, payload, seq, voiding in rows:
            if seq is None:
                known[id_] = payload
            else:
                waiting.append((seq, id_, bool(voiding)))
    return known, waiting


def _refuse_other_content(one: _New, payload: bytes | None, trusted: bool) -> None:
    if payload is None:  # erased; what was in it is not known any more, and it stays erased
        return
    compare = t.is_same_act if trusted else t.is_same_statement
    if not compare(json.loads(payload), one.body):
        raise Conflict(f"There is a statement {one.id} already, and it says something else.")


def _complete(one: _New, authority: Mapping[str, Any], version: str) -> None:
    """Add what the store adds (xAPI 1.0.3 Data 2.4) and write the bytes that will be given back."""
    stored = head.instant(one.stored)
    body = one.body
    body["id"] = str(one.id)
    body["stored"] = stored
    body["authority"] = dict(authority)
    body.setdefault("timestamp", stored)
    body.setdefault("version", "2.0.0" if version.startswith("2") else "1.0.0")
    one.payload = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _insert(session: Session, tenant_id: int, fresh: list[_New], own: bool) -> None:
    found = [(one, t.find_terms(one.body)) for one in fresh]
    keys = {key for _, terms in found for key in terms.roles}
    authorities = {}
    if not own:
        for one in fresh:
            value = t.canonical_json(one.body["authority"]).decode()
            authorities[one.seq] = (t.AUTHORITY, value)
            keys.add(authorities[one.seq])
    ids = postings.get_ids(session, tenant_id, keys)
    definitions: dict[str, list[Mapping[str, Any]]] = {}
    names: dict[str, list[str]] = {}
    for _, terms in found:
        for iri, given in terms.definitions.items():
            seen = definitions.setdefault(iri, [])
            seen.extend(definition for definition in given if definition not in seen)
        for value, given_names in terms.names.items():
            names.setdefault(value, []).extend(given_names)
    postings.learn_definitions(session, tenant_id, ids, definitions, names)
    connection = session.connection()
    connection.execute(
        insert(_statement),
        [
            {"seq": one.seq, "id": one.id, "tenant_id": tenant_id, "stored": one.stored, "voided": False,
             "own": own, "payload": one.payload}
            for one in fresh
        ],
    )  # fmt: skip
    rows = [
        {"term_id": ids[key], "seq": one.seq, "roles": role}
        for one, terms in found
        for key, role in terms.roles.items()
    ]
    rows += [{"term_id": ids[key], "seq": seq, "roles": t.DIRECT} for seq, key in authorities.items()]
    rows.sort(key=lambda row: (row["term_id"], row["seq"]))
    connection.execute(insert(_posting), rows)


def _insert_attachments(session: Session, fresh: list[_New], contents: Mapping[str, bytes]) -> None:
    pairs = sorted({
        (one.seq, sha2) for one in fresh for sha2 in attachment_hashes(one.body) if sha2 in contents
    })  # fmt: skip
    if not pairs:
        return
    connection = session.connection()
    connection.execute(
        insert_into(connection.dialect, _attachment).on_conflict_do_nothing(),
        [{"sha2": sha2, "content": contents[sha2]} for sha2 in sorted({sha2 for _, sha2 in pairs})],
    )
    connection.execute(insert(_statement_attachment), [{"seq": seq, "sha2": sha2} for seq, sha2 in pairs])


def attachment_hashes(statement: Mapping[str, Any]) -> Iterable[str]:
    """Yield the SHA-256 (lower-case hex) of every attachment of a statement and of its SubStatement."""
    for attachment in statement.get("attachments", ()):
        yield attachment["sha2"].lower()
    if statement["object"].get("objectType") == "SubStatement":
        yield from attachment_hashes(statement["object"])


def _follow_references(
    session: Session, tenant_id: int, fresh: list[_New], waiting: list[_Waiting], own: bool
) -> None:
    """Record StatementRefs, void what is voided, and let the referring statements be found by their target.

    A voiding statement that came before its target is applied now (xAPI 1.0.3 Data 2.3.2). Nobody but the
    installation voids the installation's own statements: progress rests on them.
    """
    arrived = {one.id for one in fresh}
    waiting = [reference for reference in waiting if reference[1] in arrived]
    affected = {seq for seq, _, _ in waiting}
    refs: dict[int, tuple[UUID, bool]] = {}
    for one in fresh:
        target = t.ref_target(one.body)
        if target is not None:
            refs[one.seq] = (UUID(target), one.body["verb"]["id"] == VOIDED)
    if refs:
        rows = [
            {"seq": seq, "target_id": target, "tenant_id": tenant_id, "voiding": voiding}
            for seq, (target, voiding) in refs.items()
        ]
        session.connection().execute(insert(_ref), rows)
        affected |= refs.keys()
    targets = {target for target, voiding in refs.values() if voiding}
    if targets:
        references.void_statements(session, tenant_id, targets, own)
    late = {seq: target for seq, target, voiding in waiting if voiding}
    if late and own:
        voiders = select(_statement.c.seq).where(_statement.c.seq.in_(late), _statement.c.own.is_(True))
        ours = set(session.connection().execute(voiders).scalars())
        late = {seq: target for seq, target in late.items() if seq in ours}
    if late:
        references.void_statements(session, tenant_id, set(late.values()), True)
    if affected:
        references.copy_through_references(session, tenant_id, affected)
