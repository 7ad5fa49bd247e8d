"""create_app(): the stand-alone application."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from .cli import headstart
from .extension import HeadstartLMS
from .kernel import web
from .kernel.commands import app_factory


def create_app(settings: dict[str, Any] | None = None) -> Flask:
    """Make the stand-alone application; ``settings`` win over the environment."""
    app = Flask("headstart_lms", static_folder=None, template_folder=None)
    app.config.update(
        SESSION_COOKIE_NAME="hs_flash", SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=16 * 1024 * 1024, MAX_FORM_MEMORY_SIZE=1024 * 1024,
    )  # fmt: skip
    app.config.update(settings or {})
    HeadstartLMS(app, standalone=True)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    web.guard_app(app)
    if proxies := app.config["HEADSTART_PROXIES"]:
        # only the visitor's address: our own address and scheme are fixed and never taken from a request
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]
    return app


def main() -> None:
    """Run the ``headstart`` command with the stand-alone application."""
    app_factory.append(create_app)
    headstart()
