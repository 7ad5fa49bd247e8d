"""An application to publish the tiny course into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from headstart_lms.courses.library import Book, get_course
from headstart_lms.courses.models import Edition
from headstart_lms.courses.services import Published, publish
from headstart_lms.kernel.db import session, transaction

from . import tiny


@pytest.fixture
def in_app(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny course of these tests, which has another slug than the one of ``tests/make.py``."""
    written = tiny.write(tmp_path / "course")
    tiny.replace(written, "course.yaml", "slug: tiny", "slug: little")
    return written


@pytest.fixture
def publish_folder(in_app: Flask) -> Callable[[Path], Published]:
    """Return the function that publishes a folder as the command does."""
    state = in_app.extensions["headstart"]

    def run(folder: Path) -> Published:
        with transaction() as current:
            return publish(current, state.storage, state.library, tiny.check(folder))

    return run


def book(app: Flask, slug: str = "little", language: str = "en") -> Book:
    """Return what new learners get."""
    found: Book = app.extensions["headstart"].library.book(
        session(), get_course(session(), slug).current_digest, language
    )
    return found


def editions(slug: str = "little") -> list[tuple[str, str]]:
    """Return (version, digest) of everything that was published of a course."""
    course = get_course(session(), slug)
    rows = session().scalars(select(Edition).where(Edition.course_id == course.id).order_by(Edition.id))
    return [(row.version, row.digest) for row in rows]
