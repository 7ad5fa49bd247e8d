"""The translations of a draft: read as a sheet, saved field by field, brought in from files. No Flask."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..courses import catalogue
from ..courses.catalogue import Held, Offered, Said, StateName, Written, state_of
from ..courses.document import Course
from ..courses.models import Course as CourseRow
from ..courses.source import Finding
from ..courses.texts import in_reading_order
from ..courses.translations import State, kept
from ..courses.words import LANGUAGE
from ..courses.xliff import offered_in_file
from ..kernel.cache import Cache
from ..kernel.clock import today
from ..kernel.errors import Invalid, NotFound
from ..kernel.i18n import _, language_name
from . import checking, store
from .house import House
from .models import Draft, What

#: Translations of so many files are kept in memory; one of 2000 texts takes about 2 MB.
KEEP = 32
#: Bytes of the PO files these stand for.
MOST_KEPT = 16_000_000


class Unreadable(Invalid):
    """The document of a draft cannot be read: there is nothing to translate. ``finding`` is the first reason."""

    def __init__(self, finding: Finding | None) -> None:
        super().__init__(
            _("This course cannot be read as it is now, so it cannot be translated. Mend this first."),
            "unreadable",
        )
        self.finding = finding


@dataclass(frozen=True)
class Sheet:
    """A course and one of its translations as they stand now."""

    course: Course
    language: str
    held: Mapping[str, Held]
    #: SHA-256 of the PO file; None when there is none yet.
    digest: str | None

    @cached_property
    def source(self) -> dict[str, str]:
        """{name: source text} in reading order."""
        return source_of(self.course)

    def state(self, context: str) -> StateName:
        return state_of(self.held.get(context), self.source[context])

    @cached_property
    def counts(self) -> State:
        return catalogue.count(self.source, self.language, self.held)


#: Texts of the documents that were read last; a document is the same object as long as the checker keeps it.
_sources = Cache(checking.KEEP, 0)


def source_of(course: Course) -> dict[str, str]:
    """Return {name: source text} in reading order. It may be read, not changed."""
    try:
        found: tuple[Course, dict[str, str]] = _sources.get(id(course))
    except KeyError:
        found = (course, {})
    if not found[1] or found[0] is not course:  # the number of one that is gone may be given again
        found = (course, dict(in_reading_order(course)))
        _sources.put(id(course), found)
    return found[1]


def path_of(language: str) -> str:
    return f"translations/{language}.po"


def document_of(session: Session, house: House, draft: Draft) -> Course:
    """Return the document of a draft, also when it breaks rules. Raises Unreadable.

    Translations are left out, so that it is read once for all that translators save.
    """
    tree = {
        path: digest
        for path, digest in store.tree(session, draft).items()
        if not path.startswith("translations/")
    }
    checked = checking.check_tree(session, house.storage, draft.slug, tree, house.item_types, today())
    if checked.document is None:
        raise Unreadable(checked.errors[0] if checked.errors else None)
    return checked.document


def languages_of(course: Course) -> list[str]:
    """Return the languages a course is translated into."""
    return [tag for tag in dict.fromkeys(course.support_languages) if tag != course.source_language]


def read_sheet(session: Session, house: House, draft: Draft, language: str) -> Sheet:
    """Return a translation. Raises NotFound for a language the course does not list, Unreadable, Invalid."""
    course = document_of(session, house, draft)
    if language not in languages_of(course):
        raise NotFound(_("This course is not translated into this language."))
    digest = store.digest_of(session, draft, path_of(language))
    return Sheet(course, language, held_in(session, digest), digest)


_kept = Cache(KEEP, MOST_KEPT)


def held_in(session: Session, digest: str | None) -> Mapping[str, Held]:
    """Return what a PO file holds, by its SHA-256. Raises Invalid when it is no PO file."""
    if digest is None:
        return {}
    try:
        found: Mapping[str, Held] = _kept.get(digest)
    except KeyError:
        raw = store.body(session, digest)
        found = catalogue.held_in(catalogue.parse(raw))
        _kept.put(digest, found, len(raw))
    return found


# --- the languages of a course --------------------------------------------------------------------------


@dataclass(frozen=True)
class LanguageRow:
    """How far a language is, and whether learners have it."""

    state: State
    is_live: bool
    problem: str = ""

    @property
    def language(self) -> str:
        return self.state.language


def list_languages(session: Session, house: House, draft: Draft) -> list[LanguageRow]:
    """Return the languages of a draft, with what learners of the published course are offered."""
    course = document_of(session, house, draft)
    digest = session.scalar(select(CourseRow.current_digest).where(CourseRow.uuid == course.uuid))
    live = house.library.book(session, digest, course.source_language).languages if digest else ()
    rows = []
    for language in languages_of(course):
        problem = ""
        try:
            held = held_in(session, store.digest_of(session, draft, path_of(language)))
        except Invalid as error:
            held, problem = {}, error.message
        rows.append(
            LanguageRow(catalogue.count(source_of(course), language, held), language in live, problem)
        )
    return rows


def add_language(session: Session, draft: Draft, person: Person, tag: str) -> None:
    """List one more language in course.yaml. Raises Invalid for a tag that is none, or is there."""
    store.lock(session, draft)
    head, digest = store.read_data(session, draft, "course.yaml")
    listed = head.get("support_languages") if isinstance(head, dict) else None
    if not isinstance(listed, list):
        raise Invalid(_("course.yaml cannot be read as it is now. Go back to an earlier version first."))
    if not LANGUAGE.match(tag):
        raise Invalid(_("Write a language tag, for example ar."))
    if tag in listed or tag == head.get("source_language"):
        raise Invalid(_("The course has this language already."))
    store.save_data(
        session, draft, person, "course.yaml", {**head, "support_languages": [*listed, tag]},
        base={"course.yaml": digest}, what="edit", note=_("Language added: %(language)s", language=language_name(tag)),
    )  # fmt: skip


# --- saving, field by field -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A field as a translator sends it; ``base`` is ``mark_of`` of what she saw when she opened it."""

    context: str
    base: str
    text: str
    #: "Not finished yet".
    unfinished: bool = False
    #: "The translation is still right", though the source changed.
    still_right: bool = False

    @property
    def is_touched(self) -> bool:
        letter = self.base[:1]
        if short_hash(self.text) != self.base[1:11]:
            return True
        return {
            "s": self.still_right or self.unfinished, "w": not self.unfinished, "d": self.unfinished,
            "k": self.unfinished,
        }.get(letter, False)  # fmt: skip


