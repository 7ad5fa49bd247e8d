"""An installation moves from one database to another, and nobody who uses it notices."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import create_engine, func, inspect, select, text
from sqlalchemy.exc import OperationalError

from headstart_lms import moving
from headstart_lms.accounts.models import Person
from headstart_lms.kernel import migrate
from headstart_lms.kernel.db import Base, db, session
from headstart_lms.kernel.jobs import Job
from headstart_lms.lrs.models import Attachment, Document, ForwardOutbox, Statement
from tests.browsing import Browser
from tests.commands import run, run_json
from tests.conftest import Prepared, Variant, make_app
from tests.journeys.learner import Learner, certified
from tests.lrs.lrs_strategies import statement

NewDatabase = Callable[[], str]


@pytest.fixture
def new_database(prepared: Prepared) -> Iterator[NewDatabase]:
    """Return a function that makes an empty PostgreSQL database."""
    made: list[str] = []

    def make() -> str:
        made.append(prepared._create(f"moved_{uuid4().hex}"))
        return made[-1]

    yield make
    for address in made:
        prepared.drop(address)


def file_of(app: Flask) -> str:
    return str(Path(app.config["HEADSTART_INSTANCE"]) / "headstart.sqlite3")


def at_rest(app: Flask) -> str:
    """Let go of the database, as a server that was stopped; return its address."""
    with app.app_context():
        address: str = db.engine.url.render_as_string(hide_password=False)
        db.session.remove()
        db.engine.dispose()
    return address


def moved_app(app: Flask, address: str) -> Flask:
    return make_app(Variant(), Path(app.config["HEADSTART_INSTANCE"]), address)


class Client:
    """A program that reads and writes statements."""

    def __init__(self, app: Flask) -> None:
        self.key = run_json(app, "client", "add", "a program", "--scope", "all")

    def __call__(self, app: Flask, method: str, path: str, **options: Any) -> Any:
        basic = base64.b64encode(f"{self.key['key']}:{self.key['secret']}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3"}
        headers |= options.pop("headers", {})
        return app.test_client().open(path, method=method, headers=headers, **options)


def multipart(made: dict[str, Any], content: bytes) -> tuple[bytes, str]:
    """Return a statement with an attachment as a body and its content type."""
    sha2 = hashlib.sha256(content).hexdigest()
    made["attachments"] = [
        {"usageType": "https://example.org/photo", "display": {"en": "A photo"}, "contentType": "image/png",
         "length": len(content), "sha2": sha2}
    ]  # fmt: skip
    body = (
        b"--b\r\nContent-Type: application/json\r\n\r\n" + json.dumps(made).encode()
        + b"\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n"
        + f"X-Experience-API-Hash: {sha2}\r\n\r\n".encode() + content + b"\r\n--b--\r\n"
    )  # fmt: skip
    return body, "multipart/mixed; boundary=b"


def fill(app: Flask) -> tuple[Client, Learner, str, str]:
    """Fill every corner: the demo, a learner with a certificate, what programs store, what waits to be sent."""
    run_json(app, "demo")
    client = Client(app)
    assert client(app, "POST", "/xapi/statements", json=[statement() for _ in range(30)]).status_code == 200
    body, content_type = multipart(statement(), b"\x89PNG\x00\xff" * 50)
    sent = client(app, "POST", "/xapi/statements", data=body, headers={"Content-Type": content_type})
    assert sent.status_code == 200, sent.text
    agent = json.dumps({"mbox": "mailto:nobody@example.org"})
    query = {"agent": agent, "profileId": "settings"}
    assert (
        client(app, "POST", "/xapi/agents/profile", query_string=query, json={"size": "ü"}).status_code == 204
    )
    run(app, "lrs", "target", "add", "ministry", "--endpoint", "https://lrs.example.org/xapi", "--username", "u",
        "--password", "p", "--history")  # fmt: skip
    learner, code = certified(app)
    more = client(app, "GET", "/xapi/statements?limit=10&ascending=true").json["more"]
    return client, learner, code, more


def walk(client: Client, app: Flask, more: str) -> list[str]:
    found = []
    while more:
        page = client(app, "GET", more).json
        found += [one["id"] for one in page["statements"]]
        more = page["more"]
    return found


def contents(app: Flask) -> dict[str, list[tuple[Any, ...]]]:
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in Base.metadata.sorted_tables
        }


def test_a_whole_installation_moves_to_postgresql_and_everything_goes_on(
    app: Flask, new_database: NewDatabase
) -> None:
    client, learner, code, more = fill(app)
    rest = walk(client, app, more)
    assert len(rest) > 20
    before = contents(app)
    token = learner.browser.cookie("hs")
    file = learner.browser.open(f"/certificates/{code}.json").response.data
    at_rest(app)
    target = new_database()

    done = run_json(app, "move-database", file_of(app), target)
    assert done["verified"] is True
    assert done["tables"] == {name: len(rows) for name, rows in before.items()}

    new = moved_app(app, target)
    assert contents(new) == before
    for empty in (Statement, Attachment, Document, ForwardOutbox, Job):
        assert before[empty.__tablename__], f"the test moves no {empty.__tablename__}"
    assert run(new, "progress", "rebuild", "--check").exit_code == 0
    # the cursor of before, the key of before, the order of before
    assert walk(client, new, more) == rest
    # the learner is still signed in, and goes on
    browser = Browser(new)
    assert token is not None
    browser.set_cookie("hs", token)
    page = browser.open("/me")
    assert page.status == 200
    assert page.path == "/me"
    checked = browser.send(browser.open("/verify").form(to="/verify", having="year"), files={"file": file})
    assert checked.data("state") == "valid"
    assert browser.open(f"/certificates/{code}.json").response.data == file
    # what is new gets new numbers
    assert client(new, "POST", "/xapi/statements", json=statement()).status_code == 200
    Learner(new).start()
    with new.app_context():
        assert (
            session().scalar(select(func.max(Person.id))) == max(row[0] for row in before["lms_person"]) + 1
        )
        assert (
            session().scalar(select(func.max(Statement.seq)))
            == max(row[0] for row in before["lms_statement"]) + 1
        )
        assert migrate.differences(db.engine) == []
    at_rest(new)


def test_there_and_back_again_is_the_same(app: Flask, new_database: NewDatabase, tmp_path: Path) -> None:
    fill(app)
    before = contents(app)
    at_rest(app)
    first, second = new_database(), new_database()
    there = moving.move(file_of(app), first)
    across = moving.move(first, second)
    back = moving.move(second, str(tmp_path / "back.sqlite3"))
    assert there.digest == across.digest == back.digest
    assert (tmp_path / "back.sqlite3").stat().st_mode & 0o077 == 0
    home = moved_app(app, f"sqlite:///{tmp_path / 'back.sqlite3'}")
    assert contents(home) == before
    at_rest(home)
    # every byte of JSON too, as it is stored
    for file in (Path(file_of(app)), tmp_path / "back.sqlite3"):
        with closing(sqlite3.connect(file)) as connection:
            found = connection.execute("SELECT response FROM lms_answer ORDER BY id").fetchall()
            before.setdefault("raw", found)
            assert found == before["raw"]


def test_a_server_that_runs_is_noticed(app: Flask, new_database: NewDatabase) -> None:
    run(app, "person", "list")
    with app.app_context():
        session().execute(text("SELECT count(*) FROM lms_person")).all()
        session().rollback()
        target = new_database()
        refused = run(app, "move-database", file_of(app), target)  # its pool holds the file open
        assert refused.exit_code == 1
        assert "in use" in refused.stderr
    at_rest(app)
    assert run(app, "move-database", file_of(app), target).exit_code == 0
    server = create_engine(target)
    with server.connect():
        refused = run(app, "move-database", target, new_database())
        assert refused.exit_code == 1
        assert "in use" in refused.stderr
    server.dispose()


def test_nobody_can_write_into_the_source_while_it_moves(app: Flask, tmp_path: Path) -> None:
    at_rest(app)
    tried = []

    def begin(steps: int) -> Callable[[int], None]:
        with closing(sqlite3.connect(file_of(app), timeout=0)) as other:
            try:
                other.execute("DELETE FROM lms_setting")
            except sqlite3.OperationalError as error:
                tried.append(str(error))
        return lambda n: None

    moving.move(file_of(app), str(tmp_path / "new.sqlite3"), begin=begin)
    assert tried == ["database is locked"]


def test_nobody_can_write_into_a_postgresql_source_while_it_moves(
    app: Flask, new_database: NewDatabase, tmp_path: Path
) -> None:
    at_rest(app)
    source = new_database()
    assert run(app, "move-database", file_of(app), source).exit_code == 0
    other = create_engine(source)
    tried = []

    def begin(steps: int) -> Callable[[int], None]:
        with other.connect() as late:  # a server that is started meanwhile
            late.execute(text("SET LOCAL lock_timeout = '200ms'"))
            assert late.execute(text("SELECT count(*) FROM lms_setting")).scalar()
            with pytest.raises(OperationalError) as caught:
                late.execute(text("DELETE FROM lms_setting"))
            tried.append(caught.value.orig.sqlstate)  # type: ignore[union-attr]
        return lambda n: None

    moving.move(source, str(tmp_path / "new.sqlite3"), begin=begin)
    assert tried == ["55P03"]
    with other.connect() as writer:
        writer.execute(text("UPDATE lms_setting SET value = value"))
        refused = run(app, "move-database", source, str(tmp_path / "newer.sqlite3"))
    assert refused.exit_code == 1
    assert "The source is in use" in refused.stderr
    other.dispose()


def test_a_target_that_holds_something_is_refused_and_left_alone(
    app: Flask, new_database: NewDatabase, tmp_path: Path
) -> None:
    at_rest(app)
    target = new_database()
    assert run(app, "move-database", file_of(app), target).exit_code == 0
    before = contents(moved := moved_app(app, target))
    at_rest(moved)
    again = run(app, "move-database", file_of(app), target)
    assert again.exit_code == 1
    assert "not empty" in again.stderr
    assert contents(moved) == before
    at_rest(moved)
    (tmp_path / "here").write_text("mine")
    assert run(app, "move-database", file_of(app), str(tmp_path / "here")).exit_code == 1
    assert (tmp_path / "here").read_text() == "mine"


def test_tables_of_a_host_stay_where_they_are(app: Flask, new_database: NewDatabase) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE host_thing (id INTEGER PRIMARY KEY)"))
    at_rest(app)
    target = new_database()
    engine = create_engine(target)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE other_thing (id INTEGER PRIMARY KEY)"))
        connection.execute(text("INSERT INTO other_thing VALUES (7)"))
    engine.dispose()
    assert run_json(app, "move-database", file_of(app), target)["left"] == ["host_thing"]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM other_thing")).scalars().all() == [7]
        assert "host_thing" not in inspect(connection).get_table_names()
    engine.dispose()


@pytest.mark.parametrize("broken", ["a row that does not fit", "stopped"])
def test_a_move_that_fails_leaves_nothing_behind_and_can_be_run_again(
    app: Flask, new_database: NewDatabase, broken: str
) -> None:
    at_rest(app)
    target = new_database()
    if broken == "stopped":
        done = []

        def begin(steps: int) -> Callable[[int], None]:
            def advance(n: int) -> None:
                done.append(n)
                if sum(done) > steps * 0.7:
                    raise KeyboardInterrupt

            return advance

        with pytest.raises(KeyboardInterrupt):
            moving.move(file_of(app), target, begin=begin)
    else:
        with closing(sqlite3.connect(file_of(app))) as connection, connection:
            (kept,) = connection.execute(
                "SELECT max(value) FROM lms_setting WHERE name = 'iri_base'"
            ).fetchone()
            connection.execute("UPDATE lms_setting SET value = ? WHERE name = 'iri_base'", ("x" * 600,))
        result = run(app, "move-database", file_of(app), target)
        assert result.exit_code == 1
        assert "lms_setting" in result.stderr
        assert "xxx" not in result.stderr
        with closing(sqlite3.connect(file_of(app))) as connection, connection:
            connection.execute("UPDATE lms_setting SET value = ? WHERE name = 'iri_base'", (kept,))
    engine = create_engine(target)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    assert run(app, "move-database", file_of(app), target).exit_code == 0


def test_what_changed_on_the_way_is_found(
    app: Flask, new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison reads the target, not what was meant to be there."""
    run_json(app, "demo")
    at_rest(app)
    write = moving.rows._write

    def damaged(connection: Any, table: Any, rows: list[Any]) -> None:
        if table.name == "lms_statement":
            rows = [(*row[:-1], row[-1].replace(b"1.0.3", b"1.0.0", 1)) for row in rows]
        write(connection, table, rows)

    monkeypatch.setattr(moving.rows, "_write", damaged)
    target = new_database()
    result = run(app, "move-database", file_of(app), target)
    assert result.exit_code == 1
    assert "lms_statement is not the same" in result.stderr
    engine = create_engine(target)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_what_cannot_be_moved_is_refused_in_a_sentence(app: Flask, tmp_path: Path, postgresql: str) -> None:
    source = file_of(app)
    at_rest(app)
    empty = tmp_path / "empty.sqlite3"
    sqlite3.connect(empty).close()
    old = tmp_path / "old.sqlite3"
    assert run(app, "move-database", source, str(old)).exit_code == 0
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE lms_alembic_version SET version_num = '9999'")
    new = str(tmp_path / "new.sqlite3")
    nobody = "postgresql://nobody:hunter2@127.0.0.1:1/nothing"
    for arguments, word in (
        ((source, source), "same database"),
        ((source, f"sqlite:///{tmp_path}/../{tmp_path.name}/instance/headstart.sqlite3"), "same database"),
        ((str(tmp_path / "nothing"), new), "no file"),
        ((str(empty), new), "no installation"),
        ((str(old), new), "newer version"),
        ((source, "mysql://host/name"), "SQLite or PostgreSQL"),
        ((source, "postgresql+what://host/name"), "address"),
        ((source, nobody), "refused"),
        ((nobody, new), "cannot be read"),
        ((source, str(tmp_path / "no" / "folder.sqlite3")), "folder"),
    ):
        result = run(app, "move-database", *arguments)
        assert result.exit_code == 1, (arguments, result.output)
        assert word in result.stderr, (arguments, result.stderr)
        assert "hunter2" not in result.output
        assert result.stderr.count("\n") == 1
        assert not Path(new).exists()
    assert run(app, "move-database", source).exit_code == 2
