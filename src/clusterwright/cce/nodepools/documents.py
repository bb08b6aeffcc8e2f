"""How pools read: the stored spec, and a status that follows from the pool's nodes."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from clusterwright import clock
from clusterwright.cce.nodepools.groups import DEFAULT_GROUP
from clusterwright.cce.nodes.pools import DEFAULT_POOL, Pool, PoolPhase, view
from clusterwright.cce.nodes.store import CREATING, WORKING, Node, NodePhase


def document(pool: Pool, nodes: Sequence[Node]) -> dict[str, Any]:
    """The pool with these nodes as clients read it."""
    status = _status(nodes, pool)
    status["phase"] = _phase(nodes, pool)
    if pool.phase is PoolPhase.DELETING:
        status["jobId"] = pool.job_uid
    reason = pool.reason or next((node.reason for node in nodes if node.reason), "")
    if status["phase"] == PoolPhase.ERROR:
        status["conditions"] = [
            {
                "type": "Error",
                "status": "True",
                "lastProbeTime": clock.timestamp(pool.updated_at),
                "lastTransitTime": clock.timestamp(pool.updated_at),
                "reason": "Error",
                "message": reason,
            }
        ]
    return {
        "kind": "NodePool",
        "apiVersion": "v3",
        "metadata": {
            "name": pool.name,
            "uid": pool.uid,
            "annotations": dict(pool.annotations),
            "creationTimestamp": clock.timestamp(pool.created_at),
            "updateTimestamp": clock.timestamp(pool.updated_at),
            "resourceVersion": pool.revision,
        },
        "spec": pool.spec | {"initialNodeCount": pool.expected},
        "status": status,
    }


def _phase(nodes: Sequence[Node], pool: Pool) -> str:
    """Empty when there is nothing to wait for: clients wait for that (API reference, 0.13)."""
    if pool.phase is PoolPhase.DELETING:
        return pool.phase
    if any(node.phase in WORKING for node in nodes):
        return "Synchronizing"
    # One failed node is told as the pool's failure, or a client would take the pool for ready.
    failed = any(node.phase is NodePhase.ERROR for node in nodes)
    return PoolPhase.ERROR if failed else pool.phase


def _status(nodes: Sequence[Node], pool: Pool) -> dict[str, Any]:
    wanted = view(pool)
    return _counts(nodes) | {
        "configurationSyncedNodeCount": sum(wanted.fits(node) for node in nodes),
        "scaleGroupStatuses": _groups(nodes, pool),
    }


def _groups(nodes: Sequence[Node], pool: Pool) -> list[dict[str, Any]]:
    """How each scale group is, the default one first.

    The others expect what they have; what the pool expects besides is the default one's.
    """
    others = {
        group["metadata"]["name"]: group["metadata"].get("uid", "")
        for group in pool.spec.get("extensionScaleGroups", ())
        if "name" in group.get("metadata", {})
    }
    members: dict[str, list[Node]] = {"": [], **{name: [] for name in others}}
    for node in nodes:
        members[node.scale_group if node.scale_group in others else ""].append(node)
    statuses = [
        _group(name, others[name], members[name], pool, desired=_present(members[name]))
        for name in others
    ]
    desired = pool.expected - sum(status["desiredNodeCount"] for status in statuses)
    return [
        _group(DEFAULT_GROUP, pool.uid, members[""], pool, desired=max(desired, 0)),
        *statuses,
    ]


def _present(nodes: Sequence[Node]) -> int:
    return sum(node.phase is not NodePhase.DELETING for node in nodes)


def _group(
    name: str, uid: str, nodes: Sequence[Node], pool: Pool, *, desired: int
) -> dict[str, Any]:
    phases = Counter(node.phase for node in nodes)
    creating = sum(phases[phase] for phase in CREATING)
    return {
        "name": name,
        "uid": uid,
        "creationTimestamp": clock.timestamp(pool.created_at),
        "updateTimestamp": clock.timestamp(pool.updated_at),
        "desiredNodeCount": desired,
        "unpaidScaleNodeCount": 0,
        "activeNodeCount": phases[NodePhase.ACTIVE],
        "existingNodeCount": _by_billing(_present(nodes) - creating),
        "upcomingNodeCount": _by_billing(creating),
        "scaleDownDisabledNodeCount": sum(node.scale_down_locked for node in nodes),
    }


def _by_billing(count: int) -> dict[str, int]:
    return {"total": count, "postPaid": count, "prePaid": 0}


def _counts(nodes: Sequence[Node]) -> dict[str, Any]:
    phases = Counter(node.phase for node in nodes)
    return {
        "currentNode": len(nodes) - phases[NodePhase.DELETING],
        "creatingNode": sum(phases[phase] for phase in CREATING),
        "deletingNode": phases[NodePhase.DELETING],
        "activeNode": phases[NodePhase.ACTIVE],
        "repairingNode": 0,
        "repairFailedNode": 0,
    }


def default_pool(nodes: Sequence[Node]) -> dict[str, Any]:
    """The nodes that are in no pool, as the pool that clients see them in."""
    counts = _counts(nodes)
    return {
        "kind": "NodePool",
        "apiVersion": "v3",
        "metadata": {"name": DEFAULT_POOL, "uid": DEFAULT_POOL},
        "spec": {
            "type": "vm",
            "initialNodeCount": counts["currentNode"],
            "nodeTemplate": {},
            "autoscaling": {"enable": False},
            "nodeManagement": {},
        },
        "status": counts | {"phase": ""},
    }
