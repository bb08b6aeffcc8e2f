"""What can be done with nodes: each operation is one transaction and refuses with the catalogue.

Every operation that changes nodes locks their cluster first, so operations on one cluster take
turns.
"""

import secrets
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.operations import FLAVORS
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import store
from clusterwright.cce.nodes.documents import POOL_ANNOTATION, Pools
from clusterwright.cce.nodes.job_types import (
    DELETE_NODE,
    NODES,
    SCALEUP_CLUSTER,
    STEADY,
    show_scaling,
)
from clusterwright.cce.nodes.store import CREATING, Node, NodePhase, ServerTaken
from clusterwright.cce.nodes.wire import NodeToCreate, keepable
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs import store as jobs
from clusterwright.jobs.plan import JobType, Request, Target
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried

DEFAULTS: Mapping[str, Any] = {
    "os": "Huawei Cloud EulerOS 2.0",
    "billingMode": 0,
    "runtime": {"name": "containerd"},
}
"""What a node is where nothing is asked."""
_RANDOM = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What was promised: a node's end."""

    node: Node
    """As it was before."""
    job_uid: str
    before: int
    """How many nodes the cluster had, those on their way out not counted."""
    after: int


async def steady(tx: Tx, caller: Caller, cluster_uid: str) -> Cluster:
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


async def create(
    tx: Tx,
    caller: Caller,
    cluster_uid: str,
    asked: NodeToCreate,
    *,
    pools: Pools,
    zone: str,
    pool_expects: bool = False,
) -> Node:
    """Promise new nodes: their rows in phase Build and their whole job. Returns the first of them.

    Where the annotation names a pool, the nodes are the pool's; unless ``pool_expects`` them
    already, it expects so many more. Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST,
    NODE_LIMIT, NOT_SUPPORTED.
    """
    cluster = await steady(tx, caller, cluster_uid)
    count = asked.spec.count
    annotations = dict(asked.metadata.annotations or {})
    pool_uid = annotations.pop(POOL_ANNOTATION, "")
    if pool_uid not in await pools.views(tx, cluster.uid, project_id=cluster.project_id):
        pool_uid = ""
    spec = complete(keepable(asked.spec), cluster, zone=zone)
    made = await start(
        tx,
        cluster,
        await drafts(
            cluster, _names(asked.metadata.name, cluster, count), spec, nodepool_uid=pool_uid
        ),
        labels=asked.metadata.labels or {},
        annotations=annotations,
    )
    if pool_uid and not pool_expects:
        await pools.gained(tx, cluster, pool_uid, count=count)
    return made[0]


def _names(asked: str, cluster: Cluster, count: int) -> Iterable[str]:
    # API reference, 5.1.
    if asked and count == 1:
        return [asked]
    stem = asked[:50] if asked else cluster.name[:36]
    return (random_name(stem) for _ in range(count))


def random_name(stem: str) -> str:
    """``stem`` with five random letters and digits behind it."""
    return f"{stem}-{''.join(secrets.choice(_RANDOM) for _ in range(5))}"


def complete(sent: dict[str, Any], cluster: Cluster, *, zone: str) -> dict[str, Any]:
    """The spec of one node as it is stored: what was sent, and the documented defaults.

    Raises ApiError NOT_SUPPORTED for a prepaid node.
    """
    check_spec(sent)
    spec = dict(DEFAULTS) | sent
    spec.pop("count", None)
    if spec.get("az", "") in ("", "random"):
        spec["az"] = zone
    nic = spec.get("nodeNicSpec", {})
    subnet = {"subnetId": cluster.spec["hostNetwork"]["subnet"]}
    primary = {key: value for key, value in nic.get("primaryNic", {}).items() if value != ""}
    return spec | {"nodeNicSpec": nic | {"primaryNic": subnet | primary}}


