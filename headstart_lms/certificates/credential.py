"""Write a certificate as an Open Badges 3.0 AchievementCredential (VCDM 2.0), and nothing else: pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from .contexts import CREDENTIALS_V2, OPEN_BADGES
from .proofs import written
from .rules import AwardFacts, Holder

CEFR = "https://www.coe.int/en/web/common-european-framework-reference-languages/level-descriptions"
DEMO_NAME = "DEMO, proves nothing"
DEMO_NOTE = "This is a demonstration. It proves nothing."


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs: a centre. ``country`` is ISO 3166-1 alpha-2."""

    did: str
    name: str
    url: str
    country: str | None = None
    demo: bool = False


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """The place of a certificate in its issuer's revocation list."""

    list_url: str
    index: int


def build(
    facts: AwardFacts, holder: Holder, issuer: Issuer, status: StatusEntry, *, address: str, subject: UUID,
    awarded: datetime, issued: datetime, valid_until: datetime | None,
) -> dict[str, Any]:  # fmt: skip
    """Return the credential without proofs. ``address`` is where it can be checked, and its id.

    Prose in it is English, the language its readers share; what a verifier shows is made from the coded
    values.
    """
    title = _line(facts.title("en"))
    credential: dict[str, Any] = {
        "@context": [CREDENTIALS_V2, OPEN_BADGES],
        "id": address,
        "type": ["VerifiableCredential", "AchievementCredential"],
        "name": f"{DEMO_NAME}: {title}" if issuer.demo else title,
        "description": DEMO_NOTE if issuer.demo else "Reached before departure. " + _assessed(facts),
        "issuer": _issuer(issuer),
        "validFrom": written(issued),
        "awardedDate": written(awarded),
        "credentialSubject": {
            "id": f"urn:uuid:{subject}",
            "type": ["AchievementSubject"],
            "name": holder.passport_name,
            "identifier": [
                _identity("name", holder.passport_name),
                _identity("name", holder.own_name),
                _identity("ext:yearOfBirth", str(holder.year_of_birth)),
            ],
            "achievement": _achievement(facts, title, issuer),
            "result": _results(facts),
        },
        "evidence": [
            {
                "type": ["Evidence"], "name": "How it was assessed",
                "genre": f"assessment-{facts.assessed.mode if facts.assessed.blueprint_id else 'none'}",
                "narrative": _assessed(facts),
            },
            {
                "type": ["Evidence"], "name": "Identity",
                "genre": "identity-checked" if holder.checked_by else "identity-stated",
                **_checked(holder),
            },
        ],
        "credentialStatus": {
            "id": f"{status.list_url}#{status.index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(status.index),
            "statusListCredential": status.list_url,
        },
    }  # fmt: skip
    if valid_until is not None:
        credential["validUntil"] = written(valid_until)
    return credential


def _checked(holder: Holder) -> dict[str, str]:
    """Say who vouches for the name; ``description`` is the checking centre's name alone, for programs."""
    if holder.checked_by is None:
        return {"narrative": "The holder stated the name and the year of birth. Nobody checked a document."}
    centre = _line(holder.checked_by)
    return {"narrative": f"{centre} saw a document with this name.", "description": centre}


def _line(text: str) -> str:
    """Return a text in one line without control characters, which canonicalisers disagree about."""
    return " ".join("".join(c for c in text if c.isspace() or unicodedata.category(c) != "Cc").split())


def _issuer(issuer: Issuer) -> dict[str, Any]:
    profile: dict[str, Any] = {
        "id": issuer.did,
        "type": ["Profile"],
        "name": _line(issuer.name),
        "url": issuer.url,
    }
    if issuer.country:
        profile["address"] = {"type": ["Address"], "addressCountryCode": issuer.country}
    return profile


def _identity(kind: str, value: str) -> dict[str, Any]:
    return {"type": "IdentityObject", "hashed": False, "identityHash": value, "identityType": kind}


