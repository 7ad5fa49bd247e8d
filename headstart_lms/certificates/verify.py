"""Check a certificate that somebody hands in. Raises inside; pages and commands get a Verdict."""

from __future__ import annotations

from datetime import datetime

from .documents import verify_document
from .tokens import find_token, verify_token
from .trust import TrustStore
from .verdict import Verdict

__all__ = ["verify"]


def verify(data: bytes | str, *, trust: TrustStore, at: datetime) -> Verdict:
    """Check a certificate at an instant: JSON, VC-JWT, baked SVG, PDF with the file attached, text of a QR
    code.

    Never raises for what was handed in. Uses ``trust`` and nothing else: no network, no other table.
    """
    token = find_token(data)
    if token is not None:
        return verify_token(token, trust=trust, at=at)
    return verify_document(data, trust=trust, at=at)
