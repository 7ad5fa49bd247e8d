"""What is told and forgotten of somebody who writes courses: the courses stay, they belong to the centre."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ..accounts.models import Person
from .models import Draft, Mark, Member, Revision


def export(session: Session, person: Person) -> list[dict[str, Any]]:
    """Return the drafts a person works or worked on: what she does there, how many changes, what she said."""
    roles: dict[int, list[str]] = {}
    for draft_id, role in session.execute(
        select(Member.draft_id, Member.role).where(Member.person_id == person.id).order_by(Member.id)
    ):
        roles.setdefault(draft_id, []).append(role)
    counts = {
        draft_id: (number, last)
        for draft_id, number, last in session.execute(
            select(Revision.draft_id, func.count(), func.max(Revision.at))
            .where(Revision.person_id == person.id)
            .group_by(Revision.draft_id)
        )
    }
    marks: dict[int, list[dict[str, Any]]] = {}
    for mark in session.scalars(select(Mark).where(Mark.person_id == person.id).order_by(Mark.id)):
        marks.setdefault(mark.draft_id, []).append(
            {"kind": mark.kind, "at": mark.at.isoformat(), "revision": mark.n, "note": mark.note}
        )
    wanted = set(roles) | set(counts) | set(marks)
    drafts = session.scalars(select(Draft).where(Draft.id.in_(wanted)).order_by(Draft.id)) if wanted else ()
    return [
        {
            "id": str(draft.uuid), "title": draft.title, "roles": roles.get(draft.id, []),
            "changes": counts.get(draft.id, (0, None))[0], "marks": marks.get(draft.id, []),
        }
        for draft in drafts
    ]  # fmt: skip


def erase(session: Session, person: Person) -> None:
    """Take a person out of all drafts: nothing names her in their history any more."""
    session.execute(delete(Member).where(Member.person_id == person.id))
    session.execute(update(Revision).where(Revision.person_id == person.id).values(person_id=None))
    session.execute(update(Mark).where(Mark.person_id == person.id).values(person_id=None))
    session.execute(update(Draft).where(Draft.due_by == person.id).values(due_by=None))
