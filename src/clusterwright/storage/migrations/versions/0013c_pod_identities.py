"""Which agencies service accounts may act as."""

import sqlalchemy as sa
from alembic import op

revision = "0013c"
down_revision = "0013b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "pod_identities",
        sa.Column("uid", sa.String(36), primary_key=True),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column(
            "cluster_uid",
            sa.String(36),
            sa.ForeignKey("clusters.uid", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("namespace", sa.String(63), nullable=False),
        sa.Column("service_account", sa.String(253), nullable=False),
        sa.Column("agency_name", sa.String(64), nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("cluster_uid", "namespace", "service_account"),
    )
