"""Read an xAPI request: alternate syntax, who sends it, which version it speaks."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from flask import Request, current_app, g
from sqlalchemy.orm import Session

from ..kernel.db import transaction
from ..kernel.errors import LMSError, NotAllowed
from . import credentials, launches
from .credentials import Client
from .validator import BadRequest

VERSION_HEADER: Final = "X-Experience-API-Version"
#: The newest patch of each version spoken; what a response says.
SPOKEN: Final = {"1": "1.0.3", "2": "2.0.0"}
MAX_BODY: Final = 32 * 1024 * 1024
_VERSIONS: Final = re.compile(r"([12])\.0(?:\.\d{1,4})?", re.ASCII)
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
#: Form fields that stand for headers in the alternate syntax (1.0.3 Communication 1.3).
_FORM_HEADERS: Final = frozenset({
    "authorization", VERSION_HEADER.lower(), "content-type", "content-length", "if-match", "if-none-match",
    "accept", "accept-language", "accept-encoding", "content-encoding", "updated", "date",
})  # fmt: skip


class Unauthorized(LMSError):
    """``challenge`` is what the answer asks for: never Basic of content, or a browser would ask the learner."""

    status, code = 401, "unauthorized"
    challenge = 'Basic realm="xAPI", charset="UTF-8"'


class BadToken(Unauthorized):
    code = "bad-token"
    challenge = 'Bearer realm="xAPI", error="invalid_token"'


class LaunchIsOver(BadToken):
    def __init__(self) -> None:
        super().__init__("This token is not known, or its launch is over. Open the content again.")


class TooLarge(LMSError):
    status, code = 413, "too-large"


class UnsupportedEncoding(LMSError):
    status, code = 415, "unsupported-encoding"


class MethodNotAllowed(LMSError):
    status, code = 405, "method-not-allowed"


@dataclass(frozen=True, slots=True)
class XRequest:
    """One request, whichever way it was written."""

    method: str
    args: Mapping[str, str]
    #: names in lower case
    headers: Mapping[str, str]
    body: bytes
    version: str
    client: Client
    #: The tenant that what is written goes to.
    home: UUID

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def media_type(self) -> str:
        return self.content_type.split(";")[0].strip().lower()

    def only(self, *names: str) -> None:
        """Raise BadRequest for a parameter the resource does not know (1.0.3 Communication 3.2)."""
        unknown = sorted(set(self.args) - set(names))
        if unknown:
            raise BadRequest(f"There is no parameter “{unknown[0][:80]}” here. Known: {', '.join(names)}.")

    def need(self, name: str) -> str:
        if name not in self.args:
            raise BadRequest(f"The parameter “{name}” is missing.")
        return self.args[name]

    def allow(self, *scopes: str) -> None:
        """Raise NotAllowed unless the client has one of these scopes."""
        if not any(self.client.can(scope) for scope in scopes):
            raise NotAllowed(f"This key has no scope for that. It would need: {', '.join(scopes)}.")


@dataclass(frozen=True, slots=True)
class _Raw:
    method: str
    args: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    is_alternate: bool = False


def read_request(request: Request, session: Session) -> XRequest:
    """Return the request with its client and version.

    Raises Unauthorized, TooMany, BadRequest, TooLarge. Who asks is known before the body is read, but for the
    alternate syntax, where it stands in the body.
    """
    g.xapi_client = None
    headers = {name.lower(): value for name, value in request.headers.items()}
    args = read_args(request)
    client = None
    if "method" not in args:
        _note_version(headers)
        client = authenticate(session, headers.get("authorization"))
    raw = _Raw(request.method, args, headers, read_body(request))
    if "method" in args:
        raw = _alternate(raw)
    version = _note_version(raw.headers)
    if client is None:
        client = authenticate(session, raw.headers.get("authorization"))
    g.xapi_client = client.id
    if version is None:
        given = raw.headers.get(VERSION_HEADER.lower())
        said = "is missing" if given is None else f"“{given[:20]}” is not spoken here"
        raise BadRequest(f"{VERSION_HEADER} {said}; send 1.0.3 or 2.0.0 (1.0.3 Comm. 3.3; 2.0 4.1.5).")
    if raw.is_alternate and version[0] != "1":
        raise BadRequest("xAPI 2.0 has no alternate request syntax; send the method itself.")
    home = home_of(client)
    return XRequest(raw.method, raw.args, raw.headers, raw.body, version, client, home)


def _note_version(headers: Mapping[str, str]) -> str | None:
    """Return the version of a request, and remember it for the header of the answer."""
    version = find_version(headers.get(VERSION_HEADER.lower()))
    if version is not None:
        g.xapi_version = version
    return version


def home_of(client: Client) -> UUID:
    """Return the tenant that what a client writes goes to."""
    home: UUID = client.tenant or current_app.extensions["headstart"].installation.uuid
    return home


def find_version(header: str | None) -> str | None:
    """Return the version spoken ("1.0.3", "2.0.0") for what a header asks for; None for none of ours."""
    found = _VERSIONS.fullmatch(header.strip()) if header else None
    return SPOKEN[found[1]] if found else None


def read_body(request: Request, most: int = MAX_BODY) -> bytes:
    """Return the body, at most so many bytes. Raises TooLarge before it reads what is said to be longer."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedEncoding("Send the body as it is, without Content-Encoding.")
    said = f"{most // 1024 // 1024} MB" if most >= 1024 * 1024 else f"{most // 1024} KB"
    promised = request.content_length
    if (promised or 0) > most:
        raise TooLarge(f"At most {said} in one request; send less at once.")
    request.max_content_length = (
        most + 1
    )  # of a body without a length Werkzeug gives the first part, silently
    try:
        body = request.get_data(cache=False, parse_form_data=False)
    except Exception as error:  # each server says in its own way that a body breaks off or is no body
        raise BadRequest("The body breaks off, or its chunks are damaged. Send it again.") from error
    if len(body) > most:
        raise TooLarge(f"At most {said} in one request; send less at once.")
    if promised is not None and len(body) != promised:
        raise BadRequest(f"The body breaks off: {len(body)} of {promised} bytes came. Send it again.")
    return body


