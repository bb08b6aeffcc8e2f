"""The container ranges of clusters, which must be apart in a VPC."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table, and write down the ranges of the clusters that there are."""
    ranges = op.create_table(
        "cluster_ranges",
        sa.Column("cluster_uid", sa.String(length=36), nullable=False),
        sa.Column("cidr", sa.String(length=18), nullable=False),
        sa.Column("project_id", sa.String(length=64), nullable=False),
        sa.Column("vpc", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["cluster_uid"], ["clusters.uid"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("cluster_uid", "cidr"),
    )
    op.create_index("ix_cluster_ranges_project_id", "cluster_ranges", ["project_id", "vpc"])
    clusters = sa.table(
        "clusters", sa.column("uid"), sa.column("project_id"), sa.column("spec", sa.JSON)
    )
    for uid, project_id, spec in op.get_bind().execute(sa.select(clusters)).all():
        network = spec.get("containerNetwork", {})
        if network.get("mode") == "vpc-router":
            known = dict.fromkeys(entry["cidr"] for entry in network.get("cidrs", ()))
            op.bulk_insert(
                ranges,
                [
                    {
                        "cluster_uid": uid,
                        "cidr": cidr,
                        "project_id": project_id,
                        "vpc": spec["hostNetwork"]["vpc"],
                    }
                    for cidr in known
                ],
            )
