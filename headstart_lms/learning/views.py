"""The learner's pages: catalogue, course, unit, journey."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from flask import current_app, redirect, request
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response

from ..accounts.access import (
    access,
    current_person,
    current_visitor,
    is_known,
    public,
    signed_in,
    this_person,
)
from ..accounts.models import Person
from ..assessments.models import Answer, Attempt
from ..certificates import services as certificates
from ..cohorts import services as cohorts
from ..cohorts.models import Enrolment
from ..courses.library import Book, get_course
from ..courses.models import Course as CourseRow
from ..courses.services import list_courses
from ..kernel import i18n, web
from ..kernel.clock import today
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from ..progress import services as progress
from ..progress.rules import Standing
from . import pages, services, sittings
from .context import award_of, book_of, bp, form_values, house, sent_answer_id
from .places import Place, find_place, get_place

__all__ = ["bp", "sittings"]  # importing the sittings registers their pages

# --- catalogue and course ------------------------------------------------------------------------


@bp.get("/")
@access(public)
def catalogue() -> str:
    """All courses, by destination and kind."""
    books = list_courses(session(), house().library, i18n.language())
    person = current_person()
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
        book = house().library.book(session(), row.current_digest, i18n.language())
        standing = None
    else:
        book = book_of(enrolment)
        standing = progress.get_standing(session(), enrolment.id, book.course)
    award = award_of(person, enrolment)
    certificate = award.certificate if award else None
    missing = (
        pages.missing(book.course, standing, has_award=award is not None, has_certificate=certificate is not None)
        if standing
        else []
    )
    return web.render(
        "headstart/learning/course.html", accent=book.course.kind, book=book, course=book.course, standing=standing,
        stops=pages.line_stops(book.course, standing), missing=missing, kinds=_kinds(), award=award,
        certificate=certificate, person=person, next_step=_next_step(book, standing, enrolment),
    )  # fmt: skip


def _next_step(book: Book, standing: Standing | None, enrolment: Enrolment | None) -> tuple[str, str] | None:
    """Return (text, address) of the one main button of a course that was begun."""
    if standing is None or enrolment is None:
        return None
    if standing.next_unit is not None:
        title = book.units[standing.next_unit].title.text
        text = _("Start: %(title)s", title=title) if not standing.share else _("Go on: %(title)s", title=title)
        return text, web.url("learning.unit", slug=book.course.slug, unit_id=standing.next_unit)
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
        enrolment = services.enrol(current, house(), this_person(), slug, language=i18n.language())
        book = house().book_of(current, enrolment, i18n.language())
        first = progress.get_standing(current, enrolment.id, book.course).next_unit or book.unit_order[0]
    return redirect(web.url("learning.unit", slug=slug, unit_id=first), 303)


@bp.get("/courses/<slug>/words")
@access(public)
def vocabulary(slug: str) -> str:
    """All words of a course, by unit, with a search that needs no script."""
    row = get_course(session(), slug)
    person = current_person()
    enrolment = cohorts.find_enrolment(session(), person, row) if person else None
    book = (
        book_of(enrolment) if enrolment else house().library.book(session(), row.current_digest, i18n.language())
    )
    asked = " ".join(request.args.get("q", "").split())[:60]
    groups = []
    seen: set[str] = set()
    for name in book.unit_order:
        unit = book.units[name]
        ids = [e for b in unit.blocks if b.type == "vocabulary" for e in b.entries if e not in seen]  # type: ignore[attr-defined]
        seen.update(ids)
        entries = [book.entries[e] for e in ids]
        if asked:
            low = asked.casefold()
            entries = [e for e in entries if low in e.headword.casefold() or low in e.gloss.text.casefold()]
        if entries:
            groups.append((unit, entries))
    return web.render(
        "headstart/learning/vocabulary.html", accent=book.course.kind, book=book, course=book.course, groups=groups,
        asked=asked, media=pages.media_of(book), total=len(book.course.entries),
    )  # fmt: skip


# --- units ---------------------------------------------------------------------------------------


@bp.get("/courses/<slug>/<unit_id>")
@access(public)
def unit(slug: str, unit_id: str) -> str | Response:
    """One screen of a unit: a piece of content and the questions about it."""
    visitor = current_visitor()
    place = find_place(session(), visitor.id, slug) if visitor is not None else None
    if place is None:
        row = get_course(session(), slug)
        house().library.book(session(), row.current_digest, i18n.language()).unit(unit_id)
        return redirect(web.url("learning.course", slug=slug), 303)
    return _unit_page(place, unit_id)


def _unit_page(
    place: Place,
    unit_id: str,
    *,
    shown: services.Outcome | None = None,
    problem: tuple[str, str, dict[str, list[str]]] | None = None,
) -> str:
    """Render a screen; ``shown`` is a branching item under way, ``problem`` (item, sentence, given) a refused form."""
    book = house().library.book(session(), place.digest, i18n.language())
    unit = book.unit(unit_id)
    all_screens = pages.screens(unit)
    answer = _answer_asked(place)
    focus = answer.item_id if answer else shown.item.id if shown else problem[0] if problem else None
    number = request.args.get("step", 1, type=int) if focus is None else pages.screen_of(unit, focus)
    number = min(max(number, 1), len(all_screens))
    screen = all_screens[number - 1]
    tokens = house().tokens(place.registration)
    state = place.progress
    questions = []
    for item in screen.items:
        action = web.url("learning.answer", slug=book.course.slug, item_id=item.id)
        so_far = shown.so_far if shown is not None and shown.item.id == item.id else None
        form = item.form(tokens, so_far)
        question = pages.Question(item, form, str(uuid4()), action, is_answered=item.id in state.items)
        if answer is not None and answer.item_id == item.id:
            question = pages.Question(
                item, form, str(uuid4()), action, is_answered=True,
                given=pages.given_values(item, form, answer.response, tokens),
                grade=item.grade(answer.response, services.lexicon_of(book)), solution=item.solution(),
            )  # fmt: skip
        elif problem is not None and problem[0] == item.id:
            question = pages.Question(item, form, str(uuid4()), action, given=problem[2], problem=problem[1])
        questions.append(question)
    facts = [name for block in screen.blocks for name in block.facts]
    standing = _standing(book, state)
    return web.render(
        "headstart/learning/unit.html", accent=book.course.kind, book=book, course=book.course, unit=unit,
        screen=screen, number=number, count=len(all_screens), questions=questions, media=pages.media_of(book),
        line=_line(book, standing, unit_id), place=book.unit_order.index(unit_id), standing=standing,
        expired=pages.expired_facts(book, facts, today()), following=_following(book, unit_id, number, all_screens, standing),
        before=_before(book, unit_id, number), html=_content(book, unit_id, number, screen),
    )  # fmt: skip


def _standing(book: Book, state: Any) -> Standing:
    return progress.standing(book.course, state)


def _line(book: Book, standing: Standing, here: str) -> Markup:
    """Draw the thin line on top of a unit; learners at the same place share the drawing."""
    kept: dict[Any, Markup] = book.extra.setdefault("lines", {})
    key = (here, i18n.language(), standing.next_unit, standing.is_test_passed, *(u.is_done for u in standing.units.values()))
    if key not in kept:
        if len(kept) > 2000:
            kept.clear()
        kept[key] = web.fragment(
            "headstart/learning/_line.html", stops=pages.line_stops(book.course, standing, here=here),
            course=book.course, place=book.unit_order.index(here), count=len(book.unit_order),
        )  # fmt: skip
    return kept[key]


def _content(book: Book, unit_id: str, number: int, screen: pages.Screen) -> Markup:
    """Render the blocks of a screen once for everybody: they hold nothing personal."""
    key = ("content", unit_id, number, i18n.language(), today())
    found: Markup | None = book.extra.get(key)
    if found is None:
        html = web.render(
            "headstart/learning/blocks.html", screen=screen, book=book, media=pages.media_of(book), today=today(),
            accent=book.course.kind,
        )  # fmt: skip
        found = Markup(html)  # noqa: S704 - our own template escaped what it wrote
        book.extra[key] = found
    return found


def _following(
    book: Book, unit_id: str, number: int, all_screens: list[pages.Screen], standing: Standing
) -> tuple[str, str]:
    """Return (text, address) of the next step: next screen, next unit, test, course."""
    slug = book.course.slug
    if number < len(all_screens):
        return _("Go on"), web.url("learning.unit", slug=slug, unit_id=unit_id, step=number + 1)
    place = book.unit_order.index(unit_id)
    if place + 1 < len(book.unit_order):
        return _("Next unit"), web.url("learning.unit", slug=slug, unit_id=book.unit_order[place + 1])
    if standing.blueprint is not None and not standing.is_test_passed:
        return _("To the final test"), web.url("learning.test", slug=slug, blueprint_id=standing.blueprint)
    return _("Back to the course"), web.url("learning.course", slug=slug)


def _before(book: Book, unit_id: str, number: int) -> str:
    slug = book.course.slug
    if number > 1:
        return web.url("learning.unit", slug=slug, unit_id=unit_id, step=number - 1)
    return web.url("learning.course", slug=slug)


def _answer_asked(place: Place) -> Answer | None:
    """Return the answer that ``?answer=`` names, when it is this learner's."""
    try:
        answer_id = UUID(request.args.get("answer", ""))
    except ValueError:
        return None
    answer = session().get(Answer, answer_id)
    if answer is None or answer.attempt_id is None:
        return None
    attempt = session().get_one(Attempt, answer.attempt_id)
    return answer if attempt.enrolment_id == place.enrolment_id else None


