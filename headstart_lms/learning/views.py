"""The learner's pages: catalogue, course, unit, test, journey."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from flask import Blueprint, current_app, g, redirect, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from ..accounts.access import access, current_person, public, signed_in, this_person
from ..accounts.models import Person
from ..assessments import services as assessments
from ..assessments.models import Answer, Attempt
from ..certificates import services as certificates
from ..cohorts import services as cohorts
from ..cohorts.models import Enrolment
from ..courses.document import Blueprint as TestBlueprint
from ..courses.library import Book, get_course
from ..courses.models import Course as CourseRow
from ..courses.services import list_courses
from ..kernel import i18n, web
from ..kernel.clock import now, today
from ..kernel.db import session, transaction
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from ..progress import services as progress
from ..progress.rules import Standing
from . import pages, services
from .services import House

bp = Blueprint("learning", __name__)


def house() -> House:
    """Return what the services need of this application."""
    state = current_app.extensions["headstart"]
    if "hs_house" not in g:
        g.hs_house = House(state.installation, state.library, state.keyring.key("form-tokens"))
    found: House = g.hs_house
    return found


def _book(enrolment: Enrolment) -> Book:
    """Return the course of an enrolment in the language of the page, if it is offered in it."""
    return house().book_of(session(), enrolment, i18n.language())


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
        book = _book(enrolment)
        standing = progress.get_standing(session(), enrolment.id, book.course)
    award = _award(person, enrolment)
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


def _award(person: Person | None, enrolment: Enrolment | None) -> Any:
    if person is None or enrolment is None:
        return None
    awards = certificates.list_awards_of(session(), person)
    return next((award for award in awards if award.registration == enrolment.registration), None)


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
    if current_person() is None:
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
        _book(enrolment) if enrolment else house().library.book(session(), row.current_digest, i18n.language())
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
    person = current_person()
    row = get_course(session(), slug)
    enrolment = cohorts.find_enrolment(session(), person, row) if person else None
    if enrolment is None:
        house().library.book(session(), row.current_digest, i18n.language()).unit(unit_id)
        return redirect(web.url("learning.course", slug=slug), 303)
    return _unit_page(enrolment, unit_id)


def _unit_page(
    enrolment: Enrolment,
    unit_id: str,
    *,
    shown: services.Outcome | None = None,
    problem: tuple[str, str, dict[str, list[str]]] | None = None,
) -> str:
    """Render a screen; ``shown`` is a branching item under way, ``problem`` (item, sentence, given) a refused form."""
    book = _book(enrolment)
    unit = book.unit(unit_id)
    all_screens = pages.screens(unit)
    answer = _answer_asked(enrolment)
    focus = answer.item_id if answer else shown.item.id if shown else problem[0] if problem else None
    number = request.args.get("step", 1, type=int) if focus is None else pages.screen_of(unit, focus)
    number = min(max(number, 1), len(all_screens))
    screen = all_screens[number - 1]
    tokens = house().tokens(enrolment.registration)
    state = progress.get_progress(session(), enrolment.id)
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
    place = book.unit_order.index(unit_id)
    return web.render(
        "headstart/learning/unit.html", accent=book.course.kind, book=book, course=book.course, unit=unit,
        screen=screen, number=number, count=len(all_screens), questions=questions, media=pages.media_of(book),
        stops=pages.line_stops(book.course, standing, here=unit_id), place=place, standing=standing,
        expired=pages.expired_facts(book, facts, today()), following=_following(book, unit_id, number, all_screens, standing),
        before=_before(book, unit_id, number), html=_content(book, unit_id, number, screen),
    )  # fmt: skip


def _standing(book: Book, state: Any) -> Standing:
    return progress.standing(book.course, state)


def _content(book: Book, unit_id: str, number: int, screen: pages.Screen) -> str:
    """Render the blocks of a screen once for everybody: they hold nothing personal."""
    key = ("content", unit_id, number, i18n.language(), today())
    found: str | None = book.extra.get(key)
    if found is None:
        found = web.render(
            "headstart/learning/blocks.html", screen=screen, book=book, media=pages.media_of(book), today=today(),
            accent=book.course.kind,
        )  # fmt: skip
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


def _answer_asked(enrolment: Enrolment) -> Answer | None:
    """Return the answer that ``?answer=`` names, when it is this learner's."""
    try:
        answer_id = UUID(request.args.get("answer", ""))
    except ValueError:
        return None
    answer = session().get(Answer, answer_id)
    if answer is None or answer.attempt_id is None:
        return None
    attempt = session().get_one(Attempt, answer.attempt_id)
    return answer if attempt.enrolment_id == enrolment.id else None