def check_spec(sent: Mapping[str, Any]) -> None:
    """Refuse what only several fields together can tell. Raises ApiError."""
    if sent.get("billingMode", 0) != 0:
        raise ApiError(
            errors.NOT_SUPPORTED, "spec.billingMode: this server has no prepaid nodes. Send 0."
        )
    least = 10 if "storage" in sent else 100
    if any(volume["size"] < least for volume in sent.get("dataVolumes", ())):
        raise ApiError(
            errors.INVALID_REQUEST,
            f"spec.dataVolumes: without spec.storage, a data disk has at least {least} GiB.",
        )


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
    present = await _present(tx, cluster)
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


async def show(tx: Tx, caller: Caller, cluster_uid: str, uid: str) -> Node:
    """The node. Raises ApiError NOT_FOUND for one that this cluster of the project has not."""
    cluster = await clusters.show(tx, caller, cluster_uid)
    return (await chosen(tx, cluster, [uid]))[0]


async def chosen(tx: Tx, cluster: Cluster, uids: Sequence[str]) -> list[Node]:
    """These nodes of a cluster, in this order, each once. Raises ApiError NOT_FOUND."""
    found = await store.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid, uids=uids)
    by_uid = {node.uid: node for node in found}
    missing = [uid for uid in uids if uid not in by_uid]
    if missing:
        raise ApiError(errors.NOT_FOUND, f"There is no node {missing[0][:64]} in this cluster.")
    return [by_uid[uid] for uid in dict.fromkeys(uids)]


async def marked(tx: Tx, caller: Caller, cluster_uid: str, marker: str) -> Node | None:
    """The node after which a page begins; None for an empty marker, which means the first page.

    Raises ApiError: NOT_FOUND, INVALID_REQUEST for a marker that is no node of the cluster.
    """
    cluster = await clusters.show(tx, caller, cluster_uid)
    after = await store.get(tx, marker, project_id=caller.project_id) if marker else None
    if marker and (after is None or after.cluster_uid != cluster.uid):
        raise ApiError(
            errors.INVALID_REQUEST, f"query.marker: {marker[:64]} is no node of this cluster."
        )
    return after


async def listed(
    tx: Tx, caller: Caller, cluster_uid: str, *, limit: int, after: Node | None
) -> tuple[Sequence[Node], bool]:
    """Nodes of a cluster in the order of their creation, after a node or from the first one, and
    whether more follow. ``after`` may have been deleted since it was read.
    """
    found = await store.page(
        tx, project_id=caller.project_id, cluster_uid=cluster_uid, after=after, limit=limit + 1
    )
    return found[:limit], len(found) > limit


async def rename(tx: Tx, caller: Caller, cluster_uid: str, uid: str, name: str) -> Node:
    """Give the node another name. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    cluster = await clusters.show(tx, caller, cluster_uid, lock=True)
    node = (await chosen(tx, cluster, [uid]))[0]
    if node.phase is NodePhase.DELETING:
        raise ApiError(errors.WRONG_STATE, "The node is being deleted.")
    renamed = replace(node, name=name, updated_at=clock.now())
    await store.update(tx, [uid], name=name, updated_at=renamed.updated_at)
    return renamed


async def delete(
    tx: Tx, caller: Caller, cluster_uid: str, uid: str, *, pools: Pools, replaced: bool
) -> Deletion:
    """Promise the end of a node; asking again gives the same job.

    Its pool expects one node fewer, or makes a new one where it is to be ``replaced``. Raises
    ApiError: NOT_FOUND, WRONG_STATE, NODE_INSTALLING.
    """
    cluster = await steady(tx, caller, cluster_uid)
    node = (await chosen(tx, cluster, [uid]))[0]
    before = await _present(tx, cluster)
    if node.phase is NodePhase.DELETING:
        return Deletion(node=node, job_uid=node.job_uid, before=before, after=before)
    check_idle([node])
    job_uid = await stop(tx, cluster, [node])
    if node.nodepool_uid:
        await pools.lost(tx, cluster, node.nodepool_uid, replaced=replaced)
    return Deletion(node=node, job_uid=job_uid, before=before, after=before - 1)


async def _present(tx: Tx, cluster: Cluster) -> int:
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
