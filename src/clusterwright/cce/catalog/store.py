"""A cluster's settings as rows: its log configuration and its partitions."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

# This insert compiles for SQLite too: "on conflict" is the same sentence there.
from sqlalchemy.dialects.postgresql import insert

from clusterwright.cce.clusters.store import clusters
from clusterwright.storage import facts
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import unhurried

log_configs = sa.Table(
    "log_configs",
    metadata,
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("document", BoundedJSON("log_configs"), nullable=False),
)

partitions = sa.Table(
    "partitions",
    metadata,
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("spec", BoundedJSON("spec"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One stored partition."""

    cluster_uid: str
    name: str
    spec: dict[str, Any]
    created_at: int


class NameTaken(Exception):
    """The cluster has a partition of this name."""


async def log_config(tx: Tx, cluster_uid: str) -> dict[str, Any] | None:
    """The log configuration that was set, or None."""
    found = sa.select(log_configs.c.document).where(log_configs.c.cluster_uid == cluster_uid)
    document: dict[str, Any] | None = (await tx.execute(found)).scalar_one_or_none()
    return document


async def keep_log_config(tx: Tx, cluster_uid: str, document: dict[str, Any]) -> None:
    """Store the log configuration in place of the old one."""
    added = insert(log_configs).values(cluster_uid=cluster_uid, document=document)
    await tx.execute(
        added.on_conflict_do_update(
            index_elements=[log_configs.c.cluster_uid], set_={"document": added.excluded.document}
        )
    )


async def insert_partition(tx: Tx, partition: Partition) -> None:
    """Add a partition. Raises NameTaken."""
    added = insert(partitions).values(facts.columns(partition)).on_conflict_do_nothing()
    if (await tx.execute(added.returning(partitions.c.name))).one_or_none() is None:
        raise NameTaken


async def count_partitions(tx: Tx, cluster_uid: str) -> int:
    """How many partitions a cluster has."""
    query = sa.select(sa.func.count()).select_from(partitions)
    found = await tx.execute(query.where(partitions.c.cluster_uid == cluster_uid))
    return int(found.scalar_one())


async def get_partition(tx: Tx, cluster_uid: str, name: str) -> Partition | None:
    """The partition of a cluster, or None."""
    query = sa.select(partitions).where(
        partitions.c.cluster_uid == cluster_uid, partitions.c.name == name
    )
    row = (await tx.execute(query)).one_or_none()
    return facts.read(Partition, row) if row else None


async def find_partitions(tx: Tx, cluster_uid: str) -> list[Partition]:
    """The partitions of a cluster in the order of their creation."""
    query = sa.select(partitions).where(partitions.c.cluster_uid == cluster_uid)
    rows = await tx.execute(query.order_by(partitions.c.created_at, partitions.c.name))
    return [facts.read(Partition, row) for row in rows]


async def partition_with(tx: Tx, subnets: Collection[str], *, project_id: str) -> str:
    """The name of a partition of the project that has one of these subnets; empty for none."""
    mine = sa.select(clusters.c.uid).where(clusters.c.project_id == project_id)
    rows = await tx.execute(
        sa.select(partitions.c.name, partitions.c.spec)
        .where(partitions.c.cluster_uid.in_(mine))
        .order_by(partitions.c.created_at)
    )
    async for row in unhurried(rows):
        listed = [*row.spec.get("containerNetwork", ()), row.spec.get("hostNetwork") or {}]
        if any(one.get("subnetID") in subnets for one in listed):
            return str(row.name)
    return ""


async def update_partition(tx: Tx, partition: Partition) -> None:
    """Store the partition's spec."""
    await tx.execute(
        sa.update(partitions)
        .where(
            partitions.c.cluster_uid == partition.cluster_uid, partitions.c.name == partition.name
        )
        .values(spec=partition.spec)
    )
