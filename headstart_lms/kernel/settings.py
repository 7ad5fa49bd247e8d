"""What an installation decided once and keeps: its address, its IRI base, its own UUID."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .db import Base
from .errors import Invalid


class Setting(Base):
    __tablename__ = "lms_setting"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(String(500))


@dataclass(frozen=True)
class Installation:
    """Who we are to the outside: never taken from a request (DESIGN 7)."""

    base_url: str
    iri_base: str
    #: The tenant of our own statements.
    uuid: UUID

    @property
    def is_demo(self) -> bool:
        return not self.base_url.startswith("https://")

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc


def find_installation(session: Session) -> Installation | None:
    rows = dict(session.execute(select(Setting.name, Setting.value)).tuples().all())
    if "base_url" not in rows:
        return None
    return Installation(rows["base_url"], rows["iri_base"], UUID(rows["uuid"]))


def keep_installation(session: Session, base_url: str, iri_base: str | None) -> Installation:
    """Keep the installation's address on the first ``init``; later calls must agree with it."""
    base_url = base_url.rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Invalid("HEADSTART_BASE_URL is a whole address, for example https://learn.example.org.")
    found = find_installation(session)
    if found is not None:
        return found
    made = Installation(base_url, (iri_base or base_url).rstrip("/"), uuid4())
    session.add_all(
        [
            Setting(name="base_url", value=made.base_url),
            Setting(name="iri_base", value=made.iri_base),
            Setting(name="uuid", value=str(made.uuid)),
        ]
    )
    session.flush()
    return made
