"""What the page of a translation shows: its parts, the lines of one of them, what stands beside each line. No Flask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from ..courses.catalogue import StateName, marks_sentence, old_source, state_of
from ..courses.translations import kept
from ..kernel.i18n import _
from .compare import word_changes
from .glossary import Term, glossary, terms_in
from .house import House
from .models import Draft
from .translating import Piece, Place, Places, Section, marks_of, pieces, sections
from .translation_memory import Match, elsewhere
from .translation_store import Outcome, Sent, Sheet, mark_of

#: Texts of one page.
SIZE = 40


@dataclass(frozen=True)
class Line:
    """One text: where it stands, its source, its translation, and what helps."""

    context: str
    place: Place
    source: str
    pieces: Sequence[Piece]
    marks: Sequence[Piece]
    text: str
    #: The text, cut at its marks, as it will read.
    reads: Sequence[Piece]
    state: StateName
    base: str
    unfinished: bool = False
    still_right: bool = False
    problem: str = ""
    #: What changed in the source since: ("same" | "out" | "in", text); ``old`` alone when little is the same.
    old: str = ""
    changes: Sequence[tuple[str, str]] = ()
    matches: Sequence[Match] = ()
    terms: Sequence[Term] = ()
    #: What somebody else wrote meanwhile; ``text`` is then what was sent.
    theirs: str | None = None
    moved: bool = False

    @property
    def rows(self) -> int:
        """Lines of the field."""
        longest = max(len(self.source), len(self.text))
        return min(14, max(1 + longest // 60, 1 + max(self.source.count("\n"), self.text.count("\n"))))


@dataclass(frozen=True)
class Listed:
    """A part in the list beside the texts."""

    section: Section
    open: int

    @property
    def total(self) -> int:
        return len(self.section.contexts)


@dataclass(frozen=True)
class Shown:
    """The page."""

    parts: Sequence[Listed]
    section: Section
    lines: Sequence[Line]
    page: int
    pages: int
    only_open: bool


def state_labels() -> dict[StateName, str]:
    return {
        "missing": _("Not translated"), "stale": _("The source changed"), "working": _("Not finished"),
        "done": _("Done"),
    }  # fmt: skip


def show(
    session: Session,
    house: House,
    draft: Draft,
    sheet: Sheet,
    glossaries: Path,
    *,
    part: str,
    page: int,
    only_open: bool,
    outcome: Outcome | None = None,
    sent: Sequence[Sent] = (),
) -> Shown:
    """Return a page of one part; after a form that was not wholly taken, the page of that form."""
    every = sections(sheet.course)
    listed = [Listed(one, sum(sheet.state(context) != "done" for context in one.contexts)) for one in every]
    section = next((one for one in every if one.key == part), None) or _first_open(listed)
    if outcome is not None:
        names = [one.context for one in sent if one.context in sheet.source]
        pages = page = 1
    else:
        names = [c for c in section.contexts if not only_open or sheet.state(c) != "done"]
        pages = max(1, -(-len(names) // SIZE))
        page = min(max(page, 1), pages)
        names = names[(page - 1) * SIZE : page * SIZE]
    places = Places(sheet.course)
    terms = glossary(glossaries, sheet.course.source_language, sheet.language)
    same = elsewhere(session, house, draft, sheet, [c for c in names if sheet.state(c) != "done"])
    by_context = {one.context: one for one in sent}
    lines = [
        _line(sheet, context, places, terms, same.get(context, ()), by_context.get(context), outcome)
        for context in names
    ]
    return Shown(listed, section, lines, page, pages, only_open)


def _first_open(listed: Sequence[Listed]) -> Section:
    return next((one.section for one in listed if one.open), listed[0].section)


def _line(
    sheet: Sheet, context: str, places: Places, terms: Sequence[Term], matches: Sequence[Match], sent: Sent | None,
    outcome: Outcome | None,
) -> Line:  # fmt: skip
    source = sheet.source[context]
    held = sheet.held.get(context)
    state = state_of(held, source)
    text = held.text if held is not None else ""
    is_clash = outcome is not None and context in outcome.clashes
    theirs = None
    if is_clash and sent is not None:
        theirs, text = text, sent.text
    old = old_source(held, source) if held is not None and state == "stale" else ""
    whole = not text or kept(source) == kept(text)
    return Line(
        context, places.of(context), source, pieces(source), marks_of(source), text, pieces(text), state,
        mark_of(held, source),
        unfinished=sent.unfinished if is_clash and sent else state == "working" and whole,
        still_right=sent.still_right if is_clash and sent else False,
        problem="" if whole else marks_sentence(source),
        old=old, changes=tuple(word_changes(old, source)) if old else (), matches=matches,
        terms=terms_in(source, terms), theirs=theirs, moved=outcome is not None and context in outcome.moved,
    )  # fmt: skip


@dataclass(frozen=True)
class Spot:
    """Where a text is on these pages."""

    part: str
    page: int
    context: str


def next_open(sheet: Sheet, after: str | None, *, only_open: bool) -> Spot | None:
    """Return the next text that is not done after another one, in reading order, from the start again at the end."""
    every = [(one, context) for one in sections(sheet.course) for context in one.contexts]
    at = next((n for n, (_one, context) in enumerate(every) if context == after), -1)
    for one, context in [*every[at + 1 :], *every[: at + 1]]:
        if sheet.state(context) != "done":
            names = [c for c in one.contexts if not only_open or sheet.state(c) != "done"]
            return Spot(one.key, 1 + names.index(context) // SIZE, context)
    return None


def notes_of(course_places: Places, contexts: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what a translator in another tool should know of each text: where it stands, what stands beside it."""
    notes: dict[str, list[str]] = {}
    for context in contexts:
        place = course_places.of(context)
        rows = [" › ".join(place.steps)] if place.steps else []
        if place.right is not None:
            rows.append(_("This answer is right.") if place.right else _("This answer is wrong."))
        rows += [_("Beside it: %(text)s", text=one.text) for one in place.beside]
        if rows:
            notes[context] = rows
    return notes
