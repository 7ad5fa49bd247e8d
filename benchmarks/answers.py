"""A class of thirty answers at the same time, at a real server on SQLite as it is set up by default.

    python -m benchmarks.answers [--learners 30] [--units 3]

Prints how many answers a second were taken and how long the unluckiest learner waited. Each answer is durable when it
is acknowledged. The aim is no error and no wait over one second on a quiet machine with two cores; numbers of a busy
one say little.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.trust.classroom import Burst, Learner, Sent, free_port, make_instance, make_learners, serve

AIM = 1.0


def share(times: list[float], part: float) -> float:
    return times[min(len(times) - 1, int(part * len(times)))]


def run(learners: int, units: int) -> tuple[list[Sent], float]:
    """Return what was sent, and the seconds from the first answer to the last."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name) / "instance", free_port()
        everybody = make_learners(make_instance(folder, port), learners, units)
        with serve(folder, port):
            warm = Burst(
                port, [Learner(one.token, one.registration, one.sheets[:1]) for one in everybody[:2]]
            )
            warm.start()
            warm.join()
            burst = Burst(port, everybody)
            begin = time.monotonic()
            burst.start()
            burst.join(600)
            return burst.sent, time.monotonic() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--units", type=int, default=3)
    chosen = parser.parse_args()
    sent, seconds = run(chosen.learners, chosen.units)
    times = sorted(one.seconds for one in sent)
    errors = [one for one in sent if one.status != 303]
    load = os.getloadavg()[0]
    print(
        f"{chosen.learners} learners, {len(sent)} answers in {seconds:.1f} s: {len(sent) / seconds:.0f} a second"
    )
    print(f"{'errors':>8} {'p50 ms':>8} {'p90 ms':>8} {'p99 ms':>8} {'max ms':>8} {'load':>6}")
    cells = [f"{1000 * share(times, part):8.0f}" for part in (0.5, 0.9, 0.99, 1)]
    print(f"{len(errors):8} {' '.join(cells)} {load:6.1f}")
    well = not errors and times[-1] <= AIM
    print("as aimed: no error, nobody waits over one second" if well else "NOT as aimed")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
