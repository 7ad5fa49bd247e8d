"""The stable words of verdicts, as programs and documents need them."""

from __future__ import annotations

from typing import get_args

from .errors import State
from .verdict import known_reasons

STATES: tuple[State, ...] = get_args(State)
REASONS: frozenset[str] = known_reasons()
