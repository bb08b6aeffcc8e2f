"""Node pools as rows, and the configurations of their components."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from enum import StrEnum
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from clusterwright.cce.nodes.store import Node
from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON

DEFAULT_POOL = "DefaultPool"
"""The name under which clients see the nodes that are in no pool."""

nodepools = sa.Table(
    "nodepools",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), nullable=False),
    sa.Column("name", sa.String(50), nullable=False),
    sa.Column("expected", sa.Integer, nullable=False),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("job_uid", sa.String(36), nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("configured", sa.String(64), nullable=False, server_default=sa.text("''")),
    sa.Column("annotations", BoundedJSON("metadata.annotations", limits.LABELS), nullable=False),
    sa.Column("spec", BoundedJSON("spec", limits.POOL_SPEC), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("cluster_uid", "name"),
)

# Without a foreign key to the pools: a pool's configuration goes with the pool, by its row.
configurations = sa.Table(
    "nodepool_configurations",
    metadata,
    sa.Column("cluster_uid", sa.ForeignKey("clusters.uid", ondelete="CASCADE"), primary_key=True),
    sa.Column("nodepool", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column("packages", BoundedJSON("spec.packages"), nullable=False),
)


class PoolPhase(StrEnum):
    """What is stored of ``status.phase``; the rest follows from the pool's nodes."""

    READY = ""
    DELETING = "Deleting"
    ERROR = "Error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One stored pool."""

    uid: str
    project_id: str
    cluster_uid: str
    name: str
    expected: int
    """How many nodes it should have; jobs make them so."""
    phase: PoolPhase = PoolPhase.READY
    reason: str = ""
    job_uid: str = ""
    """The job that deletes it, or failed to."""
    revision: int = 1
    configured: str = ""
    """The mark of its configuration."""
    annotations: Mapping[str, str] = attribute(default_factory=dict)
    spec: dict[str, Any]
    created_at: int
    updated_at: int


class NameTaken(Exception):
    """Another pool of the cluster has this name."""


async def insert(tx: Tx, pool: Pool) -> None:
    """Add a pool. Raises NameTaken."""
    values = facts.columns(pool)
    try:
        await tx.execute(sa.insert(nodepools).values(values))
    except IntegrityError:
        raise NameTaken from None


async def get(tx: Tx, uid: str, *, project_id: str, cluster_uid: str) -> Pool | None:
    """The pool of this cluster, or None."""
    found = await tx.execute(
        sa.select(nodepools).where(
            nodepools.c.uid == uid,
            nodepools.c.project_id == project_id,
            nodepools.c.cluster_uid == cluster_uid,
        )
    )
    row = found.one_or_none()
    return _pool(row) if row else None


_OF_CLUSTER = (
    sa.select(nodepools)
    .where(
        nodepools.c.project_id == sa.bindparam("project"),
        nodepools.c.cluster_uid == sa.bindparam("of"),
    )
    .order_by(nodepools.c.created_at, nodepools.c.uid)
)


async def find(tx: Tx, *, project_id: str, cluster_uid: str) -> list[Pool]:
    """The pools of a cluster in the order of their creation."""
    rows = await tx.execute(_OF_CLUSTER, {"project": project_id, "of": cluster_uid})
    return [_pool(row) for row in rows]


async def count(tx: Tx, *, project_id: str, cluster_uid: str) -> int:
    """How many pools a cluster has."""
    found = await tx.execute(
        sa.select(sa.func.count())
        .select_from(nodepools)
        .where(nodepools.c.project_id == project_id, nodepools.c.cluster_uid == cluster_uid)
    )
    return int(found.scalar_one())


async def save(tx: Tx, pool: Pool) -> None:
    """Store every column of a pool that exists. Raises NameTaken."""
    values = facts.columns(pool)
    try:
        await tx.execute(sa.update(nodepools).where(nodepools.c.uid == pool.uid).values(values))
    except IntegrityError:
        raise NameTaken from None


async def settle(tx: Tx, uid: str, *, job_uid: str, **values: Any) -> None:
    """Change columns of a pool if it is still this job's to settle."""
    await tx.execute(
        sa.update(nodepools)
        .where(nodepools.c.uid == uid, nodepools.c.job_uid == job_uid)
        .values(**values)
    )


async def remove(tx: Tx, uid: str) -> None:
    """Forget a pool and its configuration. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(configurations).where(configurations.c.nodepool == uid))
    await tx.execute(sa.delete(nodepools).where(nodepools.c.uid == uid))


async def configuration(
    tx: Tx, nodepool: str, *, project_id: str, cluster_uid: str
) -> dict[str, dict[str, Any]]:
    """What was configured: values by component and name."""
    found = await tx.execute(
        sa.select(configurations.c.packages).where(
            configurations.c.cluster_uid == cluster_uid,
            configurations.c.nodepool == nodepool,
            configurations.c.project_id == project_id,
        )
    )
    packages: dict[str, dict[str, Any]] | None = found.scalar_one_or_none()
    return packages or {}


async def configure(
    tx: Tx,
    nodepool: str,
    packages: Mapping[str, Mapping[str, Any]],
    *,
    project_id: str,
    cluster_uid: str,
) -> None:
    """Keep a whole configuration, and its mark with the pool."""
    dialect = sqlite if tx.is_sqlite else postgresql
    added = dialect.insert(configurations).values(
        cluster_uid=cluster_uid, nodepool=nodepool, project_id=project_id, packages=packages
    )
    await tx.execute(
        added.on_conflict_do_update(
            index_elements=[configurations.c.cluster_uid, configurations.c.nodepool],
            set_={"packages": added.excluded.packages},
        )
    )
    await tx.execute(
        sa.update(nodepools).where(nodepools.c.uid == nodepool).values(configured=mark(packages))
    )


def mark(packages: Mapping[str, Mapping[str, Any]]) -> str:
    """What tells a configuration from others; empty for none."""
    if not packages:
        return ""
    return sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()


def _pool(row: Any) -> Pool:
    return facts.read(Pool, row, phase=PoolPhase(row.phase))


@dataclass(frozen=True, slots=True)
class PoolView:
    """What nodes need to know of the pool they are in."""

    name: str
    os: str
    runtime: Mapping[str, Any]
    configured: str

    def fits(self, node: Node) -> bool:
        """Whether the node is as the pool would make it today."""
        made = (node.spec["os"], node.spec.get("runtime", {}), node.configured)
        return made == (self.os, self.runtime, self.configured)


def view(pool: Pool) -> PoolView:
    """The pool as its nodes show it."""
    template = pool.spec["nodeTemplate"]
    return PoolView(
        name=pool.name,
        os=template["os"],
        runtime=template["runtime"],
        configured=pool.configured,
    )


async def views(tx: Tx, cluster_uid: str, *, project_id: str) -> Mapping[str, PoolView]:
    """What nodes need to know of the pools of a cluster, by the pools' uids."""
    return {
        pool.uid: view(pool)
        for pool in await find(tx, project_id=project_id, cluster_uid=cluster_uid)
    }
