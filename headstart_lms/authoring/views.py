"""My courses: the drafts of my centre, a new one, one from a zip file, one that is published."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from flask import redirect, request
from werkzeug.wrappers import Response

from ..accounts.access import access, is_staff_at, this_person
from ..accounts.models import Centre, Person
from ..courses.library import get_course
from ..courses.services import list_courses
from ..kernel import i18n, web
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError, NotFound
from ..kernel.i18n import _
from . import archives, drafts, owners, publishing, starts
from .context import AUTHORS, bp, house
from .course_forms import ImportForm, NewCourseForm
from .models import Draft
from .yamltext import dump

__all__ = ["bp"]


@bp.get("/teach/courses", endpoint="courses")
@access(AUTHORS)
def courses() -> str:
    """The courses my centre writes."""
    return _courses_page()


def _courses_page() -> str:
    person, current = this_person(), session()
    rows = drafts.list_drafts_for(current, person)
    mine = {draft.id: sorted({m.role for m in draft.members if m.person_id == person.id}) for draft in rows}
    centres = drafts.centres_of(current, person)
    published = list_courses(current, house().library, i18n.language())
    led = [centre for centre in centres if is_staff_at(person, centre.id, *drafts.LEADERS)]
    return web.render(
        "headstart/authoring/courses.html", person=person, drafts=rows, mine=mine, centres=centres,
        removed=drafts.list_drafts_for(current, person, removed=True),
        versions={draft.id: publishing.last_published(current, draft) for draft in rows},
        published=[
            (book, [c for c in centres if owners.may_open(current, person, c, book.course.uuid)])
            for book in published
        ],
        led=[(centre, publishing.needs_sign_off(current, centre)) for centre in led],
    )  # fmt: skip


def _my_centre(person: Person, slug: str) -> Centre:
    """Return a centre at which the person writes courses; every other one is not there."""
    found = next((c for c in drafts.centres_of(session(), person) if c.slug == slug), None)
    if found is None:
        raise NotFound(_("There is no such centre."))
    return found


@bp.route("/teach/courses/new", methods=["GET", "POST"], endpoint="new_course")
@access(AUTHORS)
def new_course() -> str | Response | tuple[str, int]:
    """Begin a course: empty, or with a structure to fill in."""
    form = NewCourseForm(request.form)
    person = this_person()
    form.centre.choices = [(c.slug, c.name) for c in drafts.centres_of(session(), person)]
    form.start.choices = [(name, title) for name, (title, _hint) in starts.titles().items()]
    if request.method == "POST" and form.validate():
        if form.start.data == "language" and not form.taught.data:
            form.taught.errors = [_("Choose the language you teach.")]
        else:
            return _go(lambda: _begin(form))
    page = web.render("headstart/authoring/new.html", form=form, hints=starts.titles())
    return page if request.method == "GET" else (page, 422)


def _begin(form: NewCourseForm) -> Draft:
    current, person = session(), this_person()
    centre = _my_centre(person, form.centre.data)
    files = starts.begin(
        form.start.data, uuid=str(uuid4()), slug=drafts.free_slug(current, starts.slug_of(form.title.data)),
        title=form.title.data.strip(), country=form.country.data, source_language=form.source.data,
        author=centre.name, taught=form.taught.data or "", level=form.level.data,
    )  # fmt: skip
    return drafts.create_draft(current, person, centre, {path: dump(data) for path, data in files.items()})


def _go(make: Callable[[], Draft]) -> Response:
    """Make a draft in one transaction, and go to it."""
    with transaction():
        uuid = make().uuid
    return redirect(web.url("authoring.draft", draft=uuid), 303)


@bp.route("/teach/courses/import", methods=["GET", "POST"], endpoint="import_course")
@access(AUTHORS, most_bytes=archives.MOST_ZIP + 100_000)
def import_course() -> str | Response | tuple[str, int]:
    """Bring a course folder in as a zip file."""
    form = ImportForm(request.form)
    form.centre.choices = [(c.slug, c.name) for c in drafts.centres_of(session(), this_person())]
    form.how.choices = [
        ("same", _("This course: it keeps its id and its address")),
        ("copy", _("A copy: it gets an id and an address of its own")),
    ]
    problem: LMSError | None = None
    if request.method == "POST" and form.validate():
        try:
            files = sent_folder().put(house().storage)
            return _go(
                lambda: drafts.import_files(
                    session(), this_person(), _my_centre(this_person(), form.centre.data), files,
                    _("Imported"), as_copy=form.how.data == "copy",
                )
            )  # fmt: skip
        except LMSError as error:
            problem = error
    page = web.render("headstart/authoring/import.html", form=form, problem=problem)
    return page if request.method == "GET" else (page, 422 if problem is None else problem.status)


def sent_folder() -> archives.Folder:
    """Return the course folder of a sent zip file. Raises Invalid with one sentence."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid(_("Choose the zip file of a course folder."))
    try:
        return archives.read_zip(file.stream)
    finally:
        file.close()


@bp.post("/teach/courses/open", endpoint="open_course")
@access(AUTHORS)
def open_course() -> Response:
    """Write the next version of a published course, or make a copy of it."""
    return _go(_opened)


def _opened() -> Draft:
    current, person = session(), this_person()
    centre = _my_centre(person, request.form.get("centre", ""))
    row = get_course(current, request.form.get("slug", ""))
    if request.form.get("how") != "copy":
        return owners.open_published(current, house(), person, row.slug, centre)
    files = owners.files_of_published(current, house(), row).put(house().storage)
    return drafts.create_copy(current, person, centre, files, _("Copy of “%(title)s”", title=row.slug))


@bp.post("/teach/courses/sign-off", endpoint="sign_off_rule")
@access(AUTHORS)
def sign_off_rule() -> Response:
    """Say whether a centre publishes only what was signed off: for its managers."""
    with transaction() as current:
        person = this_person()
        centre = _my_centre(person, request.form.get("centre", ""))
        if not is_staff_at(person, centre.id, *drafts.LEADERS):
            raise NotFound(_("There is no such centre."))
        publishing.ask_for_sign_off(current, centre, request.form.get("wanted") == "yes")
    return redirect(web.url("authoring.courses"), 303)


from . import bank_views as bank_views  # noqa: E402
from . import blueprint_views as blueprint_views  # noqa: E402
from . import draft_views as draft_views  # noqa: E402 - their pages need the blueprint above
from . import history_views as history_views  # noqa: E402
from . import item_views as item_views  # noqa: E402
from . import media_views as media_views  # noqa: E402
from . import paste_views as paste_views  # noqa: E402
from . import picture_views as picture_views  # noqa: E402
from . import publish_views as publish_views  # noqa: E402
from . import record_views as record_views  # noqa: E402
from . import recorder_views as recorder_views  # noqa: E402
from . import regrade_views as regrade_views  # noqa: E402
from . import report_views as report_views  # noqa: E402
from . import translation_views as translation_views  # noqa: E402
from . import unit_views as unit_views  # noqa: E402
from . import word_views as word_views  # noqa: E402
