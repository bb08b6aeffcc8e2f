"""What can be done for the upkeep of nodes: one transaction each, refusals from the catalogue."""

from collections.abc import Mapping, Sequence
from typing import Any

from clusterwright import errors
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import pools, promises, store
from clusterwright.cce.nodes.job_types import TARGET_CLUSTER
from clusterwright.cce.nodes.pools import DEFAULT_POOL
from clusterwright.cce.nodes.spec import reinstalled
from clusterwright.cce.nodes.store import Node, NodePhase
from clusterwright.cce.nodes.wire import keepable
from clusterwright.cce.upkeep.job_types import MIGRATE_IN_PLACE, ROTATE_NODE_CERT
from clusterwright.cce.upkeep.wire import InPlaceTask
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried

_LEFT_BEHIND = ("k8sTags", "taints")
"""What a node that moves in place does not take along (API reference, 12.4)."""


async def rotate_certificates(tx: Tx, caller: Caller, cluster_uid: str, uids: Sequence[str]) -> str:
    """Promise that nodes trust the cluster's new certificates. Returns the job's uid.

    Raises ApiError: NOT_FOUND, WRONG_STATE unless the cluster's credentials were rotated before
    and the nodes are Active.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    if not cluster.credentials:
        raise ApiError(
            errors.WRONG_STATE,
            "The cluster's certificates were never rotated. Rotate its credentials first.",
        )
    nodes = await promises.find_all(tx, cluster, uids)
    for node in nodes:
        if node.phase is not NodePhase.ACTIVE:
            raise ApiError(
                errors.WRONG_STATE, f"Node {node.name} is {node.phase}. It must be Active."
            )
    return await promises.submit(tx, cluster, nodes, ROTATE_NODE_CERT)


async def migrate_in_place(
    tx: Tx, caller: Caller, cluster_uid: str, target_uid: str, asked: InPlaceTask
) -> str:
    """Promise to move nodes to another cluster with the system that they have.

    Returns the job's uid. Raises ApiError: NOT_FOUND, WRONG_STATE, NODE_INSTALLING, NODE_LIMIT,
    INVALID_REQUEST for clusters that are not alike and for nodes of a pool.
    """
    if target_uid == cluster_uid:
        raise ApiError(errors.INVALID_REQUEST, "The nodes are in the target cluster already.")
    # Everybody who locks several clusters does so in this order.
    locked = {
        uid: await promises.get_steady(tx, caller, uid) for uid in sorted((cluster_uid, target_uid))
    }
    cluster, target = locked[cluster_uid], locked[target_uid]
    _check_alike(cluster, target)
    nodes = await promises.find_all(tx, cluster, [item.uid for item in asked.spec.nodes])
    promises.check_idle(nodes)
    for node in nodes:
        _check_movable(node)
    await promises.check_room(tx, target, len(nodes))
    sent = keepable(asked.spec)
    changes = {"extendParam": sent["extendParam"]} if "extendParam" in sent else {}
    there = {
        node.private_ip
        for node in await store.find(tx, project_id=target.project_id, cluster_uid=target.uid)
    }
    job_uid = await promises.submit(
        tx, cluster, nodes, MIGRATE_IN_PLACE, arguments={TARGET_CLUSTER: target_uid}
    )
    async for node in unhurried(nodes):
        spec = reinstalled(node.spec, changes)
        kept = {key: value for key, value in spec.items() if key not in _LEFT_BEHIND}
        # Where the target has the address already, the driver gives another.
        address = "" if node.private_ip in there else node.private_ip
        await store.update(tx, [node.uid], spec=kept, private_ip=address)
    await promises.work_on(tx, cluster, nodes, phase=NodePhase.INSTALLING, job_uid=job_uid)
    return job_uid


def _check_alike(cluster: Cluster, target: Cluster) -> None:
    """Make sure that a node of one cluster can be a node of the other as it is."""
    here, there = _kind(cluster), _kind(target)
    for what, mine in here.items():
        if there[what] != mine:
            raise ApiError(
                errors.INVALID_REQUEST,
                f"target_cluster_id: Its {what} is {there[what]}, and here it is {mine}."
                " Move the nodes with operation/migrateto, which installs them again.",
            )


def _kind(cluster: Cluster) -> Mapping[str, str]:
    spec = cluster.spec
    return {
        "driver": cluster.driver,
        "VPC": spec["hostNetwork"]["vpc"],
        "category": spec["category"],
        "type": cluster.type,
        "version": spec["version"],
        "network mode": spec["containerNetwork"]["mode"],
    }


def _check_movable(node: Node) -> None:
    if node.nodepool_uid:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"spec.nodes: {node.name} is in a node pool. Only nodes of {DEFAULT_POOL} move so.",
        )
    if node.phase is not NodePhase.ACTIVE:
        raise ApiError(errors.WRONG_STATE, f"Node {node.name} is {node.phase}. It must be Active.")


async def prepay(tx: Tx, caller: Caller, cluster_uid: str, uids: Sequence[str]) -> None:
    """Make nodes prepaid, of which there are none here: only for no node at all can that be done.

    Raises ApiError: NOT_FOUND, WRONG_STATE, NOT_SUPPORTED for any node.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    if await promises.find_all(tx, cluster, uids):
        raise ApiError(
            errors.NOT_SUPPORTED,
            "nodeList: this server has no billing, so its nodes stay as they are: paid by use.",
        )


async def labels(tx: Tx, caller: Caller, cluster_uid: str) -> dict[str, dict[str, list[str]]]:
    """The labels of a cluster's nodes by pool and key, each value once. Raises ApiError NOT_FOUND.

    Every pool is there, also one whose nodes have none.
    """
    cluster = await clusters.show(tx, caller, cluster_uid)
    views = await pools.views(tx, cluster.uid, project_id=cluster.project_id)
    found: dict[str, dict[str, dict[str, None]]] = {uid: {} for uid in (DEFAULT_POOL, *views)}
    nodes = await store.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid)
    async for node in unhurried(nodes):
        mine = found.setdefault(node.nodepool_uid or DEFAULT_POOL, {})
        for key, value in _labels(node):
            mine.setdefault(key, {})[value] = None
    return {
        pool: {key: sorted(values) for key, values in sorted(mine.items())}
        for pool, mine in found.items()
    }


def _labels(node: Node) -> Sequence[tuple[str, Any]]:
    return list(node.spec.get("k8sTags", {}).items())
