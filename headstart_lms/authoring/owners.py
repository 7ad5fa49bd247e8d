"""Whose a published course is, and its files for whoever goes on with it. No Flask."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Centre, Person
from ..courses import export
from ..courses.check import check_folder
from ..courses.library import find_course
from ..courses.models import Course as CourseRow
from ..courses.services import canonical
from ..kernel.clock import today
from ..kernel.errors import NotAllowed, NotFound
from ..kernel.i18n import _
from ..paths import bundled_courses
from . import archives, drafts
from .house import House
from .models import Draft, Mark


def owner_of(session: Session, course_uuid: UUID) -> int | None:
    """Return the centre that published a course from here, or None: the installation itself did."""
    return session.scalar(
        select(Draft.centre_id)
        .join(Mark, Mark.draft_id == Draft.id)
        .where(Mark.kind == "published", Mark.note == str(course_uuid))
        .order_by(Mark.id)
        .limit(1)
    )


def refusal_of(session: Session, draft: Draft, row: CourseRow | None) -> str:
    """Return why this draft cannot be published over what is there, or nothing."""
    namesake = find_course(session, draft.slug)
    if namesake is not None and namesake.uuid != draft.course_uuid:
        return _(
            "Another course has the address “%(slug)s”. Choose another one in the settings.", slug=draft.slug
        )
    if row is None:
        return ""
    owner = owner_of(session, row.uuid)
    if owner is not None and owner != draft.centre_id:
        return _("This course belongs to another centre. Make a copy of it, then the copy is yours.")
    if owner is None and not _was_opened(session, draft):
        return _(
            "This course came with the installation. Open it from the list of published courses, or make a copy."
        )
    return ""


def _was_opened(session: Session, draft: Draft) -> bool:
    """Tell whether somebody who may do so opened this published course for its next version."""
    return (
        session.scalar(select(Mark.id).where(Mark.draft_id == draft.id, Mark.kind == "opened").limit(1))
        is not None
    )


def may_open(session: Session, person: Person, centre: Centre, course_uuid: UUID) -> bool:
    """Tell whether a person may write the next version of a published course at a centre.

    A course of a centre: who writes courses there. A course of the installation: its administrators.
    """
    owner = owner_of(session, course_uuid)
    if owner is None:
        return any(g.role == "admin" and g.centre_id is None for g in person.grants)
    return owner == centre.id and bool(person.roles_at(centre.id) & set(drafts.STAFF))


def open_published(session: Session, house: House, person: Person, slug: str, centre: Centre) -> Draft:
    """Return the draft of the next version of a published course: the one there is at the centre, or a new one."""
    row = find_course(session, slug)
    if row is None:
        raise NotFound(_("There is no such course."))
    if not may_open(session, person, centre, row.uuid):
        raise NotAllowed(_("You may not change this course. Make a copy of it, then the copy is yours."))
    query = select(Draft).where(Draft.course_uuid == row.uuid, Draft.removed.is_(None))
    found = session.scalars(query.where(Draft.centre_id == centre.id).limit(1)).first()
    if found is not None:
        return found
    files = files_of_published(session, house, row).put(house.storage)
    draft = drafts.create_draft(
        session, person, centre, files, _("Opened from what is published"), what="import"
    )
    session.add(
        Mark(
            draft_id=draft.id, n=draft.head, kind="opened", person_id=person.id, name=slug, note=str(row.uuid)
        )
    )
    return draft


def files_of_published(session: Session, house: House, row: CourseRow) -> archives.Folder:
    """Return the files of the newest version of a course: as they were written, when the program still has them."""
    bundled = bundled_courses() / row.slug
    if (bundled / "course.yaml").is_file():
        checked = check_folder(bundled, house.item_types, on=today())
        if checked.course is not None:
            raw = canonical(checked.course, checked.translations)
            if hashlib.sha256(raw).hexdigest() == row.current_digest:
                return archives.read_folder(bundled)
    with TemporaryDirectory() as place:
        folder = Path(place) / row.slug
        export.write_folder(session, house.storage, house.library, row.slug, folder)
        return archives.read_folder(folder)
