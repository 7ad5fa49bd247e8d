"""What a certificate says: the facts of an award and of the person, checked, without a database."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from ..courses.document import Course
from ..courses.parts import Country, Id, Kind, Language, Slug, Version
from ..kernel.errors import Invalid
from ..kernel.i18n import _
from ..kernel.languages import MARKED

#: ``practice``: on her own, nobody watched. ``supervised``: in a room, an examiner saw who sat there.
Mode = Literal["practice", "supervised"]
Level = Literal["pre-A1", "A1", "A2", "B1", "B2", "C1", "C2"]
EARLIEST_BIRTH = 1900
NAME_LENGTH = 120


class Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Assessed(Frozen):
    """How it was assessed. Without a blueprint: all units were done, no test was sat."""

    mode: Mode = "practice"
    blueprint_id: Id | None = None
    #: 0 to 1, over the whole test.
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    passed_at: datetime | None = None


class AwardFacts(Frozen):
    """What an award certifies, as it stood in the course's version at that moment."""

    course_uuid: UUID
    slug: Slug
    kind: Kind
    version: Version
    #: {language: title}; ``source_language`` is one of them.
    titles: Annotated[dict[Language, str], Field(min_length=1)]
    source_language: Language = "en"
    hours: Annotated[float, Field(gt=0, le=2000)]
    country: Country
    region: str | None = None
    #: The taught language and the level reached, of language courses only.
    language: Language | None = None
    level: Level | None = None
    #: {skill: level}, of the skills that the test measured.
    skills: dict[str, Level] = {}
    #: What she can do now, in the source language of the course.
    outcomes: tuple[str, ...] = ()
    assessed: Assessed = Assessed()
    valid_months: Annotated[int, Field(ge=1, le=240)] | None = None

    def title(self, language: str) -> str:
        """Return the title in a language, else in its base language, else in the course's own, else any."""
        return pick(self.titles, language, self.source_language)


def pick(titles: Mapping[str, str], *languages: str) -> str:
    """Return the text in the first of the languages there is, else in English, else any of them."""
    for language in (*languages, "en"):
        for tag in (language, language.split("-")[0]):
            if tag in titles:
                return titles[tag]
    return next(iter(titles.values()))


def facts_of(
    course: Course, *, titles: Mapping[str, str] | None = None, score: float | None = None,
    passed_at: datetime | None = None,
) -> AwardFacts:  # fmt: skip
    """Take from a course document what its certificate says.

    ``titles`` are the translated titles by language; the title in the document is always among them. The
    skills are those of the outcomes and of the sections of the test that the certificate asks for.
    """
    blueprint = next((b for b in course.blueprints if b.id == course.certificate.blueprint), None)
    skills: dict[str, Level] = {}
    if course.taught is not None and blueprint is not None:
        skills = {s.skill: course.taught.level for s in blueprint.sections if s.skill and s.skill != "use"}
    return AwardFacts(
        course_uuid=course.uuid, slug=course.slug, kind=course.kind, version=course.version,
        titles={**(titles or {}), course.title.lang or course.source_language: _unmarked(course.title.text)},
        source_language=course.source_language, hours=course.hours,
        country=course.destination.country, region=course.destination.region,
        language=course.taught.language if course.taught else None,
        level=course.taught.level if course.taught else None,
        skills=skills, outcomes=tuple(_unmarked(outcome.text.text) for outcome in course.outcomes),
        assessed=Assessed(
            mode=blueprint.mode if blueprint else "practice",
            blueprint_id=blueprint.id if blueprint else None,
            score=score, passed_at=passed_at,
        ),
        valid_months=course.certificate.valid_months,
    )  # fmt: skip


def _unmarked(text: str) -> str:
    """Drop the marks of words in another language: a signed text has no markup."""
    return MARKED.sub(r"\1", text)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who the certificate is about, as it will be signed. ``checked_by``: the centre that saw a document."""

    passport_name: str
    own_name: str
    year_of_birth: int
    checked_by: str | None = None


def clean_name(text: str) -> str:
    """Return a name in NFC without invisible controls; ZWJ and ZWNJ stay, Persian and Hindi names need them.

    A name may be one word, and may have any letters. Raises Invalid when nothing is left, when it is longer
    than 120 characters, or when it holds characters that no name has.
    """
    kept = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if character in "\u200c\u200d":
            kept.append(character)
        elif character.isspace():
            kept.append(" ")
        elif category[0] == "C":  # controls, bidi marks, surrogates, private use, unassigned
            continue
        else:
            kept.append(character)
    name = " ".join("".join(kept).split()).strip("\u200c\u200d ")
    if not any(unicodedata.category(character)[0] == "L" for character in name):
        raise Invalid(_("Write the name."), "name")
    if len(name) > NAME_LENGTH:
        raise Invalid(_("The name is too long. Write at most 120 letters."), "name")
    if any(character in "<>{}\\|@" for character in name):
        raise Invalid(_("Write only the name, without other signs."), "name")
    return name


def clean_passport_name(text: str) -> str:
    """Return the name as the passport's Latin line has it.

    Raises Invalid when it has letters of another script.
    """
    name = clean_name(text)
    for character in name:
        if character.isalpha() and not unicodedata.name(character, "").startswith(("LATIN", "MODIFIER")):
            raise Invalid(_("Write this name in Latin letters, as in the passport."), "passport-name")
    return name


def clean_year(year: int | None, today: date) -> int:
    """Return a year of birth that can be one. Raises Invalid."""
    if year is None or not EARLIEST_BIRTH <= year <= today.year:
        raise Invalid(_("Write the year of birth with four numbers, for example 1990."), "year")
    return year


def months_later(at: datetime, months: int) -> datetime:
    """Return the same day and time so many months later, or the last day of that month."""
    index = at.year * 12 + at.month - 1 + months
    year, month = divmod(index, 12)
    day = at.day
    while True:
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            day -= 1
