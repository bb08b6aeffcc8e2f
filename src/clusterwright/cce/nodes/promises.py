"""What operations on nodes promise: rows and the jobs that make them true."""

import secrets
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.store import STEADY, Cluster
from clusterwright.cce.nodes import store
from clusterwright.cce.nodes.job_types import (
    DELETE_NODE,
    NODES,
    SCALEUP_CLUSTER,
    show_scaling,
)
from clusterwright.cce.nodes.store import CREATING, Node, NodePhase, ServerTaken
from clusterwright.cce.offers import FLAVORS
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs import store as jobs
from clusterwright.jobs.plan import JobType, Request
from clusterwright.jobs.tree import Target
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried

_RANDOM = string.ascii_lowercase + string.digits


async def get_steady(tx: Tx, caller: Caller, cluster_uid: str) -> Cluster:
    """The cluster, locked, in a phase in which its nodes may change.

    Raises ApiError: NOT_FOUND, WRONG_STATE. The Open Telekom Cloud provider waits on its 403.
    """
    cluster = await clusters.show(tx, caller, cluster_uid, lock=True)
    if cluster.phase not in STEADY:
        raise ApiError(
            errors.WRONG_STATE,
            f"The cluster is {cluster.phase}. Change its nodes when it is Available.",
        )
    return cluster


def random_name(stem: str) -> str:
    """``stem`` with five random letters and digits behind it."""
    return f"{stem}-{''.join(secrets.choice(_RANDOM) for _ in range(5))}"


def draft(
    cluster: Cluster,
    name: str,
    spec: dict[str, Any],
    *,
    nodepool_uid: str = "",
    server_id: str | None = None,
) -> Node:
    """A node that nobody has promised yet; one on an existing server needs only be installed."""
    now = clock.now()
    return Node(
        uid=ids.new_uid(),
        project_id=cluster.project_id,
        cluster_uid=cluster.uid,
        nodepool_uid=nodepool_uid,
        name=name,
        flavor=spec.get("flavor", ""),
        phase=NodePhase.INSTALLING if server_id else NodePhase.BUILD,
        server_id=server_id,
        spec=spec,
        created_at=now,
        updated_at=now,
    )


async def drafts(
    cluster: Cluster, names: Iterable[str], spec: dict[str, Any], *, nodepool_uid: str
) -> list[Node]:
    """Nodes of these names that nobody has promised yet, all alike."""
    return [
        draft(cluster, name, spec, nodepool_uid=nodepool_uid) async for name in unhurried(names)
    ]


async def start(
    tx: Tx,
    cluster: Cluster,
    planned: Sequence[Node],
    *,
    job_type: JobType = SCALEUP_CLUSTER,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> list[Node]:
    """Promise ``planned`` nodes and return them as stored. Raises ApiError: NODE_LIMIT,
    INVALID_REQUEST.
    """
    await check_room(tx, cluster, len(planned))
    job_uid = await submit(tx, cluster, planned, job_type)
    # A nanosecond apart, so that lists keep the order of the job's sub-jobs.
    nodes = [
        replace(
            node,
            job_uid=job_uid,
            labels=labels or {},
            annotations=annotations or {},
            created_at=planned[0].created_at + index,
        )
        async for index, node in unhurried(enumerate(planned))
    ]
    try:
        await store.insert(tx, nodes)
    except ServerTaken:
        raise ApiError(
            errors.INVALID_REQUEST,
            "A server is a node already, or is given twice. Remove it from its cluster first.",
        ) from None
    await show_scaling(tx, cluster.uid, project_id=cluster.project_id)
    return nodes


async def check_room(tx: Tx, cluster: Cluster, count: int) -> None:
    """Make sure that the cluster's size allows ``count`` more nodes. Raises ApiError NODE_LIMIT."""
    present = await count_present(tx, cluster)
    flavor = cluster.spec["flavor"]
    most = FLAVORS[flavor].nodes
    if present + count > most:
        raise ApiError(
            errors.NODE_LIMIT,
            f"A cluster of flavor {flavor} may have {most} nodes. This one has {present}.",
        )


async def submit(
    tx: Tx,
    cluster: Cluster,
    nodes: Sequence[Node],
    job_type: JobType,
    *,
    arguments: Mapping[str, str] | None = None,
    target: Target | None = None,
) -> str:
    """Submit a job on nodes of a cluster and return its uid."""
    return await jobs.submit(
        tx,
        Request(
            job_type=job_type,
            project_id=cluster.project_id,
            cluster_uid=cluster.uid,
            target=target or Target("", cluster.name),
            groups={NODES: tuple(Target(node.uid, node.name) for node in nodes)},
            arguments=arguments or {},
        ),
    )


async def work_on(tx: Tx, cluster: Cluster, nodes: Sequence[Node], **values: Any) -> None:
    """Give nodes to the job that ``values`` name, and let the cluster show it."""
    uids = [node.uid for node in nodes]
    await store.update(tx, uids, reason="", updated_at=clock.now(), **values)
    await show_scaling(tx, cluster.uid, project_id=cluster.project_id)


async def stop(
    tx: Tx, cluster: Cluster, nodes: Sequence[Node], *, job_type: JobType = DELETE_NODE
) -> str:
    """Promise the end of nodes and return the job's uid."""
    job_uid = await submit(tx, cluster, nodes, job_type)
    await work_on(tx, cluster, nodes, phase=NodePhase.DELETING, job_uid=job_uid)
    return job_uid


async def find_all(tx: Tx, cluster: Cluster, uids: Sequence[str]) -> list[Node]:
    """These nodes of a cluster, in this order, each once. Raises ApiError NOT_FOUND."""
    found = await store.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid, uids=uids)
    by_uid = {node.uid: node for node in found}
    missing = [uid for uid in uids if uid not in by_uid]
    if missing:
        raise ApiError(errors.NOT_FOUND, f"There is no node {missing[0][:64]} in this cluster.")
    return [by_uid[uid] for uid in dict.fromkeys(uids)]


async def count_present(tx: Tx, cluster: Cluster) -> int:
    """How many nodes the cluster has, those on their way out not counted."""
    phases = await store.count(tx, project_id=cluster.project_id, cluster_uid=cluster.uid)
    return phases.total() - phases[NodePhase.DELETING]


def check_idle(nodes: Sequence[Node]) -> None:
    """Make sure that no job works on the nodes. Raises ApiError: NODE_INSTALLING, WRONG_STATE."""
    for node in nodes:
        if node.phase in CREATING:
            raise ApiError(
                errors.NODE_INSTALLING,
                f"Node {node.name} is {node.phase}. Try again when it is Active.",
            )
        if node.phase in (NodePhase.UPGRADING, NodePhase.DELETING):
            raise ApiError(errors.WRONG_STATE, f"Node {node.name} is {node.phase}.")
