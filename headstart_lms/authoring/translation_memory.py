"""How the same sentence was translated elsewhere: offered to a translator, never filled in. No Flask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..courses.catalogue import Held, state_of
from ..courses.document import Course
from ..courses.models import Course as CourseRow
from ..courses.texts import texts
from ..kernel.cache import Cache
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import drafts, store
from .house import House
from .models import Draft
from .translation_store import KEEP, MOST_KEPT, Sheet, held_in, path_of

#: So many other drafts of the centre are looked at, the newest first.
MOST_DRAFTS = 20
MOST_MATCHES = 4


@dataclass(frozen=True)
class Match:
    """How the same sentence was translated elsewhere."""

    text: str
    where: str


def elsewhere(
    session: Session, house: House, draft: Draft, sheet: Sheet, contexts: Iterable[str]
) -> dict[str, list[Match]]:
    """Return the finished translations of the same sentences: here, in other drafts of the centre, in what is
    published; all in the same pair of languages. Offered to a person, never filled in."""
    wanted = {context: sheet.source[context] for context in contexts}
    found: dict[str, list[Match]] = {}
    if not wanted:
        return found
    memories = [(_("in this course"), _finished(sheet.held)), *_others(session, house, draft, sheet)]
    for context, source in wanted.items():
        have = sheet.held.get(context)
        seen = {have.text} if have is not None else set()
        for where, memory in memories:
            for text in memory.get(source, ()):
                if text not in seen and len(found.get(context, ())) < MOST_MATCHES:
                    seen.add(text)
                    found.setdefault(context, []).append(Match(text, where))
    return found


def _finished(held: Mapping[str, Held]) -> dict[str, list[str]]:
    memory: dict[str, list[str]] = {}
    for one in held.values():
        if state_of(one, one.source) == "done":
            memory.setdefault(one.source, []).append(one.text)
    return memory


def _others(
    session: Session, house: House, draft: Draft, sheet: Sheet
) -> Iterable[tuple[str, Mapping[str, Sequence[str]]]]:
    source_language = sheet.course.source_language
    query = (
        select(Draft)
        .where(Draft.centre_id == draft.centre_id, Draft.removed.is_(None), Draft.id != draft.id)
        .order_by(Draft.changed.desc())
        .limit(MOST_DRAFTS)
    )
    for other in session.scalars(query):
        digest = store.digest_of(session, other, path_of(sheet.language))
        if digest is None or drafts.head_of(session, other).get("source_language") != source_language:
            continue
        try:
            yield other.title, _memory(digest, partial(_finished_in, session, digest))
        except Invalid:
            continue
    rows = session.scalars(select(CourseRow.current_digest).where(CourseRow.uuid != draft.course_uuid))
    for digest in rows.all():
        course = house.library.source(session, digest)
        if course.source_language == source_language:
            yield (
                course.title.text,
                _memory(
                    f"{digest}/{sheet.language}",
                    partial(_of_published, session, house, course, digest, sheet.language),
                ),
            )


def _finished_in(session: Session, digest: str) -> dict[str, list[str]]:
    return _finished(held_in(session, digest))


def _of_published(
    session: Session, house: House, course: Course, digest: str, language: str
) -> dict[str, list[str]]:
    done = house.library.translations(session, digest, language)
    memory: dict[str, list[str]] = {}
    for context, text in texts(course):
        if context in done:
            memory.setdefault(text, []).append(done[context])
    return memory


_memories = Cache(KEEP, MOST_KEPT)


def _memory(key: str, make: Callable[[], Mapping[str, Sequence[str]]]) -> Mapping[str, Sequence[str]]:
    try:
        found: Mapping[str, Sequence[str]] = _memories.get(key)
    except KeyError:
        found = make()
        _memories.put(key, found)
    return found
