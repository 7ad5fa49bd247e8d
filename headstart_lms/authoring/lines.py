"""Questions from lines of text, as a teacher jots them down; each paragraph is one question. Pure.

::

    What do you say in the morning?        Io [sono|ho] di Tunisi.         What does it mean?
    *Buongiorno!                                                           il pane = bread
    Buonanotte! -- You say this at night.  Buongiorno, [mi] chiamo Ali.    il latte = milk
    > Until the afternoon.                                                 l'acqua = water

    | La farmacia è chiusa il lunedì.      How do you say "thank you"?     Make a sentence.
    F: The pharmacy is open on Monday.     = grazie                        1. Mi chiamo
                                           = grazie mille                  2. Amina.

``|`` is what learners read, ``>`` the explanation, ``#`` tags. ``T:``, ``F:`` and ``?:`` are true, false, not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..kernel.i18n import _
from .forms import new_id
from .forms.fields import clean

Data = dict[str, Any]
#: More are a mistake: a course has some hundreds in all.
MAX_ITEMS = 300
MAX_LINE = 2000
_GAP = re.compile(r"(?<!\[)\[([^\[\]\n]{1,400})\](?![\]{(])")
_NUMBER = re.compile(r"[1-9][0-9]?[.)]\s+(?=\S)")
_TRUTH = re.compile(r"([TFtf?]):\s*(?=\S)")
_TAG = re.compile(r"[a-z][a-z0-9-]{0,39}")
_ANSWERS: dict[str, Any] = {"t": True, "f": False, "?": "not-said"}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Problem:
    """What is wrong with a pasted text: line and column from 1 (column 0: the whole line), and what to do."""

    line: int
    column: int
    message: str


@dataclass(frozen=True)
class Found:
    """One item that was read, without an id yet, and the line it begins at."""

    line: int
    data: Data


class _Wrong(Exception):
    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, column, message)


Line = tuple[int, str]


def read_lines(text: str, taught: str | None) -> tuple[list[Found], list[Problem]]:
    """Read questions; ``taught`` is the language of answers, gaps and texts to read, None for the source language."""
    found: list[Found] = []
    problems: list[Problem] = []
    for paragraph in _paragraphs(clean(text)):
        if len(found) + len(problems) >= MAX_ITEMS:
            message = _(
                "These are more than %(max)s questions. Paste the rest in a second go.", max=MAX_ITEMS
            )
            problems.append(Problem(paragraph[0][0], 0, message))
            break
        try:
            found.append(Found(paragraph[0][0], _item(paragraph, taught)))
        except _Wrong as error:
            problems.append(error.problem)
    return found, problems


def _paragraphs(text: str) -> Iterator[list[Line]]:
    rows: list[Line] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            rows.append((number, line.strip()))
        elif rows:
            yield rows
            rows = []
    if rows:
        yield rows


@dataclass
class _Parts:
    """A paragraph, its special lines taken out."""

    rows: list[Line]
    stimulus: list[str]
    explain: list[str]
    tags: list[str]


def _sorted(rows: Sequence[Line]) -> _Parts:
    parts = _Parts([], [], [], [])
    for number, line in rows:
        if len(line) > MAX_LINE:
            raise _Wrong(
                number, MAX_LINE, _("This line is too long. Write at most %(max)s letters.", max=MAX_LINE)
            )
        rest = line[1:].strip()
        if line[0] == "|" and rest:
            parts.stimulus.append(rest)
        elif line[0] == ">" and rest:
            parts.explain.append(rest)
        elif line[0] == "#" and rest:
            for tag in re.split(r"[\s,#]+", rest):
                if tag and not _TAG.fullmatch(tag):
                    message = _("A tag has small letters, digits and hyphens: '%(tag)s' has not.", tag=tag)
                    raise _Wrong(number, line.index(tag) + 1, message)
                parts.tags += [tag] if tag else []
        else:
            parts.rows.append((number, line))
    return parts


def _item(paragraph: Sequence[Line], taught: str | None) -> Data:
    parts = _sorted(paragraph)
    if not parts.rows:
        raise _Wrong(paragraph[0][0], 0, _("There is no question here. Write it above its answers."))
    kind, data = _kind(parts.rows, taught)
    stimulus = data.pop("stimulus", [])
    whole: Data = {"type": kind}
    if "prompt" in data:
        whole["prompt"] = data.pop("prompt")
    if lines := [*parts.stimulus, *stimulus]:
        whole["stimulus"] = _in(taught, "\n".join(lines))
    whole |= data
    if parts.explain:
        whole["explain"] = "\n".join(parts.explain)
    if parts.tags:
        whole["tags"] = list(dict.fromkeys(parts.tags))
    return whole


def _kind(rows: list[Line], taught: str | None) -> tuple[str, Data]:
    """Return the kind of item that these lines are, and its fields."""
    lines = [line for _number, line in rows]
    if any(_TRUTH.match(line) for line in lines):
        return _truth(rows, taught)
    if any(line.startswith("*") for line in lines):
        return _choice(rows, taught)
    if any(line.startswith("=") for line in lines):
        return _short(rows, taught)
    if any(_NUMBER.match(line) for line in lines):
        return _order(rows, taught)
    if any(_GAP.search(line) for line in lines):
        return _gaps(rows, taught)
    if any(" = " in line for line in lines):
        return _match(rows, taught)
    number, line = rows[-1]
    raise _Wrong(
        number, 0,
        _("It is not clear what is right here. Write * before the right answer, = before an answer to type, T: or F: "
          "before a statement, brackets around a gap, or pairs as left = right."),
    )  # fmt: skip


def _in(language: str | None, text: str) -> Any:
    return {language: text} if language else text


def _truth(rows: list[Line], taught: str | None) -> tuple[str, Data]:
    at = next(n for n, (_number, line) in enumerate(rows) if _TRUTH.match(line))
    if at + 1 < len(rows):
        raise _Wrong(
            rows[at + 1][0], 0, _("One statement in each paragraph. Put an empty line before the next one.")
        )
    line = rows[at][1]
    match = _TRUTH.match(line)
    assert match is not None  # noqa: S101 - `at` was found by it
    answer = _ANSWERS[match[1].lower()]
    data: Data = {
        "stimulus": [line for _n, line in rows[:at]],
        "statement": line[match.end() :],
        "answer": answer,
    }
    return "truth", data | ({"three": True} if answer == "not-said" else {})


def _choice(rows: list[Line], taught: str | None) -> tuple[str, Data]:
    (number, first), answers = rows[0], rows[1:]
    if first.startswith("*"):
        raise _Wrong(number, 1, _("Write the question in the line above the first answer."))
    options: list[Data] = []
    for row, line in answers:
        right = line.startswith("*")
        text, _dash, why = (line.lstrip("*").strip() if right else line).partition(" -- ")
        if not text.strip():
            raise _Wrong(row, 1, _("The answer is missing after the star."))
        option: Data = {"id": LETTERS[len(options) % 26], "text": _in(taught, text.strip())}
        option |= {"right": True} if right else {}
        options.append(option | ({"why": why.strip()} if why.strip() else {}))
    rights = sum(1 for option in options if "right" in option)
    kind, least, most = ("single", 2, 6) if rights == 1 else ("multiple", 3, 10)
    if not least <= len(options) <= most:
        message = _("A question of this kind has %(least)s to %(most)s answers; here are %(count)s.",
                    least=least, most=most, count=len(options))  # fmt: skip
        raise _Wrong(answers[-1][0] if answers else number, 0, message)
    return kind, {"prompt": first, "options": options}


def _short(rows: list[Line], taught: str | None) -> tuple[str, Data]:
    answers: list[str] = []
    prompt: list[str] = []
    for number, line in rows:
        if not line.startswith("="):
            if answers:
                raise _Wrong(
                    number, 1, _("Write = before each answer, or an empty line before the next question.")
                )
            prompt.append(line)
        elif line[1:].strip():
            answers.append(line[1:].strip())
        else:
            raise _Wrong(number, 1, _("The answer is missing after the sign =."))
    if not prompt:
        raise _Wrong(rows[0][0], 1, _("Write the question in the line above the first answer."))
    return "short", {"prompt": "\n".join(prompt), "language": taught or "en", "answers": answers}


def _order(rows: list[Line], taught: str | None) -> tuple[str, Data]:
    at = next(n for n, (_number, line) in enumerate(rows) if _NUMBER.match(line))
    parts: list[Data] = []
    for number, line in rows[at:]:
        match = _NUMBER.match(line)
        if match is None:
            raise _Wrong(number, 1, _("Write the number of this part before it, as 2."))
        parts.append({"id": f"p{len(parts) + 1}", "text": _in(taught, line[match.end() :].strip())})
    if not 2 <= len(parts) <= 12:
        raise _Wrong(rows[-1][0], 0, _("Two to twelve parts can be put in order."))
    prompt = "\n".join(line for _number, line in rows[:at])
    is_words = all(len(str(part["text"])) < 40 for part in parts)
    unit = {"unit": "words" if is_words else "sentences", "parts": parts}
    return "order", {"prompt": prompt, **unit} if prompt else unit


def _gaps(rows: list[Line], taught: str | None) -> tuple[str, Data]:
    at = next(n for n, (_number, line) in enumerate(rows) if _GAP.search(line))
    is_choice = any("|" in match for _number, line in rows[at:] for match in _GAP.findall(line))
    gaps: list[Data] = []
    lines: list[str] = []
    for number, line in rows[at:]:
        if "[[" in line or "]]" in line:
            raise _Wrong(number, line.find("[[") + 1, _("Write a gap in one pair of brackets: [sono|ho]."))

        def gap(match: re.Match[str], number: int = number) -> str:
            answers = [part.strip() for part in match[1].split("|")]
            if not all(part.strip("* ") for part in answers):
                raise _Wrong(number, match.start() + 1, _("An answer of this gap is empty."))
            if is_choice and not 2 <= len(answers) <= 6:
                message = _("A gap to choose has two to six answers, with | between them: [sono|ho].")
                raise _Wrong(number, match.start() + 1, message)
            gaps.append({"id": LETTERS[len(gaps) % 26], **_gap(answers, taught, is_choice)})
            return f"[[{gaps[-1]['id']}]]"

        lines.append(_GAP.sub(gap, line))
    if len(gaps) > 12:
        raise _Wrong(rows[at][0], 0, _("A text has at most twelve gaps. Make two questions of it."))
    prompt = "\n".join(line for _number, line in rows[:at])
    found: Data = {"prompt": prompt} if prompt else {}
    return "gap-choice" if is_choice else "gap-type", {
        **found,
        "text": _in(taught, "\n".join(lines)),
        "gaps": gaps,
    }


def _gap(answers: list[str], taught: str | None, is_choice: bool) -> Data:
    if not is_choice:
        return {"answers": [answer.strip("*").strip() for answer in answers]}
    right = next((n for n, answer in enumerate(answers) if answer.startswith("*")), 0)
    options: list[Data] = []
    for n, answer in enumerate(answers):
        option: Data = {"id": LETTERS[n], "text": _in(taught, answer.strip("*").strip())}
        options.append(option | ({"right": True} if n == right else {}))
    return {"options": options}


def _match(rows: list[Line], taught: str | None) -> tuple[str, Data]:
    at = next(n for n, (_number, line) in enumerate(rows) if " = " in line)
    pairs: list[Data] = []
    for number, line in rows[at:]:
        left, equals, right = (part.strip() for part in line.partition(" = "))
        if not equals or not left or not right:
            raise _Wrong(number, 0, _("Write this pair as left = right."))
        pairs.append({"id": LETTERS[len(pairs) % 26], "left": _in(taught, left), "right": right})
    if not 3 <= len(pairs) <= 6:
        raise _Wrong(
            rows[-1][0], 0, _("Three to six pairs make a question; here are %(count)s.", count=len(pairs))
        )
    prompt = "\n".join(line for _number, line in rows[:at])
    return "match", {"prompt": prompt, "pairs": pairs} if prompt else {"pairs": pairs}


# --- and back ------------------------------------------------------------------------------------------


def write_lines(item: Data, taught: str | None) -> str | None:
    """Return an item as lines of text; None when lines cannot say all of it."""
    data = {key: value for key, value in item.items() if key != "id"}
    text = "\n".join(_written(data))
    found, problems = read_lines(text, taught)
    return text if not problems and [one.data for one in found] == [data] else None


def _written(data: Data) -> Iterator[str]:
    prompt = data.get("prompt")
    if isinstance(prompt, str):
        yield from prompt.split("\n")
    yield from (f"| {line}" for line in _plain(data.get("stimulus")).split("\n") if line)
    match data.get("type"):
        case "single" | "multiple":
            for option in data.get("options", ()):
                why = f" -- {option['why']}" if "why" in option else ""
                yield ("*" if option.get("right") else "") + _plain(option.get("text")) + why
        case "truth":
            letter = {True: "T", False: "F"}.get(data.get("answer"), "?")  # type: ignore[arg-type]
            yield f"{letter}: {data.get('statement')}"
        case "short":
            yield from (f"= {answer}" for answer in data.get("answers", ()))
        case "order":
            for n, part in enumerate(data.get("parts", ()), 1):
                yield f"{n}. {_plain(part.get('text'))}"
        case "match":
            for pair in data.get("pairs", ()):
                yield f"{_plain(pair.get('left'))} = {pair.get('right')}"
        case "gap-choice" | "gap-type":
            yield _with_gaps(_plain(data.get("text")), data.get("gaps", ()))
    yield from (f"> {line}" for line in str(data.get("explain", "")).split("\n") if line)
    if data.get("tags"):
        yield "# " + " ".join(data["tags"])


def _plain(value: Any) -> str:
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else str(value or "")


def _with_gaps(text: str, gaps: Sequence[Data]) -> str:
    for gap in gaps:
        options = gap.get("options")
        if options:
            first = options[0].get("right") is True
            answers = [("" if first or not o.get("right") else "*") + _plain(o.get("text")) for o in options]
        else:
            answers = list(gap.get("answers", ()))
        text = text.replace(f"[[{gap.get('id')}]]", "[" + "|".join(answers) + "]")
    return text


def with_ids(items: Sequence[Data], taken: set[str], stem: str) -> list[Data]:
    """Give new items ids that nobody has: ``stem-1``, ``stem-2``."""
    used = set(taken)
    found: list[Data] = []
    for item in items:
        name = new_id(used, stem)
        used.add(name)
        found.append({"id": name, **item})
    return found
