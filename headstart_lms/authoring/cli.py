"""headstart draft list | import | export"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click
from flask import current_app
from sqlalchemy import select

from ..accounts import services as accounts
from ..accounts.models import Centre, Person
from ..kernel.commands import Commands, print_json, print_table, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, NotFound
from . import archives, drafts, publishing
from .models import Draft


@click.group(cls=Commands)
def draft() -> None:
    """Courses that are being written: list them, bring folders in, write them out."""


@draft.command(name="list")
@click.option("--centre", help="Only those of one centre, by its short name.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def list_drafts(centre: str | None, as_json: bool) -> None:
    """List the courses that are being written, the newest change first."""
    current = session()
    query = (
        select(Draft, Centre.slug).join(Centre, Centre.id == Draft.centre_id).where(Draft.removed.is_(None))
    )
    if centre is not None:
        query = query.where(Draft.centre_id == accounts.get_centre(current, centre).id)
    rows = []
    for found, slug in current.execute(query.order_by(Draft.changed.desc())):
        mark = publishing.last_published(current, found)
        rows.append(
            {
                "uuid": str(found.uuid), "slug": found.slug, "title": found.title, "centre": slug,
                "revision": found.head,
                "published": mark.name if mark is not None and mark.kind == "published" else None,
                "changed": found.changed.isoformat(timespec="seconds"),
            }
        )  # fmt: skip
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("no course is being written")
    else:
        print_table(rows, ["uuid", "slug", "title", "centre", "revision", "published", "changed"])


@draft.command(name="import")
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option("--centre", help="The short name of the centre it belongs to. Default: the default centre.")
@click.option("--author", help="The user name of its first author, who works at that centre.")
@click.option("--copy", "as_copy", is_flag=True, help="Give it an id and an address of its own.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def import_draft(folder: Path, centre: str | None, author: str | None, as_copy: bool, as_json: bool) -> None:
    """Make a draft of a course FOLDER, or of a zip file of one."""
    if folder.is_dir():
        files = archives.read_folder(folder)
    else:
        with folder.open("rb") as opened:
            files = archives.read_zip(opened)
    stored = files.put(current_app.extensions["headstart"].storage)
    with transaction() as current:
        home = accounts.get_centre(current, centre) if centre else accounts.get_default_centre(current)
        person = None
        if author is not None:
            person = current.scalar(select(Person).where(Person.login == author))
            if person is None or not person.roles_at(home.id) & set(drafts.STAFF):
                raise Invalid(
                    f"{author} does not write courses at {home.slug}. Grant the role 'teacher' first."
                )
        made = drafts.import_files(current, person, home, stored, "Imported", as_copy=as_copy)
        row = {"uuid": str(made.uuid), "slug": made.slug, "files": len(stored), "left_out": files.left_out}
    if as_json:
        print_json(row)
    else:
        for name in files.left_out:
            click.echo(f"left out: {name}", err=True)
        click.echo(f"{row['slug']}: {row['files']} files, draft {row['uuid']}")


@draft.command()
@click.argument("uuid")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@with_app
def export(uuid: str, folder: Path) -> None:
    """Write the draft UUID as a FOLDER: every file that nobody changed, byte for byte as it came in."""
    try:
        wanted = UUID(uuid)
    except ValueError:
        raise Invalid(f"'{uuid}' is not the id of a draft. 'headstart draft list' shows them.") from None
    found = session().scalar(select(Draft).where(Draft.uuid == wanted))
    if found is None:
        raise NotFound("There is no such draft. 'headstart draft list' shows them.")
    count = archives.write_folder(session(), current_app.extensions["headstart"].storage, found, folder)
    click.echo(f"{found.slug}: {count} files written to {folder}")
