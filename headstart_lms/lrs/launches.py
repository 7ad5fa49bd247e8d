"""Short-lived tokens for launched content (cmi5 8.1 to 8.2; DESIGN 3.3).

A program with the scope ``launch`` says who opens what; the content fetches its token once and may then write
statements of that person, registration and activity until the launch ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

from sqlalchemy import Table, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from ..kernel.clock import now
from ..kernel.errors import NotAllowed, NotFound
from ..kernel.jobs import Job, enqueue
from ..xapi.vocabulary import TERMINATED, VOIDED
from . import head, postings
from . import terms as t
from .credentials import Bounds, Client
from .models import Credential, Launch, Launched, Statement
from .services import StoreResult, statements_with
from .validator import BadRequest, Problem, actors, formats

#: The key part of a token begins so: nobody's key does.
TOKEN_PREFIX: Final = "launch-"  # noqa: S105 - the open part of it
#: What content may do, each within its bounds.
SCOPES: Final = frozenset({"statements/write", "statements/read", "state", "profile"})
DEFAULT_MINUTES: Final = 120
MAX_MINUTES: Final = 24 * 60
#: After ``terminated`` what is still on its way is taken for so long (cmi5 9.3.8 leaves it to us).
GRACE: Final = timedelta(seconds=30)
#: A launch that is over can be looked at for so long.
KEPT: Final = timedelta(days=7)
#: The state document that content may only read (cmi5 10.2.1).
LAUNCH_DATA: Final = "LMS.LaunchData"
#: The job that deletes what is over, and the one that a higher module does when launched content said something.
CLEAN_JOB: Final = "lrs.clean-launches"
COUNT_JOB: Final = "learning.count-launched"

_launch: Table = Launch.__table__  # type: ignore[assignment]
_launched: Table = Launched.__table__  # type: ignore[assignment]
_credential: Table = Credential.__table__  # type: ignore[assignment]
_FIND = (
    select(_launch, _credential.c.key, _credential.c.authority, _credential.c.rate, _credential.c.last_used)
    .join(_credential, _credential.c.id == _launch.c.credential_id)
    .where(
        _launch.c.uuid == bindparam("uuid"),
        _launch.c.expires > bindparam("at"),
        or_(_launch.c.ended.is_(None), _launch.c.ended > bindparam("at")),
        _credential.c.revoked.is_(None),
        or_(_credential.c.expires.is_(None), _credential.c.expires > bindparam("at")),
    )
)


class OutOfBounds(NotAllowed):
    """A statement of launched content that is not of its launch: which one, and where."""

    def __init__(self, index: int, pointer: str, sentence: str) -> None:
        super().__init__(f"Statement {index}, at {pointer}: {sentence}", "out-of-launch")
        self.index, self.pointer = index, pointer


# --- a launch from begin to end -----------------------------------------------------------------------


def start(
    session: Session, client: Client, home: UUID, asked: Mapping[str, Any], *, base_url: str
) -> dict[str, Any]:
    """Make a launch; return its id, what the content is given, and the query for its address (cmi5 8.1).

    ``asked``: ``actor`` (an agent with an account), ``registration``, ``activity``, ``minutes`` (1 to 1440,
    else 120). ``base_url`` is where people reach us. The fetch URL is told here and never again. Raises
    BadRequest.
    """
    account, registration, activity, minutes = _asked(asked)
    launch, secret = uuid4(), secrets.token_urlsafe(32)
    expires = now() + timedelta(minutes=minutes)
    session.add(
        Launch(
            uuid=launch, credential_id=client.id, tenant=home, registration=registration, activity=activity,
            account_home=account["homePage"], account_name=account["name"], fetch_sha256=_sha256(secret),
            expires=expires,
        )
    )  # fmt: skip
    _clean_later(session, expires)
    actor = {"objectType": "Agent", "account": account}
    given = {
        "endpoint": f"{base_url}/xapi/",
        "fetch": f"{base_url}/xapi/launches/fetch?key={secret}",
        "actor": t.canonical_json(actor).decode(),
        "registration": str(registration),
        "activityId": activity,
    }
    return {
        **given,
        "id": str(launch),
        "actor": actor,
        "query": urlencode(given),
        "expires": expires.isoformat(),
    }


def fetch(session: Session, secret: str) -> dict[str, str]:
    """Give out the token of a launch, once; later, and when there is none, an error code (cmi5 8.2).

    Codes: "1" fetched before, "2" not known, ended or expired.
    """
    row = session.execute(select(_launch).where(_launch.c.fetch_sha256 == _sha256(secret))).first()
    if row is None or row.expires <= now() or (row.ended is not None and row.ended <= now()):
        return {
            "error-code": "2",
            "error-text": "This launch is not known, or it is over. Open the content again.",
        }
    token = secrets.token_urlsafe(32)
    taken = session.execute(
        update(_launch)
        .where(_launch.c.id == row.id, _launch.c.fetched.is_(None))
        .values(fetched=now(), token_sha256=_sha256(token))
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        return {
            "error-code": "1",
            "error-text": "The token of this launch was fetched before; it is given once.",
        }
    text = f"{TOKEN_PREFIX}{row.uuid.hex}:{token}"
    return {"auth-token": base64.b64encode(text.encode()).decode()}


def find_client(session: Session, key: str, secret: str) -> Client | None:
    """Return who has this token: a client within the bounds of its launch. None when it is over or wrong."""
    try:
        uuid = UUID(key.removeprefix(TOKEN_PREFIX))
    except ValueError:
        return None
    row = session.execute(_FIND, {"uuid": uuid, "at": now()}).first()
    right = hmac.compare_digest(bytes(row.token_sha256 or 32) if row else bytes(32), _sha256(secret))
    if row is None or not right:
        return None
    account = {"account": {"homePage": row.account_home, "name": row.account_name}}
    agent = t.agent_value(account)
    assert agent is not None  # noqa: S101 - it has an account
    bounds = Bounds(uuid, row.registration, row.activity, agent)
    return Client(
        row.credential_id, row.key, SCOPES, row.tenant, row.authority, row.last_used, rate=row.rate,
        bounds=bounds,
    )  # fmt: skip


def stands(session: Session, bounds: Bounds) -> bool:
    """Tell whether a launch still lets its content in. Behind the lock of writers nobody erases it any more."""
    return session.execute(_FIND, {"uuid": bounds.launch, "at": now()}).first() is not None


def get(session: Session, client: Client, launch: UUID) -> dict[str, Any]:
    """Return how a launch of this client stands. Raises NotFound."""
    row = _get(session, client, launch)
    return {
        "id": str(row.uuid), "registration": str(row.registration), "activityId": row.activity,
        "created": row.created, "expires": row.expires, "fetched": row.fetched, "ended": row.ended,
    }  # fmt: skip


def end(session: Session, client: Client, launch: UUID) -> None:
    """End a launch now. Raises NotFound."""
    row = _get(session, client, launch)
    row.ended = min(row.ended or now(), now())


def clean(session: Session) -> int:
    """Delete the launches that are over for a week; return how many. Their statements stay."""
    old = delete(_launch).where(_launch.c.expires < now() - KEPT)
    return int(session.execute(old).rowcount)  # type: ignore[attr-defined]


def _clean_later(session: Session, expires: datetime) -> None:
    """Let one job a day delete what is over by then."""
    day = (expires + KEPT + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    key = f"{CLEAN_JOB}:{day:%Y-%m-%d}"
    if session.scalar(select(Job.id).where(Job.key == key)) is None:
        head.advance(session, 0)  # a lock, else two launches at once would both add it
        enqueue(session, CLEAN_JOB, {}, not_before=day, key=key)


# --- what its token reaches -----------------------------------------------------------------------------


def check_statements(bounds: Bounds, statements: Sequence[Mapping[str, Any]]) -> None:
    """Raise OutOfBounds for a (valid) statement that this launch may not store."""
    for index, statement in enumerate(statements):
        actor = statement["actor"]
        if actor.get("objectType") == "Group" or t.agent_value(actor) != bounds.agent:
            raise OutOfBounds(index, "/actor", "It must be the person this content was opened for.")
        if statement["verb"]["id"] == VOIDED:
            raise OutOfBounds(index, "/verb/id", "Launched content voids nothing.")
        context = statement.get("context", {})
        registration = context.get("registration")
        if registration is None or UUID(registration) != bounds.registration:
            raise OutOfBounds(index, "/context/registration", "It must be the registration of this launch.")
        if not _is_about(statement, bounds.activity):
            raise OutOfBounds(
                index, "/object/id", "This or a context activity must be the activity that was opened."
            )


def narrow(client: Client, args: Mapping[str, str]) -> Mapping[str, str]:
    """Return the parameters of a query for statements within a client's bounds. Raises NotAllowed."""
    bounds = client.bounds
    if bounds is None:
        return args
    asked = args.get("registration", str(bounds.registration))
    if asked.lower() != str(bounds.registration):
        raise NotAllowed("Launched content reads the statements of its own registration only.")
    return {**args, "registration": str(bounds.registration)}


