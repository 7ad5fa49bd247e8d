"""The files a holder takes along: JSON, VC-JWT, baked SVG."""

from __future__ import annotations

import base64
import json
from typing import Any, get_args

from markupsafe import escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kernel.errors import NotFound
from ..kernel.i18n import _
from . import codes, keys, proofs, rosette, signing
from .facts import instant, read_facts
from .keys import Sealer
from .models import Certificate, IssuerKey
from .services import read_payload
from .signing import Algorithm

#: Open Badges 3.0, 5.3.2.2: where a baked SVG keeps its credential.
BAKED = "https://purl.imsglobal.org/ob/v3p0"

#: The algorithms a token can be had in; the first needs no further key.
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)


def get_json(certificate: Certificate) -> str:
    """Return the signed credential as it was made. Raises NotFound after an erasure."""
    if certificate.payload is None:
        raise NotFound(_("This file is no longer kept here. The paper and your own copy still count."))
    return certificate.payload


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def make_jwt(session: Session, certificate: Certificate, *, keyring: Sealer, alg: Algorithm = "EdDSA") -> str:
    """Return the same credential as a VC-JWT (Open Badges 3.0, 8.2), signed with a key of its proofs' date.

    Raises NotFound after an erasure or when that key was destroyed.
    """
    payload = read_payload(certificate)
    if payload is None:
        raise NotFound(_("This file is no longer kept here. The paper and your own copy still count."))
    kid = payload["proof"][0]["verificationMethod"].split("#")[1]
    key = session.scalar(
        select(IssuerKey).where(IssuerKey.did == certificate.issuer_did, IssuerKey.kid == kid)
    )
    if key is None or key.sealed is None:
        raise NotFound(_("This file can no longer be made. Take the JSON file."))
    method, private = keys.token_key(session, key, alg, keyring)
    document = proofs.without_proof(payload)
    claims: dict[str, Any] = {
        **document, "iss": document["issuer"]["id"], "jti": document["id"],
        "sub": document["credentialSubject"]["id"],
    }  # fmt: skip
    for name, member in (("nbf", "validFrom"), ("exp", "validUntil")):
        at = instant(document.get(member))
        if at is not None:
            claims[name] = int(at.timestamp())
    header = {"alg": alg, "kid": method, "typ": "JWT"}
    signed = ".".join(_base64url(json.dumps(part, ensure_ascii=False).encode()) for part in (header, claims))
    return signed + "." + _base64url(signing.sign_token(alg, private, signed.encode("ascii")))


def make_svg(certificate: Certificate) -> str:
    """Return a badge picture with the signed credential baked in: rosette, course, level, code."""
    text = get_json(certificate)
    facts = read_facts(json.loads(text))
    accent = rosette.ACCENTS[certificate.kind]
    lines = [(452, 30, facts.title), (492, 24, facts.level or ""), (538, 18, certificate.issuer_name)]
    if certificate.demo:
        lines.append((50, 18, "DEMO, proves nothing"))
    written = "".join(
        # a long line gets smaller until it fits between the borders
        f'<text x="250" y="{y}" font-size="{min(size, 750 / len(line)):.1f}">{escape(line)}</text>'
        for y, size, line in lines
        if line
    )
    stops = "".join(f'<circle cx="{x}" cy="600" r="4"/>' for x in range(44, 440, 52))
    cdata = text.replace("]]>", "]]\\u003e")  # the same JSON string, and the end of CDATA cannot be faked
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:openbadges="{BAKED}" viewBox="0 0 500 640" role="img">'
        f"<title>{escape(facts.title)}</title>"
        f"<openbadges:credential><![CDATA[{cdata}]]></openbadges:credential>"
        f'<rect width="500" height="640" rx="16" fill="#FBFAF6"/>'
        f'<rect x="14" y="14" width="472" height="612" rx="14" fill="none" stroke="{accent}" stroke-width="1.5"/>'
        f'<g transform="translate(70 54) scale(0.36)" fill="none" stroke="{accent}" stroke-width="2.8">'
        f"{rosette.figure(certificate.digest)}</g>"
        f'<g fill="#1B2430" text-anchor="middle" font-family="Noto Sans, sans-serif">{written}'
        f'<text x="250" y="572" font-size="18" font-family="monospace">{codes.show(certificate.code)}</text></g>'
        f'<g fill="{accent}"><path d="M44 600h412" stroke="{accent}" stroke-width="3"/>{stops}'
        f'<circle cx="456" cy="600" r="8.5" fill="#FBFAF6" stroke="{accent}" stroke-width="3"/>'
        f'<circle cx="456" cy="600" r="3.8"/></g></svg>'
    )
