"""What keeps an installation going: set up, back up, restore, look for trouble."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from . import server_checks
from .accounts import services as accounts
from .accounts.models import Centre
from .certificates import checks, imported, keys, log
from .certificates.models import IssuerKey
from .courses import facts
from .kernel import migrate
from .kernel.clock import now, today
from .kernel.crypto import Keyring
from .kernel.db import db, session, transaction
from .kernel.errors import Conflict, Invalid
from .kernel.jobs import Job
from .kernel.settings import LOOPBACK, Installation, keep_installation
from .privacy import erased, retention
from .server_checks import Check

BACKUP_FORMAT = 1


def init(
    app: Flask, base_url: str | None, *, demo_url: str | None = None, centre_name: str | None = None
) -> Installation:
    """Make or upgrade the tables, keep the address, make the default centre and its first key. Repeatable.

    ``demo_url``: where an instance without an address of its own is reached, on this computer only.
    """
    state = app.extensions["headstart"]
    migrate.upgrade(db.engine)
    with transaction() as current:
        made = keep_installation(
            current, base_url or app.config["HEADSTART_BASE_URL"], app.config["HEADSTART_IRI_BASE"],
            demo_url=demo_url,
        )  # fmt: skip
        _refuse_open_http(app, made.base_url)
        centre = current.scalar(select(Centre).where(Centre.is_default))
        if centre is None:
            centre = accounts.make_centre(current, "main", centre_name or "Headstart", is_default=True)
        keys.signing_key(current, centre, keyring=state.keyring, base_url=made.base_url, at=now())
        log.adopt(current)
    state.forget()
    plan_jobs(app)
    return made


def plan_jobs(app: Flask) -> None:
    """Plan the work that comes round every month, for settings that may be new. Repeatable."""
    if app.config["HEADSTART_KEEP_STATEMENTS_MONTHS"]:
        with transaction() as current:
            retention.plan(current)


def _refuse_open_http(app: Flask, base_url: str) -> None:
    parts = urlsplit(base_url)
    is_open = parts.scheme == "http" and parts.hostname not in LOOPBACK
    if is_open and not app.config["HEADSTART_ALLOW_HTTP_LAN"]:
        raise Invalid(
            "HEADSTART_BASE_URL starts with http:// on an address that others reach, so passwords could be read on "
            "the way. Use https, or set HEADSTART_ALLOW_HTTP_LAN=1 for a box without a network."
        )


# --- backup ------------------------------------------------------------------------------------------


def _refuse_hosts_database(app: Flask) -> None:
    """Leave a database that holds another application's tables too to that application."""
    if app.extensions["headstart"].is_hosts_database:
        raise Invalid(
            "This database belongs to the application that mounts Headstart. Back it up and restore it with that "
            "application's tools, together with the folder 'files' of the instance."
        )


