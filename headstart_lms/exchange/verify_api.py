"""POST /api/v1/verify: certificates checked by the programs of offices."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, current_app, g, json, request
from werkzeug.exceptions import HTTPException

from ..certificates import checks, codes, members, receipts
from ..certificates.asking import Asker, Entry, Outcome
from ..certificates.check_jobs import count_tries, note
from ..certificates.reading import members_once
from ..certificates.tokens import find_token
from ..certificates.uploads import MOST_FILE, code_part
from ..kernel import limits
from ..kernel.access import access, credential
from ..kernel.clock import now
from ..kernel.crypto import Keyring
from ..kernel.db import session, transaction
from ..kernel.errors import Invalid, LMSError, NotAllowed, TooMany
from ..lrs import credentials
from ..lrs.credentials import Client

bp = Blueprint("verify_api", __name__, url_prefix="/api/v1")

SCOPE = "certificates/verify"
#: Entries of one batch, and bytes of its body.
MOST_BATCH, MOST_BODY = 500, 16_000_000
#: Types of a body that is the certificate itself.
DOCUMENTS = (
    "application/pdf", "application/vc+ld+json", "application/vc+jwt", "application/vc", "application/ld+json",
    "application/jwt", "application/octet-stream", "image/png", "image/jpeg", "image/svg+xml", "text/plain",
)  # fmt: skip


class Unauthorized(LMSError):
    status, code = 401, "unauthorized"


class NotRead(LMSError):
    status, code = 400, "not-read"


class TooLarge(LMSError):
    status, code = 413, "too-large"


class WrongType(LMSError):
    status, code = 415, "wrong-type"


# --- who asks ----------------------------------------------------------------------------------------


def _client() -> Client:
    """Return the program that asks. Raises Unauthorized, NotAllowed, TooMany above its requests a minute."""
    key, secret = _key_and_secret(request.headers.get("Authorization", ""))
    found = credentials.find_client(session(), key, secret) if "\0" not in key else None
    if found is None:
        raise Unauthorized("This key and secret are not known here, or not any more.")
    if not found.can(SCOPE):
        raise NotAllowed(f"This key may not check certificates. It needs the scope {SCOPE}.")
    credentials.count_request(found, current_app.config["HEADSTART_XAPI_RATE"])
    return found


def _key_and_secret(header: str) -> tuple[str, str]:
    scheme, _space, rest = header.partition(" ")
    text = rest.strip()
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(text, validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise Unauthorized("The Authorization header cannot be read.") from error
    elif scheme.lower() != "bearer":
        raise Unauthorized(
            "Send the key and secret of a program: Authorization: Basic, or Bearer key:secret."
        )
    key, colon, secret = text.partition(":")
    if not colon:
        raise Unauthorized("The Authorization header holds no key:secret.")
    return key, secret


def _spend(client: Client, amount: int) -> None:
    """Take checks of this key's day. Raises TooMany."""
    most = client.quota or current_app.config["HEADSTART_VERIFY_QUOTA"]
    at = now()
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    seconds = max(1, int((midnight - at).total_seconds()))
    g.hs_quota = (most, 0, seconds)
    with transaction() as current:
        left = limits.spend(current, f"verify-quota:{client.key}:{at.date()}", amount, most, midnight)
        if not client.is_used_lately:
            credentials.note_use(current, client)
    g.hs_quota = (most, left, seconds)


# --- what is asked -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing to check. ``id`` is the program's own word for it, and comes back."""

    entry: Entry
    wants_receipt: bool = False
    id: str | None = None


def _body(most: int) -> bytes:
    if (request.content_length or 0) > most:
        raise TooLarge(f"At most {most:,} bytes in one request.")
    request.max_content_length = most
    return request.get_data(cache=False, parse_form_data=False)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data, object_pairs_hook=members_once)
    except (ValueError, RecursionError) as error:
        raise NotRead(
            "The body is not JSON. Send an object, or the file with its own content type."
        ) from error


def _read_one() -> Asked:
    kind = request.mimetype
    asked = request.args.getlist("receipt")
    if asked not in ([], ["0"], ["1"]):
        raise Invalid("receipt is 1 or 0, and stands once.")
    if kind in ("application/json", ""):
        found = read_asked(_json(_body(MOST_FILE * 2)))
        return replace(found, wants_receipt=True) if asked == ["1"] else found
    if kind not in DOCUMENTS:
        raise WrongType(f"{kind[:60]} is not taken here. Send JSON, or one of: {', '.join(DOCUMENTS)}.")
    return Asked(_data_entry(_body(MOST_FILE)), asked == ["1"])


def _data_entry(data: bytes) -> Entry:
    return Entry("body", data=data) if data.strip() else Entry("body", problem="empty")


def read_asked(found: Any) -> Asked:
    """Read one object: ``code`` (with or without ``year``), ``document`` or ``text``. Raises Invalid.

    A code that cannot be one, or a year, is an answer of its own, not an error of the request.
    """
    if not isinstance(found, dict):
        raise Invalid("Send an object with code, document or text.")
    unknown = sorted(set(found) - {"id", "code", "year", "document", "text", "receipt"})
    if unknown:
        raise Invalid(f"There is no member “{str(unknown[0])[:60]}” here.")
    given = [name for name in ("code", "document", "text") if name in found]
    if len(given) != 1:
        raise Invalid("Send exactly one of code, document and text.")
    name, wants, own = found.get("id"), found.get("receipt", False), given[0]
    if name is not None and (not isinstance(name, str) or len(name) > 100):
        raise Invalid("id is a text of at most 100 characters.")
    if not isinstance(wants, bool):
        raise Invalid("receipt is true or false.")
    if own != "code" and "year" in found:
        raise Invalid("year goes with code.")
    entry = _code_entry(found["code"], found.get("year")) if own == "code" else _text_entry(own, found[own])
    return Asked(entry, wants, name)


