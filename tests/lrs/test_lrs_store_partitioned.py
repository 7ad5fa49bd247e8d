"""Every test of the store once more, on monthly partitions: the same code runs on both layouts."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from headstart_lms.kernel.clock import now
from headstart_lms.kernel.db import Base
from headstart_lms.lrs import cutting

from .conftest import _LRS_TABLES
from .test_lrs_store import *  # noqa: F403


@pytest.fixture(scope="module")
def partitioned_database(postgresql: str) -> Iterator[str]:
    name = f"lrs_{uuid4().hex}"
    maintenance = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with maintenance.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    address = make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    engine = create_engine(address)
    Base.metadata.create_all(engine, tables=_LRS_TABLES)
    with Session(engine) as current, current.begin():
        cutting.convert(current, now(), lambda steps: lambda n: None)
    engine.dispose()
    yield address
    with maintenance.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    maintenance.dispose()


@pytest.fixture
def database(partitioned_database: str) -> Iterator[str]:
    yield partitioned_database
    engine = create_engine(partitioned_database)
    with engine.begin() as connection:
        names = ", ".join(table.name for table in _LRS_TABLES)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    engine.dispose()