def backup(app: Flask, target: Path) -> dict[str, Any]:
    """Write database and files into one tar file, without the keys (they belong in another place).

    The copy of the database is consistent while others write. Raises Conflict when the file exists.
    """
    if target.exists():
        raise Conflict(f"{target} exists already. Choose another name.")
    _refuse_hosts_database(app)
    state = app.extensions["headstart"]
    if db.engine.dialect.name != "sqlite":
        raise Invalid(
            "On PostgreSQL use pg_dump for the database, and copy the folder 'files' of the instance."
        )
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        copy = Path(folder) / "headstart.sqlite3"
        source = sqlite3.connect(f"file:{Path(db.engine.url.database).resolve()}?mode=ro", uri=True)
        out = sqlite3.connect(copy)
        with source, out:
            source.backup(out, pages=-1)  # in steps it starts again whenever somebody writes (TRUST 5.2)
        source.close()
        out.close()
        about = {"format": BACKUP_FORMAT, "made": now().isoformat(), "revision": migrate.current(db.engine)}
        aside = Path(folder) / "backup.tar.gz"
        with tarfile.open(aside, "w:gz") as tar:
            _add(tar, "about.json", json.dumps(about).encode())
            tar.add(copy, "headstart.sqlite3")
            files = state.folder / "files"
            if files.is_dir():
                tar.add(files.resolve(), "files")  # it may be a link to another disk
        aside.chmod(0o600)
        with aside.open("rb") as done:
            os.fsync(done.fileno())
        aside.rename(target)
    return {"file": str(target), "bytes": target.stat().st_size, **about}


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def restore(app: Flask, source: Path) -> dict[str, Any]:
    """Put a backup in place of what is here; the old database is kept beside it. Stop the server first.

    Who was erased since the backup was made is erased again.
    """
    _refuse_hosts_database(app)
    state = app.extensions["headstart"]
    if db.engine.dialect.name != "sqlite":
        raise Invalid("On PostgreSQL use pg_restore.")
    database = Path(db.engine.url.database).resolve()
    with tempfile.TemporaryDirectory(dir=state.folder) as name:
        folder = Path(name)
        try:
            with tarfile.open(source, "r:gz") as tar:
                tar.extractall(folder, filter="data")
            about = dict(json.loads((folder / "about.json").read_text()))
            copy = folder / "headstart.sqlite3"
            whole, revision = _look_into(copy)
        except (
            OSError,
            EOFError,
            zlib.error,
            tarfile.TarError,
            ValueError,
            TypeError,
            sqlite3.Error,
        ) as error:
            raise Invalid(f"{source} is not a backup of Headstart LMS, or it is damaged: {error}.") from error
        if about.get("format") != BACKUP_FORMAT or whole != "ok":
            raise Invalid(f"{source} is not a backup that this version can read.")
        if not migrate.is_known(revision):
            raise Invalid(f"{source} is a backup of a newer version: install that one first.")
        db.engine.dispose()
        kept = database.with_suffix(f".before-{now():%Y%m%d%H%M%S}.sqlite3")
        for rest in ("", "-wal", "-shm"):  # the log may hold what was written last
            part = database.with_name(database.name + rest)
            if part.exists():
                part.replace(kept.with_name(kept.name + rest))
        shutil.move(copy, database)
        if (folder / "files").is_dir():
            shutil.copytree(folder / "files", state.folder / "files", dirs_exist_ok=True)
    migrate.upgrade(db.engine)
    state.forget()
    with transaction() as current:
        erased.erase_again(current, state.folder)
    # the trail of checks ends where the backup ends
    (state.keyring.folder / checks.KEPT).unlink(missing_ok=True)
    return about


def _look_into(copy: Path) -> tuple[str, str]:
    """Return what SQLite says of the database of a backup, and its revision. Raises sqlite3.Error, OSError."""
    if not copy.is_file() or copy.is_symlink():
        raise FileNotFoundError("there is no database in it")
    with closing(sqlite3.connect(copy)) as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchone()[0]
        (revision,) = connection.execute(f"SELECT version_num FROM {migrate.VERSION_TABLE}").fetchone()  # noqa: S608
    return str(whole), str(revision)


# --- doctor ------------------------------------------------------------------------------------------


