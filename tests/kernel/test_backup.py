"""A backup is whole, private, and put back without losing what was there."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from headstart_lms.accounts import services as accounts
from headstart_lms.accounts.models import Person
from headstart_lms.courses.models import Edition
from headstart_lms.kernel.db import db, session, transaction
from headstart_lms.privacy import services as privacy
from tests import cast
from tests.commands import run


def database_of(app: Flask) -> Path:
    return Path(app.config["HEADSTART_INSTANCE"]) / "headstart.sqlite3"


def backed_up(app: Flask, tmp_path: Path) -> Path:
    file = tmp_path / "backup.tar.gz"
    result = run(app, "backup", str(file))
    assert result.exit_code == 0, result.output
    return file


def people(app: Flask) -> int:
    with app.app_context():
        return session().scalar(select(func.count()).select_from(Person)) or 0


def test_a_backup_brings_back_people_courses_and_files(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        name = app.extensions["headstart"].storage.put(b"a sound")
    before = people(app)
    file = backed_up(app, tmp_path)
    with app.app_context(), transaction() as current:
        privacy.erase(current, cast.find_person(current, "clara"))
    shutil.rmtree(Path(app.config["HEADSTART_INSTANCE"]) / "files")
    assert run(app, "restore", str(file), "--yes").exit_code == 0
    assert people(app) == before
    with app.app_context():
        assert session().scalar(select(func.count()).select_from(Edition)) == 1
        assert app.extensions["headstart"].storage.path(name).read_bytes() == b"a sound"


def test_nobody_else_on_the_computer_can_read_a_backup(app: Flask, tmp_path: Path) -> None:
    assert backed_up(app, tmp_path).stat().st_mode & 0o077 == 0


def test_files_on_another_disk_are_in_the_backup_too(app: Flask, tmp_path: Path) -> None:
    files = Path(app.config["HEADSTART_INSTANCE"]) / "files"
    with app.app_context():
        name = app.extensions["headstart"].storage.put(b"a sound")
    shutil.move(files, tmp_path / "disk")
    files.symlink_to(tmp_path / "disk")
    with tarfile.open(backed_up(app, tmp_path)) as tar:
        assert f"files/{name[:2]}/{name[2:4]}/{name}" in tar.getnames()


def test_the_database_that_was_there_is_kept_whole_with_what_was_written_last(
    app: Flask, tmp_path: Path
) -> None:
    file = backed_up(app, tmp_path)
    database = database_of(app)
    with app.app_context():
        db.engine.dispose()
    # a server that was killed: what it wrote last stands only in the log
    lost = tmp_path / "lost"
    lost.mkdir()
    writer = sqlite3.connect(database)
    writer.execute("PRAGMA wal_autocheckpoint=0")
    writer.execute("UPDATE lms_setting SET value = 'written last' WHERE name = 'uuid'")
    writer.commit()
    for part in ("", "-wal"):
        shutil.copy(f"{database}{part}", lost / f"copy{part}")
    writer.close()
    for part in ("", "-wal"):
        shutil.copy(lost / f"copy{part}", f"{database}{part}")
    assert run(app, "restore", str(file), "--yes").exit_code == 0
    kept = next(database.parent.glob("headstart.before-*.sqlite3"))
    found = []
    for file in (kept, database):
        with closing(sqlite3.connect(file)) as connection:
            found += connection.execute("SELECT value FROM lms_setting WHERE name = 'uuid'").fetchone()
    assert found[0] == "written last"
    assert found[1] != "written last"


def _tar(folder: Path, **members: bytes) -> Path:
    file = folder / "made.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("__", "."))
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file


def test_what_is_no_whole_backup_is_refused_in_a_sentence_and_changes_nothing(
    app: Flask, tmp_path: Path
) -> None:
    before = people(app)
    whole = backed_up(app, tmp_path)
    content = whole.read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(content[: len(content) // 2])
    changed = tmp_path / "changed.tar.gz"
    changed.write_bytes(content[:2000] + b"\0" * 200 + content[2200:])
    about = json.dumps({"format": 1, "made": "2026-11-21", "revision": "0001"}).encode()
    empty = _tar(tmp_path, about__json=about)
    for file in (cut, changed, empty):
        result = run(app, "restore", str(file), "--yes")
        assert result.exit_code == 1, result.output
        assert "backup" in result.stderr
        assert people(app) == before


def test_a_backup_of_a_newer_version_is_refused_before_anything_changes(app: Flask, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    with app.app_context():
        db.engine.dispose()
    shutil.copy(database_of(app), copy)
    with closing(sqlite3.connect(copy)) as newer, newer:
        newer.execute("UPDATE lms_alembic_version SET version_num = '9999'")
    about = json.dumps({"format": 1, "made": "2030-01-01", "revision": "9999"}).encode()
    file = _tar(tmp_path, about__json=about, headstart__sqlite3=copy.read_bytes())
    before = people(app)
    result = run(app, "restore", str(file), "--yes")
    assert result.exit_code == 1
    assert "newer" in result.stderr
    assert people(app) == before
    assert not list(database_of(app).parent.glob("*.before-*"))


def test_who_was_erased_after_the_backup_is_erased_again(app: Flask, tmp_path: Path) -> None:
    file = backed_up(app, tmp_path)
    with app.app_context():
        erased = cast.find_person(session(), "amina").uuid
    run(app, "person", "erase", str(erased), "--yes")
    assert run(app, "restore", str(file), "--yes").exit_code == 0
    with app.app_context():
        assert session().scalar(select(Person).where(Person.uuid == erased)) is None
        assert accounts.get_person(session(), "bruno").login == "bruno"
