"""The record store as part of the whole application, stand-alone and mounted in a host."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask

from headstart_lms.kernel.db import db
from headstart_lms.lrs import cli

from ..conftest import Prepared, Variant, make_app
from .lrs_strategies import statement


@pytest.fixture(params=["standalone", "mounted"])
def whole(request: pytest.FixtureRequest, prepared: Prepared, tmp_path: Path) -> Iterator[tuple[Flask, str]]:
    """Yield the application and the prefix it is mounted under."""
    variant = Variant(request.param)
    address = prepared.copy(variant, tmp_path / "instance", bundled=False)
    app = make_app(variant, tmp_path / "instance", address)
    yield app, variant.prefix
    with app.app_context():
        db.engine.dispose()


def call(app: Flask, key: dict[str, str], method: str, path: str, **options: Any) -> Any:
    basic = base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3"}
    return app.test_client().open(path, method=method, headers=headers, **options)


def test_a_key_of_the_command_line_writes_reads_and_walks(whole: tuple[Flask, str]) -> None:
    app, prefix = whole
    with app.app_context():
        key = json.loads(CliRunner().invoke(cli.client, ["add", "reports", "--json"]).output)
    address = f"{prefix}/xapi/statements"
    made = [statement() for _ in range(3)]
    assert call(app, key, "POST", address, json=made).status_code == 200
    page = call(app, key, "GET", f"{address}?limit=2").json
    assert page["more"].startswith(address)
    rest = call(app, key, "GET", page["more"]).json
    found = [one["id"] for one in page["statements"] + rest["statements"]]
    assert found[:3] == [one["id"] for one in made[::-1]]


def test_without_a_key_the_answer_is_401_in_json_and_no_page(whole: tuple[Flask, str]) -> None:
    app, prefix = whole
    response = app.test_client().get(f"{prefix}/xapi/statements", headers={"Accept": "text/html"})
    assert response.status_code == 401
    assert response.content_type == "application/problem+json"
    assert "Set-Cookie" not in response.headers
