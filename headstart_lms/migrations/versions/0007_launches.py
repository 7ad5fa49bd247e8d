"""A rate for each key; launches of content and the statements they stored."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("lms_credential", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rate", sa.Integer(), nullable=True))
    op.create_table(
        "lms_launch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.Uuid(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("account_home", sa.Text(), nullable=False),
        sa.Column("account_name", sa.String(length=200), nullable=False),
        sa.Column("fetch_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(length=32), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["credential_id"], ["lms_credential.id"], name=op.f("fk_lms_launch_credential_id_lms_credential")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_launch")),
        sa.UniqueConstraint("fetch_sha256", name=op.f("uq_lms_launch_fetch_sha256")),
        sa.UniqueConstraint("uuid", name=op.f("uq_lms_launch_uuid")),
    )
    with op.batch_alter_table("lms_launch", schema=None) as batch_op:
        for column in ("account_name", "credential_id", "expires"):
            batch_op.create_index(batch_op.f(f"ix_lms_launch_{column}"), [column], unique=False)
    op.create_table(
        "lms_launched",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_lms_launched")),
    )


def downgrade() -> None:
    op.drop_table("lms_launched")
    op.drop_table("lms_launch")
    with op.batch_alter_table("lms_credential", schema=None) as batch_op:
        batch_op.drop_column("rate")