def check_document(
    client: Client, *, activity: str | None, agent: str | None, registration: UUID | None, doc_id: str | None,
    writes: bool,
) -> None:  # fmt: skip
    """Raise NotAllowed for a document that this client may not read, or not write.

    Content has the state of its launch, all but LMS.LaunchData for writing, and reads the profile of its person.
    """
    bounds = client.bounds
    if bounds is None:
        return
    if agent != bounds.agent:
        raise NotAllowed("Launched content reaches the documents of the person it was opened for.")
    if activity is None:
        if writes:
            raise NotAllowed("Launched content reads the profile of its person; it does not write it.")
        return
    if activity != bounds.activity or registration != bounds.registration:
        raise NotAllowed("Launched content reaches the state of its own activity and registration.")
    if writes and doc_id in (None, LAUNCH_DATA):
        raise NotAllowed(f"Launched content writes or deletes one document at a time, and not {LAUNCH_DATA}.")


def check_lookup(client: Client, *, activity: str | None = None, agent: str | None = None) -> None:
    """Raise NotAllowed when launched content asks about other activities or people than its own."""
    bounds = client.bounds
    if bounds is not None and (activity, agent) not in ((bounds.activity, None), (None, bounds.agent)):
        raise NotAllowed("Launched content asks about its own activity and its own person only.")


