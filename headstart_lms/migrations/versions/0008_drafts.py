"""Drafts of courses: their files, people, history, and what was said of a revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _key(table: str, column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"), ondelete=ondelete
    )


def _index(table: str, *columns: str) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        for column in columns:
            batch_op.create_index(batch_op.f(f"ix_{table}_{column}"), [column], unique=False)


def upgrade() -> None:
    op.create_table(
        "lms_draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("centre_id", sa.Integer(), nullable=False),
        sa.Column("course_uuid", sa.Uuid(), nullable=False),
        sa.Column("slug", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.Column("removed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_revision", sa.Integer(), nullable=True),
        sa.Column("due_version", sa.String(length=20), nullable=True),
        sa.Column("due_by", sa.Integer(), nullable=True),
        _key("lms_draft", "centre_id", "lms_centre"),
        _key("lms_draft", "due_by", "lms_person", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_draft")),
        sa.UniqueConstraint("uuid", name=op.f("uq_lms_draft_uuid")),
    )
    _index("lms_draft", "centre_id", "course_uuid", "slug")
    op.create_table(
        "lms_draft_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        _key("lms_draft_member", "draft_id", "lms_draft", "CASCADE"),
        _key("lms_draft_member", "person_id", "lms_person", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_draft_member")),
        sa.UniqueConstraint(
            "draft_id", "person_id", "role", name=op.f("uq_lms_draft_member_draft_id_person_id_role")
        ),
    )
    _index("lms_draft_member", "draft_id", "person_id")
    op.create_table(
        "lms_draft_text",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("written", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_lms_draft_text")),
    )
    _index("lms_draft_text", "written")
    op.create_table(
        "lms_draft_file",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=160), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        _key("lms_draft_file", "draft_id", "lms_draft", "CASCADE"),
        sa.PrimaryKeyConstraint("draft_id", "path", name=op.f("pk_lms_draft_file")),
    )
    op.create_table(
        "lms_draft_revision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("began", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        _key("lms_draft_revision", "draft_id", "lms_draft", "CASCADE"),
        _key("lms_draft_revision", "person_id", "lms_person", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_draft_revision")),
        sa.UniqueConstraint("draft_id", "n", name=op.f("uq_lms_draft_revision_draft_id_n")),
    )
    _index("lms_draft_revision", "draft_id", "person_id")
    op.create_table(
        "lms_draft_change",
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=160), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=True),
        sa.Column("after", sa.String(length=64), nullable=True),
        _key("lms_draft_change", "revision_id", "lms_draft_revision", "CASCADE"),
        sa.PrimaryKeyConstraint("revision_id", "path", name=op.f("pk_lms_draft_change")),
    )
    op.create_table(
        "lms_draft_mark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        _key("lms_draft_mark", "draft_id", "lms_draft", "CASCADE"),
        _key("lms_draft_mark", "person_id", "lms_person", "SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lms_draft_mark")),
    )
    _index("lms_draft_mark", "draft_id", "person_id")


def downgrade() -> None:
    for table in ("mark", "change", "revision", "file", "text", "member"):
        op.drop_table(f"lms_draft_{table}")
    op.drop_table("lms_draft")
