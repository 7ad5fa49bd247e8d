"""The desk of teachers and centre staff: groups, who is where, code cards, names seen on a document."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, current_app, make_response, redirect, request
from sqlalchemy import select
from werkzeug.wrappers import Response

from ..accounts import services as accounts
from ..accounts.access import STAFF, access, is_staff_at, staff, this_person
from ..accounts.cards import card_text, code_picture
from ..accounts.models import Centre, Grant, Person
from ..assessments.statistics import ENOUGH
from ..certificates import services as certificates
from ..cohorts import services as cohorts
from ..cohorts.models import Cohort, Enrolment
from ..courses.library import Book, get_course
from ..courses.services import list_courses
from ..kernel import i18n, web
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import LMSError, NotFound
from ..kernel.i18n import _
from ..kernel.replica import read_lagging
from ..learning import services as learning
from ..learning.context import house
from . import services
from .forms import AddLearnersForm, CohortForm, NameForm

bp = Blueprint("desk", __name__)


@bp.after_request
def keep_nowhere(response: Response) -> Response:
    """Pages about people stay in no cache: a desk is often one computer for many."""
    response.headers["Cache-Control"] = "no-store"
    return response


DESK = staff("teacher", "manager", "admin", "examiner")
MANAGERS = staff("manager", "admin")


@bp.get("/teach", endpoint="home")
@access(DESK)
def home() -> str:
    """The groups I may see."""
    person = this_person()
    counts = cohorts.count_enrolments(session())
    rows = [(cohort, counts.get(cohort.id, 0)) for cohort in cohorts.list_cohorts_for(session(), person)]
    books = {book.course.slug: book for book in _books()}
    return web.render(
        "headstart/desk/home.html", person=person, rows=rows, books=books,
        can_manage=person.has_role("manager", "admin"), writes=person.has_role("teacher", "manager", "admin"),
    )  # fmt: skip


def _books() -> list[Book]:
    return list_courses(session(), house().library, i18n.language())


@bp.get("/centre")
@access(MANAGERS)
def centre() -> Response:
    """The centre's page is the desk, where managers see all groups."""
    return redirect(web.url("desk.home"), 303)


def _centres(person: Person) -> list[Centre]:
    managed = [g.centre_id for g in person.grants if g.role in ("manager", "admin")]
    query = select(Centre).order_by(Centre.name)
    return list(session().scalars(query if None in managed else query.where(Centre.id.in_(managed))))


def _cohort_form(person: Person) -> CohortForm:
    form = CohortForm(request.form)
    centres = _centres(person)
    form.centre.choices = [(c.slug, c.name) for c in centres]
    form.course.choices = [(b.course.slug, b.course.title.text) for b in _books()]
    teachers = session().scalars(
        select(Person).join(Grant, Grant.person_id == Person.id).where(
            Grant.role == "teacher", Grant.centre_id.in_([c.id for c in centres]), Person.suspended.is_(None))
    ).unique()  # fmt: skip
    form.teacher.choices = [("", _("nobody yet")), *((str(t.uuid), t.login) for t in teachers)]
    return form


@bp.route("/centre/groups/new", methods=["GET", "POST"])
@access(MANAGERS)
def new_cohort() -> str | Response | tuple[str, int]:
    """Make a group: a course, a teacher, a name."""
    form = _cohort_form(this_person())
    if request.method == "POST" and form.validate():
        with transaction() as current:
            person = this_person()
            home = accounts.get_centre(current, form.centre.data)
            if not is_staff_at(person, home.id, "manager", "admin"):
                raise NotFound(_("There is no such centre."))
            teacher = accounts.get_person(current, UUID(form.teacher.data)) if form.teacher.data else None
            if teacher is not None and not is_staff_at(teacher, home.id, "teacher"):
                raise NotFound(_("There is no such teacher at this centre."))
            cohort = cohorts.make_cohort(
                current, centre=home, course=get_course(current, form.course.data), title=form.title.data,
                teacher=teacher,
            )  # fmt: skip
            uuid = cohort.uuid
        return redirect(web.url("desk.cohort", uuid=uuid), 303)
    page = web.render("headstart/desk/new_cohort.html", form=form)
    return page if request.method == "GET" else (page, 422)


@bp.get("/teach/groups/<uuid:uuid>")
@access(DESK)
def cohort(uuid: UUID) -> str:
    """One group: who is where, who is silent, who waits for a certificate."""
    return _cohort_page(cohorts.get_cohort_for(session(), this_person(), uuid))


def _cohort_page(found: Cohort, form: AddLearnersForm | None = None) -> str:
    person = this_person()
    can_manage = is_staff_at(person, found.centre_id, "manager", "admin")
    book = _book(found)
    form = form or _learners_form()
    rows = services.cohort_rows(session(), found, with_names=can_manage)
    states = {
        state: sum(1 for row in rows if row.state == state) for state in ("learning", "silent", "finished")
    }
    return web.render(
        "headstart/desk/cohort.html", cohort=found, rows=rows, book=book, can_manage=can_manage, form=form,
        states=states, titles=_states(),
    )  # fmt: skip


def _states() -> dict[str, tuple[str, str]]:
    return {
        "learning": (_("learning"), "accent"), "silent": (_("silent for a week"), "careful"),
        "not-begun": (_("not begun"), "accent"), "finished": (_("finished"), "right"),
        "suspended": (_("suspended"), "wrong"),
    }  # fmt: skip


