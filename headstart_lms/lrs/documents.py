"""State, agent profile and activity profile documents (1.0.3 Communication 2.2-2.7; 2.0 4.1.6.2-4.1.6.6)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.errors import Conflict, LMSError
from . import head, postings
from . import terms as t
from .models import Document
from .validator import BadRequest, parse_json

Kind = Literal["state", "agent", "activity"]
NO_REGISTRATION = UUID(int=0)
JSON_TYPE = "application/json"


#: Bytes of a document: as many as one request may bring, however many requests it was merged of.
MAX_DOCUMENT = 32 * 1024 * 1024


class DocumentTooLarge(LMSError):
    status, code = 413, "too-large"


class PreconditionFailed(LMSError):
    status, code = 412, "precondition-failed"


@dataclass(frozen=True, slots=True)
class Address:
    """What a document is kept under. ``registration`` None: of no registration, or (``folder``) of any."""

    kind: Kind
    tenant: UUID
    activity: str | None = None
    #: ``terms.agent_value`` of the agent
    agent: str | None = None
    registration: UUID | None = None


@dataclass(frozen=True, slots=True)
class Precondition:
    """The headers of optimistic concurrency, and what the version says when there are none."""

    if_match: str | None = None
    if_none_match: str | None = None
    version: str = "1.0.3"


@dataclass(frozen=True, slots=True)
class Sent:
    """A document as it came."""

    content: bytes
    content_type: str
    #: What it says; None unless it is JSON.
    value: Any = None

    @property
    def is_json(self) -> bool:
        return _is_json(self.content_type)


def read_sent(content: bytes, content_type: str) -> Sent:
    """Read what came, before anybody waits for it. Raises BadRequest for what says it is JSON and is not."""
    value = parse_json(content, what="The document") if _is_json(content_type) else None
    return Sent(content, content_type, value)


def _is_json(content_type: str) -> bool:
    return content_type.split(";")[0].strip().lower() == JSON_TYPE


def find_document(session: Session, address: Address, doc_id: str) -> Document | None:
    """Return one document, or None."""
    query = _at(session, address, make=False)
    return None if query is None else session.scalar(_with_id(query, doc_id, address.registration))


def list_ids(session: Session, address: Address, since: int | None = None) -> list[str]:
    """Return the ids kept at an address, oldest first; ``since`` in microseconds, exclusive.

    State without a registration lists those of every registration (1.0.3 Communication 2.3).
    """
    query = _at(session, address, make=False)
    if query is None:
        return []
    if address.registration is not None:
        query = query.where(Document.registration == address.registration)
    if since is not None:
        query = query.where(Document.updated > since)
    found = session.scalars(query.order_by(Document.updated, Document.id))
    return list(dict.fromkeys(document.doc_id for document in found))


def put_document(
    session: Session, address: Address, doc_id: str, sent: Sent, condition: Precondition
) -> None:
    """Store a document whole. Raises BadRequest, Conflict or PreconditionFailed by the version's rules."""
    query = _locked(session, address)
    row = session.scalar(_with_id(query, doc_id, address.registration))
    _check(row, condition)
    if condition.if_match is None and condition.if_none_match is None:
        _check_unconditional(row, address.kind, condition.version)
    _write(session, address, row, doc_id, sent.content, sent.content_type)


def merge_document(
    session: Session, address: Address, doc_id: str, sent: Sent, condition: Precondition
) -> None:
    """Lay the top-level names of a JSON object over the stored one, or store it new (1.0.3 Comm. 2.2).

    Raises BadRequest when either is not a JSON object, PreconditionFailed.
    """
    query = _locked(session, address)
    row = session.scalar(_with_id(query, doc_id, address.registration))
    _check(row, condition)
    content = sent.content
    if row is not None:
        if not _is_json(row.content_type):
            raise BadRequest("The stored document is not application/json; it cannot be merged. Use PUT.")
        if not sent.is_json:
            raise BadRequest("Only application/json can be merged into the stored document. Use PUT.")
        stored: Any = json.loads(row.content)
        if not isinstance(stored, dict) or not isinstance(sent.value, dict):
            raise BadRequest("Both the stored document and the one sent must be JSON objects to be merged.")
        content = json.dumps({**stored, **sent.value}, ensure_ascii=False, separators=(",", ":")).encode()
        if len(content) > MAX_DOCUMENT:
            raise DocumentTooLarge("The document would be larger than 32 MB. Keep it in several documents.")
    elif sent.is_json and not isinstance(sent.value, dict):
        raise BadRequest("A document of type application/json that is posted must be a JSON object.")
    _write(session, address, row, doc_id, content, sent.content_type)


