"""When a word comes again: spaced repetition by FSRS (Free Spaced Repetition Scheduler 6), as a fold. Pure.

The scheduler is the library ``fsrs``; nothing but the log of reviews is stored, so two devices that review
offline merge by putting their rows together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fsrs import Card, Rating, Scheduler, State

#: What a learner can say of a word, in the order of the buttons.
RATINGS: Final[dict[str, int]] = {"again": 1, "hard": 2, "good": 3, "easy": 4}
#: About five minutes a day.
NEW_A_DAY: Final = 8
MOST_A_DAY: Final = 40
#: Nobody prepares for longer than this; a word that is known well comes back at least so often.
LONGEST: Final = timedelta(days=180)

# without chance: the same log must give the same days on every device
_SCHEDULER = Scheduler(enable_fuzzing=False, maximum_interval=LONGEST.days)


@dataclass(frozen=True, slots=True)
class Look:
    """One review: ``rating`` 1 to 4."""

    id: UUID
    entry_id: str
    rating: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done now."""

    #: The word that comes next; None when there is nothing to do now.
    entry_id: str | None
    #: It was not reviewed before.
    is_new: bool = False
    #: It is known for days already, so it is asked the other way round: from the meaning to the word.
    is_reversed: bool = False
    #: How many words wait today, the next one counted.
    waiting: int = 0
    #: When the next one comes, when none waits now.
    then: datetime | None = None
    reviewed_today: int = 0


def cards(looks: Iterable[Look]) -> dict[str, Card]:
    """Return {entry id: card} after all reviews, whatever their order and however often each was sent."""
    found: dict[str, Card] = {}
    once = {look.id: look for look in looks}
    for look in sorted(once.values(), key=lambda one: (one.at, one.id)):
        card = found.get(look.entry_id) or Card(card_id=0)
        found[look.entry_id], _log = _SCHEDULER.review_card(card, Rating(look.rating), look.at)
    return found


def plan(entries: Sequence[str], looks: Sequence[Look], at: datetime) -> Plan:
    """Choose the next word of ``entries`` (those the learner has met, in the order of the course).

    Words that are due come first, the longest waiting before the others, then new ones, at most NEW_A_DAY and
    MOST_A_DAY in all on one day (UTC).
    """
    known = cards(looks)
    first_looks: dict[str, datetime] = {}
    for look in sorted(looks, key=lambda one: one.at):
        first_looks.setdefault(look.entry_id, look.at)
    reviewed = sum(look.at.date() == at.date() for look in looks)
    new_today = sum(first.date() == at.date() for first in first_looks.values())
    room = max(0, MOST_A_DAY - reviewed)

    met = [name for name in entries if name in known]
    due = sorted((name for name in met if known[name].due <= at), key=lambda name: known[name].due)
    fresh = [name for name in entries if name not in known][: max(0, NEW_A_DAY - new_today)]
    waiting = min(room, len(due) + len(fresh))
    if not waiting:
        later = [known[name].due for name in met if known[name].due > at]
        return Plan(None, then=min(later, default=None) if room else None, reviewed_today=reviewed)
    chosen = (due or fresh)[0]
    return Plan(
        chosen, is_new=chosen not in known, is_reversed=_is_known(known, chosen), waiting=waiting,
        reviewed_today=reviewed,
    )  # fmt: skip


def _is_known(known: Mapping[str, Card], name: str) -> bool:
    return name in known and known[name].state is State.Review
