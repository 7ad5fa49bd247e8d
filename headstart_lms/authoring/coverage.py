"""What a course teaches, lets practise and tests, by objective and by topic; the gaps by name. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .forms.context import ids_in, parts_of, plain, rows_of, text_at


@dataclass
class Line:
    """One objective: where it is taught, how many questions of units practise it, how many of the bank test it."""

    id: str
    text: str
    skill: str
    topics: tuple[str, ...]
    taught: list[str] = field(default_factory=list)
    practised: int = 0
    tested: int = 0
    #: Bank items that name no objective but have a topic of it: they may test it.
    perhaps: int = 0

    @property
    def gaps(self) -> tuple[str, ...]:
        """Name what is missing: ``taught``, ``practised``, ``tested``."""
        found = (
            ("taught", self.taught),
            ("practised", self.practised),
            ("tested", self.tested or self.perhaps),
        )
        return tuple(name for name, have in found if not have)


@dataclass(frozen=True)
class Topic:
    name: str
    objectives: int
    practised: int
    tested: int


def objectives(data: Mapping[str, Any]) -> list[Line]:
    """Return the objectives of a course. An item that names none practises those of its unit."""
    lines = {
        row["id"]: Line(
            row["id"], plain(row.get("text")), text_at(row, "skill"), tuple(ids_in(row, "topics"))
        )
        for row in rows_of(data, "outcomes")
    }
    of_unit = {unit["id"]: ids_in(unit, "outcomes") for unit in rows_of(data, "units")}
    for unit, names in of_unit.items():
        for name in names:
            if name in lines:
                lines[name].taught.append(unit)
    for unit, place, part in parts_of(data):
        if ".items." not in place and not place.startswith("bank."):
            continue
        for name in ids_in(part, "outcomes") or (of_unit.get(unit, []) if unit else []):
            if name in lines:
                if unit:
                    lines[name].practised += 1
                else:
                    lines[name].tested += 1
        if not unit and not ids_in(part, "outcomes"):
            for line in lines.values():
                line.perhaps += text_at(part, "topic") in line.topics
    return list(lines.values())


def topics(data: Mapping[str, Any], lines: list[Line]) -> list[Topic]:
    """Return the topics that objectives or bank items name."""
    tested: dict[str, int] = {}
    for item in rows_of(data, "bank"):
        if topic := text_at(item, "topic"):
            tested[topic] = tested.get(topic, 0) + 1
    names = dict.fromkeys([*(topic for line in lines for topic in line.topics), *tested])
    return [
        Topic(
            name, sum(name in line.topics for line in lines),
            sum(line.practised for line in lines if name in line.topics), tested.get(name, 0),
        )
        for name in names
    ]  # fmt: skip
