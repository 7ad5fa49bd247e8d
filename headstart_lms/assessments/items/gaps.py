"""Texts with gaps, ``[[gap id]]``: what the two gap types share."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from pydantic_core import PydanticCustomError

from ...courses.words import Words
from .base import Field, Segment, check_unique

GAP = re.compile(r"\[\[([a-z][a-z0-9-]{0,39})\]\]")


def check_gaps(text: Words, gaps: Collection[str]) -> None:
    """Raise a located error unless every gap stands in the text exactly once and every place has its gap."""
    check_unique(gaps, "gaps")
    places = GAP.findall(text.text)
    check_unique(places, "places [[..]] in the text")
    if missing := [gap for gap in gaps if gap not in places]:
        raise PydanticCustomError("gap", "The text has no place [[{gap}]].", {"gap": missing[0]})
    if unknown := [place for place in places if place not in gaps]:
        raise PydanticCustomError("gap", "There is no gap for [[{gap}]].", {"gap": unknown[0]})


def gap_lines(text: Words, fields: Mapping[str, Field]) -> tuple[tuple[Segment, ...], ...]:
    """Cut a text into lines, and each line into words and fields.

    A translation that lost a gap still shows it, in a line of its own: every item can be answered.
    """
    lines: list[tuple[Segment, ...]] = []
    left = dict(fields)
    for line in text.text.splitlines():
        segments: list[Segment] = []
        for number, piece in enumerate(GAP.split(line)):  # words, gap id, words, gap id, ..., words
            if number % 2 == 0 and piece:
                segments.append(Segment(text=Words(piece, text.lang, text.translated)))
            elif number % 2 and piece in left:
                segments.append(Segment(field=left.pop(piece)))
        if segments:
            lines.append(tuple(segments))
    return (*lines, *((Segment(field=field),) for field in left.values()))
