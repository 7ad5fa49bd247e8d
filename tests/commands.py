"""Run ``headstart`` commands in an application of a test."""

from __future__ import annotations

import json
from typing import Any

from click.testing import Result
from flask import Flask

from headstart_lms.cli import headstart


def run(app: Flask, *arguments: str, input: str | None = None) -> Result:
    """Run a command as ``flask headstart`` does; return its result, whatever the exit code."""
    result: Result = app.test_cli_runner().invoke(headstart, list(arguments), input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run_json(app: Flask, *arguments: str) -> Any:
    """Run a command that must succeed; return the JSON it prints."""
    result = run(app, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)
