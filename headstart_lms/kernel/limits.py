"""Rate limits in the database: they hold over processes and restarts."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from .clock import now
from .db import Base
from .errors import TooMany
from .i18n import _


class Limit(Base):
    """How often something was tried in the current window. ``bucket`` is a hash: it names nobody."""

    __tablename__ = "lms_limit"

    bucket: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime] = mapped_column(index=True)


def hit(session: Session, bucket: str, limit: int, seconds: int) -> None:
    """Count one try; raise TooMany from the ``limit``-th on within ``seconds``.

    Call it in a transaction of its own, so that a refused try stays counted.
    """
    key = hashlib.sha256(bucket.encode()).hexdigest()
    at = now()
    session.execute(delete(Limit).where(Limit.until < at))
    row = session.get(Limit, key, with_for_update=True)
    if row is None:
        session.add(Limit(bucket=key, count=1, until=at + timedelta(seconds=seconds)))
        session.flush()
        return
    row.count += 1
    session.flush()
    if row.count > limit:
        wait = max(1, int((row.until - at).total_seconds()))
        raise TooMany(_("Too many tries. Wait %(minutes)d minutes, then try again.", minutes=wait // 60 + 1), wait)


def is_over(session: Session, bucket: str, limit: int) -> bool:
    """Tell whether the limit is used up, without counting."""
    row = session.get(Limit, hashlib.sha256(bucket.encode()).hexdigest())
    return row is not None and row.until >= now() and row.count >= limit


def clear(session: Session, bucket: str) -> None:
    session.execute(delete(Limit).where(Limit.bucket == hashlib.sha256(bucket.encode()).hexdigest()))
