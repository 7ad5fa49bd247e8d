"""Rate limits in the database: they hold over processes and restarts."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from .clock import now
from .db import Base, insert_into
from .errors import TooMany
from .i18n import _, ngettext


class Limit(Base):
    """How often something was tried in the current window. ``bucket`` is a hash: it names nobody."""

    __tablename__ = "lms_limit"

    bucket: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    until: Mapped[datetime] = mapped_column(index=True)


def hit(session: Session, bucket: str, limit: int, seconds: int) -> None:
    """Count one try; raise TooMany when there were more than ``limit`` within ``seconds``.

    A try that is refused is rolled back with its transaction and not counted: nobody waits longer for trying again.
    """
    key = hashlib.sha256(bucket.encode()).hexdigest()
    at = now()
    session.execute(delete(Limit).where(Limit.until < at))
    count, until = session.execute(
        insert_into(session.get_bind().dialect, Limit)
        .values(bucket=key, count=1, until=at + timedelta(seconds=seconds))
        .on_conflict_do_update(index_elements=["bucket"], set_={"count": Limit.count + 1})
        .returning(Limit.count, Limit.until)
    ).one()
    if count > limit:
        raise too_many(max(1, int((until - at).total_seconds())))


def too_many(wait: int) -> TooMany:
    """Return the refusal that says how long to wait (seconds)."""
    sentence = ngettext(
        "Too many tries. Wait %(num)d minute, then try again.",
        "Too many tries. Wait %(num)d minutes, then try again.",
        wait // 60 + 1,
    )
    return TooMany(sentence, wait)


def spend(session: Session, bucket: str, amount: int, limit: int, until: datetime) -> int:
    """Take ``amount`` of what is allowed before ``until``; return what is left. Raises TooMany, taking nothing."""
    key = hashlib.sha256(bucket.encode()).hexdigest()
    at = now()
    session.execute(delete(Limit).where(Limit.until < at))
    count = session.execute(
        insert_into(session.get_bind().dialect, Limit)
        .values(bucket=key, count=amount, until=until)
        .on_conflict_do_update(index_elements=["bucket"], set_={"count": Limit.count + amount})
        .returning(Limit.count)
    ).scalar_one()
    if count > limit:
        raise TooMany(
            _("This key has used up its checks of the day."),
            max(1, int((until - at).total_seconds())),
            "quota",
        )
    return int(limit - count)


def is_over(session: Session, bucket: str, limit: int) -> bool:
    """Tell whether the limit is used up, without counting."""
    row = session.get(Limit, hashlib.sha256(bucket.encode()).hexdigest())
    return row is not None and row.until >= now() and row.count >= limit
