"""The receipt of a check: signed, without a name, checked later and elsewhere."""

from __future__ import annotations

import hashlib
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from headstart_lms.certificates import receipts
from headstart_lms.certificates.models import IssuerKey
from headstart_lms.certificates.trust import trust_store
from headstart_lms.cli import headstart
from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import session, transaction

from ..browsing import Browser, Page
from ..conftest import Clock
from .office import OFFICES, YEAR, Desk, make_desk, nothing_personal
from .test_bulk import trust_of


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Desk:
    return make_desk(app)


def take(desk: Desk, **data: str) -> dict[str, Any]:
    """Check as Olga, and take the receipt from the page."""
    olga = desk.officer("olga")
    page = olga.post("/verify", data or {"code": desk.code, "year": str(YEAR)})
    link = next(link["href"] for link in page.links if link["href"].endswith(".receipt.json"))
    found: dict[str, Any] = json.loads(olga.open(link).response.get_data())
    return found


def hand_in(browser: Browser, receipt: dict[str, Any]) -> Page:
    return browser.send(
        browser.open("/verify").form(having="file"), files={"file": json.dumps(receipt).encode()}
    )


def run(*arguments: str) -> Any:
    return CliRunner().invoke(headstart, ["certificate", *arguments], obj={})


def test_a_receipt_says_what_was_checked_when_and_with_what_answer_and_no_name(desk: Desk) -> None:
    receipt = take(desk)
    assert receipt["type"] == "HeadstartVerificationReceipt"
    assert receipt["checkedAt"] == "2026-11-21T12:00:00Z"
    assert receipt["state"] == "valid"
    assert receipt["office"] == OFFICES["vienna"]
    assert receipt["checked"]["code"] == desk.code
    assert len(receipt["checked"]["digest"]) == 64
    assert receipt["answers"]["standing"] == {"said": "yes", "reason": "stands"}
    assert receipt["lists"][0]["kind"] == "register"
    assert receipt["log"]["number"] == 1
    assert receipt["verifier"]["software"].startswith("Headstart LMS ")
    assert nothing_personal(json.dumps(receipt, ensure_ascii=False))
    assert "olga" not in json.dumps(receipt)


@pytest.mark.both_databases
def test_the_page_says_that_it_is_a_receipt_and_genuine(app: Flask, desk: Desk, browser: Browser) -> None:
    page = hand_in(browser, take(desk))
    assert page.data("receipt") == "genuine"
    assert "not a certificate" in page.text
    assert OFFICES["vienna"] in page.text
    assert desk.code in page.text


def test_it_says_how_it_was_then_also_when_the_certificate_was_revoked_later(
    desk: Desk, browser: Browser
) -> None:
    receipt = take(desk)
    desk.revoke()
    page = hand_in(browser, receipt)
    assert page.data("receipt") == "genuine"
    assert "Valid" in page.text
    assert "To know how it is now" in page.text


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, (*path, name))]
    if isinstance(value, list):
        return [leaf for place, inner in enumerate(value) for leaf in _leaves(inner, (*path, place))]
    return [path]


def test_no_value_of_it_can_be_changed_or_taken_out(app: Flask, desk: Desk) -> None:
    receipt = take(desk)
    places = _leaves(receipt)
    assert len(places) > 25
    with app.app_context():
        trust = trust_store(session())
        assert receipts.verify(receipt, trust).is_genuine
        for place in places:
            for is_changed in (True, False):
                damaged = deepcopy(receipt)
                inside: Any = damaged
                for step in place[:-1]:
                    inside = inside[step]
                if is_changed:
                    inside[place[-1]] = f"{inside[place[-1]]}x"
                else:
                    del inside[place[-1]]
                verdict = receipts.verify(damaged, trust)
                assert not verdict.is_genuine, place
                assert verdict.receipt is None


@given(st.dictionaries(st.text(max_size=10), st.none() | st.text() | st.integers(), max_size=5))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_object_that_calls_itself_a_receipt_is_answered(app: Flask, found: dict[str, Any]) -> None:
    with app.app_context():
        verdict = receipts.verify(
            {"type": "HeadstartVerificationReceipt", "proof": found}, trust_store(session())
        )
    assert not verdict.is_genuine


def test_a_receipt_is_never_taken_for_a_certificate(desk: Desk, tmp_path: Path, app: Flask) -> None:
    file = tmp_path / "check.receipt.json"
    file.write_text(json.dumps(take(desk)))
    with app.app_context():
        done = run("verify", str(file), "--json")
    assert (done.exit_code, json.loads(done.stdout)["reason"]) == (1, "receipt")


def test_one_signed_with_a_key_after_it_was_compromised_is_not_proved(
    app: Flask, desk: Desk, browser: Browser
) -> None:
    receipt = take(desk)
    with app.app_context(), transaction() as current:
        current.execute(update(IssuerKey).values(compromised_from=now()))
    page = hand_in(browser, receipt)
    assert page.data("receipt") == "key-compromised"
    assert OFFICES["vienna"] not in page.text


