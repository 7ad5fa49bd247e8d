"""When a word comes again: from the log of reviews alone, whatever its order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from headstart_lms.assessments.spacing import LONGEST, MOST_A_DAY, NEW_A_DAY, Look, cards, plan

START = datetime(2026, 11, 1, 8, tzinfo=UTC)
WORDS = [f"w{n}" for n in range(60)]

looks = st.lists(
    st.builds(
        Look,
        id=st.uuids(),
        entry_id=st.sampled_from(WORDS[:6]),
        rating=st.integers(1, 4),
        at=st.integers(0, 200_000).map(lambda minutes: START + timedelta(minutes=minutes)),
    ),
    max_size=40,
)


def look(number: int, word: str, rating: int, at: datetime) -> Look:
    return Look(UUID(int=number), word, rating, at)


@given(looks, st.randoms(use_true_random=False))
def test_two_devices_merge_in_any_order_and_nothing_counts_twice(log: list[Look], chance: object) -> None:
    mixed = [*log, *log[: len(log) // 2]]
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert {n: c.to_dict() for n, c in cards(mixed).items()} == {
        n: c.to_dict() for n, c in cards(log).items()
    }


@given(looks)
def test_no_word_is_put_off_for_longer_than_the_longest(log: list[Look]) -> None:
    for card in cards(log).values():
        assert card.last_review is not None
        assert timedelta(0) <= card.due - card.last_review <= LONGEST + timedelta(days=1)


def test_a_word_that_was_not_known_comes_back_within_minutes_and_a_known_one_after_days() -> None:
    again = plan(WORDS[:1], [look(1, "w0", 1, START)], START + timedelta(minutes=2))
    assert again.entry_id == "w0"
    assert not again.is_new
    easy = plan(WORDS[:1], [look(1, "w0", 4, START)], START + timedelta(hours=20))
    assert easy.entry_id is None
    assert easy.then is not None
    assert easy.then - START > timedelta(days=1)


def test_what_is_due_comes_before_new_words_the_longest_waiting_first() -> None:
    log = [look(1, "w1", 1, START), look(2, "w2", 1, START - timedelta(hours=1))]
    at = START + timedelta(hours=2)
    assert plan(WORDS, log, at).entry_id == "w2"
    log += [look(3, "w2", 4, at), look(4, "w1", 4, at)]
    later = plan(WORDS, log, at + timedelta(minutes=1))
    assert (later.entry_id, later.is_new) == ("w0", True)


def test_a_word_that_is_known_for_days_is_asked_the_other_way_round() -> None:
    log = [look(1, "w0", 4, START)]
    due = plan(WORDS[:1], log, START + timedelta(days=30))
    assert (due.entry_id, due.is_reversed) == ("w0", True)


def test_a_day_brings_few_new_words_and_has_an_end() -> None:
    at, log = START, list[Look]()
    while (now := plan(WORDS, log, at)).entry_id is not None:
        log.append(look(len(log) + 1, now.entry_id, 4, at))
        at += timedelta(seconds=10)
    assert len(log) == NEW_A_DAY
    while (now := plan(WORDS, log, at)).entry_id is not None and at.date() == START.date():
        log.append(look(len(log) + 1, now.entry_id, 1, at))  # never known: it would go on all day
        at += timedelta(minutes=2)
    assert len(log) <= MOST_A_DAY
    tomorrow = plan(WORDS, log, START + timedelta(days=1))
    assert tomorrow.entry_id is not None
