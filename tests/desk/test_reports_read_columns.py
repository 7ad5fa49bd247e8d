"""The desk's reports read columns, in a number of queries that does not grow with the group."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import JSON, LargeBinary, Text, event, select

from headstart_lms.accounts import services as accounts
from headstart_lms.cohorts.models import Cohort
from headstart_lms.desk import services
from headstart_lms.kernel.db import Base, db, session, transaction
from headstart_lms.learning import services as learning
from tests import cast
from tests.habits.world import learn, sit_test
from tests.make import house_of

#: Columns that hold a document: no report may read one. (``value`` and ``error`` are names that others use too.)
DOCUMENTS = {
    f"{table.name}.{column.name}"
    for table in Base.metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, JSON | LargeBinary | Text)
}


@contextmanager
def asked() -> Iterator[list[str]]:
    """Collect the queries of a block."""
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield found
    event.remove(db.engine, "before_cursor_execute", note)


def reports(app: Flask) -> list[str]:
    house = house_of(app)
    session().expire_all()
    cohort = session().scalars(select(Cohort)).one()
    book = house.library.book(session(), cohort.course.current_digest, "en")
    with asked() as found:
        assert services.cohort_rows(session(), cohort, with_names=True)
        services.item_difficulty(session(), cohort.id, book)
    session().rollback()
    return found


@pytest.mark.both_databases
def test_no_report_reads_a_document_or_asks_once_more_for_each_learner(app: Flask) -> None:
    with app.app_context():
        few = reports(app)
        state, house = app.extensions["headstart"], house_of(app)
        with transaction() as current:
            cohort = current.scalars(select(Cohort)).one()
            for _ in range(5):
                person, _code = accounts.start_learner(
                    current,
                    state.keyring,
                    language="en",
                    destination="IT",
                    route="labour",
                    centre=cohort.centre,
                )
                learning.enrol(current, house, person, "tiny", language="en", cohort=cohort)
        many = reports(app)
    assert len(DOCUMENTS) > 10
    assert "lms_award.facts" in DOCUMENTS
    assert len(many) == len(few)
    for query in many:
        assert not [name for name in DOCUMENTS if name in query]


@pytest.mark.both_databases
def test_a_row_says_where_a_learner_is(app: Flask) -> None:
    with app.app_context():
        cohort = session().scalars(select(Cohort)).one()
        (before,) = services.cohort_rows(session(), cohort, with_names=True)
        assert (before.state, before.units_done, before.best_test, before.is_passed) == (
            "not-begun",
            0,
            None,
            False,
        )
        session().rollback()
        for act in (learn, sit_test):
            with transaction() as current:
                act(current, house_of(app), cast.find_person(current, "amina"))
    with app.app_context():
        cohort = session().scalars(select(Cohort)).one()
        (row,) = services.cohort_rows(session(), cohort, with_names=True)
        assert row.units_done == row.units_total == 2
        assert row.last_answer is not None
        assert row.best_test is not None
        assert (row.is_passed, row.certificate, row.award is not None) == (True, None, True)
        assert row.state == "finished"
