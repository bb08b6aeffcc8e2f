"""Maintenance windows as rows; a deleted cluster takes its window with it."""

from typing import Any

import sqlalchemy as sa

# This insert compiles for SQLite too: "on conflict" is the same sentence there.
from sqlalchemy.dialects.postgresql import insert

from clusterwright.storage import limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON

windows = sa.Table(
    "maintenance_windows",
    metadata,
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("document", BoundedJSON("", limits.LABELS), nullable=False),
)


async def window(tx: Tx, cluster_uid: str) -> dict[str, Any] | None:
    """The window of a cluster, or None."""
    found = sa.select(windows.c.document).where(windows.c.cluster_uid == cluster_uid)
    document: dict[str, Any] | None = (await tx.execute(found)).scalar_one_or_none()
    return document


async def keep_window(tx: Tx, cluster_uid: str, document: dict[str, Any]) -> None:
    """Store a window in place of the one before."""
    added = insert(windows).values(cluster_uid=cluster_uid, document=document)
    await tx.execute(
        added.on_conflict_do_update(
            index_elements=[windows.c.cluster_uid], set_={"document": added.excluded.document}
        )
    )


async def remove_window(tx: Tx, cluster_uid: str) -> None:
    """Forget a window. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(windows).where(windows.c.cluster_uid == cluster_uid))
