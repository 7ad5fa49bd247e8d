"""What issuers publish for programs anywhere: keys (did:web) and revocation lists."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, make_response, request
from sqlalchemy import select

from ..accounts.access import access, public
from ..accounts.models import Centre
from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.errors import NotFound
from ..kernel.i18n import _
from . import keys, log, status, trust_list
from .context import installation
from .keys import Sealer

bp = Blueprint("issuers", __name__)


@bp.get("/centres/<slug>/did.json", endpoint="did")
@access(public)
def did(slug: str) -> Response:
    """Publish the keys of a centre (did:web)."""
    centre = session().scalar(select(Centre).where(Centre.slug == slug))
    if centre is None or centre.is_office:
        raise NotFound(_("There is no such centre."))
    name = keys.did_of(installation().base_url, "centres", centre.slug)
    return _published(keys.find_did_document(session(), name) or keys.did_document(name, []))


@bp.get("/did.json", endpoint="default_did")
@bp.get("/.well-known/did.json", endpoint="well_known_did")
@access(public)
def default_did() -> Response:
    """Publish the keys of the default centre under the installation's own did:web."""
    centre = keys.issuing_centre(session(), None)
    base_url = installation().base_url
    return _published(
        keys.did_document_of_default(
            session(), keys.did_of(base_url), keys.did_of(base_url, "centres", centre.slug)
        )
    )


@bp.get("/centres/<slug>/log.json", endpoint="log")
@access(public)
def log_end(slug: str) -> Response:
    """Publish the signed end of a centre's log of acts."""
    base_url = installation().base_url
    did = keys.did_of(base_url, "centres", slug)
    found = log.find_signed_end(session(), did)
    if found is None:
        with transaction() as current:
            found = log.sign_end(current, did, keyring=_keyring(), base_url=base_url, at=now())
    if found is None:
        raise NotFound(_("This centre has issued nothing yet."))
    return _published(found)


@bp.get("/trust-list.json", endpoint="trust_list")
@access(public)
def own_trust_list() -> Response:
    """Publish our issuers and their keys, signed by the default centre, for installations that accept them."""
    base_url = installation().base_url
    text = trust_list.find_published(session(), base_url, now())
    if text is None:
        with transaction() as current:
            text = trust_list.published(current, keyring=_keyring(), base_url=base_url, at=now())
    return _published(text, kind="application/json")


@bp.get("/status/<issuer>/<int:year>", endpoint="status")
@access(public)
def status_list(issuer: str, year: int) -> Response:
    """Publish the signed revocation list of an issuer and year."""
    text = status.find_fresh(session(), issuer, year, now())
    if text is None:
        with transaction() as current:
            text = status.signed_list(
                current, issuer, year, keyring=_keyring(), base_url=installation().base_url, at=now()
            )
    return _published(text)


def _keyring() -> Sealer:
    found: Sealer = current_app.extensions["headstart"].keyring
    return found


def _published(document: dict[str, Any] | str, kind: str = "application/vc+ld+json") -> Response:
    """Publish for programs anywhere: readable from other sites, kept for an hour, then asked for by its ETag."""
    response = make_response(document)
    response.content_type = "application/json" if isinstance(document, dict) else kind
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=3600"
    response.add_etag()
    response.make_conditional(request)
    return response