def read_args(request: Request) -> dict[str, str]:
    """Return the parameters of the address. Raises BadRequest for what is not UTF-8 or stands twice."""
    return _single(_pairs(request.query_string))


def _pairs(query: bytes) -> Iterable[tuple[str, str]]:
    """Split a query strictly: a browser escapes right, so what is damaged was meant otherwise than it reads."""
    if _BAD_ESCAPE.search(query):
        raise BadRequest(
            "The address holds a “%” that two hexadecimal digits do not follow. Escape it as %25."
        )
    try:
        return parse_qsl(query.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=100)
    except UnicodeDecodeError as error:
        raise BadRequest("The parameters of the address are not UTF-8, escaped with “%”.") from error
    except ValueError as error:
        raise BadRequest("The address has more than 100 parameters.") from error


def _single(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise BadRequest(f"The parameter “{name[:80]}” stands twice.")
        if "\x00" in value or "\x00" in name:
            raise BadRequest("A parameter holds a zero character.")
        found[name] = value
    return found


def _alternate(raw: _Raw) -> _Raw:
    """Unfold ``POST ?method=X`` with everything in a form (1.0.3 Communication 1.3)."""
    if raw.method != "POST":
        raise BadRequest("The alternate request syntax is a POST (1.0.3 Communication 1.3).")
    if set(raw.args) != {"method"}:
        raise BadRequest("Beside “method” everything goes into the form (1.0.3 Communication 1.3).")
    method = raw.args["method"].upper()
    if method not in ("GET", "PUT", "POST", "DELETE", "HEAD"):
        raise BadRequest("“method” must be GET, HEAD, PUT, POST or DELETE.")
    if not raw.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise BadRequest("The alternate request syntax sends a form, application/x-www-form-urlencoded.")
    try:
        form = _single(
            parse_qsl(raw.body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(raw.body),
                      errors="strict", max_num_fields=100)
        )  # fmt: skip
    except ValueError as error:
        raise BadRequest("The form is not well formed (application/x-www-form-urlencoded, UTF-8).") from error
    content = form.pop("content", None)
    if content is None and method in ("PUT", "POST"):
        raise BadRequest("The form field “content” is missing (1.0.3 Communication 1.3).")
    headers = {name: value for name, value in raw.headers.items() if name != "content-type"}
    headers["content-type"] = "application/json"
    for name in [name for name in form if name.lower() in _FORM_HEADERS]:
        headers[name.lower()] = form.pop(name)
    return replace(
        raw, method=method, args=form, headers=headers, body=(content or "").encode(), is_alternate=True
    )


def authenticate(session: Session, header: str | None) -> Client:
    """Find the client by HTTP Basic (1.0.3 Communication 4.0), or by a launch's token, as Basic or Bearer.

    Counts the request. Raises Unauthorized, TooMany.
    """
    client = _find_client(session, header)
    default = current_app.config.get("HEADSTART_XAPI_RATE", 0)
    credentials.count_request(client, default)
    if not client.is_used_lately:
        with transaction() as current:
            credentials.note_use(current, client)
    return client


def check_launch(session: Session, client: Client) -> None:
    """Raise LaunchIsOver when a launch ended, or its person was erased, while a request was on its way.

    Call it where something was written and the lock of writers is held: an erasure comes before or after, not between.
    """
    if client.bounds is not None and not launches.stands(session, client.bounds):
        raise LaunchIsOver


def _find_client(session: Session, header: str | None) -> Client:
    if header is None:
        raise Unauthorized("Send the key and secret of a client: Authorization: Basic.")
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() not in ("basic", "bearer"):
        raise Unauthorized("The Authorization header must be: Basic, then base64 of key:secret.")
    try:
        plain = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise BadToken(
            "The Authorization header cannot be read: it must be Basic, then base64 of key:secret."
        ) from error
    key, colon, secret = plain.partition(":")
    if not colon or "\x00" in plain:
        raise BadToken(
            "The Authorization header cannot be read: it must be Basic, then base64 of key:secret."
        )
    if key.startswith(launches.TOKEN_PREFIX):
        client = launches.find_client(session, key, secret)
        if client is None:
            raise LaunchIsOver
        return client
    if scheme.lower() == "bearer":
        raise BadToken("Only the token of a launch is sent as Bearer; send key and secret as Basic.")
    found = credentials.find_client(session, key, secret)
    if found is None:
        raise Unauthorized("This key and secret are not known here, or not any more.")
    return found
