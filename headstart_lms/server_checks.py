"""What `headstart doctor` asks a PostgreSQL server and a read replica."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from .kernel import migrate
from .kernel.clock import now
from .kernel.replica import find_replica

#: The oldest version that gets security fixes at the time of writing.
OLDEST = 14
#: A replica that is further behind than this shows figures of another day.
LAG_SECONDS = 300


@dataclass(frozen=True)
class Check:
    """One thing looked at: whether it is well, and what to do if not."""

    name: str
    is_well: bool
    message: str


def of_server(engine: Engine) -> list[Check]:
    """Look at the settings of a PostgreSQL server that keep answers safe, and at its room for us."""
    with engine.connect() as connection:
        names = ("server_version_num", "server_version", "fsync", "full_page_writes", "synchronous_commit", "TimeZone",
                 "max_connections", "superuser_reserved_connections", "server_encoding")  # fmt: skip
        have = {
            name: str(connection.scalar(text("SELECT current_setting(:n)"), {"n": name})) for name in names
        }
        used = connection.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
        )
        newest = int(have["server_version_num"]) // 10_000
        names_of_partitions = migrate.partitions_of(connection)
    partitions = len(names_of_partitions)
    checks = [
        Check(
            "postgresql", newest >= OLDEST and have["server_encoding"] == "UTF8",
            f"{have['server_version']}, {have['server_encoding']}, "
            + (f"{partitions} partitions" if partitions else "not partitioned")
            + ("" if newest >= OLDEST else f": version {OLDEST} or newer gets security fixes"),
        )
    ]  # fmt: skip
    for name in ("fsync", "full_page_writes"):
        is_on = have[name] == "on"
        checks.append(
            Check(
                f"postgresql {name}",
                is_on,
                have[name] + ("" if is_on else ": a power cut destroys data; set it on"),
            )
        )
    is_safe = have["synchronous_commit"] != "off"
    checks.append(
        Check("postgresql synchronous_commit", is_safe, have["synchronous_commit"] + (
            "" if is_safe else ": a crash loses answers that were acknowledged; set it to on"))
    )  # fmt: skip
    if partitions:
        has_month = f"lms_statement_m{now():%Y_%m}" in names_of_partitions
        checks.append(
            Check("partitions", has_month, f"{now():%Y-%m} is there" if has_month else
                  f"{now():%Y-%m} is missing, the month before goes on: run 'headstart work --retry --once'")
        )  # fmt: skip
    checks.append(
        Check("postgresql timezone", True, f"{have['TimeZone']} (times are kept in UTC whatever it is)")
    )
    room = int(have["max_connections"]) - int(have["superuser_reserved_connections"])
    pool = engine.pool
    most = pool.size() + pool._max_overflow if isinstance(pool, QueuePool) else 1
    checks.append(
        Check("postgresql connections", most <= room, f"{used} of {room} in use; a process of ours opens up to {most}"
              + (f", so up to {room // most} processes fit" if most <= room else
                 ": raise max_connections, or put pgbouncer between"))
    )  # fmt: skip
    return checks


def of_replica(primary: Engine) -> list[Check]:
    """Look whether the read replica answers, is one, has our tables and keeps up."""
    replica = find_replica()
    if replica is None:
        return []
    try:
        revision = migrate.current(replica.engine)
        with replica.engine.connect() as connection:
            is_follower, lag = True, 0.0
            if connection.dialect.name == "postgresql":
                is_follower = bool(connection.scalar(text("SELECT pg_is_in_recovery()")))
                # without new writes nothing is replayed, so a quiet primary is no lag
                lag = float(connection.scalar(text(
                    "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 "
                    "ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END")) or 0)  # fmt: skip
    except DBAPIError:
        return [
            Check(
                "replica", False, "HEADSTART_REPLICA_URL does not answer; reports ask the primary meanwhile"
            )
        ]
    finally:
        # `serve` asks before it forks: its workers would share this connection
        replica.engine.dispose()
    if revision != migrate.current(primary):
        return [
            Check(
                "replica", False, f"it is at revision {revision or 'none'}: it does not follow this database"
            )
        ]
    if not is_follower:
        return [Check("replica", False, "it takes writes itself: is it a replica of this database?")]
    return [Check("replica", lag < LAG_SECONDS, f"{lag:.0f} s behind")]
