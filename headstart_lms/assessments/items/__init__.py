"""The item types that ship with Headstart, registered through the hook that plugins use (docs/items.md)."""

from __future__ import annotations

from ...hooks import hookimpl
from .base import ItemType
from .can_do import CanDo
from .dictation import Dictation
from .form import FormItem
from .gap_choice import GapChoice
from .gap_type import GapType
from .hotspot import Hotspot
from .match import Match
from .multiple import Multiple
from .number import Number
from .order import Order
from .picture import Picture
from .scenario import Scenario
from .short import Short
from .single import Single
from .truth import Truth

#: Our own types by the name in ``type:``; what plugins add is known to the plugin manager only.
ITEM_TYPES: dict[str, type[ItemType]] = {
    "single": Single,
    "multiple": Multiple,
    "truth": Truth,
    "match": Match,
    "order": Order,
    "gap-choice": GapChoice,
    "gap-type": GapType,
    "short": Short,
    "form": FormItem,
    "dictation": Dictation,
    "picture": Picture,
    "number": Number,
    "hotspot": Hotspot,
    "scenario": Scenario,
    "can-do": CanDo,
}


@hookimpl
def headstart_item_types() -> list[type[ItemType]]:
    return list(ITEM_TYPES.values())
