"""Pages of nodes come from an index in their order, not from a sort of all nodes of a cluster."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put the index in the place of a narrower one."""
    op.create_index("ix_nodes_page", "nodes", ["cluster_uid", "created_at", "uid"])
    op.drop_index("ix_nodes_cluster_uid", table_name="nodes")
