"""Progress as a fold over statements: it does not depend on their order or repetition (DESIGN 3.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from ..courses.document import Course
from ..xapi.read import Act


@dataclass(frozen=True, slots=True)
class Sat:
    """One finished sitting: its score, 0 to 1, and whether it was passed."""

    score: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """What an enrolment's statements add up to. ``merge`` is commutative, associative and idempotent."""

    #: {item id: best score 0 to 1}; an item that is not marked counts as 1 when it was answered.
    items: Mapping[str, float] = field(default_factory=dict)
    #: {blueprint id: {sitting id: result}}
    tests: Mapping[str, Mapping[str, Sat]] = field(default_factory=dict)
    first: datetime | None = None
    last: datetime | None = None

    def merge(self, other: Self) -> Progress:
        items = dict(self.items)
        for item, score in other.items.items():
            items[item] = max(score, items.get(item, 0.0))
        tests = {name: dict(sittings) for name, sittings in self.tests.items()}
        for name, sittings in other.tests.items():
            mine = tests.setdefault(name, {})
            for sitting, sat in sittings.items():
                had = mine.get(sitting)
                mine[sitting] = (
                    sat if had is None else Sat(max(had.score, sat.score), had.passed or sat.passed)
                )
        firsts = [at for at in (self.first, other.first) if at]
        lasts = [at for at in (self.last, other.last) if at]
        return Progress(items, tests, min(firsts, default=None), max(lasts, default=None))

    def has_passed(self, blueprint_id: str) -> bool:
        return any(sat.passed for sat in self.tests.get(blueprint_id, {}).values())

    def dump(self) -> dict[str, Any]:
        """Return JSON-ready data, keys sorted: equal progress dumps equal."""
        return {
            "items": dict(sorted(self.items.items())),
            "tests": {
                name: {sitting: [sat.score, sat.passed] for sitting, sat in sorted(sittings.items())}
                for name, sittings in sorted(self.tests.items())
            },
            "first": None if self.first is None else self.first.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
        }

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Progress:
        return cls(
            dict(data["items"]),
            {n: {k: Sat(v[0], v[1]) for k, v in s.items()} for n, s in data["tests"].items()},
            None if data["first"] is None else datetime.fromisoformat(data["first"]),
            None if data["last"] is None else datetime.fromisoformat(data["last"]),
        )


NOTHING = Progress()


def of_act(act: Act) -> Progress:
    """Return what one act contributes."""
    if act.kind == "answered" and act.item_id is not None and act.blueprint_id is None:
        score = 1.0 if act.scaled is None else max(0.0, min(1.0, act.scaled))
        return Progress({act.item_id: score}, {}, act.at, act.at)
    if act.kind == "tested" and act.blueprint_id is not None and act.sitting_id is not None:
        sat = Sat(max(0.0, act.scaled or 0.0), bool(act.success))
        return Progress({}, {act.blueprint_id: {str(act.sitting_id): sat}}, act.at, act.at)
    return Progress({}, {}, act.at, act.at)


def fold(acts: Iterable[Act], start: Progress = NOTHING) -> Progress:
    progress = start
    for act in acts:
        progress = progress.merge(of_act(act))
    return progress


# --- what it means for a course --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnitStanding:
    """How far a unit is: items answered of all, and the mean of the best scores of the marked ones (0 to 1)."""

    answered: int
    total: int
    mastery: float

    @property
    def is_done(self) -> bool:
        return self.answered == self.total


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a learner stands in a course, and what the certificate still asks for."""

    units: Mapping[str, UnitStanding]
    order: tuple[str, ...]
    #: The first unit that is not done; None when all are.
    next_unit: str | None
    #: The test the certificate asks for; None when it asks for none.
    blueprint: str | None
    is_test_passed: bool

    @property
    def units_done(self) -> int:
        return sum(1 for name in self.order if self.units[name].is_done)

    @property
    def units_missing(self) -> int:
        return len(self.order) - self.units_done

    @property
    def is_complete(self) -> bool:
        return self.units_missing == 0 and (self.blueprint is None or self.is_test_passed)

    @property
    def share(self) -> float:
        """Return how much is done, 0 to 1: items answered, the test counted as one unit."""
        steps = len(self.order) + (self.blueprint is not None)
        done = sum(u.answered / u.total if u.total else 1.0 for u in self.units.values())
        return (done + (self.blueprint is not None and self.is_test_passed)) / steps


def standing(course: Course, progress: Progress, paused: Collection[str] = frozenset()) -> Standing:
    """Say what progress means for a course. ``paused``: items that nobody has to answer now."""
    order = tuple(name for module in course.modules for name in module.units)
    by_id = {unit.id: unit for unit in course.units}
    units: dict[str, UnitStanding] = {}
    for name in order:
        unit, best = by_id[name], progress.items
        asked = [item for item in unit.item_ids if item not in paused] if paused else unit.item_ids
        marked = [item for item in unit.marked_ids if item not in paused] if paused else unit.marked_ids
        answered = sum(1 for item in asked if item in best)
        mastery = sum(best.get(item, 0.0) for item in marked) / len(marked) if marked else 1.0
        units[name] = UnitStanding(answered, len(asked), mastery)
    next_unit = next((name for name in order if not units[name].is_done), None)
    blueprint = course.certificate.blueprint
    return Standing(
        units, order, next_unit, blueprint, blueprint is not None and progress.has_passed(blueprint)
    )
