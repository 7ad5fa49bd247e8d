"""What a test of a draft would draw: enough questions or not, a sample, and how sittings differ. No Flask.

The program's own draw (assessments.rules) is used throughout. How many sittings there can be is counted exactly when
no question fits two draws; else it is not said, only what was seen.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from ..assessments import rules
from ..assessments.items.base import ItemType
from ..courses.check import ItemTypes, sentence
from ..courses.document import Blueprint, Section
from ..courses.parts import ItemBase
from ..courses.texts import in_source_language
from ..kernel.cache import Cache
from . import trying
from .content import Content
from .forms.context import rows_of

#: A bank has twice as many questions as a test draws (docs/content-format.md).
TIMES = 2
DRAWS = 1000
#: A large bank is drawn from less often: comparisons of questions, about two seconds.
_WORK = 6_000_000
#: More ways to fill a draw are not counted.
_STATES = 20_000


def blueprint_of(data: Mapping[str, Any], language: str) -> Blueprint | str:
    """Return a blueprint of a draft, or what is missing in it, in one sentence."""
    try:
        return in_source_language(Blueprint.model_validate(dict(data)), language)
    except ValidationError as error:
        return sentence(error.errors()[0])


@dataclass(frozen=True)
class Bank:
    """The questions of a draft that can be drawn, and the ids of those that are not finished."""

    items: tuple[ItemType, ...]
    unfinished: tuple[str, ...]


_kept = Cache(8, 0)


def bank_of(found: Content, item_types: ItemTypes) -> Bank:
    """Return the bank of a draft; that of the last few states is kept."""
    key = repr(sorted((path, found.tree[path]) for path in found.files("bank"))) + found.course.source
    try:
        bank: Bank = _kept.get(key)
    except KeyError:
        bank = _read_bank(found, item_types)
        _kept.put(key, bank)
    return bank


def _read_bank(found: Content, item_types: ItemTypes) -> Bank:
    items: list[ItemType] = []
    unfinished: list[str] = []
    for row in rows_of(found.data, "bank"):
        item = trying.item_of(row, item_types, found.course.source)
        if isinstance(item, trying.Unfinished):
            unfinished.append(row["id"])
        else:
            items.append(item)
    return Bank(tuple(items), tuple(unfinished))


# --- what fits -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pool:
    """One draw: its part, its tags, how many questions it takes, and the ids of those that fit."""

    section: Section
    tags: tuple[str, ...]
    count: int
    fitting: tuple[str, ...]

    @property
    def is_possible(self) -> bool:
        return len(self.fitting) >= self.count

    @property
    def is_enough(self) -> bool:
        return len(self.fitting) >= TIMES * self.count

    @property
    def share(self) -> float:
        """In how many of all sittings a question of it comes, on average; 0 to 1."""
        return min(1.0, self.count / len(self.fitting)) if self.fitting else 0.0


def pools(blueprint: Blueprint, bank: Sequence[ItemBase]) -> list[Pool]:
    return [
        Pool(
            section, one.tags, one.count,
            tuple(sorted(item.id for item in bank if set(one.tags) <= set(item.tags))),
        )
        for section in blueprint.sections
        for one in section.draw
    ]  # fmt: skip


def tags_of(bank: Sequence[ItemBase]) -> list[tuple[str, int]]:
    """Return the tags of a bank with the number of questions that have each."""
    return sorted(Counter(tag for item in bank for tag in item.tags).items())


# --- a sample ------------------------------------------------------------------------------------------


def sample(blueprint: Blueprint, bank: Sequence[ItemType], seed: str) -> list[tuple[Section, list[ItemType]]]:
    """Draw one sitting as the program does, in the order it is shown. Raises Invalid when the bank is too small."""
    drawn = rules.draw(blueprint, bank, seed)
    by_id = {item.id: item for item in bank}
    return [(section, [by_id[name] for name in drawn[section.id]]) for section in blueprint.sections]


# --- all of them ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """How many questions of one difficulty a sitting has: fewest, on average, most."""

    difficulty: int
    fewest: int
    mean: float
    most: int


@dataclass(frozen=True)
class Spread:
    """How the sittings of a test differ, over ``draws`` of them."""

    draws: int
    #: Different sets of questions that came.
    distinct: int
    #: Different sets there can be at a first try; None when draws share questions.
    possible: int | None
    #: Questions of its draws that never come, and those that always come. Certain when ``possible`` is known.
    never: tuple[str, ...]
    always: tuple[str, ...]
    levels: tuple[Level, ...]
    #: The mean difficulty of a sitting: easiest, on average, hardest.
    easiest: float
    mean: float
    hardest: float
    #: The question that came most often: its id, and in which share of the draws.
    commonest: tuple[str, float]


def spread(blueprint: Blueprint, bank: Sequence[ItemType], draws: int = DRAWS) -> Spread:
    """Draw many first sittings and say how they differ. Raises Invalid when the bank is too small."""
    found = pools(blueprint, bank)
    cost = sum(len(pool.fitting) * pool.count for pool in found) or 1
    draws = max(100, min(draws, _WORK // cost))
    fitting = {item.id: item for item in bank if any(item.id in pool.fitting for pool in found)}
    seen: Counter[str] = Counter()
    sets: set[frozenset[str]] = set()
    levels = sorted({item.difficulty for item in fitting.values()})
    counts: dict[int, list[int]] = {level: [] for level in levels}
    means: list[float] = []
    for number in range(draws):
        drawn = rules.draw(blueprint, bank, f"sample {number}")
        names = [name for ids in drawn.values() for name in ids]
        seen.update(names)
        sets.add(frozenset(names))
        hard = Counter(fitting[name].difficulty for name in names)
        for level in levels:
            counts[level].append(hard[level])
        means.append(sum(fitting[name].difficulty for name in names) / len(names))
    exact = _exact(found, fitting)
    possible, never, always = exact or (
        None,
        tuple(sorted(set(fitting) - set(seen))),
        tuple(sorted(name for name, times in seen.items() if times == draws)),
    )
    top, times = min(seen.items(), key=lambda pair: (-pair[1], pair[0]))
    return Spread(
        draws, len(sets), possible, never, always,
        tuple(Level(level, min(c), sum(c) / len(c), max(c)) for level, c in counts.items()),
        min(means), sum(means) / len(means), max(means), (top, times / draws),
    )  # fmt: skip


def _exact(
    found: Sequence[Pool], items: Mapping[str, ItemBase]
) -> tuple[int, tuple[str, ...], tuple[str, ...]] | None:
    """Return (how many sets, never drawn, always drawn); None when draws share questions or there are too many."""
    if sum(len(pool.fitting) for pool in found) != len(items):
        return None
    possible = 1
    never: list[str] = []
    always: list[str] = []
    for pool in found:
        # questions of one difficulty and topic are alike to the draw: what counts is how many of each kind it takes
        kinds: dict[tuple[int, Any], list[str]] = {}
        for name in pool.fitting:
            kinds.setdefault((items[name].difficulty, items[name].topic), []).append(name)
        ends = _ends(tuple(kinds), tuple(len(ids) for ids in kinds.values()), pool.count)
        if ends is None:
            return None
        sizes = [len(ids) for ids in kinds.values()]
        possible *= sum(math.prod(map(math.comb, sizes, end)) for end in ends)
        for place, ids in enumerate(kinds.values()):
            if all(end[place] == 0 for end in ends):
                never += ids
            if all(end[place] == len(ids) for end in ends):
                always += ids
    return possible, tuple(sorted(never)), tuple(sorted(always))


def _ends(kinds: Sequence[tuple[int, Any]], sizes: Sequence[int], count: int) -> set[tuple[int, ...]] | None:
    """Return how many of each kind a draw can end up with.

    The draw takes one after the other, always of a kind whose difficulty and topic it has least of
    (assessments.rules); chance decides only among equals, so every such path can happen.
    """
    states = {tuple(0 for _kind in kinds)}
    for _taken in range(count):
        states = {after for state in states for after in _steps(kinds, sizes, state)}
        if len(states) > _STATES:
            return None
    return states


def _steps(
    kinds: Sequence[tuple[int, Any]], sizes: Sequence[int], state: tuple[int, ...]
) -> Iterator[tuple[int, ...]]:
    levels: Counter[int] = Counter()
    topics: Counter[Any] = Counter()
    for (level, topic), taken in zip(kinds, state, strict=True):
        levels[level] += taken
        topics[topic] += taken
    open_ = [
        (levels[level] + topics[topic], place)
        for place, (level, topic) in enumerate(kinds)
        if state[place] < sizes[place]
    ]
    least = min((worth for worth, _place in open_), default=0)
    for worth, place in open_:
        if worth == least:
            yield (*state[:place], state[place] + 1, *state[place + 1 :])
