"""The statements resource (1.0.3 Communication 2.1; 2.0 4.1.6.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final
from uuid import UUID

from flask import current_app, g, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

from ..kernel.db import session, transaction
from ..kernel.errors import NotFound
from ..xapi.vocabulary import VOIDED
from . import gathering, head, launches, query, representations, services
from . import terms as t
from .cursors import Cursor, read_cursor, write_cursor
from .gathering import Load
from .incoming import TooLarge, XRequest, check_launch
from .multipart import check_complete, join_parts, read_attachments, split_parts
from .signatures import check_signatures
from .validator import BadRequest, Problem, actors, check_batch, formats, parse_json

MAX_LIMIT: Final = 500
#: Statements in one request. While a batch is stored, learners' answers wait: keep it under about a second.
MAX_BATCH: Final = 2_500
_FILTERS: Final = (
    "agent", "verb", "activity", "registration", "related_activities", "related_agents", "since", "until",
    "limit", "ascending",
)  # fmt: skip
_ALWAYS: Final = ("format", "attachments")
_ONE: Final = ("statementId", "voidedStatementId")
_CURSOR: Final = "cursor"


# --- writing -----------------------------------------------------------------------------------------


def put(request: XRequest) -> Response:
    """Store one statement under the id of the parameter."""
    request.only("statementId")
    request.allow("statements/write")
    statement_id = request.need("statementId")
    if not formats.is_uuid(statement_id):
        raise BadRequest("“statementId” must be a UUID (1.0.3 Data 4.4).")
    body, contents = _read_body(request)
    if not isinstance(body, dict):
        raise BadRequest("A PUT holds exactly one statement, a JSON object.")
    given = body.setdefault("id", statement_id)
    if not isinstance(given, str) or given.lower() != statement_id.lower():
        raise BadRequest("The id in the statement differs from “statementId” (1.0.3 Communication 2.1.1).")
    _store(request, [body], contents)
    return Response(status=204)


def post(request: XRequest) -> Response:
    """Store one statement or a batch, all or nothing; answer with the ids in their order."""
    request.only()
    request.allow("statements/write")
    body, contents = _read_body(request)
    statements = body if isinstance(body, list) else [body]
    if len(statements) > MAX_BATCH:
        raise TooLarge(f"At most {MAX_BATCH} statements in one request; send smaller batches.")
    stored = _store(request, statements, contents)
    return _json([str(result.id) for result in stored])


def _store(request: XRequest, statements: list[Any], contents: dict[str, bytes] | None) -> Any:
    check_batch(statements, request.version)
    parts = contents or {}
    check_complete(statements, parts)
    check_signatures(statements, parts)
    client = request.client
    if client.bounds is not None:
        launches.check_statements(client.bounds, statements)
    if client.bounds is not None or any(one["verb"]["id"] == VOIDED for one in statements):
        stored = _store_and_note(request, statements, parts)  # what may move progress goes alone
    else:
        stored = gathering.store(Load(statements, client.authority, request.home, request.version, parts))
    if stored:
        g.xapi_through = stored[-1].at
    return stored


def _store_and_note(
    request: XRequest, statements: list[Any], parts: dict[str, bytes]
) -> list[services.StoreResult]:
    """Store statements and, in the same transaction, what they mean for launched content."""
    client = request.client
    with transaction() as current:
        stored = services.store(
            current, statements, authority=client.authority, tenant=request.home,
            trusted=False, version=request.version, attachments=parts, checked=True,
        )  # fmt: skip
        check_launch(current, client)
        counts = request.home == current_app.extensions["headstart"].installation.uuid
        launches.note_stored(current, client, request.home, statements, stored, counts=counts)
    return stored


def _read_body(request: XRequest) -> tuple[Any, dict[str, bytes]]:
    """Return the JSON of a request and its attachments. Raises BadRequest."""
    if request.media_type == "application/json":
        return parse_json(request.body), {}
    if request.media_type != "multipart/mixed":
        raise BadRequest("Statements come as application/json or multipart/mixed (1.0.3 Communication 1.5).")
    parts = split_parts(request.content_type, request.body)
    if not parts or parts[0].media_type != "application/json":
        raise BadRequest("The first part of a multipart request is application/json.")
    body = parse_json(parts[0].content, what="The first part")
    statements = body if isinstance(body, list) else [body]
    check_batch(statements, request.version)
    return body, read_attachments(parts[1:], statements)


# --- reading -----------------------------------------------------------------------------------------


def get(request: XRequest) -> Response:
    """Answer with one statement, or with a page of those that fit the filters."""
    request.allow("statements/read", "statements/read/mine")
    current = session()
    g.xapi_through, last_seq = head.consistent_through(current)
    given = [name for name in _ONE if name in request.args]
    if given:
        return _get_one(request, current, given)
    return _get_page(request, current, last_seq)


def _get_one(request: XRequest, current: Session, given: list[str]) -> Response:
    if len(given) == 2 or set(request.args) - {*given, *_ALWAYS}:
        raise BadRequest(
            "With “statementId” or “voidedStatementId” only “format” and “attachments” go along "
            "(1.0.3 Communication 2.1.3)."
        )
    name = given[0]
    if not formats.is_uuid(request.args[name]):
        raise BadRequest(f"“{name}” must be a UUID (1.0.3 Data 4.4).")
    client = request.client
    statement_id = UUID(request.args[name])
    voided = name == "voidedStatementId"
    found = query.find_statement(current, client.tenant, statement_id, voided=voided, mine=client.mine)
    if found is None or not launches.may_read(client, found[0].payload):
        raise NotFound(f"There is no {'voided ' if voided else ''}statement {statement_id}.")
    one, stored = found
    bodies = _format(request, current, [one.payload])
    response = _answer(request, current, bodies[0], [one])
    response.headers["Last-Modified"] = format_datetime(_datetime(stored), usegmt=True)
    return response


def _get_page(request: XRequest, current: Session, upper: int) -> Response:
    after, args = None, request.args
    if _CURSOR in args:
        request.only(_CURSOR)
        cursor = read_cursor(args[_CURSOR], _mac)
        args, after, upper = cursor.args, cursor.after, cursor.upper
        request = replace(request, args=args)
    else:
        request.only(*_FILTERS, *_ALWAYS, *_ONE, _CURSOR)
    filters = read_filters(launches.narrow(request.client, args), request.client.mine)
    limit = _limit(args)
    page = query.find_page(current, request.client.tenant, filters, limit=limit, upper=upper, after=after)
    more = ""
    if page.after is not None:
        text = write_cursor(Cursor(args, page.after, upper), _mac)
        more = url_for(".statements", cursor=text)
    bodies = _format(request, current, [one.payload for one in page.found])
    body = b'{"statements":[' + b",".join(bodies) + b'],"more":' + json.dumps(more).encode() + b"}"
    return _answer(request, current, body, page.found)


def read_filters(args: Mapping[str, str], mine: str | None) -> query.Filters:
    """Return the filters of a query. Raises BadRequest for a value of the wrong format."""
    keys = []
    if "agent" in args:
        keys.append((t.AGENT, read_agent(args["agent"])))
    for name, kind in (("verb", t.VERB), ("activity", t.ACTIVITY)):
        if name in args:
            if not formats.is_iri(args[name]):
                raise BadRequest(f"“{name}” must be an absolute IRI (1.0.3 Data 2.2).")
            keys.append((kind, args[name]))
    if "registration" in args:
        keys.append((t.REGISTRATION, str(read_uuid(args["registration"], "registration"))))
    return query.Filters(
        tuple(keys),
        related_agents=_boolean(args, "related_agents"),
        related_activities=_boolean(args, "related_activities"),
        since=read_instant(args, "since"),
        until=read_instant(args, "until"),
        ascending=_boolean(args, "ascending"),
        mine=mine,
    )


def read_agent(text: str) -> str:
    """Return the identifier of an agent or identified group given as a parameter. Raises BadRequest."""
    value = parse_json(text, what="“agent”")
    try:
        actors.actor(value)
    except Problem as problem:
        raise BadRequest(f"“agent”: {problem.sentence} ({problem.clause})") from problem
    identifier = t.agent_value(value)
    if identifier is None:
        raise BadRequest("“agent” must be an agent or a group with an identifier (1.0.3 Data 2.4.2.3).")
    return identifier


def read_uuid(text: str, name: str) -> UUID:
    if not formats.is_uuid(text):
        raise BadRequest(f"“{name}” must be a UUID (1.0.3 Data 4.4).")
    return UUID(text)


def read_instant(args: Mapping[str, str], name: str) -> int | None:
    """Return a timestamp parameter in microseconds since 1970."""
    if name not in args:
        return None
    text = args[name].replace(" ", "+")  # a "+" that was not escaped in the URL
    if not formats.is_timestamp(text):
        raise BadRequest(f"“{name}” must be a timestamp with an offset (1.0.3 Data 4.5, RFC 3339).")
    try:
        return head.microseconds(datetime.fromisoformat(text.upper().replace(":60", ":59", 1)))
    except ValueError as error:
        raise BadRequest(f"“{name}” is out of range.") from error


def _boolean(args: Mapping[str, str], name: str) -> bool:
    value = args.get(name, "false")
    if value not in ("true", "false"):
        raise BadRequest(f"“{name}” must be true or false.")
    return value == "true"


def _limit(args: Mapping[str, str]) -> int:
    text = args.get("limit", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest("“limit” must be a whole number, 0 for the most there is.")
    return min(int(text) or MAX_LIMIT, MAX_LIMIT)


# --- answers -----------------------------------------------------------------------------------------


def _format(request: XRequest, current: Session, payloads: list[bytes]) -> list[bytes]:
    kind = request.args.get("format", "exact")
    if kind == "exact":
        return payloads
    statements = [json.loads(payload) for payload in payloads]
    if kind == "ids":
        return [_dump(representations.ids_only(statement)) for statement in statements]
    if kind != "canonical":
        raise BadRequest("“format” must be ids, exact or canonical (1.0.3 Communication 2.1.3).")
    iris = {iri for statement in statements for iri in representations.activity_ids(statement)}
    known = query.canonical_of(current, request.client.tenant, [(t.ACTIVITY, iri) for iri in iris])
    definitions = {iri: json.loads(canonical) for (_, iri), canonical in known.items()}
    accept = parse_accept_header(request.headers.get("accept-language", ""), LanguageAccept)

    def choose(texts: Mapping[str, str]) -> str:
        return accept.best_match(list(texts)) or ("en" if "en" in texts else next(iter(texts)))

    return [_dump(representations.canonical(s, definitions, choose)) for s in statements]


def _answer(request: XRequest, current: Session, body: bytes, found: list[query.Found]) -> Response:
    if not _boolean(request.args, "attachments"):
        return Response(body, mimetype="application/json")
    contents = query.contents_of(current, [one.seq for one in found])
    joined, content_type = join_parts(body, [json.loads(one.payload) for one in found], contents)
    return Response(joined, content_type=content_type)


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _json(value: Any) -> Response:
    return Response(_dump(value), mimetype="application/json")


def _datetime(micros: int) -> datetime:
    return datetime.fromisoformat(head.instant(micros))


def _mac(body: bytes) -> bytes:
    made: bytes = current_app.extensions["headstart"].keyring.mac("lrs.more", body)
    return made
