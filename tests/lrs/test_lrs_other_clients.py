"""Programs of others, unmodified, against a real server: npm @xapi/xapi, and tincan's RemoteLRS."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import tincan

from headstart_lms import create_app
from headstart_lms.kernel.db import db, transaction
from headstart_lms.lrs.credentials import client_add

from .. import node
from ..trust.classroom import free_port, serve


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Serve a fresh instance; yield its endpoint and a key made by the command line."""
    folder, port = tmp_path_factory.mktemp("store"), free_port()
    base = f"http://127.0.0.1:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADSTART_")}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", "from headstart_lms.app import main; main()", "init"], check=False,
        env={**clean, "HEADSTART_INSTANCE": str(folder), "HEADSTART_BASE_URL": base}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    app = create_app({"HEADSTART_INSTANCE": str(folder), "HEADSTART_BASE_URL": base})
    with app.app_context():
        installation = app.extensions["headstart"].installation
        with transaction() as current:
            made = client_add(current, "others", iri_base=installation.iri_base, tenant=installation.uuid)
        db.session.remove()
        db.engine.dispose()
    with serve(folder, port):
        yield {**made, "endpoint": f"{base}/xapi/"}


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_everything_that_the_npm_client_can_do_comes_back(key: dict[str, str], version: str) -> None:
    out: dict[str, Any] = node.run("xapi.mjs", {**key, "version": version})
    assert version in out["about"]
    for step in ("sent", "batch", "read", "walked", "voided", "fileSent"):
        came_back, expected = out[step]
        assert came_back == expected, step
    assert out["pages"] == 3
    assert out["byVerb"] == [out["passed"]]
    assert "404" in str(out["isGone"])
    assert (out["voidingCount"], out["left"]) == (1, 2)
    assert out["fileRead"] is True
    assert "Buongiorno — صباح الخير" in out["fileText"]
    assert (out["state"], out["stateMerged"], out["stateSet"]) == (
        {"unit": 3},
        {"unit": 3, "item": 7},
        {"unit": 4},
    )
    assert (out["states"], out["statesLeft"]) == (["place"], [])
    for profile in ("ActivityProfile", "AgentProfile"):
        assert out[profile] == [{"a": 1}, {"b": 2}, ["settings"], []]
    assert out["person"] is True
    assert out["activity"] == {"en": "Say hello"}


# --- tincan ----------------------------------------------------------------------------------


@pytest.fixture
def remote(key: dict[str, str]) -> tincan.RemoteLRS:
    return tincan.RemoteLRS(endpoint=key["endpoint"], username=key["key"], password=key["secret"])


@pytest.fixture
def agent() -> tincan.Agent:
    return tincan.Agent(account=tincan.AgentAccount(home_page="https://other.example", name=str(uuid4())))


@pytest.fixture
def activity() -> tincan.Activity:
    return tincan.Activity(
        id=f"https://other.example/activities/{uuid4()}",
        definition=tincan.ActivityDefinition(name=tincan.LanguageMap({"en": "Say hello"})),
    )


def statement(agent: tincan.Agent, activity: tincan.Activity, verb: str) -> tincan.Statement:
    return tincan.Statement(
        id=str(uuid4()),
        actor=agent,
        verb=tincan.Verb(id=f"http://adlnet.gov/expapi/verbs/{verb}"),
        object=activity,
    )


def etag_of(content: bytes) -> str:
    """Return the ETag of a document (1.0.3, Communication 3.1): tincan looks for it where it is not."""
    return f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"'


def good(response: Any) -> Any:
    """Return what a response of tincan holds, which must be a success."""
    assert response.success, f"{response.response.status if response.response else ''} {response.data}"
    return response.content


def test_tincan_is_told_the_versions(remote: tincan.RemoteLRS) -> None:
    assert "1.0.3" in good(remote.about()).version


