"""Nodes are in groups and hold what only one can have; released servers are remembered."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the tables; nodes that stand are in the default group."""
    op.add_column(
        "nodes",
        sa.Column("scale_group", sa.String(56), server_default=sa.text("''"), nullable=False),
    )
    op.create_table(
        "node_leases",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(160), nullable=False),
        sa.Column("node_uid", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(["node_uid"], ["nodes.uid"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("project_id", "name"),
    )
    op.create_index(op.f("ix_node_leases_node_uid"), "node_leases", ["node_uid"], unique=False)
    op.create_table(
        "released_servers",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("server_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("private_ip", sa.String(64), nullable=False),
        sa.Column("spec", sa.JSON(), nullable=False),
        sa.Column("released_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "server_id"),
    )
    op.create_index(
        "ix_released_servers_age", "released_servers", ["project_id", "released_at"], unique=False
    )
