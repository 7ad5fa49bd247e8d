"""How fast somebody may go: a bucket of tokens for each, in the memory of this process.

Nothing is written to the database, so counting costs about a microsecond; so each process counts for itself.
"""

from __future__ import annotations

import math
from threading import Lock
from typing import Final

from ..kernel.clock import now

_MINUTE: Final = 60.0
_MOST: Final = 10_000

#: name -> the instant (seconds) at which its bucket will be full again
_full_at: dict[str, float] = {}
_guard = Lock()


def take(name: str, rate: int) -> int:
    """Take one token of ``rate`` a minute; return 0, or the seconds to wait when there is none.

    A bucket holds a minute's worth, so a burst of ``rate`` requests is fine. What is refused costs no token.
    """
    at = now().timestamp()
    step = _MINUTE / rate
    with _guard:
        # never more than a minute ahead: neither a clock set back nor a new rate shuts anybody out
        full_at = min(max(_full_at.get(name, at), at), at + _MINUTE)
        if full_at + step > at + _MINUTE + 1e-6:
            _full_at[name] = full_at
            return max(1, math.ceil(full_at + step - at - _MINUTE))
        if len(_full_at) >= _MOST:
            _forget(at)
        _full_at[name] = full_at + step
    return 0


def _forget(at: float) -> None:
    """Drop the buckets that are full; if that are too few, all: a flood of names must not fill the memory."""
    for name in [name for name, full_at in _full_at.items() if full_at <= at]:
        del _full_at[name]
    if len(_full_at) >= _MOST:
        _full_at.clear()
