"""How long the record store takes to say no: milliseconds of wall time for each bad body, against a running server.

    python benchmarks/bad_input.py            # makes an instance in a temporary folder and serves it

Prints the median and the worst of 20 requests, the memory of the server before and after, and what counting a
request of a key with a rate costs.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from pathlib import Path

from headstart_lms.kernel.rates import Buckets

DEPTH, NAMES = 10_000, 1_000_000
BODIES = {
    "one byte that is not UTF-8": b'{"a": "\xff"}',
    "a name twice": b'{"a": 1, "a": 2}',
    "NaN": b'{"a": NaN}',
    "10,000 arrays deep": b"[" * DEPTH + b"]" * DEPTH,
    "10,000 objects deep": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    "1,000,000 arrays deep (1 MB)": b"[" * 1_000_000,
    "1,000,000 names (13 MB)": b"{" + b",".join(b'"n%d":0' % number for number in range(NAMES)) + b"}",
    "10,000 names (130 KB)": b"{" + b",".join(b'"n%d":0' % number for number in range(10_001)) + b"}",
    "10,000,000 empty objects (30 MB)": b"[" + b"{}," * 10_000_000 + b"{}]",
    "a batch of 500, the last one wrong": json.dumps([
        {"actor": {"mbox": "mailto:a@b.example"}, "verb": {"id": "http://v.example/did"},
         "object": {"id": "http://a.example/x" if number < 499 else "x"}}
        for number in range(500)
    ]).encode(),
}  # fmt: skip


def memory(pid: int) -> float:
    """Return the megabytes in memory of a server and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (
        sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in [pid, *children]) * 4096 / 1e6
    )


def main() -> None:
    folder = tempfile.mkdtemp()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    environment = {**os.environ, "HEADSTART_INSTANCE": folder}
    headstart = str(Path(sys.executable).with_name("headstart"))

    def run(*arguments: str) -> str:
        command = [headstart, *arguments]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
        return done.stdout

    run("init", "--demo-url", f"http://127.0.0.1:{port}")
    key = json.loads(run("client", "add", "benchmark", "--json"))
    basic = base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}", "X-Experience-API-Version": "1.0.3", "Content-Type": "application/json",
    }  # fmt: skip
    command = [headstart, "serve", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        measure(port, headers, server.pid)
    finally:
        server.terminate()
        server.wait()


def measure(port: int, headers: dict[str, str], pid: int) -> None:
    def post(body: bytes) -> tuple[int, float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        began = time.perf_counter()
        connection.request("POST", "/xapi/statements", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status, (time.perf_counter() - began) * 1000

    for _ in range(100):
        try:
            post(b"[]")
            break
        except OSError:
            time.sleep(0.1)
    before = memory(pid)
    print(f"{'body':36} {'status':>6} {'median ms':>10} {'worst ms':>9}")
    for name, body in BODIES.items():
        answers = [post(body) for _ in range(20)]
        times = [seconds for _status, seconds in answers]
        print(f"{name:36} {answers[0][0]:>6} {statistics.median(times):>10.1f} {max(times):>9.1f}")
    print(f"memory of the server: {before:.0f} MB before, {memory(pid):.0f} MB after")
    buckets = Buckets()
    cost = min(timeit.repeat(lambda: buckets.take("a key", 1_000_000), number=10_000, repeat=5)) / 10_000
    print(f"counting a request: {cost * 1e6:.1f} microseconds")


if __name__ == "__main__":
    main()
