"""headstart certificate verify | verify-receipt | checks"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import click
from flask import current_app

from ..kernel.clock import now
from ..kernel.commands import print_json, progress, with_app
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid
from . import bulk, checks, members, presenting, receipts, uploads
from .asking import Asker, Entry, Outcome
from .cli import certificate
from .file_signatures import Demand
from .models import Certificate
from .trust import TrustStore, trust_store
from .trust_files import TrustFiles, read_trust

_OPTIONS = (
    click.option(
        "--trust", "trusted", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Believe this bundle or trust list, and nothing else: needs no database. Repeatable.",
    ),
    click.option(
        "--fingerprint", "fingerprints", multiple=True,
        help="The files of --trust must be signed by the key with this fingerprint, in numbers or words.",
    ),
    click.option(
        "--publisher-key", "publisher_keys", multiple=True, metavar="MULTIBASE",
        help="The files of --trust must be signed by this key, z6Mk....",
    ),
    click.option("--unsigned", is_flag=True, help="Believe files of --trust without a signature that fits."),
)  # fmt: skip


def _trust_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def _read(
    trusted: tuple[Path, ...],
    fingerprints: tuple[str, ...],
    publisher_keys: tuple[str, ...],
    *,
    unsigned: bool,
) -> TrustFiles | None:
    """Read the files of --trust, and say on stderr what to know of them; None without any."""
    demand = Demand(unsigned, publisher_keys, fingerprints)
    if not trusted and (unsigned or demand.names_keys):
        raise click.UsageError("--fingerprint, --publisher-key and --unsigned are about files of --trust.")
    if unsigned and demand.names_keys:
        raise click.UsageError("Give --unsigned, or the key that must have signed.")
    if not trusted:
        return None
    found = read_trust(trusted, now(), demand)
    for warning in found.warnings:
        click.echo(f"headstart: {warning}", err=True)
    return found


@certificate.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, allow_dash=True, path_type=Path)
)
@click.option("--year", type=click.IntRange(1900, 2100), help="Year of birth, for codes without one.")
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print the answers as a table.")
@_trust_options
@click.option(
    "--receipts", "folder", type=click.Path(file_okay=False, path_type=Path),
    help="Write a signed receipt of each answer into this folder.",
)  # fmt: skip
@click.pass_context
def verify(
    ctx: click.Context, files: tuple[Path, ...], year: int | None, as_json: bool, as_csv: bool,
    trusted: tuple[Path, ...], fingerprints: tuple[str, ...], publisher_keys: tuple[str, ...], unsigned: bool,
    folder: Path | None,
) -> None:  # fmt: skip
    """Check certificates, without a network: files, folders, zip files, tables of codes (CSV), - for what is piped in.

    Exit code 0: all are valid. 1: one is not.
    """
    if as_json and as_csv:
        raise click.UsageError("Choose --json or --csv.")
    if trusted and folder is not None:
        raise click.UsageError("Receipts are signed by an installation: leave --trust out.")
    found = _read(trusted, fingerprints, publisher_keys, unsigned=unsigned)
    if found is not None:
        outcomes = _ask(Asker(None, now(), trust=found.store, lists=found.lists), files, year)
    else:
        outcomes = _ask_here(files, year, folder)
    _print(outcomes, as_json=as_json, as_csv=as_csv)
    if not outcomes or not all(outcome.verdict.is_valid for outcome in outcomes):
        ctx.exit(1)


@with_app
def _ask_here(files: tuple[Path, ...], year: int | None, folder: Path | None) -> list[Outcome]:
    """Check against the keys and the register of this installation."""
    outcomes = _ask(Asker(session(), now()), files, year)
    if folder is not None:
        _write_receipts(outcomes, folder)
    for outcome in outcomes:
        if isinstance(outcome.certificate, Certificate):
            outcome.certificate.titles  # noqa: B018 - read while the session is open
    session().expunge_all()
    return outcomes


def _ask(asker: Asker, files: tuple[Path, ...], year: int | None) -> list[Outcome]:
    entries = list(uploads.read_uploads(_opened(files)))
    outcomes = []
    with progress("checking", len(entries), quiet=len(entries) < 2) as advance:
        for entry in entries:
            outcomes.append(asker.ask(_with_year(entry, year)))
            advance(1)
    return outcomes


def _with_year(entry: Entry, year: int | None) -> Entry:
    if year is None or entry.code is None or entry.year is not None or entry.problem is not None:
        return entry
    return Entry(entry.label, entry.row, entry.code, year)


def _opened(files: tuple[Path, ...]) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the files, those of folders in the order of their names, and what is piped in."""
    for path in files:
        if str(path) == "-":
            yield "stdin", io.BytesIO(sys.stdin.buffer.read(uploads.MOST_UPLOAD))
        elif path.is_dir():
            for inner in sorted(path.rglob("*")):
                if inner.is_file() and not inner.name.startswith("."):
                    with inner.open("rb") as opened:
                        yield inner.name, opened
        else:
            with path.open("rb") as opened:
                yield path.name, opened


def _write_receipts(outcomes: list[Outcome], folder: Path) -> None:
    state = current_app.extensions["headstart"]
    base_url = state.installation.base_url
    folder.mkdir(parents=True, exist_ok=True)
    for number, outcome in enumerate(outcomes, 1):
        with transaction() as current:
            made = receipts.sign(
                current, receipts.make_of_outcome(outcome, base_url), keyring=state.keyring, base_url=base_url,
                at=outcome.verdict.at,
            )  # fmt: skip
        text = json.dumps(made, ensure_ascii=False, indent=2) + "\n"
        (folder / f"{number:04d}.receipt.json").write_text(text, encoding="utf-8")


