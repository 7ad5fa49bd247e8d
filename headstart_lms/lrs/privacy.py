"""What the record store keeps about a person: handed over, erased."""

from __future__ import annotations

import json
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import terms as t
from .erasure import agents_named, erase_actor
from .models import Document, Launch, Posting, Statement

#: Tables of this module with data about people; a test compares them with what erase() and export() touch.
TABLES = (
    "lms_statement", "lms_posting", "lms_term", "lms_statement_ref", "lms_attachment",
    "lms_statement_attachment", "lms_document", "lms_forward_outbox", "lms_launch", "lms_launched",
)  # fmt: skip


class HasActor(Protocol):
    """A person, as far as this module knows people: by the name statements use."""

    actor: UUID


def export(session: Session, person: HasActor) -> dict[str, Any]:
    """Return all statements a person is actor or object of, in the order stored, her documents and launches."""
    agents = agents_named(session, person.actor)
    statements = session.scalars(
        select(Statement.payload)
        .where(
            Statement.seq.in_(
                select(Posting.seq).where(
                    Posting.term_id.in_(agents), Posting.roles.bitwise_and(t.DIRECT) != 0
                )
            )
        )
        .order_by(Statement.seq)
    )
    documents = session.scalars(select(Document).where(Document.agent_term.in_(agents)).order_by(Document.id))
    launches = session.scalars(
        select(Launch).where(Launch.account_name == str(person.actor)).order_by(Launch.id)
    )
    return {
        "statements": [json.loads(payload) for payload in statements],
        "documents": [
            {"kind": one.kind, "id": one.doc_id, "type": one.content_type,
             "content": one.content.decode("utf-8", "backslashreplace")}
            for one in documents
        ],
        "launches": [
            {"activity": one.activity, "registration": str(one.registration), "opened": one.created.isoformat(),
             "expires": one.expires.isoformat(), "ended": one.ended.isoformat() if one.ended else None}
            for one in launches
        ],
    }  # fmt: skip


def erase(session: Session, person: HasActor) -> int:
    """Erase a person's statements and documents; return how many statements. Tombstones keep only ids."""
    return erase_actor(session, person.actor)
