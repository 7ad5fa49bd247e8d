"""The ``headstart`` command; each module brings its own group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from flask import current_app

from .accounts.cli import centre, person
from .authoring.cli import draft
from .builtin import item_types
from .certificates import check_cli as _check_commands  # noqa: F401 - adds `certificate verify` and others
from .certificates.cli import certificate
from .certificates.key_commands import key
from .certificates.trust_commands import trust
from .certificates.verifier_cli import verifier
from .courses.cli import course, facts
from .courses.sound.cli import audio
from .kernel import jobs
from .kernel.commands import Commands, print_json, with_app
from .kernel.commands import progress as show_progress
from .kernel.db import session, transaction
from .kernel.errors import Invalid, NotReady
from .learning import cli as _learning_commands  # noqa: F401 - adds `course move`
from .lrs import scale_cli as _scale_commands  # noqa: F401 - adds `lrs partition` and `lrs export-parquet`
from .lrs.cli import client, lrs
from .privacy import cli as _privacy_commands  # noqa: F401 - adds `person erase` and `person export`
from .progress.cli import progress
from .version import __version__


@click.group(cls=Commands)
@click.version_option(__version__, prog_name="headstart")
@click.pass_context
def headstart(ctx: click.Context) -> None:
    """Headstart LMS: learn before departure, prove it after arrival."""
    ctx.meta["headstart.item_types"] = item_types


for group in (
    course,
    facts,
    draft,
    audio,
    centre,
    person,
    certificate,
    key,
    trust,
    verifier,
    progress,
    client,
    lrs,
):
    headstart.add_command(group)


def _app() -> Any:
    return current_app._get_current_object()  # type: ignore[attr-defined]


@headstart.command()
@click.option("--base-url", help="The address people use; kept for ever. Default: HEADSTART_BASE_URL.")
@click.option("--demo-url", help="The address of a demo, on this computer only. May change.")
@click.option("--centre", "centre_name", help="The name of the default centre.")
@with_app
def init(base_url: str | None, demo_url: str | None, centre_name: str | None) -> None:
    """Set up or upgrade: tables, address, default centre, first signing key. May be run again."""
    from . import operations  # heavy modules only for the commands that need them

    app = _app()
    try:
        before = app.extensions["headstart"].installation.base_url
    except NotReady:
        before = None
    session().rollback()  # a read left open would hold up the migration on PostgreSQL
    made = operations.init(app, base_url, demo_url=demo_url, centre_name=centre_name)
    if before not in (None, made.base_url):
        click.echo(f"this demo has moved from {before}: QR codes made before lead to the old address")
    click.echo(f"ready: {made.base_url}" + (" (demo: certificates prove nothing)" if made.is_demo else ""))


@headstart.command()
@click.option("--host", default="127.0.0.1", show_default=True, envvar="HOST")
@click.option("--port", default=8000, show_default=True, envvar="PORT", type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 32))
@with_app
def serve(host: str, port: int, workers: int) -> None:
    """Serve, and do jobs. More than one worker needs PostgreSQL; each has threads."""
    from . import operations, serving

    app = _app()
    trouble = [
        check for check in operations.doctor(app) if not check.is_well and check.name in ("schema", "address")
    ]
    if trouble:
        raise Invalid(trouble[0].message)
    if host not in ("127.0.0.1", "localhost", "::1") and not app.extensions["headstart"].is_secure:
        if not app.config["HEADSTART_ALLOW_HTTP_LAN"]:
            raise Invalid(
                "Without https only this computer may connect. Set HEADSTART_BASE_URL to an https address, or "
                "HEADSTART_ALLOW_HTTP_LAN=1 for a box without a network."
            )
    serving.check_workers(workers)
    operations.plan_jobs(app)
    click.echo(f"serving {app.extensions['headstart'].installation.base_url} on {host}:{port}", err=True)
    serving.serve(app, host=host, port=port, workers=workers)


@headstart.command()
@click.option("--json", "as_json", is_flag=True, help="Print people, codes and certificates as JSON.")
@with_app
def demo(as_json: bool) -> None:
    """Fill a demo instance: two centres, people of every role, certificates. Every run gives new secrets."""
    from .demo import build

    made = build(_app())
    if as_json:
        print_json(made)
        return
    for one in made["people"]:
        secret = one.get("code") or one.get("secret")
        click.echo(
            f"{one['role']:9} {one['centre']:6} {one['name']:20} {secret}"
            + ("  suspended" if one["suspended"] else "")
        )
    for one in made["certificates"]:
        click.echo(f"certificate {one['code'] or '-':16} {one['state']:10} {one['person']}")


@headstart.command()
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
@click.option("--retry", is_flag=True, help="First put back what was given up.")
@with_app
def work(once: bool, retry: bool) -> None:
    """Do jobs: for installations that serve with another program."""
    import threading

    from . import operations

    if retry:
        with transaction() as current:
            click.echo(f"{jobs.retry_given_up(current)} jobs put back")
    operations.plan_jobs(_app())
    if once:
        click.echo(f"{jobs.run_all()} jobs done")
        return
    jobs.loop(_app(), threading.Event())


@headstart.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@with_app
def backup(file: Path, as_json: bool) -> None:
    """Write the database and all files into FILE (.tar.gz), while people work. Keys are not in it."""
    from . import operations

    done = operations.backup(_app(), file)
    print_json(done) if as_json else click.echo(
        f"{done['file']}: {done['bytes']} bytes. Keep instance/keys elsewhere."
    )


@headstart.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_app
def restore(file: Path, yes: bool) -> None:
    """Put a backup in place of the present database. Stop the server first."""
    from . import operations

    if not yes:
        click.confirm("Replace the database of this instance?", abort=True)
    about = operations.restore(_app(), file)
    click.echo(f"restored the state of {about['made']}")


@headstart.command("move-database")
@click.argument("source")
@click.argument("target")
@click.option("--json", "as_json", is_flag=True, help="Print what was moved as JSON.")
def move_database(source: str, target: str, as_json: bool) -> None:
    """Copy SOURCE (an SQLite file or an address) into the empty TARGET, and compare. Stop the server first."""
    from contextlib import ExitStack

    from . import moving

    with ExitStack() as stack:
        moved = moving.move(
            source,
            target,
            begin=lambda steps: stack.enter_context(show_progress("moving", steps, quiet=as_json)),
        )
    if as_json:
        print_json({**moved.__dict__, "rows": moved.rows, "verified": True})
        return
    click.echo(
        f"moved {moved.rows} rows of {len(moved.tables)} tables, {moved.tables['lms_statement']} statements"
    )
    click.echo("read back and compared: every row is the same, byte for byte")
    click.echo(
        f"next: set HEADSTART_DATABASE_URL to the target ({moved.target}), run 'headstart doctor', start the server"
    )
    click.echo(
        "the folders 'keys' and 'files' of the instance stay in use; keep the source until you have a backup"
    )


@headstart.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_app
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look for trouble and say what to do. Exit 1 when there is any."""
    from . import operations

    checks = operations.doctor(_app())
    if as_json:
        print_json([check.__dict__ for check in checks])
    else:
        for check in checks:
            click.echo(f"{'ok ' if check.is_well else 'BAD'}  {check.name}: {check.message}")
    if not all(check.is_well for check in checks):
        ctx.exit(1)
