"""The form of a test: its parts with what they draw, and its pass rule built from words. No Flask.

A pass rule is a tree (courses.document, seven forms). The form writes two levels of it: conditions, and conditions
that are "some of these". A rule with more levels stays as it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..kernel.i18n import _, _l
from .forms import CourseContext, FieldView, PartForm, Values
from .forms.context import plain, rows_of, skill_names
from .forms.fields import (
    MISSING,
    Checks,
    Choice,
    Number,
    Spec,
    Text,
    as_text,
    fixed,
    number,
    sent,
)
from .forms.rows import Group, Rows
from .forms.views import Choices

Data = dict[str, Any]
#: What the form calls the rule; in the document it is ``pass``.
RULE = "rule"


@dataclass(frozen=True, kw_only=True)
class Draws(Spec):
    """What a part draws: ``tag, tag: how many``, a line each."""

    def show(self, value: Any, name: str, course: CourseContext, root: Mapping[str, Any]) -> FieldView:
        text = _joined(value)
        return self.view(name, "area", value=text, lines=max(2, text.count("\n") + 1))

    def read(
        self, values: Values, name: str, before: Any, course: CourseContext, root: Mapping[str, Any]
    ) -> Any:
        text = sent(values, name)
        if text == _joined(before):
            return before
        old = {_line(row): row for row in before} if isinstance(before, list) else {}
        lines = (line.strip() for line in text.split("\n"))
        return [old[line] if line in old else _draw(line) for line in lines if line] or MISSING


def _joined(draws: Any) -> str:
    return "\n".join(_line(row) for row in draws) if isinstance(draws, list) else as_text(draws)


def _line(row: Any) -> str:
    if not isinstance(row, dict) or not isinstance(row.get("tags"), list):
        return as_text(row)
    tags = ", ".join(as_text(tag) for tag in row["tags"])
    return f"{tags}: {as_text(row['count'])}" if "count" in row else tags


def _draw(line: str) -> Data:
    tags, colon, many = line.rpartition(":") if ":" in line else (line, "", "")
    found: Data = {"tags": [tag.strip() for tag in tags.split(",") if tag.strip()]}
    return {**found, "count": number(many, whole=True)} if colon and many.strip() else found


def _parts(course: CourseContext, root: Mapping[str, Any]) -> Choices:
    return tuple((row["id"], plain(row.get("title")) or row["id"]) for row in rows_of(root, "sections"))


def _hows(course: CourseContext, root: Mapping[str, Any]) -> Choices:
    return (
        ("all", _("Who meets all conditions")), ("1", _("Who meets one of them")),
        *((str(n), _("Who meets at least %(count)d of them", count=n)) for n in range(2, 7)),
    )  # fmt: skip


_HOW = Choice(key="how", label=_l("Who passes?"), none=None, default="all", offer=_hows)
_PERCENT = Number(key="percent", label=_l("Per cent needed"), example="60")
_PARTS = Checks(key="parts", label=_l("Parts (none ticked: all)"), offer=_parts)
_CONDITIONS = (
    ("together", _l("Together")),
    ("each", _l("In each one")),
)


def _kind(*more: tuple[str, Any]) -> Choice:
    return Choice(
        key="kind", label=_l("Counted"), none=None, default="together", offer=fixed(*_CONDITIONS, *more)
    )


_INNER = Rows(
    key="of", label=_l("Conditions of this group"), row_label=_l("Condition"), ids="r", more=True,
    fields=(_kind(), _PERCENT, _PARTS),
)  # fmt: skip
_RULE = Group(
    key=RULE, label=_l("To pass"),
    fields=(
        _HOW,
        Rows(
            key="of", label=_l("Conditions"), row_label=_l("Condition"), ids="r",
            fields=(
                _kind(("some", _l("A group: see More"))), _PERCENT, _PARTS,
                replace(_HOW, label=_l("In a group: who meets it?"), more=True, silent=True), _INNER,
            ),
        ),
    ),
)  # fmt: skip

FORM = PartForm(
    kind="blueprint", of="record", label=_l("Test"), icon="certificate",
    description=_l("A test draws its questions from the bank, each time others, and says who passes."),
    specs=(
        Text(key="title", label=_l("Title"), example="Final test"),
        Number(key="minutes", label=_l("Minutes"), whole=True, example="30"),
        Number(key="attempts", label=_l("How often it can be taken"), whole=True, example="3"),
        Choice(
            key="mode", label=_l("Where it is taken"), none=None, default="practice", silent=True, more=True,
            offer=fixed(("practice", _l("Anywhere")), ("supervised", _l("In a centre, under supervision"))),
        ),
        Rows(
            key="sections", label=_l("Parts of the test"), row_label=_l("Part"), ids="p",
            fields=(
                Text(key="title", label=_l("Title of the part"), example="Words"),
                Draws(
                    key="draw", label=_l("Draws: tags and how many"), example="words: 6",
                    hint=_l("One draw in a line. Several tags with commas: a question must have them all."),
                ),
                Number(key="weight", label=_l("Weight"), example="1"),
                Choice(
                    key="skill", label=_l("Skill"), none=_l("none"), more=True,
                    offer=lambda course, root: tuple(skill_names().items()),
                ),
            ),
        ),
        _RULE,
    ),
)  # fmt: skip


def fields(blueprint: Mapping[str, Any], course: CourseContext) -> tuple[FieldView, ...]:
    form, shown = _shown(blueprint)
    return form.fields(shown, course)


def is_deep(blueprint: Mapping[str, Any]) -> bool:
    """Tell whether the pass rule has more levels than the form."""
    return "pass" in blueprint and rule_rows(blueprint["pass"]) is None


def _shown(blueprint: Mapping[str, Any]) -> tuple[PartForm, Data]:
    data = {key: value for key, value in blueprint.items() if key != "pass"}
    rule = rule_rows(blueprint.get("pass"))
    if rule is None:
        return replace(FORM, specs=tuple(spec for spec in FORM.specs if spec.key != RULE)), data
    return FORM, {**data, RULE: rule}


def read(values: Values, before: Mapping[str, Any], course: CourseContext) -> Data:
    """Return the blueprint as it stands in the document; what was not touched keeps its spelling."""
    form, shown = _shown(before)
    found = form.read(values, shown, course)
    rule = found.pop(RULE, None)
    if form is not FORM or rule == shown.get(RULE):
        passing = {"pass": before["pass"]} if "pass" in before else {}
    else:
        passing = {"pass": rule_of(rule or {})}
    merged = {**found, **passing}
    # the order of the author; what is new comes after it
    return {key: merged[key] for key in (*(key for key in before if key in merged), *merged)}


# --- pass rules ----------------------------------------------------------------------------------------


def rule_rows(rule: Any, depth: int = 2) -> Data | None:
    """Return a pass rule as the form shows it; None when it has more levels or another shape."""
    if rule is None:
        return {"how": "all", "of": []}
    how, rules = _group(rule)
    if how is None:
        row = _condition(rule)
        return None if row is None else {"how": "all", "of": [{"id": "r1", **row}]}
    rows: list[Data] = []
    for n, one in enumerate(rules, 1):
        row = _condition(one)
        if row is None:
            inner = rule_rows(one, depth - 1) if depth > 1 and _group(one)[0] is not None else None
            if inner is None:
                return None
            row = {"kind": "some", **inner}
        rows.append({"id": f"r{n}", **row})
    return {"how": how, "of": rows}


def _group(rule: Any) -> tuple[str | None, list[Any]]:
    """Return how many of which rules are needed; (None, []) when it is no group."""
    match rule:
        case {"all": [*rules], **rest} if not rest:
            return "all", rules
        case {"any": [*rules], **rest} if not rest:
            return "1", rules
        case {"atleast": int(count), "of": [*rules], **rest} if not rest and not isinstance(count, bool):
            return str(count), rules
    return None, []


def _condition(rule: Any) -> Data | None:
    match rule:
        case {"overall": need, **rest} if not rest:
            return {"kind": "together", "percent": need}
        case {"each": need, **rest} if not rest:
            return {"kind": "each", "percent": need}
        case {"section": str(name), "min": need, **rest} if not rest:
            return {"kind": "together", "percent": need, "parts": [name]}
        case {"group": [*names], "min": need, **rest} if not rest:
            return {"kind": "together", "percent": need, "parts": names}
    return None


def rule_of(rows: Mapping[str, Any]) -> Data:
    """Return the pass rule of what the form says; what is missing in it, the checker names."""
    rules = [_rule_of_row(row) for row in rows_of(rows, "of")]
    how = str(rows.get("how") or "all")
    if how == "all":
        return rules[0] if len(rules) == 1 else {"all": rules}
    return {"any": rules} if how == "1" else {"atleast": int(how) if how.isdecimal() else how, "of": rules}


def _rule_of_row(row: Mapping[str, Any]) -> Data:
    need, names = row.get("percent", ""), row.get("parts")
    if row.get("kind") == "some" or ("percent" not in row and row.get("of")):
        return rule_of(row)
    if row.get("kind") == "each" and names:
        return {"all": [{"section": name, "min": need} for name in names]}
    if row.get("kind") == "each":
        return {"each": need}
    if not isinstance(names, list) or not names:
        return {"overall": need}
    return {"group": names, "min": need} if len(names) > 1 else {"section": names[0], "min": need}