def doctor(app: Flask) -> list[Check]:
    """Look at everything an operator would want to know before learners do."""
    state = app.extensions["headstart"]
    found = [_schema(db.engine)]
    if not found[0].is_well:
        return found
    installation = state.installation
    asked = app.config["HEADSTART_BASE_URL"]
    found.append(
        Check("address", not asked or asked.rstrip("/") == installation.base_url,
              f"this installation is {installation.base_url}"
              + ("" if not asked or asked.rstrip("/") == installation.base_url
                 else f", but HEADSTART_BASE_URL says {asked}: set it to the first one"))
    )  # fmt: skip
    found.append(
        Check(
            "demo",
            True,
            "a demo: certificates prove nothing (no https address)" if installation.is_demo else "no demo",
        )
    )
    is_blind = installation.base_url.startswith("https://") and not (
        state.is_mounted or app.config["HEADSTART_PROXIES"]
    )
    found.append(
        Check("proxies", not is_blind,
              "https comes through a proxy, and all visitors have its address: a few wrong passwords shut everybody "
              "out. Set HEADSTART_PROXIES to the number of your proxies" if is_blind
              else "limits count visitors, not proxies")
    )  # fmt: skip
    found += _engine_checks(db.engine)
    found.append(_keys(state.keyring, session()))
    current: Session = session()
    late = [row.name for row in imported.list_publishers(current) if now() >= row.next_update]
    found.append(
        Check("trust lists", not late, "those that were accepted are in time" if not late
              else f"past their time: {', '.join(late)}: run 'headstart trust refresh', every night")
    )  # fmt: skip
    stuck = current.scalar(select(func.count()).select_from(Job).where(Job.done, Job.error.is_not(None))) or 0
    failing = (
        current.scalar(select(func.count()).select_from(Job).where(Job.done.is_(False), Job.tries > 2)) or 0
    )
    found.append(
        Check("jobs", not stuck and not failing, f"{stuck} given up, {failing} tried again and again")
    )
    trouble = checks.find_trouble(current, state.keyring, last=1000)
    found.append(
        Check("checks", trouble is None, "the trail of checks is whole (its last 1,000 rows)" + (
                  "" if checks.find_kept(state.keyring.folder) else "; its end is not kept yet beside the keys"
              ) if trouble is None
              else f"row {trouble.number} of the trail of checks: {trouble.what}. Run 'headstart certificate checks'")
    )  # fmt: skip
    for path in (state.folder, state.folder / "keys"):
        if path.exists() and path.stat().st_mode & 0o007:
            found.append(Check("files", False, f"everybody can read {path}: chmod o-rwx {path}"))
    free = shutil.disk_usage(state.folder).free
    found.append(Check("disk", free > 500_000_000, f"{free // 1_000_000} MB free"))
    expired = [
        f"{one.course}/{one.fact.id}" for book in _books(app) for one in facts.due(book.course, today())
    ]
    found.append(
        Check(
            "facts",
            not expired,
            "all facts are in time"
            if not expired
            else f"look again at {len(expired)} facts ('headstart facts due'): {', '.join(expired[:8])}",
        )
    )
    return found


def _books(app: Flask) -> list[Any]:
    from .courses.services import list_courses  # only for this check

    return list_courses(session(), app.extensions["headstart"].library, "en")


def _schema(engine: Engine) -> Check:
    have, want = migrate.current(engine), migrate.head()
    if have == want:
        return Check("schema", True, f"revision {have}")
    return Check("schema", False, f"revision {have or 'none'}, but {want} is needed: run 'headstart init'")


def _engine_checks(engine: Engine) -> list[Check]:
    if engine.dialect.name != "sqlite":
        return server_checks.of_server(engine) + server_checks.of_replica(engine)
    wanted = {"journal_mode": ("wal",), "synchronous": (2, 3), "foreign_keys": (1,), "secure_delete": (1,)}
    checks = []
    with engine.connect() as connection:
        for name, good in wanted.items():
            value = connection.execute(text(f"PRAGMA {name}")).scalar()
            checks.append(
                Check(f"sqlite {name}", value in good, f"{value}" + ("" if value in good else
                      f": set it to {good[0]} on every connection (kernel.db.set_pragmas does)"))
            )  # fmt: skip
    return checks + server_checks.of_replica(engine)


def _keys(keyring: Keyring, current: Session) -> Check:
    mode = (keyring.folder / "installation.key").stat().st_mode & 0o777
    if mode != 0o600:
        return Check("keys", False, f"installation.key has mode {mode:o}: chmod 600")
    sealed = select(IssuerKey).where(IssuerKey.sealed.is_not(None)).order_by(IssuerKey.id.desc())
    newest = current.scalar(sealed.limit(1))
    try:
        if newest is not None:
            keys.open_seed(newest, keyring)
    except ValueError:
        return Check(
            "keys", False, f"{keyring.folder} is not the one this database was made with: codes of learners and "
            "signing keys cannot be read. Put the right one back",
        )  # fmt: skip
    return Check("keys", True, "installation.key has mode 600 and fits the database")
