"""The pages of units: a screen, the answer to a question of it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from flask import current_app, redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from ..accounts.access import access, current_visitor, public, signed_in, this_person
from ..assessments.models import Answer, Attempt
from ..courses.library import Book, get_course
from ..kernel import i18n, web
from ..kernel.clock import today
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from ..progress import services as progress
from ..progress.rules import Standing
from . import pages, services
from .context import bp, form_values, house, sent_answer_id
from .places import Place, find_place, get_place


@bp.get("/courses/<slug>/<unit_id>")
@access(public)
def unit(slug: str, unit_id: str) -> str | Response:
    """One screen of a unit: a piece of content and the questions about it."""
    visitor = current_visitor()
    place = find_place(session(), visitor.id, slug) if visitor is not None else None
    if place is None:
        row = get_course(session(), slug)
        house().library.book(session(), row.current_digest, i18n.reading()).unit(unit_id)
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
    book = house().library.book(session(), place.digest, i18n.reading())
    unit = book.unit(unit_id)
    all_screens = pages.screens(unit)
    answer = _answer_asked(place)
    focus = answer.item_id if answer else shown.item.id if shown else problem[0] if problem else None
    number = request.args.get("step", 1, type=int) if focus is None else pages.screen_of(unit, focus)
    number = min(max(number, 1), len(all_screens))
    screen = all_screens[number - 1]
    tokens = house().tokens_of(place.registration)
    state = place.progress
    questions = []
    paused = book.course.paused(today())
    for item in screen.items:
        if item.id in paused and item.id != focus:
            continue
        action = web.url("learning.answer", slug=book.course.slug, item_id=item.id)
        so_far = shown.so_far if shown is not None and shown.item.id == item.id else None
        is_answered = item.id in state.items
        if so_far is None:
            form, html = pages.blank_form(book, item, tokens)
        else:
            form, html = item.form(tokens, so_far), None
        question = pages.Question(item, form, str(uuid4()), action, is_answered=is_answered, html=html)
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
    standing = progress.standing(book.course, state)
    return web.render(
        "headstart/learning/unit.html", accent=book.course.kind, book=book, course=book.course, unit=unit,
        screen=screen, number=number, count=len(all_screens), questions=questions, media=pages.media_of(book),
        line=_line(book, standing, unit_id), place=book.unit_order.index(unit_id), standing=standing,
        expired=pages.expired_facts(book, facts, today()),
        paused=sum(1 for item in screen.items if item.id in paused),
        following=_following(book, unit_id, number, all_screens, standing),
        before=_before(book, unit_id, number), html=_content(book, unit_id, number, screen),
    )  # fmt: skip


def _line(book: Book, standing: Standing, here: str) -> Markup:
    """Draw the thin line on top of a unit; learners at the same place share the drawing."""
    kept: dict[Any, Markup] = book.extra.setdefault("lines", {})
    key = (
        here,
        i18n.language(),
        standing.next_unit,
        standing.is_test_passed,
        *(u.is_done for u in standing.units.values()),
    )
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
    key = ("content", unit_id, number, i18n.language())
    on = today()
    kept: tuple[date | None, Markup] = book.extra.get(key, (None, Markup("")))
    day, found = kept
    if day != on:  # a fact may have expired over night; one day is kept, not all
        html = web.render(
            "headstart/learning/blocks.html", screen=screen, book=book, media=pages.media_of(book), today=on,
            accent=book.course.kind,
            report_url=lambda name: web.url("learning.report", slug=book.course.slug, part_id=name),
        )  # fmt: skip
        found = Markup(html)  # noqa: S704 - our own template escaped what it wrote
        book.extra[key] = on, found
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
                current,
                house(),
                this_person(),
                slug=slug,
                item_id=item_id,
                answer_id=sent_answer_id(),
                values=values,
            )
            unit_id = outcome.book.unit_of_item[item_id]
            answer_id = outcome.answer.id if outcome.answer else None
    except Invalid as error:
        if web.wants_json():
            raise
        place = get_place(session(), this_person().id, slug)
        book = house().library.book(session(), place.digest, i18n.reading())
        if item_id not in book.unit_of_item:
            raise
        return _unit_page(place, book.unit_of_item[item_id], problem=(item_id, error.message, values)), 422
    if answer_id is None:  # a branching item goes on
        return _unit_page(get_place(session(), this_person().id, slug), unit_id, shown=outcome)
    if not outcome.is_replay:
        current_app.extensions["headstart"].after_answer(answer_id)
    address = web.url(
        "learning.unit", slug=slug, unit_id=unit_id, answer=answer_id, _anchor=f"{item_id}-feedback"
    )
    return redirect(address, 303)
