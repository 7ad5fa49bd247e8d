"""Send statements on to other LRSs: from the outbox, at least once, same ids, by tincan's RemoteLRS.

Names are replaced by pseudonyms made for each target, so that two targets cannot join their records by name.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPResponse
from typing import Any, Final
from uuid import UUID, uuid5

import requests
import tincan
from sqlalchemy import delete, func, select, update
from tincan.http_request import HTTPRequest
from tincan.lrs_response import LRSResponse

from ..kernel.clock import now
from ..kernel.db import session, transaction
from ..kernel.jobs import enqueue
from . import query, representations
from .models import ForwardOutbox, ForwardTarget, Statement
from .multipart import join_parts
from .outbox import JOB
from .targets import Sealer, open_secrets

log = logging.getLogger("headstart.lrs")

BATCH: Final = 50
#: Seconds to connect, seconds to wait for an answer.
TIMEOUT: Final = (5.0, 30.0)
_LONGEST_WAIT: Final = timedelta(hours=6)
#: The target refuses what was sent, not us or the moment: half of the batch may still be right.
_REFUSED: Final = frozenset({400, 409, 413, 422})


class Remote(tincan.RemoteLRS):  # type: ignore[misc]
    """tincan's client with a pooled connection, timeouts, UTF-8 passwords and statements of any version.

    tincan itself opens a connection a call, waits for ever, cannot hold 2.0 statements, and rewrites what it
    sends (LRS.md 5); so the JSON goes past its objects.
    """

    #: tincan's base class allows no other attributes.
    _props = [*tincan.RemoteLRS._props, "http"]  # noqa: RUF012

    def __init__(self, endpoint: str, username: str, password: str) -> None:
        basic = base64.b64encode(f"{username}:{password}".encode()).decode()
        super().__init__(endpoint=endpoint, version="1.0.3", auth=f"Basic {basic}")
        self._http = requests.Session()
        self._http.trust_env = False  # no password from a .netrc replaces ours

    def close(self) -> None:
        self._http.close()

    def send_statements(self, body: bytes, content_type: str, version: str) -> Answer:
        """POST statements as they are; raise requests.RequestException when nobody answers."""
        headers = {"X-Experience-API-Version": version, "Content-Type": content_type}
        return self._exchange("POST", "statements", {}, headers, body)

    def _send_request(self, request: HTTPRequest) -> LRSResponse:
        """Do what tincan's methods ask for: "true" instead of "True", ISO timestamps (LRS.md 5)."""
        params = {name: _param(value) for name, value in request.query_params.items()}
        content = getattr(request, "content", None)
        body = content.encode() if content is not None else None
        headers = {"X-Experience-API-Version": self.version, **request.headers}
        answer = self._exchange(request.method, request.resource, params, headers, body)
        good = answer.is_good or (answer.status == 404 and bool(getattr(request, "ignore404", False)))
        return LRSResponse(success=good, request=request, response=answer.raw, data=answer.text)

    def _exchange(
        self,
        method: str,
        resource: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Answer:
        address = resource if resource.startswith("http") else self.endpoint + resource
        got = self._http.request(
            method, address, params=params, data=body, headers={"Authorization": self.auth, **headers},
            timeout=TIMEOUT, allow_redirects=False,
        )  # fmt: skip
        # tincan reads headers of documents from http.client's response, which urllib3 keeps under this name
        return Answer(got.status_code, got.text, getattr(got.raw, "_original_response", None))


@dataclass(frozen=True, slots=True)
class Answer:
    """What another LRS answered."""

    status: int
    text: str
    raw: HTTPResponse | None = None

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def __str__(self) -> str:
        return f"{self.status} {self.text[:300]}".strip()


@dataclass(frozen=True, slots=True)
class _Waiting:
    seq: int
    attempts: int
    payload: bytes


def forward_all(keyring: Sealer) -> int:
    """Send what is due to every active target; return how many statements were taken.

    A target that fails does not hold up the others. What is left gets a job for when it is due.
    """
    active = select(ForwardTarget.id).where(ForwardTarget.active.is_(True)).order_by(ForwardTarget.id)
    taken = sum(forward_target(target_id, keyring) for target_id in session().scalars(active).all())
    with transaction() as current:
        next_due = current.scalar(
            select(func.min(ForwardOutbox.due))
            .join(ForwardTarget, ForwardTarget.id == ForwardOutbox.target_id)
            .where(ForwardTarget.active.is_(True), ForwardOutbox.refused.is_(False))
        )
        if next_due is not None:
            enqueue(current, JOB, {}, key=JOB, not_before=next_due)
    return taken


def forward_target(target_id: int, keyring: Sealer) -> int:
    """Send one target what is due for it, in batches, oldest first; stop at the first batch that fails."""
    target = session().get_one(ForwardTarget, target_id)
    password, key = open_secrets(target, keyring)
    remote = Remote(target.endpoint, target.username, password)
    session().rollback()
    taken = 0
    try:
        while batch := _next_batch(target_id):
            sent, goes_on = _send(target_id, remote, key, batch)
            taken += sent
            if not goes_on:
                break
    finally:
        remote.close()
    return taken


def _next_batch(target_id: int) -> list[_Waiting]:
    rows = session().execute(
        select(ForwardOutbox.seq, ForwardOutbox.attempts, Statement.payload)
        .join(Statement, Statement.seq == ForwardOutbox.seq)
        .where(
            ForwardOutbox.target_id == target_id, ForwardOutbox.refused.is_(False), ForwardOutbox.due <= now()
        )
        .order_by(ForwardOutbox.seq)
        .limit(BATCH)
    )
    batch = [_Waiting(row.seq, row.attempts, bytes(row.payload)) for row in rows]
    session().rollback()
    return batch


def _send(target_id: int, remote: Remote, key: UUID, batch: Sequence[_Waiting]) -> tuple[int, bool]:
    """Send a batch, in halves where it is refused; return how many were taken and whether to go on."""
    answer, problem = _post(remote, key, batch)
    if answer is not None and answer.is_good:
        _note_sent(target_id, batch)
        return len(batch), True
    if answer is not None and answer.status in _REFUSED:
        if len(batch) == 1:
            _note_refused(target_id, batch[0], str(answer))
            return 0, True
        half = len(batch) // 2
        first, goes_on = _send(target_id, remote, key, batch[:half])
        if not goes_on:
            return first, False
        second, goes_on = _send(target_id, remote, key, batch[half:])
        return first + second, goes_on
    _note_failed(target_id, batch, str(answer) if answer is not None else problem)
    return 0, False


def _post(remote: Remote, key: UUID, batch: Sequence[_Waiting]) -> tuple[Answer | None, str]:
    statements = [for_target(json.loads(one.payload), key) for one in batch]
    version = "2.0.0" if any(s["version"].startswith("2") for s in statements) else "1.0.3"
    body = json.dumps(statements, ensure_ascii=False, separators=(",", ":")).encode()
    content_type = "application/json"
    contents = query.contents_of(session(), [one.seq for one in batch])
    session().rollback()
    if contents:
        body, content_type = join_parts(body, statements, contents)
    try:
        return remote.send_statements(body, content_type, version), ""
    except requests.RequestException as error:
        return None, f"{type(error).__name__}: {error}"[:300]


def for_target(statement: Mapping[str, Any], key: UUID) -> dict[str, Any]:
    """Return a statement as a target gets it: our people under pseudonyms made for it, without our authority.

    A pseudonym is the uuid5 of the actor's name under the target's secret key: the same for the same person,
    of no use to anybody without the key.
    """
    home = statement["authority"].get("account", {}).get("homePage")

    def agent(value: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(value)
        account = made.get("account", {})
        if home is not None and account.get("homePage") == home:
            made["account"] = {**account, "name": str(uuid5(key, account["name"]))}
        if "member" in made:
            made["member"] = [agent(member) for member in made["member"]]
        return made

    made = representations.rewrite(statement, agent, dict, dict)
    for name in ("authority", "stored"):
        made.pop(name, None)
    return made


def _param(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


# --- what became of it ------------------------------------------------------------------------------


def _note_sent(target_id: int, batch: Sequence[_Waiting]) -> None:
    with transaction() as current:
        current.execute(
            delete(ForwardOutbox).where(
                ForwardOutbox.target_id == target_id, ForwardOutbox.seq.in_([one.seq for one in batch])
            )
        )
        current.execute(
            update(ForwardTarget)
            .where(ForwardTarget.id == target_id)
            .values(sent=ForwardTarget.sent + len(batch), last_sent=now(), last_error=None)
        )


def _note_refused(target_id: int, one: _Waiting, error: str) -> None:
    """Keep the statement with what the target said; it is tried again only on command."""
    log.warning("an LRS refused a statement: target %s, seq %s: %s", target_id, one.seq, error)
    with transaction() as current:
        current.execute(
            update(ForwardOutbox)
            .where(ForwardOutbox.target_id == target_id, ForwardOutbox.seq == one.seq)
            .values(refused=True, attempts=ForwardOutbox.attempts + 1, error=error)
        )
        current.execute(update(ForwardTarget).where(ForwardTarget.id == target_id).values(last_error=error))


def _note_failed(target_id: int, batch: Sequence[_Waiting], error: str) -> None:
    """Wait longer after every failure, 30 seconds to 6 hours; the statements stay."""
    attempts = max(one.attempts for one in batch) + 1
    wait = min(_LONGEST_WAIT, timedelta(seconds=30 * 2 ** min(attempts - 1, 12)))
    log.warning("an LRS did not take statements: target %s, attempt %s: %s", target_id, attempts, error)
    with transaction() as current:
        # everything of this target waits: a later statement would only meet the same failure
        current.execute(
            update(ForwardOutbox)
            .where(ForwardOutbox.target_id == target_id, ForwardOutbox.refused.is_(False))
            .values(attempts=attempts, due=now() + wait)
        )
        current.execute(update(ForwardTarget).where(ForwardTarget.id == target_id).values(last_error=error))