def test_statements_of_tincan_are_stored_found_walked_and_voided(
    remote: tincan.RemoteLRS, agent: tincan.Agent, activity: tincan.Activity
) -> None:
    first = statement(agent, activity, "attempted")
    good(remote.save_statement(first))
    rest = [statement(agent, activity, verb) for verb in ("answered", "passed", "completed")]
    assert len(good(remote.save_statements(rest))) == 3
    assert good(remote.retrieve_statement(first.id)).id == first.id
    query = {"agent": agent, "activity": activity, "limit": 2, "ascending": "true"}
    found, page = [], good(remote.query_statements(query))
    found += [str(one.id) for one in page.statements]
    while page.more:
        page = good(remote.more_statements(page.more))
        found += [str(one.id) for one in page.statements]
    assert found == [str(one.id) for one in (first, *rest)]
    by_verb = good(remote.query_statements({"agent": agent, "verb": rest[1].verb}))
    assert [one.id for one in by_verb.statements] == [rest[1].id]
    voiding = tincan.Statement(
        actor=agent, verb=tincan.Verb(id="http://adlnet.gov/expapi/verbs/voided"),
        object=tincan.StatementRef(id=first.id),
    )  # fmt: skip
    good(remote.save_statement(voiding))
    assert not remote.retrieve_statement(first.id).success
    assert good(remote.retrieve_voided_statement(first.id)).id == first.id


def test_a_state_of_tincan_is_kept_changed_listed_and_cleared(
    remote: tincan.RemoteLRS, agent: tincan.Agent, activity: tincan.Activity
) -> None:
    state = tincan.StateDocument(
        id="place",
        activity=activity,
        agent=agent,
        content=bytearray(b'{"unit": 3}'),
        content_type="application/json",
    )
    good(remote.save_state(state))
    kept = good(remote.retrieve_state(activity, agent, "place"))
    assert kept.content == b'{"unit": 3}'
    changed = tincan.StateDocument(
        id="place", activity=activity, agent=agent, content=bytearray(b'{"unit": 4}'),
        content_type="application/json",
    )  # fmt: skip
    good(remote.save_state(changed))  # without ETag: tincan sends every state twice
    again = good(remote.retrieve_state(activity, agent, "place"))
    assert again.content == b'{"unit": 4}'
    assert good(remote.retrieve_state_ids(activity, agent)) == ["place"]
    good(remote.delete_state(again))
    good(remote.save_state(state))
    good(remote.clear_state(activity, agent))
    assert good(remote.retrieve_state_ids(activity, agent)) == []


@pytest.mark.parametrize("kind", ["activity", "agent"])
def test_a_profile_is_read_changed_listed_and_deleted_by_tincan(
    remote: tincan.RemoteLRS, key: dict[str, str], agent: tincan.Agent, activity: tincan.Activity, kind: str
) -> None:
    """tincan never says ``If-None-Match: *``, which 1.0.3 (Communication 3.1) asks for with a new profile: so it is
    made by POST first.
    """
    about = agent if kind == "agent" else activity
    value = about.to_json() if kind == "agent" else about.id
    path = "agents/profile?agent=" if kind == "agent" else "activities/profile?activityId="
    basic = base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{key['endpoint']}{path}{quote(value)}&profileId=settings", data=b'{"a": 1}', method="POST",
        headers={
            "Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3",
            "Content-Type": "application/json",
        },
    )  # fmt: skip
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310

    read, save, list_, delete, made = {
        "activity": (
            remote.retrieve_activity_profile, remote.save_activity_profile,
            remote.retrieve_activity_profile_ids, remote.delete_activity_profile, tincan.ActivityProfileDocument,
        ),
        "agent": (
            remote.retrieve_agent_profile, remote.save_agent_profile, remote.retrieve_agent_profile_ids,
            remote.delete_agent_profile, tincan.AgentProfileDocument,
        ),
    }[kind]  # fmt: skip
    kept = good(read(about, "settings"))
    assert kept.content == b'{"a": 1}'
    changed = made(
        id="settings", content=bytearray(b"a plain text"), content_type="text/plain",
        etag=etag_of(kept.content), **{kind: about},
    )  # fmt: skip
    good(save(changed))
    assert good(read(about, "settings")).content == b"a plain text"
    assert good(list_(about)) == ["settings"]
    changed.etag = etag_of(b"a plain text")
    good(delete(changed))
    assert good(list_(about)) == []