def _form_values() -> dict[str, list[str]]:
    return {name: values for name, values in request.form.lists() if name.startswith("response")}


def _answer_id() -> UUID:
    try:
        return UUID(request.form.get("answer_id", ""))
    except ValueError:
        raise Invalid(_("This form is not complete. Load the page again and answer once more.")) from None


@bp.post("/courses/<slug>/items/<item_id>/answer")
@access(signed_in)
def answer(slug: str, item_id: str) -> Response | str | tuple[str, int]:
    """Take an answer; go on to the page that says what was right."""
    values = _form_values()
    try:
        with transaction() as current:
            outcome = services.submit_answer(
                current, house(), this_person(), slug=slug, item_id=item_id, answer_id=_answer_id(), values=values
            )
            unit_id = outcome.book.unit_of_item[item_id]
            answer_id = outcome.answer.id if outcome.answer else None
    except Invalid as error:
        if web.wants_json():
            raise
        enrolment = cohorts.get_enrolment_for(session(), this_person(), get_course(session(), slug))
        book = _book(enrolment)
        if item_id not in book.unit_of_item:
            raise
        return _unit_page(enrolment, book.unit_of_item[item_id], problem=(item_id, error.message, values)), 422
    if answer_id is None:  # a branching item goes on
        enrolment = cohorts.get_enrolment_for(session(), this_person(), get_course(session(), slug))
        return _unit_page(enrolment, unit_id, shown=outcome)
    if not outcome.is_replay:
        current_app.extensions["headstart"].after_answer(answer_id)
    address = web.url("learning.unit", slug=slug, unit_id=unit_id, answer=answer_id, _anchor=f"{item_id}-feedback")
    return redirect(address, 303)


# --- tests ---------------------------------------------------------------------------------------


@bp.get("/courses/<slug>/tests/<blueprint_id>")
@access(signed_in)
def test(slug: str, blueprint_id: str) -> str:
    """Before a test: what it asks, how long it takes, how many tries are left."""
    person = this_person()
    enrolment = cohorts.get_enrolment_for(session(), person, get_course(session(), slug))
    book = _book(enrolment)
    blueprint = _blueprint(book, blueprint_id)
    standing = progress.get_standing(session(), enrolment.id, book.course)
    return web.render(
        "headstart/learning/test.html", accent=book.course.kind, book=book, course=book.course, blueprint=blueprint,
        standing=standing, left=assessments.sittings_left(session(), enrolment, blueprint),
        sittings=assessments.list_sittings(session(), enrolment, blueprint_id),
        running=assessments.find_open_sitting(session(), enrolment, blueprint_id),
        questions=sum(draw.count for section in blueprint.sections for draw in section.draw),
        rule=pass_rule_words(blueprint),
    )  # fmt: skip


def _blueprint(book: Book, blueprint_id: str) -> TestBlueprint:
    blueprint = book.blueprints.get(blueprint_id)
    if blueprint is None:
        raise NotFound(_("This course has no such test."))
    return blueprint


def pass_rule_words(blueprint: TestBlueprint) -> list[str]:
    """Say a pass rule in words."""
    titles = {section.id: section.title.text for section in blueprint.sections}

    def say(rule: Any) -> list[str]:
        if "overall" in rule:
            return [_("%(percent)g %% of the points in all", percent=rule["overall"])]
        if "each" in rule:
            return [_("at least %(percent)g %% in each part", percent=rule["each"])]
        if "section" in rule:
            return [_("%(percent)g %% in the part: %(part)s", percent=rule["min"], part=titles[rule["section"]])]
        if "group" in rule:
            parts = ", ".join(titles[name] for name in rule["group"])
            return [_("%(percent)g %% in these parts together: %(parts)s", percent=rule["min"], parts=parts)]
        if "all" in rule:
            return [sentence for part in rule["all"] for sentence in say(part)]
        either = [" + ".join(say(part)) for part in rule.get("any", rule.get("of", []))]
        count = rule.get("atleast", 1)
        return [_("%(count)d of these: %(parts)s", count=count, parts="; ".join(either))]

    return say(blueprint.pass_rule)


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
    found: Any, *, shown: services.Outcome | None = None, problem: tuple[str, str, dict[str, list[str]]] | None = None
) -> str:
    book = house().book_of_sitting(session(), found, i18n.language())
    blueprint = book.blueprints[found.blueprint_id]
    items = assessments.drawn_items(found)
    answers = assessments.latest_answers(session(), found)
    focus = shown.item.id if shown else problem[0] if problem else None
    unanswered = [n for n, name in enumerate(items, 1) if name not in answers]
    number = items.index(focus) + 1 if focus in items else request.args.get("n", unanswered[0] if unanswered else 1, type=int)
    number = min(max(number, 1), len(items))
    item = book.bank[items[number - 1]]
    tokens = house().tokens(found.id)
    form = item.form(tokens, shown.so_far if shown else None)  # type: ignore[attr-defined]
    earlier = answers.get(item.id)
    given = pages.given_values(item, form, earlier.response if earlier else None, tokens)
    question = pages.Question(
        item, form, str(uuid4()), web.url("learning.answer_test", sitting_id=found.id, item_id=item.id),  # type: ignore[arg-type]
        is_answered=earlier is not None, given=problem[2] if problem else given, problem=problem[1] if problem else None,
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
        None, left,
    )  # fmt: skip
    return {**media, item.audio: counted}


