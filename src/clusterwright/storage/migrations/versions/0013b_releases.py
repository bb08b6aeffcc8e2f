"""Releases, their revisions, and what the simulation keeps of them."""

import sqlalchemy as sa
from alembic import op

revision = "0013b"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "releases",
        sa.Column("uid", sa.String(36), primary_key=True),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column(
            "cluster_uid",
            sa.String(36),
            sa.ForeignKey("clusters.uid", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("name", sa.String(53), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("job_uid", sa.String(36), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("cluster_uid", "namespace", "name"),
    )
    op.create_table(
        "release_revisions",
        sa.Column(
            "release_uid",
            sa.String(36),
            sa.ForeignKey("releases.uid", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("chart_uid", sa.String(36), nullable=False),
        sa.Column("chart_name", sa.String(64), nullable=False),
        sa.Column("chart_version", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("values", sa.JSON, nullable=False),
        sa.Column("back_to", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("manifests", sa.Text, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "simulated_releases",
        sa.Column(
            "cluster_uid",
            sa.String(36),
            sa.ForeignKey("simulated_clusters.uid", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("namespace", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(53), primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("manifests", sa.Text, nullable=False),
        sa.Column("ready_at", sa.BigInteger, nullable=False),
        sa.Column("gone_at", sa.BigInteger),
    )
