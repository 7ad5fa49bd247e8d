"""The schema: numbered Alembic revisions, our own version table, only our own tables."""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
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
        options = {"include_object": only_ours, "version_table": VERSION_TABLE, "compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def only_ours(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave a host's tables alone."""
    return kind != "table" or (name or "").startswith("lms_") and name != VERSION_TABLE
