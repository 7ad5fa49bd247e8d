"""HeadstartLMS: the extension that mounts everything under a prefix of a Flask application."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import pluggy
from flask import Blueprint, Flask, Response, send_from_directory, url_for
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import generate_csrf
from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from sqlalchemy import make_url, select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from . import config, hooks
from .accounts import access as people
from .accounts.models import Person
from .accounts.services import Visitor
from .assessments import items
from .builtin import collect_item_types
from .courses.library import Library
from .courses.models import Course
from .courses.parts import ItemBase
from .courses.services import list_courses
from .kernel import health, i18n, replica, text, web
from .kernel.access import access, public, rule_of
from .kernel.crypto import Keyring
from .kernel.db import Base, check_idle_connections, normal_address, session, set_pragmas
from .kernel.errors import NotReady
from .kernel.languages import direction
from .kernel.rates import Buckets
from .kernel.settings import Installation, find_installation
from .kernel.storage import Storage
from .paths import static_folder

#: Modules with pages or endpoints, in the order their routes are matched.
MODULES = (
    "accounts",
    "privacy",
    "lrs",
    "courses",
    "certificates",
    "authoring",
    "desk",
    "exchange",
    "records",
    "learning",
)


class State:
    """What one application of ours holds; ``app.extensions["headstart"]``."""

    def __init__(self, app: Flask, plugins: pluggy.PluginManager, *, prefix: str, is_mounted: bool) -> None:
        self._app = app
        self.plugins = plugins
        self.prefix = prefix
        self.is_mounted = is_mounted
        self.is_hosts_database = False
        self.item_types: dict[str, type[ItemBase]] = collect_item_types(plugins)
        self.folder = Path(app.config["HEADSTART_INSTANCE"])
        self.static = static_folder()
        self.library = Library(self.item_types)
        self.jinja: Environment  # set when the routes are known
        self.ui = UI
        #: Checks of certificates by address.
        self.checks = Buckets()
        self._installation: Installation | None = None

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring(self.folder / "keys")

    @cached_property
    def storage(self) -> Storage:
        return Storage(self.folder / "files")

    @property
    def installation(self) -> Installation:
        """Return who this installation is; raise NotReady before ``headstart init``."""
        if self._installation is None:
            try:
                self._installation = find_installation(session())
            except (OperationalError, ProgrammingError) as error:
                session().rollback()
                raise NotReady("This installation has no tables yet. Run 'headstart init'.") from error
            if self._installation is not None and not self.is_mounted:
                self._app.config["SESSION_COOKIE_SECURE"] = self.is_secure
        if self._installation is None:
            raise NotReady("This installation is not set up yet. Run 'headstart init'.")
        return self._installation

    @property
    def is_secure(self) -> bool:
        """True when people reach us by https: cookies are then Secure and named ``__Host-``."""
        try:
            base = (self._installation or self.installation).base_url
        except NotReady:
            base = self._app.config["HEADSTART_BASE_URL"] or ""
        return base.startswith("https://")

    def destinations(self, current: Session) -> list[str]:
        """Return the countries (ISO 3166-1) that published courses lead to."""
        return list(current.scalars(select(Course.destination).distinct().order_by(Course.destination)))

    def course_languages(self) -> dict[str, str]:
        """Return the languages in which published courses are offered, each by its own name."""
        books = list_courses(session(), self.library, "en")
        return {
            tag: i18n.language_name(tag) for tag in sorted({tag for book in books for tag in book.languages})
        }

    def after_answer(self, answer_id: UUID) -> None:
        """Tell plugins; what they do wrong is logged and undoes nothing."""
        try:
            self.plugins.hook.headstart_answered(answer_id=answer_id)
        except Exception:
            self._app.logger.exception("a plugin failed after an answer")

    def forget(self) -> None:
        """Read the installation again: after ``init``."""
        self._installation = None

    def session_lifetime(self, person: Person) -> timedelta:
        if person.login is not None:
            return timedelta(hours=self._app.config["HEADSTART_STAFF_SESSION_HOURS"])
        return timedelta(days=self._app.config["HEADSTART_SESSION_DAYS"])


class UI:
    """What every page's frame needs: language, direction, the person, the accent of the course."""

    def __init__(self) -> None:
        self.lang = i18n.language()
        self.dir = direction(self.lang)
        self.languages = list(web.offered_languages().items())
        self.accent: str | None = None

    @cached_property
    def person(self) -> Visitor | None:
        return people.current_visitor()

    @cached_property
    def links(self) -> dict[str, str]:
        person = self.person
        has_desk = person is not None and person.has_role("teacher", "examiner", "manager", "admin")
        is_officer = person is not None and person.has_role("officer")
        return {
            "home": web.url("learning.catalogue"), "journey": web.url("learning.journey"),
            "sign_in": web.url("accounts.sign_in"), "verify": web.url("certificates.verify"),
            "privacy": web.url("privacy.policy"), "help": web.url("learning.help_page"),
            "desk": web.url("desk.home") if has_desk else web.url("certificates.office") if is_officer else "",
        }  # fmt: skip

    def link(self, code: str) -> str:
        """Return the address of this page in another language."""
        return web.with_lang(code)


