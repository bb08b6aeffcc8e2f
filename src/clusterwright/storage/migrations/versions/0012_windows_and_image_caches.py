"""Maintenance windows and volume claims of clusters, and the image caches of projects."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "maintenance_windows",
        sa.Column("cluster_uid", sa.String(length=36), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_uid"], ["clusters.uid"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster_uid"),
    )
    op.create_table(
        "image_caches",
        sa.Column("uid", sa.String(length=36), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("job_uid", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uid"),
        sa.UniqueConstraint("project_id", "name"),
    )
    op.create_table(
        "volume_claims",
        sa.Column("cluster_uid", sa.String(length=36), nullable=False),
        sa.Column("namespace", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_uid"], ["clusters.uid"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster_uid", "namespace", "name"),
    )
    op.create_index("ix_image_caches_job_uid", "image_caches", ["job_uid"])
