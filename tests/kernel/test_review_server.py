"""The server believes no header about where it is: our links lead to us, whoever asks."""

from __future__ import annotations

import http.client
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
