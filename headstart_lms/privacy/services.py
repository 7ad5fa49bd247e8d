"""Erase and export a person: one plan per module, in one place."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ..accounts.models import Grant, Identity, Person, SignIn
from ..assessments.models import Answer, Attempt, Regrade, Review, Sitting
from ..authoring import privacy as authoring
from ..certificates import privacy as certificates
from ..cohorts.models import Cohort, Enrolment
from ..courses.models import Course
from ..kernel.clock import now
from ..kernel.db import after_commit, empty_log
from ..kernel.jobs import enqueue
from ..learning import reports
from ..lrs import privacy as lrs
from ..lrs.erasure import erase_actor
from ..lrs.services import statements_of
from ..progress.models import ProgressRow
from ..xapi.vocabulary import ATTEMPT_ID

#: The job that empties SQLite's log after an erasure.
EMPTY_LOG = "privacy.empty-log"

#: Tables with rows about a person, and what erasing and exporting do with them. A test compares it with the schema.
PLAN: dict[str, str] = {
    "lms_person": "deleted; exported",
    "lms_identity": "deleted; exported",
    "lms_grant": "deleted; exported as roles",
    "lms_sign_in": "deleted; only their number is exported, the tokens are secrets",
    "lms_enrolment": "deleted; exported",
    "lms_attempt": "deleted; exported with the answers",
    "lms_sitting": "deleted; exported",
    "lms_regrade": "deleted; exported with the sittings; who asked for it is emptied",
    "lms_answer": "deleted; exported",
    "lms_review": "deleted; exported",
    "lms_progress": "deleted; exported",
    "lms_cohort": "kept: a group belongs to the centre; the teacher's id is emptied",
    "lms_award": "deleted; exported",
    "lms_certificate": "name and payload deleted; code, digest, issuer, kind, course, level, dates, status kept; "
    "exported",
    "lms_check": "kept: the trail has no gaps; the links to her certificates and to her as an officer are deleted; "
    "exported",
    "lms_check_batch": "deleted with the officer, and after a day; it is about others, so it is not exported",
    "lms_check_item": "deleted with the batch",
    "lms_statement": "deleted, the ids stay as tombstones; exported",
    "lms_posting": "deleted with the statements",
    "lms_statement_ref": "deleted with the statements",
    "lms_statement_attachment": "deleted with the statements",
    "lms_attachment": "deleted when no statement is left that has it",
    "lms_term": "the actor and her registrations are deleted",
    "lms_tombstone": "kept: the ids of erased statements, so that a replay brings nothing back",
    "lms_document": "those about the actor are deleted; exported",
    "lms_log_entry": "kept: what a certificate keeps too, chained by hashes; a changed one would be found",
    "lms_batch": "its papers are made unreadable, and deleted",
    "lms_forward_outbox": "deleted: what was not sent yet is not sent",
    "lms_launch": "deleted; exported, without the hashes of the tokens",
    "lms_draft": "kept: a course belongs to the centre; who asked for its publishing is emptied; her own are exported",
    "lms_draft_member": "deleted; exported with the drafts",
    "lms_draft_revision": "kept: the history of a course; who made a revision is emptied; their number is exported",
    "lms_draft_mark": "kept: sign-offs and comments; who said it is emptied; exported",
    "lms_report": "kept: that something in a course is wrong; who said so and her words are emptied; exported",
    "lms_launched": "deleted with the statements",
}


def export(session: Session, person: Person) -> dict[str, Any]:
    """Return everything we hold about a person, as JSON-ready data; nothing about anybody else."""
    identity = person.identity
    kept = lrs.export(session, person)
    enrolments = session.execute(
        select(Enrolment, Course.slug).join(Course, Course.id == Enrolment.course_id).where(
            Enrolment.person_id == person.id)
    ).all()  # fmt: skip
    told = [_enrolment(session, enrolment, slug) for enrolment, slug in enrolments]
    return {
        "format": "headstart-person/1",
        "made": now().isoformat(),
        "person": {
            "id": str(person.uuid), "actor": str(person.actor), "language": person.language,
            "destination": person.destination, "route": person.route, "user_name": person.login,
            "created": person.created.isoformat(), "seen": person.seen.isoformat() if person.seen else None,
            "suspended": person.suspended.isoformat() if person.suspended else None,
            "roles": [{"role": g.role, "centre": g.centre.slug if g.centre else None} for g in person.grants],
            "centre": person.centre.slug if person.centre else None,
            "host_id": person.host_id,
        },
        "identity": None if identity is None else {
            "passport_name": identity.passport_name, "own_name": identity.own_name,
            "year_of_birth": identity.year_of_birth,
            "checked": identity.checked.isoformat() if identity.checked else None,
        },
        "devices": len(session.scalars(select(SignIn.id).where(SignIn.person_id == person.id)).all()),
        "enrolments": told,
        "statements": _others(session, person, kept["statements"], told),
        "documents": kept["documents"],
        "launches": kept["launches"],
        "drafts": authoring.export(session, person),
        "reports": reports.export(session, person),
        **certificates.export(session, person),
    }  # fmt: skip


def _enrolment(session: Session, enrolment: Enrolment, slug: str) -> dict[str, Any]:
    attempts = session.scalars(select(Attempt).where(Attempt.enrolment_id == enrolment.id)).all()
    sittings = session.scalars(select(Sitting).where(Sitting.enrolment_id == enrolment.id)).all()
    progress = session.get(ProgressRow, enrolment.id)
    return {
        "course": slug, "registration": str(enrolment.registration), "edition": enrolment.edition,
        "language": enrolment.language, "started": enrolment.started.isoformat(),
        "closed": enrolment.closed.isoformat() if enrolment.closed else None,
        "progress": progress.state if progress else None,
        "attempts": [
            {"unit": a.unit_id, "version": f"{a.edition}.{a.correction}", "started": a.started.isoformat(),
             "answers": _answers(session, Answer.attempt_id == a.id)}
            for a in attempts
        ],
        "tests": [
            {"test": s.blueprint_id, "number": s.number, "version": f"{s.edition}.{s.correction}",
             "started": s.started.isoformat(), "finished": s.finished.isoformat() if s.finished else None,
             "score": s.score, "passed": s.passed, "marked_again": _regrades(session, s),
             "answers": _answers(session, Answer.sitting_id == s.id, is_open=s.finished is None)}
            for s in sittings
        ],
        "reviews": [
            {"id": str(r.id), "word": r.entry_id, "rating": r.rating, "at": r.at.isoformat()}
            for r in session.scalars(select(Review).where(Review.enrolment_id == enrolment.id).order_by(Review.at))
        ],
        "statements": [
            _unmarked(one, {str(s.id) for s in sittings if s.finished is None})
            for one in statements_of(session, registration=enrolment.registration)
        ],
    }  # fmt: skip


def _others(
    session: Session, person: Person, kept: list[dict[str, Any]], told: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the statements that stand at no enrolment: withdrawn ones, and what other programs and content stored."""
    running = session.scalars(
        select(Sitting.id).join(Enrolment, Enrolment.id == Sitting.enrolment_id).where(
            Enrolment.person_id == person.id, Sitting.finished.is_(None))
    )  # fmt: skip
    open_sittings = {str(id_) for id_ in running}
    there = {one["id"]: one for enrolment in told for one in enrolment["statements"]}
    rest = (_unmarked(one, open_sittings) for one in kept)
    return [one for one in rest if there.get(one["id"]) != one]


