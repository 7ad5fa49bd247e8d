"""Read the facts of a verified credential for showing: ours in full, others as far as they agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .errors import Altered

#: What any one text of a page may measure.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Facts:
    """Every signed fact. None: the credential does not say it."""

    title: str
    valid_from: datetime
    valid_until: datetime | None = None
    awarded: datetime | None = None
    passport_name: str | None = None
    own_name: str | None = None
    year_of_birth: int | None = None
    #: The centre that saw a document; None: the holder stated the name.
    name_checked_by: str | None = None
    is_name_checked: bool = False
    kind: str | None = None
    course: str | None = None
    version: str | None = None
    country: str | None = None
    language: str | None = None
    level: str | None = None
    skills: dict[str, str] = field(default_factory=dict)
    hours: str | None = None
    #: ``supervised``, ``practice``, ``none``.
    assessment: str | None = None
    #: Per cent.
    score: str | None = None
    outcomes: tuple[str, ...] = ()


def instant(value: Any) -> datetime | None:
    """Read an XSD dateTimeStamp.

    Raises Altered for anything else: a date that is there must be understood.
    """
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 40 or "T" not in value:
        raise Altered("date")
    try:
        found = datetime.fromisoformat(value)
    except ValueError as error:
        raise Altered("date") from error
    if found.tzinfo is None:
        raise Altered("date")
    return found


def read_facts(document: dict[str, Any]) -> Facts:
    """Return the facts of a credential whose signature was verified.

    Raises Altered when it has no start date.
    """
    subject = _object(document.get("credentialSubject"))
    achievement = _object(subject.get("achievement"))
    results = _results(subject, achievement)
    names = [text for kind, text in _identities(subject) if kind == "name"]
    born = next((text for kind, text in _identities(subject) if kind == "ext:yearOfBirth"), "")
    tags = dict(
        tag.split(":", 1) for tag in _list(achievement.get("tag")) if isinstance(tag, str) and ":" in tag
    )
    evidence = {str(e.get("genre")): e for e in map(_object, _list(document.get("evidence")))}
    assessment = next((g.removeprefix("assessment-") for g in evidence if g.startswith("assessment-")), None)
    checked = evidence.get("identity-checked")
    start = instant(document.get("validFrom"))
    if start is None:
        raise Altered("date")
    narrative = _text(_object(achievement.get("criteria")).get("narrative"), 20_000) or ""
    return Facts(
        title=_text(achievement.get("name")) or _text(document.get("name")) or "",
        valid_from=start,
        valid_until=instant(document.get("validUntil")),
        awarded=instant(document.get("awardedDate")),
        passport_name=names[0] if names else _text(subject.get("name")),
        own_name=names[1] if len(names) > 1 else None,
        year_of_birth=int(born) if born.isascii() and born.isdigit() and len(born) == 4 else None,
        is_name_checked=checked is not None,
        name_checked_by=_text(checked.get("description")) if checked else None,
        kind=tags.get("kind"),
        course=_text(achievement.get("humanCode")),
        version=_text(achievement.get("version")),
        country=tags.get("country"),
        language=tags.get("language"),
        level=results.get("level"),
        skills={
            key.removeprefix("skill-"): v for key, v in sorted(results.items()) if key.startswith("skill-")
        },
        hours=results.get("hours"),
        assessment=assessment,
        score=results.get("score"),
        outcomes=tuple(line[2:] for line in narrative.split("\n") if line.startswith("- ")),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any, longest: int = _LONGEST) -> str | None:
    return value[:longest] if isinstance(value, str) and value else None


def _identities(subject: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for entry in map(_object, _list(subject.get("identifier"))):
        text = _text(entry.get("identityHash"))
        if entry.get("hashed") is False and text:
            yield str(entry.get("identityType")), text


def _results(subject: dict[str, Any], achievement: dict[str, Any]) -> dict[str, str]:
    """Return {key: value} of the results, where the key is the fragment of a description that is really
    there.
    """
    described = {str(d.get("id")) for d in map(_object, _list(achievement.get("resultDescription")))}
    found = {}
    for result in map(_object, _list(subject.get("result"))):
        about, value = result.get("resultDescription"), _text(result.get("value"))
        if isinstance(about, str) and about in described and "#" in about and value:
            found[about.rsplit("#", 1)[1]] = value
    return found
