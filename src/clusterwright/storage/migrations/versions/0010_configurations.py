"""The control plane's configuration stands with its cluster, whose driver is told of it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and move what was kept beside the configurations of pools."""
    # Nullable, as the two databases have no default for JSON in common; no row is left without.
    op.add_column("clusters", sa.Column("configuration", sa.JSON))
    clusters = sa.table("clusters", sa.column("uid"), sa.column("configuration", sa.JSON))
    op.execute(sa.update(clusters).values(configuration={}))
    kept = sa.table(
        "nodepool_configurations",
        sa.column("cluster_uid"),
        sa.column("nodepool"),
        sa.column("packages", sa.JSON),
    )
    of_masters = kept.c.nodepool == "master"
    found = sa.select(kept.c.cluster_uid, kept.c.packages).where(of_masters)
    for uid, packages in op.get_bind().execute(found).all():
        moved = sa.update(clusters).where(clusters.c.uid == uid).values(configuration=packages)
        op.execute(moved)
    op.execute(sa.delete(kept).where(of_masters))
