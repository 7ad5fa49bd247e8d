"""Bulk checks: kept sealed until they are checked, answered by a job, forgotten after a day."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..accounts.models import Person
from ..kernel.errors import NotFound
from ..kernel.i18n import _, language
from .asking import Entry, Outcome
from .check_models import CheckBatch, CheckItem
from .checks import get_office
from .facts import Facts
from .keys import Sealer
from .models import Certificate
from .presenting import kind_name, word
from .rules import pick
from .verdict import sentence

PURPOSE = "certificates.bulk"
#: After this nothing of a bulk check is left.
KEPT = timedelta(days=1)
#: How many are checked between two commits.
STEP = 25

#: The columns of the result, for ever in this order; new ones come at the end.
COLUMNS = (
    "row", "input", "code", "state", "reason", "level", "kind", "course", "issuer", "valid_until",
    "checked_at", "remark",
)  # fmt: skip


# --- take in -------------------------------------------------------------------------------------


def start(session: Session, person: Person, at: datetime) -> CheckBatch:
    """Begin a bulk check of a person for her office. Raises NotAllowed."""
    batch = CheckBatch(centre_id=get_office(session, person).id, officer_id=person.id, created=at)
    session.add(batch)
    session.flush()
    return batch


def add(session: Session, keyring: Sealer, batch_id: int, entries: Sequence[tuple[int, Entry]]) -> None:
    """Keep numbered entries, sealed, until they are checked."""
    session.add_all(
        [
            CheckItem(batch_id=batch_id, number=number, sealed=keyring.seal(PURPOSE, _packed(entry)))
            for number, entry in entries
        ]
    )
    session.flush()


def _packed(entry: Entry) -> bytes:
    """Write an entry: one line of JSON, then the bytes as they are."""
    head = {
        "label": entry.label, "row": entry.row, "code": entry.code, "year": entry.year,
        "problem": entry.problem, "remark": entry.remark, "has_data": entry.data is not None,
    }  # fmt: skip
    return json.dumps(head).encode() + b"\n" + (entry.data or b"")


def _unpacked(sealed: bytes, keyring: Sealer) -> Entry:
    head, _line, data = keyring.open(PURPOSE, sealed).partition(b"\n")
    found = json.loads(head)
    return Entry(
        found["label"], found["row"], found["code"], found["year"], data if found["has_data"] else None,
        found["problem"], found["remark"],
    )  # fmt: skip


# --- check ---------------------------------------------------------------------------------------


def waiting(session: Session, batch_id: int, most: int = STEP) -> Sequence[CheckItem]:
    """Return the next items that are not checked."""
    query = select(CheckItem).where(CheckItem.batch_id == batch_id, CheckItem.is_done.is_(False))
    return session.scalars(query.order_by(CheckItem.number).limit(most)).all()


def open_entry(item: CheckItem, keyring: Sealer) -> Entry:
    return _unpacked(item.sealed, keyring)


def finish(item: CheckItem, outcome: Outcome, keyring: Sealer) -> None:
    """Put the result in the place of what was handed in, which is then gone."""
    item.sealed = keyring.seal(PURPOSE, json.dumps(result_of(outcome)).encode())
    item.is_done, item.state = True, outcome.verdict.state


def result_of(outcome: Outcome) -> dict[str, Any]:
    """Return what a row of the result says: never a name, whatever was handed in."""
    verdict, facts, certificate = outcome.verdict, outcome.verdict.facts, outcome.certificate
    row: dict[str, Any] = {
        "row": outcome.entry.row, "input": outcome.entry.label, "code": outcome.code, "state": verdict.state,
        "reason": verdict.reason, "level": None, "kind": None, "course": None, "issuer": None,
        "valid_until": None, "checked_at": verdict.at.isoformat(timespec="seconds"),
        "remark": outcome.entry.remark,
    }  # fmt: skip
    if facts is not None:
        row |= _of_facts(facts, verdict.issuer.name if verdict.issuer else None)
    elif certificate is not None:
        row |= _of_certificate(certificate)
    return row


def _of_facts(facts: Facts, issuer: str | None) -> dict[str, Any]:
    return {
        "level": facts.level, "kind": facts.kind, "course": facts.title, "issuer": issuer,
        "valid_until": _day(facts.valid_until),
    }  # fmt: skip


def _of_certificate(certificate: Certificate) -> dict[str, Any]:
    return {
        "level": certificate.level, "kind": certificate.kind, "course": pick(certificate.titles, "en"),
        "issuer": certificate.issuer_name, "valid_until": _day(certificate.valid_until),
    }  # fmt: skip


def _day(at: datetime | None) -> str | None:
    return at.date().isoformat() if at else None


# --- look ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a bulk check is; ``states`` counts what is done."""

    done: int
    all: int
    states: dict[str, int]
    is_complete: bool

    @property
    def is_done(self) -> bool:
        return self.is_complete and self.done == self.all


