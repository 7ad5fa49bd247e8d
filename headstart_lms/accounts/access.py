"""Who is here, and what they may do."""

from __future__ import annotations

from flask import current_app, g, request

from ..kernel.access import Rule, access, credential, public
from ..kernel.db import session
from ..kernel.errors import NotFound, SignInNeeded
from ..kernel.i18n import _
from . import services
from .models import Person

__all__ = ["access", "credential", "current_person", "is_staff_at", "public", "signed_in", "staff", "this_person"]

STAFF = ("teacher", "examiner", "manager", "officer", "admin")


def cookie_name() -> str:
    """``__Host-hs`` under https, ``hs`` on a demo instance (DESIGN 7)."""
    return "__Host-hs" if current_app.extensions["headstart"].is_secure else "hs"


def load_person() -> Person | None:
    """Find who this request is from: our own session cookie, or the host's person when we are mounted."""
    state = current_app.extensions["headstart"]
    token = request.cookies.get(cookie_name())
    if token:
        found = services.find_session(session(), token)
        if found is not None:
            person, is_stale = found
            if is_stale:
                g.hs_touch = token
            return person
    if state.is_mounted:
        host_id = state.plugins.hook.headstart_host_person(request=request)
        if host_id:
            return services.find_person_by_host(session(), str(host_id))
    return None


def current_person() -> Person | None:
    """Return the person of this request, or None. Suspended people are nobody."""
    if "hs_person_id" not in g:
        person = load_person()
        g.hs_person_id = None if person is None else person.id
        return person
    if g.hs_person_id is None:
        return None
    person = session().get(Person, g.hs_person_id)
    return None if person is None or person.is_suspended else person


def this_person() -> Person:
    """Return the person of this request; raise SignInNeeded when there is none."""
    person = current_person()
    if person is None:
        raise SignInNeeded(_("Please sign in first."))
    return person


def signed_in() -> None:
    """Everybody who is signed in."""
    this_person()


def staff(*roles: str) -> Rule:
    """Return the rule: has one of these roles somewhere. Which objects, ``get_..._for(person)`` decides."""

    def rule() -> None:
        if not this_person().has_role(*roles):
            raise NotFound(_("This page does not exist."))

    rule.__doc__ = "Staff: " + ", ".join(roles) + "."
    rule.roles = roles  # type: ignore[attr-defined]
    return rule


def is_staff_at(person: Person, centre_id: int | None, *roles: str) -> bool:
    """Tell whether a person has one of the roles at a centre (or everywhere)."""
    return bool(person.roles_at(centre_id) & set(roles))
