"""headstart person add | list, headstart centre add | list"""

from __future__ import annotations

from typing import Any

import click
from flask import current_app
from sqlalchemy import select

from ..kernel.commands import Commands, print_json, print_table, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from . import services
from .models import ROLES, Centre, Person


@click.group(cls=Commands)
def centre() -> None:
    """Add and list centres, and offices of destination countries."""


@centre.command("add")
@click.argument("slug")
@click.argument("name")
@click.option("--country", help="Two letters, for example AT.")
@click.option("--office", is_flag=True, help="An office: its officers check certificates, it issues none.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def add_centre(slug: str, name: str, country: str | None, office: bool, as_json: bool) -> None:
    """Add a centre that teaches and issues, or an office that checks. SLUG is its short name, for ever."""
    if country is not None and (len(country) != 2 or not country.isalpha()):
        raise Invalid("A country has two letters, for example AT.")
    if not name.strip() or len(name) > 200:
        raise Invalid("Give it a name of 1 to 200 characters.")
    with transaction() as current:
        made = services.make_centre(
            current, slug, name.strip(), country=country.upper() if country else None, is_office=office
        )
        row = {"slug": made.slug, "name": made.name, "country": made.country, "office": made.is_office}
    if as_json:
        print_json(row)
    else:
        click.echo("  ".join(f"{key}: {value}" for key, value in row.items()))


@centre.command("list")
@click.option("--json", "as_json", is_flag=True)
@with_app
def list_centres(as_json: bool) -> None:
    """List centres and offices."""
    rows = [
        {"slug": c.slug, "name": c.name, "country": c.country, "office": c.is_office, "default": c.is_default}
        for c in session().scalars(select(Centre).order_by(Centre.id))
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["slug", "name", "country", "office", "default"])


@click.group(cls=Commands)
def person() -> None:
    """Add, list, erase and export people."""


@person.command()
@click.option("--role", type=click.Choice(ROLES), default="learner", show_default=True)
@click.option("--login", help="User name; for staff.")
@click.option("--centre", help="Short name of the centre. Default: the default centre; admins may have none.")
@click.option("--language", default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True)
@with_app
def add(role: str, login: str | None, centre: str | None, language: str, as_json: bool) -> None:
    """Add a learner (prints her code) or a member of staff (asks for a password)."""
    state = current_app.extensions["headstart"]
    if role == "learner":
        with transaction() as current:
            home = services.get_centre(current, centre) if centre else services.get_default_centre(current)
            learner, code = services.start_learner(
                current, state.keyring, language=language, destination=None, route=None, centre=home
            )
            result = {
                "id": str(learner.uuid),
                "role": role,
                "code": services.show_code(code),
                "centre": home.slug,
            }
    else:
        if not login:
            raise Invalid("Staff need --login.")
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        with transaction() as current:
            home_or_none: Centre | None = None
            if centre:
                home_or_none = services.get_centre(current, centre)
            elif role != "admin":
                home_or_none = services.get_default_centre(current)
            made = services.make_staff(current, login, password, centre=home_or_none, role=role)
            result = {"id": str(made.uuid), "role": role, "login": str(made.login),
                      "centre": home_or_none.slug if home_or_none else ""}  # fmt: skip
    if as_json:
        print_json(result)
    else:
        click.echo("  ".join(f"{key}: {value}" for key, value in result.items()))


@person.command(name="list")
@click.option("--staff", is_flag=True, help="Only staff.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def list_people(staff: bool, as_json: bool) -> None:
    """List people: no names, no codes."""
    query = select(Person).order_by(Person.id)
    if staff:
        query = query.where(Person.login.is_not(None))
    rows: list[dict[str, Any]] = [
        {
            "id": str(p.uuid), "login": p.login,
            "roles": ",".join(sorted(f"{g.role}@{g.centre.slug if g.centre else '*'}" for g in p.grants)),
            "centre": p.centre.slug if p.centre else None, "suspended": p.is_suspended,
        }
        for p in session().scalars(query)
    ]  # fmt: skip
    if as_json:
        print_json(rows)
    else:
        print_table(rows, ["id", "login", "roles", "centre", "suspended"])
