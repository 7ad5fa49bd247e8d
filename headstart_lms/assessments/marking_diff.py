"""The difference between two words, letter by letter: how far apart, and where."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Kind = Literal["same", "missing", "extra", "wrong"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A run of letters: the same in both, missing in the answer, too many in it, or others there."""

    kind: Kind
    expected: str
    given: str


def distance(a: str, b: str) -> int:
    """Return the optimal string alignment distance: insert, delete, change, swap neighbours cost 1 each."""
    before: list[int] = []
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        current = [i]
        for j, y in enumerate(b, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        before, previous = previous, current
    return previous[-1]


def letters_of(text: str) -> list[str]:
    """Return the letters as people see them: a base with its signs is one."""
    letters: list[str] = []
    for character in unicodedata.normalize("NFC", text):
        if letters and unicodedata.combining(character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def diff(expected: str, given: str) -> tuple[Difference, ...]:
    """Return the shortest way from ``given`` to ``expected`` as runs of letters.

    Joining the ``expected`` of all runs gives the expected text (NFC), joining ``given`` the given one.
    """
    right, typed = letters_of(expected), letters_of(given)
    steps = sorted(_backtrace(right, typed, _costs(right, typed)), key=lambda step: step[0])
    runs: list[Difference] = []
    for kind, run in groupby(steps, key=lambda step: step[1]):
        pieces = list(run)
        runs.append(Difference(kind, "".join(p[2] for p in pieces), "".join(p[3] for p in pieces)))
    return tuple(runs)


def likeness(differences: tuple[Difference, ...]) -> float:
    """Return the share of letters that are the same, 0 to 1."""
    same = sum(len(d.expected) for d in differences if d.kind == "same")
    longest = max(sum(len(d.expected) for d in differences), sum(len(d.given) for d in differences))
    return same / longest if longest else 1.0


def _costs(right: list[str], typed: list[str]) -> list[list[int]]:
    table = [list(range(len(typed) + 1))]
    for i, x in enumerate(right, 1):
        row = [i]
        for j, y in enumerate(typed, 1):
            row.append(min(table[i - 1][j] + 1, row[j - 1] + 1, table[i - 1][j - 1] + (x != y)))
        table.append(row)
    return table


def _backtrace(
    right: list[str], typed: list[str], table: list[list[int]]
) -> list[tuple[int, Kind, str, str]]:
    """Walk back through the table; each step: (place, kind, expected letter, given letter)."""
    steps: list[tuple[int, Kind, str, str]] = []
    i, j = len(right), len(typed)
    while i or j:
        place = i + j
        if i and j and table[i][j] == table[i - 1][j - 1] + (right[i - 1] != typed[j - 1]):
            i, j = i - 1, j - 1
            steps.append((place, "same" if right[i] == typed[j] else "wrong", right[i], typed[j]))
        elif i and table[i][j] == table[i - 1][j] + 1:
            i -= 1
            steps.append((place, "missing", right[i], ""))
        else:
            j -= 1
            steps.append((place, "extra", "", typed[j]))
    return steps
