"""The files a holder takes along: JSON, VC-JWT, baked SVG."""

from __future__ import annotations

import base64
import json
from typing import Any

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

#: Open Badges 3.0, 5.3.2.2: where a baked SVG keeps its credential.
BAKED = "https://purl.imsglobal.org/ob/v3p0"


def get_json(certificate: Certificate) -> str:
    """Return the signed credential as it was made. Raises NotFound after an erasure."""
    if certificate.payload is None:
        raise NotFound(_("This file is no longer kept here. The paper and your own copy still count."))
    return certificate.payload


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def make_jwt(session: Session, certificate: Certificate, *, keyring: Sealer) -> str:
    """Return the same credential as a VC-JWT (EdDSA), signed with the key of its proofs.

    Raises NotFound after an erasure or when that key was destroyed.
    """
    payload = read_payload(certificate)
    if payload is None:
        raise NotFound(_("This file is no longer kept here. The paper and your own copy still count."))
    method = payload["proof"][0]["verificationMethod"]
    key = session.scalar(
        select(IssuerKey).where(
            IssuerKey.did == certificate.issuer_did, IssuerKey.kid == method.split("#")[1]
        )
    )
    if key is None or key.sealed is None:
        raise NotFound(_("This file can no longer be made. Take the JSON file."))
    document = proofs.without_proof(payload)
    claims: dict[str, Any] = {
        **document, "iss": document["issuer"]["id"], "jti": document["id"],
        "sub": document["credentialSubject"]["id"],
    }  # fmt: skip
    for name, member in (("nbf", "validFrom"), ("exp", "validUntil")):
        at = instant(document.get(member))
        if at is not None:
            claims[name] = int(at.timestamp())
    header = {"alg": "EdDSA", "kid": method, "typ": "JWT"}
    signed = ".".join(_base64url(json.dumps(part, ensure_ascii=False).encode()) for part in (header, claims))
    return signed + "." + _base64url(signing.sign(keys.open_seed(key, keyring), signed.encode("ascii")))


def make_svg(certificate: Certificate) -> str:
    """Return a badge picture with the signed credential baked in: rosette, course, level, code."""
    text = get_json(certificate)
    facts = read_facts(json.loads(text))
    lines = [(470, 30, facts.title), (512, 24, facts.level or ""), (556, 18, certificate.issuer_name)]
    if certificate.demo:
        lines.append((40, 18, "DEMO, proves nothing"))
    written = "".join(
        f'<text x="250" y="{y}" font-size="{size}">{escape(line)}</text>' for y, size, line in lines if line
    )
    cdata = text.replace("]]>", "]]\\u003e")  # the same JSON string, and the end of CDATA cannot be faked
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:openbadges="{BAKED}" viewBox="0 0 500 640" role="img">'
        f"<title>{escape(facts.title)}</title>"
        f"<openbadges:credential><![CDATA[{cdata}]]></openbadges:credential>"
        f'<rect width="500" height="640" rx="16" fill="#FBFAF6"/>'
        f'<g transform="translate(50 40) scale(0.4)" fill="none" stroke="#0B6E6E" stroke-width="2.6">'
        f"{rosette.figure(certificate.digest)}</g>"
        f'<g fill="#1B2430" text-anchor="middle" font-family="Noto Sans, sans-serif">{written}'
        f'<text x="250" y="606" font-size="20" font-family="monospace">'
        f"{codes.show(certificate.code)}</text></g></svg>"
    )
