"""The server believes no header about where it is: our links lead to us, whoever asks."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path

from tests.trust.classroom import free_port, make_instance, serve


def test_a_header_cannot_move_our_links_to_another_site(tmp_path: Path) -> None:
    port = free_port()
    make_instance(tmp_path, port)
    with serve(tmp_path, port):
        for name in ("SCRIPT_NAME", "Script-Name", "X-Script-Name", "X-Forwarded-Prefix"):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            line.request("GET", "//evil.example/", headers={name: "//evil.example"})
            answer = line.getresponse()
            page = answer.read().decode()
            line.close()
            assert "//evil.example" not in page, name


def test_a_request_that_cannot_be_read_leaves_no_address_in_the_log(tmp_path: Path) -> None:
    port = free_port()
    make_instance(tmp_path, port)
    with serve(tmp_path, port):
        for garbage in (b"GARBAGE", b"GET / HTTP/1.1\r\nbad header", b"GET " + b"a" * 9000):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
                line.sendall(garbage + b"\r\n\r\n")
                assert line.recv(10) == b"HTTP/1.1 4"
    lines = (tmp_path / "server.log").read_text("utf-8").splitlines()
    assert [line for line in lines if "127.0.0.1" in line and "serving" not in line] == []
