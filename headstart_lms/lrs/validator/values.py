"""Checks of single values: each raises Problem with its clause, or returns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Set
from typing import Any

from . import formats
from .errors import Problem

Check = Callable[[Any], None]
#: property name -> check of its value
Rules = Mapping[str, Check]

TYPES = "1.0.3 Data 2.2; 2.0 4.2.1"


def check_object(value: Any, rules: Rules, required: Set[str], what: str, clause: str) -> None:
    """Check that a value is an object with these properties: no others, the required ones there."""
    if type(value) is not dict:
        raise Problem(clause, f"{what} must be an object.")
    for name, part in value.items():
        check = rules.get(name)
        if check is None:
            raise Problem(TYPES, f"{what} has no property “{name[:80]}”.", name)
        try:
            check(part)
        except Problem as problem:
            problem.path.insert(0, name)
            raise
    if not required <= value.keys():
        missing = ", ".join(sorted(required - value.keys()))
        raise Problem(clause, f"{what} needs: {missing}.")


def check_list(value: Any, check: Check, what: str, clause: str) -> None:
    if type(value) is not list:
        raise Problem(clause, f"{what} must be an array.")
    for index, part in enumerate(value):
        try:
            check(part)
        except Problem as problem:
            problem.path.insert(0, index)
            raise


def text(what: str, clause: str = TYPES) -> Check:
    """Return a check for a string."""

    def check(value: Any) -> None:
        if type(value) is not str:
            raise Problem(clause, f"{what} must be a string.")

    return check


def formatted(is_right: Callable[[str], bool], what: str, clause: str) -> Check:
    """Return a check for a string of a format; ``what`` completes "must be ..."."""

    def check(value: Any) -> None:
        if type(value) is not str or not is_right(value):
            raise Problem(clause, f"This must be {what}.")

    return check


iri = formatted(formats.is_iri, "an absolute IRI with a scheme", "1.0.3 Data 4.1; RFC 3987; 2.0 4.2.7")
uuid = formatted(formats.is_uuid, "a UUID", "1.0.3 Data 4.4; RFC 4122; 2.0 4.2.7")
timestamp = formatted(
    formats.is_timestamp, "a timestamp with an offset (RFC 3339)", "1.0.3 Data 4.5; RFC 3339; 2.0 4.2.7"
)
duration = formatted(formats.is_duration, "a duration (ISO 8601)", "1.0.3 Data 4.6; 2.0 4.2.7")
language = formatted(formats.is_language, "a language tag (RFC 5646)", "1.0.3 Data 4.2; RFC 5646; 2.0 4.2.7")


def boolean(value: Any) -> None:
    if type(value) is not bool:
        raise Problem(TYPES, "This must be true or false.")


def number(value: Any) -> None:
    if type(value) is not int and type(value) is not float:
        raise Problem(TYPES, "This must be a number.")
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise Problem(TYPES, "This number is too large for a double.")


def language_map(value: Any) -> None:
    """Language tags to strings (1.0.3 Data 4.2)."""
    if type(value) is not dict:
        raise Problem("1.0.3 Data 4.2; 2.0 4.2.7", "A language map must be an object.")
    for tag, words in value.items():
        if not formats.is_language(tag):
            raise Problem("1.0.3 Data 4.2; RFC 5646; 2.0 4.2.7", "This is no language tag (RFC 5646).", tag)
        if type(words) is not str:
            raise Problem("1.0.3 Data 4.2; 2.0 4.2.7", "The words of a language map must be strings.", tag)


def extensions(value: Any) -> None:
    """IRIs to any JSON, null included (1.0.3 Data 4.1.11 b1)."""
    if type(value) is not dict:
        raise Problem("1.0.3 Data 4.3; 2.0 4.2.7", "Extensions must be an object.")
    for name in value:
        if not formats.is_iri(name):
            raise Problem("1.0.3 Data 4.3; 2.0 4.2.7", "An extension is named by an absolute IRI.", name)
