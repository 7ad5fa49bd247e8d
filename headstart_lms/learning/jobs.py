"""Tests whose time is over are closed, even when nobody looks; tests are marked again; what launched content told is
counted.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app

from ..assessments import services as assessments
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import NotFound
from ..kernel.jobs import job
from ..lrs.launches import COUNT_JOB
from . import regrading, reports, services


@job("learning.close-overdue-tests")
def close_overdue_tests(payload: dict[str, Any]) -> None:
    """Close every sitting past its deadline, each in a transaction of its own. Raises ExceptionGroup at the end."""
    state = current_app.extensions["headstart"]
    house = services.House.of(state)
    overdue = [
        (sitting.id, sitting.enrolment.person_id)
        for sitting in assessments.overdue_sittings(session(), now())
    ]
    problems: list[Exception] = []
    for sitting_id, person_id in overdue:
        try:
            _close(house, sitting_id, person_id)
        except Exception as error:  # one that cannot be closed must not keep the others open
            problems.append(error)
    if problems:
        raise ExceptionGroup("these tests could not be closed", problems)


@job(regrading.MARK_AGAIN)
def mark_again(payload: dict[str, Any]) -> None:
    """Mark the tests of a course again, each in a transaction of its own; doing it twice changes nothing."""
    house = services.House.of(current_app.extensions["headstart"])
    ways, run, digest = payload["ways"], UUID(payload["run"]), payload["digest"]
    problems: list[Exception] = []
    for sitting_id in regrading.sittings_to_mark(session(), house, payload["course"], ways, digest=digest):
        try:
            with transaction() as current:
                regrading.mark_again(
                    current,
                    house,
                    sitting_id,
                    ways,
                    run=run,
                    person_id=payload["person"],
                    digest=digest,
                    at=now(),
                )
        except Exception as error:  # one that cannot be marked must not keep the others from it
            problems.append(error)
    if problems:
        raise ExceptionGroup("these tests could not be marked again", problems)


@job(COUNT_JOB)
def count_launched(payload: dict[str, Any]) -> None:
    """Count what launched content told of an enrolment."""
    house = services.House.of(current_app.extensions["headstart"])
    with transaction() as current:
        services.count_launched(current, house, UUID(payload["registration"]))


@job(reports.FORGET)
def forget_report_texts(payload: dict[str, Any]) -> None:
    """Delete what learners wrote in reports half a year ago."""
    with transaction() as current:
        reports.forget_texts(current)


def _close(house: services.House, sitting_id: UUID, person_id: int) -> None:
    with transaction() as current:
        try:
            sitting = assessments.get_sitting_for(current, person_id, sitting_id, lock=True)
        except NotFound:  # erased since
            return
        services.close_if_over(current, house, sitting.enrolment.person, sitting)
