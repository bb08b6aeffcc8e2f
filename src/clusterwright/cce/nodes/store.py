"""Nodes as rows: the client's spec as it was sent, beside the few columns that we search by."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from clusterwright.storage import facts, limits
from clusterwright.storage.database import Tx, metadata
from clusterwright.storage.limits import BoundedJSON
from clusterwright.turns import parts, unhurried

nodes = sa.Table(
    "nodes",
    metadata,
    sa.Column("uid", sa.String(36), primary_key=True),
    sa.Column("project_id", sa.String(64), nullable=False),
    sa.Column(
        "cluster_uid",
        sa.ForeignKey("clusters.uid", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("nodepool_uid", sa.String(36), nullable=False),
    # Empty for the pool's default group.
    sa.Column("scale_group", sa.String(56), nullable=False, server_default=sa.text("''")),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("flavor", sa.String(64), nullable=False),
    sa.Column("phase", sa.String(16), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("job_uid", sa.String(36), nullable=False, index=True),
    # NULL until the server exists.
    sa.Column("server_id", sa.String(64)),
    sa.Column("private_ip", sa.String(64), nullable=False),
    sa.Column("spec", BoundedJSON("spec", limits.NODE_SPEC), nullable=False),
    sa.Column("labels", BoundedJSON("metadata.labels", limits.LABELS), nullable=False),
    sa.Column("annotations", BoundedJSON("metadata.annotations", limits.LABELS), nullable=False),
    sa.Column("scale_down_locked", sa.Boolean, nullable=False),
    sa.Column("configured", sa.String(64), nullable=False, server_default=sa.text("''")),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    # One server is one node at most, in all clusters of the project together. Other projects name
    # servers of their own: what they name is not theirs to learn of, nor to keep from this one.
    sa.UniqueConstraint("project_id", "server_id"),
    # Lists and pages come in this order; sorting a large cluster's nodes for each page takes long.
    sa.Index("ix_nodes_page", "cluster_uid", "created_at", "uid"),
)


class NodePhase(StrEnum):
    """The words of ``status.phase`` (API reference, 5.2)."""

    BUILD = "Build"
    INSTALLING = "Installing"
    UPGRADING = "Upgrading"
    ACTIVE = "Active"
    ABNORMAL = "Abnormal"
    DELETING = "Deleting"
    ERROR = "Error"


CREATING = (NodePhase.BUILD, NodePhase.INSTALLING)
WORKING = (*CREATING, NodePhase.UPGRADING, NodePhase.DELETING)
"""Phases that a job is to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One stored node."""

    uid: str
    project_id: str
    cluster_uid: str
    nodepool_uid: str = ""
    """The pool it belongs to; empty for none, which clients see as the default pool."""
    scale_group: str = ""
    """The pool's group it was made for; empty for the default one."""
    name: str
    flavor: str
    phase: NodePhase
    reason: str = ""
    job_uid: str = ""
    """The job that last worked, or works, on the node: only it may change the phase."""
    server_id: str | None = None
    private_ip: str = ""
    spec: dict[str, Any]
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    scale_down_locked: bool = False
    configured: str = ""
    """The mark of the configuration of its pool that is in force on it."""
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How many nodes of one flavor a cluster has, and how many of them are active."""

    cluster_uid: str
    flavor: str
    total: int
    active: int


class ServerTaken(Exception):
    """Another node lives on one of the servers."""


_TALLIED = 4
"""Clusters counted in one statement: each may have 2,000 nodes, a millisecond of work."""
_FIRST_PAGE = (
    sa.select(nodes)
    .where(nodes.c.cluster_uid == sa.bindparam("of"), nodes.c.project_id == sa.bindparam("project"))
    .order_by(nodes.c.created_at, nodes.c.uid)
    .limit(sa.bindparam("most"))
)
_NEXT_PAGE = _FIRST_PAGE.where(
    sa.tuple_(nodes.c.created_at, nodes.c.uid)
    > sa.tuple_(sa.bindparam("then", type_=sa.BigInteger), sa.bindparam("last", type_=sa.Text))
)
_INSERT = sa.insert(nodes)
_GET = sa.select(nodes).where(
    nodes.c.uid == sa.bindparam("uid"), nodes.c.project_id == sa.bindparam("project_id")
)


async def insert(tx: Tx, added: Sequence[Node]) -> None:
    """Add nodes. Raises ServerTaken."""
    # Two requests that name the same servers wait for each other's; in one order, never both.
    in_order = sorted(added, key=lambda node: node.server_id or "")
    try:
        async for part in parts(in_order):
            await tx.execute(_INSERT, [facts.columns(node) for node in part])
    except IntegrityError:
        raise ServerTaken from None


async def get(tx: Tx, uid: str, *, project_id: str) -> Node | None:
    """The node of this project, in whichever cluster it is, or None."""
    row = (await tx.execute(_GET, {"uid": uid, "project_id": project_id})).one_or_none()
    return _node(row) if row else None


async def on_server(tx: Tx, server_id: str, *, project_id: str) -> Node | None:
    """The node of this project that lives on a server, or None."""
    query = sa.select(nodes).where(nodes.c.server_id == server_id, nodes.c.project_id == project_id)
    row = (await tx.execute(query)).one_or_none()
    return _node(row) if row else None


async def find(
    tx: Tx,
    *,
    project_id: str,
    cluster_uid: str,
    nodepool_uid: str | None = None,
    uids: Iterable[str] | None = None,
) -> list[Node]:
    """The nodes of a cluster in the order of their creation, of one pool or with these uids."""
    query = sa.select(nodes).where(
        nodes.c.cluster_uid == cluster_uid, nodes.c.project_id == project_id
    )
    if nodepool_uid is not None:
        query = query.where(nodes.c.nodepool_uid == nodepool_uid)
    if uids is not None:
        query = query.where(nodes.c.uid.in_(list(uids)))
    rows = await tx.execute(query.order_by(nodes.c.created_at, nodes.c.uid))
    return [_node(row) async for row in unhurried(rows)]


async def places(tx: Tx, *, project_id: str, cluster_uid: str) -> list[str]:
    """The uids of a cluster's nodes in the order of their creation."""
    rows = await tx.execute(
        sa.select(nodes.c.uid)
        .where(nodes.c.cluster_uid == cluster_uid, nodes.c.project_id == project_id)
        .order_by(nodes.c.created_at, nodes.c.uid)
    )
    return list(rows.scalars())


