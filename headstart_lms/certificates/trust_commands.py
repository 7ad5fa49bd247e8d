"""headstart trust publish | import | list | remove | refresh"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from flask import current_app

from ..kernel.clock import now
from ..kernel.commands import Commands, print_json, print_table, progress, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError
from . import fetching, imported, keys, trust_list
from .imported import Step


@click.group(cls=Commands)
def trust() -> None:
    """Whose certificates are believed here: trust lists of others, and our own for them."""


@trust.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_app
def publish(file: Path) -> None:
    """Write our own signed trust list into FILE; it is published at /trust-list.json too."""
    state = current_app.extensions["headstart"]
    with transaction() as current:
        text = trust_list.published(
            current, keyring=state.keyring, base_url=state.installation.base_url, at=now()
        )
    _document, found = trust_list.read(text)
    aside = file.with_name(f".{file.name}.new")
    aside.write_text(text, encoding="utf-8")
    aside.replace(file)
    print_of = keys.fingerprint(str(imported.signing_key_of(found)))
    click.echo(f"{file}: version {found.version}, {len(found.issuers)} issuers")
    click.echo(f"fingerprint: {print_of}\nin words:    {keys.spoken(print_of)}")


@trust.command(name="import")
@click.argument("source", metavar="FILE|URL")
@click.option("--publisher-key", help="The publisher's key, z6Mk..., as the publisher gave it to you.")
@click.option(
    "--fingerprint", help="The fingerprint that you compared with the publisher, in numbers or words."
)
@click.option(
    "--only", multiple=True, metavar="DID", help="Believe only this issuer of the list. May be repeated."
)
@click.option("--all", "is_all", is_flag=True, help="Believe all issuers of the list, after --only before.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def import_(
    source: str,
    publisher_key: str | None,
    fingerprint: str | None,
    only: tuple[str, ...],
    is_all: bool,
    as_json: bool,
) -> None:
    """Accept a trust list of another publisher, or a newer one of a publisher who is accepted already."""
    if only and is_all:
        raise click.UsageError("Give --only or --all, not both.")
    if "://" in source:
        url: str | None = source
        try:
            data = fetching.get(source)
        except LMSError as error:
            raise Invalid(f"{source}: {error.message}.") from error
    else:
        url = None
        file = Path(source)
        if not file.is_file():
            raise click.UsageError(f"There is no file {source}.")
        with file.open("rb") as opened:
            data = opened.read(trust_list.MOST_BYTES + 1)
    try:
        with transaction() as current:
            done = imported.accept(
                current, data, at=now(), url=url, publisher_key=publisher_key, fingerprint=fingerprint,
                only=only, is_all=is_all,
            )  # fmt: skip
            about = imported.describe(current, done.publisher, now())
    except imported.NotCompared as error:
        raise Invalid(_to_compare(data)) from error
    if as_json:
        print_json(about)
        return
    accepted = sum(1 for issuer in about["issuers"] if issuer["accepted"])
    word = "accepted" if done.is_new else "renewed" if done.is_changed else "nothing new"
    click.echo(
        f"{word}: {about['name']}, version {about['version']} of {about['made']}, {accepted} of "
        f"{len(about['issuers'])} issuers are believed"
        + (" (expired)" if about["state"] == "expired" else "")
    )
    if any(issuer["lists"] for issuer in about["issuers"]):
        click.echo("fetch their revocation lists with: headstart trust refresh")


def _to_compare(data: bytes) -> str:
    """Say what to compare before a list is believed, in one line."""
    _document, found = trust_list.read(data)
    named = imported.signing_key_of(found)
    who = f"{found.publisher.name} ({found.publisher.did}) is not accepted yet."
    if named is None:
        return f"{who} The list does not name its key. Ask the publisher for it and give it with --publisher-key."
    print_of = keys.fingerprint(named)
    return (
        f"{who} Call the publisher and compare this fingerprint: {print_of} (in words: {keys.spoken(print_of)}). "
        'If it is the same, run this again with --fingerprint "...".'
    )


@trust.command(name="list")
@click.option("--json", "as_json", is_flag=True)
@with_app
def list_(as_json: bool) -> None:
    """Show the lists that were accepted, their issuers, and how old the copies are."""
    current = session()
    found = [imported.describe(current, publisher, now()) for publisher in imported.list_publishers(current)]
    if as_json:
        print_json(found)
        return
    rows = [row for about in found for row in _rows(about)]
    if not rows:
        click.echo("no list was accepted: only this installation's own certificates are known")
        return
    print_table(rows, ("publisher", "version", "state", "next_update", "issuer", "believed", "lists"))


def _rows(about: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for issuer in about["issuers"]:
        dates = [one["made"] for one in issuer["lists"]]
        yield {
            "publisher": about["name"], "version": about["version"], "state": about["state"],
            "next_update": about["next_update"], "issuer": issuer["did"],
            "believed": "yes" if issuer["accepted"] else "no, a demo" if issuer["demo"] else "no",
            "lists": "none" if not dates else "missing" if None in dates else f"of {min(dates)}",
        }  # fmt: skip


@trust.command()
@click.argument("did")
@with_app
def remove(did: str) -> None:
    """Believe a publisher's issuers no more."""
    with transaction() as current:
        imported.remove(current, did)
    click.echo(f"removed: {did}")


@trust.command()
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_app
def refresh(ctx: click.Context, as_json: bool) -> None:
    """Fetch newer lists, and the revocation lists that they name. Exit 1 when one could not be had."""
    steps = [*_renew(as_json), *_copy_lists(as_json)]
    if as_json:
        print_json([{"url": s.url, "what": s.what, "problem": s.problem} for s in steps])
    else:
        if not steps:
            click.echo(
                "nothing to fetch: no list was accepted from an address, and none names a revocation list"
            )
        for step in steps:
            click.echo(f"{step.what:16} {step.url}" + (f": {step.problem}" if step.problem else ""))
    if any(step.problem for step in steps):
        ctx.exit(1)


def _renew(quiet: bool) -> Iterator[Step]:
    known = [(row.did, row.url) for row in imported.list_publishers(session()) if row.url]
    session().rollback()  # nothing is held open while we wait for others
    with progress("trust lists", len(known), quiet=quiet) as advance:
        for did, url in known:
            data, problem = imported.fetch_or_problem(fetching.get, str(url))
            if data is not None:
                problem = _accept(did, data)
            yield Step(str(url), "trust list", problem)
            advance(1)


def _accept(did: str, data: bytes) -> str | None:
    try:
        with transaction() as current:
            _document, found = trust_list.read(data)
            if found.publisher.did != did:
                return f"it is the list of somebody else, {found.publisher.did}"
            imported.accept(current, data, at=now())
    except LMSError as error:
        return error.message
    return None


def _copy_lists(quiet: bool) -> Iterator[Step]:
    wanted = [(publisher.id, did, url) for publisher, did, url in imported.wanted_lists(session())]
    session().rollback()
    with progress("revocation lists", len(wanted), quiet=quiet) as advance:
        for publisher_id, did, url in wanted:
            problem: str | None = "it is not https on the issuer's own host, so it is not fetched"
            if imported.is_at_home(did, url):
                data, problem = imported.fetch_or_problem(fetching.get, url)
                if data is not None:
                    problem = _keep(publisher_id, did, url, data)
            yield Step(url, "revocation list", problem)
            advance(1)


def _keep(publisher_id: int, did: str, url: str, data: bytes) -> str | None:
    try:
        with transaction() as current:
            imported.keep_list(current, publisher_id, did, url, data, now())
    except LMSError as error:
        return error.message
    return None
