"""How nodes read, one by one and counted, with what their pools add."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from clusterwright import clock
from clusterwright.cce.access.operations import public_address
from clusterwright.cce.clusters.extensions import Counts
from clusterwright.cce.nodes import pools, store
from clusterwright.cce.nodes.pools import PoolView
from clusterwright.cce.nodes.store import CREATING, Node, NodePhase
from clusterwright.drivers.contract import flavor_size
from clusterwright.storage.database import Tx

POOL_ANNOTATION = "kubernetes.io/node-pool.id"

_HIDDEN = ("k8sTags", "taints", "userTags")
"""Kept, but not told of a single node (API reference, 5.1)."""


async def render(tx: Tx, nodes: Sequence[Node]) -> Iterator[dict[str, Any]]:
    """Nodes of one cluster as clients read them."""
    if not nodes:
        return iter(())
    views = await pools.views(tx, nodes[0].cluster_uid, project_id=nodes[0].project_id)
    return (_document(node, views.get(node.nodepool_uid)) for node in nodes)


def _document(node: Node, pool: PoolView | None) -> dict[str, Any]:
    spec = {key: value for key, value in node.spec.items() if key not in _HIDDEN}
    origin = node.nodepool_uid or "#".join(str(spec.get(key, "")) for key in ("az", "flavor", "os"))
    metadata: dict[str, Any] = {
        "name": node.name,
        "uid": node.uid,
        "creationTimestamp": clock.timestamp(node.created_at),
        "updateTimestamp": clock.timestamp(node.updated_at),
        "annotations": dict(node.annotations) | {POOL_ANNOTATION: origin},
    }
    if node.labels:
        metadata["labels"] = dict(node.labels)
    status: dict[str, Any] = {
        "phase": node.phase,
        "lastProbeTime": clock.timestamp(node.updated_at),
        "serverId": node.server_id or "",
        "privateIP": node.private_ip,
        "publicIP": _public_ip(node),
    }
    if node.phase in (*CREATING, NodePhase.DELETING):
        status["jobID"] = node.job_uid
    if node.reason:
        status |= {"reason": node.reason, "message": node.reason}
    if pool is not None:
        metadata["ownerReferences"] = {"nodepoolName": pool.name, "nodepoolID": node.nodepool_uid}
        status["configurationUpToDate"] = pool.fits(node)
    return {
        "kind": "Node",
        "apiVersion": "v3",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def _public_ip(node: Node) -> str:
    """The public address of a node whose server has one."""
    asked = node.spec.get("publicIP", {})
    # A pool gives each of its nodes one of the kind that its template names.
    made = asked.get("count") or (node.nodepool_uid and asked.get("iptype"))
    if not node.server_id or not (asked.get("ids") or made):
        return ""
    return public_address(asked["ids"][0] if asked.get("ids") else node.uid)


async def census(tx: Tx, cluster_uids: Sequence[str], *, project_id: str) -> Mapping[str, Counts]:
    """The nodes of clusters, counted, with the size of the flavors that tell it by their name."""
    counts: dict[str, Counts] = {}
    for row in await store.tally(tx, cluster_uids, project_id=project_id):
        cpus, memory = flavor_size(row.flavor) or (0, 0)
        so_far = counts.get(row.cluster_uid, Counts())
        counts[row.cluster_uid] = Counts(
            nodes=so_far.nodes + row.total,
            active=so_far.active + row.active,
            cpus=so_far.cpus + cpus * row.total,
            memory=so_far.memory + memory * 1024 * row.total,
        )
    return counts
