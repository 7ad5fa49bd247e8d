"""The pages of tests: before, during, after."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from flask import current_app, redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, signed_in, this_person
from ..assessments import services as assessments
from ..assessments.pass_rules import pass_rule_words
from ..cohorts import services as cohorts
from ..courses.document import Blueprint as TestBlueprint
from ..courses.library import Book, get_course
from ..courses.media import send_media
from ..kernel import i18n, web
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from ..progress import services as progress
from . import pages, regrading, services
from .context import award_of, book_of, bp, form_values, house, sent_answer_id


@bp.get("/courses/<slug>/tests/<blueprint_id>")
@access(signed_in)
def test(slug: str, blueprint_id: str) -> str:
    """Before a test: what it asks, how long it takes, how many tries are left."""
    person = this_person()
    enrolment = cohorts.get_enrolment_for(session(), person, get_course(session(), slug))
    book = book_of(enrolment)
    blueprint = _blueprint(book, blueprint_id)
    standing = progress.get_standing(session(), enrolment.id, book.course)
    return web.render(
        "headstart/learning/test.html", accent=book.course.kind, book=book, course=book.course, blueprint=blueprint,
        standing=standing, left=assessments.sittings_left(session(), enrolment, blueprint),
        sittings=assessments.list_sittings(session(), enrolment, blueprint_id),
        running=assessments.find_open_sitting(session(), enrolment, blueprint_id),
        questions=sum(draw.count for section in blueprint.sections for draw in section.draw),
        rule=pass_rule_words(blueprint), is_final=blueprint.id == book.course.certificate.blueprint,
    )  # fmt: skip


def _blueprint(book: Book, blueprint_id: str) -> TestBlueprint:
    blueprint = book.blueprints.get(blueprint_id)
    if blueprint is None:
        raise NotFound(_("This course has no such test."))
    return blueprint


@bp.post("/courses/<slug>/tests/<blueprint_id>/start")
@access(signed_in)
def start_test(slug: str, blueprint_id: str) -> Response:
    """Begin a sitting, or go on with the open one."""
    with transaction() as current:
        sitting = services.start_test(current, house(), this_person(), slug, blueprint_id)
        sitting_id = sitting.id
    return redirect(web.url("learning.sitting", sitting_id=sitting_id), 303)


@bp.get("/sittings/<uuid:sitting_id>")
@access(signed_in)
def sitting(sitting_id: UUID) -> str:
    """A question of a test that runs, or the result of one that is over."""
    found = assessments.get_sitting_for(session(), this_person().id, sitting_id)
    if found.finished is None and assessments.is_over(found, now()):
        with transaction() as current:
            found = assessments.get_sitting_for(current, this_person().id, sitting_id, lock=True)
            services.close_if_over(current, house(), this_person(), found)
        found = assessments.get_sitting_for(session(), this_person().id, sitting_id)
    return _result_page(found) if found.finished is not None else _sitting_page(found)


def _sitting_page(
    found: Any,
    *,
    shown: services.Outcome | None = None,
    problem: tuple[str, str, dict[str, list[str]]] | None = None,
) -> str:
    book = house().book_of_sitting(session(), found, i18n.reading())
    blueprint = book.blueprints[found.blueprint_id]
    items = assessments.drawn_items(found)
    answers = assessments.latest_answers(session(), found)
    focus = shown.item.id if shown else problem[0] if problem else None
    unanswered = [n for n, name in enumerate(items, 1) if name not in answers]
    number = (
        items.index(focus) + 1
        if focus in items
        else request.args.get("n", unanswered[0] if unanswered else 1, type=int)
    )
    number = min(max(number, 1), len(items))
    item = book.bank[items[number - 1]]
    tokens = house().tokens(found.id)
    form = item.form(tokens, shown.so_far if shown else None)  # type: ignore[attr-defined]
    earlier = answers.get(item.id)
    given = pages.given_values(item, form, earlier.response if earlier else None, tokens)
    question = pages.Question(
        item, form, str(uuid4()), web.url("learning.answer_test", sitting_id=found.id, item_id=item.id),  # type: ignore[arg-type]
        is_answered=earlier is not None, given=problem[2] if problem else given,
        problem=problem[1] if problem else None,
    )  # fmt: skip
    section = next(s for s in blueprint.sections if item.id in found.drawn[s.id])
    return web.render(
        "headstart/learning/sitting.html", accent=book.course.kind, book=book, course=book.course,
        blueprint=blueprint, sitting=found, question=question, number=number, items=items, answers=answers,
        section=section, media=_test_media(book, found, item), unanswered=unanswered,
        seconds=max(0, int((found.deadline - now()).total_seconds())),
    )  # fmt: skip


def _test_media(book: Book, found: Any, item: Any) -> dict[str, pages.Clip]:
    """Return the media of a question; sound whose plays are limited goes through the sitting, which counts them."""
    media = pages.media_of(book)
    if item.plays is None or item.audio is None:
        return media
    clip = media[item.audio]
    left = max(0, item.plays - found.plays.get(item.id, 0))
    counted = pages.Clip(
        web.url("learning.sound", sitting_id=found.id, item_id=item.id), clip.kind, clip.alt, clip.width, clip.height,
        None, left, clip.voice,
    )  # fmt: skip
    return {**media, item.audio: counted}


@bp.get("/sittings/<uuid:sitting_id>/items/<item_id>/sound")
@access(signed_in)
def sound(sitting_id: UUID, item_id: str) -> Response:
    """Play the sound of a question once more, if it may still be played."""
    # Safari asks for two bytes first, to see whether it may ask for parts: that is no listening; whatever else is
    # asked for is, from wherever it starts
    starts = request.method == "GET" and request.headers.get("Range") != "bytes=0-1"
    with transaction() as current:
        found = assessments.get_sitting_for(current, this_person().id, sitting_id, lock=True)
        book = house().book_of_sitting(current, found, i18n.reading())
        item = book.bank.get(item_id)
        if item is None or item.audio is None or item_id not in assessments.drawn_items(found):
            raise NotFound(_("This picture or sound is not here."))
        if found.finished is not None or assessments.is_over(found, now()):
            raise Conflict(_("The test is over. Your earlier answers are kept."), "test-over")
        played = found.plays.get(item_id, 0)
        if item.plays is not None and starts:
            if played >= item.plays:
                raise Conflict(_("You have listened as often as you can."), "no-plays-left")
            found.plays = {**found.plays, item_id: played + 1}
        file = book.media[item.audio]
    response = send_media(str(file.sha256), file.file)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/sittings/<uuid:sitting_id>/items/<item_id>/answer")
@access(signed_in)
def answer_test(sitting_id: UUID, item_id: str) -> Response | str | tuple[str, int]:
    """Take an answer in a test; say nothing about it, go on to the next question."""
    values = form_values()
    try:
        with transaction() as current:
            outcome = services.submit_test_answer(
                current, house(), this_person(), sitting_id=sitting_id, item_id=item_id, answer_id=sent_answer_id(),
                values=values,
            )  # fmt: skip
            answer_id = outcome.answer.id if outcome.answer else None
            is_replay = outcome.is_replay
    except Invalid as error:
        if web.wants_json():
            raise
        found = assessments.get_sitting_for(session(), this_person().id, sitting_id)
        if found.finished is not None or item_id not in assessments.drawn_items(found):
            raise
        return _sitting_page(found, problem=(item_id, error.message, values)), 422
    except Conflict as error:
        if error.code == "test-over":
            with transaction() as current:
                found = assessments.get_sitting_for(current, this_person().id, sitting_id, lock=True)
                services.close_if_over(current, house(), this_person(), found)
        raise
    found = assessments.get_sitting_for(session(), this_person().id, sitting_id)
    if answer_id is None:
        return _sitting_page(found, shown=outcome)
    if not is_replay:
        current_app.extensions["headstart"].after_answer(answer_id)
    if found.finished is not None:
        return redirect(web.url("learning.sitting", sitting_id=sitting_id), 303)
    items = assessments.drawn_items(found)
    answers = assessments.latest_answers(session(), found)
    place = items.index(item_id)
    order = [*items[place + 1 :], *items[:place]]
    following = next((name for name in order if name not in answers), items[min(place + 1, len(items) - 1)])
    return redirect(web.url("learning.sitting", sitting_id=sitting_id, n=items.index(following) + 1), 303)


@bp.post("/sittings/<uuid:sitting_id>/finish")
@access(signed_in)
def finish_test(sitting_id: UUID) -> Response:
    """End a test before its time; what was not answered counts nothing."""
    with transaction() as current:
        found = assessments.get_sitting_for(current, this_person().id, sitting_id, lock=True)
        services.finish_test(current, house(), this_person(), found)
    return redirect(web.url("learning.sitting", sitting_id=sitting_id), 303)


def _result_page(found: Any) -> str:
    book = house().book_of_sitting(session(), found, i18n.reading())
    blueprint = book.blueprints[found.blueprint_id]
    answers = assessments.latest_answers(session(), found)
    tokens = house().tokens(found.id)
    enrolment = found.enrolment
    current = book_of(enrolment)
    again = regrading.regrades_of(session(), found)
    again_points = again[-1].questions if again else {}
    standing = progress.get_standing(session(), enrolment.id, current.course)
    award = award_of(this_person(), enrolment)
    sections = []
    for section in blueprint.sections:
        questions = []
        wrong = []
        for name in found.drawn[section.id]:
            item = book.bank[name]
            given = answers.get(name)
            form = item.form(tokens)  # type: ignore[attr-defined]
            grade = item.grade(given.response, services.lexicon_of(book)) if given else None  # type: ignore[attr-defined]
            questions.append(
                pages.Question(
                    item, form, "", "", is_answered=given is not None, grade=grade, solution=item.solution(),  # type: ignore[arg-type, attr-defined]
                    given=pages.given_values(item, form, given.response if given else None, tokens),
                )
            )  # fmt: skip
            if (grade is None or not grade.is_right) and again_points.get(name, 0.0) < 1.0:
                wrong.append(item)
        repeat = pages.units_to_repeat(current.course, wrong)
        sections.append((section, (found.sections or {}).get(section.id, 0.0), questions, repeat))
    return web.render(
        "headstart/learning/result.html", accent=book.course.kind, book=book, course=book.course,
        blueprint=blueprint, sitting=found, sections=sections,
        again=again, marked_again=again_points, media=pages.media_of(book), standing=standing,
        award=award, left=assessments.sittings_left(session(), enrolment, blueprint), rule=pass_rule_words(blueprint),
        is_final=blueprint.id == book.course.certificate.blueprint,
        missing=pages.missing(current.course, standing, has_award=award is not None,
                              has_certificate=award is not None and award.certificate is not None),
    )  # fmt: skip