def test_the_command_checks_it_here_and_offline(app: Flask, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "check.receipt.json"
    receipt = take(desk)
    file.write_text(json.dumps(receipt))
    with app.app_context():
        here = run("verify-receipt", str(file))
    assert (here.exit_code, "Genuine receipt" in here.stdout, desk.code in here.stdout) == (0, True, True)
    offline = run(
        "verify-receipt", str(file), "--trust", str(trust_of(app, tmp_path)), "--unsigned", "--json"
    )
    assert (offline.exit_code, json.loads(offline.stdout)["genuine"]) == (0, True)
    file.write_text(json.dumps({**receipt, "state": "revoked"}))
    with app.app_context():
        changed = run("verify-receipt", str(file))
    assert (changed.exit_code, "Not proved" in changed.stdout) == (1, True)
    file.write_text("{}")
    with app.app_context():
        none = run("verify-receipt", str(file))
    assert (none.exit_code, none.stderr.count("\n")) == (1, 1)


def test_the_command_writes_receipts_of_what_it_checked(app: Flask, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"code\n{desk.code}\n000000000000\n")
    with app.app_context():
        run("verify", str(tmp_path / "list.csv"), "--receipts", str(tmp_path / "out"))
        found = [json.loads(file.read_text()) for file in sorted((tmp_path / "out").iterdir())]
        assert [one["state"] for one in found] == ["valid", "unknown"]
        assert all(receipts.verify(one, trust_store(session())).is_genuine for one in found)


def test_a_receipt_of_a_code_that_is_not_known_names_the_code(desk: Desk) -> None:
    for code in ("0000-0000-0000", desk.code):
        receipt = take(desk, code=code, year="1950")
        assert (receipt["reason"], receipt["checked"]) == (
            "no-such-pair",
            {"form": "code-year", "code": code},
        )


def test_only_who_checked_takes_the_receipt(desk: Desk, browser: Browser) -> None:
    receipt = take(desk)
    path = f"/verify/checks/{receipt['id'].removeprefix('urn:uuid:')}.receipt.json"
    assert desk.officer("olga").open(path).status == 200
    assert desk.officer("otto").open(path).status == 404
    assert browser.open(path).status == 401 or browser.open(path).path == "/sign-in"


def test_a_receipt_of_a_file_that_could_not_be_read_says_so_and_names_the_bytes(
    app: Flask, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF-nothing")
    with app.app_context():
        run("verify", str(file), "--receipts", str(tmp_path / "out"))
    found = json.loads((tmp_path / "out" / "0001.receipt.json").read_text())
    assert found["checked"]["digest"] == hashlib.sha256(b"%PDF-nothing").hexdigest()
    assert found["reason"] == "no-attachment"


def signed_by(app: Flask, receipt: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Sign what is changed in a receipt again, with the key of the installation."""
    bare = {name: value for name, value in (receipt | changes).items() if name != "proof"}
    bare = {name: value for name, value in bare.items() if value is not None}
    with app.app_context(), transaction() as current:
        state = app.extensions["headstart"]
        return receipts.sign(
            current, bare, keyring=state.keyring, base_url=state.installation.base_url, at=now()
        )


def reason_of(app: Flask, receipt: dict[str, Any]) -> str:
    with app.app_context():
        return receipts.verify(receipt, trust_store(session())).reason


@pytest.mark.parametrize(
    "address",
    ["https://office.example.at", "http://localhost:9999", "http://localhost/learn", "https://[", 7, None],
)
def test_a_centre_cannot_sign_the_receipt_of_an_installation_that_is_not_its_own(
    app: Flask, desk: Desk, address: Any
) -> None:
    receipt = take(desk)
    assert reason_of(app, signed_by(app, receipt)) == "signature-fits"
    forged = signed_by(app, receipt, verifier={"address": address, "software": "x"})
    assert reason_of(app, forged) == "issuer-differs"
    assert reason_of(app, signed_by(app, receipt, verifier=None)) == "issuer-differs"


def test_a_receipt_is_signed_after_its_check_and_one_out_of_no_trail_at_once(
    app: Flask, desk: Desk, clock: Clock, tmp_path: Path
) -> None:
    receipt = take(desk)
    assert reason_of(app, signed_by(app, receipt, checkedAt="2026-11-21T13:00:00Z")) == "date"
    clock.move(hours=1)
    assert reason_of(app, signed_by(app, receipt, log=None)) == "date"
    late = signed_by(app, receipt)
    assert reason_of(app, late) == "signature-fits"
    (tmp_path / "a.receipt.json").write_text(json.dumps(late))
    with app.app_context():
        done = run("verify-receipt", str(tmp_path / "a.receipt.json"))
    assert "Signed later, from the trail of checks" in done.stdout


def test_the_command_says_who_signed_and_for_which_installation(
    app: Flask, desk: Desk, tmp_path: Path
) -> None:
    receipt = take(desk)
    file = tmp_path / "a.receipt.json"
    file.write_text(json.dumps(receipt))
    did = receipt["proof"]["verificationMethod"].split("#")[0]
    with app.app_context():
        said, data = run("verify-receipt", str(file)), run("verify-receipt", str(file), "--json")
    assert did in said.stdout
    assert receipt["verifier"]["address"] in said.stdout
    assert json.loads(data.stdout)["signer"]["did"] == did
