"""The form "Something is wrong here": a page of its own, so that the lesson carries a link only."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from flask import redirect, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from ..accounts.access import access, signed_in, this_person
from ..assessments import services as assessments
from ..assessments.models import Sitting
from ..cohorts import services as cohorts
from ..cohorts.models import Enrolment
from ..courses.library import Book, get_course
from ..courses.parts import Block, ItemBase
from ..kernel import i18n, web
from ..kernel.clock import today
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from . import pages, reports
from .context import book_of, bp, house
from .reports import Place

IN_UNIT = "/courses/<slug>/report/<part_id>"
IN_TEST = "/sittings/<uuid:sitting_id>/report/<item_id>"


def kinds() -> list[tuple[str, str]]:
    return [
        ("language", _("The language: a word or a sentence is wrong, or I cannot understand it")),
        ("answer", _("The answer: what counts as right is not right")),
        ("media", _("The sound or the picture")),
        ("other", _("Something else")),
    ]


@bp.get(IN_UNIT)
@access(signed_in)
def report(slug: str, part_id: str) -> str:
    """Ask what is wrong with a part of a unit; with ``?sent`` say thank you."""
    enrolment = cohorts.get_enrolment_for(session(), this_person(), get_course(session(), slug))
    book = book_of(enrolment)
    return _page(book, reports.place_in_unit(book, part_id))


@bp.get(IN_TEST)
@access(signed_in)
def report_test(sitting_id: UUID, item_id: str) -> str:
    """Ask what is wrong with a question of a test that is over."""
    found = assessments.get_sitting_for(session(), this_person().id, sitting_id)
    book = house().book_of_sitting(session(), found, i18n.reading())
    return _page(book, reports.place_in_test(book, found, item_id))


def _page(book: Book, place: Place, problem: Invalid | None = None) -> str:
    is_item = isinstance(place.part, ItemBase)
    return web.render(
        "headstart/learning/report.html", accent=book.course.kind, book=book, course=book.course, place=place,
        kinds=kinds(), chosen=request.form.get("kind", ""), text=request.form.get("text", ""), problem=problem,
        report_id=request.form.get("report_id") or uuid4(), most=reports.MOST_CHARACTERS, back=_back(book, place),
        action=_action(book, place), is_sent="sent" in request.args, is_item=is_item,
        html="" if isinstance(place.part, ItemBase) else _looks(book, place.part),
    )  # fmt: skip


def _looks(book: Book, block: Block) -> Markup:
    """Show the block that is meant: she sees that it is the right one."""
    return web.fragment(
        "headstart/learning/blocks.html", screen=pages.Screen((block,), None, ()), book=book,
        media=pages.media_of(book), today=today(), accent=book.course.kind,
    )  # fmt: skip


def _back(book: Book, place: Place) -> str:
    if place.sitting is not None:
        return web.url("learning.sitting", sitting_id=place.sitting.id, _anchor=place.part.id)
    where = {"step": place.step} if place.step > 1 else {}
    anchor = {"_anchor": place.part.id} if isinstance(place.part, ItemBase) else {}
    return web.url("learning.unit", slug=book.course.slug, unit_id=place.unit_id, **where, **anchor)


def _action(book: Book, place: Place, **more: str) -> str:
    if place.sitting is not None:
        return web.url("learning.report_test", sitting_id=place.sitting.id, item_id=place.part.id, **more)
    return web.url("learning.report", slug=book.course.slug, part_id=place.part.id, **more)


@bp.post(IN_UNIT, endpoint="send_report")
@access(signed_in)
def send_report(slug: str, part_id: str) -> Response | tuple[str, int]:
    """Take what is wrong with a part of a unit."""
    try:
        with transaction() as current:
            enrolment = cohorts.get_enrolment_for(current, this_person(), get_course(current, slug))
            book = house().book_of(current, enrolment, i18n.reading())
            place = reports.place_in_unit(book, part_id)
            _send(enrolment, book, place)
    except Invalid as error:
        return _page(book, place, error), 422
    return redirect(_action(book, place, sent="1"), 303)


@bp.post(IN_TEST, endpoint="send_report_test")
@access(signed_in)
def send_report_test(sitting_id: UUID, item_id: str) -> Response | tuple[str, int]:
    """Take what is wrong with a question of a test."""
    try:
        with transaction() as current:
            found = assessments.get_sitting_for(current, this_person().id, sitting_id)
            book = house().book_of_sitting(current, found, i18n.reading())
            place = reports.place_in_test(book, found, item_id)
            address, enrolment = _action(book, place, sent="1"), found.enrolment
            _send(enrolment, book, place)
    except Invalid as error:
        return _refused_test(sitting_id, item_id, error), 422
    return redirect(address, 303)


def _refused_test(sitting_id: UUID, item_id: str, error: Invalid) -> str:
    found: Sitting = assessments.get_sitting_for(session(), this_person().id, sitting_id)
    book = house().book_of_sitting(session(), found, i18n.reading())
    return _page(book, reports.place_in_test(book, found, item_id), error)


def _send(enrolment: Enrolment, book: Book, place: Place) -> None:
    try:
        report_id = UUID(request.form.get("report_id", ""))
    except ValueError:
        raise Invalid(_("This form is not complete. Load the page again and answer once more.")) from None
    reports.send(
        session(), this_person(), enrolment, book, place, report_id=report_id,
        kind=request.form.get("kind", ""), text=request.form.get("text", ""),
    )  # fmt: skip


@bp.post("/courses/<slug>/reports/read")
@access(signed_in)
def reports_read(slug: str) -> Response:
    """Put away what the authors answered; the form says until when, so that a newer answer is not lost."""
    try:
        given = datetime.fromisoformat(request.form.get("shown", ""))
        shown = None if given.tzinfo is None else given.astimezone(UTC)
    except (ValueError, OverflowError):
        shown = None
    if shown is None:
        raise Invalid(_("This form is not complete. Load the page again and answer once more."))
    with transaction() as current:
        reports.mark_read(current, this_person(), slug, shown)
    return redirect(web.url("learning.course", slug=slug), 303)