async def page(
    tx: Tx, *, project_id: str, cluster_uid: str, after: Node | None, limit: int
) -> list[Node]:
    """Up to ``limit`` nodes of a cluster that come after a node, or the first ones."""
    asked: dict[str, Any] = {"of": cluster_uid, "project": project_id, "most": limit}
    if after is None:
        rows = await tx.execute(_FIRST_PAGE, asked)
    else:
        rows = await tx.execute(_NEXT_PAGE, asked | {"then": after.created_at, "last": after.uid})
    return [_node(row) async for row in unhurried(rows)]


async def count(tx: Tx, *, project_id: str, cluster_uid: str) -> Counter[NodePhase]:
    """How many nodes of a cluster are in each phase."""
    rows = await tx.execute(
        sa.select(nodes.c.phase, sa.func.count().label("found"))
        .where(nodes.c.cluster_uid == cluster_uid, nodes.c.project_id == project_id)
        .group_by(nodes.c.phase)
    )
    return Counter({NodePhase(row.phase): row.found for row in rows})


async def tally(tx: Tx, cluster_uids: Sequence[str], *, project_id: str) -> list[Tally]:
    """The nodes of many clusters of a project, counted by cluster and flavor."""
    active = sa.case((nodes.c.phase == NodePhase.ACTIVE, 1), else_=0)
    tallies: list[Tally] = []
    async for part in parts(cluster_uids, _TALLIED):
        rows = await tx.execute(
            sa.select(
                nodes.c.cluster_uid,
                nodes.c.flavor,
                sa.func.count().label("total"),
                sa.func.sum(active).label("active"),
            )
            .where(nodes.c.cluster_uid.in_(part), nodes.c.project_id == project_id)
            .group_by(nodes.c.cluster_uid, nodes.c.flavor)
        )
        tallies += (Tally(row.cluster_uid, row.flavor, row.total, row.active) for row in rows)
    return tallies


