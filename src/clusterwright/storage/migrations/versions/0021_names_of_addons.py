"""Add-ons have names that clients give them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. Those that are there have their templates' names."""
    for name in ("given_name", "alias"):
        column = sa.Column(name, sa.String(128), nullable=False, server_default=sa.text("''"))
        op.add_column("addons", column)
