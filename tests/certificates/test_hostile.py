"""Whatever a stranger hands in: a verdict, never a crash, never a wrong "valid"."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart_lms.certificates import pictures, reading, status
from headstart_lms.certificates.errors import Altered, VerificationError
from headstart_lms.certificates.facts import read_facts
from headstart_lms.certificates.trust import TrustStore, trust_store
from headstart_lms.certificates.verdict import QUESTIONS
from headstart_lms.certificates.verify import verify

from .conftest import NOON, World

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
    | st.sampled_from(["type", "id", "@context", "did:web:x", "2026-11-21T12:00:00Z", "u", "z1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
MEMBERS = (
    "credentialSubject", "achievement", "identifier", "identityHash", "identityType", "result",
    "resultDescription",
    "evidence", "genre", "narrative", "criteria", "tag", "validFrom", "validUntil", "awardedDate", "name",
    "id", "value",
)  # fmt: skip
nearly = st.recursive(
    any_json,
    lambda inner: st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=6) | st.lists(inner, max_size=3),
)
slow = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        found += places(part, (*path, step))
    return found


@slow
@given(data=st.data())
def test_any_value_in_any_place_gives_a_verdict_that_is_not_valid(world: World, data: st.DataObject) -> None:
    document = world.document(world.issue())
    path = data.draw(st.sampled_from(places(document)))
    changed = copy.deepcopy(document)
    target = changed
    for step in path[:-1]:
        target = target[step]
    value = data.draw(any_json)
    if value == target[path[-1]] and type(value) is type(target[path[-1]]):
        return
    target[path[-1]] = value
    verdict = verify(json.dumps(changed), trust=trust_store(world.session), at=NOON)
    assert not verdict.is_valid
    assert [answer.question for answer in verdict.answers] == list(QUESTIONS)
    assert verdict.text
    assert all(answer.text for answer in verdict.answers)


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_bytes_and_any_text_give_a_verdict(data: bytes | str) -> None:
    assert not verify(data, trust=TrustStore({}), at=NOON).is_valid


@settings(deadline=None)
@given(nearly)
def test_facts_of_any_document_are_read_or_refused(value: Any) -> None:
    document = value if isinstance(value, dict) else {"credentialSubject": value}
    try:
        facts = read_facts({"validFrom": "2026-01-01T00:00:00Z", **document})
    except Altered:
        return
    assert facts.valid_from is not None


@given(st.text(alphabet='[]{}":,\\ a1', max_size=400))
def test_parsing_ends_within_its_limits(text: str) -> None:
    try:
        document = reading.parse(text)
    except VerificationError:
        return
    assert isinstance(document, dict)


@pytest.mark.parametrize(
    "text", ['{"a":"' + "\\" * 99_999 + '"}', '"' * 150_000, '{"a":' * 10 + "[" * 9 + "1"]
)
def test_texts_made_to_slow_the_scan_are_refused_fast(text: str) -> None:
    with pytest.raises(VerificationError):
        reading.read(text)


def packed(bits: int) -> str:
    """Return a status list of so many bits, as small as gzip makes it."""
    data = gzip.compress(b"\0" * (bits // 8), 9)
    return "u" + base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "encoded",
    [
        packed(8 * 500_000_000), packed(8), "u", "", "x" + packed(status.LENGTH)[1:], packed(status.LENGTH)[:-9],
        "u" + "A" * 100, "u" + base64.urlsafe_b64encode(zlib.compress(b"\0" * 16_384)).decode(), "u\u0661",
    ],
    ids=["500 MB", "short", "empty", "nothing", "other base", "cut", "no gzip", "zlib", "digits"],
)  # fmt: skip
def test_status_lists_made_to_harm_are_refused_within_little_memory(encoded: str) -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"."):
        status.decode(encoded)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_pdf_streams_made_to_grow_are_unpacked_to_their_first_bytes_only() -> None:
    grows = zlib.compress(b'{"@context"' + b" " * 200_000_000, 9)
    data = b"%PDF-1.7\n" + (b"stream\n" + grows + b"endstream\n") * 5
    tracemalloc.start()
    verdict = verify(data, trust=TrustStore({}), at=NOON)
    assert verdict.reason == "too-big"
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([pictures.PNG, b"%PDF-1.7\nstream\n", b"<svg>", b"HS1:", b"eyJh"]),
)
def test_any_bytes_behind_a_known_beginning_give_a_verdict(rest: bytes, beginning: bytes) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pictures, "read_qr", lambda data: [])  # a process for each would only be slow
        assert not verify(beginning + rest, trust=TrustStore({}), at=NOON).is_valid
