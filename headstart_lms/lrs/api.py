"""The HTTP face of the record store, under ``/xapi``."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from ..kernel.access import access, credential, public
from ..kernel.db import session, transaction
from ..kernel.errors import LMSError, NotAllowed, TooMany
from . import document_api, head, launches, refusals, statement_api
from .credentials import Client
from .document_api import DocumentResource
from .incoming import (
    VERSION_HEADER,
    MethodNotAllowed,
    Unauthorized,
    XRequest,
    authenticate,
    find_version,
    home_of,
    read_args,
    read_body,
    read_request,
)
from .validator import parse_json

bp = Blueprint("lrs", __name__, url_prefix="/xapi")

Handler = Callable[[XRequest], Response]
_MAX_LAUNCH = 64 * 1024
_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE"]
_EXPOSED = f"ETag, Last-Modified, {VERSION_HEADER}, X-Experience-API-Consistent-Through, Retry-After"
_ASKED = f"Authorization, Content-Type, If-Match, If-None-Match, Accept-Language, {VERSION_HEADER}"

_STATE = DocumentResource("state")
_AGENT_PROFILE = DocumentResource("agent")
_ACTIVITY_PROFILE = DocumentResource("activity")


def _serve(handlers: Mapping[str, Handler]) -> Response:
    """Read the request, let the handler of its method answer it; HEAD is a GET whose body is not sent."""
    asked = read_request(request, session())
    handler = handlers.get("GET" if asked.method == "HEAD" else asked.method)
    if handler is None:
        raise MethodNotAllowed(f"This resource takes {', '.join(handlers)}.")
    return handler(asked)


def _of(resource: DocumentResource) -> dict[str, Handler]:
    return {"GET": resource.get, "PUT": resource.put, "POST": resource.post, "DELETE": resource.delete}


@bp.route("/statements", methods=_METHODS)
@access(credential)
def statements() -> Response:
    g.xapi_is_statements = True
    handlers = {"GET": statement_api.get, "PUT": statement_api.put, "POST": statement_api.post}
    return _serve(handlers)


@bp.route("/activities", methods=_METHODS)
@access(credential)
def activities() -> Response:
    return _serve({"GET": document_api.get_activity})


@bp.route("/agents", methods=_METHODS)
@access(credential)
def agents() -> Response:
    return _serve({"GET": document_api.get_agent})


@bp.route("/activities/state", methods=_METHODS)
@access(credential)
def state() -> Response:
    return _serve(_of(_STATE))


@bp.route("/activities/profile", methods=_METHODS)
@access(credential)
def activity_profile() -> Response:
    return _serve(_of(_ACTIVITY_PROFILE))


@bp.route("/agents/profile", methods=_METHODS)
@access(credential)
def agent_profile() -> Response:
    return _serve(_of(_AGENT_PROFILE))


@bp.get("/about")
@access(public)
def about() -> Response:
    g.xapi_version = find_version(request.headers.get(VERSION_HEADER))
    return document_api.about(g.xapi_version)


@bp.route("/launches", methods=_METHODS)
@access(credential)
def start_launch() -> Response:
    """Make a launch for content that a program is about to open (docs/lrs.md, "Launched content")."""
    client = _launcher()
    _takes("POST")
    asked = parse_json(read_body(request, _MAX_LAUNCH))
    base_url = current_app.extensions["headstart"].installation.base_url
    with transaction() as current:
        made = launches.start(current, client, home_of(client), asked, base_url=base_url)
    return _told(made, 201)


# content of any site may send it: the address is the secret, and no cookie is read
@bp.post("/launches/fetch")
@access(public, changes_nothing=True)
def fetch_token() -> Response:
    """Give content its token, once (cmi5 8.2)."""
    secret = read_args(request).get("key", "")
    with transaction() as current:
        told = launches.fetch(current, secret)
    return _told(told)


@bp.route("/launches/<uuid:launch>", methods=_METHODS)
@access(credential)
def one_launch(launch: UUID) -> Response:
    """Show how a launch stands, or end it."""
    client = _launcher()
    _takes("GET", "HEAD", "DELETE")
    if request.method != "DELETE":
        return _told(launches.get(session(), client, launch))
    with transaction() as current:
        launches.end(current, client, launch)
    return Response(status=204)


def _takes(*methods: str) -> None:
    if request.method not in methods:
        raise MethodNotAllowed(f"This resource takes {', '.join(methods)}.")


def _launcher() -> Client:
    """Return who asks, if it may launch content. Raises Unauthorized, NotAllowed, TooMany."""
    client = authenticate(session(), request.headers.get("Authorization"))
    g.xapi_client = client.id  # a refusal is noted under its name
    if not client.can("launch"):
        raise NotAllowed("This key has no scope for that. It would need: launch.")
    return client


def _told(value: Any, status: int = 200) -> Response:
    g.xapi_is_secret = True
    body = current_app.json.dumps(value)
    return current_app.response_class(body, status=status, content_type="application/json")


@bp.errorhandler(LMSError)
def answer_error(error: LMSError) -> Response:
    """Answer with problem+json (RFC 9457), whatever was accepted: programs talk here."""
    _note_refusal(error)
    problem = {"type": f"urn:headstart:{error.code}", "title": error.message, "status": error.status}
    for name in ("index", "pointer", "clause"):
        if hasattr(error, name):
            problem[name] = getattr(error, name)
    response = current_app.response_class(
        current_app.json.dumps(problem), status=error.status, content_type="application/problem+json"
    )
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(_METHODS)
    return response


def _note_refusal(error: LMSError) -> None:
    """Keep for the operator that a client was refused; what is not there (404) or has changed (412) is no refusal."""
    if error.status in (404, 412):
        return
    try:
        if refusals.note(
            session().get_bind().engine, g.get("xapi_client"), error.status, refusals.sentence_of(error)
        ):
            with transaction() as current:
                refusals.write(current)
    except Exception:  # the answer goes out all the same
        current_app.logger.exception("a refusal could not be written down")


@bp.errorhandler(HTTPException)
def answer_http_error(error: HTTPException) -> Response:
    """Answer what Flask itself refuses (a body that breaks off, one too large) in the same form."""
    found = LMSError(error.description or error.name, "http")
    found.status = error.code or 400
    return answer_error(found)


@bp.errorhandler(Exception)
def answer_crash(error: Exception) -> Response:
    """Answer what nobody expected: a sentence and a number, never a trace; the log has the rest."""
    number = secrets.token_hex(4)
    current_app.logger.error("error %s at %s", number, request.endpoint, exc_info=error)
    return answer_error(LMSError(f"Something went wrong in the record store. Number: {number}", "crash"))


@bp.after_request
def finish(response: Response) -> Response:
    """Set the headers of every answer: the version, how far statements are complete, who may read it."""
    version = g.get("xapi_version") or current_app.config["HEADSTART_XAPI_UNVERSIONED_RESPONSE_VERSION"]
    response.headers[VERSION_HEADER] = version
    response.headers["Cache-Control"] = "no-store" if g.get("xapi_is_secret") else "no-cache"
    if g.get("xapi_is_statements") and response.status_code < 500:
        through = g.get("xapi_through") or head.consistent_through(session())[0]
        response.headers["X-Experience-API-Consistent-Through"] = head.instant(through)
    # keys travel in a header, never in a cookie, so any site may ask (LearningLocker#753)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = ", ".join(_METHODS)
        response.headers["Access-Control-Allow-Headers"] = _ASKED
        response.headers["Access-Control-Max-Age"] = "86400"
    return response
