"""Publish a checked course; list what is published; write it out again."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import Any, Literal

import rfc8785
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kernel.errors import Conflict, Invalid
from ..kernel.storage import Storage
from .check import Checked
from .document import Course
from .library import Book, Library
from .models import Course as CourseRow
from .models import Edition
from .parts import ItemBase
from .texts import texts
from .words import Words


@dataclass(frozen=True)
class Published:
    """What publishing did: ``new`` course, ``edition``, ``correction``, or nothing (``same`` content)."""

    outcome: Literal["new", "edition", "correction", "same"]
    slug: str
    version: str
    digest: str


def canonical(course: Course, translations: dict[str, dict[str, str]]) -> bytes:
    """Return the document as RFC 8785 canonical JSON: what its SHA-256 is taken of."""
    return rfc8785.dumps(
        {
            "course": course.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "translations": translations,
        }
    )


def publish(session: Session, storage: Storage, library: Library, checked: Checked) -> Published:
    """Publish a course that the checker found without errors; never touch what is published when it is refused.

    A change needs a new version: a *correction* (1.0 -> 1.1) may change words, translations, facts and media; a new
    *edition* (1.1 -> 2.0) may change structure, but not the type or key of an item under its old id (DESIGN 3.1).
    """
    course = checked.course
    if course is None or checked.errors:
        first = checked.errors[0] if checked.errors else None
        raise Invalid(f"{checked.name} has errors and was not published. The first: {first}")
    document = canonical(course, checked.translations)
    digest = hashlib.sha256(document).hexdigest()
    row = session.scalar(select(CourseRow).where(CourseRow.uuid == course.uuid))
    namesake = session.scalar(select(CourseRow.uuid).where(CourseRow.slug == course.slug))
    if namesake is not None and namesake != course.uuid:
        raise Conflict(f"Another course is called '{course.slug}' already. Choose another slug.")
    if row is None:
        row = CourseRow(uuid=course.uuid, slug=course.slug, kind=course.kind, destination=course.destination.country,
                        current_digest=digest)  # fmt: skip
        session.add(row)
        session.flush()
        outcome: Literal["new", "edition", "correction"] = "new"
    else:
        earlier = session.scalars(
            select(Edition)
            .where(Edition.course_id == row.id)
            .order_by(Edition.edition.desc(), Edition.correction.desc())
        ).all()
        latest = earlier[0]
        if latest.digest == digest:
            return Published("same", course.slug, latest.version, digest)
        outcome = _compare(latest, course, library.source(session, latest.digest))
        if outcome == "edition":
            # keys stay within an edition, so its newest correction speaks for all of them
            for edition in {e.edition: e for e in reversed(earlier)}.values():
                for item in changed_keys(library.source(session, edition.digest), course):
                    raise Conflict(
                        f"The item '{item}' has another type or key than in {edition.version}. Give it a new id: "
                        "answers of learners stand under the old one."
                    )
    for media in course.media:
        content = checked.files.read(f"media/{media.file}")
        if storage.put(content) != media.sha256:
            raise Conflict(f"media/{media.file} changed while it was read. Publish again.")
    row.slug, row.kind, row.destination = course.slug, course.kind, course.destination.country
    row.current_digest = digest
    session.add(
        Edition(course_id=row.id, edition=course.edition, correction=course.correction, digest=digest,
                document=zlib.compress(document, 9))
    )  # fmt: skip
    session.flush()
    return Published(outcome, course.slug, course.version, digest)


def _compare(latest: Edition, course: Course, before: Course) -> Literal["edition", "correction"]:
    """Tell whether ``course`` is a correction or a new edition of what is published; refuse what is neither."""
    version = (course.edition, course.correction)
    if version <= (latest.edition, latest.correction):
        raise Conflict(
            f"{course.slug} changed, but its version {course.version} is not newer than the published "
            f"{latest.version}. Write {latest.edition}.{latest.correction + 1} for a correction, "
            f"{latest.edition + 1}.0 for a new edition."
        )
    if course.edition != latest.edition:
        return "edition"
    for changed in structural_changes(before, course):
        raise Conflict(
            f"{course.slug} {course.version} is a correction, but it changes {changed.words}. "
            f"Write {latest.edition + 1}.0: a new edition."
        )
    return "correction"


def changed_keys(before: Course, course: Course) -> list[str]:
    """Return the ids of items that have another type or key than an earlier edition had under their id."""
    old = {item.id: item for item in _all_items(before)}
    return [item.id for item in _all_items(course) if item.id in old and not same_key(old[item.id], item)]


def _all_items(course: Course) -> list[ItemBase]:
    return [item for unit in course.units for item in unit.items] + list(course.bank)


def _bare(value: Any) -> Any:
    """Return a part without its words: what is left are ids, keys, numbers, structure."""
    if isinstance(value, Words):
        return None
    if isinstance(value, tuple):
        return [_bare(v) for v in value]
    if hasattr(type(value), "model_fields"):
        return {
            name: _bare(getattr(value, name)) for name in type(value).model_fields if name not in _NOT_KEY
        }
    return value


#: Fields that a correction may change freely.
_NOT_KEY = {
    "explain",
    "picture",
    "audio",
    "facts",
    "outcomes",
    "alt",
    "tags",
    "topic",
    "difficulty",
    "hint",
    "gloss",
    "replaces",
}


def same_key(old: ItemBase, new: ItemBase) -> bool:
    return bool(_bare(old) == _bare(new))


#: What the address, the catalogue and the certificate say: the same in all corrections of an edition.
_FIXED = ("slug", "kind", "destination", "taught", "source_language", "hours")


@dataclass(frozen=True)
class StructuralChange:
    """What a correction may not change: a stable word, the item or field it is about, and both in a sentence."""

    what: Literal["field", "outcomes", "modules", "certificate", "test", "bank", "blocks", "key"]
    name: str
    words: str


def structural_changes(old: Course, new: Course) -> list[StructuralChange]:
    """Return everything in ``new`` that makes it a new edition of ``old``; nothing when it is a correction."""
    found = [
        StructuralChange("field", name, f"the {name.replace('_', ' ')}")
        for name in _FIXED
        if getattr(old, name) != getattr(new, name)
    ]
    whole: tuple[tuple[Literal["outcomes", "modules", "certificate", "test", "bank", "blocks"], str, Any, Any], ...] = (
        ("outcomes", "the ids of outcomes", [o.id for o in old.outcomes], [o.id for o in new.outcomes]),
        ("modules", "the modules or their units",
         [(m.id, m.units) for m in old.modules], [(m.id, m.units) for m in new.modules]),
        ("certificate", "the certificate rule", old.certificate, new.certificate),
        ("test", "a test", [_bare(b) for b in old.blueprints], [_bare(b) for b in new.blueprints]),
        ("bank", "the bank", [(i.id, i.tags) for i in old.bank], [(i.id, i.tags) for i in new.bank]),
        ("blocks", "the blocks of a unit", _outline(old), _outline(new)),
    )  # fmt: skip
    found += [StructuralChange(what, "", words) for what, words, a, b in whole if a != b]
    found += [
        StructuralChange("key", item, f"the key of the item '{item}'") for item in changed_keys(old, new)
    ]
    return found


def _outline(course: Course) -> list[Any]:
    return [
        (u.id, [(b.id, b.type, [i.id for i in getattr(b, "items", ())]) for b in u.blocks])
        for u in course.units
    ]


def list_courses(session: Session, library: Library, language: str) -> list[Book]:
    """Return what is offered to new learners, in a language: by destination, kind, title."""
    digests = session.scalars(select(CourseRow.current_digest)).all()
    books = [library.book(session, digest, language) for digest in digests]
    order = {"rights": 0, "language": 1, "workplace": 2, "orientation": 3}
    books.sort(key=lambda b: (b.course.destination.country, order[b.course.kind], b.course.title.text))
    return books


def summary(book: Book) -> dict[str, Any]:
    """Return what `course list --json` says of a course."""
    course = book.course
    return {
        "slug": course.slug,
        "title": course.title.text,
        "kind": course.kind,
        "destination": course.destination.country,
        "units": len(course.units),
        "items": sum(len(u.items) for u in course.units) + len(course.bank),
        "entries": len(course.entries),
        "facts": len(course.facts),
        "languages": list(book.languages),
        "version": course.version,
        "uuid": str(course.uuid),
        "texts": sum(1 for _t in texts(course)),
        "digest": book.digest,
    }
