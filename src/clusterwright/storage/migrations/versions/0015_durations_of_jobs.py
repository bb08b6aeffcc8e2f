"""What jobs have taken."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "job_durations",
        sa.Column("job_type", sa.String(64), primary_key=True),
        sa.Column("driver", sa.String(32), primary_key=True),
        sa.Column("step", sa.String(64), primary_key=True),
        sa.Column("seconds", sa.JSON, nullable=False),
    )
