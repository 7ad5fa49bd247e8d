"""headstart person erase | export, headstart lrs purge | retain: added to the groups of other modules."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime

import click
from flask import current_app

from ..accounts import services as accounts
from ..accounts.cli import person
from ..kernel.commands import print_json, progress, with_app
from ..kernel.db import session, transaction
from ..lrs.cli import lrs
from . import erased, purging, retention, services


@person.command()
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_app
def erase(who: str, yes: bool) -> None:
    """Erase a person (id or user name): everything but what certificates on paper need to verify."""
    found = accounts.get_person(session(), who)
    if not yes:
        click.confirm(f"Erase {found.login or found.uuid} for ever?", abort=True)
    with transaction() as current:
        folder = current_app.extensions["headstart"].folder
        result = erased.erase(current, accounts.get_person(current, who), folder)
    click.echo(
        f"erased; statements: {result['statements']}, certificates kept without a name: {result['certificates']}"
    )


@person.command()
@click.argument("who")
@with_app
def export(who: str) -> None:
    """Print everything we hold about a person (id or user name), as JSON."""
    print_json(services.export(session(), accounts.get_person(session(), who)))


@lrs.command()
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The first day to keep (UTC), YYYY-MM-DD.",
)
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def purge(before: datetime, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete statements stored before a day, but not those of courses people are in. Ids stay, so none comes back."""
    day = before.replace(tzinfo=UTC)
    purging.check_day(day)
    planned = purging.plan(session(), day)
    session().rollback()
    said = (
        f"{planned.old} statements were stored before {day:%Y-%m-%d}: {planned.spared} of open courses stay"
    )
    done = 0
    if not dry_run:
        if not as_json:
            click.echo(f"{said}, {planned.gone} go.")
        if not yes:
            click.confirm(f"Delete {planned.gone} statements for ever?", abort=True, err=as_json)
        with progress("deleting", planned.gone, quiet=as_json) as advance:
            for part in purging.purge(day):
                done += part
                advance(part)
    if as_json:
        print_json({
            "before": f"{day:%Y-%m-%d}", "stored": planned.old, "spared": planned.spared, "to_delete": planned.gone,
            "deleted": done, "dry_run": dry_run,
        })  # fmt: skip
    else:
        click.echo(f"{said}, {planned.gone} would go." if dry_run else f"{done} statements deleted")


@lrs.command("retain")
@click.option("--months", required=True, type=click.IntRange(1, 1200), help="How many whole months are kept.")
@click.option("--dry-run", is_flag=True, help="Only say how many statements would go.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def retain(months: int, dry_run: bool, as_json: bool) -> None:
    """Purge older statements, except those of open enrolments. Their ids are kept, so nothing comes back."""
    with ExitStack() as stack:
        done = retention.retain(
            months, dry_run=dry_run,
            begin=lambda steps: stack.enter_context(progress("purging", steps, quiet=as_json)),
        )  # fmt: skip
    if as_json:
        print_json({"statements": done.statements, "before": done.before, "months": done.months, "done": not dry_run})
        return
    click.echo(
        f"{done.statements} statements stored before {done.before:%Y-%m-%d} "
        + ("would be purged" if dry_run else "purged")
        + (f"; whole months: {', '.join(done.months)}" if done.months else "")
    )
