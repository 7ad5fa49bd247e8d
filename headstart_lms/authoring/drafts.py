"""The life of drafts: who may do what, begin, copy, people, put away. No Flask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from ..accounts.models import Centre, Grant, Person
from ..courses.library import find_course
from ..kernel.clock import now
from ..kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from ..kernel.i18n import _
from . import store
from .models import MEMBER_ROLES, Draft, Member, What
from .paths import is_text
from .store import Stored
from .yamltext import rewrite

To = Literal["read", "write", "review", "translate", "manage"]
#: Who works on courses at all.
STAFF = ("teacher", "manager", "admin")
LEADERS = ("manager", "admin")


def list_drafts_for(session: Session, person: Person, *, removed: bool = False) -> list[Draft]:
    """Return the drafts of the centres a person works at, the newest change first."""
    centres = [g.centre_id for g in person.grants if g.role in STAFF]
    query = select(Draft).where(Draft.removed.is_not(None) if removed else Draft.removed.is_(None))
    if None not in centres:
        query = query.where(Draft.centre_id.in_(centres))
    return list(session.scalars(query.order_by(Draft.changed.desc(), Draft.id.desc())))


def get_draft_for(session: Session, person: Person, uuid: UUID, *, to: To) -> Draft:
    """Return a draft the person may do this with. Raises NotFound across centres, NotAllowed when only seen."""
    draft = session.scalar(select(Draft).where(Draft.uuid == uuid))
    if draft is None or not person.roles_at(draft.centre_id) & set(STAFF):
        raise NotFound(_("There is no such course here."))
    if not may(person, draft, to):
        raise NotAllowed(_REFUSALS[to]())
    if draft.removed is not None and to not in ("read", "manage"):
        raise NotAllowed(_("This course was put away. Take it out again first."))
    return draft


_REFUSALS = {
    "read": lambda: _("You may not see this course."),
    "write": lambda: _("You can read this course. Ask its authors to add you as an author."),
    "review": lambda: _("You can read this course. Ask its authors to add you as a reviewer."),
    "translate": lambda: _("You can read this course. Ask its authors to add you as a translator."),
    "manage": lambda: _("Only its authors and the managers of the centre may do this."),
}


def may(person: Person, draft: Draft, to: To) -> bool:
    """Tell whether a person of the draft's centre may do this."""
    at_home = person.roles_at(draft.centre_id)
    if not at_home & set(STAFF):
        return False
    if to == "read" or at_home & set(LEADERS):
        return True
    mine = {member.role for member in draft.members if member.person_id == person.id}
    wanted = {
        "write": {"author"}, "manage": {"author"}, "review": {"reviewer"}, "translate": {"author", "translator"},
    }  # fmt: skip
    return bool(mine & wanted[to])


def centres_of(session: Session, person: Person) -> list[Centre]:
    """Return the centres at which a person can write courses."""
    ids = [g.centre_id for g in person.grants if g.role in STAFF]
    query = select(Centre).where(Centre.is_office.is_(False)).order_by(Centre.name)
    return list(session.scalars(query if None in ids else query.where(Centre.id.in_(ids))))


def create_draft(
    session: Session,
    person: Person | None,
    centre: Centre,
    files: Mapping[str, bytes | str | Stored],
    note: str = "",
    *,
    what: What = "new",
) -> Draft:
    """Make a draft of files, with the person as its author. Raises Invalid when course.yaml says not what it is."""
    if "course.yaml" not in files:
        raise Invalid(_("There is no course.yaml in this folder; a course starts with it."))
    if len(files) > store.MAX_FILES:
        raise Invalid(_("A course has at most %(n)s files.", n=store.MAX_FILES))
    draft = Draft(
        centre_id=centre.id, course_uuid=uuid4(), slug="course", title=_("Course"), kind="orientation"
    )
    session.add(draft)
    session.flush()
    if person is not None:
        session.add(Member(draft_id=draft.id, person_id=person.id, role="author"))
    store.save(session, draft, person, files, base=dict.fromkeys(files), what=what, note=note)
    session.expire(draft, ["members"])
    return draft


def import_files(
    session: Session,
    person: Person | None,
    centre: Centre,
    files: Mapping[str, bytes | str | Stored],
    note: str = "",
    *,
    as_copy: bool = False,
) -> Draft:
    """Make a draft of a course folder: the course itself, or a copy with an id and an address of its own.

    Raises Conflict when the course is written at this centre already.
    """
    if as_copy:
        return create_copy(session, person, centre, files, note)
    draft = create_draft(session, person, centre, files, note, what="import")
    other = session.scalars(
        select(Draft).where(
            Draft.course_uuid == draft.course_uuid, Draft.centre_id == centre.id, Draft.id != draft.id,
            Draft.removed.is_(None))
        .limit(1)
    ).first()  # fmt: skip
    if other is not None:
        raise Conflict(
            _(
                "“%(title)s” is written here already. Import this as a copy, or into that course.",
                title=other.title,
            )
        )
    return draft


