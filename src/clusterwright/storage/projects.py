"""A row of each project, by which transactions take turns: who counts what is there holds it.

It stands below all slices, as their quotas are of the project, and has the number of its clusters.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from clusterwright.storage.database import Tx, metadata

cluster_quotas = sa.Table(
    "cluster_quotas",
    metadata,
    sa.Column("project_id", sa.String(64), primary_key=True),
    sa.Column("used", sa.Integer, nullable=False),
)


def _counting(dialect: Any) -> sa.Executable:
    """One statement locks, counts and tells: of two creations at once one takes the last place."""
    added = dialect.insert(cluster_quotas)
    counting: sa.Executable = added.on_conflict_do_update(
        index_elements=[cluster_quotas.c.project_id],
        set_={"used": cluster_quotas.c.used + added.excluded.used},
    ).returning(cluster_quotas.c.used)
    return counting


_COUNT = {True: _counting(sqlite), False: _counting(postgresql)}
"""By whether the database is SQLite."""


async def hold(tx: Tx, project_id: str, *, adding: int = 0) -> int:
    """Let nobody else hold the project while this transaction lasts.

    Whoever adds, renames or removes a cluster holds it, and whoever adds what a project may have
    so many of. Returns how many clusters it has, with those that the transaction is ``adding``.
    """
    counted = await tx.execute(_COUNT[tx.is_sqlite], {"project_id": project_id, "used": adding})
    return int(counted.scalar_one())


async def clusters(tx: Tx, project_id: str) -> int:
    """How many clusters the project has."""
    query = sa.select(cluster_quotas.c.used).where(cluster_quotas.c.project_id == project_id)
    return int((await tx.execute(query)).scalar_one_or_none() or 0)
