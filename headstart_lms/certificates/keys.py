"""Issuers and their keys: who a centre is as an issuer, which key signs today, what is published."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..accounts.models import Centre
from ..kernel.errors import Conflict, NotFound
from ..kernel.i18n import _
from . import signing
from .contexts import DID, MULTIKEY
from .credential import Issuer
from .models import IssuerKey

PURPOSE = "certificates.issuer-key"


class Sealer(Protocol):
    """The part of kernel.crypto.Keyring that is needed here."""

    def seal(self, purpose: str, data: bytes) -> bytes: ...

    def open(self, purpose: str, data: bytes) -> bytes: ...


def did_of(base_url: str, *path: str) -> str:
    """Return the did:web of a path under an address: ``did:web:<host>[%3A<port>][:<part>]...``.

    An http address is a demo: it says ``localhost``, because a machine's own address names nobody.
    """
    parts = urlsplit(base_url)
    host = parts.hostname if parts.scheme == "https" else "localhost"
    port = f"%3A{parts.port}" if parts.port else ""
    steps = [step for step in parts.path.split("/") if step]
    return ":".join(["did:web:" + str(host) + port, *steps, *path])


def is_demo(base_url: str) -> bool:
    return urlsplit(base_url).scheme != "https"


def issuer_of(centre: Centre, base_url: str) -> Issuer:
    return Issuer(
        did=did_of(base_url, "centres", centre.slug), name=centre.name, url=base_url, country=centre.country,
        demo=is_demo(base_url),
    )  # fmt: skip


def issuing_centre(session: Session, centre: Centre | None) -> Centre:
    """Return the centre that issues for people of ``centre``: itself, or the default one. Raises NotFound."""
    if centre is not None:
        return centre
    default = session.scalar(select(Centre).where(Centre.is_default).order_by(Centre.id))
    if default is None:
        raise NotFound(_("There is no centre that can issue certificates. Run “headstart init”."))
    return default


def _quarter(at: datetime) -> tuple[str, datetime]:
    """Return the name of the quarter and the instant when the next begins."""
    quarter = (at.month - 1) // 3
    end = datetime(at.year + (quarter == 3), (quarter * 3 + 3) % 12 + 1, 1, tzinfo=UTC)
    return f"{at.year}q{quarter + 1}", end


def signing_key(
    session: Session, centre: Centre, *, keyring: Sealer, base_url: str, at: datetime
) -> IssuerKey:
    """Return the key of a centre that signs at ``at``; make it when the quarter has none yet."""
    issuer = issuer_of(centre, base_url)
    # two first certificates of a quarter at once must not make two keys
    session.execute(select(Centre.id).where(Centre.id == centre.id).with_for_update())
    known = session.scalars(select(IssuerKey).where(IssuerKey.did == issuer.did)).all()
    for key in known:
        usable = key.sealed is not None and key.compromised_from is None
        if usable and key.valid_from <= at < key.valid_until:
            return key
    name, end = _quarter(at.astimezone(UTC))
    same_quarter = sum(1 for key in known if key.kid.split("-")[0] == name)
    seed = signing.new_seed()
    key = IssuerKey(
        issuer=centre.slug, issuer_name=centre.name, country=centre.country, did=issuer.did,
        kid=name if not same_quarter else f"{name}-{same_quarter + 1}",
        public=signing.to_multikey(signing.public_key(seed)), sealed=keyring.seal(PURPOSE, seed),
        valid_from=at.replace(microsecond=0), valid_until=end, demo=issuer.demo,
    )  # fmt: skip
    session.add(key)
    session.flush()
    return key


def open_seed(key: IssuerKey, keyring: Sealer) -> bytes:
    """Return the private seed of a key. Raises Conflict when it was destroyed."""
    if key.sealed is None:
        raise Conflict(_("The private part of this key was destroyed. It cannot sign any more."))
    return keyring.open(PURPOSE, key.sealed)


def mark_compromised(session: Session, key: IssuerKey, since: datetime) -> None:
    """Say that a key may be in other hands since an instant: nothing signed from then on counts, nor signs
    it.
    """
    key.compromised_from = since
    key.sealed = None
    session.flush()


def did_document(did: str, keys: Sequence[IssuerKey]) -> dict[str, Any]:
    """Return the did:web document of an issuer.

    Retired keys stay listed, else papers signed with them could not be checked; compromised ones lose
    ``assertionMethod`` (CERTIFICATES 6.1).
    """
    methods = [
        {"id": key.method, "type": "Multikey", "controller": did, "publicKeyMultibase": key.public}
        for key in keys
    ]
    trusted = [key.method for key in keys if key.compromised_from is None]
    return {"@context": [DID, MULTIKEY], "id": did, "verificationMethod": methods, "assertionMethod": trusted}


def find_did_document(session: Session, did: str) -> dict[str, Any] | None:
    """Return the did:web document of one of our issuers, or None when it has no key."""
    keys = session.scalars(select(IssuerKey).where(IssuerKey.did == did).order_by(IssuerKey.id)).all()
    return did_document(did, keys) if keys else None


def did_document_of_default(session: Session, did: str, issuer_did: str) -> dict[str, Any]:
    """Return the document of the installation's own did:web: the default centre's keys under this name."""
    keys = session.scalars(select(IssuerKey).where(IssuerKey.did == issuer_did).order_by(IssuerKey.id)).all()
    methods = [
        {"id": f"{did}#{key.kid}", "type": "Multikey", "controller": did, "publicKeyMultibase": key.public}
        for key in keys
    ]
    trusted = [f"{did}#{key.kid}" for key in keys if key.compromised_from is None]
    return {
        "@context": [DID, MULTIKEY], "id": did, "alsoKnownAs": [issuer_did], "verificationMethod": methods,
        "assertionMethod": trusted,
    }  # fmt: skip