@bp.post("/courses/<slug>/items/<item_id>/answer")
@access(signed_in)
def answer(slug: str, item_id: str) -> Response | str | tuple[str, int]:
    """Take an answer; go on to the page that says what was right."""
    values = form_values()
    try:
        with transaction() as current:
            outcome = services.submit_answer(
                current, house(), this_person(), slug=slug, item_id=item_id, answer_id=sent_answer_id(), values=values
            )
            unit_id = outcome.book.unit_of_item[item_id]
            answer_id = outcome.answer.id if outcome.answer else None
    except Invalid as error:
        if web.wants_json():
            raise
        place = get_place(session(), this_person().id, slug)
        book = house().library.book(session(), place.digest, i18n.language())
        if item_id not in book.unit_of_item:
            raise
        return _unit_page(place, book.unit_of_item[item_id], problem=(item_id, error.message, values)), 422
    if answer_id is None:  # a branching item goes on
        return _unit_page(get_place(session(), this_person().id, slug), unit_id, shown=outcome)
    if not outcome.is_replay:
        current_app.extensions["headstart"].after_answer(answer_id)
    address = web.url("learning.unit", slug=slug, unit_id=unit_id, answer=answer_id, _anchor=f"{item_id}-feedback")
    return redirect(address, 303)


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
        rows.append((enrolment, book, standing, _next_step(book, standing, enrolment), awards.get(enrolment.registration)))
    return web.render("headstart/learning/journey.html", person=person, rows=rows, kinds=_kinds())


@bp.get("/help")
@access(public)
def help_page() -> str:
    """How this works, in short sentences."""
    return web.render("headstart/learning/help.html")
