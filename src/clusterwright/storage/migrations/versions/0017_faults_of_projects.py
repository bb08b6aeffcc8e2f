"""Whose clusters an armed fault strikes."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. What is armed already strikes any project's clusters."""
    op.add_column("simulated_faults", sa.Column("project", sa.String(64)))
    op.create_index("ix_simulated_faults_project", "simulated_faults", ["project"])
