"""Source texts that changed since they were translated, and the small corrections among them. No Flask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses import catalogue
from ..courses.catalogue import Held, old_source, state_of
from ..courses.document import Course
from ..courses.translations import kept
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import store
from .house import House
from .models import Draft
from .translation_store import document_of, held_in, languages_of, path_of, short_hash, source_of


@dataclass(frozen=True)
class Changed:
    """A source text that changed since it was translated."""

    context: str
    old: str
    new: str
    #: (language, translation)
    translations: tuple[tuple[str, str], ...]

    @property
    def token(self) -> str:
        """Names this very change: another one of the same text is another one."""
        return f"{self.context} {short_hash(self.old)}{short_hash(self.new)}"


def changed_texts(session: Session, house: House, draft: Draft) -> list[Changed]:
    """Return what changed since somebody translated it, in the order of the document."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    course = document_of(session, house, draft)
    source = source_of(course)
    for language, held in _all_held(session, draft, course).items():
        for context, new in source.items():
            have = held.get(context)
            if have is not None and state_of(have, new) == "stale":
                found.setdefault((context, old_source(have, new)), []).append((language, have.text))
    order = {context: n for n, context in enumerate(source)}
    rows = [Changed(context, old, source[context], tuple(had)) for (context, old), had in found.items()]
    return sorted(rows, key=lambda row: order[row.context])


def _all_held(session: Session, draft: Draft, course: Course) -> dict[str, Mapping[str, Held]]:
    found = {}
    for language in languages_of(course):
        try:
            found[language] = held_in(session, store.digest_of(session, draft, path_of(language)))
        except Invalid:
            continue
    return found


def small_corrections(
    session: Session, house: House, draft: Draft, person: Person, tokens: Iterable[str]
) -> tuple[int, list[Changed]]:
    """Say of changes of the source that all translations stay right.

    Return how many it was done for, and those for which it cannot be: a marked word or a gap changed.
    """
    store.lock(session, draft)
    wanted = set(tokens)
    course = document_of(session, house, draft)
    chosen = [row for row in changed_texts(session, house, draft) if row.token in wanted]
    refused = [row for row in chosen if any(kept(row.new) != kept(text) for _tag, text in row.translations)]
    by_language: dict[str, set[str]] = {}
    for row in chosen:
        for language, text in row.translations:
            if kept(row.new) == kept(text):
                by_language.setdefault(language, set()).add(row.context)
    changes: dict[str, bytes | str | store.Stored | None] = {}
    base: dict[str, str | None] = {}
    for language, contexts in by_language.items():
        path = path_of(language)
        digest = store.digest_of(session, draft, path)
        if digest is not None:
            base[path] = digest
            changes[path] = catalogue.rewritten(
                store.body(session, digest), course, language, {}, keep=contexts
            )
    if changes:
        store.save(session, draft, person, changes, base=base, what="translate", note=_("Small corrections"))
    return len(chosen) - len(refused), refused