class HeadstartLMS:
    """Mount the learning system: ``HeadstartLMS(app, url_prefix="/learn")`` or ``init_app`` later.

    Uses the host's Flask-SQLAlchemy when it has one (make it first); leaves its login manager, its CSRF object,
    its templates, cookies and settings as they are. ``plugins`` are objects or modules with hooks of ``hooks.py``,
    for example the host's ``headstart_host_person``.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        url_prefix: str = "",
        plugins: Sequence[object] = (),
        standalone: bool = False,
    ) -> None:
        self.url_prefix = url_prefix
        self.plugins = tuple(plugins)
        self.standalone = standalone
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        if "headstart" in app.extensions:
            raise RuntimeError("Headstart LMS is mounted in this application already")
        if not self.standalone and not os.environ.get("HEADSTART_INSTANCE"):
            # a host may be started in any folder: the keys stay in one
            app.config.setdefault("HEADSTART_INSTANCE", str(Path(app.instance_path) / "headstart"))
        config.load(app.config)
        Path(app.config["HEADSTART_INSTANCE"]).mkdir(parents=True, exist_ok=True, mode=0o700)
        is_hosts_database = "sqlalchemy" in app.extensions
        if not is_hosts_database:
            self._database(app)
        replica.init_app(app)
        manager = hooks.plugin_manager([items, *self.plugins])
        state = State(app, manager, prefix=self.url_prefix, is_mounted=not self.standalone)
        state.is_hosts_database = is_hosts_database
        app.extensions["headstart"] = state
        if self.standalone:
            app.secret_key = state.keyring.key("flask-session")
            # a page may lie on a phone for days; in a host its own limit stays
            app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
            _login(app)
        app.register_blueprint(self._blueprint(app, state), url_prefix=self.url_prefix or None)
        _seal_routes(app)

    def _database(self, app: Flask) -> None:
        address = app.config["HEADSTART_DATABASE_URL"]
        if not address:
            address = f"sqlite:///{Path(app.config['HEADSTART_INSTANCE']).resolve() / 'headstart.sqlite3'}"
        app.config.setdefault("SQLALCHEMY_DATABASE_URI", normal_address(address))
        # an error of the database goes to the log: with its statement, never with names that stood in it
        options: dict[str, Any] = {"hide_parameters": True}
        is_postgresql = app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql")
        if is_postgresql:
            # prepared statements break behind pgbouncer in transaction mode (TRUST 5.2)
            options["connect_args"] = {"prepare_threshold": None, "application_name": "headstart"}
        if make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database not in (None, "", ":memory:"):
            # each thread of the server has one, and the job loop, and something is left over (serving.THREADS)
            options |= {"pool_size": 10, "max_overflow": 20}
            options["pool_use_lifo"] = True  # few connections that are warm, instead of all in turn
        app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
        database = SQLAlchemy(app, metadata=Base.metadata)
        with app.app_context():
            set_pragmas(database.engine)
            if is_postgresql:
                check_idle_connections(database.engine)

    def _blueprint(self, app: Flask, state: State) -> Blueprint:
        root = Blueprint("headstart", "headstart_lms")
        web.guard(root)
        version = web.tree_hash(state.static)

        def asset(name: str) -> str:
            return web.url("static", filename=name, version=version)

        @root.get("/static/<version>/<path:filename>", endpoint="static")
        @access(public)
        def static(version: str, filename: str) -> Response:
            """Serve a style sheet, script or icon; its address changes with its content."""
            response = send_from_directory(state.static, filename)
            response.cache_control.public = True
            response.cache_control.max_age = 31536000
            response.cache_control.immutable = True
            response.cache_control.no_cache = None
            return response

        root.register_blueprint(health.bp)
        for name in MODULES:
            _module(f"headstart_lms.{name}.jobs")  # registers what `headstart work` can do
            for kind in ("views", "api"):
                module = _module(f"headstart_lms.{name}.{kind}")
                if module is not None:
                    root.register_blueprint(module.bp)
        state.jinja = _environment(app, asset)
        return root


def _writer() -> str:
    """Return who opened this page, for a form that stays open: somebody else may sign in in this browser."""
    person = people.current_person()
    return "" if person is None else str(person.uuid)


def _environment(app: Flask, asset: Callable[[str], str]) -> Environment:
    """Make the environment our pages are rendered in: the host's own stays as it is.

    A host may replace a page by a template of the same path (``headstart/...``) in its own folder.
    """
    loaders: list[BaseLoader] = [PackageLoader("headstart_lms", "templates")]
    loaders += [
        PackageLoader(f"headstart_lms.{name}") for name in (*MODULES, "assessments") if _has_templates(name)
    ]
    if app.jinja_loader is not None:
        loaders.insert(0, app.jinja_loader)
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=StrictUndefined, auto_reload=app.debug,
    )  # fmt: skip
    environment.filters.update(
        text.filters(),
        date=i18n.date,
        country=i18n.country,
        language_name=i18n.language_name,
        listed=i18n.listed,
    )
    environment.globals.update(
        {
            "_": i18n._, "ngettext": i18n.ngettext, "pgettext": i18n.pgettext, "url": web.url, "asset": asset,
            "csrf_token": generate_csrf, "url_for": url_for, "writer": _writer,
        }
    )  # fmt: skip
    return environment


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


def _has_templates(name: str) -> bool:
    return (Path(__file__).parent / name / "templates").is_dir()


def _login(app: Flask) -> None:
    """Let Flask-Login know our people, in an application that is ours."""
    manager = LoginManager(app)

    @manager.request_loader  # type: ignore[untyped-decorator]
    def load(request: object) -> Person | None:
        return people.current_person()


def _seal_routes(app: Flask) -> None:
    """Refuse to start with a route that declares no rule; exempt ours from the host's token check.

    Our forms are checked by ``web.check_origin``; endpoints for programs by their credential. The host may make
    its CSRF object before us or after us: one that comes later is told at the first request.
    """
    ours = [
        app.view_functions[rule.endpoint]
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("headstart.")
    ]
    for view in ours:
        if rule_of(view) is None:
            raise RuntimeError(f"the view {view.__module__}.{view.__name__} declares no access rule")

    def exempt() -> None:
        csrf = app.extensions.get("csrf")
        if csrf is not None and csrf not in told:
            for view in ours:
                csrf.exempt(view)
            told.append(csrf)

    told: list[object] = []
    exempt()
    if not told:
        app.before_request(exempt)
