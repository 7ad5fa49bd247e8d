"""headstart client ... | headstart lrs ..."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click
from flask import current_app

from ..kernel.clock import now
from ..kernel.commands import Commands, print_json, print_table, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import NotAllowed
from . import credentials, launches, targets

_RATE = click.IntRange(0, credentials.MAX_RATE)


def _installation() -> Any:
    return current_app.extensions["headstart"].installation


@click.group(cls=Commands)
def client() -> None:
    """Keys of programs that read or write statements."""


def _print_secret(made: dict[str, str], as_json: bool) -> None:
    if as_json:
        print_json(made)
    else:
        print_table([made], ["key", "secret"])


@client.command("add")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(credentials.SCOPES), help="Repeatable.")
@click.option("--tenant", type=click.UUID, help="Whose data it sees; default: the installation's.")
@click.option("--all-tenants", is_flag=True, help="It reads the data of all tenants.")
@click.option("--days", type=click.IntRange(1), help="It ends after so many days.")
@click.option("--rate", type=_RATE, help="Requests a minute; 0 for any number. Default: HEADSTART_XAPI_RATE.")
@click.option("--quota", type=click.IntRange(1), help="Certificates it may check in a day.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def client_add(
    name: str, scopes: tuple[str, ...], tenant: Any, all_tenants: bool, days: int | None, rate: int | None,
    quota: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Make a key and a secret. The secret is shown once and kept nowhere."""
    home = None if all_tenants else tenant or _installation().uuid
    with transaction() as current:
        made = credentials.client_add(
            current, name, iri_base=_installation().iri_base, tenant=home,
            scopes=scopes or credentials.DEFAULT_SCOPES,
            expires=now() + timedelta(days=days) if days else None, rate=rate, quota=quota,
        )  # fmt: skip
    _print_secret(made, as_json)


@client.command("rotate")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def client_rotate(key: str, as_json: bool) -> None:
    """Give a client a new secret; the old one ends at once."""
    with transaction() as current:
        made = credentials.client_rotate(current, key)
    _print_secret(made, as_json)


@client.command("revoke")
@click.argument("key")
@with_app
def client_revoke(key: str) -> None:
    """End the access of a client."""
    with transaction() as current:
        credentials.client_revoke(current, key)


@client.command("limit")
@click.argument("key")
@click.argument("rate", type=_RATE, required=False)
@with_app
def client_limit(key: str, rate: int | None) -> None:
    """Let a client send RATE requests a minute: 0 for any number; without RATE as HEADSTART_XAPI_RATE says."""
    with transaction() as current:
        credentials.client_limit(current, key, rate)


@client.command("launch")
@click.argument("key")
@click.option("--activity", required=True, help="The IRI of the activity that is opened.")
@click.option("--registration", type=click.UUID, required=True)
@click.option("--actor", required=True, help="The name of the person's account in statements.")
@click.option("--home", help="The homePage of that account. Default: this installation's.")
@click.option("--minutes", type=int, default=launches.DEFAULT_MINUTES, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def client_launch(
    key: str, activity: str, registration: Any, actor: str, home: str | None, minutes: int, as_json: bool
) -> None:
    """Open content for a person, to try it out: prints what the content is given (cmi5 8.1)."""
    installation = _installation()
    account = {"homePage": home or installation.iri_base, "name": actor}
    asked = {
        "actor": {"account": account}, "registration": str(registration), "activity": activity, "minutes": minutes,
    }  # fmt: skip
    with transaction() as current:
        found = credentials.get_client(current, key)
        if not found.can("launch"):
            raise NotAllowed(f"The client {key} has no scope “launch”.")
        made = launches.start(
            current, found, found.tenant or installation.uuid, asked, base_url=installation.base_url
        )
    if as_json:
        print_json(made)
    else:
        click.echo(f"{activity}{'&' if '?' in activity else '?'}{made['query']}")


@client.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def client_list(as_json: bool) -> None:
    """Show all clients; no secrets."""
    rows = credentials.client_list(session())
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["key", "name", "scopes", "tenant", "rate", "last_used", "expires", "revoked"])


@click.group(cls=Commands)
def lrs() -> None:
    """Statements and where they are sent on to."""


@lrs.group("target", cls=Commands)
def target() -> None:
    """Other LRSs that get our statements."""


@target.command("add")
@click.argument("name")
@click.option("--endpoint", required=True, help="For example https://lrs.example.org/xapi")
@click.option("--username", required=True)
@click.option("--password", prompt=True, hide_input=True, help="Asked for when it is not given.")
@click.option("--verb", "verbs", multiple=True, help="Send only this verb IRI. Repeat for several.")
@click.option("--others", is_flag=True, help="Send also what other programs stored here.")
@click.option("--history", is_flag=True, help="Send also what was stored before.")
@with_app
def target_add(
    name: str,
    endpoint: str,
    username: str,
    password: str,
    verbs: tuple[str, ...],
    others: bool,
    history: bool,
) -> None:
    """Send statements on to another LRS from now on."""
    keyring = current_app.extensions["headstart"].keyring
    with transaction() as current:
        targets.target_add(
            current, name, endpoint=endpoint, username=username, password=password, keyring=keyring,
            verbs=verbs, own_only=not others, with_history=history,
        )  # fmt: skip


@target.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def target_list(as_json: bool) -> None:
    """Show all targets: sent, waiting, refused, the last error."""
    rows = targets.target_list(session())
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["name", "endpoint", "active", "sent", "waiting", "refused", "last_error"])


@target.command("refused")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_app
def target_refused(name: str, as_json: bool) -> None:
    """Show the statements a target refused, and what it said."""
    rows = targets.refused_list(session(), name)
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["statement", "attempts", "error"])


@target.command("stop")
@click.argument("name")
@with_app
def target_stop(name: str) -> None:
    """Send nothing more to a target."""
    with transaction() as current:
        targets.target_stop(current, name)


@lrs.command("forward")
@click.option("--again", is_flag=True, help="Try at once what waits, and what was refused.")
@click.option("--target", "name", help="With --again: only of this target.")
@with_app
def forward(again: bool, name: str | None) -> None:
    """Send now what waits for the targets. Exit 1 when something is left."""
    from .forwarding import forward_all

    if again:
        with transaction() as current:
            targets.send_again(current, name)
    taken = forward_all(current_app.extensions["headstart"].keyring)
    rows = targets.target_list(session())
    left = sum(row["waiting"] + row["refused"] for row in rows if row["active"])
    click.echo(f"sent {taken}, left {left}")
    if left:
        click.get_current_context().exit(1)
