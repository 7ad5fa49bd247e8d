"""The description of the JSON API (OpenAPI 3.1)."""

from __future__ import annotations

from typing import Any

from ..certificates.reasons import REASONS, STATES
from ..version import __version__
from .verify_api import DOCUMENTS, MOST_BATCH, MOST_BODY, SCOPE

_TEXT = {"type": "string"}
_WHEN = {"type": "string", "format": "date-time"}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def _maybe(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _object(required: dict[str, Any], more: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **(more or {})}}


def _json(schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _problem(text: str, **headers: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": text, "content": {"application/problem+json": {"schema": _PROBLEM}},
    }  # fmt: skip
    if headers:
        made["headers"] = {
            name.replace("_", "-"): {"schema": {"type": "integer"}, "description": about}
            for name, about in headers.items()
        }
    return made


def description(prefix: str) -> dict[str, Any]:
    """Describe every address under /api/v1, and the two for load balancers."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Headstart LMS", "version": __version__,
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
            "description": "Courses, and the check of certificates. Statements are read and written at /xapi (xAPI "
            "1.0.3 and 2.0) with a credential.",
        },
        "servers": [{"url": prefix or "/"}],
        "tags": [
            {"name": "courses", "description": "What is published. Needs no key."},
            {"name": "certificates", "description": "Check certificates. Needs a key with the scope " + SCOPE + "."},
            {"name": "health", "description": "For load balancers."},
        ],
        "paths": {
            "/api/v1/courses": _courses(),
            "/api/v1/verify": _verify(),
            "/api/v1/verify/batch": _batch(),
            "/healthz": {"get": {"operationId": "healthz", "tags": ["health"], "summary": "The process answers",
                                 "security": [], "responses": {"200": _json(_HEALTH, "It does")}}},
            "/readyz": {
                "get": {
                    "operationId": "readyz", "tags": ["health"], "security": [],
                    "summary": "The database is there and of this version",
                    "responses": {"200": _json(_HEALTH, "Ready"), "503": _json(_HEALTH, "Not ready")},
                }
            },
        },
        "components": {"securitySchemes": _SECURITY, "schemas": _schemas()},
    }  # fmt: skip


_HEALTH = _object({"status": _TEXT})
_SECURITY = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The key as user name, the secret as password.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "key:secret"},
}
_BOTH: list[dict[str, Any]] = [{"basic": []}, {"bearer": []}]
_ERRORS = {
    "400": _problem("The body cannot be read."),
    "401": _problem("No key, or one that is not known."),
    "403": _problem("The key lacks the scope " + SCOPE + "."),
    "413": _problem("The body is too large."),
    "415": _problem("This content type is not taken."),
    "422": _problem("A member is missing, unknown or of a wrong type."),
    "429": _problem("The checks of the day are used up.", Retry_After="Seconds until it may go on."),
}
_QUOTA = {
    f"RateLimit-{name}": {"description": about, "schema": {"type": "integer"}}
    for name, about in (
        ("Limit", "Checks of this key in a day."), ("Remaining", "What is left today."),
        ("Reset", "Seconds until the next day (UTC) begins."),
    )
}  # fmt: skip


def _courses() -> dict[str, Any]:
    listed = _object({"courses": {"type": "array", "items": {"$ref": "#/components/schemas/Course"}}})
    return {
        "get": {
            "operationId": "listCourses", "tags": ["courses"], "summary": "Published courses", "security": [],
            "parameters": [{"name": "lang", "in": "query", "schema": _TEXT, "description": "Language of the titles."}],
            "responses": {
                "200": _json(listed, "The courses"), "400": _problem("The address cannot be read."),
            },
        }
    }  # fmt: skip


def _verify() -> dict[str, Any]:
    binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    plain = {"schema": {"type": "string", "description": "The text of the QR code."}}
    content: dict[str, Any] = {"application/json": {"schema": {"$ref": "#/components/schemas/Question"}}}
    content |= {kind: plain if kind == "text/plain" else binary for kind in DOCUMENTS}
    answer = {
        **_json({"$ref": "#/components/schemas/Answer"}, "The answer, whatever it is."),
        "headers": _QUOTA,
    }
    return {
        "post": {
            "operationId": "verify", "tags": ["certificates"], "security": _BOTH,
            "summary": "Check one certificate",
            "description": "Send JSON with a code, a document or a text; or the file itself with its content type. "
            "A certificate that is not valid is an answer (200), not an error.",
            "parameters": [{"name": "receipt", "in": "query", "schema": {"enum": ["1", "0"]},
                            "description": "1: a signed receipt too."}],
            "requestBody": {"required": True, "content": content},
            "responses": {"200": answer, **_ERRORS},
        }
    }  # fmt: skip


def _batch() -> dict[str, Any]:
    question = {"$ref": "#/components/schemas/Question"}
    entries = {"type": "array", "minItems": 1, "maxItems": MOST_BATCH, "items": question}
    result = {
        "oneOf": [
            {"allOf": [{"$ref": "#/components/schemas/Answer"}, _object({"number": {"type": "integer"}})]},
            _object({"number": {"type": "integer"}, "error": _PROBLEM}),
        ]
    }
    answered = _object({"results": {"type": "array", "items": result}})
    return {
        "post": {
            "operationId": "verifyBatch", "tags": ["certificates"], "security": _BOTH,
            "summary": f"Check up to {MOST_BATCH} certificates",
            "description": f"At most {MOST_BODY // 1_000_000} MB. Each entry counts as one check of the day. "
            "What is wrong with one entry stands in its own result; `number` counts from 1, `id` comes back.",
            "requestBody": {
                "required": True, "content": {"application/json": {"schema": _object({"entries": entries})}},
            },
            "responses": {"200": {**_json(answered, "One result for each entry, in its order."), "headers": _QUOTA},
                          **_ERRORS},
        }
    }  # fmt: skip


def _schemas() -> dict[str, Any]:
    said = _object(
        {"said": {"enum": ["yes", "no", "unknown"]}, "reason": {"$ref": "#/components/schemas/Reason"}}
    )
    own = {"id": {"type": "string", "maxLength": 100}, "receipt": {"type": "boolean", "default": False}}
    year = {"type": ["integer", "string", "null"], "description": "Year of birth, four digits."}

    def asked(name: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {**_object({name: schema}, {**more, **own}), "additionalProperties": False}

    issuer = {**_object({"did": _TEXT, "name": _TEXT, "country": _maybe(_TEXT)}), "type": ["object", "null"]}
    course = _object({"uuid": _maybe({"type": "string", "format": "uuid"}), "slug": _maybe(_TEXT), "title": _TEXT},
                     {"version": _maybe(_TEXT)})  # fmt: skip
    names = ("passport_name", "own_name", "name_checked_by", "country", "language")
    certificate = _object(
        {"code": _maybe(_TEXT), "kind": _maybe(_TEXT), "level": _maybe(_TEXT), "course": course, "issuer": issuer,
         "issued": _WHEN, "valid_until": _maybe(_WHEN)},
        {**{name: _maybe(_TEXT) for name in names}, "year_of_birth": _maybe({"type": "integer"}),
         "name_checked": {"type": "boolean", "description": "A centre saw a document with this name."},
         "skills": {"type": "object", "additionalProperties": _TEXT}, "hours": _maybe({"type": "number"}),
         "assessment": {"enum": ["supervised", "practice", "none", None]},
         "score": {"type": ["number", "null"], "description": "Per cent."},
         "outcomes": {"type": "array", "items": _TEXT}, "awarded": _maybe(_WHEN), "valid_from": _WHEN},
    )  # fmt: skip
    listed = _object(
        {"kind": {"enum": ["register", "status-list", "trust-list"]}, "id": _TEXT, "dated": _maybe(_TEXT),
         "until": _maybe(_TEXT), "age": {"type": ["integer", "null"], "description": "Seconds."}},
        {"version": {"type": ["integer", "string", "null"]}},
    )  # fmt: skip
    answer = _object(
        {"state": {"enum": list(STATES)}, "reason": {"$ref": "#/components/schemas/Reason"}, "text": _TEXT,
         "demo": {"type": "boolean", "description": "Issued by a demo: proves nothing."}, "checked": _WHEN,
         "given": {"enum": ["code", "code-year", "file", "qr", "none"]},
         "answers": _object(dict.fromkeys(("genuine", "issuer", "time", "standing"), said)),
         "shown": {"enum": ["nothing", "public", "signed"],
                   "description": "public: a code alone. signed: the file, the QR code, or code and year."},
         "certificate": {"oneOf": [{"$ref": "#/components/schemas/Certificate"}, {"type": "null"}]},
         "lists": {"type": "array", "items": listed}},
        {"id": _TEXT, "remark": _TEXT, "check": {"type": "string", "format": "uuid"},
         "standing": _object({"since": _WHEN, "class": _maybe(_TEXT), "replaced_by": _maybe(_TEXT)}),
         "receipt": {"type": "object", "description": "Signed with eddsa-jcs-2022; see docs/certificates.md."}},
    )  # fmt: skip
    return {
        "Problem": _object({"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}}),
        "Reason": {"enum": sorted(REASONS), "description": "A stable word; new ones may come."},
        "Question": {
            "oneOf": [
                asked("code", _TEXT, year=year),
                asked("document", {"type": ["object", "string"], "description": "The signed file."}),
                asked("text", {**_TEXT, "description": "The text of the QR code, or of a file."}),
            ]
        },
        "Certificate": certificate, "Answer": answer, "Course": _COURSE,
    }  # fmt: skip


_COURSE = _object(
    {"slug": _TEXT, "title": _TEXT, "kind": {"enum": ["language", "workplace", "rights", "orientation"]},
     "destination": {"type": "string", "description": "ISO 3166-1 alpha-2"}, "units": {"type": "integer"},
     "items": {"type": "integer"}, "entries": {"type": "integer"}, "languages": {"type": "array", "items": _TEXT},
     "version": {"type": "string", "description": "edition.correction"}},
    {"facts": {"type": "integer"}, "texts": {"type": "integer"}, "uuid": {"type": "string", "format": "uuid"},
     "digest": {"type": "string", "description": "SHA-256 of the document, hex"}, "address": _TEXT},
)  # fmt: skip
