"""The fifteen kinds of items (docs/content-format.md), each as a teacher fills it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ...kernel.i18n import _, _l
from .blocks import FACTS, NO_MEDIA
from .context import CourseContext, plain, rows_of, topic_names
from .fields import (
    Check,
    Checks,
    Choice,
    Label,
    Lines,
    Number,
    Orders,
    Spec,
    Text,
    fixed,
    languages,
    media,
    outcomes,
    steps,
)
from .parts import After, PartForm
from .rows import Right, Rows, fresh, option_line, pair_line, text_line

# --- what all items have ------------------------------------------------------------------------------


def _prompt(example: str, *, more: bool = False) -> Text:
    return Text(
        key="prompt", label=_l("Question"), lines=2, example=example, more=more,
        hint=_l("Left empty, learners see the usual instruction in their language."),
    )  # fmt: skip


def _stimulus(label: Label, example: str, *, more: bool = False) -> Text:
    return Text(key="stimulus", label=label, lines=3, language="taught", example=example, more=more)


PICTURE = Choice(key="picture", label=_l("Picture"), offer=media("picture"), none=NO_MEDIA, more=True)
AUDIO = Choice(key="audio", label=_l("Sound"), offer=media("audio"), none=NO_MEDIA, more=True)
READ = _l("What the question is about")
EXPLAIN = Text(
    key="explain", label=_l("Explanation"), lines=2,
    hint=_l("Learners read it after the answer: one or two sentences that say why."),
    example="Buongiorno is right until the afternoon.",
)  # fmt: skip
LAST: tuple[Spec, ...] = (
    EXPLAIN,
    Lines(
        key="tags", label=_l("Tags"), separator=", ", example="papers, a1",
        hint=_l("A test draws questions by their tags. With commas between them."),
    ),
    Choice(
        key="topic", label=_l("Topic"), none=_l("none"),
        offer=lambda course, root: tuple(topic_names().items()),
    ),
    Choice(
        key="difficulty", label=_l("Difficulty"), none=None, default="1", silent=True,
        offer=fixed(("1", _l("1: easy")), ("2", _l("2: medium")), ("3", _l("3: hard"))),
        write={"1": 1, "2": 2, "3": 3},
    ),
    Number(
        key="plays", label=_l("How often the sound may be played in a test"), whole=True, example="2", more=True
    ),
    Checks(key="outcomes", label=_l("What this practises"), offer=outcomes, more=True),
    FACTS,
)  # fmt: skip

ANSWER_TEXT = Text(key="text", label=_l("Answer"), language="taught", example="Buongiorno!")
WHY = Text(
    key="why", label=_l("Why not"), more=True,
    hint=_l("Shown to who chose this answer."), example="You say this before you go to bed.",
)  # fmt: skip
RIGHT = Right(label=_l("Right"))
ACCEPTED = Lines(
    key="answers", label=_l("Right answers, one a line"),
    hint=_l("Everything that is fully right. The first one is shown as the solution. Small slips are handled by the "
            "marking: capitals, accents, one letter."),
    example="grazie\ngrazie mille",
)  # fmt: skip
LANGUAGE = Choice(
    key="language",
    label=_l("Language of the answer"),
    offer=languages,
    none=None,
    default="taught",
    more=True,
)


def _options(label: Label, *, several: bool = False) -> Rows:
    return Rows(
        key="options", label=label, row_label=_l("Answer"), right="several" if several else "one",
        fields=(ANSWER_TEXT, Right(label=_l("Right"), several=several), WHY),
        quick=option_line, taught=("text",), quick_label=_l("More answers"),
        quick_hint=_l("One a line, with * before each right one.") if several
        else _l("One a line. Put * before the right one; else the first is right."),
    )  # fmt: skip


def _item(
    kind: str, label: Label, description: Label, icon: str, *specs: Spec,
    empty: Callable[[CourseContext], dict[str, Any]] | None = None, after: After | None = None,
) -> PartForm:  # fmt: skip
    return PartForm(
        kind=kind, of="item", label=label, description=description, icon=icon, specs=(*specs, *LAST),
        empty=empty or (lambda course: {}), after=after,
    )  # fmt: skip


def _with_language(course: CourseContext) -> dict[str, Any]:
    return {"language": course.taught or course.source}


# --- gaps: written in the text --------------------------------------------------------------------------

#: ``[sono|ho]`` in a text; not ``[[a]]``, ``[words]{it}`` nor ``[link](address)``.
_INLINE = re.compile(r"(?<!\[)\[([^\[\]\n]{1,400})\](?![\]{(])")
#: ``[[a]]`` in a text: where a gap stands.
_PLACE = re.compile(r"\[\[[a-z][a-z0-9-]*\]\]")


def _gaps_from_text(is_choice: bool) -> After:
    """Turn ``[sono|ho]`` in the text into a gap, and let text and gaps lose a gap together."""

    def after(data: dict[str, Any], before: Mapping[str, Any], course: CourseContext) -> dict[str, Any]:
        value = data.get("text")
        lang = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None
        text = (
            value if isinstance(value, str) else value.get(lang) if isinstance(value, dict) and lang else None
        )
        if not isinstance(text, str) or data == before:
            return data
        gaps = data.get("gaps")
        rows: list[Any] = list(gaps) if isinstance(gaps, list) else []
        was = {row["id"]: row for row in rows_of(before, "gaps")}
        is_now = {row.get("id") for row in rows if isinstance(row, dict)}
        for name, row in was.items():
            if name not in is_now:  # the row was deleted: its right answer stands in the text again
                text = text.replace(f"[[{name}]]", _right_of(row))
        old_text = plain(before.get("text"))
        rows = [
            row for row in rows
            if not (isinstance(row, dict) and f"[[{row.get('id')}]]" in old_text and f"[[{row.get('id')}]]" not in text)
        ]  # fmt: skip
        used = {*was, *(row.get("id") for row in rows if isinstance(row, dict))}

        def gap(match: re.Match[str]) -> str:
            answers = [part.strip() for part in match[1].split("|")]
            answers = [part for part in answers if part.strip("* ")]
            if not answers or (is_choice and len(answers) < 2):
                return match[0]
            name = fresh(used, "")
            used.add(name)
            rows.append({"id": name, **_new_gap(answers, lang, is_choice)})
            return f"[[{name}]]"

        text = _INLINE.sub(gap, text)
        found = dict(data)
        found["text"] = {lang: text} if lang else text
        if rows or "gaps" in data:
            found["gaps"] = rows
        return found

    return after


def _new_gap(answers: list[str], lang: str | None, is_choice: bool) -> dict[str, Any]:
    if not is_choice:
        return {"answers": [answer.strip("*").strip() for answer in answers]}
    right = next((n for n, answer in enumerate(answers) if answer.startswith("*")), 0)
    options: list[dict[str, Any]] = []
    for n, answer in enumerate(answers):
        text = answer.strip("*").strip()
        option = {"id": fresh((o["id"] for o in options), ""), "text": {lang: text} if lang else text}
        options.append({**option, "right": True} if n == right else option)
    return {"options": options}


def _right_of(gap: Mapping[str, Any]) -> str:
    """Return what stands in a gap when it is right; "" when the gap does not say."""
    for option in rows_of(gap, "options"):
        if option.get("right") is True:
            return plain(option.get("text"))
    answers = gap.get("answers")
    return str(answers[0]) if isinstance(answers, list) and answers else ""


# --- what follows from other fields ----------------------------------------------------------------------


def _three(data: dict[str, Any], before: Mapping[str, Any], course: CourseContext) -> dict[str, Any]:
    """ "The text does not say" is offered where it is the answer."""
    return {**data, "three": True} if data.get("answer") == "not-said" else data


def _start(data: dict[str, Any], before: Mapping[str, Any], course: CourseContext) -> dict[str, Any]:
    """A story starts with its first step unless the author chose another."""
    ids = [row["id"] for row in rows_of(data, "steps")]
    return {**data, "start": ids[0]} if ids and data.get("start") not in ids else data


_PERCENT = _l("In per cent of the picture, from the top left corner.")

ITEMS: tuple[PartForm, ...] = (
    _item(
        "single", _l("One answer"), _l("Exactly one of two to six answers is right."), "right",
        _prompt("What do you say in the morning?"), _stimulus(READ, "Buongiorno, signora!", more=True),
        _options(_l("Answers")), PICTURE, AUDIO,
    ),
    _item(
        "multiple", _l("Several answers"), _l("One or more of three to ten answers are right."), "right",
        _prompt("Which papers do you take with you?"), _stimulus(READ, "Portare passaporto e foto.", more=True),
        _options(_l("Answers"), several=True), PICTURE, AUDIO,
    ),
    _item(
        "truth", _l("True or false"), _l("Is it so? With or without \u201cthe text does not say\u201d."), "test",
        _stimulus(_l("What learners read"), "La farmacia è chiusa il lunedì."),
        Text(key="statement", label=_l("Statement"), lines=2, example="The pharmacy is open on Monday."),
        Choice(
            key="answer", label=_l("It is"), none=None, control="radio", write={"true": True, "false": False},
            offer=fixed(("true", _l("true")), ("false", _l("false")), ("not-said", _l("not said in the text"))),
        ),
        Check(key="three", label=_l("Offer \u201cThe text does not say\u201d too")),
        _prompt("Is it true?", more=True), PICTURE, AUDIO, after=_three,
    ),
    _item(
        "match", _l("Pairs"), _l("What belongs together? Three to six pairs."), "again",
        _prompt("What does it mean?"),
        Rows(
            key="pairs", label=_l("Pairs"), row_label=_l("Pair"), quick=pair_line, taught=("left",),
            quick_label=_l("More pairs"), quick_hint=_l("One a line: left = right. Example: il pane = bread"),
            fields=(
                Text(key="left", label=_l("Left"), language="taught", example="il pane"),
                Text(key="right", label=_l("Right side"), example="bread"),
                Choice(key="left_picture", label=_l("Picture left"), offer=media("picture"), none=NO_MEDIA, more=True),
                Choice(key="right_picture", label=_l("Picture right"), offer=media("picture"), none=NO_MEDIA,
                       more=True),
            ),
        ),
        Rows(
            key="extra", label=_l("Right sides that fit nowhere"), row_label=_l("Extra"), ids="x", quick=text_line,
            quick_label=_l("More of them"), quick_hint=_l("One a line, at most four."), more=True,
            fields=(
                Text(key="text", label=_l("Text"), example="meat"),
                Choice(key="picture", label=_l("Picture"), offer=media("picture"), none=NO_MEDIA, more=True),
            ),
        ),
        _stimulus(READ, "", more=True), PICTURE, AUDIO,
    ),
    _item(
        "order", _l("Put in order"), _l("Words, sentences, turns or steps in their right order."), "forward",
        _prompt("Make a sentence."),
        Choice(
            key="unit", label=_l("What is put in order"), none=None, default="words",
            offer=fixed(("words", _l("words of a sentence")), ("sentences", _l("sentences")),
                        ("turns", _l("lines of a dialogue")), ("steps", _l("steps"))),
        ),
        Rows(
            key="parts", label=_l("Parts, in the right order"), row_label=_l("Part"), ids="p", quick=text_line,
            taught=("text",), quick_label=_l("More parts"), quick_hint=_l("One a line, in the right order."),
            fields=(Text(key="text", label=_l("Text"), language="taught", example="Mi chiamo"),),
        ),
        Orders(
            key="accept", label=_l("Other right orders"), more=True, example="2 1 3",
            hint=_l("One a line, with the numbers of the parts."),
        ),
        _stimulus(READ, "", more=True), PICTURE, AUDIO, empty=lambda course: {"unit": "words"},
    ),
    _item(
        "gap-choice", _l("Gaps to choose"), _l("A text with gaps; each has a list to choose from."), "test",
        Text(
            key="text", label=_l("Text"), lines=3, language="taught", example="Io [sono|ho] di Tunisi.",
            hint=_l("Write the answers where the gap is, the right one first: Io [sono|ho] di Tunisi."),
        ),
        Rows(
            key="gaps", label=_l("Gaps"), row_label=_l("Gap"), fixed=True,
            fields=(_options(_l("Answers of this gap")),),
        ),
        _prompt("Fill the gaps.", more=True), _stimulus(READ, "", more=True), PICTURE, AUDIO,
        after=_gaps_from_text(is_choice=True),
    ),
    _item(
        "gap-type", _l("Gaps to type"), _l("A text with gaps; learners type what is missing."), "test",
        Text(
            key="text", label=_l("Text"), lines=3, language="taught", example="Buongiorno, [mi] chiamo Amina.",
            hint=_l("Write the missing words in brackets: [mi]. Other right words after a line: [mi|io mi]."),
        ),
        Rows(key="gaps", label=_l("Gaps"), row_label=_l("Gap"), fixed=True, fields=(ACCEPTED,)),
        _prompt("Write the missing words.", more=True), _stimulus(READ, "", more=True), PICTURE, AUDIO,
        after=_gaps_from_text(is_choice=False),
    ),
    _item(
        "short", _l("Short answer"), _l("A word or a short sentence, typed."), "document",
        _prompt("How do you say \u201cthank you\u201d in Italian?"), _stimulus(READ, "",
               more=True), ACCEPTED, LANGUAGE,
        PICTURE, AUDIO, empty=_with_language,
    ),
    _item(
        "form", _l("Fill in a form"), _l("Learners read about somebody and fill in a form."), "document",
        _prompt("Fill in the form for Amina."),
        Text(key="stimulus", label=_l("What learners read"), lines=3,
             example="Amina Haddad was born on 3 May 1994 in Tunis."),
        Rows(
            key="fields", label=_l("Fields of the form"), row_label=_l("Field"), ids="f",
            fields=(
                Text(key="label", label=_l("Name of the field"), language="taught", example="Cognome"),
                Choice(
                    key="kind", label=_l("Kind"), none=None, default="text", silent=True,
                    offer=fixed(("text", _l("words")), ("name", _l("a name, letter by letter")), ("date", _l("a date")),
                                ("number", _l("a number")), ("phone", _l("a phone number"))),
                ),
                Lines(key="answers", label=_l("Right answers, one a line"), example="Haddad",
                      hint=_l("Dates as 1994-05-03.")),
            ),
        ),
        PICTURE, AUDIO,
    ),
    _item(
        "dictation", _l("Dictation"), _l("Learners listen and write."), "play",
        Choice(key="audio", label=_l("Sound"), offer=media("audio"), none=_l("Choose a sound")),
        ACCEPTED, LANGUAGE, _prompt("", more=True), _stimulus(READ, "", more=True), PICTURE, empty=_with_language,
    ),
    _item(
        "picture", _l("Choose a picture"), _l("From word to picture, picture to word, sound to either."), "camera",
        _stimulus(_l("Word or sentence"), "il pane"), _prompt("Which picture is it?"),
        Rows(
            key="options", label=_l("Answers"), row_label=_l("Answer"), right="one",
            fields=(
                Choice(key="picture", label=_l("Picture"), offer=media("picture"), none=NO_MEDIA),
                Text(key="text", label=_l("Text"), language="taught", example="il pane"),
                Choice(key="audio", label=_l("Sound"), offer=media("audio"), none=NO_MEDIA, more=True),
                Right(label=_l("Right")), WHY,
            ),
        ),
        PICTURE, AUDIO,
    ),
    _item(
        "number", _l("Number"), _l("A number, typed with the digits of any script."), "test",
        _prompt("The bus costs 1.50 euros. You pay with 5. How much do you get back?"),
        Number(key="answer", label=_l("Right number"), example="3.5"),
        Text(key="unit", label=_l("What is counted"), example="euros"),
        Number(key="tolerance", label=_l("How far off is still right"), example="0",
               hint=_l("0 or nothing: exactly this number.")),
        _stimulus(READ, "Biglietto: 1,50 €", more=True), PICTURE, AUDIO,
    ),
    _item(
        "hotspot", _l("Place on a picture"), _l("Which place on the picture is it?"), "camera",
        _prompt("Where do you write your family name?"),
        Choice(key="picture", label=_l("Picture"), offer=media("picture"), none=_l("Choose a picture")),
        Rows(
            key="spots", label=_l("Places"), row_label=_l("Place"), right="one", hint=_PERCENT,
            fields=(
                Text(key="label", label=_l("What is there"), example="top field"),
                Number(key="x", label=_l("From the left"), example="5"),
                Number(key="y", label=_l("From the top"), example="10"),
                Number(key="width", label=_l("Width"), example="60"),
                Number(key="height", label=_l("Height"), example="12"),
                Right(label=_l("Right")), WHY,
            ),
        ),
        _stimulus(READ, "", more=True), AUDIO,
    ),
    _item(
        "scenario", _l("Decisions"), _l("A situation; each choice leads on."), "forward",
        _prompt("What do you do?", more=True),
        Rows(
            key="steps", label=_l("Steps of the story"), row_label=_l("Step"), ids="s",
            fields=(
                Text(key="text", label=_l("What happens"), lines=2,
                     example="Your employer keeps your passport. What do you do?"),
                Rows(
                    key="choices", label=_l("What one can do"), row_label=_l("Choice"),
                    fields=(
                        Text(key="text", label=_l("Choice"), example="I ask for it back."),
                        Text(key="result", label=_l("What it leads to"), lines=2, example="Good. It is yours."),
                        Choice(
                            key="points", label=_l("How good"), none=None, default="1", write={"0": 0, "1": 1, "2": 2},
                            offer=fixed(("2", _l("good: 2 points")), ("1", _l("so-so: 1 point")),
                                        ("0", _l("harmful: no point"))),
                        ),
                        Choice(key="next", label=_l("Then"), offer=steps, none=_l("the story ends")),
                    ),
                ),
            ),
        ),
        Choice(key="start", label=_l("First step"), offer=steps, none=_l("the first of the list"), more=True),
        _stimulus(READ, "", more=True), PICTURE, AUDIO, after=_start,
    ),
    _item(
        "can-do", _l("I can ..."), _l("Learners say how well they can do it. Not marked."), "person",
        Text(key="statement", label=_l("I can ..."), lines=2, example="I can say my name and where I come from."),
        _prompt("", more=True), _stimulus(READ, "", more=True), PICTURE, AUDIO,
    ),
)  # fmt: skip


def unknown(kind: str) -> PartForm:
    """Return the form of a kind that a plugin brought: what all items have; the rest stays as it is."""
    return _item(
        kind, kind, _l("This kind came with a plugin. Its own fields stay as they are."), "test",
        _prompt(""), _stimulus(READ, ""), PICTURE, AUDIO,
    )  # fmt: skip


def title_of(item: Mapping[str, Any]) -> str:
    """Return the words a teacher knows an item by."""
    for key in ("prompt", "statement", "text", "stimulus"):
        if text := plain(item.get(key)):
            return _PLACE.sub("…", text)
    for row in rows_of(item, "steps"):
        return plain(row.get("text"))
    for row in rows_of(item, "pairs"):
        return f"{plain(row.get('left'))} = {plain(row.get('right'))}"
    parts = " ".join(plain(row.get("text")) for row in rows_of(item, "parts"))
    return parts or _("Question without words")
