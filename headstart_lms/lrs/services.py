"""Store statements, and read back those of a registration.

Take row locks before ``store``: from there to the commit all writers of statements wait for one another
(head.lock). Nothing here commits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.orm import Session

from ..kernel.db import insert_into
from ..kernel.errors import Conflict
from ..xapi.vocabulary import VOIDED
from . import head, postings, references
from . import terms as t
from .erasure import displace, erase_actor
from .models import Attachment, Posting, Statement, StatementAttachment, StatementRef, Term
from .outbox import put_in_outbox
from .validator import check_batch
from .wire import Insert, Kind, Many, Query, Row, Step, ask, write

__all__ = ["StoreResult", "erase_actor", "statements_of", "statements_with", "store", "void"]

_statement: Table = Statement.__table__  # type: ignore[assignment]
_ref: Table = StatementRef.__table__  # type: ignore[assignment]
_attachment: Table = Attachment.__table__  # type: ignore[assignment]
_statement_attachment: Table = StatementAttachment.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of one statement: ``duplicate`` means that it was here, or was erased, before."""

    id: UUID
    outcome: Literal["stored", "duplicate"]
    #: Microseconds since 1970; after the commit everything stored up to then can be read.
    at: int


@dataclass(slots=True)
class _New:
    """A statement on its way in: all that can be done before the lock is done."""

    id: UUID
    #: As sent, with lists of context activities.
    body: dict[str, Any]
    #: What it is found by.
    found: t.Found
    #: The JSON that will be given back, but for what is known only behind the lock.
    text: bytes
    seq: int = 0
    stored: int = 0
    payload: bytes = b""

    def complete(self, seq: int, stored: int) -> None:
        """Write the bytes that will be given back (xAPI 1.0.3 Data 2.4.8: ``timestamp`` is ``stored`` if not set)."""
        at = head.instant(stored)
        added = f',"stored":"{at}"' + ("" if "timestamp" in self.body else f',"timestamp":"{at}"')
        self.seq, self.stored = seq, stored
        self.payload = b"%b%b}" % (self.text[:-1], added.encode())


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
    new = [_prepare(statement, authority, version) for statement in statements]
    if not new:
        return []
    wanted = postings.Wanted()
    for one in new:
        wanted.add(one.found)
    mine = None if trusted else (t.AUTHORITY, t.canonical_json(dict(authority)).decode())
    if mine is not None:
        wanted.need(mine)
    last, tenant_id, lookup, rows, known, waiting = _lock_and_look(session, tenant, new, wanted)
    if trusted and known and (displaced := displace(session, tenant_id, known)):
        known = {id_: payload for id_, payload in known.items() if id_ not in displaced}
        rows = ask(session.connection(), lookup.query)[0]
    for one in new:
        if one.id in known:
            _refuse_other_content(one, known[one.id], trusted)
    fresh = [one for one in new if one.id not in known]
    taken = last.next(len(fresh))
    for number, one in enumerate(fresh, 1):
        one.complete(last.seq + number, taken.stored - len(fresh) + number)
    if fresh:
        postings.expect_seq(session, last.seq, taken.seq)
        updates = postings.settle(session, lookup, rows)
        _insert(session, tenant_id, fresh, lookup.ids, mine, [*updates, taken.written])
        _insert_attachments(session, fresh, attachments or {})
        _follow_references(session, tenant_id, fresh, waiting, trusted)
        if taken.targets:
            put_in_outbox(session, [(one.seq, one.body) for one in fresh], own=trusted)
    return [StoreResult(one.id, "duplicate" if one.id in known else "stored", taken.stored) for one in new]


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
    return statements_with(session, Statement.own.is_(True), registration=registration)


def statements_with(session: Session, where: Any, *, registration: UUID) -> Iterator[dict[str, Any]]:
    """Yield the non-voided statements of a registration that fit a condition, in the order stored."""
    hash_ = t.key_hash(t.REGISTRATION, str(registration))
    for (payload,) in session.connection().execute(_OF_REGISTRATION.where(where), {"hash": hash_}):
        yield json.loads(payload)


_OF_REGISTRATION = (
    select(Statement.payload)
    .join(Posting, Posting.seq == Statement.seq)
    .join(Term, Term.id == Posting.term_id)
    .where(
        Term.hash == bindparam("hash"),
        Posting.roles.bitwise_and(t.DIRECT) != 0,
        Statement.voided.is_(False),
    )
    .order_by(Statement.seq)
)


# --- steps of store --------------------------------------------------------------------------------


