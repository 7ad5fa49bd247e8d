"""The one place that commits: all or nothing, one after the other, what follows only after the commit."""

from __future__ import annotations

import threading

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.accounts.models import Centre
from headstart_lms.kernel.db import after_commit, in_transaction, session, transaction

pytestmark = pytest.mark.both_databases


def slugs() -> set[str]:
    found = set(session().scalars(select(Centre.slug)))
    session().rollback()
    return found


def test_an_error_leaves_nothing_behind_and_calls_nobody(app: Flask) -> None:
    called: list[str] = []

    def fail_half_way() -> None:
        with transaction() as current:
            current.add(Centre(slug="half", name="Half done"))
            current.flush()
            after_commit(lambda: called.append("after"))
            raise ZeroDivisionError

    with app.app_context():
        with pytest.raises(ZeroDivisionError):
            fail_half_way()
        assert "half" not in slugs()
        assert not in_transaction()
    assert called == []


def test_what_follows_comes_after_the_commit_and_cannot_undo_it(app: Flask) -> None:
    seen: list[bool] = []

    def look() -> None:
        with app.app_context():
            seen.append("whole" in slugs())
        raise RuntimeError("a plugin fails")

    with app.app_context():
        with transaction() as current:
            current.add(Centre(slug="whole", name="Whole"))
            after_commit(look)
        assert "whole" in slugs()
    assert seen == [True]


def test_a_transaction_inside_a_transaction_is_refused(app: Flask) -> None:
    with app.app_context(), transaction():
        with pytest.raises(RuntimeError, match="open already"), transaction():
            pass
        assert in_transaction()


def test_after_commit_needs_a_transaction(app: Flask) -> None:
    with app.app_context(), pytest.raises(RuntimeError, match="needs an open transaction"):
        after_commit(lambda: None)


def test_writers_take_turns_and_none_is_lost_or_refused(app: Flask) -> None:
    writers = 8
    problems: list[Exception] = []

    def write(number: int) -> None:
        try:
            for turn in range(5):
                with app.app_context(), transaction() as current:
                    known = len(current.scalars(select(Centre.id)).all())  # a read that becomes a write
                    current.add(Centre(slug=f"w{number}-{turn}", name=str(known)))
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    with app.app_context():
        assert len([slug for slug in slugs() if slug.startswith("w")]) == writers * 5


def test_a_read_made_before_is_made_again_inside(app: Flask) -> None:
    with app.app_context():
        centre = session().scalars(select(Centre).where(Centre.slug == "north")).one()
        assert centre.name == "Centre North"

        def rename() -> None:
            with app.app_context(), transaction() as current:
                current.scalars(select(Centre).where(Centre.slug == "north")).one().name = "New name"

        other = threading.Thread(target=rename)
        other.start()
        other.join(60)
        with transaction() as current:
            assert current.scalars(select(Centre).where(Centre.slug == "north")).one().name == "New name"
