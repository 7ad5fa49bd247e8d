"""What the register says of a code, of a list that is signed while somebody revokes, and of a trail that was cut."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from headstart_lms import operations
from headstart_lms.certificates import checks, keys, lookup, services, status
from headstart_lms.certificates.check_models import Check, CheckHead
from headstart_lms.certificates.models import StatusList
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.crypto import Keyring
from headstart_lms.kernel.db import db, session, transaction
from tests.commands import run

from ..conftest import Clock
from ..kernel.test_races import beside
from .conftest import BASE_URL, NOON, World
from .office import Desk, make_desk


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Desk:
    return make_desk(app)


# --- a code ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_written_down", [True, False])
def test_a_code_of_a_certificate_that_a_compromised_key_signed_is_not_valid(
    world: World, is_written_down: bool
) -> None:
    made = world.issue()
    if not is_written_down:
        made.signed_with = None
    [key] = keys.list_keys(world.session, world.centre, BASE_URL)
    keys.mark_compromised(world.session, key, NOON + timedelta(seconds=1))
    world.session.flush()
    assert lookup.by_code(world.session, made.code, NOON).verdict.is_valid  # signed before
    keys.mark_compromised(world.session, key, NOON)
    world.session.flush()
    found = lookup.by_code(world.session, made.code, NOON)
    assert (found.verdict.state, found.verdict.reason) == ("altered", "key-compromised")
    assert found.verdict.answer("genuine").said == "no"
    services.revoke(world.session, made, "key", NOON)
    assert lookup.by_code(world.session, made.code, NOON).verdict.state == "revoked"


# --- a list that is signed while somebody revokes ----------------------------------------------------


@pytest.mark.both_databases
def test_a_list_that_is_signed_while_somebody_revokes_is_signed_again(
    app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = app.extensions["headstart"]
    encode, has_read, may_write = status.encode, threading.Event(), threading.Event()

    def slow(indexes: list[int]) -> str:
        if threading.current_thread() is not threading.main_thread():
            has_read.set()
            may_write.wait(10)
        return encode(indexes)

    def sign() -> str:
        with transaction() as current:
            return status.signed_list(
                current, "north", 2026, keyring=state.keyring, base_url=state.installation.base_url, at=now()
            )

    with app.app_context(), transaction() as current:
        current.execute(update(StatusList).values(signed=None))
    monkeypatch.setattr(status, "encode", slow)
    signer, signed = beside(app, sign)  # reads the places of what was taken back, and waits
    assert has_read.wait(10)
    revoker, _ = beside(app, desk.revoke)
    revoker.join(0.5)
    may_write.set()
    signer.join(10)
    revoker.join(10)
    assert isinstance(signed[0], str), signed
    with app.app_context():
        index = services.get_certificate(session(), desk.code).status_index
        encoded = json.loads(sign())["credentialSubject"]["encodedList"]
        db.session.remove()
    assert status.is_set(status.decode(encoded), index)


# --- the end of the trail ----------------------------------------------------------------------------


def cut(app: Flask) -> None:
    """Delete the last rows and set the head back, as somebody with the database can."""
    with app.app_context(), transaction() as current:
        first = current.scalars(select(Check).where(Check.number == 1)).one()
        current.execute(update(CheckHead).values(number=1, mark=first.mark))
        current.execute(delete(Check).where(Check.number > 1))


@pytest.mark.both_databases
def test_rows_that_were_cut_off_the_end_are_missed_by_the_file_beside_the_keys(
    app: Flask, desk: Desk, clock: Clock
) -> None:
    keyring: Keyring = app.extensions["headstart"].keyring
    assert checks.find_kept(keyring.folder) is None
    assert "not kept yet" in run(app, "certificate", "checks").stdout
    for login in ("olga", "otto", "petra"):
        desk.officer(login).open(f"/verify/{desk.code}")
    file = keyring.folder / checks.KEPT
    assert file.stat().st_mode & 0o777 == 0o600
    done = run(app, "certificate", "checks")
    assert (done.exit_code, "kept up to row 3" in done.stdout) == (0, True)
    cut(app)
    done = run(app, "certificate", "checks", "--json")
    assert (done.exit_code, json.loads(done.stdout)["trouble"]) == (1, "the last rows are missing")
    with app.app_context():
        doctor = {check.name: check.is_well for check in operations.doctor(app)}
    assert doctor["checks"] is False
    for expected in ("the last rows are missing", "a row was changed", "a row was changed"):
        desk.officer("petra" if expected.startswith("the") else "otto").post("/verify", {"code": desk.code})
        clock.move(minutes=11)
        with app.app_context():  # written again to the same length and longer: these are other rows
            assert checks.find_trouble(session(), keyring) == checks.Trouble(3, expected)


def test_a_file_that_was_spoiled_is_said(app: Flask, desk: Desk) -> None:
    keyring: Keyring = app.extensions["headstart"].keyring
    desk.officer("olga").open(f"/verify/{desk.code}")
    (keyring.folder / checks.KEPT).write_text("?")
    done = run(app, "certificate", "checks")
    assert (done.exit_code, "is damaged" in done.stdout) == (1, True)


def test_an_older_end_never_takes_the_place_of_a_later_one(world: World) -> None:
    folder = world.keyring.folder
    checks.keep_mark(folder, 5, "b" * 64)
    checks.keep_mark(folder, 4, "a" * 64)
    assert checks.find_kept(folder) == (5, "b" * 64)