def get_batch_for(session: Session, person: Person, uuid: UUID, at: datetime) -> CheckBatch:
    """Return a bulk check of a person's office. Raises NotFound, also when its day is over."""
    office = get_office(session, person)
    found = session.scalar(
        select(CheckBatch).where(
            CheckBatch.uuid == uuid, CheckBatch.centre_id == office.id, CheckBatch.created > at - KEPT
        )
    )
    if found is None:
        raise NotFound(_("There is no such check. Results are deleted after a day."))
    return found


def list_batches_for(session: Session, person: Person, at: datetime) -> list[tuple[CheckBatch, Progress]]:
    office = get_office(session, person)
    query = select(CheckBatch).where(CheckBatch.centre_id == office.id, CheckBatch.created > at - KEPT)
    rows = session.scalars(query.order_by(CheckBatch.created.desc())).all()
    return [(batch, progress_of(session, batch)) for batch in rows]


def progress_of(session: Session, batch: CheckBatch) -> Progress:
    query = (
        select(CheckItem.is_done, CheckItem.state, func.count(CheckItem.id))
        .where(CheckItem.batch_id == batch.id)
        .group_by(CheckItem.is_done, CheckItem.state)
    )
    rows = session.execute(query).all()
    states = {str(state): count for is_done, state, count in rows if is_done}
    return Progress(sum(states.values()), sum(row[2] for row in rows), states, batch.is_complete)


def results_of(session: Session, batch: CheckBatch, keyring: Sealer) -> list[dict[str, Any]]:
    """Return the rows that are done, in the order they were handed in."""
    query = select(CheckItem.number, CheckItem.sealed).where(
        CheckItem.batch_id == batch.id, CheckItem.is_done.is_(True)
    )
    found = session.execute(query.order_by(CheckItem.number)).all()
    return [{"number": number, **json.loads(keyring.open(PURPOSE, sealed))} for number, sealed in found]


def remark_of(row: dict[str, Any]) -> str:
    """Return what is wrong with a row and what to do, in the language of the page; empty when it is valid."""
    if row["state"] == "valid":
        return ""
    return str(row["remark"] or sentence(row["reason"]))


def write_csv(rows: Iterable[dict[str, Any]], *, separator: str | None = None) -> str:
    """Return the result as a table that spreadsheets open: states and reasons are stable words."""
    if separator is None:  # the spreadsheets of these offices expect a semicolon, English ones a comma
        separator = "," if language() == "en" else ";"
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([harmless({**row, "remark": remark_of(row)}[column]) for column in COLUMNS])
    return "\ufeff" + out.getvalue()


def harmless(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    if text.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) or text[:1] in (
        "\t",
        "\r",
        "\n",
    ):
        return "'" + text
    return text


def template() -> str:
    """Return an empty table with two made-up rows, to fill in."""
    return write_rows([("code", "year"), ("7K3M-92QF-X4QY", "1990"), ("7K3M-92QF-X4QY", "")])


def write_rows(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter="," if language() == "en" else ";", lineterminator="\r\n").writerows(rows)
    return "\ufeff" + out.getvalue()


def summary(progress: Progress) -> list[tuple[str, str, int]]:
    """Return (state, its word, how many), the valid ones first."""
    order = sorted(progress.states, key=lambda state: (state != "valid", state))
    return [(state, word(state), progress.states[state]) for state in order]  # type: ignore[arg-type]


def kind_of(row: dict[str, Any]) -> str:
    return kind_name(row["kind"]) if row["kind"] else ""


# --- forget --------------------------------------------------------------------------------------


def forget(session: Session, at: datetime) -> int:
    """Delete every bulk check whose day is over; return how many."""
    old = list(session.scalars(select(CheckBatch.id).where(CheckBatch.created <= at - KEPT)))
    return _delete(session, old)


def forget_one(session: Session, batch: CheckBatch) -> None:
    _delete(session, [batch.id])


def _delete(session: Session, ids: list[int]) -> int:
    session.execute(delete(CheckItem).where(CheckItem.batch_id.in_(ids)))
    session.execute(delete(CheckBatch).where(CheckBatch.id.in_(ids)))
    return len(ids)
