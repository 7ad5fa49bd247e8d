"""Keep what was made last in memory, weighed: a few hundred things, and not more of them than memory bears."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any


class Cache:
    """Things by their key, the one that was used last at the end; nobody writes into them."""

    def __init__(self, most: int, most_weight: int) -> None:
        """Keep at most so many things, and as many as weigh so many bytes together."""
        self._most = most
        self._most_weight = most_weight
        self._weight = 0
        self._rows: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self._guard = Lock()

    def get(self, key: Any) -> Any:
        """Return what is kept. Raises KeyError."""
        with self._guard:
            found = self._rows[key]
            self._rows.move_to_end(key)
            return found[0]

    def put(self, key: Any, thing: Any, weight: int = 0) -> None:
        """Keep a thing that takes about ``weight`` bytes; what was used longest ago makes room for it."""
        with self._guard:
            old = self._rows.pop(key, None)
            self._weight += weight - (old[1] if old is not None else 0)
            self._rows[key] = (thing, weight)
            while self._rows and (len(self._rows) > self._most or self._weight > self._most_weight):
                _key, (_thing, gone) = self._rows.popitem(last=False)
                self._weight -= gone