@bp.get("/sittings/<uuid:sitting_id>/items/<item_id>/sound")
@access(signed_in)
def sound(sitting_id: UUID, item_id: str) -> Response:
    """Play the sound of a question once more, if it may still be played."""
    from ..courses.views import media as serve  # noqa: PLC0415 - the plain file behind the counter

    starts = request.headers.get("Range", "bytes=0-").startswith("bytes=0-")
    with transaction() as current:
        found = assessments.get_sitting_for(current, this_person().id, sitting_id, lock=True)
        book = house().book_of_sitting(current, found, i18n.language())
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
    response = serve(str(file.sha256), file.file)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/sittings/<uuid:sitting_id>/items/<item_id>/answer")
@access(signed_in)
def answer_test(sitting_id: UUID, item_id: str) -> Response | str | tuple[str, int]:
    """Take an answer in a test; say nothing about it, go on to the next question."""
    values = _form_values()
    try:
        with transaction() as current:
            outcome = services.submit_test_answer(
                current, house(), this_person(), sitting_id=sitting_id, item_id=item_id, answer_id=_answer_id(),
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
    book = house().book_of_sitting(session(), found, i18n.language())
    blueprint = book.blueprints[found.blueprint_id]
    answers = assessments.latest_answers(session(), found)
    tokens = house().tokens(found.id)
    enrolment = found.enrolment
    current = _book(enrolment)
    standing = progress.get_standing(session(), enrolment.id, current.course)
    award = _award(this_person(), enrolment)
    sections = []
    for section in blueprint.sections:
        questions = []
        repeat: dict[str, Any] = {}
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
            if grade is None or not grade.is_right:
                for unit in current.course.units:
                    if set(unit.outcomes) & set(item.outcomes) or (item.topic and item.topic in _topics(current, unit)):
                        repeat[unit.id] = unit
        sections.append((section, (found.sections or {}).get(section.id, 0.0), questions, list(repeat.values())[:3]))
    return web.render(
        "headstart/learning/result.html", accent=book.course.kind, book=book, course=book.course,
        blueprint=blueprint, sitting=found, sections=sections, media=pages.media_of(book), standing=standing,
        award=award, left=assessments.sittings_left(session(), enrolment, blueprint), rule=pass_rule_words(blueprint),
        missing=pages.missing(current.course, standing, has_award=award is not None,
                              has_certificate=award is not None and award.certificate is not None),
    )  # fmt: skip


def _topics(book: Book, unit: Any) -> set[str]:
    by_id = {outcome.id: outcome for outcome in book.course.outcomes}
    return {topic for name in unit.outcomes if name in by_id for topic in by_id[name].topics}


# --- my journey, help ------------------------------------------------------------------------------


@bp.get("/me")
@access(signed_in)
def journey() -> str:
    """All my courses and certificates, as one line."""
    person = this_person()
    rows = []
    awards = {award.registration: award for award in certificates.list_awards_of(session(), person)}
    for enrolment in cohorts.list_enrolments_of(session(), person):
        book = _book(enrolment)
        standing = progress.get_standing(session(), enrolment.id, book.course)
        rows.append((enrolment, book, standing, _next_step(book, standing, enrolment), awards.get(enrolment.registration)))
    return web.render("headstart/learning/journey.html", person=person, rows=rows, kinds=_kinds())


@bp.get("/help")
@access(public)
def help_page() -> str:
    """How this works, in short sentences."""
    return web.render("headstart/learning/help.html")