def _achievement(facts: AwardFacts, title: str, issuer: Issuer) -> dict[str, Any]:
    about = achievement_id(facts.course_uuid)
    tags = [f"country:{facts.country}", f"kind:{facts.kind}"]
    if facts.language:
        tags.append(f"language:{facts.language}")
    criteria = "All units of the course are done."
    if facts.assessed.blueprint_id:
        criteria += " The final test is passed."
    if facts.outcomes:
        criteria += "\n\n" + "\n".join(f"- {_line(outcome)}" for outcome in facts.outcomes)
    achievement: dict[str, Any] = {
        "id": about,
        "type": ["Achievement"],
        "achievementType": "CertificateOfCompletion",
        "name": title,
        "description": DEMO_NOTE if issuer.demo else _line(facts.title(facts.source_language)),
        "criteria": {"narrative": criteria},
        "humanCode": facts.slug,
        "version": facts.version,
        "inLanguage": facts.source_language,
        "fieldOfStudy": facts.kind,
        "tag": tags,
        "resultDescription": [
            {"id": f"{about}#{key}", "type": ["ResultDescription"], "name": name, **more}
            for key, name, more in _descriptions(facts, about)
        ],
    }
    if facts.level:
        achievement["alignment"] = [_cefr(facts.level)]
    return achievement


def achievement_id(course: UUID) -> str:
    return f"urn:uuid:{course}"


def _cefr(level: str) -> dict[str, Any]:
    return {
        "type": ["Alignment"], "targetName": f"CEFR {level}", "targetUrl": CEFR, "targetCode": level,
        "targetFramework": "Common European Framework of Reference for Languages", "targetType": "ext:CEFR",
    }  # fmt: skip


def _levels(facts: AwardFacts) -> list[tuple[str, str, str]]:
    """Return (key, name, level): overall first, then each skill."""
    if not facts.level:
        return []
    skills = [
        (f"skill-{skill}", f"CEFR level, {skill}", level) for skill, level in sorted(facts.skills.items())
    ]
    return [("level", "CEFR level, overall", facts.level), *skills]


def _descriptions(facts: AwardFacts, about: str) -> list[tuple[str, str, dict[str, Any]]]:
    described: list[tuple[str, str, dict[str, Any]]] = [
        ("status", "Completion", {"resultType": "Status"}),
        ("hours", "Hours of study", {"resultType": "ext:hours"}),
    ]
    if facts.assessed.score is not None:
        described.append(("score", "Test", {"resultType": "Percent", "valueMin": "0", "valueMax": "100"}))
    for key, name, level in _levels(facts):
        rubric = {
            "id": f"{about}#{key}-{level}", "type": ["RubricCriterionLevel"], "name": level, "level": level,
            "alignment": [_cefr(level)],
        }  # fmt: skip
        described.append(
            (key, name, {"resultType": "RubricCriterionLevel", "rubricCriterionLevel": [rubric]})
        )
    return described


def _results(facts: AwardFacts) -> list[dict[str, Any]]:
    about = achievement_id(facts.course_uuid)

    def result(key: str, **more: str) -> dict[str, Any]:
        return {"type": ["Result"], "resultDescription": f"{about}#{key}", **more}

    found = [result("status", status="Completed"), result("hours", value=f"{facts.hours:g}")]
    if facts.assessed.score is not None:
        found.append(result("score", value=f"{facts.assessed.score * 100:.0f}"))
    found += [
        result(key, value=level, achievedLevel=f"{about}#{key}-{level}")
        for key, _name, level in _levels(facts)
    ]
    return found


def _assessed(facts: AwardFacts) -> str:
    assessed = facts.assessed
    if not assessed.blueprint_id:
        return "All units were done. There was no final test."
    if assessed.mode == "supervised":
        return "The final test was taken under supervision: an examiner saw who took it."
    return "The final test was taken alone, without supervision."
