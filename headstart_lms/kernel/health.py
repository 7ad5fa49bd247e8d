"""/healthz: the process answers. /readyz: it can do its work."""

from __future__ import annotations

from flask import Blueprint, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from . import migrate
from .access import access, public
from .db import db, session

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@access(public)
def healthz() -> Response:
    """Answer that the process lives; asks nothing else."""
    return _answer(200, "ok")


@bp.get("/readyz")
@access(public)
def readyz() -> Response:
    """Answer whether the database is there and of this version: 200 or 503."""
    try:
        session().execute(text("SELECT 1"))
        if migrate.current(db.engine) != migrate.head():
            return _answer(503, "schema")
    except SQLAlchemyError:
        session().rollback()
        return _answer(503, "database")
    return _answer(200, "ok")


def _answer(status: int, word: str) -> Response:
    response = jsonify({"status": word})
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response
