"""Alembic's environment: the connection comes from kernel.migrate."""

from __future__ import annotations

from alembic import context

from headstart_lms.kernel.db import Base
from headstart_lms.kernel.migrate import VERSION_TABLE, only_ours

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    include_object=only_ours,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
