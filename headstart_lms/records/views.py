"""Look at statements: one's own record, a learner's, and (for who runs the installation) the whole store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from ..accounts.access import access, signed_in, staff, this_person, this_visitor
from ..accounts.models import Person
from ..kernel import i18n, web
from ..kernel.clock import now
from ..kernel.db import session
from ..kernel.errors import Invalid, NotFound
from ..kernel.i18n import _
from ..lrs import browsing, panel, refusals
from ..lrs.browsing import Search
from ..lrs.credentials import client_list
from . import asking, export, services, store
from .asking import Asked
from .naming import Names

bp = Blueprint("records", __name__)

#: Lines on a learner's page, rows on an operator's.
LINES, ROWS = 25, 50


@bp.after_request
def keep_nowhere(response: Response) -> Response:
    """Pages about people stay in no cache."""
    response.headers["Cache-Control"] = "no-store"
    return response


def operator() -> None:
    """Operators: an admin of the whole installation, not of one centre."""
    if ("admin", None) not in this_visitor().grants:
        raise NotFound(_("This page does not exist."))


operator.roles = ("admin",)  # type: ignore[attr-defined]

LEARNERS_STAFF = staff("teacher", "manager", "admin")


@dataclass(frozen=True)
class Look:
    """One way to look: what is searched, what may not be told yet, and how the pages of it are addressed."""

    asked: Asked
    search: Search
    #: page, file, one: endpoints; ``at`` are the parts of their addresses.
    endpoints: tuple[str, str, str]
    at: Mapping[str, Any] = field(default_factory=dict)
    chips: list[tuple[str, str, str]] = field(default_factory=list)
    open_tests: frozenset[str] = frozenset()

    @property
    def address(self) -> str:
        return web.url(self.endpoints[0], **self.at)

    def file(self, form: str) -> str:
        """Return the address of the same statements as a file."""
        return web.url(self.endpoints[1], form=form, **self.at) + self.asked.query()

    def one(self, statement: UUID) -> str:
        return web.url(self.endpoints[2], statement=statement, **self.at)


# --- my own record -----------------------------------------------------------------------------------


@bp.get("/me/record")
@access(signed_in)
def mine() -> str | tuple[str, int]:
    """What I did, as it was noted."""
    me = this_person()
    return _list("headstart/records/mine.html", _own_look(me), limit=LINES, courses=_courses(me))


@bp.get("/me/record.<any(csv, jsonl):form>")
@access(signed_in)
def mine_file(form: str) -> Response:
    """The same as a file."""
    return _file(form, _own_look(this_person()), "my-record")


@bp.get("/me/record/<uuid:statement>")
@access(signed_in)
def mine_one(statement: UUID) -> str:
    """One line of it, as it is stored."""
    return _one(statement, _own_look(this_person()), back=_("My record"))


def _own_look(me: Person) -> Look:
    asked = Asked(request.args, PERSON_FILTERS)
    search, chips = _person_search(me, asked, tenant=None, limit_to=None)
    return Look(asked, search, ("records.mine", "records.mine_file", "records.mine_one"), {}, chips,
                services.open_sittings(session(), me))  # fmt: skip


# --- a learner's record, at the desk -------------------------------------------------------------------


@bp.get("/teach/learners/<uuid:person>/record")
@access(LEARNERS_STAFF)
def learner(person: UUID) -> str | tuple[str, int]:
    """What a learner of mine did."""
    seen = services.get_learner_for(session(), this_person(), person)
    courses = _courses(seen.person, seen.registrations)
    return _list("headstart/records/learner.html", _learner_look(seen), limit=LINES, seen=seen, courses=courses,
                 title=_title(seen))  # fmt: skip


@bp.get("/teach/learners/<uuid:person>/record.<any(csv, jsonl):form>")
@access(LEARNERS_STAFF)
def learner_file(person: UUID, form: str) -> Response:
    """The same as a file."""
    seen = services.get_learner_for(session(), this_person(), person)
    return _file(form, _learner_look(seen), "record")


@bp.get("/teach/learners/<uuid:person>/record/<uuid:statement>")
@access(LEARNERS_STAFF)
def learner_one(person: UUID, statement: UUID) -> str:
    """One line of it, as it is stored."""
    seen = services.get_learner_for(session(), this_person(), person)
    return _one(statement, _learner_look(seen), back=_title(seen))


def _learner_look(seen: services.Seen) -> Look:
    asked = Asked(request.args, PERSON_FILTERS)
    search, chips = _person_search(
        seen.person, asked, tenant=_installation().uuid, limit_to=seen.registrations
    )
    endpoints = ("records.learner", "records.learner_file", "records.learner_one")
    return Look(asked, search, endpoints, {"person": seen.person.uuid}, chips,
                services.open_sittings(session(), seen.person))  # fmt: skip


def _title(seen: services.Seen) -> str:
    if seen.name:
        return seen.name
    return _("Learner %(number)d", number=seen.number) if seen.number else _("Learner")


# --- the whole store, for who runs the installation ----------------------------------------------------


@bp.get("/centre/statements")
@access(operator)
def statements() -> str | tuple[str, int]:
    """Every statement of the installation, also what other programs sent."""
    return _list("headstart/records/store.html", _store_look(), limit=ROWS, verbs=store.verb_words(),
                 courses=store.courses(_names()), clients=_clients(), home=_installation().iri_base)  # fmt: skip


@bp.get("/centre/statements.<any(csv, jsonl):form>")
@access(operator)
def statements_file(form: str) -> Response:
    """The same as a file."""
    return _file(form, _store_look(), "statements")


@bp.get("/centre/statements/<uuid:statement>")
@access(operator)
def statements_one(statement: UUID) -> str:
    """One statement as it is stored."""
    return _one(statement, _store_look(), back=_("Statements"), clients=_clients())


@bp.get("/centre/record-store")
@access(operator)
def state() -> str:
    """How the record store is doing: what comes in, what waits, what went wrong."""
    current = session()
    return web.render(
        "headstart/records/state.html", throughput=panel.throughput(current), targets=panel.target_states(current),
        jobs=panel.job_states(current), clients=client_list(current), refused=refusals.refusal_list(current),
        counted=panel.COUNTED, now=now(),
    )  # fmt: skip


def _store_look() -> Look:
    asked = Asked(request.args, store.FILTERS)
    installation = _installation()
    search = store.search(session(), asked, tenant=installation.uuid, iri_base=installation.iri_base)
    endpoints = ("records.statements", "records.statements_file", "records.statements_one")
    return Look(asked, search, endpoints, {}, store.chips(asked, _names(), _clients()))


def _clients() -> dict[str, str]:
    """Return the names of clients by what statements call them (the name of their account)."""
    return {f"client:{one['key']}": str(one["name"]) for one in client_list(session())}


# --- what they share -----------------------------------------------------------------------------------

PERSON_FILTERS = ("course", "kind", "since", "until")


def _installation() -> Any:
    return current_app.extensions["headstart"].installation


def _names() -> Names:
    """Name things for a page, with the session of the request."""
    current = session()
    library = current_app.extensions["headstart"].library
    return Names(lambda: nullcontext(current), library, _installation().iri_base, i18n.reading())


def _courses(person: Person, limit_to: frozenset[UUID] | None = None) -> list[tuple[str, str]]:
    """Return (short name, title) of the courses a person is or was in."""
    names, found = _names(), {}
    for enrolment in services.enrolments_of(session(), person):
        if limit_to is None or enrolment.registration in limit_to:
            title = names.course(enrolment.course.uuid)
            found[enrolment.course.slug] = title.plain if title else enrolment.course.slug
    return sorted(found.items(), key=lambda pair: pair[1])


def _person_search(
    person: Person, asked: Asked, *, tenant: UUID | None, limit_to: frozenset[UUID] | None
) -> tuple[Search, list[tuple[str, str, str]]]:
    """Return the search for a person's statements and its chips; ``limit_to``: only these registrations."""
    courses = dict(_courses(person, limit_to))
    course, kind = asked.choice("course", courses), asked.choice("kind", services.KINDS)
    registrations = limit_to
    if course is not None:
        registrations = frozenset(
            one.registration for one in services.enrolments_of(session(), person)
            if one.course.slug == course and (limit_to is None or one.registration in limit_to)
        )  # fmt: skip
    search = services.person_search(
        person, _installation().iri_base, tenant=tenant, registrations=registrations,
        verbs=services.KINDS[kind] if kind else (), since=asked.day("since"), until=asked.day("until", is_end=True),
    )  # fmt: skip
    shown = {"course": courses.get(course or ""), "kind": kinds().get(kind or "")}
    return search, asking.chips(asked, person_labels(), shown)


