"""Serve with gunicorn: one process with threads by default, the job loop beside them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from .kernel import jobs
from .kernel.db import db
from .kernel.errors import Invalid

THREADS = 16
#: Seconds without a byte of a request that was begun: long for a phone, but a client that only holds on must not
#: keep a thread for ever.
STALL = 20.0


def patient(read: Callable[..., bytes], sock: socket.socket, seconds: float = STALL) -> Callable[..., bytes]:
    """Return ``read``, a reader of a blocking socket, so that it takes silence for the end of what is sent.

    Only reading has this limit: a slow phone may take as long as it needs to receive a page.
    """

    def wait(*hint: Any) -> bytes:
        if sock.gettimeout() is not None:  # the caller has a limit of its own, and wants to know
            return read(*hint)
        sock.settimeout(seconds)
        try:
            return read(*hint)
        except TimeoutError:
            return b""
        finally:
            sock.settimeout(None)

    return wait


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's threads, which would wait for ever for the rest of a request."""

    def handle(self, conn: Any) -> Any:
        begin = conn.init

        def init() -> None:
            begin()
            conn.init = begin
            unreader = conn.parser.unreader
            unreader.chunk = patient(unreader.chunk, conn.sock)

        if not conn.initialized:
            conn.init = init
        return super().handle(conn)


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with our settings: no access log (it would hold addresses), gthread workers."""

    def __init__(self, app: Flask, *, host: str, port: int, workers: int) -> None:
        self.application = app
        self.options: dict[str, Any] = {
            "bind": f"{host}:{port}", "workers": workers, "worker_class": Worker, "threads": THREADS,
            "timeout": 120, "graceful_timeout": 15, "keepalive": 15, "accesslog": None, "errorlog": "-",
            "loglevel": "error",  # its warnings say from which address a request came that could not be read
            "preload_app": False, "post_worker_init": _start_jobs(app),
            "worker_tmp_dir": "/dev/shm" if os.path.isdir("/dev/shm") else None,  # noqa: S108 - heartbeat only
            # gunicorn would believe a SCRIPT_NAME header from loopback, where the proxy is, and all our links with it
            "limit_request_line": 8190, "forwarded_allow_ips": "", "forwarder_headers": "",
        }  # fmt: skip
        super().__init__()

    def load_config(self) -> None:
        for key, value in self.options.items():
            if value is not None:
                self.cfg.set(key, value)

    def load(self) -> Flask:
        return self.application


def _start_jobs(app: Flask) -> Any:
    def start(worker: Any) -> None:
        threading.Thread(target=jobs.loop, args=(app, threading.Event()), daemon=True, name="jobs").start()

    return start


def check_workers(workers: int) -> None:
    """Raise Invalid for several processes on SQLite: one writes, and says how far its answers are complete."""
    if workers > 1 and db.engine.dialect.name == "sqlite":
        raise Invalid(
            "SQLite is served by one process, which has threads: leave out --workers, or move to PostgreSQL "
            "('headstart move-database')."
        )


def serve(app: Flask, *, host: str, port: int, workers: int) -> None:
    """Serve until SIGINT or SIGTERM; called in an application context, which ends with it. Raises Invalid."""
    check_workers(workers)
    # a connection that is open when the worker forks would be closed by both (and SQLite's locks with it)
    db.session.remove()
    db.engine.dispose()
    Server(app, host=host, port=port, workers=workers).run()
