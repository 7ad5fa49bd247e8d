"""Numbers, dates and telephone numbers as people write them, in any script's digits."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import get_month_names

from .marking_text import base_language, digits, fold, plain

_NUMBER = re.compile(r"[+-]?\d+(?:[.,\u066b\u066c' ]\d+)*")
_SIGNS = {**dict.fromkeys(map(ord, "−‒–"), "-"), 0xA0: " ", 0x202F: " ", ord("’"): "'"}
_ISO = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})$")
_DAY_FIRST = re.compile(r"^(\d{1,2})\s?[./\- ]\s?(\d{1,2})\s?[./\- ]\s?(\d{4}|\d{2})$")
_NAMED = re.compile(r"^(?:\D*?\s)?(\d{1,2})[.°º]?\s*(?:\w{1,3}\s)?([^\W\d]+)[.,]?\s*(?:\w{1,3}\s)?(\d{4})$")
_NAMED_MONTH_FIRST = re.compile(r"^([^\W\d]+)[.]?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$")


def numbers(text: str) -> tuple[float, ...]:
    """Return every reading of the one number in a text; empty when there is none or more than one.

    Comma and point are both decimal signs somewhere and both separate thousands elsewhere: ``1.200`` is read
    as 1.2 and as 1200. A unit or currency may stand before or after.
    """
    text = digits(text).translate(_SIGNS)
    found = list(_NUMBER.finditer(text))
    if len(found) != 1 or re.search(r"[/:%]\s*$", text[: found[0].start()]):
        return ()
    written = found[0][0]
    signs = [c for c in written if c in ".,\u066b\u066c' "]
    groups = re.split(r"[.,\u066b\u066c' ]", written.lstrip("+-"))
    sign = -1.0 if written.startswith("-") else 1.0
    readings: list[str] = []
    if not signs:
        readings = [groups[0]]
    else:
        is_grouped = 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
        if is_grouped and len(set(signs)) == 1 and signs[0] != "\u066b":
            readings.append("".join(groups))
        heads = groups[:-1]
        if (
            signs[-1] in ".,\u066b"
            and signs[-1] not in signs[:-1]
            and len(set(signs[:-1])) <= 1
            and all(len(group) == 3 for group in heads[1:])
        ):
            readings.append("".join(heads) + "." + groups[-1])
    return tuple(sign * float(reading) for reading in dict.fromkeys(readings))


def same_number(given: str, answer: float, tolerance: float = 0.0) -> bool:
    """Tell whether one reading of the text is the answer, at most ``tolerance`` away."""
    slack = tolerance + 1e-9 * max(1.0, abs(answer))
    return any(abs(value - answer) <= slack for value in numbers(given))


def same_date(given: str, answer: date, language: str | None) -> tuple[bool, bool]:
    """Return (is this the date?, is its year written in full?).

    Read: 3.5.1994, 3/5/94, 3-5-1994 (day first), 1994-05-03, 3 maggio 1994, May 3, 1994; names of months in
    ``language`` and in English, in full or short.
    """
    text = plain(given)
    parts = _parts(text, language)
    if parts is None:
        return False, True
    day, month, year = parts
    is_full = len(year) == 4
    is_year = int(year) == (answer.year if is_full else answer.year % 100)
    return (day, month) == (answer.day, answer.month) and is_year, is_full


def _parts(text: str, language: str | None) -> tuple[int, int, str] | None:
    """Return (day, month, year as written)."""
    if found := _ISO.match(text):
        return int(found[3]), int(found[2]), found[1]
    if found := _DAY_FIRST.match(text):
        return int(found[1]), int(found[2]), found[3]
    months = _months(base_language(language)) | _months("en")
    if found := _NAMED.match(text):
        day, name, year = found[1], found[2], found[3]
    elif found := _NAMED_MONTH_FIRST.match(text):
        day, name, year = found[2], found[1], found[3]
    else:
        return None
    month = months.get(fold(name, language))
    return (int(day), month, year) if month else None


@lru_cache
def _months(language: str) -> dict[str, int]:
    """Return the names of the months, folded, with their numbers; empty when Babel lacks the language."""
    try:
        locale = Locale.parse(language) if language else None
    except (UnknownLocaleError, ValueError):
        return {}
    names: dict[str, int] = {}
    if locale is not None:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                for number, name in get_month_names(width, context, locale).items():
                    names[fold(name.rstrip("."), language)] = number
    return names


def phone_digits(text: str) -> str:
    """Return a telephone number as its digits, ``00`` and ``+`` alike: ``+39 333 1`` is ``+393331``."""
    text = digits(text).strip()
    number = re.sub(r"\D", "", text)
    if text.startswith("+"):
        return "+" + number
    return "+" + number[2:] if number.startswith("00") else number
