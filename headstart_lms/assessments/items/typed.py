"""What the item types with typed text share: reading it safely, grading several texts into one grade."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator
from pydantic import Field as Spec
from pydantic_core import PydanticCustomError

from ...kernel.errors import Invalid
from ...kernel.i18n import _
from ..marking import Mark
from ..marking_text import plain
from .base import Grade, Remark, Values

#: Characters a learner may type into one field.
MAX_LENGTH = 500


def _check_answer(answer: str) -> str:
    if not plain(answer):
        raise PydanticCustomError("answer", "An accepted answer has at least one letter or digit.")
    if len(answer) > MAX_LENGTH:
        raise PydanticCustomError("answer", "An accepted answer is too long to be typed.")
    return answer


#: An accepted answer: not empty after what never counts is taken out.
Answer = Annotated[str, AfterValidator(_check_answer)]
Answers = Annotated[tuple[Answer, ...], Spec(min_length=1, max_length=40)]


def read_text(values: Values, name: str, missing: str) -> str:
    """Return what was typed, without control characters; raise Invalid when empty or too long."""
    given: Sequence[str] = values.get(name, ())
    if len(given) > 1:
        raise Invalid(_("One field came twice. Load the page again and answer once more."))
    text = "".join(
        " " if unicodedata.category(c) == "Cc" else c
        for c in (given[0] if given else "")
        if unicodedata.category(c) not in {"Cf", "Cs", "Co"} or c == "\u200c"
    )
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    if not plain(text):
        raise Invalid(missing)
    if len(text) > MAX_LENGTH:
        raise Invalid(_("The answer is too long. Write at most %(max)s letters.", max=MAX_LENGTH))
    return text


def grade_marks(marks: Mapping[str, Mark]) -> Grade:
    """Make one grade of the marks of all fields: the mean of each of the two scores."""
    count = len(marks)
    return Grade(
        score=sum(m.meaning for m in marks.values()) / count,
        form_score=sum(m.form for m in marks.values()) / count,
        remarks=tuple(Remark(code, {"part": part}) for part, m in marks.items() for code in m.remarks),
        parts={part: m.meaning >= 1 for part, m in marks.items()},
        differences={part: m.difference for part, m in marks.items() if m.difference},
    )
