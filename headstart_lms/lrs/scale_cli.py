"""headstart lrs partition | export-parquet: added to the group of the record store."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app

from ..kernel.clock import now
from ..kernel.commands import print_json, print_table, progress, with_app
from ..kernel.db import transaction
from ..kernel.replica import leave_replica, reading_session
from . import cutting, parquet
from .cli import lrs


@lrs.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be made.")
@click.option("--undo", is_flag=True, help="Put everything into one table again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def partition(dry_run: bool, undo: bool, as_json: bool) -> None:
    """Cut the statements into monthly partitions (PostgreSQL). Readers and writers wait until it is done."""
    with ExitStack() as stack:

        def begin(steps: int) -> Any:
            return stack.enter_context(progress("moving", steps, quiet=as_json))

        if undo:
            with transaction() as current:
                count = cutting.undo(current, begin)
            print_json({"statements": count, "partitions": []}) if as_json else click.echo(
                f"{count} statements are in one table again"
            )
            return
        with transaction() as current:
            plan = cutting.plan(current, now()) if dry_run else cutting.convert(current, now(), begin)
    rows = [
        {"month": part.label, "statements": count, "from": part.low, "to": part.high}
        for part, count in zip(plan.parts, plan.statements, strict=True)
    ]
    if as_json:
        print_json(
            {"statements": sum(plan.statements), "bytes": plan.size, "partitions": rows, "done": not dry_run}
        )
        return
    print_table(rows, ["month", "statements"])
    if dry_run:
        click.echo(f"needs {plan.size // 1_000_000 + 1} MB of room for a while; nothing was changed")


@lrs.command("export-parquet")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what was stored from this day (UTC) on."
)
@click.option(
    "--for", "recipient", default="analytics", show_default=True, help="Whom the pseudonyms are made for."
)
@click.option(
    "--with-payload", is_flag=True, help="Add the statements themselves, with the actors' own names in them."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def export_parquet(
    folder: Path, since: datetime | None, recipient: str, with_payload: bool, as_json: bool
) -> None:
    """Write statements as columns into Parquet files by month; run again, it adds what is new."""
    state = current_app.extensions["headstart"]
    with ExitStack() as stack:
        done = parquet.export(
            stack.enter_context(reading_session()), folder,
            keyring=state.keyring, iri_base=state.installation.iri_base, recipient=recipient,
            since=since.replace(tzinfo=UTC) if since else None, with_payload=with_payload,
            begin=lambda steps: stack.enter_context(progress("exporting", steps, quiet=as_json)),
            instead=leave_replica,
        )  # fmt: skip
    if as_json:
        print_json(done.__dict__)
    else:
        click.echo(
            f"{done.statements} statements in {len(done.files)} new files; {done.folder} is complete to number "
            f"{done.complete_to}, stored {done.complete_until}"
        )
