"""Whom the command believes from files: signed ones, in their time, in any order."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import base58
import pytest
from click.testing import CliRunner
from flask import Flask

from headstart_lms.certificates import (
    bundle,
    keys,
    proofs,
    services,
    signing,
    status,
    trust_list,
)
from headstart_lms.certificates.file_signatures import Demand
from headstart_lms.certificates.trust_files import read_trust as read
from headstart_lms.certificates.verify import verify
from headstart_lms.cli import headstart
from headstart_lms.kernel.errors import Invalid

from ..conftest import Clock
from .conftest import BASE_URL, NOON, World
from .office import Desk, make_desk

LATER = NOON + timedelta(days=1)


@pytest.fixture
def desk(app: Flask, clock: Clock) -> Desk:
    return make_desk(app)


def run(file: Path, desk: Desk, *more: str) -> Any:
    return CliRunner().invoke(
        headstart, ["certificate", "verify", "-", "--json", "--trust", str(file), *more], obj={},
        input=desk.document.encode(),
    )  # fmt: skip


@pytest.fixture
def served(app: Flask, desk: Desk, tmp_path: Path) -> Path:
    """The list of the verifier, as a laptop takes it along."""
    file = tmp_path / "bundle.json"
    file.write_bytes(app.test_client().get("/verifier/bundle.json").data)
    return file


def change(file: Path, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    found |= changes
    file.write_text(json.dumps({name: value for name, value in found.items() if value is not None}))
    return found


def refused(done: Any) -> str:
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    return str(done.stderr)


# --- age ---------------------------------------------------------------------------------------------


def test_nothing_is_checked_with_a_list_of_the_verifier_that_is_a_month_old(
    served: Path, desk: Desk, clock: Clock
) -> None:
    assert run(served, desk).exit_code == 0
    clock.move(days=30)
    assert "The list on this device is too old. Nothing is checked with it." in refused(run(served, desk))
    assert "too old" in refused(run(served, desk, "--unsigned"))


def test_a_list_of_the_future_is_refused(served: Path, desk: Desk, clock: Clock) -> None:
    clock.move(days=-2)
    assert "in the future" in refused(run(served, desk))


def test_a_trust_list_past_its_next_update_makes_nothing_valid(world: World, tmp_path: Path) -> None:
    made = world.issue()
    late = NOON + timedelta(days=8)
    file = tmp_path / "list.json"
    file.write_text(published(world, NOON))
    lists = tmp_path / "lists.json"
    lists.write_text(json.dumps({
        "type": "HeadstartTrustList", "issuers": [],
        "statusLists": [json.loads(status.signed_list(
            world.session, "amman", 2026, keyring=world.keyring, base_url=BASE_URL, at=late))],
    }))  # fmt: skip
    for at, reason in ((late, "trust-list-old"), (NOON + timedelta(days=6), "list-not-usable")):
        found = read([file, lists], at, Demand(is_unsigned=True))
        verdict = verify(made.payload or "", trust=found.store, at=at)
        assert (verdict.state, verdict.reason) == ("could-not-check", reason)


def test_an_issuer_of_others_counts_in_a_bundle_until_its_own_list_ends(world: World, tmp_path: Path) -> None:
    made = world.issue()
    found = bundled(world, NOON)
    found["issuers"][0]["listedUntil"] = proofs.written(NOON + timedelta(days=2))
    file = sign(world, found, NOON, tmp_path / "b.json")
    for days, reason in ((1, "valid"), (3, "trust-list-old")):
        at = NOON + timedelta(days=days)
        verdict = verify(made.payload or "", trust=read([file], at).store, at=at)
        assert verdict.reason == reason


# --- the signature -----------------------------------------------------------------------------------


def test_a_file_without_its_signature_is_refused_unless_one_says_so(served: Path, desk: Desk) -> None:
    change(served, proof=None)
    assert "is not signed" in refused(run(served, desk))
    done = run(served, desk, "--unsigned")
    assert (done.exit_code, "could not be checked" in done.stderr) == (0, True)


def test_a_file_that_was_changed_is_refused_also_then(served: Path, desk: Desk) -> None:
    change(served, version=1)
    for more in ((), ("--unsigned",)):
        assert "was changed" in refused(run(served, desk, *more))


@pytest.mark.parametrize(
    "options, sentence",
    [
        ({"purpose": "authentication"}, "kind of signature"),
        ({"kind": "Ed25519Signature2020"}, "kind of signature"),
        ({"at": NOON - timedelta(days=400)}, "when this key was not in use"),
        ({"at": NOON + timedelta(days=400)}, "when this key was not in use"),
        ({"method": "did:web:elsewhere.example#k"}, "does not stand in it"),
    ],
)
def test_the_signature_must_be_for_this_by_a_key_in_it_and_in_the_time_of_the_key(
    world: World, tmp_path: Path, options: dict[str, Any], sentence: str
) -> None:
    world.issue()
    file = sign(world, bundled(world, NOON), options.pop("at", NOON), tmp_path / "b.json", **options)
    with pytest.raises(Invalid, match=sentence):
        read([file], NOON)
    assert read([file], NOON, Demand(is_unsigned=True)).warnings


def test_a_centre_cannot_sign_for_the_publisher(world: World, tmp_path: Path) -> None:
    world.issue()
    found = bundled(world, NOON)
    found["publisher"] = {"did": "did:web:ministry.example", "name": "Ministry"}
    with pytest.raises(Invalid, match="somebody else than its publisher"):
        read([sign(world, found, NOON, tmp_path / "b.json")], NOON)


def test_it_says_once_who_signed_and_takes_the_fingerprint_or_the_key(
    app: Flask, served: Path, desk: Desk
) -> None:
    done = run(served, desk)
    listed = json.loads(served.read_text())["issuers"]
    public = next(
        key["publicKeyMultibase"] for issuer in listed for key in issuer["keys"]
        if key["method"] == json.loads(served.read_text())["proof"][0]["verificationMethod"]
    )  # fmt: skip
    printed = keys.fingerprint(public)
    assert done.stderr.count(printed) == 1
    for more in (
        ("--fingerprint", printed),
        ("--fingerprint", keys.spoken(printed)),
        ("--publisher-key", public),
    ):
        pinned = run(served, desk, *more)
        assert (pinned.exit_code, pinned.stderr) == (0, "")
    other = signing.to_multikey(signing.public_key(signing.new_seed()))
    for more in (("--fingerprint", keys.fingerprint(other)), ("--publisher-key", other)):
        assert "not signed with the key that you named" in refused(run(served, desk, *more))
    assert "no Multikey" in refused(run(served, desk, "--publisher-key", "abc"))


def test_wrong_usage_of_the_options_exits_with_two(served: Path, desk: Desk) -> None:
    assert run(served, desk, "--unsigned", "--fingerprint", "0000").exit_code == 2
    alone = CliRunner().invoke(headstart, ["certificate", "verify", str(served), "--unsigned"], obj={})
    assert alone.exit_code == 2


def test_a_trust_list_without_revocation_lists_is_named(
    app: Flask, desk: Desk, served: Path, tmp_path: Path
) -> None:
    file = tmp_path / "trust-list.json"
    file.write_bytes(app.test_client().get("/trust-list.json").data)
    done = run(file, desk)
    assert (done.exit_code, json.loads(done.stdout)["reason"]) == (1, "list-missing")
    assert "trust-list.json holds no revocation lists" in done.stderr
    both = run(file, desk, "--trust", str(served))
    assert (both.exit_code, "revocation lists" in both.stderr) == (0, False)


# --- several files -----------------------------------------------------------------------------------


def test_the_order_of_the_files_undoes_no_compromise_and_no_revocation(world: World, tmp_path: Path) -> None:
    made = world.issue()
    old = write(bundled(world, NOON), tmp_path / "old.json")
    [key] = keys.list_keys(world.session, world.centre, BASE_URL)
    keys.mark_compromised(world.session, key, NOON - timedelta(hours=1))
    keys.rotate(world.session, world.centre, keyring=world.keyring, base_url=BASE_URL, at=LATER)
    new = write(bundled(world, LATER), tmp_path / "new.json")
    with pytest.raises(Invalid, match="wrong hands"):  # it was signed with that key, after it was lost
        read([new, old], LATER)
    change(old, proof=None)
    for files in ([old, new], [new, old]):
        trust = read(files, LATER, Demand(is_unsigned=True)).store
        verdict = verify(made.payload or "", trust=trust, at=LATER)
        assert (verdict.state, verdict.reason) == ("altered", "key-compromised")


def test_the_earliest_compromise_stays_and_the_newest_keys_count(world: World, tmp_path: Path) -> None:
    world.issue()
    files = []
    for name, at, since in (("a", NOON, NOON - timedelta(days=3)), ("b", LATER, NOON - timedelta(days=1))):
        found = bundled(world, at)
        found["issuers"][0]["keys"][0]["compromisedFrom"] = proofs.written(since)
        found["issuers"][0]["name"] = name
        found.pop("proof")
        files.append(write(found, tmp_path / f"{name}.json"))
    for order in (files, files[::-1]):
        store = read(order, LATER, Demand(is_unsigned=True)).store
        [key] = store.keys.values()
        assert key.compromised_from == NOON - timedelta(days=3)
        assert [issuer.name for issuer in store.issuers.values()] == ["b"]


def test_an_older_file_brings_no_revoked_certificate_back(world: World, tmp_path: Path) -> None:
    made = world.issue()
    old = write(bundled(world, NOON), tmp_path / "old.json")
    services.revoke(world.session, made, "fraud", NOON)
    new = write(bundled(world, LATER), tmp_path / "new.json")
    for files in ([old, new], [new, old]):
        assert verify(made.payload or "", trust=read(files, LATER).store, at=LATER).state == "revoked"


# --- helpers -----------------------------------------------------------------------------------------


def bundled(world: World, at: datetime) -> dict[str, Any]:
    made = bundle.build(world.session, keyring=world.keyring, base_url=BASE_URL, at=at)
    found: dict[str, Any] = json.loads(bundle.text(made))
    return found


def published(world: World, at: datetime) -> str:
    return trust_list.published(world.session, keyring=world.keyring, base_url=BASE_URL, at=at)


def write(found: dict[str, Any], file: Path) -> Path:
    file.write_text(json.dumps(found))
    return file


def sign(
    world: World, found: dict[str, Any], at: datetime, file: Path, *, purpose: str = "assertionMethod",
    kind: str = "DataIntegrityProof", method: str | None = None,
) -> Path:  # fmt: skip
    """Sign a changed list again with the key of the centre."""
    found.pop("proof", None)
    [key] = keys.list_keys(world.session, world.centre, BASE_URL)
    options = {
        "type": kind, "cryptosuite": proofs.JCS, "created": proofs.written(at),
        "verificationMethod": method or key.method, "proofPurpose": purpose,
    }  # fmt: skip
    value = signing.sign(keys.open_seed(key, world.keyring), proofs.jcs_hash(found, options))
    proof = {**options, "proofValue": "z" + base58.b58encode(value).decode()}
    return write({**found, "proof": proof}, file)
