"""A verdict as data for programs: stable member names, never labels of a page. The privacy rule of DESIGN 3.5."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .asking import Outcome
from .facts import Facts
from .models import Certificate
from .rules import pick
from .trust import KnownIssuer
from .verdict import sentence


def of_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return the answer to one entry. ``certificate`` holds what may be shown: see ``shown``."""
    verdict = outcome.verdict
    found: dict[str, Any] = {
        "state": verdict.state, "reason": verdict.reason, "text": sentence(verdict.reason),
        "demo": verdict.is_demo, "checked": verdict.at.isoformat(timespec="seconds"),
        "given": outcome.entry.form,
        "answers": {a.question: {"said": a.said, "reason": a.reason} for a in verdict.answers},
        "shown": outcome.shown, "certificate": _certificate(outcome), "lists": list(outcome.lists),
    }  # fmt: skip
    record = verdict.record
    if record is not None and record.standing != "good":
        found["standing"] = {
            "since": _instant(record.since), "class": record.reason,
            "replaced_by": record.replaced_by,
        }  # fmt: skip
    return found


def _certificate(outcome: Outcome) -> dict[str, Any] | None:
    if outcome.verdict.facts is not None:
        made = _of_facts(outcome.verdict.facts, outcome.certificate)
    elif outcome.certificate is not None:
        made = _public(outcome.certificate)
    else:
        return None
    return {"code": outcome.code, **made, "issuer": _issuer(outcome.verdict.issuer)}


def _public(certificate: Certificate) -> dict[str, Any]:
    """Return what a code alone may show: kind, course, level, dates. Nothing about a person."""
    return {
        "kind": certificate.kind, "level": certificate.level,
        "course": {
            "uuid": str(certificate.course_uuid), "slug": certificate.course_slug,
            "title": pick(certificate.titles, "en"),
        },
        "issued": _instant(certificate.issued), "valid_until": _instant(certificate.valid_until),
    }  # fmt: skip


def _of_facts(facts: Facts, certificate: Certificate | None) -> dict[str, Any]:
    uuid = str(certificate.course_uuid) if certificate is not None else None
    return {
        "passport_name": facts.passport_name, "own_name": facts.own_name,
        "year_of_birth": facts.year_of_birth,
        "name_checked": facts.is_name_checked, "name_checked_by": facts.name_checked_by,
        "kind": facts.kind, "country": facts.country, "language": facts.language, "level": facts.level,
        "skills": dict(facts.skills), "hours": _number(facts.hours), "assessment": facts.assessment,
        "score": _number(facts.score), "outcomes": list(facts.outcomes),
        "course": {"uuid": uuid, "slug": facts.course, "title": facts.title, "version": facts.version},
        "issued": _instant(facts.valid_from), "awarded": _instant(facts.awarded),
        "valid_from": _instant(facts.valid_from), "valid_until": _instant(facts.valid_until),
    }  # fmt: skip


def _issuer(issuer: KnownIssuer | None) -> dict[str, Any] | None:
    if issuer is None:
        return None
    return {"did": issuer.did, "name": issuer.name, "country": issuer.country}


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
