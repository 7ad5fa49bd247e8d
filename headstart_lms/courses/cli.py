"""headstart course check | translate | publish | list | export, headstart facts due"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app

from ..kernel.clock import today
from ..kernel.commands import Commands, print_json, print_table, progress, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError
from ..paths import bundled_courses
from . import catalogue, services, xliff
from . import facts as courses_facts
from .check import Checked, ItemTypes, check_folder
from .document import Course
from .export import write_folder
from .texts import texts
from .translations import State, refresh
from .words import LANGUAGE
from .xliff import offered_in_file


@click.group(cls=Commands)
def course() -> None:
    """Check, translate, publish and list courses."""


def _item_types(ctx: click.Context) -> ItemTypes:
    types: ItemTypes = ctx.meta["headstart.item_types"]()
    return types


def _report(checked: Checked) -> dict[str, Any]:
    return {
        "folder": checked.name,
        "errors": len(checked.errors),
        "warnings": len(checked.warnings),
        "findings": [f.__dict__ for f in checked.findings],
    }


@course.command()
@click.argument(
    "folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--strict", is_flag=True, help="Refuse warnings too.")
@click.pass_context
def check(ctx: click.Context, folders: tuple[Path, ...], as_json: bool, strict: bool) -> None:
    """Check course folders: every error and warning with its file, line and path. Exit 1 when there is an error."""
    types = _item_types(ctx)
    results = [check_folder(folder, types, on=today()) for folder in folders]
    if as_json:
        print_json([_report(checked) for checked in results])
    else:
        for checked in results:
            for finding in checked.findings:
                click.echo(f"{checked.name}/{finding}")
            click.echo(f"{checked.name}: {len(checked.errors)} errors, {len(checked.warnings)} warnings")
    if any(checked.errors or (strict and checked.warnings) for checked in results):
        ctx.exit(1)


@course.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--language", help="A language tag, for example ar. Without it: how far every language is.")
@click.option(
    "--import", "brought", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A PO or XLIFF 2 file whose translations are taken; what became of each is printed.",
)  # fmt: skip
@click.option(
    "--xliff", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the language as XLIFF 2.0."
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the states, or the report of an import, as JSON."
)
@click.pass_context
def translate(
    ctx: click.Context,
    folder: Path,
    language: str | None,
    brought: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write or refresh the translation file of one language, keeping what is translated; or say how far each is."""
    checked = check_folder(folder, _item_types(ctx), on=today())
    if language is None:
        if brought or out:
            raise click.UsageError("Say which language: --language.")
        _print_states(folder, checked, as_json)
        return
    found = [f for f in checked.errors if not f.file.startswith("translations/")]
    if found:
        raise Invalid(f"The course has errors; mend them first: {found[0]}")
    if checked.course is None:  # only the translations are wrong: the document itself is sound
        for finding in checked.errors:
            click.echo(str(finding), err=True)
        raise Invalid(f"Mend translations/{language}.po first.")
    if not LANGUAGE.match(language):
        raise Invalid(f"'{language}' is not a language tag.")
    if brought is not None:
        _take(folder, checked.course, language, brought, as_json)
    state = refresh(folder, checked.course, language)
    if out is not None:
        out.write_bytes(xliff.write(checked.course, language, _held(folder, language)))
    if not as_json or brought is None:
        _print_state(state, as_json)


def _held(folder: Path, language: str) -> dict[str, catalogue.Held]:
    file = folder / "translations" / f"{language}.po"
    return catalogue.held_in(catalogue.parse(file.read_bytes())) if file.is_file() else {}


def _print_states(folder: Path, checked: Checked, as_json: bool) -> None:
    course = checked.document
    if course is None:
        raise Invalid(f"The course cannot be read; mend it first: {checked.errors[0]}")
    rows = []
    for language in course.support_languages:
        if language == course.source_language:
            continue
        try:
            state = catalogue.count(dict(texts(course)), language, _held(folder, language))
        except LMSError as error:
            raise Invalid(f"translations/{language}.po: {error.message}") from error
        rows.append({**asdict(state), "percent": state.percent})
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("The course has no language besides its own.")
    else:
        print_table(rows, ["language", "percent", "total", "done", "stale", "working", "missing"])


