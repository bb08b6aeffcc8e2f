"""Simulated masters tell which version they run, and when an upgrade of theirs ends."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Masters there are did not note their versions, and need not."""
    for name in ("version", "version_before"):
        column = sa.Column(name, sa.String(32), nullable=False, server_default=sa.text("''"))
        op.add_column("simulated_machines", column)
    ended = sa.Column("upgraded_at", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("simulated_machines", ended)
