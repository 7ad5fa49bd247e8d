"""The trail of checks, bulk checks, offices, and the daily quota of programs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # plain ALTER TABLE, which SQLite knows too: a copy of the table would drop one that others refer to
    op.add_column(
        "lms_centre", sa.Column("is_office", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("lms_credential", sa.Column("quota", sa.Integer(), nullable=True))
    op.create_table(
        "lms_check_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_check_head")),
    )
    op.create_table(
        "lms_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("office", sa.String(length=200), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=True),
        sa.Column("client", sa.String(length=64), nullable=True),
        sa.Column("officer_id", sa.Integer(), nullable=True),
        sa.Column("officer_salt", sa.LargeBinary(length=16), nullable=True),
        sa.Column("officer_mark", sa.String(length=64), nullable=True),
        sa.Column("certificate_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("asked", sa.String(length=12), nullable=True),
        sa.Column("subject_salt", sa.LargeBinary(length=16), nullable=True),
        sa.Column("subject_mark", sa.String(length=64), nullable=True),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("form", sa.String(length=10), nullable=False),
        sa.Column("shown", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("lists", sa.JSON(), nullable=False),
        sa.Column("follows", sa.Uuid(), nullable=True),
        sa.Column("matches", sa.Boolean(), nullable=True),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"], ["lms_centre.id"], name=op.f("fk_lms_check_centre_id_lms_centre"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["lms_certificate.id"],
            name=op.f("fk_lms_check_certificate_id_lms_certificate"), ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["lms_person.id"], name=op.f("fk_lms_check_officer_id_lms_person"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_check")),
        sa.UniqueConstraint("number", name=op.f("uq_lms_check_number")),
        sa.UniqueConstraint("uuid", name=op.f("uq_lms_check_uuid")),
    )  # fmt: skip
    with op.batch_alter_table("lms_check", schema=None) as batch_op:
        for column in ("asked", "at", "centre_id", "certificate_id", "client", "follows", "officer_id"):
            batch_op.create_index(batch_op.f(f"ix_lms_check_{column}"), [column], unique=False)
    op.create_table(
        "lms_check_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("officer_id", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["centre_id"], ["lms_centre.id"], name=op.f("fk_lms_check_batch_centre_id_lms_centre"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["officer_id"], ["lms_person.id"], name=op.f("fk_lms_check_batch_officer_id_lms_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_check_batch")),
        sa.UniqueConstraint("uuid", name=op.f("uq_lms_check_batch_uuid")),
    )  # fmt: skip
    with op.batch_alter_table("lms_check_batch", schema=None) as batch_op:
        for column in ("centre_id", "officer_id"):
            batch_op.create_index(batch_op.f(f"ix_lms_check_batch_{column}"), [column], unique=False)
    op.create_table(
        "lms_check_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["lms_check_batch.id"], name=op.f("fk_lms_check_item_batch_id_lms_check_batch"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_check_item")),
    )  # fmt: skip
    with op.batch_alter_table("lms_check_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lms_check_item_batch_id"), ["batch_id"], unique=False)


def downgrade() -> None:
    for table in ("lms_check_item", "lms_check_batch", "lms_check", "lms_check_head"):
        op.drop_table(table)
    op.drop_column("lms_credential", "quota")
    op.drop_column("lms_centre", "is_office")
