"""headstart verifier build | check"""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from ..kernel.clock import now
from ..kernel.commands import Commands, print_json, with_app
from ..kernel.db import session, transaction
from . import bundle as bundles
from . import keys, static_verifier
from .trust import trust_store


@click.group(cls=Commands)
def verifier() -> None:
    """Make the page that checks certificates without a network."""


@verifier.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@with_app
def build(folder: Path, as_json: bool) -> None:
    """Write the verifier into FOLDER, for a stick or an intranet; run it again to renew the list."""
    state, at = current_app.extensions["headstart"], now()
    base_url = state.installation.base_url
    with transaction() as current:
        bundle = bundles.build(current, keyring=state.keyring, base_url=base_url, at=at)
        files = static_verifier.files_of_folder(state.jinja, state.static, bundle)
        centre = keys.issuing_centre(current, None)
        key = keys.signing_key(current, centre, keyring=state.keyring, base_url=base_url, at=at)
        signed = bundles.sign(static_verifier.manifest(files, bundle), [key], keyring=state.keyring, at=at)
    written = static_verifier.write(folder, files, signed)
    if as_json:
        print_json({"folder": str(folder), "made": bundle["made"], **written.__dict__})
        return
    click.echo(f"{folder}: {written.files} files, {written.bytes} bytes. Open {folder / 'index.html'}.")
    if keys.is_demo(base_url):
        click.echo("Demo: proves nothing.")


@verifier.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@with_app
def check(folder: Path, as_json: bool) -> None:
    """Check that FOLDER is as this installation built it."""
    made = static_verifier.check(folder, trust=trust_store(session()))
    if as_json:
        print_json({"folder": str(folder), "made": made.isoformat()})
    else:
        click.echo(f"{folder}: unchanged since {made:%Y-%m-%d %H:%M} (UTC).")