# --- what is printed -----------------------------------------------------------------------------


def _print(outcomes: list[Outcome], *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        found = [_as_data(outcome) for outcome in outcomes]
        print_json(found[0] if len(found) == 1 else found)
    elif as_csv:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(bulk.COLUMNS)
        for outcome in outcomes:
            row = bulk.result_of(outcome)
            row["remark"] = bulk.remark_of(row)
            writer.writerow([bulk.harmless(row[column]) for column in bulk.COLUMNS])
        click.echo(out.getvalue(), nl=False)
    elif len(outcomes) == 1:
        _print_one(outcomes[0])
    else:
        _print_many(outcomes)


def _as_data(outcome: Outcome) -> dict[str, Any]:
    found = {"input": outcome.entry.label, "row": outcome.entry.row, **members.of_outcome(outcome)}
    return {**found, "remark": outcome.entry.remark} if outcome.entry.remark else found


def _print_one(outcome: Outcome) -> None:
    verdict = outcome.verdict
    click.echo(f"{presenting.word(verdict.state)}: {outcome.entry.remark or verdict.text}")
    if verdict.is_demo:
        click.echo("Demo: proves nothing.")
    for answer in verdict.answers:
        click.echo(f"  {presenting.question(answer.question)}: {answer.said}. {answer.text}")
    rows = []
    if verdict.facts is not None:
        rows = presenting.signed_rows(verdict.facts, verdict.issuer.name if verdict.issuer else None)
    elif outcome.certificate is not None:
        rows = presenting.public_rows(outcome.certificate)
    for row in rows:
        click.echo(f"  {row.label}: {row.value or '; '.join(row.parts)}")
    for one in outcome.lists:
        click.echo(f"  List: {one['kind']} {one['id']}, {one['dated'] or 'without a date'}")


def _print_many(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        entry = outcome.entry
        place = entry.label if entry.row is None else f"{entry.label}:{entry.row}"
        row = bulk.result_of(outcome)
        rest = bulk.remark_of(row) or " ".join(filter(None, (row["level"], row["course"])))
        demo = " (demo: proves nothing)" if outcome.verdict.is_demo else ""
        click.echo(f"{place}: {presenting.word(outcome.verdict.state)}. {rest}{demo}")
    valid = sum(outcome.verdict.is_valid for outcome in outcomes)
    click.echo(f"{valid} of {len(outcomes)} are valid.")


# --- receipts and the trail ----------------------------------------------------------------------


@certificate.command("verify-receipt")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@_trust_options
@click.pass_context
def verify_receipt(
    ctx: click.Context, file: Path, as_json: bool, trusted: tuple[Path, ...], fingerprints: tuple[str, ...],
    publisher_keys: tuple[str, ...], unsigned: bool,
) -> None:  # fmt: skip
    """Check who signed the receipt of a check, and that nothing in it was changed.

    Exit code 0: it is genuine. 1: it is not proved.
    """
    if file.stat().st_size > 50_000:
        raise Invalid("This file is too large to be a receipt.")
    receipt = receipts.get_receipt(file.read_bytes())
    found = _read(trusted, fingerprints, publisher_keys, unsigned=unsigned)
    verdict = receipts.verify(receipt, _trust_here() if found is None else found.store)
    if as_json:
        signer = verdict.signer
        print_json({
            "genuine": verdict.is_genuine, "reason": verdict.reason, "receipt": verdict.receipt,
            "signer": None if signer is None else {"did": signer.did, "name": signer.name},
            "signed_at": None if verdict.signed_at is None else verdict.signed_at.isoformat(),
        })  # fmt: skip
    elif verdict.receipt is None:
        click.echo(f"Not proved: {presenting.reason_sentence(verdict.reason)}")
    else:
        said = verdict.receipt
        at: datetime | None = verdict.checked_at
        who = f"{verdict.signer.name} ({verdict.signer.did})" if verdict.signer else "?"
        click.echo(f"Genuine receipt, signed by {who} for {said['verifier']['address']}.")
        if verdict.is_signed_later and verdict.signed_at is not None:
            click.echo(f"  Signed later, from the trail of checks: {verdict.signed_at.isoformat()}")
        click.echo(
            f"  Checked: {at.isoformat() if at else '?'}"
            + (f", {said['office']}" if "office" in said else "")
        )
        click.echo(
            f"  What: {said['checked'].get('code') or said['checked'].get('digest') or said['checked']['form']}"
        )
        click.echo(f"  Answer then: {said['state']} ({said['reason']})")
    if not verdict.is_genuine:
        ctx.exit(1)


@with_app
def _trust_here() -> TrustStore:
    return trust_store(session())


@certificate.command("checks")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
@with_app
def show_checks(ctx: click.Context, as_json: bool) -> None:
    """Follow the trail of checks: is every row there and as it was written? Exit 1 when one is not."""
    keyring = current_app.extensions["headstart"].keyring
    trouble = checks.find_trouble(session(), keyring)
    count, kept = checks.count(session()), checks.find_kept(keyring.folder)
    if as_json:
        print_json({"rows": count, "whole": trouble is None, "trouble": trouble and trouble.what,
                    "number": trouble and trouble.number, "kept": kept and kept[0]})  # fmt: skip
    elif trouble is None:
        said = "not kept yet" if kept is None else f"kept up to row {kept[0]}"
        click.echo(f"{count} rows, all there and as they were written. Their end is {said} beside the keys.")
    else:
        click.echo(f"Row {trouble.number}: {trouble.what}.")
    if trouble is not None:
        ctx.exit(1)
