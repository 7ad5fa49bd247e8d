"""What pages say of a certificate: words, shapes, rows of facts, in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from babel import Locale, UnknownLocaleError

from ..kernel.i18n import _, country, date, language, locale
from .errors import State
from .facts import Facts
from .models import Certificate
from .rules import pick
from .verdict import Answer, Verdict, sentence

#: How many lines of what the person can do fit on the first page of the paper.
FIRST_PAGE = 8
Shape = Literal["circle", "triangle", "octagon"]


@dataclass(frozen=True, slots=True)
class Row:
    """One fact. ``is_code``: always written from left to right. ``parts``: a list instead of a value."""

    label: str
    value: str
    is_code: bool = False
    parts: tuple[str, ...] = ()
    is_name: bool = False


_WORDS: dict[State, Callable[[], str]] = {
    "valid": lambda: _("Valid"),
    "not-yet-valid": lambda: _("Not valid yet"),
    "expired": lambda: _("Expired"),
    "suspended": lambda: _("Suspended"),
    "revoked": lambda: _("Revoked"),
    "replaced": lambda: _("Replaced"),
    "unknown": lambda: _("Unknown"),
    "altered": lambda: _("Altered"),
    "could-not-check": lambda: _("Could not be checked"),
}
_KINDS: dict[str, Callable[[], str]] = {
    "language": lambda: _("Language course"),
    "workplace": lambda: _("Course about work"),
    "rights": lambda: _("Course about rights and duties"),
    "orientation": lambda: _("Course about everyday life"),
}
_SKILLS: dict[str, Callable[[], str]] = {
    "listening": lambda: _("Listening"),
    "reading": lambda: _("Reading"),
    "interaction": lambda: _("Talking with others"),
    "production": lambda: _("Speaking"),
    "writing": lambda: _("Writing"),
    "use": lambda: _("Use of language"),
}
_ASSESSED: dict[str, Callable[[], str]] = {
    "supervised": lambda: _("The final test was taken under supervision. An examiner saw who took it."),
    "practice": lambda: _("The final test was taken alone, without supervision. Nobody saw who took it."),
    "none": lambda: _("All units were done. There was no final test."),
}
_REASONS: dict[str, Callable[[], str]] = {
    "error": lambda: _("There was a mistake in it."),
    "fraud": lambda: _("The person got it in a wrong way."),
    "holder": lambda: _("The holder asked for it."),
    "name-changed": lambda: _("The name or another fact was corrected."),
    "under-review": lambda: _("It is being looked at again."),
    "key": lambda: _("The key of the issuer was no longer safe."),
    "other": lambda: _("Ask the centre."),
}
_GIVEN: dict[str, Callable[[], str]] = {
    "code": lambda: _("Code"),
    "code-year": lambda: _("Code and year"),
    "file": lambda: _("File"),
    "qr": lambda: _("QR code"),
}
_NO = ("revoked", "replaced", "altered")
#: What stands in front of a fact; the verifier without a network has them from here too (bundle.py).
_LABELS: dict[str, Callable[[], str]] = {
    "passport-name": lambda: _("Name in the passport"),
    "own-name": lambda: _("Name in own letters"),
    "course": lambda: _("Course"),
    "course-translated": lambda: _("Course in your language"),
    "year-of-birth": lambda: _("Year of birth"),
    "name-checked": lambda: _("Name checked"),
    "kind": lambda: _("Kind"),
    "country": lambda: _("Country"),
    "language": lambda: _("Language"),
    "level": lambda: _("Level"),
    "hours": lambda: _("Hours"),
    "assessment": lambda: _("How it was assessed"),
    "score": lambda: _("Result of the test"),
    "version": lambda: _("Edition of the course"),
    "outcomes": lambda: _("What the person can do"),
    "issuer": lambda: _("Issued by"),
    "issued": lambda: _("Issued on"),
    "until": lambda: _("Valid until"),
}
_NAME_CHECKS: dict[str, Callable[[], str]] = {
    "checked": lambda: _("%(centre)s saw a document with this name."),
    "checked-by": lambda: _("The centre"),
    "stated": lambda: _("The person stated the name. Nobody checked a document."),
}
_QUESTIONS = {
    "genuine": lambda: _("Genuine"),
    "issuer": lambda: _("Issuer"),
    "time": lambda: _("Dates"),
    "standing": lambda: _("Still in force"),
}


def word(state: State) -> str:
    return _WORDS[state]()


def shape(verdict: Verdict) -> Shape:
    """Return the shape beside the word: a state must not be told by colour alone."""
    return state_shape(verdict.state, verdict.reason)


def state_shape(state: str, reason: str) -> Shape:
    """Return the shape of a state that was recorded."""
    if state == "valid":
        return "circle"
    return "octagon" if state in _NO or reason == "not-in-register" else "triangle"


def given(form: str) -> str:
    """Return what was handed in for a check, in a word."""
    return _GIVEN[form]() if form in _GIVEN else form


def reason_sentence(reason: str) -> str:
    """Return the sentence of a recorded reason; the word itself when a later version made it."""
    try:
        return sentence(reason)
    except KeyError:
        return reason


def question(name: str) -> str:
    return _QUESTIONS[name]()


def label(name: str) -> str:
    return _LABELS[name]()


def words() -> dict[str, str]:
    """Return every word that a verdict is told with, in the language of the page, by a stable key."""
    tables: dict[str, Mapping[str, Callable[[], str]]] = {
        "state": {str(state): word for state, word in _WORDS.items()}, "question": _QUESTIONS,
        "label": _LABELS, "kind": _KINDS, "skill": _SKILLS, "assessed": _ASSESSED, "name": _NAME_CHECKS,
    }  # fmt: skip
    return {f"{table}.{key}": say() for table, entries in tables.items() for key, say in entries.items()}


def kind_name(kind: str) -> str:
    return _KINDS[kind]() if kind in _KINDS else kind


def reason_text(reason: str | None) -> str | None:
    return _REASONS[reason]() if reason in _REASONS else None


def assessed_text(assessment: str | None) -> str | None:
    return _ASSESSED[assessment]() if assessment in _ASSESSED else None


def day(at: datetime | None) -> str:
    """Write a date out; empty when there is none."""
    return date(at) if at is not None else ""


def country_name(code: str) -> str:
    return country(code)


def language_name(tag: str) -> str:
    """Return a language's name in the language of the page."""
    try:
        return Locale.parse(tag.replace("-", "_")).get_display_name(locale()) or tag
    except (ValueError, UnknownLocaleError):
        return tag


