"""The forms of all kinds of blocks and items: one machine, one declaration for each kind.

A view asks ``form_of(kind, of)``, shows ``form.fields(data, course)`` with the macros of
``headstart/authoring/_fields.html``, and reads a sent form with ``form.read(values, before, course)``, where
``values`` is ``request.form.to_dict(flat=False)``. ``place(findings, prefix, fields)`` says at which field a
finding of the checker is shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from .blocks import BLOCKS
from .context import CourseContext
from .fields import Values
from .items import ITEMS, title_of, unknown
from .parts import PartForm, wants_form_again
from .records import RECORDS
from .rows import row_act
from .views import FieldView, RowView, place

__all__ = [
    "CourseContext", "FieldView", "PartForm", "RowView", "Values", "fields_to_values", "form_of", "kinds", "new_id",
    "place", "record_form", "row_act", "title_of", "wants_form_again",
]  # fmt: skip

_BLOCKS = {form.kind: form for form in BLOCKS}
_ITEMS = {form.kind: form for form in ITEMS}


def kinds(of: Literal["block", "item"]) -> tuple[PartForm, ...]:
    """Return the kinds a teacher can add, in the order they are offered; each has label, description, icon."""
    return BLOCKS if of == "block" else ITEMS


def form_of(kind: str, of: Literal["block", "item"]) -> PartForm:
    """Return the form of a kind; of a plugin's item type the form with what all items have."""
    found = (_BLOCKS if of == "block" else _ITEMS).get(kind)
    return found if found is not None else unknown(kind)


def record_form(kind: Literal["entry", "fact", "outcome"]) -> PartForm:
    """Return the form of a word, a fact or an objective."""
    return RECORDS[kind]


def new_id(taken: Collection[str], start: str) -> str:
    """Return an id for a new part: ``start`` (the unit's id, a kind) and the next number that is free."""
    stem = re.sub(r"[^a-z0-9]+", "-", start.casefold()).strip("-")[:33].rstrip("-")
    stem = stem if stem[:1].isalpha() else f"p-{stem}".rstrip("-")
    number = 1
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def fields_to_values(fields: Collection[FieldView]) -> dict[str, list[str]]:
    """Return what a browser sends when nobody touched the form: for scripts and tests."""
    values: dict[str, list[str]] = {}
    for field in fields:
        match field.control:
            case "rows":
                values[field.name] = ["", *(row.key for row in field.rows)]
                for row in field.rows:
                    for name, given in fields_to_values(row.fields).items():
                        values.setdefault(name, []).extend(given)
                if field.quick:
                    values[f"{field.name}.+"] = [""]
            case "group":
                values |= fields_to_values(field.rows[0].fields)
            case "check":
                values[field.name] = ["", *([field.value] if field.value else [])]
            case "checks":
                values[field.name] = ["", *field.values]
            case "right-one" | "right-several":
                group, key = field.choices[0]
                if field.value:
                    values.setdefault(group, []).append(key)
            case "radio":
                if field.value in dict(field.choices):
                    values[field.name] = [field.value]
            case _:
                values[field.name] = [field.value.replace("\n", "\r\n")]
                if field.languages:
                    values[f"{field.name}.lang"] = [field.lang]
    return values
