"""Mounted in a host: we use what it has, keep to our prefix, and change nothing of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from alembic.migration import MigrationContext
from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import inspect, select, text

from headstart_lms import HeadstartLMS, create_app, hookimpl
from headstart_lms.kernel import migrate
from headstart_lms.kernel.db import db, session, transaction
from tests.accounts.test_people_of_a_host import add_user, host_open, sign_in_at_host
from tests.browsing import Browser, own_assets
from tests.commands import run
from tests.conftest import host_module
from tests.journeys.learner import certified

mounted = [pytest.mark.mounted, pytest.mark.both_databases]


class TestTheHostKeepsWhatIsItsOwn:
    pytestmark = mounted

    def test_its_database_is_ours_and_its_tables_stay(self, app: Flask) -> None:
        assert app.extensions["sqlalchemy"] is host_module().db
        with app.app_context():
            names = set(inspect(db.engine).get_table_names())
            assert {"user", "note", "lms_person", "lms_statement", "lms_alembic_version"} <= names
            assert {name for name in names if not name.startswith("lms_")} == {"user", "note"}
            assert not [name for name in host_module().db.metadata.tables if name.startswith("lms_")]
            assert migrate.differences(db.engine) == []

    def test_its_own_migrations_are_not_touched(self, app: Flask) -> None:
        with app.app_context():
            with db.engine.begin() as connection:
                connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
                connection.execute(text("INSERT INTO alembic_version VALUES ('the host''s 7th')"))
            migrate.downgrade(db.engine, "base")
            tables = set(inspect(db.engine).get_table_names())
            assert {name for name in tables if name.startswith("lms_")} <= {"lms_alembic_version"}
            assert {"user", "note"} <= tables
            migrate.upgrade(db.engine)
            with db.engine.connect() as connection:
                assert MigrationContext.configure(connection).get_current_revision() == "the host's 7th"
            assert migrate.current(db.engine) == migrate.head()

    def test_its_login_manager_and_csrf_object_are_the_same(self, app: Flask) -> None:
        host = host_module()
        assert app.login_manager is host.login_manager  # type: ignore[attr-defined]
        assert app.extensions["csrf"] is host.csrf
        assert app.config["WTF_CSRF_CHECK_DEFAULT"] is True
        assert app.config["WTF_CSRF_TIME_LIMIT"] == 3600
        assert app.secret_key == "a secret of the tests"

    def test_its_forms_still_need_their_token(self, app: Flask) -> None:
        add_user(app, "leila")
        leila = sign_in_at_host(app, "leila")
        form = host_open(leila, "/").form(id="note")
        refused = leila.client.post("/", data={"text": "without a token"})
        assert refused.status_code == 400
        assert "with a token" in leila.send(form, text="with a token").text
        assert "without a token" not in host_open(leila, "/").text

    def test_its_pages_and_errors_are_its_own(self, app: Flask) -> None:
        browser = Browser(app)
        page = host_open(browser, "/")
        assert "Our own page" in page.text
        for name in ("Content-Security-Policy", "X-Content-Type-Options", "Cross-Origin-Opener-Policy"):
            assert name not in page.response.headers
        missing = host_open(browser, "/nothing-here")
        assert missing.status == 404
        assert "Headstart" not in missing.body
        assert host_open(browser, "/courses/tiny").status == 404

    def test_its_cookies_and_sessions_stay_when_somebody_signs_out_here(self, app: Flask) -> None:
        add_user(app, "leila")
        leila = sign_in_at_host(app, "leila")
        answer = leila.client.post("/learn/sign-out", headers={"Sec-Fetch-Site": "same-origin"})
        assert answer.status_code == 303
        assert "Clear-Site-Data" not in answer.headers  # it would empty the host's own storage
        assert "Signed in: leila" in host_open(leila, "/").text

    def test_what_it_has_not_saved_is_never_saved_by_us(self, app: Flask) -> None:
        host: Any = host_module()
        with app.app_context():
            session().add(host.User(name="half done", password_hash=""))
            with pytest.raises(RuntimeError, match="pending changes"), transaction():
                pass
            session().rollback()
            assert session().scalars(select(host.User)).all() == []

    def test_its_database_is_not_put_back_to_an_older_state_by_us(self, app: Flask, tmp_path: Path) -> None:
        for command in (["backup", str(tmp_path / "a.tar.gz")], ["restore", "--yes", str(Path(__file__))]):
            refused = run(app, *command)
            assert refused.exit_code == 1
            assert "belongs to the application" in refused.output


class TestOurPagesKeepToThePrefix:
    pytestmark = mounted

    def test_our_forms_need_no_token_of_the_host(self, app: Flask) -> None:
        browser = Browser(app)
        answer = browser.client.post("/learn/start", data={"to": "IT", "route": "labour"},
                                     headers={"Origin": "http://localhost"})  # fmt: skip
        assert answer.status_code == 303
        refused = browser.client.post(
            "/learn/start", data={"to": "IT"}, headers={"Origin": "https://evil.example"}
        )
        assert refused.status_code == 403
        assert browser.client.post("/learn/xapi/statements", json={}).status_code == 401

    def test_links_pictures_styles_and_redirects_carry_the_prefix(self, app: Flask) -> None:
        amina, code = certified(app)
        browser = amina.browser
        pages = [
            browser.open(path)
            for path in ("/", "/courses/tiny", "/courses/tiny/first", "/courses/tiny/tests/final", "/me",
                         "/me/account", "/me/data", "/verify", f"/verify/{code}", f"/certificates/{code}",
                         "/help", "/privacy", "/start")
        ]  # fmt: skip
        for page in pages:
            assert page.status == 200, page.url
            targets = [link["href"] for link in page.links] + [form.action for form in page.forms]
            for target in targets:
                parts = urlsplit(target)
                assert parts.scheme not in ("http", "https") or parts.netloc != "localhost" or (
                    parts.path == "/learn" or parts.path.startswith("/learn/")
                ), f"{target} on {page.url}"  # fmt: skip
        assets = own_assets(pages)
        assert assets
        for asset in assets:
            if not asset.startswith("data:"):
                assert urlsplit(asset).path.startswith("/learn/")
                assert browser.open(asset).status == 200, asset

    def test_the_manifest_starts_at_the_prefix(self, app: Flask) -> None:
        browser = Browser(app)
        (manifest,) = {a for a in own_assets([browser.open("/")]) if a.endswith(".webmanifest")}
        content = json.loads(browser.open(manifest).response.data)
        assert urlsplit(urljoin(manifest, content["start_url"])).path == "/learn/"
        assert urlsplit(urljoin(manifest, content["scope"])).path == "/learn/"

    def test_printed_addresses_carry_the_prefix(self, app: Flask) -> None:
        amina, code = certified(app)
        document = amina.browser.open(f"/certificates/{code}.json").response.get_json(force=True)
        assert document["issuer"]["id"].startswith("did:web:localhost:learn:centres:")
        status = document["credentialStatus"]
        address = (status[0] if isinstance(status, list) else status)["statusListCredential"]
        assert address.startswith("http://localhost/learn/status/")
        stranger = Browser(app)
        assert stranger.open(address).status == 200
        slug = document["issuer"]["id"].rsplit(":", 1)[1]
        assert (
            stranger.open(f"/centres/{slug}/did.json").response.get_json(force=True)["id"]
            == document["issuer"]["id"]
        )


def test_the_command_works_in_the_application_that_flask_found(app: Flask) -> None:
    assert "tiny" in run(app, "course", "list").output


# --- other hosts -----------------------------------------------------------------------------------


def host(tmp_path: Path, **settings: Any) -> Flask:
    made = Flask("another_host")
    made.config.update(
        SECRET_KEY="another secret", TESTING=True, HEADSTART_INSTANCE=str(tmp_path / "headstart"),
        HEADSTART_BASE_URL="http://localhost/learn", **settings,
    )  # fmt: skip
    return made


def dispose(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()


def test_a_host_without_a_database_gets_ours(tmp_path: Path) -> None:
    app = host(tmp_path)
    HeadstartLMS(app, url_prefix="/learn")
    assert run(app, "init").exit_code == 0
    assert (tmp_path / "headstart" / "headstart.sqlite3").exists()
    assert Browser(app).open("/").status == 200
    dispose(app)


def test_a_csrf_object_that_the_host_makes_later_guards_the_host_and_leaves_us_alone(tmp_path: Path) -> None:
    app = host(tmp_path)
    HeadstartLMS(app, url_prefix="/learn")
    CSRFProtect(app)
    app.add_url_rule("/own", "own", lambda: "saved", methods=["POST"])
    run(app, "init")
    client = app.test_client()
    assert client.post("/own").status_code == 400
    same = {"Origin": "http://localhost"}
    assert client.post("/own", headers=same).status_code == 400
    assert client.post("/learn/sign-out", headers=same).status_code == 303
    dispose(app)


def test_a_host_without_csrf_gets_none_from_us(tmp_path: Path) -> None:
    app = host(tmp_path)
    HeadstartLMS(app, url_prefix="/learn")
    app.add_url_rule("/own", "own", lambda: "saved", methods=["POST"])
    assert "csrf" not in app.extensions
    assert app.test_client().post("/own").data == b"saved"
    assert app.jinja_env.globals.get("csrf_token") is None
    dispose(app)


def test_a_host_that_says_no_folder_keeps_the_keys_in_its_own(tmp_path: Path) -> None:
    app = Flask("a_host_without_settings", instance_path=str(tmp_path / "instance"))
    HeadstartLMS(app, url_prefix="/learn")
    assert Path(app.config["HEADSTART_INSTANCE"]) == tmp_path / "instance" / "headstart"
    dispose(app)


def test_mounting_twice_is_refused(tmp_path: Path) -> None:
    app = host(tmp_path)
    HeadstartLMS(app, url_prefix="/learn")
    with pytest.raises(RuntimeError, match="mounted in this application already"):
        HeadstartLMS(app, url_prefix="/again")
    dispose(app)


def test_a_plugin_of_the_host_says_who_is_here(tmp_path: Path) -> None:
    class Header:
        @hookimpl
        def headstart_host_person(self, request: Any) -> str | None:
            found: str | None = request.headers.get("X-Proxy-User")
            return found

    app = host(tmp_path, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'host.sqlite3'}")
    SQLAlchemy(app)
    HeadstartLMS(app, url_prefix="/learn", plugins=[Header()])
    run(app, "init")
    client = app.test_client()
    assert client.get("/learn/me", headers={"X-Proxy-User": "leila"}).status_code == 200
    assert client.get("/learn/me").status_code == 303
    dispose(app)


def test_stand_alone_a_host_is_not_asked(app: Flask) -> None:
    class Everybody:
        @hookimpl
        def headstart_host_person(self, request: Any) -> str | None:
            return "leila"

    app.extensions["headstart"].plugins.register(Everybody())
    with app.test_request_context("/"):
        assert request.path == "/"
    assert Browser(app).open("/me").path == "/sign-in"


def test_the_stand_alone_application_keeps_its_own_secret(tmp_path: Path) -> None:
    one = create_app({"HEADSTART_INSTANCE": str(tmp_path / "one"), "SECRET_KEY": "known to everybody"})
    two = create_app({"HEADSTART_INSTANCE": str(tmp_path / "two")})
    assert one.secret_key != two.secret_key
    assert one.secret_key != "known to everybody"
    dispose(one)
    dispose(two)
