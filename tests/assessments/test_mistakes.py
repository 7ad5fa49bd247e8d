"""What a writer of courses is told about a mistake: where it is, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from .samples import make_item

#: Each item has one mistake; ``place`` is where the message points, ``says`` a part of it.
_MISTAKES = r"""
- {place: options, says: Exactly one, item: {type: single, options: [{id: a, text: A}, {id: b, text: B}]}}
- place: options
  says: Exactly one
  item: {type: single, options: [{id: a, text: A, right: true}, {id: b, text: B, right: true}]}
- place: options
  says: twice
  item: {type: single, options: [{id: a, text: A, right: true}, {id: a, text: B}]}
- place: options
  says: At least one
  item: {type: multiple, options: [{id: a, text: A}, {id: b, text: B}, {id: c, text: C}]}
- {place: "", says: "three: true", item: {type: truth, statement: S, answer: not-said}}
- {place: answer, says: not-said, item: {type: truth, statement: S, answer: maybe}}
- {place: "", says: '\[\[a\]\]', item: {type: gap-type, text: "a [[b]]", gaps: [{id: a, answers: [x]}]}}
- {place: "", says: '\[\[b\]\]', item: {type: gap-type, text: "[[a]] [[b]]", gaps: [{id: a, answers: [x]}]}}
- {place: "", says: twice, item: {type: gap-type, text: "a [[a]] [[a]]", gaps: [{id: a, answers: [x]}]}}
- place: gaps.0.answers.0
  says: one letter
  item: {type: gap-type, text: "a [[a]]", gaps: [{id: a, answers: ["?"]}]}
- place: gaps.0.options
  says: Exactly one
  item: {type: gap-choice, text: "[[a]]", gaps: [{id: a, options: [{id: a, text: A}, {id: b, text: B}]}]}
- {place: answers, says: at least 1, item: {type: short, language: it, answers: []}}
- place: ""
  says: every part
  item: {type: order, unit: words, parts: [{id: a, text: A}, {id: b, text: B}], accept: [[a]]}
- place: parts
  says: same text
  item: {type: order, unit: words, parts: [{id: a, text: A}, {id: b, text: A}]}
- {place: answer, says: finite, item: {type: number, answer: .inf}}
- {place: tolerance, says: greater, item: {type: number, answer: 1, tolerance: -1}}
- {place: audio, says: required, item: {type: dictation, language: it, answers: [a]}}
- place: spots.0
  says: leaves the picture
  item:
    type: hotspot
    picture: p
    spots: [{id: a, label: A, x: 60, y: 1, width: 60, height: 1, right: true},
            {id: b, label: B, x: 0, y: 0, width: 1, height: 1}]
- place: fields.0
  says: 1994-05-03
  item: {type: form, fields: [{id: a, label: A, kind: date, answers: [3 May]}]}
- place: fields.0
  says: not a number
  item: {type: form, fields: [{id: a, label: A, kind: number, answers: [many]}]}
- place: ""
  says: circle
  item:
    type: scenario
    start: a
    steps: [{id: a, text: A, choices: [{id: a, text: A, points: 1, next: a}, {id: b, text: B, points: 0}]}]
- place: ""
  says: "'z'"
  item:
    type: scenario
    start: a
    steps: [{id: a, text: A, choices: [{id: a, text: A, points: 1, next: z}, {id: b, text: B, points: 0}]}]
- place: ""
  says: to start with
  item:
    type: scenario
    start: z
    steps: [{id: a, text: A, choices: [{id: a, text: A, points: 1}, {id: b, text: B, points: 0}]}]
- place: ""
  says: No choice leads
  item:
    type: scenario
    start: a
    steps: [{id: a, text: A, choices: [{id: a, text: A, points: 1}, {id: b, text: B, points: 0}]},
            {id: b, text: B, choices: [{id: a, text: A, points: 1}, {id: b, text: B, points: 0}]}]
- place: ""
  says: No path has a point
  item:
    type: scenario
    start: a
    steps: [{id: a, text: A, choices: [{id: a, text: A, points: 0}, {id: b, text: B, points: 0}]}]
- place: ""
  says: look the same
  item:
    type: match
    pairs: [{id: a, left: A, right: R}, {id: b, left: B, right: R}, {id: c, left: C, right: S}]
- {place: pairs.0, says: both sides, item: {type: match, pairs: [{id: a, left: A}]}}
- place: ""
  says: has pictures
  item: {type: picture, options: [{id: a, text: A, right: true}, {id: b, text: B}]}
- {place: options.0, says: needs a, item: {type: picture, audio: s, options: [{id: a, right: true}]}}
- {place: colour, says: not permitted, item: {type: can-do, statement: S, colour: red}}
"""


@pytest.mark.parametrize(
    "mistake", yaml.safe_load(_MISTAKES), ids=lambda m: f"{m['item']['type']} {m['says']}"
)
def test_a_mistake_is_refused_with_its_place(mistake: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=str(mistake["says"])) as error:
        make_item({"id": "x", **mistake["item"]})
    places = [".".join(str(step) for step in problem["loc"]) for problem in error.value.errors()]
    assert mistake["place"] in places