def _text_entry(name: str, value: Any) -> Entry:
    if name == "document" and isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, str):
        raise Invalid(f"{name} is {'an object or ' if name == 'document' else ''}a text.")
    if name == "text" and "://" in value and len(value) < 400 and find_token(value) is None:
        part = code_part(value.strip())  # the address that is printed, without its signed part
        if codes.is_code(part):
            return Entry("code", code=codes.parse_code(part))
    return _data_entry(value.encode("utf-8", "replace"))


def _code_entry(code: Any, year: Any) -> Entry:
    if not isinstance(code, str):
        raise Invalid("code is a text.")
    if isinstance(year, bool) or not isinstance(year, (int, str, type(None))):
        raise Invalid("year is a number.")
    try:
        known = codes.parse_code(code)
    except codes.CodeError as error:
        return Entry("code", problem="code-form", remark=error.message)
    if year in (None, ""):
        return Entry("code", code=known)
    if not re.fullmatch(r"[0-9]{4}", str(year)):
        return Entry("code", code=known, problem="year-form")
    return Entry("code", code=known, year=int(year))


# --- the answers -------------------------------------------------------------------------------------


@bp.post("/verify")
@access(credential)
def verify() -> Response:
    """Check one certificate: a code, a file, the text of a QR code."""
    client = _client()
    asked = _read_one()
    _spend(client, 1)
    return _answered(_check(client, [asked])[0])


@bp.post("/verify/batch")
@access(credential)
def verify_batch() -> Response:
    """Check up to 500 at once; what is wrong with one entry stands in its own answer."""
    client = _client()
    if request.mimetype != "application/json":
        raise WrongType("Send JSON: an object with entries.")
    found = _json(_body(MOST_BODY))
    entries = found.get("entries") if isinstance(found, dict) else None
    if not isinstance(entries, list) or not 1 <= len(entries) <= MOST_BATCH:
        raise Invalid(f"entries is a list of 1 to {MOST_BATCH} objects.")
    asked: list[Asked | LMSError] = []
    for one in entries:
        try:
            asked.append(read_asked(one))
        except Invalid as error:
            asked.append(error)
    good = [one for one in asked if isinstance(one, Asked)]
    _spend(client, max(1, len(good)))
    answers = iter(_check(client, good))
    results = [
        {"number": number, **(next(answers) if isinstance(one, Asked) else {"error": _problem(one)})}
        for number, one in enumerate(asked, 1)
    ]
    return _answered({"results": results})


def _check(client: Client, asked: list[Asked]) -> list[dict[str, Any]]:
    """Answer, write down that this program asked, and sign the receipts it wants."""
    keyring: Keyring = current_app.extensions["headstart"].keyring
    base_url = current_app.extensions["headstart"].installation.base_url
    at = now()
    with transaction() as current:
        may_try = count_tries(current, keyring, [one.entry for one in asked])
    # outside of a transaction: a stranger's file may take two seconds
    asker = Asker(session(), at, may_try=may_try)
    outcomes = [asker.ask(one.entry) for one in asked]
    by = checks.Checker(client.name, "api", client=client.key)
    answers = []
    with transaction() as current:
        for one, outcome in zip(asked, outcomes, strict=True):
            made = note(current, keyring, by, outcome)
            answer = {**({} if one.id is None else {"id": one.id}), **_answer(outcome)}
            if made is not None:
                answer["check"] = str(made.uuid)
                if one.wants_receipt:
                    receipt = receipts.make_of_check(made, base_url, outcome)
                    answer["receipt"] = receipts.sign(
                        current, receipt, keyring=keyring, base_url=base_url, at=at
                    )  # fmt: skip
            answers.append(answer)
    return answers


def _answer(outcome: Outcome) -> dict[str, Any]:
    found = members.of_outcome(outcome)
    if outcome.entry.remark:
        found["remark"] = outcome.entry.remark
    return found


def _answered(data: dict[str, Any]) -> Response:
    response = current_app.response_class(
        json.dumps(data, ensure_ascii=False), content_type="application/json"
    )
    return _finished(response)


def _finished(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    if "hs_quota" in g:
        for name, value in zip(("Limit", "Remaining", "Reset"), g.hs_quota, strict=True):
            response.headers[f"RateLimit-{name}"] = str(value)
    return response


def _problem(error: LMSError) -> dict[str, Any]:
    return {"type": f"urn:headstart:{error.code}", "title": error.message, "status": error.status}


@bp.errorhandler(LMSError)
def answer_error(error: LMSError) -> Response:
    """Answer with problem+json (RFC 9457), whatever was accepted."""
    response = current_app.response_class(
        json.dumps(_problem(error)), status=error.status, content_type="application/problem+json"
    )
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = 'Basic realm="certificates", charset="UTF-8"'
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after)
    return _finished(response)


@bp.errorhandler(HTTPException)
def answer_http_error(error: HTTPException) -> Response:
    found = LMSError(error.description or error.name, "http")
    found.status = error.code or 400
    return answer_error(found)