def may_read(client: Client, payload: bytes) -> bool:
    """Tell whether a stored statement is within a client's bounds."""
    if client.bounds is None:
        return True
    registration = json.loads(payload).get("context", {}).get("registration")
    return registration is not None and UUID(registration) == client.bounds.registration


def _is_about(statement: Mapping[str, Any], activity: str) -> bool:
    lists = statement.get("context", {}).get("contextActivities", {}).values()
    return _is_object(statement, activity) or any(
        one["id"] == activity for value in lists for one in t.as_list(value)
    )


def _is_object(statement: Mapping[str, Any], activity: str) -> bool:
    target = statement["object"]
    return target.get("objectType", "Activity") == "Activity" and bool(target["id"] == activity)


def note_stored(
    session: Session,
    client: Client,
    home: UUID,
    statements: Sequence[Mapping[str, Any]],
    results: Sequence[StoreResult],
    *,
    counts: bool,
) -> None:
    """Draw the consequences of what was stored, in its transaction: whose progress to count, whether it is over.

    ``counts``: the tenant is the installation's own, so that progress may rest on it.
    """
    fresh = [
        (result.id, one)
        for result, one in zip(results, statements, strict=True)
        if result.outcome == "stored"
    ]
    voided = [UUID(one["object"]["id"]) for _, one in fresh if one["verb"]["id"] == VOIDED]
    if voided:
        _count_voided(session, voided)
    bounds = client.bounds
    if bounds is None:
        return
    about = [id_ for id_, one in fresh if _is_object(one, bounds.activity)]
    if counts and about:
        tenant = postings.find_tenant(session, home)
        for ids in postings.chunks(about):
            seqs = select(Statement.seq).where(Statement.id.in_(ids), Statement.tenant_id == tenant)
            session.execute(insert(_launched), [{"seq": seq} for seq in session.scalars(seqs)])
        _count(session, bounds.registration)
    if any(_is_object(one, bounds.activity) and one["verb"]["id"] == TERMINATED for _, one in fresh):
        session.execute(
            update(_launch)
            .where(_launch.c.uuid == bounds.launch, _launch.c.ended.is_(None))
            .values(ended=now() + GRACE)
        )


def launched_statements_of(session: Session, *, registration: UUID) -> Iterator[dict[str, Any]]:
    """Yield the non-voided statements that launched content stored about its own activity, in the order stored."""
    return statements_with(session, Statement.seq.in_(select(Launched.seq)), registration=registration)


def _count(session: Session, registration: UUID) -> None:
    payload = {"registration": str(registration)}
    enqueue(session, COUNT_JOB, payload, key=f"{COUNT_JOB}:{registration}")


def _count_voided(session: Session, ids: Sequence[UUID]) -> None:
    """Let the progress be counted anew that rested on statements voided now."""
    query = select(Statement.payload).join(Launched, Launched.seq == Statement.seq)
    for chunk in postings.chunks(ids):
        for payload in session.scalars(query.where(Statement.id.in_(chunk), Statement.voided.is_(True))):
            _count(session, UUID(t.registration_in(payload)))


# --- reading what was asked -----------------------------------------------------------------------------


def _asked(asked: Any) -> tuple[dict[str, str], UUID, str, int]:
    if type(asked) is not dict:
        raise BadRequest("Send a JSON object with actor, registration and activity.")
    unknown = sorted(asked.keys() - {"actor", "registration", "activity", "minutes"})
    if unknown:
        raise BadRequest(
            f"There is no property “{unknown[0][:80]}”. Known: actor, registration, activity, minutes."
        )
    actor: Any = asked.get("actor")
    minutes = asked.get("minutes", DEFAULT_MINUTES)
    try:
        actors.agent(actor)
    except Problem as problem:
        raise BadRequest(f"“actor”: {problem.sentence} ({problem.clause})") from problem
    account = actor.get("account")
    if account is None or "name" in actor:
        raise BadRequest("“actor” names the person by an account and by nothing else (cmi5 8.1.3).")
    if len(account["name"]) > 200 or "\x00" in account["name"]:
        raise BadRequest("The name of the account has at most 200 characters.")
    registration, activity = asked.get("registration"), asked.get("activity")
    if type(registration) is not str or not formats.is_uuid(registration):
        raise BadRequest("“registration” must be a UUID.")
    if type(activity) is not str or not formats.is_iri(activity):
        raise BadRequest("“activity” must be an absolute IRI.")
    if type(minutes) is not int or not 1 <= minutes <= MAX_MINUTES:
        raise BadRequest(f"“minutes” must be a whole number from 1 to {MAX_MINUTES}.")
    return {"homePage": account["homePage"], "name": account["name"]}, UUID(registration), activity, minutes


def _get(session: Session, client: Client, launch: UUID) -> Launch:
    query = select(Launch).where(Launch.uuid == launch, Launch.credential_id == client.id)
    row = session.scalar(query)
    if row is None:
        raise NotFound("This key has no such launch.")
    return row


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
