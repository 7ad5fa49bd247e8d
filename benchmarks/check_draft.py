"""How long the checker takes over a draft: the first time, and after a change of one file.

python benchmarks/check_draft.py [course folder]
"""

from __future__ import annotations

import hashlib
import statistics
import sys
import time
from datetime import date
from pathlib import Path

from headstart_lms.authoring.yamltext import rewrite
from headstart_lms.builtin import item_types
from headstart_lms.courses.check import check_files
from headstart_lms.courses.files import TreeFiles
from headstart_lms.courses.source import parse_yaml
from headstart_lms.paths import bundled_courses


def main(folder: Path) -> None:
    """Print the times of one cold run and of ten with one unit changed before each."""
    tree, bodies = {}, {}
    for file in (p for p in folder.rglob("*") if p.is_file()):
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        tree[file.relative_to(folder).as_posix()], bodies[digest] = digest, content
    types, unit = item_types(), next(name for name in sorted(tree) if name.startswith("units/"))
    times = []
    for number in range(11):
        if number:
            text = bodies[tree[unit]].decode()
            data = parse_yaml(text.encode(), unit).data
            content = rewrite(text, {**data, "title": f"Title {number}"}).encode()
            tree[unit] = hashlib.sha256(content).hexdigest()
            bodies[tree[unit]] = content
        files = TreeFiles(folder.name, dict(tree), lambda name, digest: bodies[digest])
        began = time.perf_counter()
        check_files(files, types, on=date(2026, 11, 22))
        times.append(time.perf_counter() - began)
    print(f"{folder.name}: {len(tree)} files, {sum(map(len, bodies.values())) / 1e6:.1f} MB")
    print(f"first: {times[0] * 1000:.0f} ms, after a change: {statistics.median(times[1:]) * 1000:.0f} ms")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else bundled_courses() / "it-italiano-a1")
