"""The trust list: issuers, their keys and the time of each, signed by whoever publishes it.

An office that accepts one believes the issuers on it by its own choice, never by what a certificate says of itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from ..kernel.errors import Invalid
from . import keys, proofs, signing, status
from .keys import Sealer
from .models import IssuerKey, Log, LogEntry, PublishedList, StatusList

TYPE = "HeadstartTrustList"
#: How long a list says it is good, and after what time it is signed anew though nothing changed.
GOOD_FOR, FRESH = timedelta(days=7), timedelta(days=1)
#: New ends of logs alone do not make a new version sooner than this.
LOGS_WAIT = timedelta(hours=1)
#: A key is made and named this long before it signs, so that every list that follows is signed with a known one.
AHEAD = timedelta(days=30)
MOST_BYTES, MOST_ISSUERS, MOST_KEYS, MOST_LISTS = 5_000_000, 5_000, 400, 100
#: Longer than this no list counts, whatever it says of itself: who stole a key must not sign for years.
LONGEST = timedelta(days=31)
#: Clocks of publishers and readers differ.
SKEW = timedelta(minutes=5)
Document = dict[str, Any]


# --- the shape -------------------------------------------------------------------------------------------------------


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time needs a zone, for example Z")
    return at.astimezone(UTC)


def _multikey(text: str) -> str:
    signing.from_multikey(text)
    return text


Instant = Annotated[datetime, AfterValidator(_aware)]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Did = Annotated[str, Field(pattern=r"^did:[a-z0-9]+:[A-Za-z0-9.%:_-]+$", max_length=400)]
Url = Annotated[str, Field(max_length=500)]
Multikey = Annotated[str, Field(max_length=60), AfterValidator(_multikey)]


class Part(BaseModel):
    # a newer publisher may say more: it is signed, and not read
    model_config = ConfigDict(frozen=True, extra="ignore", strict=False)


class ListedKey(Part):
    """A key in the form of its kind: a Multikey for Ed25519, a JSON Web Key for those that sign tokens."""

    method: Annotated[str, Field(max_length=500)]
    publicKeyMultibase: Multikey | None = None
    publicKeyJwk: dict[str, Any] | None = None
    start: Instant = Field(alias="from")
    until: Instant
    compromisedFrom: Instant | None = None

    @model_validator(mode="after")
    def _check(self) -> ListedKey:
        if (self.publicKeyMultibase is None) == (self.publicKeyJwk is None):
            raise ValueError("a key has one form")
        if self.publicKeyJwk is not None:
            signing.from_jwk(self.publicKeyJwk)
        return self

    @property
    def public(self) -> tuple[signing.Algorithm, bytes]:
        """Return the one algorithm of the key, and its bytes as trust.TrustedKey has them."""
        if self.publicKeyMultibase is not None:
            return "EdDSA", signing.from_multikey(self.publicKeyMultibase)
        return signing.from_jwk(self.publicKeyJwk)


class ListedLog(Part):
    size: Annotated[int, Field(ge=0)]
    head: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    at: Instant


class ListedIssuer(Part):
    did: Did
    name: Line
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    url: Url
    demo: bool
    keys: Annotated[tuple[ListedKey, ...], Field(max_length=MOST_KEYS)]
    statusLists: Annotated[tuple[Url, ...], Field(max_length=MOST_LISTS)] = ()
    log: ListedLog | None = None


class ListedPublisher(Part):
    did: Did
    name: Line
    url: Url


class TrustList(Part):
    """A trust list as it was signed."""

    type: Literal["HeadstartTrustList"]
    version: Annotated[int, Field(ge=1, lt=2**53)]
    publisher: ListedPublisher
    made: Instant
    nextUpdate: Instant
    issuers: Annotated[tuple[ListedIssuer, ...], Field(max_length=MOST_ISSUERS)]
    proof: dict[str, Any]

    def keys_of(self, did: str) -> dict[str, ListedKey]:
        return {key.method: key for issuer in self.issuers if issuer.did == did for key in issuer.keys}

    @property
    def listed_keys(self) -> Iterator[ListedKey]:
        return (key for issuer in self.issuers for key in issuer.keys)


def read(data: bytes | str) -> tuple[Document, TrustList]:
    """Read a trust list without believing it. Raises Invalid."""
    if len(data) > MOST_BYTES:
        raise Invalid("This file is too big to be a trust list.")
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
        found = TrustList.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise Invalid(f"This is no trust list: {where or 'the file'}: {first['msg']}.") from error
    except (ValueError, RecursionError) as error:
        raise Invalid("This is no trust list: it is not plain JSON.") from error
    seen = [issuer.did for issuer in found.issuers]
    if len(set(seen)) != len(seen):
        raise Invalid("This is no trust list: an issuer stands in it twice.")
    for issuer in found.issuers:
        if any(not key.method.startswith(issuer.did + "#") for key in issuer.keys):
            raise Invalid(f"This is no trust list: {issuer.did} has a key of somebody else.")
    return document, found


def _once(pairs: list[tuple[str, Any]]) -> Document:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def check_signature(
    document: Document, found: TrustList, listed: Iterable[ListedKey], public: Mapping[str, str]
) -> str:
    """Return the method that signed a list. Raises Invalid.

    ``public`` maps the methods that may sign to their Multikeys; ``listed`` is what lists say of keys: whatever the
    name it goes by there, the one that signed must be in its time and in nobody else's hands.
    """
    proof = found.proof
    method = proof.get("verificationMethod")
    if not isinstance(method, str) or method not in public:
        raise Invalid("This list is signed with a key that is not known for its publisher.", "publisher-key")
    known = {"type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue"}
    if (
        proof.get("type") != "DataIntegrityProof"
        or proof.get("cryptosuite") != proofs.JCS
        or proof.get("proofPurpose") != "assertionMethod"
        or not set(proof) <= known
    ):
        raise Invalid("This list has a kind of signature that is not read here.")
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    try:
        created = _aware(datetime.fromisoformat(str(proof.get("created"))))
        data = proofs.jcs_hash(proofs.without_proof(document), options)
        fits = signing.is_signature(signing.from_multikey(public[method]), proofs.signature_of(proof), data)
    except (ValueError, OverflowError):
        fits = False
    if not fits:
        raise Invalid("The signature of this list does not fit: it was changed.", "signature")
    _check_key(public[method], listed, found.made)
    if created != found.made:
        raise Invalid("This list says that it was made at another time than it was signed.", "key-time")
    if not timedelta(0) < found.nextUpdate - found.made <= LONGEST:
        raise Invalid(f"This list does not end within {LONGEST.days} days after it was made.")
    return method


def _check_key(public: str, listed: Iterable[ListedKey], at: datetime) -> None:
    """Compare by the bytes of the key: a name is whatever the list calls it.

    For lists a key is lost as a whole: whoever has it writes any date beside the signature.
    """
    for key in listed:
        if key.publicKeyMultibase != public:
            continue
        if key.compromisedFrom is not None:
            raise Invalid("This list is signed with a key that may be in wrong hands.", "key-compromised")
        if not key.start <= at < key.until:
            raise Invalid("This list was signed at a time when its key was not in use.", "key-time")


# --- our own issuers -------------------------------------------------------------------------------------------------


def own_issuers(session: Session, base_url: str) -> list[Document]:
    """Return the issuers of this installation in the shape of the list, those without a key left out."""
    found: dict[str, Document] = {}
    for key in session.scalars(select(IssuerKey).order_by(IssuerKey.issuer, IssuerKey.id)):
        issuer = found.setdefault(
            key.did,
            {
                "did": key.did, "name": key.issuer_name, "country": key.country, "url": base_url,
                "demo": key.demo, "keys": [], "statusLists": [], "log": None,
            },
        )  # fmt: skip
        issuer["name"], issuer["country"] = key.issuer_name, key.country  # as the newest key has it
        issuer["keys"] += _keys(key)
    lists = select(StatusList.did, StatusList.issuer, StatusList.year).order_by(
        StatusList.issuer, StatusList.year
    )
    for did, issuer_slug, year in session.execute(lists):
        if did in found:
            found[did]["statusLists"].append(status.list_url(base_url, issuer_slug, year))
    ends = select(Log.did, LogEntry.sequence, LogEntry.head, LogEntry.at).join(
        LogEntry, (LogEntry.log_id == Log.id) & (LogEntry.sequence == Log.size)
    )
    for did, size, head, at in session.execute(ends):
        if did in found:
            found[did]["log"] = {"size": size, "head": head, "at": proofs.written(at)}
    return list(found.values())


def _keys(key: IssuerKey) -> list[Document]:
    """Return a key, and those for tokens beside it, as they are listed."""
    span = {
        "from": proofs.written(key.valid_from), "until": proofs.written(key.valid_until),
        "compromisedFrom": None if key.compromised_from is None else proofs.written(key.compromised_from),
    }  # fmt: skip
    return [{"method": key.method, "publicKeyMultibase": key.public, **span}] + [
        {"method": method, "publicKeyJwk": signing.to_jwk(public), **span}
        for method, _alg, public in keys.token_keys_of(key)
    ]


# --- publish ---------------------------------------------------------------------------------------------------------


def published(session: Session, *, keyring: Sealer, base_url: str, at: datetime) -> str:
    """Return our own trust list as JSON text, made and signed anew when something changed or it got old.

    The publisher is the default centre. Raises NotFound when there is none.
    """
    centre = keys.issuing_centre(session, None)
    publisher = keys.issuer_of(centre, base_url)
    at = at.astimezone(UTC).replace(microsecond=0)
    key = keys.signing_key(session, centre, keyring=keyring, base_url=base_url, at=at, for_lists=True)
    _prepare_all(session, keyring=keyring, base_url=base_url, at=at)
    issuers = own_issuers(session, base_url)
    kept = session.scalar(select(PublishedList).order_by(PublishedList.id).with_for_update())
    if kept is not None and is_fresh(kept, issuers, at):
        return kept.signed
    # grows also when an older backup was put back
    version = max(int(at.timestamp()), kept.version + 1 if kept else 1)
    document: Document = {
        "type": TYPE, "version": version,
        "publisher": {"did": publisher.did, "name": publisher.name, "url": publisher.url},
        "made": proofs.written(at), "nextUpdate": proofs.written(at + GOOD_FOR), "issuers": issuers,
    }  # fmt: skip
    seed = keys.open_seed(key, keyring)
    document["proof"] = proofs.sign(document, seed=seed, method=key.method, at=at, suite=proofs.JCS)
    if kept is None:
        kept = PublishedList()
        session.add(kept)
    kept.version, kept.made, kept.signed = version, at, json.dumps(document, ensure_ascii=False)
    kept.content, kept.content_with_logs = _content(issuers)
    session.flush()
    return kept.signed


def _prepare_all(session: Session, *, keyring: Sealer, base_url: str, at: datetime) -> None:
    """Make the key that follows for every centre whose last one ends soon."""
    last: dict[str, datetime] = {}
    for key in session.scalars(select(IssuerKey).order_by(IssuerKey.issuer)):
        if key.is_usable and key.valid_until > at:
            last[key.issuer] = max(key.valid_until, last.get(key.issuer, at))
    for slug, until in last.items():
        centre = keys.find_centre(session, slug)
        if centre is not None and until - at < AHEAD:
            keys.prepare(session, centre, keyring=keyring, base_url=base_url, at=at, start=until)


def find_published(session: Session, base_url: str, at: datetime) -> str | None:
    """Return our list when it need not be made anew: a read without a write."""
    kept = session.scalar(select(PublishedList).order_by(PublishedList.id))
    return kept.signed if kept is not None and is_fresh(kept, own_issuers(session, base_url), at) else None


def is_fresh(kept: PublishedList, issuers: Sequence[Document], at: datetime) -> bool:
    """Tell whether a published list says what is so now, and is not old."""
    age = at - kept.made
    content, with_logs = _content(issuers)
    if not timedelta(0) <= age < FRESH or content != kept.content:
        return False
    return with_logs == kept.content_with_logs or age < LOGS_WAIT


def _content(issuers: Sequence[Document]) -> tuple[str, str]:
    bare = [{name: value for name, value in issuer.items() if name != "log"} for issuer in issuers]
    without, full = (
        hashlib.sha256(proofs.jcs({"issuers": part})).hexdigest() for part in (bare, list(issuers))
    )
    return without, full
