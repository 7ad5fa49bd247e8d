"""Single fields: what they show of a value, and what of a sent form stands in the document.

One rule keeps a course as its author wrote it: a field that comes back as it was shown keeps its value as it is,
with its spelling in YAML. What cannot be understood is kept as it was typed; the checker says what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from babel.support import LazyProxy

from ...courses.words import LANGUAGE
from ...kernel.i18n import _
from .context import CourseContext, rows_of
from .views import Choices, FieldView

Values = Mapping[str, Sequence[str]]
Label = LazyProxy | str


class Missing(Enum):
    """The key does not stand in the document."""

    MISSING = "missing"


MISSING = Missing.MISSING
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def clean(text: str) -> str:
    """Return a text as forms carry it: one kind of line end, no control characters, no broken surrogates."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def sent(values: Values, name: str) -> str:
    """Return what was sent under a name, the last of several; "" when nothing was."""
    found = values.get(name) or ("",)
    return clean(found[-1])


def as_text(value: Any) -> str:
    """Write any value of a document into a field, so that nothing of it is hidden."""
    if value is MISSING or value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return clean(json.dumps(value, ensure_ascii=False, default=str))


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A field of a kind of part. ``key`` is its name in the document."""

    key: str
    label: Label
    hint: Label = ""
    example: str = ""
    #: Folded under "More".
    more: bool = False

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        """Return the field of a value. ``root`` is the whole part."""
        raise NotImplementedError

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        """Return the value that was sent; MISSING when the key is to be left out. ``root`` is the part before."""
        raise NotImplementedError

    def is_sent(self, values: Values, name: str) -> bool:
        return name in values

    def is_written(self, values: Values, name: str) -> bool:
        """Tell whether somebody filled this field of a new row in."""
        return any(value.strip() for value in values.get(name, ()))

    def view(self, name: str, control: str, **more: Any) -> FieldView:
        return FieldView(
            name, control, str(self.label), hint=str(self.hint), example=self.example, more=self.more, **more
        )


@dataclass(frozen=True, kw_only=True)
class Text(Spec):
    """A text. ``language`` presets the small choice beside it; "none" is a text that has no language."""

    lines: int = 1
    markdown: bool = False
    language: Literal["source", "taught", "none"] = "source"

    def raw(self, value: Any, course: CourseContext) -> tuple[str, str]:
        """Return (text, language) as the form shows them."""
        if isinstance(value, dict) and len(value) == 1 and self.language != "none":
            [(lang, text)] = value.items()
            if isinstance(lang, str) and isinstance(text, str):
                return clean(text), lang
        preset = course.taught or "" if value is MISSING and self.language == "taught" else ""
        return as_text(value), preset

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        text, lang = self.raw(value, course)
        control = "markdown" if self.markdown else "text" if self.lines == 1 and "\n" not in text else "area"
        languages = course.language_choices if self.language != "none" else ()
        if languages and lang not in dict(languages):
            languages = (*languages, (lang, lang))
        return self.view(
            name, control, value=text, lang=lang, languages=languages if len(languages) > 1 else (),
            lines=max(self.lines, 2 if control == "area" else 1),
        )  # fmt: skip

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        shown, shown_lang = self.raw(before, course)
        text = sent(values, name)
        lang = sent(values, f"{name}.lang") if f"{name}.lang" in values else shown_lang
        if lang and not LANGUAGE.match(lang):
            lang = shown_lang
        if (text, lang) == (shown, shown_lang):
            return before
        if not text.strip():
            return MISSING
        text = text.strip() if self.lines == 1 else text.strip("\n").rstrip()
        if shown.endswith("\n") and self.lines > 1:
            text += "\n"
        return {lang: text} if lang and self.language != "none" else text


@dataclass(frozen=True, kw_only=True)
class Number(Spec):
    whole: bool = False

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        return self.view(name, "number", value=as_text(value))

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        text = sent(values, name)
        if text == as_text(before):
            return before
        return number(text, whole=self.whole)


def number(text: str, *, whole: bool = False) -> Any:
    """Return the number a text writes, with a point or a comma; the text itself when it writes none."""
    text = text.strip()
    if not text:
        return MISSING
    plain = text.replace(",", ".").replace("−", "-")
    if re.fullmatch(r"[-+]?[0-9]{1,15}", plain):
        return int(plain)
    if not whole and re.fullmatch(r"[-+]?[0-9]{1,15}\.[0-9]{1,15}", plain):
        value = float(plain)
        return text if "e" in repr(value) else value  # our YAML has no exponents
    return text


@dataclass(frozen=True, kw_only=True)
class Check(Spec):
    """Yes or nothing."""

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        return self.view(name, "check", value="1" if value is True else "")

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        ticked = "1" in values[name]
        if ticked == (before is True):
            return before
        return True if ticked else MISSING


#: What can be chosen, by the course and the whole part.
Offer = Callable[[CourseContext, Mapping[str, Any]], Choices]


@dataclass(frozen=True, kw_only=True)
class Choice(Spec):
    """One of several. ``none`` is what stands there when nothing is chosen; None when one must be."""

    offer: Offer
    none: Label | None = ""
    #: Shown while the key is missing.
    default: str = ""
    #: The default need not be written.
    silent: bool = False
    #: How a value that is no text is written in the document.
    write: Mapping[str, Any] | None = None
    control: Literal["select", "radio"] = "select"

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        chosen = self._shown(value, course)
        choices = self.offer(course, root)
        if chosen and chosen not in dict(choices):
            choices = (*choices, (chosen, chosen))
        if self.none is not None and self.control == "select":
            choices = (("", str(self.none)), *choices)
        return self.view(name, self.control, value=chosen, choices=choices)

    def _shown(self, value: Any, course: CourseContext) -> str:
        if value is MISSING:
            return (course.taught or course.source) if self.default == "taught" else self.default
        return as_text(value)

    def is_written(self, values: Values, name: str) -> bool:
        return bool(self.default != "taught" and sent(values, name) not in ("", self.default))

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        chosen = sent(values, name)
        if before is not MISSING and chosen == self._shown(before, course):
            return before
        if self.silent and before is MISSING and chosen == self.default:
            return before
        return MISSING if not chosen else (self.write or {}).get(chosen, chosen)


@dataclass(frozen=True, kw_only=True)
class Checks(Spec):
    """Several of several, in the order they were chosen."""

    offer: Offer

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        ticked = tuple(as_text(one) for one in value) if isinstance(value, list) else ()
        choices = self.offer(course, root)
        others = tuple((one, one) for one in ticked if one not in dict(choices))
        return self.view(name, "checks", values=ticked, choices=(*choices, *others))

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        ticked = [clean(one) for one in values[name] if one]
        old = before if isinstance(before, list) else []
        if {as_text(one) for one in old} - {""} == set(ticked):
            return before
        kept = [one for one in old if as_text(one) in ticked]
        known = {as_text(one) for one in kept}
        return [*kept, *(one for one in dict.fromkeys(ticked) if one not in known)] or MISSING


@dataclass(frozen=True, kw_only=True)
class Lines(Spec):
    """A list of short texts: one a line, or with a separator in one line."""

    separator: str = "\n"

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        text = self._joined(value)
        if self.separator == "\n":
            return self.view(name, "area", value=text, lines=min(8, max(2, text.count("\n") + 2)))
        return self.view(name, "text", value=text)

    def _joined(self, value: Any) -> str:
        return (
            self.separator.join(as_text(one) for one in value) if isinstance(value, list) else as_text(value)
        )

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        text = sent(values, name)
        if text == self._joined(before):
            return before
        old = {as_text(one): one for one in before} if isinstance(before, list) else {}
        parts = (part.strip() for part in text.split(self.separator.strip(" ")))
        return [old.get(part, part) for part in parts if part] or MISSING


@dataclass(frozen=True, kw_only=True)
class EntryLines(Spec):
    """Vocabulary of a block: one word a line, as a learner reads it; and a list of words no unit shows yet."""

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        text = self._joined(value, course)
        taken = set(value) if isinstance(value, list) and all(isinstance(v, str) for v in value) else set()
        open_words = tuple(
            (entry.id, f"{entry.text} · {entry.kind}")
            for entry in course.entries
            if entry.id not in course.shown and entry.id not in taken
        )
        return self.view(
            name, "entries", value=text, choices=open_words, lines=min(14, max(4, text.count("\n") + 2)),
            lang=course.taught or "",
        )  # fmt: skip

    def _names(self, course: CourseContext) -> dict[str, str]:
        """Return {id: what the form shows}: the headword where only one entry reads so, else the id."""
        ids = {entry.id for entry in course.entries}
        count: dict[str, int] = {}
        for entry in course.entries:
            count[entry.text] = count.get(entry.text, 0) + 1
        return {
            entry.id: entry.text
            if entry.text.strip() == entry.text != "" and count[entry.text] == 1 and entry.text not in ids - {entry.id}
            and "\n" not in entry.text
            else entry.id
            for entry in course.entries
        }  # fmt: skip

    def _joined(self, value: Any, course: CourseContext) -> str:
        names = self._names(course)
        if not isinstance(value, list):
            return as_text(value)
        return "\n".join(names.get(one, one) if isinstance(one, str) else as_text(one) for one in value)

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        text = sent(values, name)
        more = [clean(one) for one in values.get(f"{name}.more", ()) if one]
        if text == self._joined(before, course) and not more:
            return before
        ids = {shown: one for one, shown in self._names(course).items()}
        loose = {entry.text.casefold(): entry.id for entry in course.entries}
        loose |= {shown.casefold(): one for shown, one in ids.items()}
        known = {entry.id for entry in course.entries}

        def entry_of(line: str) -> str:
            if line in ids or line in known:
                return ids.get(line, line)
            return loose.get(line.casefold(), line)

        lines = [line.strip() for line in text.split("\n")]
        return [*(entry_of(line) for line in lines if line), *more] or MISSING


@dataclass(frozen=True, kw_only=True)
class Orders(Spec):
    """Other right orders of the parts: a line each, with the numbers of the parts as they stand above."""

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        text = self._joined(value, root)
        return self.view(name, "area", value=text, lines=max(2, text.count("\n") + 1))

    def _numbers(self, root: Mapping[str, Any]) -> dict[str, str]:
        return {row["id"]: str(n) for n, row in enumerate(rows_of(root, "parts"), 1)}

    def _joined(self, value: Any, root: Mapping[str, Any]) -> str:
        numbers = self._numbers(root)
        if not isinstance(value, list) or not all(isinstance(order, list) for order in value):
            return as_text(value)
        return "\n".join(
            " ".join(numbers.get(as_text(one), as_text(one)) for one in order) for order in value
        )

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        text = sent(values, name)
        if text == self._joined(before, root):
            return before
        ids = {number: one for one, number in self._numbers(root).items()}
        orders = [line.replace(",", " ").split() for line in text.split("\n")]
        return [[ids.get(one, one) for one in order] for order in orders if order] or MISSING


def fixed(*choices: tuple[str, Label]) -> Offer:
    """Offer the same choices everywhere."""
    return lambda course, root: tuple((value, str(label)) for value, label in choices)


def media(*kinds: str) -> Offer:
    return lambda course, root: course.media_choices(*kinds)


def languages(course: CourseContext, root: Mapping[str, Any]) -> Choices:
    return tuple((value or course.source, label) for value, label in course.language_choices)


def facts(course: CourseContext, root: Mapping[str, Any]) -> Choices:
    return tuple((fact.id, fact.text or fact.id) for fact in course.facts)


def outcomes(course: CourseContext, root: Mapping[str, Any]) -> Choices:
    return tuple((outcome.id, outcome.text or outcome.id) for outcome in course.outcomes)


def steps(course: CourseContext, root: Mapping[str, Any]) -> Choices:
    """Offer the steps of a scenario by number and first words."""
    found = list(rows_of(root, "steps"))
    return tuple(
        (row["id"], _("Step %(number)d: %(text)s", number=n, text=as_text(row.get("text", ""))[:40]))
        for n, row in enumerate(found, 1)
    )
