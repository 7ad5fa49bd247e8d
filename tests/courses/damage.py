"""What writers of courses get wrong: one change each, and where the checker must point."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Damage:
    """One change to one file of the tiny course.

    ``at`` is a text that stands on the line the finding must name ("" for findings without a line); ``path`` is
    how the finding names the place; ``says`` is a part of its sentence.
    """

    what: str
    file: str
    old: str
    new: str
    at: str
    path: str
    says: str
    #: The file that the finding names, when it is another one.
    named: str = ""

    def __str__(self) -> str:
        return self.what


DAMAGE: tuple[Damage, ...] = (
    # the head of the course
    Damage("a field nobody knows", "course.yaml", "hours: 1", "hours: 1\nlength: 3", "length: 3", "length",
           "There is no field 'length'"),
    Damage("a field left out", "course.yaml", "licence: CC-BY-4.0\n", "", "format: 1", "licence",
           "'licence' is missing"),
    Damage("a version without quotes", "course.yaml", 'version: "1.0"', "version: 1.0", "version: 1.0", "version",
           "Write a text here (in quotes"),
    Damage("a version of one number", "course.yaml", 'version: "1.0"', 'version: "1"', 'version: "1"', "version",
           "edition.correction"),
    Damage("a uuid that is none", "course.yaml", "uuid: 3f2b7c54", "uuid: 3f2b7c5", "uuid: 3f2b7c5", "uuid",
           "Write a UUID here"),
    Damage("a country in small letters", "course.yaml", "{country: IT}", "{country: it}", "{country: it}",
           "destination.country", "two capital letters"),
    Damage("a kind that does not exist", "course.yaml", "kind: rights", "kind: driving", "kind: driving", "kind",
           "'driving' is not one of"),
    Damage("a topic that does not exist", "course.yaml", "topics: [rights]", "topics: [right]", "topics: [right]",
           "outcomes.o-one.topics.0", "'right' is not one of"),
    Damage("no hours", "course.yaml", "hours: 1", "hours: 0", "hours: 0", "hours", "greater than 0"),
    Damage("a language course that teaches none", "course.yaml", "kind: rights", "kind: language", "format: 1",
           "taught", "taught: {language: it, level: A1}"),
    Damage("support without the source language", "course.yaml", "[en, ar]", "[ar]", "support_languages: [ar]",
           "support_languages", "Add the source language 'en'"),
    Damage("an empty title", "course.yaml", "title: A tiny course", 'title: " "', 'title: " "', "title",
           "The text is empty"),
    Damage("units written into the head", "course.yaml", "hours: 1", "units: []\nhours: 1", "units: []", "units",
           "stands in its own file"),
    Damage("a test for the certificate that is not there", "course.yaml", "blueprint: final", "blueprint: finale",
           "blueprint: finale", "certificate.blueprint", "There is no blueprint 'finale'"),
    # structure
    Damage("a unit without a file", "course.yaml", "[first, second]", "[first, second, third]", "second, third]",
           "modules.m-one.units.2", "There is no file units/third.yaml"),
    Damage("a unit listed twice", "course.yaml", "[first, second]", "[first, second, first]", "second, first]",
           "modules.m-one.units.2", "stands in two places"),
    Damage("a unit that no module lists", "course.yaml", "[first, second]", "[first]", "id: second",
           "units.second.id", "No module lists the unit 'second'", named="units/second.yaml"),
    Damage("a unit with the id of another word than its file", "units/second.yaml", "id: second", "id: zweite",
           "id: zweite", "id", "The file is called second"),
    Damage("a unit with the id of a block", "units/first.yaml", "id: f-text", "id: second", "id: second",
           "units.second.id", "also the id of a block", named="units/second.yaml"),
    Damage("two blocks with one id", "units/second.yaml", "id: s-link", "id: f-text", "id: f-text",
           "units.second.blocks.f-text.id", "stands twice in the course"),
    Damage("an item of the bank that stands in a unit", "bank/all.yaml", "id: b-two", "id: i-truth", "id: i-truth",
           "bank.i-truth.id", "stands twice in the course"),
    Damage("an id with capital letters", "units/first.yaml", "id: i-one", "id: I-One", "id: I-One",
           "units.first.blocks.f-items.items.I-One.id", "small letters, digits, hyphens"),
    Damage("a unit that takes an hour", "units/first.yaml", "minutes: 10", "minutes: 60", "minutes: 60",
           "units.first.minutes", "less than or equal to 30"),
    Damage("minutes in words", "units/first.yaml", "minutes: 10", "minutes: ten", "minutes: ten",
           "units.first.minutes", "Write a whole number here"),
    Damage("a block of an unknown type", "units/first.yaml", "type: dialogue", "type: dialog", "id: f-talk",
           "units.first.blocks.f-talk", "There is no block type 'dialog'"),
    Damage("a block without a type", "units/first.yaml", "    type: dialogue\n", "", "id: f-talk",
           "units.first.blocks.f-talk", "'type' is missing"),
    Damage("a dialogue of one turn", "units/first.yaml",
           '      - {id: t2, speaker: Omar, text: {it: "Buongiorno, signora!"}, gloss: "Good morning, madam!"}\n', "",
           "turns:", "units.first.blocks.f-talk.turns", "At least 2 are needed"),
    # references
    Damage("a fact that is not there", "units/first.yaml", "    facts: [eight-days]\n  - {id: f-fact",
           "    facts: [ten-days]\n  - {id: f-fact", "facts: [ten-days]", "units.first.blocks.f-text.facts.0",
           "There is no fact 'ten-days'"),
    Damage("a fact block about nothing", "units/first.yaml", "fact: eight-days}", "fact: ten-days}", "f-fact",
           "units.first.blocks.f-fact.fact", "There is no fact 'ten-days'"),
    Damage("an outcome that is not there", "units/first.yaml", "outcomes: [o-one]", "outcomes: [o-two]", "[o-two]",
           "units.first.outcomes.0", "There is no outcome 'o-two'"),
    Damage("an entry that is not there", "units/first.yaml", "entries: [porta]", "entries: [porte]", "f-words",
           "units.first.blocks.f-words.entries.0", "There is no entry 'porte'"),
    Damage("a picture that is not there", "units/first.yaml", "media: pic-door", "media: pic-gate", "f-picture",
           "units.first.blocks.f-picture.media", "There is no media 'pic-gate'"),
    Damage("a sound where a picture belongs", "units/first.yaml", "media: pic-door", "media: clip-hello", "f-picture",
           "units.first.blocks.f-picture.media", "'clip-hello' is audio, but picture is needed"),
    # items
    Damage("an item of an unknown type", "units/first.yaml", "type: single", "type: choose", "id: i-one",
           "units.first.blocks.f-items.items.i-one", "There is no item type 'choose'"),
    Damage("a question without a right answer", "units/first.yaml", 'text: {it: "Buongiorno!"}, right: true}',
           'text: {it: "Buongiorno!"}}', "options:", "units.first.blocks.f-items.items.i-one.options", "right"),
    Damage("a question with two right answers", "units/first.yaml", "why: You say this at night.",
           "right: true", "options:", "units.first.blocks.f-items.items.i-one.options", "right"),
    Damage("two options with one id", "units/first.yaml", "{id: b, text: {it: \"Buonanotte!\"}",
           "{id: a, text: {it: \"Buonanotte!\"}", "options:",
           "units.first.blocks.f-items.items.i-one.options", "twice"),
    Damage("a gap that the text does not have", "units/first.yaml", "Io [[a]] Omar.", "Io sono Omar.", "id: i-gap",
           "units.first.blocks.f-items.items.i-gap", "[[a]]"),
    Damage("an answer that is neither true nor false", "units/first.yaml", "answer: false}", "answer: maybe}",
           "i-truth", "units.first.blocks.f-items.items.i-truth.answer", "true, false, not-said"),
    Damage("a story that leads nowhere", "units/second.yaml", "next: s2}", "next: s3}", "id: i-story",
           "units.second.blocks.s-items.items.i-story", "leads to 's3'"),
    Damage("a story that leads in a circle", "units/second.yaml", "text: A union, points: 2}",
           "text: A union, points: 2, next: s1}", "id: i-story", "units.second.blocks.s-items.items.i-story", "circle"),
    Damage("a question without an answer", "units/second.yaml", "answers: [porta, la porta]", "answers: []",
           "answers: []", "units.second.blocks.s-items.items.i-short.answers", "At least 1"),
    # tests
    Damage("an item of the bank without tags", "bank/all.yaml", "tags: [papers], topic: rights", "difficulty: 1",
           "id: b-one", "bank.b-one", "needs tags"),
    Damage("a bank too small for its test", "blueprints.yaml", "[papers], count: 1", "[papers], count: 3",
           "id: papers", "blueprints.final.sections.papers.draw.0", "has 2 items with these tags, but 3 are drawn"),
    Damage("a self-assessment in the bank", "bank/all.yaml",
           "{id: b-one, type: truth, statement: The first statement., answer: true,",
           "{id: b-one, type: can-do, statement: The first statement.,", "id: b-one", "bank.b-one.type",
           "only hold items that are marked"),
    Damage("a pass rule about a section that is not there", "blueprints.yaml", "{each: 40}",
           "{section: paper, min: 40}", "section: paper,", "blueprints.final.pass", "names the section 'paper'"),
    Damage("a pass rule of no known form", "blueprints.yaml", "{each: 40}", "{most: 40}", "most: 40",
           "blueprints.final.pass", "A pass rule is one of"),
    Damage("a pass mark over a hundred", "blueprints.yaml", "{each: 40}", "{each: 140}", "each: 140",
           "blueprints.final.pass", "from 0 to 100"),
    Damage("two sections with one id", "blueprints.yaml", "id: money", "id: papers", "title: Money",
           "blueprints.final.sections.papers.id", "stands twice here"),
    # facts
    Damage("a date that does not exist", "facts.yaml", "1998-07-25", "1998-02-30", "1998-02-30",
           "facts.eight-days.valid_from", "Write a date here"),
    Damage("a source read in the future", "facts.yaml", "read: 2026-01-02", "read: 2096-01-02", "2096-01-02",
           "facts.eight-days.source.read", "in the future"),
    Damage("a fact that ends before it begins", "facts.yaml", "valid_from: 1998-07-25",
           "valid_from: 1998-07-25\n  valid_until: 1997-01-01", "1997-01-01", "facts.eight-days.valid_until",
           "ends before it begins"),
    Damage("an address that is none", "facts.yaml", '"https://law.example.org/1"', "law.example.org", "source:",
           "facts.eight-days.source.url", "Write a whole web address"),
    Damage("a fact without an owner", "facts.yaml", "  owner: Test writers\n", "", "id: eight-days",
           "facts.eight-days.owner", "'owner' is missing"),
    # text
    Damage("HTML in a text", "units/first.yaml", "in **eight** days", "in <b>eight</b> days", "text: |",
           "units.first.blocks.f-text.text", "HTML is not taken"),
    Damage("a heading of the first level", "units/first.yaml", "## A heading", "# A heading", "text: |",
           "units.first.blocks.f-text.text", "start at '##'"),
    Damage("a picture inside a text", "units/first.yaml", "in **eight** days", "![x](https://x.example/y.png)",
           "text: |", "units.first.blocks.f-text.text", "Pictures have a block of their own"),
    Damage("words in two languages at once", "units/first.yaml", 'gloss: "Good morning, madam!"',
           "gloss: {it: Buongiorno, en: Hello}", "id: t2", "units.first.blocks.f-talk.turns.t2.gloss", "Write a text"),
    # media
    Damage("a file that is not there", "media.yaml", "door.svg", "gate.svg", "gate.svg", "media.pic-door.file",
           "There is no file media/gate.svg"),
    Damage("a file above the folder", "media.yaml", "door.svg", "../course.yaml", "../course.yaml",
           "media.pic-door.file", "small letters, digits, dots"),
    Damage("a file of a kind we do not take", "media.yaml", "door.svg", "door.html", "door.html",
           "media.pic-door.file", "Files of this kind are not taken"),
    Damage("a picture without words", "media.yaml", "alt: A door, ", "", "pic-door", "media.pic-door",
           "A picture needs 'alt'"),
    Damage("a licence that says nothing", "media.yaml", "CC0-1.0, source: Drawn", '" ", source: Drawn', "pic-door",
           "media.pic-door", "under which 'licence'"),
    Damage("a source that says nothing", "media.yaml", "source: Drawn for this test", 'source: ""', "pic-door",
           "media.pic-door", "and its 'source'"),
    Damage("sound without words", "media.yaml", '  transcript: {it: "Buongiorno!"}\n', "", "clip-hello",
           "media.clip-hello", "need a 'transcript'"),
    Damage("media without a licence", "media.yaml", "licence: CC0-1.0, source: Drawn", "source: Drawn", "pic-door",
           "media.pic-door.licence", "'licence' is missing"),
    # lists
    Damage("a mapping where a list belongs", "facts.yaml", "- id: eight-days\n", "  id: eight-days\n", "id: eight-days",
           "", "Write a list here"),
    Damage("a word where a list belongs", "units/first.yaml", "entries: [porta]", "entries: porta", "f-words",
           "units.first.blocks.f-words.entries", "Write a list here"),
    Damage("a list where a word belongs", "units/first.yaml", "type: single", "type: [single]", "id: i-one",
           "units.first.blocks.f-items.items.i-one", "There is no item type"),
    # YAML
    Damage("a bracket that is not closed", "units/second.yaml", "answers: [porta, la porta]",
           "answers: [porta, la porta",
           "- id: i-story", "", "Not readable as YAML"),
    Damage("a tab for a space", "units/second.yaml", "minutes: 8", "minutes:\n\t8", "\t8", "", "Not readable as YAML"),
    Damage("one name twice", "units/second.yaml", "minutes: 8", "minutes: 8\nminutes: 9", "minutes: 9", "",
           "'minutes' stands twice"),
    Damage("an anchor and its alias", "units/second.yaml", "answers: [porta, la porta]",
           "answers: [&p porta, *p]", "&p porta", "", "anchors and aliases"),
    Damage("a tag of another program", "units/second.yaml", "minutes: 8", "minutes: !!python/name:os.system 8",
           "!!python", "", "tags are not allowed"),
    Damage("a key that is a list", "units/second.yaml", "minutes: 8", "minutes: 8\n? [a, b]\n: c", "? [a, b]", "",
           "A key must be a plain word"),
    Damage("two documents in one file", "units/second.yaml", "minutes: 8", "minutes: 8\n---\nid: other", "---", "",
           "Not readable as YAML"),
    Damage("a number of five thousand digits", "units/second.yaml", "minutes: 8", "minutes: " + 5000 * "9",
           "minutes: 99",
           "", "too long"),
    # options
    Damage("two options that read the same", "units/first.yaml", 'text: {it: "Buonanotte!"}',
           'text: {it: "buongiorno"}', "options:", "units.first.blocks.f-items.items.i-one.options",
           "'a' and 'b' read the same"),
    Damage("two words for a gap that are the same", "units/first.yaml", "text: {it: ho}", "text: {it: Sono}",
           "options: [{id: x", "units.first.blocks.f-items.items.i-gap.gaps.a.options", "'x' and 'y' read the same"),
    # ids that are paths of ours
    *(
        Damage(f"a unit called {word}", "course.yaml", "[first, second]", f"[first, {word}]", f"id: {word}",
               f"units.{word}.id", f"'{word}'", named=f"units/{word}.yaml")
        for word in ("words", "tests", "items", "enrol", "review", "move")
    ),
    # translations
    Damage("a translation that loses a marked word", "translations/ar.po", 'msgstr "ع [Buongiorno]{it} is right',
           'msgstr "ع Buongiorno is right', "first/i-one/explain", "first/i-one/explain",
           "must stand in the translation"),
    Damage("a translation file that is not one", "translations/ar.po", 'msgid "A tiny course"', 'what is this',
           "what is this", "", "Not readable as PO"),
)  # fmt: skip