def delete_document(session: Session, address: Address, doc_id: str, condition: Precondition) -> None:
    """Delete one document; none there is fine unless If-Match says otherwise."""
    query = _locked(session, address)
    row = session.scalar(_with_id(query, doc_id, address.registration))
    _check(row, condition)
    if row is not None:
        session.delete(row)


def delete_all(session: Session, address: Address) -> None:
    """Delete what is kept at an address, of one registration or (None) of all."""
    query = _at(session, address, make=False)
    if query is None:
        return
    if address.registration is not None:
        query = query.where(Document.registration == address.registration)
    session.execute(delete(Document).where(Document.id.in_(query.with_only_columns(Document.id))))


# --- steps -----------------------------------------------------------------------------------------


def _locked(session: Session, address: Address) -> Select[Any]:
    """Take the lock of writers, so that no two check a precondition at once, and make the terms."""
    head.advance(session, 0)
    query = _at(session, address, make=True)
    assert query is not None  # noqa: S101 - made above
    return query


def _at(session: Session, address: Address, *, make: bool) -> Select[Any] | None:
    ids = _terms(session, address, make=make)
    if ids is None:
        return None
    return select(Document).where(
        Document.kind == address.kind, Document.activity_term == ids[0], Document.agent_term == ids[1]
    )


def _terms(session: Session, address: Address, *, make: bool) -> tuple[int, int] | None:
    """Return the ids of activity and agent (0 for none); None when one of them is not known."""
    wanted: list[t.Key | None] = [
        (t.ACTIVITY, address.activity) if address.activity is not None else None,
        (t.AGENT, address.agent) if address.agent is not None else None,
    ]
    keys = [key for key in wanted if key is not None]
    if make:
        found = postings.get_ids(session, postings.tenant_id(session, address.tenant), keys)
    else:
        found = postings.find_ids(session, postings.find_tenant(session, address.tenant), keys)
        if len(found) < len(keys):
            return None
    activity, agent = (found[key] if key is not None else 0 for key in wanted)
    return activity, agent


def _doc_hash(doc_id: str) -> bytes:
    return hashlib.sha256(doc_id.encode()).digest()[:16]


def _with_id(query: Select[Any], doc_id: str, registration: UUID | None) -> Select[Any]:
    return query.where(
        Document.doc_hash == _doc_hash(doc_id), Document.registration == (registration or NO_REGISTRATION)
    )


def _check(row: Document | None, condition: Precondition) -> None:
    """Compare ETags (RFC 9110 13.1; 1.0.3 Communication 3.1; 2.0 4.1.4)."""
    if condition.if_none_match is not None and row is not None and _matches(condition.if_none_match, row):
        raise PreconditionFailed("There is such a document already. Fetch it, then send If-Match.")
    if condition.if_match is not None and (row is None or not _matches(condition.if_match, row)):
        raise PreconditionFailed("The document has changed since. Fetch it again, then repeat the change.")


def _matches(header: str, row: Document) -> bool:
    tags = [tag.strip() for tag in header.split(",")]
    return "*" in tags or any(tag.removeprefix("W/").strip('"') == row.sha1 for tag in tags)


def _check_unconditional(row: Document | None, kind: Kind, version: str) -> None:
    """Say what a PUT without If-Match and If-None-Match means.

    1.0.3 Communication 3.1: a profile needs a header (400, or 409 when there is a document); state does not,
    because most content never sends one. 2.0 4.1.4: 409 on whatever exists.
    """
    if row is not None and (version[0] == "2" or kind != "state"):
        raise Conflict(
            "There is such a document already. Fetch it, then send If-Match with its ETag, "
            "or If-None-Match: * to store only a new one."
        )
    if row is None and version[0] == "1" and kind != "state":
        raise BadRequest("Send If-Match, or If-None-Match: * for a new document (1.0.3 Communication 3.1).")


def _write(
    session: Session, address: Address, row: Document | None, doc_id: str, content: bytes, content_type: str
) -> None:
    if row is None:
        ids = _terms(session, address, make=True)
        assert ids is not None  # noqa: S101 - make=True
        row = Document(
            kind=address.kind, activity_term=ids[0], agent_term=ids[1], doc_id=doc_id,
            registration=address.registration or NO_REGISTRATION, doc_hash=_doc_hash(doc_id),
        )  # fmt: skip
        session.add(row)
    row.content, row.content_type = content, content_type
    row.sha1 = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    row.updated = max(head.microseconds(now()), (row.updated or 0) + 1)
    session.flush()
