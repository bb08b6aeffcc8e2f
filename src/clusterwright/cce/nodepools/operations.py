"""What can be done with pools: a change of the expected size becomes a job on real nodes at once.

Every operation that changes pools locks their cluster first, so operations on one cluster take
turns.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from clusterwright import clock, errors, ids
from clusterwright.cce.clusters import operations as clusters
from clusterwright.cce.clusters.store import STEADY
from clusterwright.cce.nodepools import documents
from clusterwright.cce.nodepools.groups import DEFAULT_GROUP
from clusterwright.cce.nodepools.job_types import DELETE_NODE_POOL
from clusterwright.cce.nodepools.spec import (
    POLICIES,
    check_settings,
    labelled,
    merged,
    renamed_groups,
    stored,
)
from clusterwright.cce.nodepools.wire import (
    PoolToCreate,
    PoolToScale,
    PoolToUpdate,
)
from clusterwright.cce.nodes import pools, promises
from clusterwright.cce.nodes import store as node_store
from clusterwright.cce.nodes.pools import NameTaken, Pool, PoolPhase
from clusterwright.cce.nodes.sizes import get, get_changeable, members, reconcile
from clusterwright.cce.nodes.spec import named_by_pool
from clusterwright.cce.nodes.store import WORKING, Node, NodePhase
from clusterwright.cce.surroundings import checks
from clusterwright.errors import ApiError
from clusterwright.iam.caller import Caller
from clusterwright.jobs.tree import Target
from clusterwright.storage.database import Tx
from clusterwright.turns import unhurried


async def create(
    tx: Tx,
    caller: Caller,
    cluster_uid: str,
    asked: PoolToCreate,
    *,
    zone: str,
    quota: int,
    trusting: bool,
) -> Pool:
    """Add a pool and promise its first nodes, unless the cluster has ``quota`` pools.

    ``trusting`` says whether networks and key pairs that were not made here are believed in.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST, QUOTA, ALREADY_EXISTS, NODE_LIMIT,
    FIXED_IP, NOT_SUPPORTED.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    if await pools.count(tx, project_id=cluster.project_id, cluster_uid=cluster.uid) >= quota:
        raise ApiError(errors.QUOTA, f"A cluster may have {quota} node pools. Delete one first.")
    spec = stored(asked.spec, cluster)
    around = named_by_pool(spec, cluster.spec["hostNetwork"]["vpc"])
    await checks.check(tx, around, project_id=cluster.project_id, trusting=trusting)
    now = clock.now()
    pool = Pool(
        uid=ids.new_uid(),
        project_id=cluster.project_id,
        cluster_uid=cluster.uid,
        name=asked.metadata.name,
        expected=asked.spec.initial_node_count,
        annotations=asked.metadata.annotations or {},
        spec=labelled(spec, asked.metadata.name),
        created_at=now,
        updated_at=now,
    )
    try:
        await pools.insert(tx, pool)
    except NameTaken:
        raise _name_taken(pool.name) from None
    await reconcile(tx, cluster, pool, zone=zone)
    return pool


def _name_taken(name: str) -> ApiError:
    return ApiError(
        errors.ALREADY_EXISTS, f"The cluster has a node pool {name} already. Choose another name."
    )


async def show(tx: Tx, caller: Caller, cluster_uid: str, uid: str) -> dict[str, Any]:
    """The pool as clients read it, the default one by its name. Raises ApiError NOT_FOUND."""
    cluster = await clusters.show(tx, caller, cluster_uid)
    if uid == pools.DEFAULT_POOL:
        loose = await node_store.find(
            tx, project_id=cluster.project_id, cluster_uid=cluster.uid, nodepool_uid=""
        )
        return documents.default_pool(loose)
    return await render(tx, await get(tx, cluster, uid))


async def render(tx: Tx, pool: Pool) -> dict[str, Any]:
    """A pool as clients read it."""
    return documents.document(pool, await members(tx, pool))


async def list_pools(
    tx: Tx, caller: Caller, cluster_uid: str, *, with_default: bool
) -> list[dict[str, Any]]:
    """The pools of a cluster as clients read them, with the default pool if asked for.

    Raises ApiError NOT_FOUND.
    """
    cluster = await clusters.show(tx, caller, cluster_uid)
    by_pool: defaultdict[str, list[Node]] = defaultdict(list)
    found = await node_store.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid)
    async for node in unhurried(found):
        by_pool[node.nodepool_uid].append(node)
    stored = await pools.find(tx, project_id=cluster.project_id, cluster_uid=cluster.uid)
    items = [documents.document(pool, by_pool[pool.uid]) for pool in stored]
    return [documents.default_pool(by_pool[""]), *items] if with_default else items


