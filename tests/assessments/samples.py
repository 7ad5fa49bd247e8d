"""One item of each type, its key, and how a browser would send a response."""

from __future__ import annotations

from typing import Any

import yaml

from headstart_lms.assessments.items import ITEM_TYPES
from headstart_lms.assessments.items.base import ItemType, Tokens

TOKENS = Tokens(b"a secret of this installation...", "enrolment-1")

_ITEMS = """
- id: i-single
  type: single
  prompt: What do you say in the morning?
  options:
    - {id: a, text: {it: Buongiorno!}, right: true}
    - {id: b, text: {it: Buonanotte!}, why: You say WHY-SECRET before you go to bed.}
    - {id: c, text: {it: Arrivederci!}}
  explain: "EXPLAIN-SECRET [Buongiorno]{it} is right until the afternoon."
- id: i-multiple
  type: multiple
  options: [{id: a, text: Passport, right: true}, {id: b, text: Four photos, right: true},
            {id: c, text: School books, why: WHY-SECRET}, {id: d, text: A chair}]
- id: i-truth
  type: truth
  stimulus: {it: "La farmacia è chiusa il lunedì."}
  statement: The pharmacy is open on Monday.
  answer: false
  three: true
  explain: EXPLAIN-SECRET
- id: i-match
  type: match
  pairs:
    - {id: a, left: {it: il pane}, right: bread}
    - {id: b, left: {it: il latte}, right: milk}
    - {id: c, left: {it: "l'acqua"}, right: water}
  extra: [{id: x, text: meat}]
- id: i-match-pictures
  type: match
  pairs:
    - {id: a, left: {it: il pane}, right_picture: pic-bread}
    - {id: b, left_picture: pic-milk, right: milk}
    - {id: c, left: {it: "l'acqua"}, right: water, right_picture: pic-water}
- id: i-order
  type: order
  unit: words
  parts: [{id: p1, text: {it: Mi}}, {id: p2, text: {it: chiamo}}, {id: p3, text: {it: Amina}},
          {id: p4, text: {it: Haddad}}]
- id: i-gap-choice
  type: gap-choice
  text: {it: "Io [[a]] di Tunisi e [[b]] 30 anni."}
  gaps:
    - {id: a, options: [{id: a, text: {it: sono}, right: true}, {id: b, text: {it: ho}, why: WHY-SECRET}]}
    - {id: b, options: [{id: a, text: {it: sono}}, {id: b, text: {it: ho}, right: true}]}
- id: i-gap-type
  type: gap-type
  text: {it: "Buongiorno, [[a]] chiamo Amina.\\nE tu, come ti [[b]]?"}
  gaps: [{id: a, answers: [miSECRET]}, {id: b, answers: [chiamiSECRET]}]
- id: i-short
  type: short
  prompt: How do you say "thank you" in Italian?
  language: it
  answers: [grazieSECRET, grazie milleSECRET]
- id: i-form
  type: form
  stimulus: "Amina H. was born on 3 May 94 in Tunis."
  fields:
    - {id: surname, label: {it: Cognome}, kind: name, answers: [HaddadSECRET]}
    - {id: birth, label: {it: Data di nascita}, kind: date, answers: ["1994-05-03"]}
    - {id: phone, label: {it: Telefono}, kind: phone, answers: ["3335550142"]}
    - {id: price, label: {it: Prezzo}, kind: number, answers: ["8,50"]}
- id: i-dictation
  type: dictation
  audio: clip-come
  plays: 2
  language: it
  answers: ["Come ti chiamiSECRET?"]
- id: i-picture
  type: picture
  stimulus: {it: il pane}
  options: [{id: a, picture: pic-bread, right: true}, {id: b, picture: pic-milk}, {id: c, audio: clip-come}]
- id: i-number
  type: number
  prompt: The bus costs € 1,50. You pay with € 5. How much do you get back?
  answer: 3.75
  tolerance: 0
  unit: euros
- id: i-hotspot
  type: hotspot
  picture: pic-form
  spots:
    - {id: a, label: top field, x: 5, y: 10, width: 60, height: 12, right: true}
    - {id: b, label: lower field, x: 5, y: 40, width: 60, height: 12}
- id: i-scenario
  type: scenario
  start: s1
  steps:
    - id: s1
      text: Your employer keeps your passport "to be safe". What do you do?
      choices:
        - {id: a, text: I say nothing., points: 0, result: "RESULT-SECRET Nobody may keep it.", next: s2}
        - {id: b, text: I ask for it back., points: 2, result: "RESULT-SECRET Good.", next: s2}
    - id: s2
      text: He says no. LATER-SECRET
      choices:
        - {id: a, text: A union or the police, points: 2, result: "RESULT-SECRET It is free."}
        - {id: b, text: Nobody, points: 0, result: "RESULT-SECRET There is help."}
- id: i-can-do
  type: can-do
  statement: I can say my name and where I come from.
"""

