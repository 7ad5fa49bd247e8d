"""headstart key list | new | rotate | retire | compromise"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from flask import current_app
from sqlalchemy.orm import Session

from ..accounts import services as accounts
from ..accounts.models import Centre
from ..kernel.clock import now
from ..kernel.commands import Commands, print_json, print_table, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from . import keys, proofs, services
from .models import IssuerKey


@click.group(cls=Commands)
def key() -> None:
    """The keys that centres sign with."""


def of_centre(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--centre", "slug", help="The short name of the centre. Default: the default centre."
    )(command)


def find_centre(current: Session, slug: str | None) -> Centre:
    return keys.issuing_centre(current, None if slug is None else accounts.get_centre(current, slug))


def read_instant(text: str) -> datetime:
    """Read a day (its first instant in UTC) or an instant with its zone. Raises Invalid."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"{text} is no date. Write 2026-11-21 or 2026-11-21T14:30Z.") from error
    if found.tzinfo is None:
        if ":" in text:
            raise Invalid("Write the zone too, for example 2026-11-21T14:30Z.")
        found = found.replace(tzinfo=UTC)
    return found.astimezone(UTC)


def _state(row: IssuerKey, at: datetime) -> str:
    if row.compromised_from is not None:
        return "compromised"
    if at >= row.valid_until:
        return "past"
    if row.sealed is None:
        return "retired"
    return "future" if at < row.valid_from else "signs"


def _row(row: IssuerKey, at: datetime) -> dict[str, Any]:
    return {
        "key": row.kid, "state": _state(row, at), "from": proofs.written(row.valid_from),
        "until": proofs.written(row.valid_until),
        "compromised_from": None if row.compromised_from is None else proofs.written(row.compromised_from),
        "private_part": "sealed" if row.sealed is not None else "destroyed",
        "fingerprint": keys.fingerprint(row.public), "method": row.method, "public": row.public,
    }  # fmt: skip


def _show(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
    else:
        print_table(
            rows, ("key", "state", "from", "until", "compromised_from", "private_part", "fingerprint")
        )


def _base_url() -> str:
    return str(current_app.extensions["headstart"].installation.base_url)


@key.command(name="list")
@of_centre
@click.option("--json", "as_json", is_flag=True)
@with_app
def list_(slug: str | None, as_json: bool) -> None:
    """Show a centre's keys: which signs, from when to when, and the fingerprint to read out."""
    centre = find_centre(session(), slug)
    found = sorted(keys.list_keys(session(), centre, _base_url()), key=lambda row: (row.valid_from, row.id))
    _show([_row(row, now()) for row in found], as_json)


@key.command()
@of_centre
@click.option("--from", "start", help="The day it begins. Default: the next quarter.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def new(slug: str | None, start: str | None, as_json: bool) -> None:
    """Make a key ahead of its time, so that others know it before it signs."""
    state = current_app.extensions["headstart"]
    with transaction() as current:
        made = keys.prepare(
            current, find_centre(current, slug), keyring=state.keyring, base_url=_base_url(), at=now(),
            start=None if start is None else read_instant(start),
        )  # fmt: skip
        row = _row(made, now())
    _show([row], as_json)


@key.command()
@of_centre
@click.option("--json", "as_json", is_flag=True)
@with_app
def rotate(slug: str | None, as_json: bool) -> None:
    """Make a key that signs certificates from now on; the one before stays until its end, for lists."""
    state = current_app.extensions["headstart"]
    with transaction() as current:
        made = keys.rotate(
            current, find_centre(current, slug), keyring=state.keyring, base_url=_base_url(), at=now()
        )
        row = _row(made, now())
    _show([row], as_json)


@key.command()
@click.argument("name", metavar="KEY")
@of_centre
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_app
def retire(name: str, slug: str | None, yes: bool) -> None:
    """End KEY now and destroy its private part; what it signed stays good."""
    state = current_app.extensions["headstart"]
    if not yes:
        click.confirm(f"Destroy the private part of {name} for ever?", abort=True)
    with transaction() as current:
        row = keys.get_key(current, find_centre(current, slug), _base_url(), name)
        services.keep_tokens(current, row, state.keyring)
        keys.retire(current, row, now())
    click.echo(f"{name} signs no more. Certificates that it signed stay good.")


@key.command()
@click.argument("name", metavar="KEY")
@of_centre
@click.option(
    "--since", required=True, help="From when it may have been in wrong hands: a day, or an instant."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def compromise(name: str, slug: str | None, since: str, yes: bool, as_json: bool) -> None:
    """Say that KEY may be in wrong hands since a day: what it signed from then on counts no more."""
    state = current_app.extensions["headstart"]
    at = read_instant(since)
    if at > now():
        raise Invalid("Write a day that is not in the future.")
    if not yes:
        click.confirm(
            f"Nothing that {name} signed from {at:%Y-%m-%d %H:%M} UTC on will count. Go on?", abort=True
        )
    with transaction() as current:
        row = keys.get_key(current, find_centre(current, slug), _base_url(), name)
        if row.sealed is not None:
            services.keep_tokens(current, row, state.keyring)
        keys.mark_compromised(current, row, at)
        touched = services.signed_with(current, row)
        erased = sum(1 for certificate in touched if certificate.award_id is None)
        codes = [certificate.code for certificate in touched]
    if as_json:
        print_json({"key": name, "since": proofs.written(at), "certificates": codes, "erased": erased})
        return
    click.echo(f"{name} signs no more, and nothing that it signed from {at:%Y-%m-%d %H:%M} UTC on counts.")
    if codes:
        where = "" if slug is None else f" --centre {slug}"
        click.echo(
            f"certificates that no longer verify: {len(codes)}. Issue them anew: "
            f"headstart certificate reissue --key {name}{where}"
        )
    if erased:
        click.echo(f"{erased} of them cannot be issued anew: their holders were erased.")
