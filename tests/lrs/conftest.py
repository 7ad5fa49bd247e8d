"""A small application with only the record store, on SQLite and on PostgreSQL."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from headstart_lms.kernel.crypto import Keyring
from headstart_lms.kernel.db import Base, db, set_pragmas, transaction
from headstart_lms.lrs import api, models
from headstart_lms.lrs import jobs as jobs  # registers the job
from headstart_lms.lrs.credentials import DEFAULT_SCOPES, client_add

IRI_BASE = "https://learn.example"
TENANT = UUID("5d0a5aa3-6f4e-4a7b-9f40-3a3a2b1f0c11")
_LRS_TABLES = [
    table for name, table in Base.metadata.tables.items()
    if table.name in {mapper.class_.__tablename__ for mapper in Base.registry.mappers
                      if mapper.class_.__module__ == models.__name__} or name == "lms_job"
]  # fmt: skip


def make_app(url: str, folder: Path, **settings: Any) -> Flask:
    """Make the application, and the tables if there are none."""
    app = Flask(__name__)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=url,
        TESTING=True,
        HEADSTART_XAPI_UNVERSIONED_RESPONSE_VERSION="0.95",
        HEADSTART_XAPI_RATE=0,
        **settings,
    )
    SQLAlchemy(app, metadata=Base.metadata)
    app.extensions["headstart"] = SimpleNamespace(
        keyring=Keyring(folder / "keys"),
        installation=SimpleNamespace(uuid=TENANT, iri_base=IRI_BASE, base_url=IRI_BASE),
    )
    app.register_blueprint(api.bp)
    with app.app_context():
        set_pragmas(db.engine)
        Base.metadata.create_all(db.engine, tables=_LRS_TABLES)
    return app


@pytest.fixture(scope="session")
def postgresql_database(postgresql: str) -> Iterator[str]:
    """Make one database for all these tests; each finds its tables empty."""
    name = f"lrs_{uuid4().hex}"
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgresql).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the address of a database without statements."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'lrs.db'}"
        return
    address: str = request.getfixturevalue("postgresql_database")
    yield address
    engine = create_engine(address)
    with engine.begin() as connection:
        names = ", ".join(table.name for table in _LRS_TABLES)
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
    engine.dispose()


@pytest.fixture
def app(database: str, tmp_path: Path) -> Iterator[Flask]:
    made = make_app(database, tmp_path)
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session in an application context; commit it yourself."""
    with app.app_context():
        yield db.session()


class Caller:
    """An xAPI client with its own key."""

    def __init__(self, client: FlaskClient, key: str, secret: str, version: str) -> None:
        self._client = client
        self.key, self.secret = key, secret
        self.version = version

    def __call__(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Any:
        basic = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        sent = {
            "Authorization": f"Basic {basic}",
            "X-Experience-API-Version": self.version,
            **(headers or {}),
        }
        address = path if path.startswith("/xapi") else "/xapi" + path
        return self._client.open(address, method=method, headers=sent, **options)

    def get(self, path: str, **query: str) -> Any:
        return self("GET", path, query_string=query)

    def post(self, *statements: Mapping[str, Any]) -> Any:
        return self("POST", "/statements", json=statements[0] if len(statements) == 1 else list(statements))

    def all(self, **query: str) -> list[dict[str, Any]]:
        """Walk a whole query through its "more" links."""
        page = self.get("/statements", **query).json
        found = list(page["statements"])
        while page["more"]:
            page = self("GET", page["more"]).json
            found += page["statements"]
        return found


@pytest.fixture
def make_caller(app: Flask) -> Callable[..., Caller]:
    def make(*scopes: str, tenant: UUID | None = TENANT, version: str = "1.0.3") -> Caller:
        with app.app_context(), transaction() as current:
            made = client_add(
                current, "a test", iri_base=IRI_BASE, tenant=tenant, scopes=scopes or DEFAULT_SCOPES
            )
        return Caller(app.test_client(), made["key"], made["secret"], version)

    return make


@pytest.fixture
def lrs(make_caller: Callable[..., Caller]) -> Caller:
    """A client that may do what clients may by default."""
    return make_caller()
