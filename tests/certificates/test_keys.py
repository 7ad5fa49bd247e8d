"""headstart key, certificate reissue and log: what a centre does with its keys, and what that does to papers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from headstart_lms.certificates import keys, services
from headstart_lms.certificates.cli import certificate
from headstart_lms.certificates.key_commands import key
from headstart_lms.certificates.models import Certificate, IssuerKey
from headstart_lms.kernel import clock
from headstart_lms.kernel.crypto import Keyring
from headstart_lms.kernel.db import db, transaction
from headstart_lms.kernel.errors import Conflict

from .conftest import NOON
from .test_pages import HTTPS, NAMES, Site, site

__all__ = ["site"]

pytestmark = pytest.mark.parametrize("site", [HTTPS], indirect=True)
LATER = NOON + timedelta(hours=2)


@pytest.fixture
def run(site: Site) -> Iterator[Site]:
    with site.app.app_context():
        yield site


def call(group: Any, *arguments: str, ok: bool = True) -> Result:
    result: Result = CliRunner().invoke(group, list(arguments), obj={})
    assert (result.exit_code == 0) is ok, result.output
    return result


def listed(*arguments: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call(key, "list", *arguments, "--json").stdout)
    return found


def verdict(site: Site, code: str, data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = site.ask(data.decode())
    return found


def file_of(site: Site, code: str) -> bytes:
    found: bytes = site.get(f"/certificates/{code}.json", "amina").data
    return found


def test_a_new_quarter_brings_a_new_key_and_old_papers_stay_valid(run: Site) -> None:
    code = run.issue()
    data = file_of(run, code)
    with clock.frozen(datetime(2027, 1, 2, tzinfo=UTC)):
        call(key, "rotate")
        assert [(row["key"], row["state"]) for row in listed()] == [("2026q4", "past"), ("2027q1", "signs")]
        assert verdict(run, code, data)["state"] == "valid"


def test_rotating_takes_over_at_once_and_the_old_key_signs_lists_until_its_end(run: Site) -> None:
    data = file_of(run, code := run.issue())
    with clock.frozen(LATER):
        call(key, "rotate")
        assert [row["key"] for row in listed()] == ["2026q4", "2026q4-2"]
        with transaction() as current:
            signs, lists = (
                keys.signing_key(
                    current, keys.issuing_centre(current, None), keyring=run.app.extensions["headstart"].keyring,
                    base_url=HTTPS, at=LATER, for_lists=for_lists,
                ).kid
                for for_lists in (False, True)
            )  # fmt: skip
        assert (signs, lists) == ("2026q4-2", "2026q4")
        assert verdict(run, code, data)["state"] == "valid"


def test_a_key_can_be_made_ahead_and_is_published_before_it_signs(run: Site) -> None:
    run.issue()
    made = json.loads(call(key, "new", "--json").stdout)
    assert [(row["key"], row["from"], row["state"]) for row in made] == [
        ("2027q1", "2027-01-01T00:00:00Z", "future")
    ]
    assert json.loads(call(key, "new", "--json").stdout) == made
    published = run.read("/centres/amman/did.json")
    assert [method["id"].split("#")[1] for method in published["verificationMethod"]] == ["2026q4", "2027q1"]
    other = json.loads(call(key, "new", "--from", "2027-05-01", "--json").stdout)
    assert other[0]["until"] == "2027-07-01T00:00:00Z"


def test_a_retired_key_signs_no_more_and_what_it_signed_stays_whole(run: Site) -> None:
    code = run.issue()
    data, page = file_of(run, code), run.get(f"/certificates/{code}", "amina").text
    with clock.frozen(LATER):
        call(key, "retire", "2026q4", "--yes")
        assert [(row["state"], row["private_part"]) for row in listed()] == [("retired", "destroyed")]
        assert verdict(run, code, data)["state"] == "valid"
        assert run.get(f"/certificates/{code}", "amina").text == page, "the paper keeps its QR code"
        again = call(key, "retire", "2026q4", "--yes", ok=False)
        assert "destroyed" in again.stderr


def test_asking_first_a_no_destroys_nothing(run: Site) -> None:
    run.issue()
    assert CliRunner().invoke(key, ["retire", "2026q4"], input="n\n", obj={}).exit_code == 1
    assert (
        CliRunner()
        .invoke(key, ["compromise", "2026q4", "--since", "2026-11-21"], input="n\n", obj={})
        .exit_code
        == 1
    )
    assert listed()[0]["private_part"] == "sealed"


def test_a_compromised_key_what_it_signed_before_counts_and_what_after_does_not(run: Site) -> None:
    data = file_of(run, code := run.issue())
    with clock.frozen(LATER):
        done = call(key, "compromise", "2026q4", "--since", "2026-11-21T13:00Z", "--yes")
        assert "certificates that no longer verify" not in done.stdout
        assert verdict(run, code, data)["state"] == "valid"
        earlier = call(key, "compromise", "2026q4", "--since", "2026-11-21", "--yes")
        assert "no longer verify: 1" in earlier.stdout
        assert "headstart certificate reissue --key 2026q4" in earlier.stdout
        found = verdict(run, code, data)
        assert (found["state"], found["reason"]) == ("altered", "key-compromised")
        later = call(key, "compromise", "2026q4", "--since", "2026-11-21T13:00Z", "--yes", ok=False)
        assert "earlier" in later.stderr


def test_certificates_of_a_compromised_key_are_issued_anew_and_linked(run: Site) -> None:
    data = file_of(run, code := run.issue())
    until = run.certificate(code).valid_until
    services.suspend(db.session(), run.certificate(code), "under-review", NOON)
    db.session().commit()
    with clock.frozen(LATER):
        call(key, "compromise", "2026q4", "--since", "2026-11-21", "--yes")
        done = json.loads(call(certificate, "reissue", "--key", "2026q4", "--json").stdout)
        assert done["left"] == 0
        [pair] = done["replaced"]
        assert pair["old"] == code
        assert json.loads(call(certificate, "reissue", "--key", "2026q4", "--json").stdout)["replaced"] == []
        old, new = run.get(f"/verify/{code}").text, run.certificate(pair["new"])
        assert 'data-state="replaced"' in old
        assert pair["new"] in old
        assert NAMES[0] not in old
        assert (new.valid_until, new.standing, new.signed_with) == (until, "suspended", "2026q4-2")
        assert verdict(run, code, data)["state"] == "altered"
        assert json.loads(call(certificate, "log", "--check", "--json").stdout)[0]["problems"] == []


def test_the_certificate_of_somebody_who_was_erased_cannot_be_issued_anew(run: Site) -> None:
    from headstart_lms.accounts.models import Person
    from headstart_lms.certificates import privacy

    run.issue()
    with transaction() as current:
        privacy.erase(current, current.get_one(Person, run.amina))
    with clock.frozen(LATER):
        done = call(key, "compromise", "2026q4", "--since", "2026-11-21", "--yes")
        assert "1 of them cannot be issued anew" in done.stdout
        assert json.loads(call(certificate, "reissue", "--key", "2026q4", "--json").stdout) == {
            "replaced": [], "left": 1,
        }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ("retire", "2020q1", "--yes"),
        ("compromise", "2026q4", "--since", "tomorrow", "--yes"),
        ("compromise", "2026q4", "--since", "2030-01-01", "--yes"),
        ("compromise", "2026q4", "--since", "2026-11-21T14:30", "--yes"),
        ("new", "--from", "2020-01-01"),
        ("list", "--centre", "nowhere"),
    ],
)
def test_refusals_are_one_line_and_exit_with_one(run: Site, arguments: tuple[str, ...]) -> None:
    run.issue()
    result = call(key, *arguments, ok=False)
    assert result.exit_code == 1
    assert result.stderr.startswith("headstart: ")
    assert result.stderr.count("\n") == 1


def test_what_is_not_compromised_is_not_issued_anew(run: Site) -> None:
    run.issue()
    assert "not compromised" in call(certificate, "reissue", "--key", "2026q4", ok=False).stderr


def test_the_database_alone_cannot_sign(run: Site, tmp_path: Path) -> None:
    """With a copy of the database and another folder of keys, every act that signs is refused in one line."""
    run.issue()
    folder = Path(run.app.config["HEADSTART_INSTANCE"]) / "keys"
    [row] = db.session().query(IssuerKey).all()
    for sealed in (row.sealed, (row.sealed or b"")[:-1] + b"\x00"):
        row.sealed = sealed
        with pytest.raises(Conflict):
            keys.open_seed(row, Keyring(tmp_path / "stolen"))
    db.session().rollback()
    shutil.rmtree(folder)
    run.app.extensions["headstart"].__dict__.pop("keyring", None)
    with transaction() as current:
        current.execute(text("UPDATE lms_certificate SET standing = 'good'"))
    db.session().execute(text("UPDATE lms_certificate SET token = NULL"))
    db.session().commit()
    refused = call(key, "retire", "2026q4", "--yes", ok=False)
    assert "folder of keys" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert listed()[0]["private_part"] == "sealed", "nothing was destroyed"


def test_the_log_command_finds_a_changed_row_and_exits_with_one(run: Site) -> None:
    run.issue()
    assert "right: 1 signatures fit" in call(certificate, "log", "--check").stdout
    with transaction() as current:
        current.execute(text("UPDATE lms_log_entry SET place = place + 1"))
    assert "entry 1 was changed" in call(certificate, "log", "--check", ok=False).stdout
    assert call(certificate, "log").exit_code == 0


def test_the_signed_end_of_the_log_is_published_and_follows_every_act(run: Site) -> None:
    assert run.get("/centres/amman/log.json").status_code == 404
    code = run.issue()
    assert run.read("/centres/amman/log.json")["size"] == 1
    assert run.get("/centres/amman/log.json").headers["Access-Control-Allow-Origin"] == "*"
    call(certificate, "revoke", code, "--reason", "error")
    second = run.read("/centres/amman/log.json")
    assert second["size"] == 2
    assert second["proof"]["verificationMethod"].endswith("#2026q4")
    assert db.session().query(Certificate).count() == 1
