"""Every route declares its rule; without one it answers nobody (deny by default)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .i18n import Readers

F = TypeVar("F", bound=Callable[..., Any])

#: A rule returns when the person of this request may go on, and raises an LMSError when not.
Rule = Callable[[], None]


def access(
    rule: Rule, *, changes_nothing: bool = False, for_offices: bool = False, most_bytes: int | None = None
) -> Callable[[F], F]:  # fmt: skip
    """Declare who may use a view. The rule runs before the view, whatever the method.

    ``changes_nothing``: its POST only asks a question (a file is too large for an address), so any site may send it.
    ``most_bytes``: it takes larger files than other pages, but only from who may use it: the rule runs first.
    ``for_offices``: an office of a destination country reads it, so it speaks ``i18n.OFFICE_LANGUAGES`` too. A page
    whose rule asks for a role is for staff, every other one for learners: ``readers_of``.
    """

    def declare(view: F) -> F:
        view.access_rule = rule  # type: ignore[attr-defined]
        view.changes_nothing = changes_nothing  # type: ignore[attr-defined]
        view.for_offices = for_offices  # type: ignore[attr-defined]
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return declare


def public() -> None:
    """Everybody."""


def credential() -> None:
    """Programs: the view itself checks a key and secret or a token, and answers 401 without one."""


def changes_nothing(view: Callable[..., Any]) -> bool:
    return bool(getattr(view, "changes_nothing", False))


def readers_of(view: Callable[..., Any]) -> Readers:
    """Return whom a page is for."""
    if getattr(view, "for_offices", False):
        return "offices"
    return "staff" if hasattr(rule_of(view), "roles") else "learners"


def rule_of(view: Callable[..., Any]) -> Rule | None:
    rule: Rule | None = getattr(view, "access_rule", None)
    return rule
