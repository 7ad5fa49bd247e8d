"""The addresses of the house: they change on purpose only, with a line in the changelog.

After a change on purpose, write the list anew: ``python -m tests.habits.routes``.
"""

from __future__ import annotations

from flask import Flask

from .routes import FILE, listing


def test_the_addresses_are_those_that_were_agreed(app: Flask) -> None:
    assert listing(app) == FILE.read_text("utf-8")
