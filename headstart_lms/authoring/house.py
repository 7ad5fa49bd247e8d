"""What the services of authors need of this application."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from ..courses.check import Checked, ItemTypes
from ..courses.library import Library
from ..kernel.clock import today
from ..kernel.db import session
from ..kernel.storage import Storage
from . import checking
from .models import Draft


@dataclass(frozen=True)
class House:
    storage: Storage
    library: Library
    item_types: ItemTypes

    @classmethod
    def of(cls, state: Any) -> House:
        return cls(state.storage, state.library, state.item_types)

    def check(self, draft: Draft, on: date | None = None, *, current: Session | None = None) -> Checked:
        """Run the checker over a draft as it is now."""
        return checking.check(current or session(), self.storage, draft, self.item_types, on or today())
