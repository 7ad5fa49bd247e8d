"""Requests that no client would send: one clear sentence, the right status, nothing stored, bounded memory."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headstart_lms import serving
from headstart_lms.lrs import cli, documents
from headstart_lms.lrs.validator import json_input

from ..trust.classroom import free_port, make_instance, serve
from .conftest import Caller
from .lrs_strategies import agent, statement

ACTIVITY = "https://a.example/x"
AGENT = json.dumps(agent("a"))
STATE = {"activityId": ACTIVITY, "agent": AGENT, "stateId": "s"}
AGENT_PROFILE = {"agent": AGENT, "profileId": "p"}
ACTIVITY_PROFILE = {"activityId": ACTIVITY, "profileId": "p"}
#: Every resource that takes JSON: method, path, a good query.
WRITES: dict[str, tuple[str, str, dict[str, str]]] = {
    "a batch": ("POST", "/statements", {}),
    "one statement": ("PUT", "/statements", {"statementId": str(uuid4())}),
    "state": ("PUT", "/activities/state", STATE),
    "merged state": ("POST", "/activities/state", STATE),
    "agent profile": ("POST", "/agents/profile", AGENT_PROFILE),
    "activity profile": ("POST", "/activities/profile", ACTIVITY_PROFILE),
    "a launch": ("POST", "/launches", {}),
}
READS: dict[str, tuple[str, dict[str, str]]] = {
    "statements": ("/statements", {}),
    "activities": ("/activities", {"activityId": ACTIVITY}),
    "agents": ("/agents", {"agent": AGENT}),
    "state": ("/activities/state", STATE),
    "agent profile": ("/agents/profile", AGENT_PROFILE),
    "activity profile": ("/activities/profile", ACTIVITY_PROFILE),
}

#: What is refused before the database is asked is tried on one.
ON_ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

BODIES: dict[str, bytes] = {
    "invalid UTF-8": b'{"a": "\xff"}',
    "an overlong slash": b'{"a": "\xc0\xaf"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "a BOM": b'\xef\xbb\xbf{"a": 1}',
    "a name twice": b'{"a": 1, "a": 2}',
    "a name twice, once escaped": b'{"a": 1, "\\u0061": 2}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": [1, -Infinity]}',
    "1e400": b'{"a": 1e400}',
    "a number of 5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "half a pair": b'{"a": "\\ud83d"}',
    "the other half": b'{"\\ude00": 1}',
    "halves the wrong way round": b'{"a": "\\ude00\\ud83d"}',
    "a bare control character": b'{"a": "\x01"}',
    "a comment": b'{"a": 1 /* one */}',
    "a comma too many": b'{"a": 1,}',
    "single quotes": b"{'a': 1}",
    "a leading zero": b'{"a": 01}',
    "two values": b"{} {}",
    "nothing": b"",
    "spaces": b" \n\t ",
    "cut off": b'{"a": ["b", ',
    "10,000 arrays": b"[" * 10_000 + b"]" * 10_000,
    "10,000 objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "201 levels": b'{"a":' * 201 + b"1" + b"}" * 201,
    "a million arrays": b"[" * 1_000_000,
    "a million names": b"{" + b",".join(b'"%d":0' % number for number in range(1_000_000)) + b"}",
    "two million values": b'{"a":[' + b"0," * 2_000_000 + b"0]}",
}


def refused(answer: Any, *allowed: int) -> str:
    """A status that puts it on the sender, and a sentence; nothing of our insides."""
    assert answer.status_code in (allowed or (400, 413, 415)), (answer.status_code, answer.data[:300])
    assert answer.content_type == "application/problem+json"
    title: str = answer.json["title"]
    assert 10 < len(title) < 1_000
    for word in ("Traceback", "sqlalchemy", "werkzeug", "psycopg", "0x7f"):
        assert word not in answer.text
    return title


@ON_ONE
@pytest.mark.parametrize(
    "place, body",
    [(place, body) for place in WRITES for body in BODIES if len(BODIES[body]) < 500_000 or place == "state"],
)
def test_a_body_that_is_no_good_json_is_refused_everywhere(
    make_caller: Callable[..., Caller], place: str, body: str
) -> None:
    caller = make_caller("all", "launch")
    method, path, query = WRITES[place]
    refused(caller(method, path, query_string=query, data=BODIES[body], content_type="application/json"))
    assert caller.all() == []
    assert caller.get("/activities/state", **STATE).status_code == 404


@ON_ONE
@pytest.mark.parametrize("body", [name for name in BODIES if len(BODIES[name]) < 6_000 and name != "nothing"])
def test_a_parameter_that_is_no_good_json_is_refused(lrs: Caller, body: str) -> None:
    try:
        text = BODIES[body].decode()
    except UnicodeDecodeError:
        text = BODIES[body].decode("latin-1")  # escaped so, it is good UTF-8 and bad JSON or a bad agent
    refused(lrs.get("/statements", agent=text))
    refused(lrs.get("/agents", agent=text))
    refused(lrs.get("/activities/state", **{**STATE, "agent": text}))


@ON_ONE
@pytest.mark.parametrize("query", [
    "verb=%zz", "verb=%", "verb=%4", "verb=%ff", "verb=%ED%A0%80", "verb=%C0%AF", "%ff=1", "verb=a%00b",
    "verb%00=1", "since=2026-01-01T00:00:00Z&since=2026-01-01T00:00:00Z", "limit=1&limit=2", "a=1&a=1",
    "limit=-1", "limit=1.5", "limit=", "limit=9999999999", "limit=%D9%A3", "ascending=1", "ascending=TRUE",
    "since=yesterday", "since=2026-02-30T00:00:00Z", "since=0000-01-01T00:00:00Z", "until=12026-01-01T00:00:00Z",
    "registration=1", "registration=" + "a" * 8000, "statementId=1", "format=xml", "attachments=yes",
    "verb=no+iri", "verb=" + "http://a.example/" + "a" * 8000, "activity=%0a", "cursor=%F0%9F%99%82", "cursor=AAAA",
    "cursor=" + "A" * 8000, "unknown=1", "&".join(f"a{number}=1" for number in range(200)),
    "verb=http://a.example/%0d%0aSet-Cookie:x", "statementId=%7B%7D&statementId=%7B%7D",
])  # fmt: skip
def test_an_address_that_says_nothing_clear_is_refused(lrs: Caller, query: str) -> None:
    title = refused(lrs("GET", f"/statements?{query}"))
    assert not any(ord(sign) < 32 for sign in title)


@ON_ONE
@pytest.mark.parametrize("place", READS)
@pytest.mark.parametrize(
    "query", ["a=%zz", "a=%ff", "x=1&x=2", "a%00=1", "&".join(f"a{n}=1" for n in range(200))]
)
def test_every_resource_reads_its_address_strictly(lrs: Caller, place: str, query: str) -> None:
    path, good = READS[place]
    answer = lrs("GET", path, query_string="&".join([*(f"{k}={v}" for k, v in good.items()), query]))
    refused(answer)


@pytest.mark.parametrize("place", ["state", "agent profile", "activity profile"])
@pytest.mark.parametrize("id_", ["", "x" * 8_001, "a\x00b"])
def test_ids_of_documents_have_a_length_and_no_zero(lrs: Caller, place: str, id_: str) -> None:
    path, query = READS[place]
    name = "stateId" if place == "state" else "profileId"
    for method in ("GET", "PUT", "POST", "DELETE"):
        refused(lrs(method, path, query_string={**query, name: id_}, json={}))


@pytest.mark.parametrize(
    "id_", ["x" * 8_000, "a\nb\x7f\u202e", "../../etc/passwd", "ع" * 2_000, "'; DROP TABLE x; --", "%"]
)
def test_other_ids_are_just_names(lrs: Caller, id_: str) -> None:
    query = {**STATE, "stateId": id_}
    assert lrs("PUT", "/activities/state", query_string=query, json={"a": 1}).status_code == 204
    answer = lrs.get("/activities/state", **query)
    assert answer.json == {"a": 1}
    rest = {name: value for name, value in query.items() if name != "stateId"}
    assert lrs.get("/activities/state", **rest).json == [id_]


@ON_ONE
@pytest.mark.parametrize("kind", [
    "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "multipart/mixed", "multipart/mixed; boundary=", 'multipart/mixed; boundary="', "multipart/mixed; boundary=\xff",
    "multipart/mixed; boundary=" + "b" * 5_000, "application/json/extra", "*/*", "application/jsonx",
])  # fmt: skip
def test_a_content_type_that_is_not_taken_is_refused(lrs: Caller, kind: str) -> None:
    refused(lrs("POST", "/statements", data=json.dumps(statement()), headers={"Content-Type": kind}))
    assert lrs.all() == []


JSON_PART = b"Content-Type: application/json\r\n\r\n"


@ON_ONE
@pytest.mark.parametrize("body", [
    b"--b\r\n" + JSON_PART + b"%s",
    b"--b\r\n" + JSON_PART + b"%s\r\n--b",
    b"--c\r\n" + JSON_PART + b"%s\r\n--c--\r\n",
    b"--b\n" + JSON_PART.replace(b"\r\n", b"\n") + b"%s\n--b--\n",
    b"----b\r\n" + JSON_PART + b"%s\r\n----b--\r\n",
    b"--b\r\nContent-Type application/json\r\n\r\n%s\r\n--b--\r\n",
    b"--b\r\nContent-Type: application/json\r\n%s\r\n--b--\r\n",
    b"--b\r\nContent-Type: \xff\r\n\r\n%s\r\n--b--\r\n",
    b"--b\r\n" + JSON_PART + b"%s\r\n--b\r\n" + b"X: y\r\n" * 50_000 + b"\r\nx\r\n--b--\r\n",
    b"--b\r\n\r\n" * 3_000 + b"--b--\r\n",
    b"--b" * 200_000,
    b"\r\n" * 500_000,
    b"--b\r\n" + JSON_PART + b"[" * 100_000 + b"\r\n--b--\r\n",
])  # fmt: skip
def test_parts_that_are_not_well_formed_are_refused(lrs: Caller, body: bytes) -> None:
    body = body.replace(b"%s", json.dumps(statement()).encode())
    refused(lrs("POST", "/statements", data=body, content_type="multipart/mixed; boundary=b"))
    assert lrs.all() == []


@ON_ONE
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=80) | st.lists(st.sampled_from(
    [b"--b", b"\r\n", b"--", b"b", b" ", JSON_PART, b"{}", b"[]", b"Content-Transfer-Encoding: binary\r\n",
     b"X-Experience-API-Hash: " + b"a" * 64 + b"\r\n", b"\x00", b"\xff"]), max_size=12).map(b"".join))  # fmt: skip
def test_no_bytes_crash_the_reader_of_parts(lrs: Caller, body: bytes) -> None:
    answer = lrs("POST", "/statements", data=body, content_type="multipart/mixed; boundary=b")
    assert answer.status_code in (200, 400)


@ON_ONE
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_packed_bodies_are_not_unpacked(lrs: Caller, coding: str) -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    answer = lrs(
        "POST",
        "/statements",
        data=bomb,
        content_type="application/json",
        headers={"Content-Encoding": coding},
    )
    assert "Content-Encoding" in refused(answer, 415)


@ON_ONE
@pytest.mark.parametrize("headers", [
    {"If-Match": "\x01"}, {"If-Match": '"' * 5_000}, {"If-None-Match": ",,,,"}, {"Accept-Language": ";q=x,,*;q=9"},
    {"Accept-Language": "a-" * 2_000}, {"X-Experience-API-Version": "1.0.3\x0b"}, {"X-Experience-API-Version": "١.0"},
    {"Content-Type": "application/json; charset=utf-7"}, {"Range": "bytes=0-"}, {"Expect": "something"},
])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_odd_headers_crash_nothing(lrs: Caller, headers: dict[str, str], method: str) -> None:
    headers = {name: value.encode("utf-8").decode("latin-1") for name, value in headers.items()}
    answer = lrs(method, "/activities/state", query_string=STATE, data=b"{}", headers=headers)
    assert answer.status_code < 500
    assert lrs("GET", "/statements?format=canonical", headers=headers).status_code < 500


def test_a_document_does_not_grow_without_end_by_merging(
    lrs: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT", 1_000)
    for number in range(9):
        made = lrs("POST", "/activities/state", query_string=STATE, json={f"part {number}": "x" * 90})
        assert made.status_code == 204
    refused(lrs("POST", "/activities/state", query_string=STATE, json={"part 9": "x" * 90}), 413)
    assert len(lrs.get("/activities/state", **STATE).json) == 9


def test_what_is_as_deep_as_allowed_can_be_read_again_in_every_way(lrs: Caller) -> None:
    deep: Any = 1
    for _ in range(json_input.MAX_DEPTH - 4):
        deep = [deep]
    made = statement(context={"extensions": {"http://e.example/x": deep}})
    assert lrs.post(made).status_code == 200
    assert lrs.post(made).status_code == 200
    for form in ("exact", "ids", "canonical"):
        assert lrs.get("/statements", format=form).status_code == 200
    assert lrs.all()[0]["context"]["extensions"]["http://e.example/x"] == deep


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    header=st.binary(max_size=40).map(lambda data: data.decode("latin-1").replace("\r", "").replace("\n", ""))
)
def test_no_authorization_header_crashes_the_door(app: Flask, header: str) -> None:
    answer = app.test_client().get("/xapi/statements", headers={"Authorization": header})
    assert answer.status_code == 401


# --- a real server and bare sockets -----------------------------------------------------------------


@dataclass
class Wire:
    """A running server, and a key for it."""

    port: int
    pid: int
    head: str

    def ask(self, *pieces: bytes | Callable[[socket.socket], None]) -> tuple[int, bytes]:
        """Send pieces as they are; return status and body, 0 when the server only hung up."""
        data = b""
        with socket.create_connection(("127.0.0.1", self.port), 20) as wire:
            try:
                for piece in pieces:
                    wire.sendall(piece) if isinstance(piece, bytes) else piece(wire)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it said no and closed: its answer may be waiting
            try:
                while not _is_whole(data) and (more := wire.recv(65536)):
                    data += more
            except ConnectionResetError:
                pass
        head, _, body = data.partition(b"\r\n\r\n")
        return (int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0), body

    def post(self, length: int | str | None, *, more: str = "", key: bool = True) -> bytes:
        """Return the head of a POST of statements that promises so many bytes."""
        said = "" if length is None else f"Content-Length: {length}\r\n"
        who = self.head if key else "Host: x\r\n"
        text = f"POST /xapi/statements HTTP/1.1\r\n{who}Content-Type: application/json\r\n{said}{more}\r\n"
        return text.encode("latin-1")

    def is_well(self) -> bool:
        return self.ask(f"GET /xapi/statements HTTP/1.1\r\n{self.head}\r\n".encode())[0] == 200

    def memory(self) -> int:
        """Return the bytes in memory of the server and its workers."""
        family = [self.pid, *_children(self.pid)]
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in family]
        return sum(pages) * 4096


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_whole(data: bytes) -> bool:
    head, found, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if found and line.startswith(b"content-length:"):
            return len(body) >= int(line.partition(b":")[2])
    return False


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    folder, port = tmp_path_factory.mktemp("wire"), free_port()
    app = make_instance(folder, port)
    with app.app_context():
        key = json.loads(CliRunner().invoke(cli.client, ["add", "wire", "--json"]).output)
    basic = base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    head = f"Host: x\r\nAuthorization: Basic {basic}\r\nX-Experience-API-Version: 1.0.3\r\n"
    with serve(folder, port) as process:
        made = Wire(port, process.pid, head)
        assert made.is_well()
        yield made
        assert made.is_well()
    assert "Traceback" not in (folder / "server.log").read_text("utf-8")


MB = b" " * (1 << 20)


def _pour(wire: socket.socket) -> None:
    for _ in range(100):
        wire.sendall(MB)


def _pour_chunks(wire: socket.socket) -> None:
    for _ in range(100):
        wire.sendall(b"100000\r\n" + MB + b"\r\n")
    wire.sendall(b"0\r\n\r\n")


def test_a_hundred_megabytes_are_refused_unread(wire: Wire) -> None:
    status, body = wire.ask(wire.post(100 << 20), _pour)
    assert (status, json.loads(body)["type"]) == (413, "urn:headstart:too-large")


def test_a_hundred_megabytes_in_chunks_are_refused_at_the_limit(wire: Wire) -> None:
    status, body = wire.ask(wire.post(None, more="Transfer-Encoding: chunked\r\n"), _pour_chunks)
    assert (status, json.loads(body)["type"]) == (413, "urn:headstart:too-large")


def test_of_a_stranger_no_body_is_read_at_all(wire: Wire) -> None:
    """Also not one of an allowed size, sent only in part."""
    assert wire.ask(wire.post(30 << 20, key=False), MB)[0] == 401


def test_chunks_make_a_body_like_any_other(wire: Wire) -> None:
    head = wire.post(None, more="Transfer-Encoding: chunked\r\n")
    assert wire.ask(head, b"1\r\n[\r\n1;a=b\r\n]\r\n0\r\n\r\n") == (200, b"[]")


@pytest.mark.parametrize(
    "chunks", [b"zz\r\n[]\r\n0\r\n\r\n", b"-2\r\n[]\r\n0\r\n\r\n", b"2\r\n[]0\r\n\r\n", b"\x00\xff\r\n"]
)
def test_damaged_chunks_are_refused(wire: Wire, chunks: bytes) -> None:
    status, body = wire.ask(wire.post(None, more="Transfer-Encoding: chunked\r\n"), chunks)
    assert status == 400
    assert b"Traceback" not in body


def _hang_up(wire: socket.socket) -> None:
    wire.shutdown(socket.SHUT_WR)


def _reset(wire: socket.socket) -> None:
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def test_a_body_that_is_shorter_than_promised_is_refused_and_not_stored_cut(wire: Wire) -> None:
    status, body = wire.ask(wire.post(200), b"[]", _hang_up)
    assert (status, "2 of 200 bytes" in json.loads(body)["title"]) == (400, True)
    address = "/xapi/activities/state?stateId=cut&activityId=http://a.example&agent=%7B%22mbox%22:%22mailto:a@b.example%22%7D"
    put = f"PUT {address} HTTP/1.1\r\n{wire.head}Content-Type: text/plain\r\nContent-Length: 100\r\n\r\n".encode()
    assert wire.ask(put, b"half of it", _hang_up)[0] == 400
    assert wire.ask(f"GET {address} HTTP/1.1\r\n{wire.head}\r\n".encode())[0] == 404


def test_who_hangs_up_in_the_middle_does_no_harm(wire: Wire) -> None:
    for end in (_hang_up, _reset):
        try:
            wire.ask(wire.post(1 << 20), b"[", end)
        except OSError:
            pass
    assert wire.is_well()


@pytest.mark.parametrize(
    "length", ["-2", "two", "2, 2", "0x2", "+2", "2\r\nContent-Length: 3", "9" * 400, ""]
)
def test_lengths_that_are_no_length_are_refused(wire: Wire, length: str) -> None:
    assert wire.ask(wire.post(length), b"[]")[0] in (400, 413)


def test_two_ways_to_say_how_long_it_is_are_refused(wire: Wire) -> None:
    """Or what one server takes for the body another takes for the next request."""
    head = wire.post(4, more="Transfer-Encoding: chunked\r\n")
    assert wire.ask(head, b"2\r\n[]\r\n0\r\n\r\nGET /xapi/statements HTTP/1.1\r\n\r\n")[0] == 400


def test_a_packed_bomb_is_refused_unopened(wire: Wire) -> None:
    bomb = gzip.compress(b"[" + b" " * 100_000_000 + b"]")
    assert wire.ask(wire.post(len(bomb), more="Content-Encoding: gzip\r\n"), bomb)[0] == 415


@pytest.mark.parametrize(
    "more",
    ["X-A: " + "a" * 100_000, "\r\n".join(f"X-{n}: a" for n in range(2_000)), "no colon", "X: \x00", "X : y"],
)
def test_headers_that_are_too_much_or_damaged_are_refused(wire: Wire, more: str) -> None:
    assert wire.ask(wire.post(2, more=more + "\r\n"), b"[]")[0] in (400, 431)


@pytest.mark.parametrize("line", [
    "GET /xapi/statements?verb=" + "a" * 9_000 + " HTTP/1.1", "GET /xapi/statements?verb=\xff HTTP/1.1", "GET",
    "\x00\x01\x02", "GET /xapi/statements HTTP/9.9", "GET  /xapi/statements  HTTP/1.1", "get /xapi/statements HTTP/1.1",
    "BREW /xapi/statements HTTP/1.1",
])  # fmt: skip
def test_request_lines_that_are_none_are_refused(wire: Wire, line: str) -> None:
    status, _ = wire.ask(f"{line}\r\n{wire.head}\r\n".encode("latin-1"))
    assert status in (0, 400, 405, 414, 501, 505)


def test_who_promises_more_and_falls_silent_keeps_no_thread() -> None:
    """Sixteen of them would be all threads of a server; it waits for each but STALL seconds."""
    here, there = socket.socketpair()
    with here, there:
        read = serving.patient(lambda *hint: here.recv(100), here, seconds=0.05)
        there.sendall(b"half")
        assert [read(), read(8192)] == [b"half", b""]
        assert here.gettimeout() is None, "a slow reader of the answer has all the time it needs"
        here.settimeout(0.01)
        with pytest.raises(TimeoutError):
            read()
    assert 5 <= serving.STALL <= 60


def test_one_connection_serves_many_requests(wire: Wire) -> None:
    request = f"GET /xapi/statements HTTP/1.1\r\n{wire.head}\r\n".encode()
    with socket.create_connection(("127.0.0.1", wire.port), 20) as kept:
        for _ in range(20):
            kept.sendall(request)
            data = b""
            while not _is_whole(data):
                data += kept.recv(65536)
            assert data.startswith(b"HTTP/1.1 200")


def test_the_memory_of_the_server_stays_bounded(wire: Wire) -> None:
    """What is refused leaves nothing behind, however often it comes."""
    bodies = [
        BODIES["a million arrays"], BODIES["a million names"], BODIES["two million values"],
        b"[" + b"{}," * 5_000_000 + b"{}]", b'["' + b"x" * (20 << 20) + b'"]',
    ]  # fmt: skip
    for body in bodies:
        assert wire.ask(wire.post(len(body)), body)[0] == 400
    before = wire.memory()
    for _ in range(3):
        for body in bodies:
            assert wire.ask(wire.post(len(body)), body)[0] == 400
        wire.ask(wire.post(100 << 20), _pour)
        wire.ask(wire.post(None, more="Transfer-Encoding: chunked\r\n"), _pour_chunks)
    assert wire.memory() - before < 150 << 20
