"""The table of HEADSTART_* settings: name, type, default, help. Everything else has no setting."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Setting:
    name: str
    parse: Callable[[str], Any]
    default: Any
    help: str


def _flag(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off", ""):
        return False
    raise ValueError("write 1 or 0")


def _days(text: str) -> int:
    days = int(text)
    if days < 1:
        raise ValueError("write a number of days from 1")
    return days


def _count(text: str) -> int:
    count = int(text)
    if not 0 <= count <= 5:
        raise ValueError("write a number from 0 to 5")
    return count


def _many(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError("write a number from 1")
    return count


def _rate(text: str) -> int:
    rate = int(text)
    if not 0 <= rate <= 1_000_000:
        raise ValueError("write requests a minute, 0 to 1000000; 0 is no limit")
    return rate


def _months(text: str) -> int:
    months = int(text)
    if not 0 <= months <= 1200:
        raise ValueError("write a number of months, 0 to keep everything")
    return months


def _unversioned(text: str) -> str:
    if text not in ("0.95", "1.0.3", "2.0.0"):
        raise ValueError("write 0.95, 1.0.3 or 2.0.0")
    return text


SETTINGS: tuple[Setting, ...] = (
    Setting("HEADSTART_BASE_URL", str, None,
            "The address people use, with the prefix if there is one; kept by `headstart init`. "
            "Without https the instance is a demo."),
    Setting("HEADSTART_IRI_BASE", str, None,
            "The base of activity ids and of the actors' homePage; kept by `headstart init`. Default: the base URL."),
    Setting("HEADSTART_INSTANCE", str, "instance", "The folder for the database, keys and files."),
    Setting("HEADSTART_DATABASE_URL", str, None,
            "An SQLAlchemy address, for example postgresql://user@host/name. Default: SQLite in the instance folder."),
    Setting("HEADSTART_REPLICA_URL", str, None,
            "The address of a read replica of the database: for the reports that may lag by seconds."),
    Setting("HEADSTART_KEEP_STATEMENTS_MONTHS", _months, 0,
            "Statements of ended enrolments and of other programs are purged after so many whole months; 0 keeps all."),
    Setting("HEADSTART_ALLOW_HTTP_LAN", _flag, False,
            "1 allows http on an address other than loopback: for a box in a centre without a network."),
    Setting("HEADSTART_PROXIES", _count, 0,
            "How many reverse proxies of yours stand in front and add to X-Forwarded-For: the limits on "
            "failed sign-ins then count the visitor's address. Stand-alone only; a host sets up its own."),
    Setting("HEADSTART_SESSION_DAYS", _days, 60,
            "How many days a learner's device stays signed in after its last use."),
    Setting("HEADSTART_STAFF_SESSION_HOURS", _days, 12, "How many hours staff stay signed in after the last use."),
    Setting("HEADSTART_VERIFY_QUOTA", _many, 5000,
            "How many certificates a program may check in a day, when its key says nothing else."),
    Setting("HEADSTART_XAPI_UNVERSIONED_RESPONSE_VERSION", _unversioned, "2.0.0",
            "The xAPI version named in the answer to a request that names none; 0.95 suits both conformance suites."),
    Setting("HEADSTART_XAPI_RATE", _rate, 0,
            "How many requests a minute a key may send that has no rate of its own; 0 is no limit."),
)  # fmt: skip


def load(app_config: dict[str, Any], environment: Mapping[str, str] | None = None) -> None:
    """Fill the settings that the host did not set, from the environment or the default.

    Raises ValueError naming the setting when a value cannot be read.
    """
    environment = os.environ if environment is None else environment
    for setting in SETTINGS:
        if setting.name in app_config:
            continue
        text = environment.get(setting.name)
        try:
            app_config[setting.name] = setting.default if text in (None, "") else setting.parse(str(text))
        except ValueError as error:
            raise ValueError(f"{setting.name}={text!r}: {error}") from error
