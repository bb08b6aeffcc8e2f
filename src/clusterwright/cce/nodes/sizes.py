"""Keeps pools the size they are expected to have when nodes come and go."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from clusterwright import errors
from clusterwright.cce.clusters.store import Cluster
from clusterwright.cce.nodes import pools, promises
from clusterwright.cce.nodes import store as node_store
from clusterwright.cce.nodes.pools import Pool, PoolPhase
from clusterwright.cce.nodes.spec import complete
from clusterwright.cce.nodes.store import Node, NodePhase
from clusterwright.errors import ApiError
from clusterwright.storage.database import Tx


async def reconcile(
    tx: Tx, cluster: Cluster, pool: Pool, *, zone: str, groups: Sequence[str] = ()
) -> None:
    """Promise the nodes that the pool lacks, or the end of those that are too many, newest first.

    With ``groups``, new nodes are spread evenly over these scale groups, by their names, ``""``
    for the default one, and only their nodes may go; without, new ones are the default group's and
    any may go. Raises ApiError: NODE_LIMIT, WRONG_STATE when the nodes that are too many are
    locked or not in ``groups``.
    """
    staying = present(await members(tx, pool))
    lacking = pool.expected - len(staying)
    if lacking > 0:
        drafts: list[Node] = []
        for group, count in _spread(staying, groups or ("",), lacking):
            spec = complete(template(pool, group), cluster, zone=zone)
            names = promises.names(pool.name[:50], count, spec)
            drafts += await promises.drafts(
                cluster, names, spec, nodepool_uid=pool.uid, scale_group=group
            )
        await promises.start(tx, cluster, drafts)
    elif lacking < 0:
        free = [
            node
            for node in reversed(staying)
            if not node.scale_down_locked
            and node.phase is not NodePhase.UPGRADING
            and (not groups or node.scale_group in groups)
        ]
        if len(free) < -lacking:
            raise ApiError(
                errors.WRONG_STATE,
                f"Only {len(free)} nodes of pool {pool.name} may go. Unlock others first.",
            )
        await promises.stop(tx, cluster, free[:-lacking])


def _spread(
    staying: Sequence[Node], groups: Sequence[str], count: int
) -> Iterable[tuple[str, int]]:
    """How many of ``count`` new nodes each group gets, so that they are as equal as can be."""
    sizes = Counter(dict.fromkeys(groups, 0))
    sizes.update(node.scale_group for node in staying if node.scale_group in sizes)
    before = dict(sizes)
    for _ in range(count):
        sizes[min(groups, key=sizes.__getitem__)] += 1
    return [
        (group, sizes[group] - before[group]) for group in groups if sizes[group] > before[group]
    ]


def template(pool: Pool, group: str) -> dict[str, Any]:
    """What the nodes of a scale group are made of; ``""`` is the default group."""
    spec: dict[str, Any] = pool.spec["nodeTemplate"]
    for each in pool.spec.get("extensionScaleGroups", ()):
        if each["metadata"]["name"] == group:
            own = {"flavor": each["spec"]["flavor"], "az": each["spec"].get("az")}
            return spec | {key: value for key, value in own.items() if value}
    return spec


async def members(tx: Tx, pool: Pool) -> list[Node]:
    """The nodes of a pool, oldest first."""
    return await node_store.find(
        tx, project_id=pool.project_id, cluster_uid=pool.cluster_uid, nodepool_uid=pool.uid
    )


async def get(tx: Tx, cluster: Cluster, uid: str) -> Pool:
    """The pool. Raises ApiError NOT_FOUND for one that this cluster has not."""
    pool = await pools.get(tx, uid, project_id=cluster.project_id, cluster_uid=cluster.uid)
    if pool is None:
        raise ApiError(errors.NOT_FOUND, f"There is no node pool {uid[:64]} in this cluster.")
    return pool


async def get_changeable(tx: Tx, cluster: Cluster, uid: str) -> Pool:
    """The pool, to be changed. Raises ApiError: NOT_FOUND, WRONG_STATE when it is being deleted."""
    pool = await get(tx, cluster, uid)
    if pool.phase is PoolPhase.DELETING:
        raise ApiError(errors.WRONG_STATE, f"Node pool {pool.name} is being deleted.")
    return pool


def present(nodes: Sequence[Node]) -> list[Node]:
    """Those that are not on their way out."""
    return [node for node in nodes if node.phase is not NodePhase.DELETING]


async def gain(tx: Tx, cluster: Cluster, pool_uid: str, *, count: int) -> None:
    """Expect so many nodes more in a pool. Raises ApiError: NOT_FOUND, WRONG_STATE."""
    pool = await get_changeable(tx, cluster, pool_uid)
    await pools.save(tx, replace(pool, expected=pool.expected + count))


async def lose(tx: Tx, cluster: Cluster, nodes: Sequence[Node]) -> None:
    """Expect no more nodes than the pools still have that ``nodes`` leave.

    Raises ApiError: NOT_FOUND, WRONG_STATE.
    """
    for uid in {node.nodepool_uid for node in nodes} - {""}:
        pool = await get_changeable(tx, cluster, uid)
        # Not one less: a deletion that failed and is asked for again would count twice.
        staying = present(await members(tx, pool))
        await pools.save(tx, replace(pool, expected=min(pool.expected, len(staying))))
