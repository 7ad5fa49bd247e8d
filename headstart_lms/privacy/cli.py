"""headstart person erase | export: added to the group of accounts."""

from __future__ import annotations

import click
from flask import current_app

from ..accounts import services as accounts
from ..accounts.cli import person
from ..kernel.commands import print_json, with_app
from ..kernel.db import session, transaction
from . import erased, services


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
