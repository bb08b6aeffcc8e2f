"""An index for the list of a project's jobs, which read the jobs of all projects without it."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_job_trees_project_id", "job_trees", ["project_id", "id"], unique=False)
