"""The learner's pages: catalogue, course, unit, journey."""

from __future__ import annotations

from flask import redirect, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ..accounts.access import (
    access,
    current_person,
    is_known,
    public,
    signed_in,
    this_person,
)
from ..accounts.models import Person
from ..assessments import services as assessments
from ..certificates import services as certificates
from ..cohorts import services as cohorts
from ..cohorts.models import Enrolment
from ..courses.document import Entry
from ..courses.library import Book, get_course
from ..courses.models import Course as CourseRow
from ..courses.parts import Unit, VocabularyBlock
from ..courses.services import list_courses
from ..kernel import i18n, web
from ..kernel.clock import now, today
from ..kernel.db import session, transaction
from ..kernel.i18n import _
from ..kernel.replica import read_lagging
from ..progress import services as progress
from ..progress.rules import Standing
from . import moving, pages, report_views, reports, reviewing, reviews, services, sittings, units
from .context import award_of, book_of, bp, house

__all__ = ["bp", "report_views", "reviews", "sittings", "units"]  # importing them registers their pages

# --- catalogue and course ------------------------------------------------------------------------


@bp.get("/")
@access(public)
def catalogue() -> str:
    """All courses, by destination and kind."""
    person = current_person()

    def courses(current: Session) -> list[Book]:
        return list_courses(current, house().library, i18n.reading())

    books = read_lagging(courses) if person is None else courses(session())
    destination = request.args.get("to") or (person.destination if person else None)
    countries = sorted({book.course.destination.country for book in books})
    standings = _standings(person) if person else {}
    return web.render(
        "headstart/learning/catalogue.html", books=books, countries=countries, destination=destination,
        kinds=_kinds(), standings=standings, person=person,
    )  # fmt: skip


def _kinds() -> dict[str, str]:
    return {
        "language": _("Language"), "workplace": _("Work"), "rights": _("Rights and duties"),
        "orientation": _("First steps"),
    }  # fmt: skip


def _standings(person: Person) -> dict[str, tuple[int, int]]:
    """Return {slug: (units done, units)} for the courses a person is in; columns only."""
    row = progress.ProgressRow
    query = (
        select(CourseRow.slug, row.units_done, row.units_total)
        .join(Enrolment, Enrolment.course_id == CourseRow.id)
        .join(row, row.enrolment_id == Enrolment.id, isouter=True)
        .where(Enrolment.person_id == person.id, Enrolment.closed.is_(None))
    )
    return {slug: (done or 0, total or 0) for slug, done, total in session().execute(query)}


@bp.get("/courses/<slug>")
@access(public)
def course(slug: str) -> str:
    """One course: what it is, where I am, what is next, what the certificate still asks for."""
    row = get_course(session(), slug)
    person = current_person()
    enrolment = cohorts.find_enrolment(session(), person, row) if person else None
    if enrolment is None:
        book = house().library.book(session(), row.current_digest, i18n.reading())
        standing = None
    else:
        book = book_of(enrolment)
        standing = progress.get_standing(session(), enrolment.id, book.course)
    award = award_of(person, enrolment)
    if person is not None and standing is not None and standing.is_complete and award is None:
        # the last open question was paused, because its fact is over: whoever looks draws the consequence
        with transaction() as current:
            services.complete(current, house(), person, slug)
        award = award_of(person, enrolment)
    certificate = award.certificate if award else None
    missing = (
        pages.missing(
            book.course, standing, has_award=award is not None, has_certificate=certificate is not None
        )
        if standing
        else []
    )
    newer = None
    if enrolment is not None and award is None:
        edition = moving.newest_edition(session(), house(), row)
        if edition > enrolment.edition:
            newer = moving.preview(session(), house(), enrolment, edition)
    review = None
    if enrolment is not None and standing is not None and book.course.entries and standing.share:
        review = reviewing.plan_of(session(), enrolment, book, now()).waiting
    return web.render(
        "headstart/learning/course.html", accent=book.course.kind, book=book, course=book.course,
        standing=standing, words_to_review=review, newer=newer,
        stops=pages.line_stops(book.course, standing), missing=missing, kinds=_kinds(), award=award,
        certificate=certificate, person=person, next_step=_next_step(book, standing, enrolment),
        news=[] if person is None or enrolment is None else reports.news_for(session(), person.id, row.id),
        practice=[] if enrolment is None
        else pages.practice_tests(book.course, assessments.list_sittings(session(), enrolment)),
    )  # fmt: skip


