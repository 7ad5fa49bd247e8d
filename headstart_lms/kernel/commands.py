"""What every command of ours shares: an application when it needs one, exit codes, quiet progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import click
from flask import Flask, has_app_context
from flask.cli import ScriptInfo
from sqlalchemy.exc import OperationalError, ProgrammingError

from . import migrate
from .db import db, session
from .errors import LMSError, NotReady

F = TypeVar("F", bound=Callable[..., Any])

#: Set by ``headstart_lms.cli``: makes the stand-alone application for commands run outside ``flask``.
app_factory: list[Callable[[], Flask]] = []


def with_app(command: F) -> F:
    """Run a command inside the application: Flask's when run as ``flask headstart``, else our own."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        if has_app_context():
            with _database_explained():
                return command(*args, **kwargs)
        with _find_app().app_context(), _database_explained():
            return command(*args, **kwargs)

    return run  # type: ignore[return-value]


@contextmanager
def _database_explained() -> Iterator[None]:
    """Say what an operator can do when the database is away or its tables are of another version."""
    try:
        yield
    except (OperationalError, ProgrammingError) as error:
        session().rollback()
        try:
            found = migrate.current(db.engine)
        except (OperationalError, ProgrammingError):
            raise NotReady(
                "The database does not answer. Look at HEADSTART_DATABASE_URL and whether it runs."
            ) from error
        if found == migrate.head():
            raise
        if found is None:
            raise NotReady("This installation has no tables yet. Run 'headstart init'.") from error
        raise NotReady(
            f"The tables are of revision {found}, this program needs {migrate.head()}. Run 'headstart init'."
        ) from error


def _find_app() -> Flask:
    """Return the application `flask` found, else our own. (Flask loads it late for commands of installed packages.)"""
    flask = click.get_current_context().find_object(ScriptInfo)
    return app_factory[-1]() if flask is None else flask.load_app()


class Commands(click.Group):
    """A group whose commands say what they refuse in one line on stderr and exit with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LMSError as error:
            click.echo(f"headstart: {error.message}", err=True)
            ctx.exit(1)


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, ensure_ascii=False, indent=2, default=str))


def print_table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """Print rows under a header, columns as wide as they need."""
    table = [[str(column).replace("_", " ") for column in columns]]
    table += [["" if row.get(c) is None else str(row.get(c)) for c in columns] for row in rows]
    widths = [max(len(line[n]) for line in table) for n in range(len(columns))]
    for line in table:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


@contextmanager
def progress(label: str, length: int, *, quiet: bool = False) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal; nothing when piped or when ``quiet``. Yields a function that advances it."""
    if quiet or not sys.stderr.isatty():
        yield lambda steps: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update
