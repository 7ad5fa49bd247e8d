"""What the hot pages cost: CPU as a multiple of an empty Flask response in the same run, and bytes.

    python -m benchmarks.pages [--rounds 12] [--calls 30]

Everything runs in this process, so that no network and no other program counts; of all rounds the cheapest is taken,
for noise only adds. Aims (a learner who is signed in): catalogue and lesson page at most 14 times the empty response,
pages at most 15 kB compressed.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient

from tests.trust.classroom import SLUG, make_instance, make_learners

#: (name, most times the empty response, most bytes compressed; None: no aim)
AIMS: dict[str, tuple[float | None, int | None]] = {
    "empty response": (None, None), "catalogue": (14, 15_000), "course": (None, 15_000), "lesson page": (14, 15_000),
    "answer": (None, None), "feedback page": (None, 15_000), "my journey": (None, 15_000),
}  # fmt: skip


def empty() -> FlaskClient:
    app = Flask("empty")

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app.test_client()


def cpu(call: Callable[[], object], calls: int) -> float:
    """Return the CPU seconds of one call, over ``calls`` of them."""
    begin = time.process_time()
    for _call in range(calls):
        call()
    return (time.process_time() - begin) / calls


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--calls", type=int, default=30)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        app = make_instance(Path(name) / "instance", 8000)
        return measure(app, chosen.rounds, chosen.calls)


def measure(app: Flask, rounds: int, calls: int) -> int:
    (learner,) = make_learners(app, 1, 1)
    client, nothing = app.test_client(), empty()
    client.set_cookie("hs", learner.token, domain="localhost")
    same = {"Sec-Fetch-Site": "same-origin"}
    sheet = learner.sheets[0]
    fields = parse_qs(sheet.body)

    def answer() -> str:
        response = client.post(sheet.path, data={**fields, "answer_id": str(uuid4())}, headers=same)
        if response.status_code != 303:
            raise RuntimeError(f"the answer was not taken: {response.status_code}")
        return str(response.headers["Location"]).split("#")[0]

    feedback = answer()
    first = feedback.split("?")[0]

    def get(path: str) -> Callable[[], bytes]:
        def run() -> bytes:
            response = client.get(path)
            if response.status_code != 200:
                raise RuntimeError(f"{path}: {response.status_code}")
            return bytes(response.data)

        return run

    what: dict[str, Callable[[], object]] = {
        "empty response": lambda: nothing.get("/").data, "catalogue": get("/"), "course": get(f"/courses/{SLUG}"),
        "lesson page": get(first), "answer": answer, "feedback page": get(feedback), "my journey": get("/me"),
    }  # fmt: skip
    best = dict.fromkeys(what, float("inf"))
    for call in what.values():
        call()
    for _round in range(rounds):
        for name, call in what.items():
            best[name] = min(best[name], cpu(call, calls))
    print(f"{'':16} {'CPU ms':>8} {'x empty':>8} {'raw B':>8} {'gzip B':>8}  aim")
    missed = 0
    for name, call in what.items():
        body = call()
        raw = len(body) if isinstance(body, bytes) else 0
        packed = len(gzip.compress(body, 6)) if isinstance(body, bytes) else 0
        times = best[name] / best["empty response"]
        most, bytes_most = AIMS[name]
        is_missed = (most is not None and times > most) or (bytes_most is not None and packed > bytes_most)
        missed += is_missed
        mark = "  MISSED" if is_missed else ""
        aim = " ".join(
            part
            for part in (f"<= {most:g}x" if most else "", f"<= {bytes_most} B" if bytes_most else "")
            if part
        )
        print(f"{name:16} {1000 * best[name]:8.2f} {times:8.1f} {raw:8} {packed:8}  {aim}{mark}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
