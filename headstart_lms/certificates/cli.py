"""headstart certificate issue | reissue | revoke | log"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click
from flask import current_app
from sqlalchemy import select

from ..cohorts.models import Cohort
from ..kernel.clock import now
from ..kernel.commands import Commands, print_json, progress, with_app
from ..kernel.db import after_commit, session, transaction
from ..kernel.errors import Conflict, Invalid, NotFound
from . import batches, codes, keys, log, pdf, services
from .jobs import issue_now
from .key_commands import find_centre
from .models import REASONS, Certificate


@click.group(cls=Commands)
def certificate() -> None:
    """Issue, revoke and check certificates."""


@certificate.command()
@click.argument("award", required=False)
@click.option("--passport-name", help="The name as in the passport, in Latin letters.")
@click.option("--own-name", default="", help="The name as the person writes it.")
@click.option("--year-of-birth", type=int)
@click.option("--cohort", "group", help="Issue all that are ready of a group: its UUID, or its whole name.")
@click.option(
    "--pdf-dir", type=click.Path(file_okay=False, path_type=Path), help="With --cohort: write the PDFs here."
)
@click.option("--json", "as_json", is_flag=True, help="Print code and state as JSON.")
@with_app
def issue(
    award: str | None, passport_name: str | None, own_name: str, year_of_birth: int | None, group: str | None,
    pdf_dir: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Issue the certificate of an AWARD (its UUID), or with --cohort those of a whole group.

    Names may be given here when the person has stated none.
    """
    if (award is None) == (group is None) or (pdf_dir is not None and group is None):
        raise click.UsageError("Give an AWARD, or --cohort with or without --pdf-dir.")
    if group is not None:
        _issue_group(group, pdf_dir, as_json)
        return
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


def _find_group(name: str) -> Cohort:
    query = select(Cohort)
    try:
        found = session().scalars(query.where(Cohort.uuid == UUID(name))).all()
    except ValueError:
        found = session().scalars(query.where(Cohort.title == name)).all()
    if not found:
        raise NotFound(f"There is no group {name}.")
    if len(found) > 1:
        raise Invalid(f"{len(found)} groups are called {name}. Name one by its UUID.")
    return found[0]


def _issue_group(name: str, folder: Path | None, quiet: bool) -> None:
    """Issue in one transaction each, so that it can be stopped at any time and run again."""
    if folder is not None and not pdf.is_available():
        raise Invalid("PDF files are not made here: install the extra “pdf”.")
    group = _find_group(name)
    ready = [row for row in batches.list_rows(session(), group, now()) if row.state == "ready"]
    issued = 0
    with progress("certificates", len(ready), quiet=quiet) as advance:
        for row in ready:
            issued += issue_now(row.award_id or 0)
            advance(1)
    rows = batches.list_rows(session(), _find_group(name), now())
    drawn = 0 if folder is None else _write_papers(rows, folder, quiet)
    missing = [{"number": row.number, "person": str(row.person), "missing": row.missing} for row in rows
               if row.state == "missing"]  # fmt: skip
    there = sum(1 for row in rows if row.state == "issued")
    if quiet:
        print_json({"issued": issued, "all": there, "papers": drawn, "missing": missing})
        return
    click.echo(f"issued now: {issued}; of this group have a certificate: {there} of {len(rows)}")
    if folder is not None:
        click.echo(
            f"written now: {drawn} papers in {folder}. They name people: hand them out, then delete them."
        )
    for one in missing:
        click.echo(f"learner {one['number']} ({one['person']}): {one['missing']}")


def _write_papers(rows: list[batches.Row], folder: Path, quiet: bool) -> int:
    state = current_app.extensions["headstart"]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    there = {path.name for path in folder.iterdir()}
    left = [
        row
        for row in rows
        if row.state == "issued" and f"{batches.stem(row.number, row.code or '')}.pdf" not in there
    ]
    with progress("papers", len(left), quiet=quiet) as advance:
        for row in left:
            certificate = session().get_one(Certificate, row.certificate_id)
            drawn = batches.paper(
                session(), certificate, language=row.language, keyring=state.keyring,
                base_url=state.installation.base_url,
            )  # fmt: skip
            session().rollback()
            batches.write_private(folder / f"{batches.stem(row.number, row.code or '')}.pdf", drawn)
            advance(1)
    return len(left)


@certificate.command()
@click.option("--key", "name", required=True, help="The compromised key, for example 2026q4.")
@click.option("--centre", "slug", help="The short name of the centre. Default: the default centre.")
@click.option("--json", "as_json", is_flag=True)
@with_app
def reissue(name: str, slug: str | None, as_json: bool) -> None:
    """Issue anew what a compromised key signed; the old ones say by which they were replaced.

    Can be stopped and run again.
    """
    state = current_app.extensions["headstart"]
    base_url = state.installation.base_url
    row = keys.get_key(session(), find_centre(session(), slug), base_url, name)
    numbers = [certificate.id for certificate in services.signed_with(session(), row)]
    replaced: list[dict[str, str]] = []
    left = 0
    with progress("certificates", len(numbers), quiet=as_json) as advance:
        for number in numbers:
            try:
                with transaction() as current:
                    old = current.get_one(Certificate, number)
                    made = services.replace(
                        current, old, keyring=state.keyring, base_url=base_url, at=now(), reason="key"
                    )
                    pair = {"old": codes.show(old.code), "new": codes.show(made.code)}
                    code = made.code
                    after_commit(lambda code=code: state.plugins.hook.headstart_certificate_issued(code=code))  # type: ignore[misc]
                replaced.append(pair)
            except (Conflict, Invalid):  # erased, or without a name now
                left += 1
            advance(1)
    if as_json:
        print_json({"replaced": replaced, "left": left})
        return
    click.echo(f"issued anew: {len(replaced)}. Their holders need the new paper.")
    if left:
        click.echo(
            f"not issued anew: {left}. Their holders were erased, or their names are not known any more."
        )


@certificate.command(name="log")
@click.option("--check", is_flag=True, help="Compute every log anew; compare with signatures and register.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@with_app
def log_command(ctx: click.Context, check: bool, as_json: bool) -> None:
    """Show the end of each issuer's log of acts. With --check, exit 1 when something was changed."""
    reports = log.check(session())
    if as_json:
        print_json([
            {
                "issuer": one.did, "size": one.size, "head": one.head, "certificates": one.certificates,
                "signatures": one.signatures, "unsigned": one.unsigned, "problems": one.problems,
            }
            for one in reports
        ])  # fmt: skip
    for one in [] if as_json else reports:
        click.echo(f"{one.did}: {one.size} acts, {one.certificates} certificates, head {one.head}")
        for problem in one.problems if check else ():
            click.echo(f"  {problem}")
        if check and one.is_right:
            click.echo(
                f"  right: {one.signatures} signatures fit; {one.unsigned} acts at the end wait for one"
            )
    if check and not all(one.is_right for one in reports):
        ctx.exit(1)


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
