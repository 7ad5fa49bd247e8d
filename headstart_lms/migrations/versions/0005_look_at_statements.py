"""An index of what was voided, and a small record of what clients were refused."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_lms_statement_voided",
        "lms_statement",
        ["seq"],
        sqlite_where=sa.text("voided IS 1"),
        postgresql_where=sa.text("voided IS true"),
    )
    op.create_table(
        "lms_refusal",
        sa.Column("client", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sentence", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("client", "hour", "status", name=op.f("pk_lms_refusal")),
    )


def downgrade() -> None:
    op.drop_table("lms_refusal")
    op.drop_index("ix_lms_statement_voided", table_name="lms_statement")
