"""How pools read: the stored spec, and a status that follows from the pool's nodes."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from clusterwright import clock
from clusterwright.cce.nodes.pools import Pool, PoolPhase, view
from clusterwright.cce.nodes.store import CREATING, WORKING, Node, NodePhase

DEFAULT_POOL = "DefaultPool"
"""The name under which clients see the nodes that are in no pool."""


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
    phases = Counter(node.phase for node in nodes)
    creating = sum(phases[phase] for phase in CREATING)
    current = len(nodes) - phases[NodePhase.DELETING]
    locked = sum(node.scale_down_locked for node in nodes)
    wanted = view(pool)
    return _counts(nodes) | {
        "configurationSyncedNodeCount": sum(wanted.fits(node) for node in nodes),
        "scaleGroupStatuses": [
            {
                "name": "default",
                "uid": pool.uid,
                "creationTimestamp": clock.timestamp(pool.created_at),
                "updateTimestamp": clock.timestamp(pool.updated_at),
                "desiredNodeCount": pool.expected,
                "unpaidScaleNodeCount": 0,
                "activeNodeCount": phases[NodePhase.ACTIVE],
                "existingNodeCount": _by_billing(current - creating),
                "upcomingNodeCount": _by_billing(creating),
                "scaleDownDisabledNodeCount": locked,
            }
        ],
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
