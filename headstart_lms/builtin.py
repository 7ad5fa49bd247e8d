"""Our own parts, registered through the hooks that plugins use."""

from __future__ import annotations

from functools import cache

import pluggy

from . import hooks
from .assessments import items
from .courses.parts import ItemBase


@cache
def plugins() -> pluggy.PluginManager:
    """Return the manager with our parts and installed plugins, for commands that need no application."""
    return hooks.plugin_manager([items])


def item_types() -> dict[str, type[ItemBase]]:
    return collect_item_types(plugins())


def collect_item_types(manager: pluggy.PluginManager) -> dict[str, type[ItemBase]]:
    """Return {type name: class}; two classes with one name are an error of the installation."""
    found: dict[str, type[ItemBase]] = {}
    for classes in manager.hook.headstart_item_types():
        for cls in classes:
            name = cls.model_fields["type"].annotation.__args__[0]
            if name in found:
                raise RuntimeError(f"two item types are called '{name}'")
            found[name] = cls
    return found
