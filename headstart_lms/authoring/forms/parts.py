"""The form of one kind of block or item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .context import CourseContext
from .fields import MISSING, Label, Spec, Values
from .rows import read_fields, row_act
from .views import PREFIX, FieldView

#: Put right what follows from other fields: (as read, as it was) -> as it stands in the document.
After = Callable[[dict[str, Any], Mapping[str, Any], CourseContext], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class PartForm:
    """What a teacher fills in for one kind of part."""

    kind: str
    of: Literal["block", "item", "record"]
    label: Label
    description: Label
    icon: str
    specs: tuple[Spec, ...]
    #: What a new part has beside its id and type.
    empty: Callable[[CourseContext], dict[str, Any]] = lambda course: {}
    after: After | None = None

    def blank(self, new_id: str, course: CourseContext) -> dict[str, Any]:
        """Return a new part with nothing written in it yet."""
        kind = {} if self.of == "record" else {"type": self.kind}
        return {"id": new_id, **kind, **self.empty(course)}

    def fields(
        self, data: Mapping[str, Any], course: CourseContext, prefix: str = PREFIX
    ) -> tuple[FieldView, ...]:
        """Return the fields of a part in the order a teacher thinks; those under "More" come last.

        ``prefix`` begins the names of the fields, where several parts stand in one form.
        """
        shown = [
            spec.show(data.get(spec.key, MISSING), f"{prefix}{spec.key}", course, data)
            for spec in self._specs(data, course)
        ]
        return tuple(sorted(shown, key=lambda view: view.more))

    def read(
        self, values: Values, before: Mapping[str, Any], course: CourseContext, prefix: str = PREFIX
    ) -> dict[str, Any]:
        """Return the part as it stands in the document after a form was sent.

        ``before`` is the part as it was when the form was opened. Reading is pure: the same form read against the
        same ``before`` gives the same part, new rows with the same ids; whoever saves while somebody writes reads
        each time against what the form was opened with. Fields the form did not have stay as they are.
        """
        found = read_fields(self._specs(before, course), values, prefix, before, course, before)
        return self.after(found, before, course) if self.after else found

    def _specs(self, data: Mapping[str, Any], course: CourseContext) -> list[Spec]:
        """Leave out what only a bank item needs, unless this item has it."""
        return [
            spec
            for spec in self.specs
            if course.in_bank or spec.key not in ("tags", "topic", "difficulty", "plays") or spec.key in data
        ]


def wants_form_again(values: Values) -> bool:
    """Tell whether a row button was pressed: the part is read, and its form shown once more."""
    return row_act(values)[0] != ""
