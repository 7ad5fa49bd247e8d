"""One application for a whole module, where every test leaves it as good as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from headstart_lms.kernel.db import db

from ..conftest import Prepared, Variant, make_app


@pytest.fixture(scope="module")
def shared_app(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("shared") / "instance"
    made = make_app(Variant(), folder, prepared.copy(Variant(), folder, bundled=False))
    yield made
    with made.app_context():
        db.engine.dispose()