def public_rows(certificate: Certificate) -> list[Row]:
    """Return what a code alone may show: kind, course, level, issuer, dates. Nothing about a person."""
    rows = [
        Row(_("Course"), pick(certificate.titles, language())),
        Row(_("Kind"), kind_name(certificate.kind)),
    ]
    if certificate.level:
        rows.append(Row(_("Level"), certificate.level, is_code=True))
    rows.append(Row(_("Issued by"), certificate.issuer_name))
    rows.append(Row(_("Issued on"), day(certificate.issued)))
    if certificate.valid_until:
        rows.append(Row(_("Valid until"), day(certificate.valid_until)))
    return rows


def signed_rows(facts: Facts, issuer: str | None, titles: dict[str, str] | None = None) -> list[Row]:
    """Return every signed fact. ``titles``: the course's titles in other languages, from our register."""
    translated = pick(titles, language()) if titles else facts.title
    course = [Row(label("course"), facts.title)]
    if translated != facts.title:
        course.append(Row(label("course-translated"), translated))
    return [
        Row(said, str(value), is_name=True)
        for said, value in (
            (label("passport-name"), facts.passport_name),
            (label("own-name"), facts.own_name),
        )
        if value
    ] + [*course, *paper_rows(facts), *_when(facts, issuer)]


def _when(facts: Facts, issuer: str | None) -> list[Row]:
    rows = [Row(label("issuer"), issuer)] if issuer else []
    return [*rows, Row(label("issued"), day(facts.valid_from)), *until_rows(facts)]


def until_rows(facts: Facts) -> list[Row]:
    return [Row(label("until"), day(facts.valid_until))] if facts.valid_until else []


def on_paper(facts: Facts) -> tuple[list[Row], tuple[str, ...]]:
    """Return the table of the paper and what stands on its second page: a long list of what the person can
    do.

    Names, title, issuer and date of issue stand beside the table.
    """
    rows = [*paper_rows(facts), *until_rows(facts)]
    if len(facts.outcomes) <= FIRST_PAGE:
        return rows, ()
    return [row for row in rows if not row.parts], facts.outcomes


def paper_rows(facts: Facts) -> list[Row]:
    """Return the facts about course, level and assessment."""
    rows: list[Row] = []

    def add(name: str, value: object, *, is_code: bool = False) -> None:
        if value not in (None, ""):
            rows.append(Row(label(name), str(value), is_code=is_code))

    add("year-of-birth", facts.year_of_birth, is_code=True)
    add("name-checked", name_check(facts))
    add("kind", kind_name(facts.kind) if facts.kind else None)
    add("country", country_name(facts.country) if facts.country else None)
    add("language", language_name(facts.language) if facts.language else None)
    add("level", facts.level, is_code=True)
    for skill, level in facts.skills.items():
        if level:
            rows.append(Row(_SKILLS[skill]() if skill in _SKILLS else skill, level, is_code=True))
    add("hours", facts.hours, is_code=True)
    add("assessment", assessed_text(facts.assessment))
    add("score", f"{facts.score} %" if facts.score else None, is_code=True)
    add("version", facts.version, is_code=True)
    if facts.outcomes:
        rows.append(Row(label("outcomes"), "", parts=facts.outcomes))
    return rows


def name_check(facts: Facts) -> str | None:
    if facts.passport_name is None:
        return None
    if facts.is_name_checked:
        return _NAME_CHECKS["checked"]() % {"centre": facts.name_checked_by or _NAME_CHECKS["checked-by"]()}
    return _NAME_CHECKS["stated"]()


def _answer(answer: Answer) -> dict[str, str]:
    """Return an answer as data; whose trust list named the issuer, and the time of a list that is too old."""
    more = {"listed_by": answer.listed_by, "list_of": answer.list_of.isoformat() if answer.list_of else None}
    return {
        "said": answer.said,
        "reason": answer.reason,
        **{name: said for name, said in more.items() if said},
    }


def receipt(verdict: Verdict, rows: Sequence[Row]) -> dict[str, object]:
    """Return a verdict as data, for programs: stable words only."""
    return {
        "state": verdict.state,
        "reason": verdict.reason,
        "demo": verdict.is_demo,
        "checked": verdict.at.isoformat(),
        "answers": {a.question: _answer(a) for a in verdict.answers},
        "facts": [{"label": row.label, "value": row.value or list(row.parts)} for row in rows],
    }