@dataclass
class Outcome:
    """What became of a sent form."""

    sheet: Sheet
    #: What each field of the form is based on from now on.
    bases: dict[str, str]
    #: Fields that somebody else changed meanwhile: nothing was written there.
    clashes: set[str] = field(default_factory=set)
    #: Fields whose source text changed meanwhile: written, and stale.
    moved: set[str] = field(default_factory=set)
    #: What was written for a text that the course has no more.
    gone: list[Sent] = field(default_factory=list)


def short_hash(text: str) -> str:
    """Return a few letters that stand for a text in a form."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def mark_of(held: Held | None, source: str) -> str:
    """Return what a field was based on: its state (k: its marks are not kept), its text, its source."""
    state = state_of(held, source)
    text = held.text if held is not None else ""
    letter = "k" if state == "working" and kept(source) != kept(text) else state[0]
    return letter + short_hash(text) + short_hash(source)


def save_fields(
    session: Session,
    house: House,
    draft: Draft,
    person: Person,
    language: str,
    sent: Sequence[Sent],
    *,
    what: What,
) -> Outcome:
    """Save what a translator changed; what somebody else changed in the same field meanwhile is not overwritten.

    A translation that does not keep the marked words and gaps is stored as not finished: no text is lost, and none
    goes to learners that way.
    """
    store.lock(session, draft)
    sheet = read_sheet(session, house, draft, language)
    outcome = Outcome(sheet, {one.context: one.base for one in sent})
    changes: dict[str, Written] = {}
    for one in sent:
        if not one.is_touched:
            continue
        source = sheet.source.get(one.context)
        if source is None:
            outcome.gone.append(one)
            continue
        have = sheet.held.get(one.context)
        written = _written(one, have, source)
        after, now = mark_of(_as_held(written, source), source), mark_of(have, source)
        if now != after:
            # a new source makes another state of the same text; without one, another state is somebody's doing
            begin = 0 if now[11:] == one.base[11:] else 1
            if now[begin:11] != one.base[begin:11]:
                outcome.clashes.add(one.context)
                continue
            changes[one.context] = written
        if now[11:] != one.base[11:]:
            outcome.moved.add(one.context)
        outcome.bases[one.context] = after
    if changes:
        outcome.sheet = _write(session, draft, person, sheet, changes, what=what)
    return outcome


def _written(one: Sent, have: Held | None, source: str) -> Written:
    unfinished = one.unfinished or kept(source) != kept(one.text)
    if short_hash(source) == one.base[11:]:
        return Written(one.text, unfinished)
    # the author changed the source while this was written: the translation is for the text that was seen
    seen = (
        [text for text in (have.source, have.previous) if short_hash(text) == one.base[11:]] if have else []
    )
    return Written(one.text, True, seen[0] if seen else "")


def _as_held(written: Written, source: str) -> Held:
    return Held(source, written.text, written.fuzzy or bool(written.old), written.old)


def _write(
    session: Session,
    draft: Draft,
    person: Person,
    sheet: Sheet,
    changes: Mapping[str, Written],
    *,
    what: What,
    note: str = "",
    raw: bytes | None = None,
) -> Sheet:
    path = path_of(sheet.language)
    if raw is None and sheet.digest is not None:
        raw = store.body(session, sheet.digest)
    content = None
    if raw is not None and _is_new(sheet):
        content = catalogue.spliced(raw, sheet.held, changes)
    if content is None:
        content = catalogue.rewritten(raw, sheet.course, sheet.language, changes)
        store.save(session, draft, person, {path: content}, base={path: sheet.digest}, what=what, note=note)
        digest = store.digest_of(session, draft, path)
        return replace(sheet, digest=digest, held=held_in(session, digest))
    store.save(session, draft, person, {path: content}, base={path: sheet.digest}, what=what, note=note)
    digest = hashlib.sha256(content).hexdigest()
    held = {**sheet.held, **{c: _as_held(change, sheet.source[c]) for c, change in changes.items()}}
    _kept.put(digest, held, len(content))
    return replace(sheet, digest=digest, held=held)


def _is_new(sheet: Sheet) -> bool:
    """Tell whether the file has the texts of the course as they are: then a few entries are written, not all."""
    return sheet.held.keys() == sheet.source.keys() and all(
        sheet.held[context].source == text for context, text in sheet.source.items()
    )


# --- files ------------------------------------------------------------------------------------------------


def read_file(session: Session, house: House, draft: Draft, language: str, raw: bytes) -> list[Offered]:
    """Read a PO or XLIFF 2 file for ``take_file``: it takes a while, so do it before a transaction. Raises Invalid."""
    course = document_of(session, house, draft)
    if language not in languages_of(course):
        raise NotFound(_("This course is not translated into this language."))
    return offered_in_file(raw, course, language)


def take_file(
    session: Session, house: House, draft: Draft, person: Person, language: str, offered: Sequence[Offered]
) -> list[Said]:
    """Bring in the translations of a file that was read; return what became of each. Raises Invalid."""
    store.lock(session, draft)
    course = document_of(session, house, draft)
    if language not in languages_of(course):
        raise NotFound(_("This course is not translated into this language."))
    digest = store.digest_of(session, draft, path_of(language))
    try:
        sheet, base = Sheet(course, language, held_in(session, digest), digest), None
    except Invalid:  # what is here is no PO file: the new one takes its place
        sheet, base = Sheet(course, language, {}, digest), b'msgid ""\nmsgstr ""\n'
    changes, said = catalogue.take(course, sheet.held, offered)
    if changes:
        _write(
            session,
            draft,
            person,
            sheet,
            changes,
            what="import",
            note=_("Translations from a file"),
            raw=base,
        )
    return said
