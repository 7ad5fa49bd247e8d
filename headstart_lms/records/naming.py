"""What the courses, units, tests and questions in statements are called, in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..courses.library import Book, Library, digest_of
from ..courses.models import Course
from ..courses.parts import ItemBase
from ..courses.words import Words
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from ..lrs.sentences import Name
from ..xapi import read
from ..xapi import vocabulary as v

#: Opens a session to read with; a page passes its own, an export opens one when it needs it.
Reading = Callable[[], AbstractContextManager[Session]]
_ASKED: Final = ("prompt", "statement", "text")


class Names:
    """Names by IRI, for one page or one export: a course is read once."""

    def __init__(self, reading: Reading, library: Library, iri_base: str, language: str) -> None:
        self._reading = reading
        self._library = library
        self._iri_base = iri_base
        self._language = language
        self._books: dict[tuple[UUID, str | None], Book | None] = {}

    def __call__(self, iri: str, statement: Mapping[str, Any]) -> Name | None:
        place = v.place(iri, self._iri_base)
        if place is None:
            return None
        book = self._book(place.course_uuid, None)
        if book is None:
            return None
        if place.is_certificate:
            return Name(
                _("the certificate of “%(course)s”", course=_plain(book.course.title)), is_title=False
            )
        if place.word_id is not None:
            entry = book.entries.get(place.word_id)
            taught = book.course.taught
            return None if entry is None else Name(entry.headword, taught.language if taught else None)
        if place.part_id is None:
            return _name(book.course.title)
        found = _part(book, place.part_id, statement, self._iri_base)
        if found is None:  # gone since: the version that was shown still has it
            older = self._book(place.course_uuid, statement.get("context", {}).get("revision"))
            found = _part(older, place.part_id, statement, self._iri_base) if older else None
        return found

    def course(self, uuid: UUID) -> Name | None:
        """Return the title of a course."""
        book = self._book(uuid, None)
        return None if book is None else _name(book.course.title)

    def all_courses(self) -> list[tuple[UUID, str]]:
        """Return (uuid, title as plain text) of every course there is."""
        with self._reading() as session:
            uuids = session.scalars(select(Course.uuid).order_by(Course.id)).all()
        return [(uuid, title.plain if (title := self.course(uuid)) else str(uuid)) for uuid in uuids]

    def _book(self, uuid: UUID, version: str | None) -> Book | None:
        """Return the newest state of a course, or the one a statement names; None when it is not here."""
        if (uuid, version) not in self._books:
            with self._reading() as session:
                self._books[uuid, version] = self._read(session, uuid, version)
        return self._books[uuid, version]

    def _read(self, session: Session, uuid: UUID, version: str | None) -> Book | None:
        row = session.execute(select(Course.id, Course.current_digest).where(Course.uuid == uuid)).first()
        if row is None:
            return None
        digest = row.current_digest
        if version is not None:
            edition, _dot, correction = str(version).partition(".")
            if not (edition.isdecimal() and correction.isdecimal() and len(version) <= 12):
                return None
            try:
                digest = digest_of(session, row.id, int(edition), int(correction))
            except NotFound:
                return None
        return self._library.book(session, digest, self._language)


def _part(book: Book, part_id: str, statement: Mapping[str, Any], iri_base: str) -> Name | None:
    if part_id in book.units:
        return _name(book.units[part_id].title)
    if part_id in book.blueprints:
        return _name(book.blueprints[part_id].title)
    if part_id in book.items:
        return _question(book.items[part_id])
    if part_id in book.bank:
        act = read.act(statement, iri_base)
        blueprint = book.blueprints.get(act.blueprint_id or "") if act else None
        if blueprint is None or blueprint.mode == "supervised":  # what is asked there stays there
            return Name(_("a question of the test"), is_title=False)
        return _question(book.bank[part_id])
    return None


def _question(item: ItemBase) -> Name:
    """Return the first words a learner reads in a question."""
    for field in _ASKED:
        found = getattr(item, field, None)
        if isinstance(found, Words) and found.text.strip():
            return _name(found)
    for step in getattr(item, "steps", ()):
        if isinstance(getattr(step, "text", None), Words):
            return _name(step.text)
    return _name(item.stimulus) if item.stimulus else Name(_("a question"), is_title=False)


def _name(words: Words) -> Name:
    return Name(words.text, words.lang, words.translated)


def _plain(words: Words) -> str:
    return _name(words).plain
