"""Run a program that cannot run away: a script that sets limits of the system and then becomes the program.

``python -I limits.py SECONDS MEMORY FILE-BYTES PROGRAM ARGUMENT...``: processor seconds, bytes of memory, bytes of
any file it writes (the pipe does not count).
"""

from __future__ import annotations

import os
import sys


def _main() -> None:
    import resource  # not on every system, and only the script needs it

    seconds, memory, size = (int(word) for word in sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execv(sys.argv[4], sys.argv[4:])  # noqa: S606 - no shell, and the caller names the program


if __name__ == "__main__":
    _main()
