"""Log of acts, trust lists of others, stored QR texts, certificates of a whole group."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("lms_certificate", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signed_with", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("token", sa.Text(), nullable=True))
    _name_the_keys()
    op.create_table(
        "lms_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("did", sa.String(length=400), nullable=False),
        sa.Column("issuer", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_log")),
        sa.UniqueConstraint("did", name=op.f("uq_lms_log_did")),
    )
    op.create_table(
        "lms_log_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("log_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("proof", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["log_id"], ["lms_log.id"], name=op.f("fk_lms_log_entry_log_id_lms_log")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_log_entry")),
        sa.UniqueConstraint("log_id", "sequence", name=op.f("uq_lms_log_entry_log_id_sequence")),
    )
    with op.batch_alter_table("lms_log_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lms_log_entry_digest"), ["digest"], unique=False)
    op.create_table(
        "lms_published_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("content_with_logs", sa.String(length=64), nullable=False),
        sa.Column("signed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_published_list")),
    )
    op.create_table(
        "lms_publisher",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("did", sa.String(length=400), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("pinned", sa.String(length=60), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("only", sa.JSON(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("accepted", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_publisher")),
        sa.UniqueConstraint("did", name=op.f("uq_lms_publisher_did")),
    )
    op.create_table(
        "lms_stored_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("publisher_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("did", sa.String(length=400), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publisher_id"], ["lms_publisher.id"], ondelete="CASCADE",
            name=op.f("fk_lms_stored_list_publisher_id_lms_publisher"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_stored_list")),
        sa.UniqueConstraint("publisher_id", "url", name=op.f("uq_lms_stored_list_publisher_id_url")),
    )  # fmt: skip
    with op.batch_alter_table("lms_stored_list", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lms_stored_list_url"), ["url"], unique=False)
    op.create_table(
        "lms_batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("cohort_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["lms_cohort.id"], ondelete="CASCADE", name=op.f("fk_lms_batch_cohort_id_lms_cohort")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_batch")),
        sa.UniqueConstraint("uuid", name=op.f("uq_lms_batch_uuid")),
    )
    with op.batch_alter_table("lms_batch", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lms_batch_cohort_id"), ["cohort_id"], unique=False)


def _name_the_keys() -> None:
    """Write beside each certificate which key signed it: its payload says so, until the holder is erased."""
    table = sa.table(
        "lms_certificate", sa.column("id", sa.Integer), sa.column("payload", sa.Text), sa.column("signed_with", sa.String)
    )
    bind = op.get_bind()
    last = 0
    while True:
        rows = bind.execute(
            sa.select(table.c.id, table.c.payload)
            .where(table.c.id > last, table.c.payload.is_not(None))
            .order_by(table.c.id)
            .limit(200)
        ).all()
        if not rows:
            return
        for number, payload in rows:
            kid = json.loads(payload)["proof"][0]["verificationMethod"].split("#")[1]
            bind.execute(table.update().where(table.c.id == number).values(signed_with=kid))
        last = rows[-1].id


def downgrade() -> None:
    with op.batch_alter_table("lms_batch", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lms_batch_cohort_id"))
    op.drop_table("lms_batch")
    with op.batch_alter_table("lms_stored_list", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lms_stored_list_url"))
    op.drop_table("lms_stored_list")
    op.drop_table("lms_publisher")
    op.drop_table("lms_published_list")
    with op.batch_alter_table("lms_log_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lms_log_entry_digest"))
    op.drop_table("lms_log_entry")
    op.drop_table("lms_log")
    with op.batch_alter_table("lms_certificate", schema=None) as batch_op:
        batch_op.drop_column("token")
        batch_op.drop_column("signed_with")
