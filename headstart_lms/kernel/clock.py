"""The one clock: aware UTC, and a seam for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

_frozen: list[datetime] = []


def now() -> datetime:
    """Return the time, aware, in UTC."""
    return _frozen[-1] if _frozen else datetime.now(UTC)


def is_frozen() -> bool:
    """Say whether a test holds the clock: whoever asks the clock of a database asks this one instead."""
    return bool(_frozen)


def today() -> date:
    return now().date()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at an instant: for tests."""
    _frozen.append(at.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.pop()


def timestamp(at: datetime) -> str:
    """Write an instant as RFC 3339 with milliseconds and ``Z``, the form our statements use."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
