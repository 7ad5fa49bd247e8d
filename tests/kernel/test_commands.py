"""Commands: one clear line when the installation is not ready, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ["course list", "person list", "client list", "progress rebuild --check"]


def headstart(instance: Path, *arguments: str, database: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADSTART_")}
    environment |= {"HEADSTART_INSTANCE": str(instance)}
    if database:
        environment["HEADSTART_DATABASE_URL"] = database
    return subprocess.run(
        [str(Path(sys.executable).parent / "headstart"), *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_before_init_a_command_says_to_run_it(tmp_path: Path, command: str) -> None:
    done = headstart(tmp_path / "instance", *command.split())
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("headstart: This installation has no tables yet. Run 'headstart init'.")


def test_a_database_that_is_away_is_named_as_such(tmp_path: Path) -> None:
    done = headstart(
        tmp_path / "instance", "person", "list", database="postgresql://nobody@127.0.0.1:9/nowhere"
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "HEADSTART_DATABASE_URL" in done.stderr