KEYS: dict[str, dict[str, Any]] = {
    "i-single": {"choice": "a"},
    "i-multiple": {"choices": ["a", "b"]},
    "i-truth": {"choice": "false"},
    "i-match": {"pairs": {"a": "a", "b": "b", "c": "c"}},
    "i-match-pictures": {"pairs": {"a": "a", "b": "b", "c": "c"}},
    "i-order": {"order": ["p1", "p2", "p3", "p4"]},
    "i-gap-choice": {"gaps": {"a": "a", "b": "b"}},
    "i-gap-type": {"texts": {"a": "miSECRET", "b": "chiamiSECRET"}},
    "i-short": {"text": "grazieSECRET"},
    "i-form": {
        "texts": {"surname": "HaddadSECRET", "birth": "3.5.1994", "phone": "333 555 01 42", "price": "€ 8.50"}
    },
    "i-dictation": {"text": "Come ti chiamiSECRET"},
    "i-picture": {"choice": "a"},
    "i-number": {"text": "3,75"},
    "i-hotspot": {"choice": "a"},
    "i-scenario": {"path": {"s1": "b", "s2": "a"}, "complete": True},
    "i-can-do": {"choice": "alone"},
}


def make_item(data: dict[str, Any] | str) -> ItemType:
    """Validate one item, given as data or as YAML."""
    loaded = yaml.safe_load(data) if isinstance(data, str) else data
    return ITEM_TYPES[loaded["type"]].model_validate(loaded)


ITEMS: dict[str, ItemType] = {data["id"]: make_item(data) for data in yaml.safe_load(_ITEMS)}
MARKED = [name for name, item in ITEMS.items() if item.is_marked]


def sent(item: ItemType, response: dict[str, Any], tokens: Tokens = TOKENS) -> dict[str, list[str]]:
    """Return the form fields a browser sends for this response."""

    def token(part: str) -> str:
        return tokens.token(item.id, part)

    match item.type:
        case "single" | "picture" | "hotspot":
            return {"response": [token(response["choice"])]}
        case "truth" | "can-do":
            return {"response": [response["choice"]]}
        case "multiple":
            return {"response": [token(name) for name in response["choices"]]}
        case "match":
            return {
                f"response-{left}": [token(f"right/{right}")] for left, right in response["pairs"].items()
            }
        case "order":
            return {f"response-{token(name)}": [str(n)] for n, name in enumerate(response["order"], 1)}
        case "gap-choice":
            return {f"response-{gap}": [token(f"{gap}/{name}")] for gap, name in response["gaps"].items()}
        case "gap-type" | "form":
            return {f"response-{part}": [text] for part, text in response["texts"].items()}
        case "short" | "dictation" | "number":
            return {"response": [response["text"]]}
        case "scenario":
            return {f"response-{step}": [token(f"{step}/{name}")] for step, name in response["path"].items()}
    raise ValueError(item.type)
