"""The resources beside statements: about, activities, agents, documents (1.0.3 Communication 2.2-2.8)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.utils import format_datetime
from typing import Any, Final

from werkzeug.wrappers import Response

from ..kernel.db import session, transaction
from ..kernel.errors import NotFound
from . import documents, launches, query
from . import terms as t
from .documents import Address, Kind, Precondition
from .incoming import XRequest, check_launch
from .models import Document
from .statement_api import _datetime, _json, read_agent, read_instant, read_uuid
from .validator import BadRequest, formats

_PLACE: Final[Mapping[Kind, tuple[str, ...]]] = {
    "state": ("activityId", "agent", "registration"),
    "agent": ("agent",),
    "activity": ("activityId",),
}
_ID: Final[Mapping[Kind, str]] = {"state": "stateId", "agent": "profileId", "activity": "profileId"}
_READ: Final[Mapping[Kind, tuple[str, ...]]] = {
    "state": ("state", "all/read"), "agent": ("profile", "all/read"), "activity": ("profile", "all/read"),
}  # fmt: skip
_WRITE: Final[Mapping[Kind, str]] = {"state": "state", "agent": "profile", "activity": "profile"}


class DocumentResource:
    """GET, PUT, POST and DELETE of one kind of document."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def get(self, request: XRequest) -> Response:
        request.only(*_PLACE[self.kind], _ID[self.kind], "since")
        request.allow(*_READ[self.kind])
        doc_id = self._id(request)
        address = self._address(request, doc_id, writes=False)
        current = session()
        if doc_id is None:
            since = read_instant(request.args, "since")
            return _json(documents.list_ids(current, address, since))
        found = documents.find_document(current, address, doc_id)
        if found is None:
            raise NotFound("There is no such document.")
        return _document(found)

    def put(self, request: XRequest) -> Response:
        address, doc_id = self._for_writing(request)
        sent = documents.read_sent(request.body, _content_type(request))
        with transaction() as current:
            documents.put_document(current, address, doc_id, sent, _condition(request))
            check_launch(current, request.client)
        return Response(status=204)

    def post(self, request: XRequest) -> Response:
        address, doc_id = self._for_writing(request)
        sent = documents.read_sent(request.body, _content_type(request))
        with transaction() as current:
            documents.merge_document(current, address, doc_id, sent, _condition(request))
            check_launch(current, request.client)
        return Response(status=204)

    def delete(self, request: XRequest) -> Response:
        request.only(*_PLACE[self.kind], _ID[self.kind])
        request.allow(_WRITE[self.kind])
        doc_id = self._id(request)
        address = self._address(request, doc_id, writes=True)
        if doc_id is None and self.kind != "state":
            request.need(_ID[self.kind])
        with transaction() as current:
            if doc_id is None:
                documents.delete_all(current, address)
            else:
                documents.delete_document(current, address, doc_id, _condition(request))
        return Response(status=204)

    def _for_writing(self, request: XRequest) -> tuple[Address, str]:
        request.only(*_PLACE[self.kind], _ID[self.kind])
        request.allow(_WRITE[self.kind])
        request.need(_ID[self.kind])
        doc_id = self._id(request) or ""
        return self._address(request, doc_id, writes=True), doc_id

    def _id(self, request: XRequest) -> str | None:
        doc_id = request.args.get(_ID[self.kind])
        if doc_id is not None and not 0 < len(doc_id) <= formats.MAX_LENGTH:
            raise BadRequest(f"“{_ID[self.kind]}” must have 1 to {formats.MAX_LENGTH} characters.")
        return doc_id

    def _address(self, request: XRequest, doc_id: str | None, *, writes: bool) -> Address:
        names = _PLACE[self.kind]
        activity = _activity_id(request) if "activityId" in names else None
        agent = read_agent(request.need("agent")) if "agent" in names else None
        text = request.args.get("registration")
        registration = None if text is None else read_uuid(text, "registration")
        launches.check_document(
            request.client, activity=activity, agent=agent, registration=registration, doc_id=doc_id,
            writes=writes,
        )  # fmt: skip
        return Address(self.kind, request.home, activity, agent, registration)


def about(version: str | None) -> Response:
    """Say which versions are spoken (1.0.3 Communication 2.8). No key and no version header are needed.

    A 1.0 client is told of 1.0 only: some refuse to read a version they do not know (tincan among them).
    """
    older = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"]
    return _json({"version": older if version == "1.0.3" else ["2.0.0", *reversed(older)]})


def get_activity(request: XRequest) -> Response:
    """Answer with an activity and what the store knows of it; an unknown one is only its id."""
    request.only("activityId")
    request.allow("statements/read", "statements/read/mine", "all/read")
    iri = _activity_id(request)
    launches.check_lookup(request.client, activity=iri)
    known = query.canonical_of(session(), request.client.tenant, [(t.ACTIVITY, iri)])
    activity: dict[str, Any] = {"objectType": "Activity", "id": iri}
    for canonical in known.values():
        activity["definition"] = json.loads(canonical)
    return _json(activity)


def get_agent(request: XRequest) -> Response:
    """Answer with a Person: the identifier asked for, and the names it was seen with."""
    request.only("agent")
    request.allow("profile", "statements/read", "all/read")
    text = request.need("agent")
    identifier = read_agent(text)
    launches.check_lookup(request.client, agent=identifier)
    given = json.loads(text)
    person: dict[str, Any] = {"objectType": "Person"}
    for name in ("account", "mbox", "mbox_sha1sum", "openid"):
        if name in given:
            person[name] = [given[name]]
    known = query.canonical_of(session(), request.client.tenant, [(t.AGENT, identifier)])
    names = {name for canonical in known.values() for name in json.loads(canonical)}
    if "name" in given:
        names.add(given["name"])
    if names:
        person["name"] = sorted(names)
    return _json(person)


def _activity_id(request: XRequest) -> str:
    iri = request.need("activityId")
    if not formats.is_iri(iri):
        raise BadRequest("“activityId” must be an absolute IRI (1.0.3 Data 2.2).")
    return iri


def _content_type(request: XRequest) -> str:
    given = request.content_type or "application/octet-stream"
    if not formats.is_media_type(given):
        raise BadRequest("The Content-Type of the document is no media type.")
    return given


def _condition(request: XRequest) -> Precondition:
    return Precondition(
        request.headers.get("if-match"), request.headers.get("if-none-match"), request.version
    )


def _document(found: Document) -> Response:
    response = Response(found.content, content_type=found.content_type)
    response.headers["ETag"] = f'"{found.sha1}"'
    response.headers["Last-Modified"] = _http_date(found.updated)
    return response


def _http_date(micros: int) -> str:
    return format_datetime(_datetime(micros), usegmt=True)
