"""headstart certificate: for centres without a browser at hand, and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headstart_lms.certificates.cli import certificate

from .test_pages import DEMO, NAMES, Site, site

__all__ = ["site"]

pytestmark = pytest.mark.parametrize("site", [DEMO], indirect=True)


@pytest.fixture
def run(site: Site) -> Iterator[CliRunner]:
    with site.app.app_context():
        yield CliRunner()


def call(run: CliRunner, *arguments: str) -> Result:
    return run.invoke(certificate, list(arguments), obj={})


def issued(run: CliRunner, site: Site) -> str:
    result = call(
        run, "issue", str(site.award), "--passport-name", NAMES[0], "--own-name", NAMES[1],
        "--year-of-birth", "1990", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["demo"] is True
    return str(answer["code"])


def test_issuing_verifying_and_revoking(run: CliRunner, site: Site, tmp_path: Path) -> None:
    code = issued(run, site)
    assert issued(run, site) == code
    file = tmp_path / "certificate.json"
    file.write_bytes(site.get(f"/certificates/{code}.json", "amina").data)
    good = call(run, "verify", str(file))
    assert good.exit_code == 0
    assert "Valid" in good.stdout
    assert "proves nothing" in good.stdout
    assert NAMES[0] in good.stdout
    assert call(run, "revoke", code, "--reason", "fraud").exit_code == 0
    bad = call(run, "verify", str(file), "--json")
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["state"] == "revoked"


def test_a_changed_file_exits_with_one_and_shows_nothing_of_it(
    run: CliRunner, site: Site, tmp_path: Path
) -> None:
    code = issued(run, site)
    file = tmp_path / "certificate.json"
    raw = site.get(f"/certificates/{code}.json", "amina").text
    file.write_text(raw.replace(NAMES[0], "SOMEBODY ELSE"))
    result = call(run, "verify", str(file))
    assert result.exit_code == 1
    assert "Altered" in result.stdout
    assert "SOMEBODY" not in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("issue", "nonsense"),
        ("issue", "00000000-0000-4000-8000-000000000000"),
        ("revoke", "7K3M-92QF-X4QY", "--reason", "fraud"),
        ("revoke", "7K3M-92QF-X4QQ", "--reason", "fraud"),
    ],
)
def test_refusals_are_one_line_and_exit_with_one(
    run: CliRunner, site: Site, arguments: tuple[str, ...]
) -> None:
    result = call(run, *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("headstart: ")
    assert result.stderr.count("\n") == 1


def test_wrong_usage_exits_with_two(run: CliRunner, site: Site) -> None:
    assert call(run, "revoke", "7K3M-92QF-X4QY", "--reason", "because").exit_code == 2
    assert call(run, "verify", "/nowhere/file.json").exit_code == 2