async def clusters_of(tx: Tx, job_uid: str, *, project_id: str) -> set[str]:
    """The clusters of the nodes that a job works on."""
    query = sa.select(nodes.c.cluster_uid).where(
        nodes.c.job_uid == job_uid, nodes.c.project_id == project_id
    )
    return set((await tx.execute(query.distinct())).scalars())


async def update(tx: Tx, uids: Iterable[str], **values: Any) -> None:
    """Change columns of nodes."""
    async for part in parts(uids):
        await tx.execute(sa.update(nodes).where(nodes.c.uid.in_(part)).values(**values))


async def advance(tx: Tx, uid: str, *, job_uid: str, **values: Any) -> None:
    """Change columns of a node if it is still this job's; a later job has its own say."""
    statement = facts.changing(nodes, tuple(values), "uid", "job_uid")
    await tx.execute(statement, values | {"of_uid": uid, "of_job_uid": job_uid})


async def rename_group(tx: Tx, nodepool_uid: str, *, old: str, new: str) -> None:
    """Let the nodes of one group of a pool be another's."""
    await tx.execute(
        sa.update(nodes)
        .where(nodes.c.nodepool_uid == nodepool_uid, nodes.c.scale_group == old)
        .values(scale_group=new)
    )


async def observe(tx: Tx, uid: str, *, seen_at: int, **values: Any) -> None:
    """Change columns of a node on which nobody works, and has not since it was looked at (ns)."""
    idle = nodes.c.phase.in_((NodePhase.ACTIVE, NodePhase.ABNORMAL))
    as_seen = nodes.c.updated_at <= seen_at
    await tx.execute(sa.update(nodes).where(nodes.c.uid == uid, idle, as_seen).values(**values))


async def among(tx: Tx, uids: Iterable[str], *, phase: NodePhase) -> list[str]:
    """Those of these nodes that are in a phase."""
    found: list[str] = []
    async for part in parts(uids):
        query = sa.select(nodes.c.uid).where(nodes.c.uid.in_(part), nodes.c.phase == phase)
        found += (await tx.execute(query)).scalars()
    return found


async def abnormal(tx: Tx, clusters: Iterable[str]) -> list[str]:
    """The nodes of these clusters that are said to be abnormal."""
    found: list[str] = []
    async for part in parts(clusters):
        query = sa.select(nodes.c.uid).where(
            nodes.c.cluster_uid.in_(part), nodes.c.phase == NodePhase.ABNORMAL
        )
        found += (await tx.execute(query)).scalars()
    return found


async def fail(tx: Tx, *, job_uid: str, reason: str, updated_at: int) -> None:
    """Put the nodes that an ended job has not brought to an end in phase Error."""
    query = sa.select(nodes.c.uid).where(nodes.c.job_uid == job_uid, nodes.c.phase.in_(WORKING))
    found = (await tx.execute(query)).scalars().all()
    await update(tx, found, phase=NodePhase.ERROR, reason=reason, updated_at=updated_at)


async def retake(tx: Tx, *, job_uid: str, phase: NodePhase, next_job: str, updated_at: int) -> int:
    """Give the nodes that a job left in Error to the next one; tells how many there are.

    One that is to be in Installing but has no server yet is in Build.
    """
    values = {"job_uid": next_job, "reason": "", "updated_at": updated_at}
    query = sa.select(nodes.c.uid, nodes.c.server_id).where(
        nodes.c.job_uid == job_uid, nodes.c.phase == NodePhase.ERROR
    )
    rows = (await tx.execute(query)).all()
    builds = phase is NodePhase.INSTALLING
    without = [row.uid for row in rows if builds and not row.server_id]
    await update(tx, without, phase=NodePhase.BUILD, **values)
    others = [row.uid for row in rows if row.uid not in set(without)]
    await update(tx, others, phase=phase, **values)
    return len(rows)


async def remove(tx: Tx, uid: str, *, job_uid: str) -> None:
    """Forget a node that is still this job's. Forgetting an unknown one does nothing."""
    await tx.execute(sa.delete(nodes).where(nodes.c.uid == uid, nodes.c.job_uid == job_uid))


def _node(row: Any) -> Node:
    return facts.read(Node, row, phase=NodePhase(row.phase))
