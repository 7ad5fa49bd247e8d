"""Keys for tokens (RSA, P-256) beside the Ed25519 keys of issuers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("lms_issuer_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("token_keys", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    """Drop the keys: tokens signed with them can no longer be checked, the other files can."""
    with op.batch_alter_table("lms_issuer_key", schema=None) as batch_op:
        batch_op.drop_column("token_keys")
