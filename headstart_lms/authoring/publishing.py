"""From a draft to a published course: what kind of change it is, who it touches, sign-off, now or later. No Flask."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..accounts.models import Centre, Person
from ..cohorts.models import Enrolment
from ..courses.check import Checked
from ..courses.document import Course
from ..courses.models import Course as CourseRow
from ..courses.models import Edition
from ..courses.services import StructuralChange, canonical, changed_keys, structural_changes
from ..courses.services import publish as publish_course
from ..kernel.clock import now, today
from ..kernel.errors import Conflict, Invalid, LMSError, NotAllowed
from ..kernel.i18n import _
from ..kernel.jobs import enqueue
from ..kernel.settings import Setting
from . import checking, drafts, owners, store
from .house import House
from .models import Draft, Mark, Revision
from .yamltext import rewrite

#: The job that publishes what is due.
PUBLISH = "authoring.publish"
Kind = Literal["new", "edition", "correction", "same", "unknown"]


@dataclass
class Plan:
    """What publishing the draft now would be."""

    kind: Kind
    #: The version that is proposed.
    version: str
    published: Edition | None
    #: Why it is a new edition and no correction.
    reasons: list[str] = field(default_factory=list)
    #: Items under whose id learners answered something else: (id, version).
    keys: list[tuple[str, str]] = field(default_factory=list)
    #: Open enrolments by edition, the newest first.
    learners: list[tuple[int, int]] = field(default_factory=list)
    #: Why this centre may not publish it at all.
    refusal: str = ""

    @property
    def touched(self) -> int:
        """How many learners read the change at once: a correction reaches those of its edition."""
        edition = int(self.version.split(".")[0])
        return sum(
            count for number, count in self.learners if number == edition and self.kind == "correction"
        )

    @property
    def staying(self) -> int:
        """How many learners go on with what they have, until they move to the new edition themselves."""
        return sum(count for _number, count in self.learners) if self.kind == "edition" else 0


def plan(session: Session, house: House, draft: Draft, checked: Checked) -> Plan:
    """Say what publishing would be: a new course, a correction, a new edition, and why; who is touched."""
    row = session.scalar(select(CourseRow).where(CourseRow.uuid == draft.course_uuid))
    refusal = owners.refusal_of(session, draft, row)
    if row is None:
        version = str(drafts.head_of(session, draft).get("version", "1.0"))
        return Plan("new", version, None, refusal=refusal)
    editions = _editions(session, row)
    latest = editions[0]
    learners = [
        (number, count)
        for number, count in session.execute(
            select(Enrolment.edition, func.count())
            .where(Enrolment.course_id == row.id, Enrolment.closed.is_(None))
            .group_by(Enrolment.edition)
            .order_by(Enrolment.edition.desc())
        )
    ]
    made = Plan("unknown", latest.version, latest, learners=learners, refusal=refusal)
    course = checked.course
    if course is None:
        return made
    before = house.library.source(session, latest.digest)
    if _is_same(course, checked, latest):
        made.kind = "same"
        return made
    changes = structural_changes(before, course)
    made.reasons = list(dict.fromkeys(_reason(change, course) for change in changes))
    if changes:
        made.kind, made.version = "edition", f"{latest.edition + 1}.0"
        for edition in {e.edition: e for e in reversed(editions)}.values():
            earlier = house.library.source(session, edition.digest)
            made.keys += [(item, edition.version) for item in changed_keys(earlier, course)]
        made.keys = list({item: (item, version) for item, version in made.keys}.values())
    else:
        made.kind, made.version = "correction", f"{latest.edition}.{latest.correction + 1}"
    return made


def _editions(session: Session, row: CourseRow) -> list[Edition]:
    query = select(Edition).where(Edition.course_id == row.id)
    return list(session.scalars(query.order_by(Edition.edition.desc(), Edition.correction.desc())))


def _is_same(course: Course, checked: Checked, latest: Edition) -> bool:
    """Tell whether a course says what is published, whatever version it names."""
    as_published = course.model_copy(update={"version": latest.version})
    return hashlib.sha256(canonical(as_published, checked.translations)).hexdigest() == latest.digest


def _reason(change: StructuralChange, course: Course) -> str:
    fields = {
        "slug": _("The address of the course changed."), "kind": _("The kind of course changed."),
        "destination": _("The country or region changed."),
        "taught": _("The language that is taught, or its level, changed."),
        "source_language": _("The language the course is written in changed."),
        "hours": _("The hours changed; they stand on the certificate."),
    }  # fmt: skip
    whole = {
        "outcomes": _("An objective was added, taken out or moved."),
        "modules": _("A module or unit was added, taken out or moved."),
        "certificate": _("What the certificate asks for changed."),
        "test": _("A test changed: its sections, its time, its attempts or its pass mark."),
        "bank": _("A question of a test was added, taken out or moved, or its tags changed."),
        "blocks": _("A part or question of a unit was added, taken out or moved."),
    }
    if change.what == "field":
        return fields[change.name]
    if change.what == "key":
        return _("What is right in the question “%(item)s” changed.", item=change.name)
    return whole[change.what]


# --- sign-off ------------------------------------------------------------------------------------


def _setting(centre: Centre) -> str:
    return f"sign-off:{centre.uuid}"


def needs_sign_off(session: Session, centre: Centre) -> bool:
    """Tell whether a centre publishes only what somebody else has signed off."""
    return session.get(Setting, _setting(centre)) is not None


def ask_for_sign_off(session: Session, centre: Centre, wanted: bool) -> None:
    found = session.get(Setting, _setting(centre))
    if wanted and found is None:
        session.add(Setting(name=_setting(centre), value="yes"))
    elif not wanted and found is not None:
        session.delete(found)


def sign_off(session: Session, draft: Draft, person: Person, n: int, note: str = "") -> Mark:
    """Sign a revision off. Any later change makes it void. Raises Conflict when there is a later one already."""
    draft = store.lock(session, draft)
    if n != draft.head:
        raise Conflict(_("Somebody changed the course meanwhile. Look at it again, then sign it off."))
    if any(m.person_id == person.id and m.role == "author" for m in draft.members):
        raise NotAllowed(_("Somebody who is not an author signs a course off."))
    if has_written(session, draft, person):
        raise NotAllowed(_("You changed this course yourself. Ask somebody else to sign it off."))
    mark = Mark(draft_id=draft.id, n=n, kind="signed", person_id=person.id, note=note[:2000])
    session.add(mark)
    session.flush()
    return mark


def has_written(session: Session, draft: Draft, person: Person) -> bool:
    """Tell whether a person made any of what is new in a draft since it was last published."""
    last = last_published(session, draft)
    query = select(Revision.id).where(
        Revision.draft_id == draft.id, Revision.person_id == person.id, Revision.n > (last.n if last else 0)
    )
    return session.scalar(query.limit(1)) is not None


def signed(session: Session, draft: Draft, n: int) -> Mark | None:
    """Return who signed this revision off, if somebody did."""
    return session.scalars(
        select(Mark)
        .where(Mark.draft_id == draft.id, Mark.kind == "signed", Mark.n == n)
        .order_by(Mark.id.desc())
    ).first()


# --- publish -------------------------------------------------------------------------------------


def publish(
    session: Session, house: House, draft: Draft, person: Person | None, *, n: int, version: str
) -> Mark:
    """Publish the draft as it was after revision ``n``, under a version. Raises what refuses it; nothing changes then.

    The version is written into the draft as well, so that draft and published course say the same.
    """
    draft = store.lock(session, draft)
    if needs_sign_off(session, draft.centre) and signed(session, draft, n) is None:
        raise Conflict(
            _("This centre publishes what was signed off. Ask a reviewer to sign this version off.")
        )
    tree = store.tree_at(session, draft, n)
    head = store.data_of(session, tree["course.yaml"], "course.yaml") if "course.yaml" in tree else None
    if not isinstance(head, dict):
        raise Invalid(_("There is no course.yaml in this folder; a course starts with it."))
    text = store.body(session, tree["course.yaml"]).decode("utf-8")
    written = rewrite(text, {**head, "version": version})
    tree["course.yaml"] = store.put_text(session, written.encode("utf-8"))
    checked = checking.check_tree(session, house.storage, draft.slug, tree, house.item_types, today())
    if checked.errors or checked.course is None:
        raise Invalid(_("The checker found errors. Mend them first, then publish."))
    row = session.scalar(select(CourseRow).where(CourseRow.uuid == checked.course.uuid))
    refusal = owners.refusal_of(session, draft, row)
    if refusal:
        raise Conflict(refusal)
    result = publish_course(session, house.storage, house.library, checked)
    if result.outcome == "same":
        raise Conflict(_("This is published already. Nothing changed."))
    _write_version(session, draft, person, version)
    mark = Mark(
        draft_id=draft.id, n=draft.head if n == draft.head - 1 else n, kind="published",
        person_id=None if person is None else person.id, name=version, digest=result.digest,
        note=str(checked.course.uuid),
    )  # fmt: skip
    session.add(mark)
    if draft.due_revision is not None and draft.due_revision <= n:
        unschedule(draft)
    session.flush()
    return mark


def _write_version(session: Session, draft: Draft, person: Person | None, version: str) -> None:
    data, digest = store.read_data(session, draft, "course.yaml")
    if data.get("version") != version:
        store.save_data(
            session, draft, person, "course.yaml", {**data, "version": version}, base={"course.yaml": digest},
            what="edit", note=_("Version %(version)s", version=version),
        )  # fmt: skip


def schedule(session: Session, draft: Draft, person: Person, at: datetime, *, n: int, version: str) -> None:
    """Publish revision ``n`` at a time; what is changed until then waits for the next one."""
    draft = store.lock(session, draft)
    if at <= now():
        raise Invalid(_("Choose a time that is still to come."))
    if needs_sign_off(session, draft.centre) and signed(session, draft, n) is None:
        raise Conflict(
            _("This centre publishes what was signed off. Ask a reviewer to sign this version off.")
        )
    draft.due, draft.due_revision, draft.due_version, draft.due_by = at, n, version, person.id
    enqueue(session, PUBLISH, {"draft": str(draft.uuid)}, not_before=at)


def unschedule(draft: Draft) -> None:
    draft.due = draft.due_revision = draft.due_version = draft.due_by = None


def publish_due(session: Session, house: House, uuid: UUID) -> Mark | None:
    """Publish a draft whose time has come; return what was said of it, or None when nothing is due any more.

    Raises LMSError when it is refused; the caller then keeps the reason with ``refuse`` in a transaction of its own.
    """
    draft = session.scalar(select(Draft).where(Draft.uuid == uuid))
    if draft is None or draft.removed is not None:
        return None
    draft = store.lock(session, draft)
    if draft.due is None or draft.due > now() or draft.due_revision is None or draft.due_version is None:
        return None
    person = session.get(Person, draft.due_by) if draft.due_by is not None else None
    if person is None or person.is_suspended or not drafts.may(person, draft, "manage"):
        raise NotAllowed(
            _(
                "Whoever planned this may not publish the course any more. Publish it now, or choose a new time."
            )
        )
    mark = publish(session, house, draft, person, n=draft.due_revision, version=draft.due_version)
    unschedule(draft)
    return mark


def refuse(session: Session, uuid: UUID, error: LMSError) -> None:
    """Keep why a course was not published at its time; its authors read it on the page."""
    draft = session.scalars(select(Draft).where(Draft.uuid == uuid)).one()
    session.add(
        Mark(draft_id=draft.id, n=draft.due_revision or draft.head, kind="refused", name=draft.due_version or "",
             note=error.message[:2000])
    )  # fmt: skip
    unschedule(draft)


def marks_of(session: Session, draft: Draft, *kinds: str) -> list[Mark]:
    """Return what was said of the revisions of a draft, the newest first."""
    query = select(Mark).where(Mark.draft_id == draft.id)
    if kinds:
        query = query.where(Mark.kind.in_(kinds))
    return list(session.scalars(query.order_by(Mark.id.desc())))


def last_published(session: Session, draft: Draft) -> Mark | None:
    return session.scalars(
        select(Mark)
        .where(Mark.draft_id == draft.id, Mark.kind.in_(("published", "opened")))
        .order_by(Mark.id.desc())
        .limit(1)
    ).first()
