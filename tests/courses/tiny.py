"""A tiny course that is right in everything, as files; tests damage it one place at a time."""

from __future__ import annotations

from pathlib import Path

import polib

from headstart_lms.builtin import item_types
from headstart_lms.courses.check import Checked, check_folder
from headstart_lms.courses.document import Course
from headstart_lms.courses.texts import texts
from headstart_lms.kernel.clock import now

UUID = "3f2b7c54-8d0e-4a6b-9c1d-5e7f90a1b2c3"

FILES: dict[str, str] = {
    "course.yaml": f"""\
format: 1
uuid: {UUID}
slug: tiny
version: "1.0"
kind: rights
title: A tiny course
summary: Enough to try the checker.
destination: {{country: IT}}
source_language: en
support_languages: [en, ar]
audiences: [labour, refugee]
hours: 1
authors: [Test writers]
licence: CC-BY-4.0
outcomes:
  - {{id: o-one, text: I can say one thing., topics: [rights]}}
certificate: {{units: all, blueprint: final}}
modules:
  - id: m-one
    title: The only module
    units: [first, second]
sources:
  - {{id: s-law, title: A law, url: "https://law.example.org/1", read: 2026-01-02}}
""",
    "units/first.yaml": """\
id: first
title: The first unit
minutes: 10
outcomes: [o-one]
blocks:
  - id: f-text
    type: text
    text: |
      ## A heading
      Go to the [Questura]{it} in **eight** days.
    facts: [eight-days]
  - {id: f-fact, type: fact, fact: eight-days}
  - {id: f-picture, type: picture, media: pic-door, caption: A door}
  - id: f-talk
    type: dialogue
    turns:
      - {id: t1, speaker: Sara, text: {it: "Buongiorno!"}, gloss: Good morning!, audio: clip-hello}
      - {id: t2, speaker: Omar, text: {it: "Buongiorno, signora!"}, gloss: "Good morning, madam!"}
  - {id: f-words, type: vocabulary, entries: [porta]}
  - id: f-items
    type: items
    intro: Try it.
    items:
      - id: i-one
        type: single
        prompt: What do you say in the morning?
        options:
          - {id: a, text: {it: "Buongiorno!"}, right: true}
          - {id: b, text: {it: "Buonanotte!"}, why: You say this at night.}
        explain: "[Buongiorno]{it} is right until the afternoon."
        facts: [eight-days]
      - id: i-gap
        type: gap-choice
        text: {it: "Io [[a]] Omar."}
        gaps:
          - {id: a, options: [{id: x, text: {it: sono}, right: true}, {id: y, text: {it: ho}}]}
      - {id: i-truth, type: truth, statement: The office is open., answer: false}
""",
    "units/second.yaml": """\
id: second
title: The second unit
minutes: 8
blocks:
  - {id: s-link, type: link, url: "https://office.example.org/", text: The office, language: it}
  - id: s-items
    type: items
    items:
      - id: i-short
        type: short
        prompt: How do you say "door" in Italian?
        language: it
        answers: [porta, la porta]
      - id: i-story
        type: scenario
        start: s1
        steps:
          - id: s1
            text: He keeps your passport. What do you do?
            choices:
              - {id: a, text: I say nothing., points: 0, result: Nobody may keep it.}
              - {id: b, text: I ask for it., points: 2, result: It is yours., next: s2}
          - id: s2
            text: Who can help?
            choices:
              - {id: a, text: A union, points: 2}
              - {id: b, text: Nobody, points: 0}
      - {id: i-can, type: can-do, statement: I can say one thing., outcomes: [o-one]}
""",
    "entries.yaml": """\
- id: porta
  kind: noun
  word: porta
  article: la
  gender: f
  plural: porte
  gloss: door
  picture: pic-door
""",
    "facts.yaml": """\
- id: eight-days
  claim: You ask for the permit within 8 working days.
  country: IT
  valid_from: 1998-07-25
  review_by: 2099-05-31
  source: {title: "D.Lgs. 286/1998, art. 5(2)", url: "https://law.example.org/1", read: 2026-01-02}
  owner: Test writers
""",
    "media.yaml": """\
- {id: pic-door, file: door.svg, kind: picture, alt: A door, licence: CC0-1.0, source: Drawn for this test}
- id: clip-hello
  file: hello.ogg
  kind: audio
  transcript: {it: "Buongiorno!"}
  licence: CC0-1.0
  source: Made for this test
""",
    "bank/all.yaml": """\
- {id: b-one, type: truth, statement: The first statement., answer: true, tags: [papers], topic: rights}
- {id: b-two, type: truth, statement: The second statement., answer: false, tags: [papers], difficulty: 2}
- id: b-three
  type: number
  prompt: The ticket is 1,50. You pay with 5. What do you get back?
  answer: 3.5
  tags: [money]
- {id: b-four, type: number, prompt: What is 2 and 2?, answer: 4, tags: [money]}
""",
    "blueprints.yaml": """\
- id: final
  title: Final test
  minutes: 30
  attempts: 3
  sections:
    - {id: papers, title: Papers, draw: [{tags: [papers], count: 1}]}
    - {id: money, title: Money, draw: [{tags: [money], count: 1}]}
  pass: {all: [{overall: 60}, {each: 40}]}
""",
    "media/door.svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 60"><path d="M5 5h30v50H5z"/></svg>\n',
}

#: The start of an Ogg stream: enough for what a checker may look at.
SOUND = b"OggS\x00\x02" + bytes(22)


def write(folder: Path, *, translated: bool = True) -> Path:
    """Write the course into ``folder``; with an Arabic translation that is complete, marked words and gaps kept."""
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    (folder / "media" / "hello.ogg").write_bytes(SOUND)
    if translated:
        write_arabic(folder)
    return folder


def write_arabic(folder: Path) -> None:
    """Write ``translations/ar.po`` anew: every text as it is, after one Arabic letter."""
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Language": "ar"}
    for context, text in texts(course_of(folder)):
        catalogue.append(polib.POEntry(msgctxt=context, msgid=text, msgstr=f"ع {text}"))
    (folder / "translations").mkdir(exist_ok=True)
    catalogue.save(str(folder / "translations" / "ar.po"))


def check(folder: Path) -> Checked:
    return check_folder(folder, item_types(), on=now().date())


def course_of(folder: Path) -> Course:
    """Return the document of a folder that has no errors."""
    checked = check(folder)
    assert checked.course is not None, [str(finding) for finding in checked.errors]
    return checked.course


def replace(folder: Path, name: str, old: str, new: str) -> None:
    """Change one place of one file; the old text must stand there exactly once."""
    file = folder / name
    text = file.read_text("utf-8")
    assert text.count(old) == 1, f"{name} has {text.count(old)} times {old!r}"
    file.write_text(text.replace(old, new), "utf-8")


def line_of(folder: Path, name: str, part: str) -> int:
    """Return the number, from 1, of the first line that holds ``part``."""
    lines = (folder / name).read_text("utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if part in line)