def _prepare(statement: Mapping[str, Any], authority: Mapping[str, Any], version: str) -> _New:
    """Read a statement, and add what the store adds (xAPI 1.0.3 Data 2.4)."""
    body = t.with_activity_lists(statement)
    given = body.get("id")
    id_ = UUID(given) if given is not None else uuid4()
    full = {**body, "id": str(id_), "authority": dict(authority)}
    full.pop("stored", None)
    full.setdefault("version", "2.0.0" if version.startswith("2") else "1.0.0")
    text = json.dumps(full, ensure_ascii=False, separators=(",", ":")).encode()
    return _New(id_, body, t.find_terms(full), text)


_KNOWN = """
    SELECT id, payload, CAST(NULL AS BIGINT) AS seq, CAST(NULL AS BOOLEAN) AS voiding
    FROM lms_statement WHERE id {ids} AND tenant_id = :tenant
    UNION ALL
    SELECT id, NULL, NULL, NULL FROM lms_tombstone WHERE id {ids} AND tenant_id = :tenant
    UNION ALL
    SELECT target_id, NULL, seq, voiding FROM lms_statement_ref WHERE target_id {ids} AND tenant_id = :tenant
"""

#: seq, target, voiding: a statement that refers to one of ours
_Waiting = tuple[int, UUID, bool]


class _Place(NamedTuple):
    """Where new statements go, and what is there already."""

    last: head.Taken
    tenant_id: int
    lookup: postings.Lookup
    #: What the lookup found.
    rows: list[Row]
    #: The payloads of ids that are here; None: erased.
    known: dict[UUID, bytes | None]
    #: The statements that refer to these ids.
    waiting: list[_Waiting]


def _lock_and_look(session: Session, tenant: UUID, new: Sequence[_New], wanted: postings.Wanted) -> _Place:
    """Take the lock, and learn in the same round trip what the database knows of ids and terms."""

    def questions(tenant_id: int) -> tuple[postings.Lookup, list[Query]]:
        lookup = postings.look_up(session, tenant_id, wanted)
        ids = Many("uuid", [one.id for one in new])
        return lookup, [Query(_KNOWN, {"tenant": tenant_id}, {"ids": ids}), lookup.query]

    tenant_id = postings.remembered_tenant(session, tenant)
    found: list[list[Row]] = []
    if tenant_id is not None:
        lookup, steps = questions(tenant_id)
        last, found = head.lock(session, *steps)
    else:
        last, _ = head.lock(session)
    is_other_database = postings.expect_seq(session, last.seq, last.seq)
    if tenant_id is None or is_other_database:
        tenant_id = postings.tenant_id(session, tenant)
        lookup, steps = questions(tenant_id)
        found = ask(session.connection(), *steps)
    known_rows, term_rows = found
    known: dict[UUID, bytes | None] = {}
    waiting: list[_Waiting] = []
    for given, payload, seq, voiding in known_rows:
        id_ = given if isinstance(given, UUID) else UUID(given)
        if seq is None:
            known[id_] = payload
        else:
            waiting.append((seq, id_, bool(voiding)))
    return _Place(last, tenant_id, lookup, term_rows, known, waiting)


def _refuse_other_content(one: _New, payload: bytes | None, trusted: bool) -> None:
    if payload is None:  # erased; what was in it is not known any more, and it stays erased
        return
    compare = t.is_same_act if trusted else t.is_same_statement
    if not compare(json.loads(payload), one.body):
        raise Conflict(f"There is a statement {one.id} already, and it says something else.")


_STATEMENT_COLUMNS: dict[str, Kind] = {
    "seq": "bigint", "id": "uuid", "tenant_id": "bigint", "stored": "bigint", "voided": "boolean",
    "own": "boolean", "payload": "bytea",
}  # fmt: skip
_POSTING_COLUMNS: dict[str, Kind] = {"term_id": "bigint", "seq": "bigint", "roles": "smallint"}


def _insert(
    session: Session,
    tenant_id: int,
    fresh: list[_New],
    ids: Mapping[t.Key, int],
    mine: t.Key | None,
    others: list[Step],
) -> None:
    """Write statements and postings, and run the other steps, in one round trip.

    ``mine`` is the term of the authority; None when that is the installation itself.
    """
    rows: list[Row] = [
        (one.seq, one.id, tenant_id, one.stored, False, mine is None, one.payload) for one in fresh
    ]
    found: list[Row] = [(ids[key], one.seq, role) for one in fresh for key, role in one.found.roles.items()]
    if mine is not None:
        found += [(ids[mine], one.seq, t.DIRECT) for one in fresh]
    write(
        session.connection(),
        Insert("lms_statement", _STATEMENT_COLUMNS, rows),
        Insert("lms_posting", _POSTING_COLUMNS, sorted(found)),
        *others,
    )


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
