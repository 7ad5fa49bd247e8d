"""The schema: numbered Alembic revisions, our own version table, only our own tables."""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection

from ..paths import package_folder

VERSION_TABLE = "lms_alembic_version"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(package_folder() / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision, in one transaction where the database can."""
    with engine.begin() as connection:
        command.upgrade(_config(connection), revision)


def upgrade_on(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to a revision inside the transaction that is open."""
    command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def current(engine: Engine) -> str | None:
    """Return the revision of the database; None when it has none."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return context.get_current_revision()


@cache
def head() -> str:
    """Return the newest revision of this version; the load balancer asks every few seconds."""
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    if newest is None:
        raise RuntimeError("there is no migration")
    return newest


def is_known(revision: str) -> bool:
    """Tell whether this version of the program has a revision: a newer one's database it cannot read."""
    return any(
        script.revision == revision for script in ScriptDirectory.from_config(_config()).walk_revisions()
    )


def differences(engine: Engine) -> list[Any]:
    """Return how the tables differ from the models: nothing, when the migrations are complete."""
    from alembic.autogenerate import compare_metadata  # only needed by the check

    from .db import Base

    with engine.connect() as connection:
        partitions = partitions_of(connection)
        partitioned = set(partitions.values())

        def include(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
            if kind == "table":
                return name not in partitions and only_ours(item, name, kind, reflected, compare_to)
            # unique in each partition, not over all of them: a key of those must hold what they are cut by
            each = kind == "unique_constraint" and not reflected and item.info.get("in_each_partition")
            return not (each and item.table.name in partitioned)

        options = {"include_object": include, "version_table": VERSION_TABLE, "compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def partitions_of(connection: Connection) -> dict[str, str]:
    """Return {partition: its table} of PostgreSQL; nothing on SQLite, and nothing before somebody makes them."""
    if connection.dialect.name != "postgresql":
        return {}
    rows = connection.execute(
        text(
            "SELECT child.relname, parent.relname FROM pg_inherits "
            "JOIN pg_class child ON child.oid = inhrelid JOIN pg_class parent ON parent.oid = inhparent "
            "WHERE parent.relkind = 'p' AND parent.relnamespace = to_regnamespace(current_schema()::text)"
        )
    )
    return {child: parent for child, parent in rows}  # noqa: C416 - a Row is no pair to a type checker


def only_ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave a host's tables alone."""
    return kind != "table" or (name or "").startswith("lms_") and name != VERSION_TABLE
