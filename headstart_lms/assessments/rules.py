"""Blueprints: which items a sitting gets, and whether its scores pass. Pure: same input, same output."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..courses.document import Blueprint
from ..courses.parts import ItemBase
from ..kernel.errors import Invalid
from ..kernel.i18n import _

# --- drawing -----------------------------------------------------------------------------------


def draw(
    blueprint: Blueprint,
    bank: Sequence[ItemBase],
    seed: str,
    avoid: Collection[str] = frozenset(),
    paused: Collection[str] = frozenset(),
) -> dict[str, list[str]]:
    """Draw the items of one sitting: {section id: [item ids in the order shown]}.

    The same seed always draws the same. No item comes twice. Items in ``avoid`` (seen in earlier sittings)
    come only when there are no others; difficulty and topic are spread as evenly as the bank allows. Items that
    are ``paused`` never come: places that only they could fill stay empty, for a fact that is over must not keep
    people from their test. Raises Invalid when the bank cannot fill all other draws, or a whole section is empty.
    """
    digest = hashlib.sha256(f"{blueprint.id}\n{seed}".encode()).digest()
    chance = random.Random(int.from_bytes(digest))  # noqa: S311 - repeatable on purpose, guards no secret
    items = sorted(bank, key=lambda item: item.id)  # the order of files must not change a draw

    # for each place: its section, its candidates, best first, and whether it may stay empty
    slots: list[tuple[str, _Ranking, bool]] = []
    for section in blueprint.sections:
        for one in section.draw:
            fitting = [item for item in items if set(one.tags) <= set(item.tags)]
            candidates = [item for item in fitting if item.id not in paused]
            ranked = _Ranking(candidates, chance, avoid)
            slots += [(section.id, ranked, len(candidates) < len(fitting))] * one.count
    taken = _assign([ranked for _section, ranked, _may_stay_empty in slots])

    drawn: dict[str, list[str]] = {section.id: [] for section in blueprint.sections}
    for place, (section_id, _ranked_items, may_stay_empty) in enumerate(slots):
        if place in taken:
            drawn[section_id].append(taken[place])
        elif not may_stay_empty:
            raise _too_few()
    for ids in drawn.values():
        if not ids:
            raise _too_few()
        chance.shuffle(ids)
    return drawn


def _too_few() -> Invalid:
    return Invalid(_("There are not enough questions for this test. Please tell your teacher."), "bank")


class _Ranking:
    """Candidates in order: not seen before first; within that so that every beginning of the list is mixed.

    Chance is asked once, at the start. The order is found as far as somebody reads it: a bank has many more
    questions than a draw takes.
    """

    def __init__(self, items: Sequence[ItemBase], chance: random.Random, avoid: Collection[str]) -> None:
        self._left = list(items)
        chance.shuffle(self._left)
        self._avoid = avoid
        self._levels: Counter[int] = Counter()
        self._topics: Counter[str | None] = Counter()
        self._ranked: list[str] = []

    def __iter__(self) -> Iterator[str]:
        place = 0
        while place < len(self._ranked) or self._left:
            if place == len(self._ranked):
                self._rank_one()
            yield self._ranked[place]
            place += 1

    def _rank_one(self) -> None:
        # min keeps the shuffled order among equals
        best = min(
            self._left,
            key=lambda i: (i.id in self._avoid, self._levels[i.difficulty] + self._topics[i.topic]),
        )
        self._left.remove(best)
        self._levels[best.difficulty] += 1
        self._topics[best.topic] += 1
        self._ranked.append(best.id)


def _assign(candidates: Sequence[Iterable[str]]) -> dict[int, str]:
    """Give as many places as possible an item of their own (augmenting paths), the candidates listed first first.

    A place whose candidates are all taken moves another place to its next candidate, so that draws with
    overlapping tags are filled whenever that is possible at all.
    """
    place_of: dict[str, int] = {}

    def seat(place: int, tried: set[str]) -> bool:
        for may_move in (False, True):
            for item in candidates[place]:
                if item in tried:
                    continue
                if item not in place_of:
                    place_of[item] = place
                    return True
                if may_move:
                    tried.add(item)
                    if seat(place_of[item], tried):
                        place_of[item] = place
                        return True
        return False

    for place in range(len(candidates)):
        seat(place, set())
    return {place: item for item, place in place_of.items()}


# --- results -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unmet:
    """A rule that is not fulfilled. ``need`` and ``have`` in per cent, or a number of rules (any, atleast).

    ``rule``: overall | each | section | group | any | atleast; ``sections`` says which; ``of`` what was open.
    """

    rule: str
    need: float
    have: float
    sections: tuple[str, ...] = ()
    of: tuple[Unmet, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """Scores from 0 to 1; ``unmet`` is empty exactly when the test is passed."""

    score: float
    sections: Mapping[str, float]
    passed: bool
    unmet: list[Unmet] = field(default_factory=list)


def result(blueprint: Blueprint, scores: Mapping[str, Sequence[float]]) -> Result:
    """Return the result of a sitting: ``scores`` has for each section the score of each item drawn, 0 to 1.

    A section's score is the mean of its items (one that was not answered counts 0 and must be in the list;
    a section without items scores 0), the overall score the mean of the sections by their weights.
    """
    sections = {
        s.id: _mean([(float(score), 1.0) for score in scores.get(s.id, ())]) for s in blueprint.sections
    }
    weights = {s.id: float(s.weight) for s in blueprint.sections}
    unmet = _unmet(blueprint.pass_rule, sections, weights)
    return Result(_together(sections, weights, tuple(sections)), sections, not unmet, unmet)


def _unmet(
    rule: Mapping[str, Any], sections: Mapping[str, float], weights: Mapping[str, float]
) -> list[Unmet]:
    """Return what a pass rule (courses.document, seven forms) still asks for."""

    def below(kind: str, need: float, names: Sequence[str]) -> list[Unmet]:
        have = _percent(_together(sections, weights, names))
        return [] if have >= need else [Unmet(kind, need, have, tuple(names))]

    match rule:
        case {"overall": need}:
            return below("overall", need, tuple(sections))
        case {"each": need}:
            return [unmet for name in sections for unmet in below("each", need, (name,))]
        case {"section": name, "min": need}:
            return below("section", need, (name,))
        case {"group": names, "min": need}:
            return below("group", need, names)
        case {"all": rules}:
            return [unmet for part in rules for unmet in _unmet(part, sections, weights)]
        case {"any": rules}:
            return _enough("any", 1, rules, sections, weights)
        case {"atleast": need, "of": rules}:
            return _enough("atleast", need, rules, sections, weights)
    raise ValueError(f"not a pass rule: {rule}")


def _enough(
    kind: str,
    need: int,
    rules: Sequence[Mapping[str, Any]],
    sections: Mapping[str, float],
    weights: Mapping[str, float],
) -> list[Unmet]:
    open_rules = [_unmet(part, sections, weights) for part in rules]
    met = sum(not unmet for unmet in open_rules)
    if met >= need:
        return []
    return [Unmet(kind, need, met, of=tuple(one for unmet in open_rules for one in unmet))]


def _together(sections: Mapping[str, float], weights: Mapping[str, float], names: Sequence[str]) -> float:
    return _mean([(sections[name], weights[name]) for name in names])


def _mean(scores: Sequence[tuple[float, float]]) -> float:
    """Return the weighted mean of (score, weight); 0 of nothing."""
    total = sum(weight for _score, weight in scores)
    return sum(score * weight for score, weight in scores) / total if total else 0.0


def _percent(score: float) -> float:
    # six places: 3 of 5 is 60 per cent, however the machine adds thirds; nobody is rounded up to a pass
    return round(100 * score, 6)
