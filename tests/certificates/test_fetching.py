"""What is fetched for a trust list: over https, small, soon, from nowhere else."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from headstart_lms.certificates import fetching
from headstart_lms.kernel.errors import Invalid


class Answers(BaseHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - the class is the server's

    def do_GET(self) -> None:
        self.asked.append(self.path + " " + self.headers.get("Authorization", "-"))
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/good")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/missing" else 200)
        self.end_headers()
        try:
            self.wfile.write(b"x" * 3000 if self.path == "/big" else b'{"good": true}')
        except OSError:
            return

    def log_message(self, format: str, *arguments: object) -> None:
        return


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server with a certificate of its own that this test believes."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    begin = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(secret.public_key()).serial_number(1)
        .not_valid_before(begin).not_valid_after(begin + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(secret, hashes.SHA256())
    )  # fmt: skip
    (tmp_path / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    running = HTTPServer(("127.0.0.1", 0), Answers)
    running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "cert.pem"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login operator password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    Answers.asked.clear()
    yield f"https://127.0.0.1:{running.server_port}"
    running.shutdown()
    thread.join()
    running.server_close()


def test_a_list_is_fetched_without_anybodys_password(server: str) -> None:
    assert fetching.get(server + "/good") == b'{"good": true}'
    assert Answers.asked == ["/good -"]


def test_an_address_that_sends_us_on_is_refused(server: str) -> None:
    with pytest.raises(Invalid, match="another address"):
        fetching.get(server + "/elsewhere")
    assert Answers.asked == ["/elsewhere -"]


def test_too_much_too_slow_and_missing_are_refused(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Invalid, match="answers 404"):
        fetching.get(server + "/missing")
    with monkeypatch.context() as patched:
        patched.setattr(fetching, "MOST_BYTES", 2000)
        with pytest.raises(Invalid, match="too big"):
            fetching.get(server + "/big")
    monkeypatch.setattr(fetching, "WHOLE", -1)
    with pytest.raises(Invalid, match="too long"):
        fetching.get(server + "/good")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(Invalid, match="cannot be reached"):
        fetching.get(server + "/good")
    assert Answers.asked == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "file:///etc/passwd", "ftp://a/b", "", "//a/b"])
def test_nothing_but_https_is_fetched(url: str) -> None:
    with pytest.raises(Invalid, match="only https"):
        fetching.get(url)
