"""What is kept in memory has a number and a weight."""

from __future__ import annotations

import pytest

from headstart_lms.kernel.cache import Cache


def kept(cache: Cache, keys: str) -> str:
    found = ""
    for key in keys:
        try:
            found += cache.get(key)
        except KeyError:
            pass
    return found


def test_what_was_used_longest_ago_makes_room() -> None:
    cache = Cache(2, 100)
    cache.put("a", "a")
    cache.put("b", "b")
    cache.get("a")
    cache.put("c", "c")
    assert kept(cache, "abc") == "ac"


def test_heavy_things_push_out_more_than_light_ones() -> None:
    cache = Cache(10, 100)
    for key in "abcd":
        cache.put(key, key, 25)
    cache.put("e", "e", 60)
    assert kept(cache, "abcde") == "de"


@pytest.mark.parametrize("again", [1, 5])
def test_a_thing_that_is_put_again_counts_once(again: int) -> None:
    cache = Cache(10, 100)
    for _time in range(again):
        cache.put("a", "a", 90)
    cache.put("b", "b", 10)
    assert kept(cache, "ab") == "ab"


def test_what_is_too_heavy_is_not_kept_at_all() -> None:
    cache = Cache(10, 100)
    cache.put("a", "a", 101)
    assert kept(cache, "a") == ""
    cache.put("b", "b", 100)
    assert kept(cache, "b") == "b"
