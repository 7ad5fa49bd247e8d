"""Issuers and their keys: who a centre is as an issuer, which key signs today, what is published."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..accounts.models import Centre
from ..kernel.errors import Conflict, Invalid, NotFound
from ..kernel.i18n import _
from . import signing
from .contexts import DID, JWK, MULTIKEY
from .credential import Issuer
from .models import IssuerKey, StatusList
from .signing import Algorithm

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


def find_centre(session: Session, slug: str) -> Centre | None:
    return session.scalar(select(Centre).where(Centre.slug == slug))


def _quarter(at: datetime) -> tuple[str, datetime]:
    """Return the name of the quarter and the instant when the next begins."""
    quarter = (at.month - 1) // 3
    end = datetime(at.year + (quarter == 3), (quarter * 3 + 3) % 12 + 1, 1, tzinfo=UTC)
    return f"{at.year}q{quarter + 1}", end


def signing_key(
    session: Session, centre: Centre, *, keyring: Sealer, base_url: str, at: datetime, for_lists: bool = False
) -> IssuerKey:
    """Return the key of a centre that signs at ``at``; make it when the quarter has none yet.

    Certificates are signed with the newest, lists (``for_lists``) with the oldest that still may: the one that
    others have known for the longest.
    """
    issuer = issuer_of(centre, base_url)
    # two first certificates of a quarter at once must not make two keys
    session.execute(select(Centre.id).where(Centre.id == centre.id).with_for_update())
    known = _all_of(session, issuer.did)
    usable = [key for key in known if key.is_usable and key.valid_from <= at < key.valid_until]
    if not usable:
        return _make(session, centre, base_url, keyring, known, at, None)
    ordered = sorted(usable, key=lambda key: (key.valid_from, key.id))
    return ordered[0] if for_lists else ordered[-1]


def _make(
    session: Session, centre: Centre, base_url: str, keyring: Sealer, known: Sequence[IssuerKey],
    start: datetime, until: datetime | None,
) -> IssuerKey:  # fmt: skip
    issuer = issuer_of(centre, base_url)
    name, end = _quarter(start.astimezone(UTC))
    same_quarter = sum(1 for key in known if key.kid.split("-")[0] == name)
    seed = signing.new_seed()
    key = IssuerKey(
        issuer=centre.slug, issuer_name=centre.name, country=centre.country, did=issuer.did,
        kid=name if not same_quarter else f"{name}-{same_quarter + 1}",
        public=signing.to_multikey(signing.public_key(seed)), sealed=keyring.seal(PURPOSE, seed),
        valid_from=start.replace(microsecond=0), valid_until=until or end, demo=issuer.demo,
    )  # fmt: skip
    session.add(key)
    session.flush()
    return key


def _all_of(session: Session, did: str) -> Sequence[IssuerKey]:
    return session.scalars(select(IssuerKey).where(IssuerKey.did == did).order_by(IssuerKey.id)).all()


def list_keys(session: Session, centre: Centre, base_url: str) -> Sequence[IssuerKey]:
    """Return the keys of a centre, oldest first."""
    return _all_of(session, issuer_of(centre, base_url).did)


def get_key(session: Session, centre: Centre, base_url: str, name: str) -> IssuerKey:
    """Return a key of a centre by its short name (``2026q4``) or its whole address. Raises NotFound."""
    did = issuer_of(centre, base_url).did
    found = session.scalar(
        select(IssuerKey).where(IssuerKey.did == did, IssuerKey.kid == name.removeprefix(did + "#"))
    )
    if found is None:
        raise NotFound(_("This centre has no such key. “headstart key list” shows them."))
    return found


def prepare(
    session: Session, centre: Centre, *, keyring: Sealer, base_url: str, at: datetime,
    start: datetime | None = None,
) -> IssuerKey:  # fmt: skip
    """Make a key ahead of its time, so that trust lists name it before it signs; by default the next quarter's.

    One that is there for this time already is returned. Raises Invalid for a start that is past.
    """
    session.execute(select(Centre.id).where(Centre.id == centre.id).with_for_update())
    begin = start or _quarter(at.astimezone(UTC))[1]
    if begin <= at:
        raise Invalid(_("Give a day in the future, or use “headstart key rotate” for a new key at once."))
    known = list_keys(session, centre, base_url)
    for key in known:
        if key.is_usable and key.valid_from <= begin < key.valid_until and key.valid_from > at:
            return key
    return _make(session, centre, base_url, keyring, known, begin, None)


def rotate(session: Session, centre: Centre, *, keyring: Sealer, base_url: str, at: datetime) -> IssuerKey:
    """Make a key that signs certificates from now on.

    The one before signs lists until its own end, so that others learn the new key from a list signed with one
    that they know.
    """
    session.execute(select(Centre.id).where(Centre.id == centre.id).with_for_update())
    return _make(session, centre, base_url, keyring, list_keys(session, centre, base_url), at, None)


def retire(session: Session, key: IssuerKey, at: datetime) -> None:
    """End a key now and destroy its private part. What it signed stays good. Raises Conflict when it is over."""
    if key.sealed is None:
        raise Conflict(_("The private part of this key was destroyed. It cannot sign any more."))
    key.sealed = None
    if at < key.valid_until:
        # to the second, like the instants in proofs; what it signed in this very second still counts
        key.valid_until = max(at.replace(microsecond=0) + timedelta(seconds=1), key.valid_from)
    _sign_lists_anew(session, key)


def _sign_lists_anew(session: Session, key: IssuerKey) -> None:
    session.execute(update(StatusList).where(StatusList.did == key.did).values(signed=None))
    session.flush()


class OtherKeyring(Conflict, ValueError):
    """The database was made with the key folder of another installation."""


def open_seed(key: IssuerKey, keyring: Sealer) -> bytes:
    """Return the private seed of a key.

    Raises Conflict when it was destroyed, OtherKeyring when the folder of keys is not the one it was sealed with.
    """
    if key.sealed is None:
        raise Conflict(_("The private part of this key was destroyed. It cannot sign any more."))
    try:
        return keyring.open(PURPOSE, key.sealed)
    except ValueError as error:
        raise OtherKeyring(
            _("The folder of keys is not the one this database was made with. Put the right one back.")
        ) from error


def token_key(session: Session, key: IssuerKey, alg: Algorithm, keyring: Sealer) -> tuple[str, bytes]:
    """Return the address and the private part of the key that signs tokens beside ``key``.

    RSA and P-256 keys are made when the first token of their kind is asked for. Raises Conflict when the
    private parts were destroyed.
    """
    seed = open_seed(key, keyring)
    if alg == "EdDSA":
        return key.method, seed
    # two first tokens at once must not make two keys
    session.refresh(key, ["token_keys"], with_for_update=True)
    if alg not in key.token_keys:
        private, public = signing.new_pair(alg)
        pair = {"public": public, "sealed": keyring.seal(PURPOSE, private)}
        written = {name: base64.b64encode(value).decode("ascii") for name, value in pair.items()}
        key.token_keys = {**key.token_keys, alg: written}
        session.flush()
    sealed = base64.b64decode(key.token_keys[alg]["sealed"])
    return token_method(key.method, alg), keyring.open(PURPOSE, sealed)


def token_method(method: str, alg: str) -> str:
    """Return the DID URL of the key for tokens beside the key ``method``."""
    return f"{method}-{alg.lower()}"


def token_keys_of(key: IssuerKey) -> list[tuple[str, Algorithm, bytes]]:
    """Return (DID URL, algorithm, DER SubjectPublicKeyInfo) of the keys for tokens beside a key."""
    listed: tuple[Algorithm, ...] = ("RS256", "ES256")
    return [
        (token_method(key.method, alg), alg, base64.b64decode(key.token_keys[alg]["public"]))
        for alg in listed
        if alg in (key.token_keys or {})
    ]


def verification_methods(did: str, key: IssuerKey) -> list[dict[str, Any]]:
    """Return a key and those for tokens beside it as verification methods (Controlled Identifiers 2.2)."""
    method = f"{did}#{key.kid}"
    multikey = {"id": method, "type": "Multikey", "controller": did, "publicKeyMultibase": key.public}
    return [multikey] + [
        {
            "id": token_method(method, alg), "type": "JsonWebKey", "controller": did,
            "publicKeyJwk": {**signing.to_jwk(public), "kid": f"{key.kid}-{alg.lower()}"},
        }
        for _method, alg, public in token_keys_of(key)
    ]  # fmt: skip


def mark_compromised(session: Session, key: IssuerKey, since: datetime) -> None:
    """Say that a key may be in other hands since an instant: nothing signed from then on counts, and it signs
    no more.

    Again only with an earlier instant. Raises Conflict for a later one: what was said to be worthless stays so.
    """
    if key.compromised_from is not None and since > key.compromised_from:
        raise Conflict(_("This key counts as compromised from an earlier time already."))
    key.compromised_from = since
    key.sealed = None
    _sign_lists_anew(session, key)


def fingerprint(public: str) -> str:
    """Return what two people compare on the phone: 16 bytes of the SHA-256 of a key, hex in groups of four.

    ``public`` is the Multikey. Raises ValueError.
    """
    found = hashlib.sha256(signing.from_multikey(public)).hexdigest()[:32]
    return " ".join(found[at : at + 4] for at in range(0, 32, 4))


def spoken(fingerprint: str) -> str:
    """Return a fingerprint as eight words that can be said (proquints: four bits a consonant, two a vowel)."""
    words = []
    for group in fingerprint.split():
        number = int(group, 16)
        words.append(
            "bdfghjklmnprstvz"[number >> 12] + "aiou"[number >> 10 & 3] + "bdfghjklmnprstvz"[number >> 6 & 15]
            + "aiou"[number >> 4 & 3] + "bdfghjklmnprstvz"[number & 15]
        )  # fmt: skip
    return "-".join(words)


def is_same_fingerprint(given: str, fingerprint: str) -> bool:
    """Tell whether somebody typed this fingerprint, as hex or as words; spaces, hyphens, case do not count."""

    def bare(text: str) -> str:
        return "".join(character for character in text.lower() if character.isalnum())

    return bare(given) in (bare(fingerprint), bare(spoken(fingerprint)))


def did_document(did: str, keys: Sequence[IssuerKey]) -> dict[str, Any]:
    """Return the did:web document of an issuer.

    Retired keys stay listed, else papers signed with them could not be checked; compromised ones lose
    ``assertionMethod`` (CERTIFICATES 6.1).
    """
    listed = [(key, verification_methods(did, key)) for key in keys]
    methods = [method for _key, found in listed for method in found]
    trusted = [method["id"] for key, found in listed if key.compromised_from is None for method in found]
    named = [DID, MULTIKEY, JWK] if any("publicKeyJwk" in method for method in methods) else [DID, MULTIKEY]
    return {"@context": named, "id": did, "verificationMethod": methods, "assertionMethod": trusted}


def find_did_document(session: Session, did: str) -> dict[str, Any] | None:
    """Return the did:web document of one of our issuers, or None when it has no key."""
    keys = session.scalars(select(IssuerKey).where(IssuerKey.did == did).order_by(IssuerKey.id)).all()
    return did_document(did, keys) if keys else None


def did_document_of_default(session: Session, did: str, issuer_did: str) -> dict[str, Any]:
    """Return the document of the installation's own did:web: the default centre's keys under this name."""
    keys = session.scalars(select(IssuerKey).where(IssuerKey.did == issuer_did).order_by(IssuerKey.id)).all()
    return {**did_document(did, keys), "alsoKnownAs": [issuer_did]}
