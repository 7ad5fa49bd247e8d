"""The cache of the fold. It may be thrown away at any time: ``headstart progress rebuild``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.clock import now
from ..kernel.db import Base


class ProgressRow(Base):
    __tablename__ = "lms_progress"

    enrolment_id: Mapped[int] = mapped_column(
        ForeignKey("lms_enrolment.id", ondelete="CASCADE"), primary_key=True
    )
    #: ``rules.Progress.dump()``
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    # columns for reports, which never read JSON
    units_done: Mapped[int] = mapped_column(default=0)
    units_total: Mapped[int] = mapped_column(default=0)
    is_complete: Mapped[bool] = mapped_column(default=False)
    updated: Mapped[datetime] = mapped_column(default=now)
