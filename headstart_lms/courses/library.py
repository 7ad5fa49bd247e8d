"""Published courses in memory: parsed once, localised once per language, indexed."""

from __future__ import annotations

import json
import threading
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kernel.errors import NotFound
from ..kernel.i18n import _
from .document import Blueprint, Course, Entry, Fact, Media
from .models import Course as CourseRow
from .models import Edition
from .parts import ItemBase, Unit
from .texts import localised, texts

#: How many documents (each in one language) are kept; a course of 300 kB takes about 8 MB as objects.
KEEP = 48


@dataclass(frozen=True)
class Book:
    """One published version of a course as it reads in one language."""

    course: Course
    digest: str
    language: str
    #: Languages in which every text is translated, the source language first.
    languages: tuple[str, ...]
    extra: dict[Any, Any] = field(default_factory=dict, compare=False)

    @cached_property
    def units(self) -> dict[str, Unit]:
        return {unit.id: unit for unit in self.course.units}

    @cached_property
    def unit_order(self) -> tuple[str, ...]:
        return tuple(name for module in self.course.modules for name in module.units)

    @cached_property
    def unit_of_item(self) -> dict[str, str]:
        return {item.id: unit.id for unit in self.course.units for item in unit.items}

    @cached_property
    def items(self) -> dict[str, ItemBase]:
        return {item.id: item for unit in self.course.units for item in unit.items}

    @cached_property
    def bank(self) -> dict[str, ItemBase]:
        return {item.id: item for item in self.course.bank}

    @cached_property
    def entries(self) -> dict[str, Entry]:
        return {entry.id: entry for entry in self.course.entries}

    @cached_property
    def facts(self) -> dict[str, Fact]:
        return {fact.id: fact for fact in self.course.facts}

    @cached_property
    def media(self) -> dict[str, Media]:
        return {media.id: media for media in self.course.media}

    @cached_property
    def blueprints(self) -> dict[str, Blueprint]:
        return {blueprint.id: blueprint for blueprint in self.course.blueprints}

    @property
    def version(self) -> str:
        return self.course.version

    def unit(self, unit_id: str) -> Unit:
        unit = self.units.get(unit_id)
        if unit is None or unit_id not in self.unit_order:
            raise NotFound(_("This course has no such unit."))
        return unit


class Library:
    """A bounded cache of books. One per application; safe for threads."""

    def __init__(self, item_types: Mapping[str, type[ItemBase]]) -> None:
        self._item_types = item_types
        self._books: OrderedDict[tuple[str, str], Book] = OrderedDict()
        self._sources: OrderedDict[str, tuple[Course, dict[str, dict[str, str]], tuple[str, ...]]] = (
            OrderedDict()
        )
        self._guard = threading.Lock()

    def book(self, session: Session, digest: str, language: str) -> Book:
        """Return a version in a language; in the source language when it is not offered in that one."""
        key = (digest, language)
        with self._guard:
            found = self._books.get(key)
            if found is not None:
                self._books.move_to_end(key)
                return found
        course, translations, languages = self._source(session, digest)
        chosen = language if language in languages else course.source_language
        book = Book(localised(course, chosen, translations.get(chosen, {})), digest, chosen, languages)
        with self._guard:
            self._books[key] = book
            while len(self._books) > KEEP:
                self._books.popitem(last=False)
        return book

    def source(self, session: Session, digest: str) -> Course:
        """Return a version as it was written, before any translation."""
        return self._source(session, digest)[0]

    def translations(self, session: Session, digest: str, language: str) -> Mapping[str, str]:
        """Return {msgctxt: text} of what a version has in a language, whole or not."""
        return self._source(session, digest)[1].get(language, {})

    def _source(
        self, session: Session, digest: str
    ) -> tuple[Course, dict[str, dict[str, str]], tuple[str, ...]]:
        with self._guard:
            found = self._sources.get(digest)
        if found is not None:
            return found
        raw = session.scalar(select(Edition.document).where(Edition.digest == digest))
        if raw is None:
            raise NotFound(_("This version of the course is not here."))
        stored = json.loads(zlib.decompress(raw))
        course = Course.model_validate(stored["course"], context={"item_types": self._item_types})
        translations: dict[str, dict[str, str]] = stored["translations"]
        total = {context for context, _text in texts(course)}
        complete = [lang for lang in course.support_languages if total <= set(translations.get(lang, {}))]
        languages = (course.source_language, *(lang for lang in complete if lang != course.source_language))
        with self._guard:
            self._sources[digest] = (course, translations, languages)
            while len(self._sources) > KEEP // 2:
                self._sources.popitem(last=False)
        return course, translations, languages


def digest_of(session: Session, course_id: int, edition: int, correction: int | None = None) -> str:
    """Return the digest of an edition: its newest correction, or the one named."""
    query = select(Edition.digest).where(Edition.course_id == course_id, Edition.edition == edition)
    if correction is None:
        query = query.order_by(Edition.correction.desc())
    else:
        query = query.where(Edition.correction == correction)
    digest = session.scalar(query.limit(1))
    if digest is None:
        raise NotFound(_("This version of the course is not here."))
    return digest


def find_course(session: Session, slug: str) -> CourseRow | None:
    return session.scalar(select(CourseRow).where(CourseRow.slug == slug))


def get_course(session: Session, slug: str) -> CourseRow:
    course = find_course(session, slug)
    if course is None:
        raise NotFound(_("There is no such course."))
    return course