def _unmarked(statement: dict[str, Any], open_sittings: set[str]) -> dict[str, Any]:
    """Leave out what an answer is worth while its test runs: nothing may tell before the end (DESIGN 4)."""
    sitting = statement.get("context", {}).get("extensions", {}).get(ATTEMPT_ID)
    if not isinstance(sitting, str) or sitting not in open_sittings or "result" not in statement:
        return statement
    result = {name: value for name, value in statement["result"].items() if name not in ("score", "success")}
    return {**statement, "result": result}


def _regrades(session: Session, sitting: Sitting) -> list[dict[str, Any]]:
    return [
        {"questions": r.questions, "score_before": r.score, "passed_before": r.passed, "at": r.at.isoformat()}
        for r in session.scalars(select(Regrade).where(Regrade.sitting_id == sitting.id).order_by(Regrade.id))
    ]


def _answers(session: Session, where: Any, *, is_open: bool = False) -> list[dict[str, Any]]:
    return [
        {"id": str(a.id), "item": a.item_id, "response": a.response, "score": None if is_open else a.score,
         "at": a.created.isoformat()}
        for a in session.scalars(select(Answer).where(where).order_by(Answer.created))
    ]  # fmt: skip


def erase(session: Session, person: Person) -> dict[str, int]:
    """Delete a person: name, answers, progress, statements. Certificates keep what the paper needs to verify.

    Returns how many statements and certificates it touched. What a certificate keeps: DESIGN 3.5.
    """
    after_commit(empty_log)
    enqueue(session, EMPTY_LOG, {}, key=EMPTY_LOG)  # for when somebody is reading now
    _hold(session, person)
    kept = certificates.erase(session, person)
    statements = erase_actor(session, person.actor)
    enrolments = select(Enrolment.id).where(Enrolment.person_id == person.id)
    attempts = select(Attempt.id).where(Attempt.enrolment_id.in_(enrolments))
    sittings = select(Sitting.id).where(Sitting.enrolment_id.in_(enrolments))
    # explicit, in order: a host's database may not enforce our cascades
    session.execute(delete(Answer).where(Answer.attempt_id.in_(attempts) | Answer.sitting_id.in_(sittings)))
    session.execute(delete(Regrade).where(Regrade.sitting_id.in_(sittings)))
    session.execute(update(Regrade).where(Regrade.person_id == person.id).values(person_id=None))
    session.execute(delete(Attempt).where(Attempt.enrolment_id.in_(enrolments)))
    session.execute(delete(Sitting).where(Sitting.enrolment_id.in_(enrolments)))
    session.execute(delete(Review).where(Review.enrolment_id.in_(enrolments)))
    session.execute(delete(ProgressRow).where(ProgressRow.enrolment_id.in_(enrolments)))
    session.execute(delete(Enrolment).where(Enrolment.person_id == person.id))
    session.execute(update(Cohort).where(Cohort.teacher_id == person.id).values(teacher_id=None))
    authoring.erase(session, person)
    reports.erase(session, person)
    for table in (SignIn, Grant, Identity):
        session.execute(delete(table).where(table.person_id == person.id))
    session.expire(person)
    session.execute(delete(Person).where(Person.id == person.id))
    session.expunge(person)
    return {"statements": statements, "certificates": kept}


def _hold(session: Session, person: Person) -> None:
    """Wait for what she does at this moment, and hold back the rest, in the order in which answers take their locks.

    Else an answer that has locked its enrolment and this erasure would wait for each other on PostgreSQL.
    """
    enrolments = select(Enrolment.id).where(Enrolment.person_id == person.id)
    session.execute(enrolments.order_by(Enrolment.id).with_for_update()).all()
    session.execute(delete(SignIn).where(SignIn.person_id == person.id))
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update()).all()
