"""What somebody asks for, read from the address of a page: plain GET forms, so that a link says it all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from ..kernel import i18n
from ..kernel.i18n import _
from ..lrs.head import microseconds
from ..lrs.validator import formats

_LONGEST = 2_000


class Asked:
    """The values of a filter form. What cannot be read is said in ``errors``: (id of the field, sentence)."""

    def __init__(self, args: Mapping[str, str], names: Sequence[str]) -> None:
        self.values = {name: args.get(name, "").strip()[:_LONGEST] for name in names}
        self.errors: list[tuple[str, str]] = []
        self._before = args.get("before", "")

    @property
    def is_filtered(self) -> bool:
        return any(self.values.values())

    @property
    def before(self) -> int | None:
        """The instant (microseconds) a page goes on from; what is no number begins at the newest."""
        text = self._before
        return int(text) if text.isascii() and text.isdecimal() and len(text) <= 17 else None

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """Return a value that the form offers; None for none."""
        value = self.values[name]
        if not value:
            return None
        if value not in allowed:
            self._refuse(name, _("Choose one of the list."))
            return None
        return value

    def day(self, name: str, *, is_end: bool = False) -> int | None:
        """Return the beginning of a day in UTC, in microseconds; ``is_end``: the beginning of the next one."""
        value = self.values[name]
        if not value:
            return None
        try:
            day = date.fromisoformat(value)
            start = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=is_end)
        except (ValueError, OverflowError):
            self._refuse(name, _("Write the date as year-month-day, for example 2026-11-21."))
            return None
        return microseconds(start)

    def uuid(self, name: str) -> UUID | None:
        value = self.values[name]
        if not value:
            return None
        if not formats.is_uuid(value):
            self._refuse(
                name, _("This is no identifier. It looks like 0f6a2c1e-8d5b-4c3a-9e7f-1b2d3c4e5f60.")
            )
            return None
        return UUID(value)

    def iri(self, name: str, known: Mapping[str, str]) -> str | None:
        """Return a whole address, or the one that a short word stands for."""
        value = self.values[name]
        if not value:
            return None
        if value.lower() in known:
            return known[value.lower()]
        if not formats.is_iri(value):
            self._refuse(name, _("Write a whole address that begins with https://, or a word of the list."))
            return None
        return value

    def _refuse(self, name: str, sentence: str) -> None:
        self.errors.append((f"f-{name}", sentence))

    def query(self, *, without: str | None = None, before: int | None = None) -> str:
        """Return this question as the query of an address, without one of its filters."""
        pairs = [(name, value) for name, value in self.values.items() if value and name != without]
        if before is not None:
            pairs.append(("before", str(before)))
        return f"?{urlencode(pairs)}" if pairs else ""


def _written(name: str, value: str) -> str:
    """Write a date out; everything else stays as it is."""
    try:
        return i18n.date(date.fromisoformat(value)) if name in ("since", "until") else value
    except ValueError:
        return value


def chips(
    asked: Asked, labels: Mapping[str, str], shown: Mapping[str, str | None]
) -> list[tuple[str, str, str]]:
    """Return (label, value as people read it, query without it) of each filter that is set."""
    return [
        (labels[name], shown.get(name) or _written(name, value), asked.query(without=name) or "?")
        for name, value in asked.values.items()
        if value
    ]
