"""headstart certificate issue | revoke | verify"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click
from flask import current_app

from ..kernel.clock import now
from ..kernel.commands import Commands, print_json, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, NotFound
from . import codes, presenting, reading, services
from .lookup import by_document
from .models import REASONS


@click.group(cls=Commands)
def certificate() -> None:
    """Issue, revoke and check certificates."""


@certificate.command()
@click.argument("award")
@click.option("--passport-name", help="The name as in the passport, in Latin letters.")
@click.option("--own-name", default="", help="The name as the person writes it.")
@click.option("--year-of-birth", type=int)
@click.option("--json", "as_json", is_flag=True, help="Print code and state as JSON.")
@with_app
def issue(
    award: str, passport_name: str | None, own_name: str, year_of_birth: int | None, as_json: bool
) -> None:
    """Issue the certificate of an AWARD (its UUID).

    Names may be given here when the person has stated none.
    """
    state = current_app.extensions["headstart"]
    try:
        uuid = UUID(award)
    except ValueError as error:
        raise Invalid("An award is named by its UUID.") from error
    with transaction() as current:
        found = services.find_award(current, uuid)
        if found is None or found.person is None:
            raise NotFound("There is no such award.")
        if passport_name is not None:
            services.state_identity(
                current, found.person, passport_name=passport_name, own_name=own_name,
                year_of_birth=year_of_birth,
                at=now(),
            )  # fmt: skip
        made = services.issue(
            current, found, keyring=state.keyring, base_url=state.installation.base_url, at=now()
        )
        code = codes.show(made.code)
        demo = made.demo
    if as_json:
        print_json({"code": code, "demo": demo})
    else:
        click.echo(code + ("  (demo: proves nothing)" if demo else ""))


@certificate.command()
@click.argument("code")
@click.option("--reason", type=click.Choice(REASONS), required=True)
@with_app
def revoke(code: str, reason: str) -> None:
    """Take a certificate back for good."""
    with transaction() as current:
        made = services.revoke(current, services.get_certificate(current, code), reason, now())
        standing = made.standing
    click.echo(f"{codes.show(codes.parse_code(code))}: {standing}")


@certificate.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
@with_app
def verify(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Check a certificate FILE against this installation's keys and register, without a network.

    Exit code 0: valid. 1: anything else.
    """
    with file.open("rb") as opened:
        found = by_document(session(), opened.read(reading.MOST_PDF + 1), now())
    verdict = found.verdict
    issuer = verdict.issuer.name if verdict.issuer else None
    rows = presenting.signed_rows(verdict.facts, issuer) if verdict.facts else []
    if as_json:
        print_json(presenting.receipt(verdict, rows))
    else:
        click.echo(f"{presenting.word(verdict.state)}: {verdict.text}")
        if verdict.is_demo:
            click.echo("Demo: proves nothing.")
        for answer in verdict.answers:
            click.echo(f"  {presenting.question(answer.question)}: {answer.said}. {answer.text}")
        for row in rows:
            click.echo(f"  {row.label}: {row.value or '; '.join(row.parts)}")
    if not verdict.is_valid:
        ctx.exit(1)
