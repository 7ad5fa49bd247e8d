"""How fast somebody may go: a bucket of tokens for each, in the memory of this process.

Nothing is written to the database, so counting costs about a microsecond; so each process counts for itself, and
forgets when it ends. What must hold over processes and restarts is counted by ``limits``.
"""

from __future__ import annotations

import math
from threading import Lock
from typing import Final

from .clock import now

_MOST: Final = 10_000


class Buckets:
    """Buckets of tokens by name."""

    def __init__(self) -> None:
        #: name -> the instant (seconds) at which its bucket will be full again
        self._full_at: dict[str, float] = {}
        self._guard = Lock()

    def take(self, name: str, most: int, seconds: float = 60.0) -> int:
        """Take one of ``most`` tokens in ``seconds``; return 0, or the seconds to wait when there is none.

        A bucket holds ``most``, so a burst of them is fine. What is refused costs no token.
        """
        at = now().timestamp()
        step = seconds / most
        with self._guard:
            full_at = self._full_at.get(name, at)
            if not at <= full_at <= at + seconds + 1e-6:
                full_at = at  # it is full again; or the clock was set back, which shuts nobody out
            if full_at + step > at + seconds + 1e-6:
                self._full_at[name] = full_at
                return max(1, math.ceil(full_at + step - at - seconds))
            if len(self._full_at) >= _MOST:
                self._forget(at)
            self._full_at[name] = full_at + step
        return 0

    def _forget(self, at: float) -> None:
        """Drop the buckets that are full; if that are too few, all: a flood of names must not fill the memory."""
        for name in [name for name, full_at in self._full_at.items() if full_at <= at]:
            del self._full_at[name]
        if len(self._full_at) >= _MOST:
            self._full_at.clear()