def _print_state(state: State, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(state), "percent": state.percent})
        return
    parts = [f"{state.done} done", f"{state.stale} stale", f"{state.missing} missing"]
    if state.working:
        parts.append(f"{state.working} not finished")
    click.echo(f"{state.language}: {state.total} texts, " + ", ".join(parts))


def _take(folder: Path, course: Course, language: str, brought: Path, as_json: bool) -> None:
    """Take the translations of a file and print what became of each."""
    file = folder / "translations" / f"{language}.po"
    raw = file.read_bytes() if file.is_file() else None
    changes, said = catalogue.take(
        course, _held(folder, language), offered_in_file(brought.read_bytes(), course, language)
    )
    if changes:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(catalogue.rewritten(raw, course, language, changes))
    if as_json:
        print_json([asdict(one) for one in said])
        return
    for one in said:
        if one.reason:
            click.echo(f"{brought.name}:{one.line}: {one.fate}: {one.context}: {one.reason}")
    counts = Counter(one.fate for one in said)
    click.echo(f"{brought.name}: " + ", ".join(f"{count} {fate}" for fate, count in counts.most_common()))


@course.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--bundled", is_flag=True, help="The courses that came with this program.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_app
def publish(ctx: click.Context, folders: tuple[Path, ...], bundled: bool, as_json: bool) -> None:
    """Check and publish course folders. A course with errors is refused, and what is published stays as it is."""
    chosen = list(folders)
    if bundled:
        chosen += sorted(f for f in bundled_courses().iterdir() if (f / "course.yaml").is_file())
    if not chosen:
        raise click.UsageError("Name a course folder, or use --bundled.")
    state = current_app.extensions["headstart"]
    done: list[dict[str, Any]] = []
    with progress("Publishing", len(chosen), quiet=as_json) as advance:
        for folder in chosen:
            checked = check_folder(folder, state.item_types, on=today())
            for finding in checked.errors:
                click.echo(f"{folder.name}/{finding}", err=True)
            with transaction() as session:
                result = services.publish(session, state.storage, state.library, checked)
            done.append(asdict(result))
            advance(1)
    if as_json:
        print_json(done)
    else:
        for row in done:
            click.echo(f"{row['slug']} {row['version']}: {row['outcome']}")


@course.command(name="list")
@click.option("--language", default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True)
@with_app
def list_published(language: str, as_json: bool) -> None:
    """List what is published."""
    library = current_app.extensions["headstart"].library
    rows = [services.summary(book) for book in services.list_courses(session(), library, language)]
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            row["languages"] = " ".join(row["languages"])
        print_table(
            rows,
            ["slug", "title", "kind", "destination", "units", "items", "entries", "languages", "version"],
        )


@course.command()
@click.argument("slug")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@with_app
def export(slug: str, folder: Path) -> None:
    """Write a published course as a folder that `check` accepts and `publish` finds unchanged."""
    state = current_app.extensions["headstart"]
    write_folder(session(), state.storage, state.library, slug, folder)
    click.echo(f"{slug}: written to {folder}")


@click.group(cls=Commands)
def facts() -> None:
    """Facts of law, money and offices, and when to look at them again."""


@facts.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The day to ask about. Default: today.")
@click.option(
    "--within", default=0, show_default=True, type=click.IntRange(0, 3660), help="So many days ahead."
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def due(
    ctx: click.Context, folders: tuple[Path, ...], on: datetime | None, within: int, as_json: bool
) -> None:
    """List facts that are over or have to be looked at again: of course folders, else of what is published."""
    day = on.date() if on is not None else today()
    rows = [one.row() for course in _courses(ctx, folders) for one in courses_facts.due(course, day, within)]
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("no fact is due")
    else:
        for row in rows:
            row["used_in"] = " ".join(row["used_in"])
        print_table(rows, ["course", "fact", "why", "since", "read", "owner", "items", "used_in", "url"])


def _courses(ctx: click.Context, folders: tuple[Path, ...]) -> list[Course]:
    if not folders:
        return _published()
    found = []
    for folder in folders:
        checked = check_folder(folder, _item_types(ctx), on=today())
        if checked.course is None:
            raise Invalid(f"{folder.name} has errors; mend them first: {checked.errors[0]}")
        found.append(checked.course)
    return found


@with_app
def _published() -> list[Course]:
    library = current_app.extensions["headstart"].library
    return [book.course for book in services.list_courses(session(), library, "en")]