def kinds() -> dict[str, str]:
    return {"answers": _("Answers"), "tests": _("Tests"), "finished": _("What was finished")}


def person_labels() -> dict[str, str]:
    return {"course": _("Course"), "kind": _("What"), "since": _("From"), "until": _("Until")}


def _list(template: str, look: Look, *, limit: int, **more: Any) -> str | tuple[str, int]:
    page = browsing.Page([], None)
    if not look.asked.errors:
        page = browsing.find_page(session(), look.search, limit=limit, before=look.asked.before)
    names = _names()
    lines = [services.make_line(one, names, look.open_tests) for one in page.found]
    days = [(day, list(group)) for day, group in groupby(lines, key=lambda line: line.at.date())]
    text = web.render(
        template, look=look, asked=look.asked, page=page, lines=lines, days=days, kinds=kinds(), labels=person_labels(),
        **more,
    )  # fmt: skip
    return (text, 422) if look.asked.errors else text


def _one(statement: UUID, look: Look, *, back: str, clients: Mapping[str, str] | None = None) -> str:
    found = browsing.find_one(session(), look.search, statement)
    if found is None:
        raise NotFound(_("There is no such line in this record."))
    line = services.make_line(found, _names(), look.open_tests)
    return web.render(
        "headstart/records/one.html", line=line, look=look, back=back, clients=clients or {},
        pretty=json.dumps(line.statement, ensure_ascii=False, indent=2), raw=found.payload.decode(),
    )  # fmt: skip


def _file(form: str, look: Look, name: str) -> Response:
    if look.asked.errors:
        raise Invalid(look.asked.errors[0][1])
    engine = session().get_bind()
    state = current_app.extensions["headstart"]

    def reading() -> Session:
        return Session(engine)

    names = Names(reading, state.library, state.installation.iri_base, i18n.reading())
    pieces = export.stream(
        form, reading, look.search, names, language=i18n.language(), open_tests=look.open_tests
    )
    response = current_app.response_class(pieces, content_type=export.FORMS[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response
