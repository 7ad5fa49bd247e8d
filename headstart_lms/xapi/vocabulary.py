"""Every IRI our statements use, and how our own activity IRIs are made. The only home of IRIs.

Verbs and activity types are those of ADL, cmi5, TLA and the Tin Can registry (docs/xapi-profile.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

# --- verbs: IRI and its English display --------------------------------------------------------

REGISTERED: Final = "http://adlnet.gov/expapi/verbs/registered"
INITIALIZED: Final = "http://adlnet.gov/expapi/verbs/initialized"
ANSWERED: Final = "http://adlnet.gov/expapi/verbs/answered"
PASSED: Final = "http://adlnet.gov/expapi/verbs/passed"
FAILED: Final = "http://adlnet.gov/expapi/verbs/failed"
COMPLETED: Final = "http://adlnet.gov/expapi/verbs/completed"
EARNED: Final = "http://id.tincanapi.com/verb/earned"
INTERACTED: Final = "http://adlnet.gov/expapi/verbs/interacted"
VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"
#: Launched content says that it is closed (cmi5 9.3.8).
TERMINATED: Final = "http://adlnet.gov/expapi/verbs/terminated"

VERB_DISPLAY: Final[dict[str, str]] = {
    REGISTERED: "registered",
    INITIALIZED: "initialized",
    ANSWERED: "answered",
    PASSED: "passed",
    FAILED: "failed",
    COMPLETED: "completed",
    EARNED: "earned",
    INTERACTED: "interacted",
    VOIDED: "voided",
}

# --- activity types ----------------------------------------------------------------------------

COURSE: Final = "http://adlnet.gov/expapi/activities/course"
UNIT: Final = "http://adlnet.gov/expapi/activities/lesson"
TEST: Final = "http://adlnet.gov/expapi/activities/assessment"
ITEM: Final = "http://adlnet.gov/expapi/activities/cmi.interaction"
WORD: Final = "http://id.tincanapi.com/activitytype/vocabulary-word"
CREDENTIAL: Final = "https://w3id.org/xapi/tla/activity-types/credential"

# --- extensions and attachments ------------------------------------------------------------------

#: Context extension: the UUID of the sitting of a test.
ATTEMPT_ID: Final = "http://id.tincanapi.com/extension/attempt-id"
SIGNATURE: Final = "http://adlnet.gov/expapi/attachments/signature"

# --- our own activities --------------------------------------------------------------------------

_ID = r"[a-z][a-z0-9-]{0,39}"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_COURSE_PATH = re.compile(rf"/courses/({_UUID})(?:/({_ID}))?", re.ASCII)
_WORD_PATH = re.compile(rf"/courses/({_UUID})/words/({_ID})", re.ASCII)
_CERTIFICATE_PATH = re.compile(rf"/certificates/({_UUID})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """What one of our IRIs names: a course, a part (unit, item or blueprint id) or a word (entry id) of it."""

    course_uuid: UUID
    part_id: str | None = None
    is_certificate: bool = False
    word_id: str | None = None


def course_iri(iri_base: str, course_uuid: UUID) -> str:
    """Return the IRI of a course; it never names an edition (DESIGN 3.2)."""
    return f"{iri_base}/courses/{course_uuid}"


def part_iri(iri_base: str, course_uuid: UUID, part_id: str) -> str:
    """Return the IRI of a unit, an item or a test of a course."""
    return f"{iri_base}/courses/{course_uuid}/{part_id}"


def word_iri(iri_base: str, course_uuid: UUID, entry_id: str) -> str:
    """Return the IRI of a word of a course; entries may have the id of a unit, so they have a place of their own."""
    return f"{iri_base}/courses/{course_uuid}/words/{entry_id}"


def certificate_iri(iri_base: str, course_uuid: UUID) -> str:
    """Return the IRI of the certificate a course leads to (the kind of thing, not one person's paper)."""
    return f"{iri_base}/certificates/{course_uuid}"


def place(iri: str, iri_base: str) -> Place | None:
    """Return what one of our IRIs names; None when it is not ours."""
    if not iri.startswith(iri_base):
        return None
    rest = iri[len(iri_base) :]
    if found := _COURSE_PATH.fullmatch(rest):
        return Place(UUID(found[1]), found[2])
    if found := _WORD_PATH.fullmatch(rest):
        return Place(UUID(found[1]), word_id=found[2])
    if found := _CERTIFICATE_PATH.fullmatch(rest):
        return Place(UUID(found[1]), is_certificate=True)
    return None
