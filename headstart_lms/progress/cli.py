"""headstart progress rebuild"""

from __future__ import annotations

import click
from flask import current_app

from ..kernel.commands import Commands, print_json, with_app
from ..kernel.db import session, transaction
from . import services


@click.group(cls=Commands)
def progress() -> None:
    """Progress is computed from statements."""


@progress.command()
@click.option(
    "--check", is_flag=True, help="Change nothing; exit 1 when the cache differs from the statements."
)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_app
def rebuild(ctx: click.Context, check: bool, as_json: bool) -> None:
    """Fold the statements of every open enrolment anew."""
    state = current_app.extensions["headstart"]
    iri_base = state.installation.iri_base
    if check:
        count, differences = services.rebuild(session(), state.library, iri_base, write=False)
    else:
        count, differences = 0, []
        for registration in services.open_registrations(session()):  # learners go on meanwhile
            with transaction() as current:
                looked_at, found = services.rebuild(
                    current, state.library, iri_base, write=True, registration=registration
                )
            count += looked_at
            differences += found
    if as_json:
        print_json({"enrolments": count, "differences": [d.__dict__ for d in differences]})
    else:
        for difference in differences:
            click.echo(
                f"{difference.registration}: cached {difference.cached} but folded {difference.folded}"
            )
        click.echo(f"{count} enrolments, {len(differences)} differences")
    if check and differences:
        ctx.exit(1)
