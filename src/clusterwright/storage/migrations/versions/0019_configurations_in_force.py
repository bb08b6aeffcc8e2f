"""Nodes tell which configuration of their pool is in force on them, and pools which should be."""

import json
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns. What was configured so far had been passed on to the nodes there are."""
    for table in ("nodes", "nodepools"):
        column = sa.Column("configured", sa.String(64), nullable=False, server_default="")
        op.add_column(table, column)
    kept = sa.table(
        "nodepool_configurations", sa.column("nodepool"), sa.column("packages", sa.JSON)
    )
    pools = sa.table("nodepools", sa.column("uid"), sa.column("configured"))
    nodes = sa.table("nodes", sa.column("nodepool_uid"), sa.column("configured"))
    for uid, packages in op.get_bind().execute(sa.select(kept.c.nodepool, kept.c.packages)).all():
        if packages:
            mark = sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
            op.execute(sa.update(pools).where(pools.c.uid == uid).values(configured=mark))
            op.execute(sa.update(nodes).where(nodes.c.nodepool_uid == uid).values(configured=mark))
