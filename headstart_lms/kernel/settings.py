"""What an installation decided once and keeps: its address, its IRI base, its own UUID."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .db import Base
from .errors import Conflict, Invalid

LOOPBACK = ("127.0.0.1", "localhost", "::1")


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
    rows = {name: value for name, value in session.execute(select(Setting.name, Setting.value))}  # noqa: C416
    if "base_url" not in rows:
        return None
    return Installation(rows["base_url"], rows["iri_base"], UUID(rows["uuid"]))


def keep_installation(
    session: Session, base_url: str | None, iri_base: str | None, *, demo_url: str | None = None
) -> Installation:
    """Keep the installation's address on the first ``init``; later calls must agree with it.

    Only a demo moves, for its certificates prove nothing: to ``base_url``, or within one computer to
    ``demo_url``. The IRI base stays: statements were written under it. A first ``init`` without any address
    makes a demo.
    Raises Invalid for what is no address, Conflict when a real installation is given another one.
    """
    found = find_installation(session)
    if base_url is None and found is None:
        base_url = demo_url or "http://127.0.0.1:8000"
    elif base_url is None and found is not None:
        base_url = demo_url if _is_loopback(found.base_url) and _is_loopback(demo_url) else found.base_url
    base_url = _checked(str(base_url))
    if found is None:
        made = Installation(base_url, (iri_base or base_url).rstrip("/"), uuid4())
        session.add_all(
            [
                Setting(name="base_url", value=made.base_url),
                Setting(name="iri_base", value=made.iri_base),
                Setting(name="uuid", value=str(made.uuid)),
            ]
        )
    elif found.base_url == base_url:
        return found
    elif not found.is_demo or base_url.startswith("https://"):
        raise Conflict(
            f"This installation is {found.base_url}, not {base_url}. "
            + ("Its address is in every certificate it issued, so it stays." if not found.is_demo else
               "A demo stays a demo: make a new instance for the real address.")
        )  # fmt: skip
    else:
        made = replace(found, base_url=base_url)
        session.get_one(Setting, "base_url").value = base_url
    session.flush()
    return made


def _checked(base_url: str) -> str:
    base_url = base_url.rstrip("/")
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Invalid("HEADSTART_BASE_URL is a whole address, for example https://learn.example.org.")
    if parts.hostname in ("0.0.0.0", "::"):  # noqa: S104 - refused, not bound
        raise Invalid(
            f"Nobody can open {base_url}. Set HEADSTART_BASE_URL to the address that people type, "
            "for example http://192.168.1.10:8000."
        )
    return base_url


def _is_loopback(url: str | None) -> bool:
    return urlsplit(url or "").hostname in LOOPBACK
