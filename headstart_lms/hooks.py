"""What plugins and hosts can add; our own parts register through the same hooks (pluggy, one manager per app)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pluggy

hookspec = pluggy.HookspecMarker("headstart_lms")
hookimpl = pluggy.HookimplMarker("headstart_lms")


@hookspec
def headstart_item_types() -> list[type[Any]]:  # type: ignore[empty-body]
    """Return item types: classes derived from ``courses.parts.ItemBase`` (docs/items.md)."""


@hookspec(firstresult=True)
def headstart_host_person(request: Any) -> str | None:
    """Return the host application's id of the person who is signed in there, or None.

    Called when we are mounted in a host; the id becomes ``Person.host_id`` and is shown to nobody.
    """


@hookspec
def headstart_answered(answer_id: UUID) -> None:
    """Run after an answer was committed."""


@hookspec
def headstart_certificate_issued(code: str) -> None:
    """Run after a certificate was issued and committed."""


def plugin_manager(builtin: list[Any]) -> pluggy.PluginManager:
    """Make a manager with our own parts and those of installed plugins (entry points ``headstart_lms``)."""
    manager = pluggy.PluginManager("headstart_lms")
    import headstart_lms.hooks as specs  # the module registers itself

    manager.add_hookspecs(specs)
    for part in builtin:
        manager.register(part)
    manager.load_setuptools_entrypoints("headstart_lms")
    return manager
