"""My courses: the drafts of my centre, new ones, and what is in one."""

from __future__ import annotations

from ..accounts.access import access, this_person
from ..kernel import web
from ..kernel.db import session
from . import drafts, units
from .context import AUTHORS, bp

__all__ = ["bp", "units"]


@bp.get("/teach/courses", endpoint="courses")
@access(AUTHORS)
def courses() -> str:
    """The courses my centre writes."""
    person = this_person()
    return web.render(
        "headstart/authoring/courses.html", person=person, drafts=drafts.list_drafts_for(session(), person)
    )
