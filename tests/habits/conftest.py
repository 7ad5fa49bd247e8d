"""One world for the whole table of access; its database is put back after every request that may write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headstart_lms.kernel.db import db

from ..conftest import Prepared, Variant, make_app
from .world import World, make_world


@pytest.fixture(scope="module")
def world(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world") / "instance"
    address = prepared.copy(Variant(), folder, bundled=False)
    app = make_app(Variant(), folder, address)
    with app.app_context():
        made = make_world(app)
        db.session.remove()
    yield made
    with app.app_context():
        db.engine.dispose()