def _book(found: Cohort) -> Book:
    return house().library.book(session(), found.course.current_digest, i18n.language())


def _learners_form() -> AddLearnersForm:
    form = AddLearnersForm(request.form)
    form.language.choices = list(i18n.LEARNER_LANGUAGES.items())
    return form


@bp.get("/teach/groups/<uuid:uuid>/questions")
@access(DESK)
def questions(uuid: UUID) -> str:
    """How hard the questions were for this group."""
    found = cohorts.get_cohort_for(session(), this_person(), uuid)
    book = _book(found)
    rows = read_lagging(lambda current: services.item_difficulty(current, found.id, book))
    return web.render(
        "headstart/desk/questions.html",
        cohort=found,
        rows=rows,
        book=book,
        enough=ENOUGH,
        can_manage=is_staff_at(this_person(), found.centre_id, "manager", "admin"),
    )


@bp.post("/centre/groups/<uuid:uuid>/learners")
@access(MANAGERS)
def add_learners(uuid: UUID) -> Response | tuple[str, int]:
    """Enrol new learners and show their code cards, once, to be printed and handed out."""
    form = _learners_form()
    found = cohorts.get_cohort_for(session(), this_person(), uuid)
    if not form.validate():
        return _cohort_page(found, form), 422
    codes: list[str] = []
    state = current_app.extensions["headstart"]
    with transaction() as current:
        found = cohorts.get_cohort_for(current, this_person(), uuid)
        if not is_staff_at(this_person(), found.centre_id, "manager", "admin"):
            raise NotFound(_("There is no such group."))
        for _number in range(form.count.data):
            learner, code = accounts.start_learner(
                current, state.keyring, language=form.language.data, destination=found.course.destination, route=None,
                centre=found.centre,
            )  # fmt: skip
            learning.enrol(
                current, house(), learner, found.course.slug, language=form.language.data, cohort=found
            )
            codes.append(code)
        title, language = found.title, form.language.data
    return _cards(title, codes, language)


def _cards(title: str, codes: list[str], language: str) -> Response:
    """Show code cards in the learners' language. They cannot be shown again: only digests are kept."""
    base_url = house().installation.base_url
    with i18n.in_language(language):
        cards = [(accounts.show_code(code), code_picture(base_url, code)) for code in codes]
        text, language = card_text(), i18n.language()  # what it is really written in
    response = make_response(
        web.render("headstart/desk/cards.html", title=title, cards=cards, text=text, language=language)
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/centre/learners/<uuid:person>/code")
@access(MANAGERS)
def replace_code(person: UUID) -> Response:
    """Give a learner who lost her code a new card; the old code and her devices end."""
    state = current_app.extensions["headstart"]
    with transaction() as current:
        learner = _learner_of_mine(person)
        code = accounts.replace_code(current, state.keyring, learner)
        accounts.end_sessions(current, learner)
        language = learner.language
    return _cards(_("New code"), [code], language)


def _learner_of_mine(uuid: UUID) -> Person:
    """Return a learner of a centre I manage; everybody else's is not there.

    Staff are no learners, also those without a user name: they come from the host we are mounted in.
    """
    me = this_person()
    learner = session().scalar(select(Person).where(Person.uuid == uuid))
    if (
        learner is None
        or learner.login is not None
        or learner.has_role(*STAFF)
        or not is_staff_at(me, learner.centre_id, "manager", "admin")
    ):
        raise NotFound(_("There is no such learner."))
    return learner


@bp.post("/centre/learners/<uuid:person>/suspend")
@access(MANAGERS)
def suspend(person: UUID) -> Response:
    """Shut a learner out, or let her in again; the form says which, so that a second tap undoes nothing."""
    with transaction() as current:
        learner = _learner_of_mine(person)
        if request.form.get("admit") == "yes":
            accounts.readmit(current, learner)
        else:
            accounts.suspend(current, learner)
    return redirect(web.url("desk.home"), 303)


@bp.route("/centre/learners/<uuid:person>/name", methods=["GET", "POST"])
@access(MANAGERS)
def name(person: UUID) -> str | Response | tuple[str, int]:
    """Confirm a name seen on a document; the certificate then says which centre checked it."""
    learner = _learner_of_mine(person)
    identity = learner.identity
    form = NameForm(request.form, data=None if identity is None else {
        "passport_name": identity.passport_name, "own_name": identity.own_name, "year_of_birth": identity.year_of_birth,
    })  # fmt: skip
    problem: LMSError | None = None
    if request.method == "POST" and form.validate():
        try:
            with transaction() as current:
                learner = _learner_of_mine(person)
                certificates.state_identity(
                    current, learner, passport_name=form.passport_name.data, own_name=form.own_name.data or "",
                    year_of_birth=form.year_of_birth.data, at=now(),
                )  # fmt: skip
                home = current.get_one(Centre, learner.centre_id)
                accounts.confirm_identity(current, learner, home)
            return redirect(web.url("desk.home"), 303)
        except LMSError as error:
            problem = error
    page = web.render("headstart/desk/name.html", form=form, learner=learner, problem=problem,
                      groups=_groups_of(learner))  # fmt: skip
    return page if request.method == "GET" else (page, 422)


def _groups_of(learner: Person) -> list[Cohort]:
    query = (
        select(Cohort)
        .join(Enrolment, Enrolment.cohort_id == Cohort.id)
        .where(Enrolment.person_id == learner.id)
    )
    return list(session().scalars(query))


from . import graduation as graduation  # noqa: E402 - its pages need the blueprint above
