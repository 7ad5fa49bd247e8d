"""The filters of the operator's page: the words of xAPI, and lists to choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ..kernel.i18n import _
from ..lrs import terms as t
from ..lrs.browsing import Search
from ..lrs.credentials import authority_of
from ..xapi import vocabulary as v
from . import asking
from .asking import Asked
from .naming import Names
from .services import agent_key

FILTERS: Final = ("verb", "course", "activity", "registration", "actor", "client", "since", "until", "voided")
#: Whoever wrote a statement: this installation itself, or (any) other program.
OWN, OTHERS = "own", "others"
_ADL: Final = "http://adlnet.gov/expapi/verbs/"
_CMI5: Final = "https://w3id.org/xapi/adl/verbs/"


def verb_words() -> dict[str, str]:
    """Return short words for verbs: ours, and those of cmi5."""
    words = {word: iri for iri, word in v.VERB_DISPLAY.items()}
    words |= {word: _ADL + word for word in ("launched", "terminated", "experienced", "attempted")}
    words |= {word: _CMI5 + word for word in ("abandoned", "waived", "satisfied")}
    return dict(sorted(words.items()))


def search(session: Session, asked: Asked, *, tenant: UUID, iri_base: str) -> Search:
    """Return the search that the form asks for; what cannot be read stands in ``asked.errors``."""
    terms: list[frozenset[t.Key]] = []
    verb = asked.iri("verb", verb_words())
    if verb is not None:
        terms.append(frozenset({(t.VERB, verb)}))
    course = asked.uuid("course")
    if course is not None:
        terms.append(frozenset({(t.ACTIVITY, v.course_iri(iri_base, course))}))
    activity = asked.iri("activity", {})
    if activity is not None:
        terms.append(frozenset({(t.ACTIVITY, activity)}))
    registration = asked.uuid("registration")
    if registration is not None:
        terms.append(frozenset({(t.REGISTRATION, str(registration))}))
    actor = asked.uuid("actor")
    if actor is not None:
        terms.append(frozenset({agent_key(iri_base, actor)}))
    own: bool | None = None
    client = asked.values["client"]
    if client in (OWN, OTHERS):
        own = client == OWN
    elif client:
        authority = authority_of(session, client.removeprefix("client:"))
        terms.append(frozenset({(t.AUTHORITY, authority)} if authority else ()))
    voided = asked.choice("voided", ("only", "without"))
    return Search(
        tenant=tenant, terms=tuple(terms), since=asked.day("since"), until=asked.day("until", is_end=True),
        voided=None if voided is None else voided == "only", own=own,
    )  # fmt: skip


def courses(names: Names) -> list[tuple[str, str]]:
    """Return (uuid, title) of all courses, by title."""
    return sorted(((str(uuid), title) for uuid, title in names.all_courses()), key=lambda pair: pair[1])


def chips(asked: Asked, names: Names, clients: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the filters that are set, as people read them."""
    value = asked.values["client"]
    shown = {
        "client": {OWN: _("this installation"), OTHERS: _("other programs")}.get(value) or clients.get(value),
        "voided": {"only": _("only withdrawn ones"), "without": _("without withdrawn ones")}.get(
            asked.values["voided"]
        ),
        "course": dict(courses(names)).get(asked.values["course"]) if asked.values["course"] else None,
    }  # fmt: skip
    return asking.chips(asked, labels(), shown)


def labels() -> dict[str, str]:
    """Return what each filter is called."""
    return {
        "verb": _("Verb"), "course": _("Course"), "activity": _("Activity"), "registration": _("Registration"),
        "actor": _("Actor"), "client": _("Written by"), "since": _("From"), "until": _("Until"),
        "voided": _("Withdrawn"),
    }  # fmt: skip