async def update(
    tx: Tx,
    caller: Caller,
    cluster_uid: str,
    uid: str,
    asked: PoolToUpdate,
    *,
    zone: str,
    trusting: bool,
) -> Pool:
    """Change a pool. A missing size means zero, unless it is to be ignored (API reference, 6.1).

    ``trusting`` says whether networks and key pairs that were not made here are believed in.

    Raises ApiError: NOT_FOUND, WRONG_STATE, INVALID_REQUEST, ALREADY_EXISTS, NODE_LIMIT.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    pool = await get_changeable(tx, cluster, uid)
    check_settings(asked.spec, cluster)
    resized = not asked.spec.ignore_initial_node_count
    name = asked.metadata.name or pool.name
    changed = replace(
        pool,
        name=name,
        expected=asked.spec.initial_node_count if resized else pool.expected,
        spec=labelled(merged(pool.spec, asked, cluster), name),
        revision=pool.revision + 1,
        updated_at=clock.now(),
    )
    vpc = cluster.spec["hostNetwork"]["vpc"]
    around = set(named_by_pool(changed.spec, vpc)) - set(named_by_pool(pool.spec, vpc))
    await checks.check(tx, around, project_id=cluster.project_id, trusting=trusting)
    try:
        await pools.save(tx, changed)
    except NameTaken:
        raise _name_taken(name) from None
    await _regroup(tx, changed, before=pool)
    await _refresh(tx, changed, await members(tx, changed), before=pool)
    if resized:
        await reconcile(tx, cluster, changed, zone=zone)
    return changed


async def _regroup(tx: Tx, pool: Pool, *, before: Pool) -> None:
    """Let the nodes follow their groups; those of groups that are gone are the default one's."""
    names = renamed_groups(before.spec, pool.spec)
    # By way of names that no group can have, so that two groups may swap theirs.
    for old in names:
        await node_store.rename_group(tx, pool.uid, old=old, new=f"#{old}"[:56])
    for old, new in names.items():
        await node_store.rename_group(tx, pool.uid, old=f"#{old}"[:56], new=new)


async def _refresh(tx: Tx, pool: Pool, found: Sequence[Node], *, before: Pool) -> None:
    """Let existing nodes take over what has changed in the template, as the policies say."""
    template, old = pool.spec["nodeTemplate"], before.spec["nodeTemplate"]
    news = {
        key: template[key]
        for key, (policy, default) in POLICIES.items()
        if pool.spec.get(policy, default) == "refresh" and template.get(key) != old.get(key)
    }
    async for node in unhurried(found if news else ()):
        await node_store.update(tx, [node.uid], spec=node.spec | news)


async def scale(
    tx: Tx, caller: Caller, cluster_uid: str, uid: str, asked: PoolToScale, *, zone: str
) -> None:
    """Bring a pool to another size.

    New nodes are made for the groups that are named, or for the default one. Raises ApiError:
    NOT_FOUND, WRONG_STATE, NODE_LIMIT, INVALID_REQUEST when it has that size already, for unknown
    groups, and for more than one where it shrinks.
    """
    cluster = await promises.get_steady(tx, caller, cluster_uid)
    pool = await get_changeable(tx, cluster, uid)
    groups = _groups(pool, asked.spec.scale_groups or ())
    desired = asked.spec.desired_node_count
    if desired == pool.expected:
        raise ApiError(
            errors.INVALID_REQUEST, f"No scale task needed with desired node count {desired}"
        )
    if desired < pool.expected and len(groups) > 1:
        raise ApiError(
            errors.INVALID_REQUEST, "spec.scaleGroups: a pool shrinks in one group at a time."
        )
    override = asked.spec.options and asked.spec.options.billing_config_override
    if override and override.billing_mode:
        raise ApiError(
            errors.NOT_SUPPORTED,
            "spec.options.billingConfigOverride.billingMode: this server has no prepaid nodes.",
        )
    changed = replace(pool, expected=desired, updated_at=clock.now())
    await pools.save(tx, changed)
    await reconcile(tx, cluster, changed, zone=zone, groups=groups)


def _groups(pool: Pool, asked: Sequence[str]) -> Sequence[str]:
    """The names under which nodes have the groups that are asked for."""
    known = [group["metadata"]["name"] for group in pool.spec.get("extensionScaleGroups", ())]
    if unknown := [name for name in asked if name not in (DEFAULT_GROUP, *known)]:
        raise ApiError(
            errors.INVALID_REQUEST,
            f"spec.scaleGroups: the pool has no group {unknown[0]}. Send some of"
            f" {', '.join((DEFAULT_GROUP, *known))}.",
        )
    return tuple(dict.fromkeys("" if name == DEFAULT_GROUP else name for name in asked))


async def delete(tx: Tx, caller: Caller, cluster_uid: str, uid: str) -> Pool:
    """Promise the end of a pool and of its nodes.

    Raises ApiError: NOT_FOUND, POOL_CLUSTER_STATE, POOL_PHASE, POOL_BUSY.
    """
    cluster = await clusters.show(tx, caller, cluster_uid, lock=True)
    pool = await get(tx, cluster, uid)
    if cluster.phase not in STEADY:
        raise ApiError(
            errors.POOL_CLUSTER_STATE,
            f"Cluster phase is {cluster.phase}, forbidden to delete nodepool",
        )
    if pool.phase is PoolPhase.DELETING:
        raise ApiError(
            errors.POOL_PHASE, f"Nodepool phase is {pool.phase}, forbidden to delete nodepool"
        )
    found = await members(tx, pool)
    if any(node.phase in WORKING for node in found):
        raise ApiError(errors.POOL_BUSY, "Wait until its nodes are Active or gone.")
    target = Target(pool.uid, pool.name)
    job_uid = await promises.submit(tx, cluster, found, DELETE_NODE_POOL, target=target)
    await promises.work_on(tx, cluster, found, phase=NodePhase.DELETING, job_uid=job_uid)
    doomed = replace(
        pool, phase=PoolPhase.DELETING, reason="", job_uid=job_uid, updated_at=clock.now()
    )
    await pools.save(tx, doomed)
    return doomed
