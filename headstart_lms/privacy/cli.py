"""headstart person erase | export, headstart lrs purge | retain: added to the groups of other modules."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask import current_app

from ..accounts import services as accounts
from ..accounts.cli import person
from ..kernel.clock import now
from ..kernel.commands import print_json, progress, with_app
from ..kernel.db import session, transaction
from ..lrs.cli import lrs
from ..lrs.retention import cutoff
from . import erased, purging, services


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
    _purge(day, dry_run=dry_run, yes=yes, as_json=as_json)


@lrs.command("retain")
@click.option("--months", required=True, type=click.IntRange(1, 1200), help="How many whole months are kept.")
@click.option("--dry-run", is_flag=True, help="Only say how many it would be.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def retain(months: int, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Do what purge does, up to the day that leaves so many whole months: what the setting does by itself."""
    _purge(cutoff(now(), months), dry_run=dry_run, yes=yes, as_json=as_json)


def _purge(day: datetime, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    planned = purging.plan(session(), day)
    session().rollback()
    said = (
        f"{planned.old} statements were stored before {day:%Y-%m-%d}: {planned.spared} of open courses stay"
    )
    done, months = 0, list[str]()
    if not dry_run:
        if not as_json:
            click.echo(f"{said}, {planned.gone} go.")
        if not yes:
            click.confirm(f"Delete {planned.gone} statements for ever?", abort=True, err=as_json)
        with progress("deleting", planned.gone, quiet=as_json) as advance:
            for part in purging.purge(day):
                done += part.count
                months += part.months
                advance(part.count)
    if as_json:
        print_json({
            "before": f"{day:%Y-%m-%d}", "stored": planned.old, "spared": planned.spared, "to_delete": planned.gone,
            "deleted": done, "months": months, "dry_run": dry_run,
        })  # fmt: skip
    elif dry_run:
        click.echo(f"{said}, {planned.gone} would go.")
    else:
        if months:
            click.echo(f"whole months: {', '.join(months)}")
        click.echo(f"{done} statements deleted")
