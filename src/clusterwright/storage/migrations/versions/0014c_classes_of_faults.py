"""Whose an armed fault is."""

import sqlalchemy as sa
from alembic import op

revision = "0014c"
down_revision = "0014b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "simulated_faults",
        sa.Column("blame", sa.String(16), nullable=False, server_default="provider"),
    )
