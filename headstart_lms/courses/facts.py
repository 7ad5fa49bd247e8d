"""Which facts of a course have to be looked at again, and what hangs on them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from .document import Course, Fact
from .parts import FactBlock, ItemsBlock


@dataclass(frozen=True)
class DueFact:
    """A fact that is over (``expired``), or whose day of review has come (``review``)."""

    course: str
    fact: Fact
    why: Literal["expired", "review"]
    #: The units and, as ``bank``, the questions of tests that refer to it.
    used_in: tuple[str, ...]
    #: How many questions are not asked while it is expired.
    items: int

    @property
    def since(self) -> date:
        """The day on which it was to be looked at."""
        if self.why == "expired" and self.fact.valid_until is not None:
            return self.fact.valid_until
        return self.fact.review_by

    def row(self) -> dict[str, Any]:
        """Return it for a table or JSON."""
        fact = self.fact
        return {
            "course": self.course, "fact": fact.id, "why": self.why, "since": self.since.isoformat(),
            "valid_until": fact.valid_until and fact.valid_until.isoformat(),
            "review_by": fact.review_by.isoformat(), "owner": fact.owner, "country": fact.country,
            "claim": fact.claim.text, "source": fact.source.title, "url": str(fact.source.url),
            "read": fact.source.read.isoformat(), "used_in": list(self.used_in), "items": self.items,
        }  # fmt: skip


def due(course: Course, on: date, within: int = 0) -> list[DueFact]:
    """Return what has to be looked at by ``within`` days after ``on``, the longest overdue first."""
    last = on + timedelta(days=within)
    found = []
    for fact in course.facts:
        if fact.is_expired(last):
            why: Literal["expired", "review"] = "expired"
        elif fact.review_by <= last:
            why = "review"
        else:
            continue
        places = tuple(_places(course, fact.id))
        units = tuple(dict.fromkeys(unit for unit, _item in places))
        found.append(DueFact(course.slug, fact, why, units, sum(is_item for _unit, is_item in places)))
    return sorted(found, key=lambda one: (one.since, one.fact.id))


def _places(course: Course, fact_id: str) -> Iterator[tuple[str, bool]]:
    """Yield (unit or ``bank``, whether it is a question) of everything that refers to a fact."""
    for unit in course.units:
        for block in unit.blocks:
            of_block = fact_id in block.facts or (isinstance(block, FactBlock) and block.fact == fact_id)
            if of_block:
                yield unit.id, False
            if isinstance(block, ItemsBlock):
                for item in block.items:
                    if of_block or fact_id in item.facts:
                        yield unit.id, True
    for item in course.bank:
        if fact_id in item.facts:
            yield "bank", True