def _next_step(book: Book, standing: Standing | None, enrolment: Enrolment | None) -> tuple[str, str] | None:
    """Return (text, address) of the one main button of a course that was begun: where the next open question is."""
    if standing is None or enrolment is None:
        return None
    if standing.next_unit is not None:
        title = book.units[standing.next_unit].title.text
        text = (
            _("Start: %(title)s", title=title) if not standing.share else _("Go on: %(title)s", title=title)
        )
        unit = book.units[standing.next_unit]
        settled = {*progress.get_progress(session(), enrolment.id).items, *book.course.paused(today())}
        step = next((n for n, screen in enumerate(pages.screens(unit), 1) if screen.is_open(settled)), 1)
        where = {"step": step} if step > 1 else {}
        return text, web.url("learning.unit", slug=book.course.slug, unit_id=unit.id, **where)
    if standing.blueprint is not None and not standing.is_test_passed:
        return _("To the final test"), web.url(
            "learning.test", slug=book.course.slug, blueprint_id=standing.blueprint
        )
    return None


@bp.post("/courses/<slug>/enrol")
@access(public)
def enrol(slug: str) -> Response:
    """Start a course; who has no code yet gets one first."""
    if not is_known():
        back = web.url("learning.course", slug=slug)
        return redirect(web.url("accounts.start", next=back), 303)
    with transaction() as current:
        enrolment = services.enrol(current, house(), this_person(), slug, language=i18n.reading())
        book = house().book_of(current, enrolment, i18n.reading())
        first = progress.get_standing(current, enrolment.id, book.course).next_unit or book.unit_order[0]
    return redirect(web.url("learning.unit", slug=slug, unit_id=first), 303)


@bp.post("/courses/<slug>/move")
@access(signed_in)
def move(slug: str) -> Response:
    """Go on in the newest edition of a course, with everything that was done."""
    with transaction() as current:
        row = get_course(current, slug)
        enrolment = cohorts.get_enrolment_for(current, this_person(), row, lock=True)
        moving.move(current, house(), enrolment, moving.newest_edition(current, house(), row))
    return redirect(web.url("learning.course", slug=slug), 303)


#: How many words a search shows at most.
MOST_WORDS = 60


@bp.get("/courses/<slug>/words")
@access(public)
def vocabulary(slug: str) -> str:
    """All words of a course, by unit, with a search that needs no script."""
    row = get_course(session(), slug)
    person = current_person()
    enrolment = cohorts.find_enrolment(session(), person, row) if person else None
    book = (
        book_of(enrolment)
        if enrolment
        else house().library.book(session(), row.current_digest, i18n.reading())
    )
    asked = " ".join(request.args.get("q", "").split())[:60]
    groups: list[tuple[Unit, list[Entry]]] = []
    seen: set[str] = set()
    is_cut = False
    for name in book.unit_order:
        unit = book.units[name]
        ids = [e for b in unit.blocks if isinstance(b, VocabularyBlock) for e in b.entries if e not in seen]
        seen.update(ids)
        entries = [book.entries[e] for e in ids]
        if asked:
            low = asked.casefold()
            entries = [e for e in entries if low in e.headword.casefold() or low in e.gloss.text.casefold()]
        if asked:  # one letter fits half of the words: a slow network gets as many as one looks through
            left = MOST_WORDS - sum(len(shown) for _unit, shown in groups)
            is_cut = is_cut or len(entries) > left
            entries = entries[:left]
        if entries:
            groups.append((unit, entries))
    return web.render(
        "headstart/learning/vocabulary.html", accent=book.course.kind, book=book, course=book.course, groups=groups,
        asked=asked, is_cut=is_cut, media=pages.media_of(book), total=len(book.course.entries),
    )  # fmt: skip


# --- my journey, help ------------------------------------------------------------------------------


@bp.get("/me")
@access(signed_in)
def journey() -> str:
    """All my courses and certificates, as one line."""
    person = this_person()
    rows = []
    awards = {award.registration: award for award in certificates.list_awards_of(session(), person)}
    for enrolment in cohorts.list_enrolments_of(session(), person):
        book = book_of(enrolment)
        standing = progress.get_standing(session(), enrolment.id, book.course)
        rows.append(
            (
                enrolment,
                book,
                standing,
                _next_step(book, standing, enrolment),
                awards.get(enrolment.registration),
            )
        )
    return web.render("headstart/learning/journey.html", person=person, rows=rows, kinds=_kinds())


@bp.get("/help")
@access(public)
def help_page() -> str:
    """How this works, in short sentences."""
    return web.render("headstart/learning/help.html")