def free_slug(session: Session, wanted: str, *, besides: Draft | None = None) -> str:
    """Return an address that no published course and no other draft has: the wanted one, or with a number."""
    base = wanted[:36].rstrip("-") or "course"
    for number in range(1, 1000):
        slug = base if number == 1 else f"{base}-{number}"
        taken = select(Draft.id).where(Draft.slug == slug)
        if besides is not None:
            taken = taken.where(Draft.id != besides.id)
        if find_course(session, slug) is None and session.scalar(taken.limit(1)) is None:
            return slug
    raise Conflict(_("Choose another address for this course."))


def head_of(session: Session, draft: Draft) -> dict[str, Any]:
    """Return what course.yaml says; an empty mapping when it cannot be read."""
    try:
        data, _digest = store.read_data(session, draft, "course.yaml")
    except (NotFound, Invalid):
        return {}
    return data if isinstance(data, dict) else {}


def files_of(session: Session, draft: Draft) -> dict[str, bytes | str | Stored]:
    """Return all files of a draft, as ``create_draft`` takes them."""
    tree = store.tree(session, draft)
    texts = store.bodies(session, [digest for path, digest in tree.items() if is_text(path)])
    return {path: texts[digest] if is_text(path) else Stored(digest) for path, digest in tree.items()}


def copy_draft(session: Session, person: Person, draft: Draft, centre: Centre) -> Draft:
    """Make a new course of a draft: everything in it, a new id, a new address, version 1.0."""
    return create_copy(
        session, person, centre, files_of(session, draft), note=_("Copy of “%(title)s”", title=draft.title)
    )


def create_copy(
    session: Session,
    person: Person | None,
    centre: Centre,
    files: Mapping[str, bytes | str | Stored],
    note: str = "",
) -> Draft:
    """Make a new course of the files of another one: a new id, a new address, version 1.0."""
    raw = files.get("course.yaml")
    if raw is None or isinstance(raw, Stored):
        raise Invalid(_("There is no course.yaml in this folder; a course starts with it."))
    text = raw if isinstance(raw, str) else raw.decode("utf-8")
    head = store.parsed(text.encode("utf-8"), "course.yaml")
    if not isinstance(head, dict):
        raise Invalid(_("There is no course.yaml in this folder; a course starts with it."))
    slug = head.get("slug")
    wanted = slug if isinstance(slug, str) and store.SLUG.fullmatch(slug) else "course"
    data = {**head, "uuid": str(uuid4()), "slug": free_slug(session, wanted), "version": "1.0"}
    return create_draft(
        session, person, centre, {**files, "course.yaml": rewrite(text, data)}, note, what="copy"
    )


# --- people -------------------------------------------------------------------------------------


def colleagues(session: Session, draft: Draft) -> list[Person]:
    """Return who can be added to a draft: staff of its centre that write courses, by login."""
    query = (
        select(Person)
        .join(Grant, Grant.person_id == Person.id)
        .where(
            or_(Grant.centre_id == draft.centre_id, Grant.centre_id.is_(None)), Grant.role.in_(STAFF),
            Person.suspended.is_(None), Person.login.is_not(None),
        )
        .order_by(Person.login)
    )  # fmt: skip
    return list(session.scalars(query).unique())


def add_member(session: Session, draft: Draft, login: str, role: str) -> Member:
    """Let a colleague of the same centre work on a draft. Raises NotFound for anybody else."""
    if role not in MEMBER_ROLES:
        raise Invalid(_("Choose what this person does here."))
    person = next((p for p in colleagues(session, draft) if p.login == login.strip().lower()), None)
    if person is None:
        raise NotFound(_("Nobody with this user name writes courses at this centre."))
    for member in draft.members:
        if member.person_id == person.id and member.role == role:
            return member
    made = Member(draft_id=draft.id, person_id=person.id, role=role)
    session.add(made)
    session.flush()
    session.expire(draft, ["members"])
    return made


def remove_member(session: Session, draft: Draft, member_id: int) -> None:
    """Take somebody out. Raises Conflict for the last author: a course has one."""
    member = next((m for m in draft.members if m.id == member_id), None)
    if member is None:
        return
    authors = [m for m in draft.members if m.role == "author"]
    if member.role == "author" and len(authors) == 1:
        raise Conflict(_("A course has at least one author. Add another one first."))
    session.execute(delete(Member).where(Member.id == member.id))
    session.expire(draft, ["members"])


def put_away(session: Session, draft: Draft) -> None:
    """Put a draft away: it leaves the list and can be taken out again. What is published stays."""
    draft.removed = draft.removed or now()
    draft.due = draft.due_revision = draft.due_by = None


def take_out(session: Session, draft: Draft) -> None:
    draft.removed = None
