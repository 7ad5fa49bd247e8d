"""Who is here, and what they may do."""

from __future__ import annotations

from flask import current_app, g, request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from ..kernel import i18n
from ..kernel.access import Rule, access, credential, public
from ..kernel.db import in_transaction, session, transaction
from ..kernel.errors import NotAllowed, NotFound, SignInNeeded
from ..kernel.i18n import _
from . import services
from .models import Person
from .services import Visitor

__all__ = [
    "access", "clear_browser", "credential", "current_person", "current_visitor", "is_known", "is_staff_at",
    "load_visitor", "public", "signed_in", "staff", "this_person", "this_visitor",
]  # fmt: skip

#: Holds a new code, sealed, until it was shown.
CODE_COOKIE = "hs_code"
STAFF = ("teacher", "examiner", "manager", "officer", "admin")


def cookie_name() -> str:
    """``__Host-hs`` under https, ``hs`` on a demo instance (DESIGN 7)."""
    return "__Host-hs" if current_app.extensions["headstart"].is_secure else "hs"


def clear_browser(response: Response) -> None:
    """Make the browser forget this session and, stand-alone, all it stored (ASVS 5.0 14.3.1).

    In a host the storage is the host's too: it stays.
    """
    state = current_app.extensions["headstart"]
    response.delete_cookie(cookie_name(), path="/", secure=state.is_secure, httponly=True, samesite="Lax")
    response.delete_cookie(CODE_COOKIE)
    if not state.is_mounted:
        response.headers["Clear-Site-Data"] = '"cache", "storage"'


def find_host_id() -> str | None:
    """Return the host's id of the person signed in there; None stand-alone, or when nobody is."""
    state = current_app.extensions["headstart"]
    if not state.is_mounted:
        return None
    found = state.plugins.hook.headstart_host_person(request=request)
    return None if found is None or found == "" else str(found)


def load_visitor() -> Visitor | None:
    """Find who this request is from: the host's person when we are mounted, else our own session cookie.

    The host comes first: an older cookie of ours on a shared device must not show somebody else's record.
    """
    host_id = find_host_id()
    if host_id is not None:
        person = services.find_person_by_host(session(), host_id)
        return None if person is None else services.visitor_of(person)
    token = request.cookies.get(cookie_name())
    found = services.find_visitor(session(), token) if token else None
    if found is not None and found.is_stale:
        g.hs_touch = token
    return found


def current_visitor() -> Visitor | None:
    """Return who is here as a few columns, read once in a request; enough to decide and to show a page."""
    if "hs_visitor" not in g:
        g.hs_visitor = load_visitor()
    found: Visitor | None = g.hs_visitor
    return found


def current_person() -> Person | None:
    """Return the person of this request, or None. Suspended people are nobody."""
    visitor = current_visitor()
    person = session().get(Person, visitor.id) if visitor is not None else None
    return None if person is None or person.is_suspended else person


def is_known() -> bool:
    """Tell whether somebody is signed in, here or in the host; ``this_person`` then returns who."""
    return current_visitor() is not None or find_host_id() is not None


def this_person() -> Person:
    """Return the person of this request; raise SignInNeeded when there is none."""
    this_visitor()
    person = current_person()
    if person is None:
        raise SignInNeeded(_("Please sign in first."))
    return person


def this_visitor() -> Visitor:
    """Return who is here as a few columns; raise SignInNeeded when nobody is.

    Somebody who is signed in at the host and comes for the first time becomes a learner here.
    """
    visitor = current_visitor()
    if visitor is None:
        visitor = g.hs_visitor = _visitor_of_host()
    if visitor is None:
        raise SignInNeeded(_("Please sign in first."))
    return visitor


def _visitor_of_host() -> Visitor | None:
    """Return the host's user as a person of ours, made when new; None when there is no such user."""
    host_id = find_host_id()
    if host_id is None:
        return None
    if in_transaction():
        return _get_or_make(host_id)
    with transaction():
        return _get_or_make(host_id)


def _get_or_make(host_id: str) -> Visitor:
    """Two first requests at once make one person: the unique index decides. Raises NotAllowed when suspended."""
    current = session()
    query = select(Person).where(Person.host_id == host_id)
    person = current.scalar(query)
    if person is None:
        try:
            with current.begin_nested():
                person = services.make_person_of_host(current, host_id, language=i18n.reading())
        except IntegrityError:
            person = current.scalars(query).one()
    if person.is_suspended:
        raise NotAllowed(_("You cannot use this now. Ask your centre."))
    return services.visitor_of(person)


def signed_in() -> None:
    """Everybody who is signed in."""
    this_visitor()


def staff(*roles: str) -> Rule:
    """Return the rule: has one of these roles somewhere. Which objects, ``get_..._for(person)`` decides."""

    def rule() -> None:
        if not this_visitor().has_role(*roles):
            raise NotFound(_("This page does not exist."))

    rule.__doc__ = "Staff: " + ", ".join(roles) + "."
    rule.roles = roles  # type: ignore[attr-defined]
    return rule


def is_staff_at(person: Person, centre_id: int | None, *roles: str) -> bool:
    """Tell whether a person has one of the roles at a centre (or everywhere)."""
    return bool(person.roles_at(centre_id) & set(roles))
